"""The demo's texts and pictures, read out of packaged data: with human judgements, right answers, certain labels.

The corpora state no licence of their own, so they are read from the packages and never copied into the repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.demo import packages

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.tasks import Row

_LEE = "gensim/test/test_data"
_LEE_TEXTS = (f"{_LEE}/lee.cor", "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e")
_LEE_HUMAN = (f"{_LEE}/similarities0-1.txt", "23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79")


def lee(gensim: Path) -> list[Row]:
    """Read 50 news texts (latin-1) and the human similarity of each to all, 0..1, symmetric."""
    texts = packages.read(gensim, *_LEE_TEXTS).decode("latin-1").splitlines()
    upper = [[float(x) for x in line.split()] for line in packages.read(gensim, *_LEE_HUMAN).decode().splitlines()]
    return [
        {"id": f"lee-{i:02d}", "text": text.strip(), "similarities": [max(upper[i][j], upper[j][i]) for j in range(50)]}
        for i, text in enumerate(texts)
    ]


_PAIRS = (f"{_LEE}/questions-words.txt", "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36")
CAPITALS, PLURALS = 14, 6
_FORM = (  # shows the form of an answer with two that are not asked for
    {"role": "system", "content": "Answer with one word."},
    {"role": "user", "content": "What is the capital of Ireland?"},
    {"role": "assistant", "content": "Dublin"},
    {"role": "user", "content": 'What is the plural of "tree"?'},
    {"role": "assistant", "content": "trees"},
)


def questions(gensim: Path) -> list[Row]:
    """Ask for capitals and plurals: the first pairs of two sections, in the file's order, not chosen by what is easy.

    Each line of the file holds two pairs that are alike (Athens Greece Baghdad Iraq); here every pair stands alone.
    """
    sections: dict[str, dict[str, str]] = {}
    for line in packages.read(gensim, *_PAIRS).decode().splitlines():
        first, second, *_ = line.split()
        if first == ":":
            pairs = sections.setdefault(second, {})
        else:
            pairs.setdefault(first, second)
    capitals = list(sections["capital-common-countries"].items())[:CAPITALS]
    plurals = list(sections["gram8-plural"].items())[:PLURALS]
    asked = [("capitals", f"What is the capital of {country}?", capital) for capital, country in capitals]
    asked += [("plurals", f'What is the plural of "{one}"?', many) for one, many in plurals]
    return [
        {
            "id": f"question-{number:02d}",
            "messages": [*_FORM, {"role": "user", "content": question}],
            "answer": answer,
            "choices": None,
            "source": source,
        }
        for number, (source, question, answer) in enumerate(asked)
    ]


_NEWS = (f"{_LEE}/lee_background.cor", "5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb")
BEGUN = 4


def begun_texts(gensim: Path) -> list[Row]:
    """Cut news texts in two, at the middle word: the first half to go on from, the second half as the reference."""
    texts = packages.read(gensim, *_NEWS).decode("latin-1").splitlines()[:BEGUN]
    rows = []
    for number, text in enumerate(texts):
        words = text.split()
        middle = len(words) // 2
        begun, rest = " ".join(words[:middle]), " " + " ".join(words[middle:])
        rows.append({"id": f"news-{number}", "text": begun, "reference": rest})
    return rows


# Class numbers of ImageNet that a person would accept; empty where people would argue, or no class fits.
_CAT, _COFFEE, _CAMERA = [281, 282, 285], [967, 968], [759, 872]
_CHEETAH, _LION = [293], [291]
_GRADIO = "gradio/media_assets/images"
_SKIMAGE = "skimage/data"
_PICTURES: tuple[tuple[str, str, list[int]], ...] = (
    (f"{_SKIMAGE}/chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb", _CAT),
    (f"{_SKIMAGE}/coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7", _COFFEE),
    (f"{_SKIMAGE}/camera.png", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a", _CAMERA),
    (f"{_GRADIO}/cheetah.jpg", "29b0090f5ec471dad0264abc20ecc3c80a0133a63a03d11df920e39a093fe6c8", _CHEETAH),
    (f"{_GRADIO}/cheetah1.jpg", "35550bfbba996e59c242af00f6a14a9c0d055dfbc52ad069a1a4e8c1c39ca095", _CHEETAH),
    (f"{_GRADIO}/lion.jpg", "4c45ece00075f152cb2e6cfd5f1dfd7dc8e83042264685b4f470026240eff3ef", _LION),
    (f"{_GRADIO}/tower.jpg", "f57f96f7a71f89739d27ae8ffc09f73cd2f17415d16c94d42dcb0d571f4eb0ee", []),
    (f"{_SKIMAGE}/astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5", []),
    (f"{_SKIMAGE}/rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c", []),
    (f"{_SKIMAGE}/motorcycle_left.png", "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179", []),
    (f"{_SKIMAGE}/horse.png", "c7fb60789fe394c485f842291ea3b21e50d140f39d6dcb5fb9917cc178225455", []),
    (f"{_SKIMAGE}/coins.png", "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba", []),
    (f"{_SKIMAGE}/brick.png", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf", []),
    (f"{_SKIMAGE}/hubble_deep_field.jpg", "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4", []),
)
LABELS = (
    "gradio/media_assets/data/imagenet_labels.json",
    "70e15c20d97ba3deb59d46419738be26d2ae3c39d555393b2d1ae585c9de3dff",
)


def pictures(gradio: Path, scikit_image: Path) -> list[Row]:
    """Read the pictures; `labels` holds the class numbers that count as right, and is empty for ungraded ones."""
    return [
        {
            "id": member.rsplit("/", 1)[-1],
            "image": packages.read(gradio if member.startswith("gradio") else scikit_image, member, expected),
            "labels": labels,
        }
        for member, expected, labels in _PICTURES
    ]
