"""Small stand-ins for the public data sets that tasks draw from: the same columns, made-up content."""

from __future__ import annotations

import io
import wave
from typing import Any

TEXT = "the old lamp on the long table gives a warm light to whoever reads there late at night"
WORDS = TEXT.split()


def words(seed: int, count: int = 12) -> str:
    """Some words that no other seed gives."""
    return (
        f"Number {seed}: " + " ".join(WORDS[(seed * 7 + n * (1 + seed % 5)) % len(WORDS)] for n in range(count)) + "."
    )


def picture(seed: int) -> dict[str, Any]:
    """A picture as the Hub's image columns have it."""
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (16, 12), (seed % 256, seed // 256 % 256, 99)).save(data, "PNG")
    return {"bytes": data.getvalue(), "path": f"{seed}.png"}


def sound(seed: int) -> dict[str, Any]:
    """A tenth of a second of sound as the Hub's audio columns have it."""
    data = io.BytesIO()
    with wave.open(data, "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(16_000)
        clip.writeframes(seed.to_bytes(4, "little") * 800)
    return {"bytes": data.getvalue(), "path": f"{seed}.flac"}


def _squad(n: int) -> dict[str, Any]:
    context = words(n, 60)
    found = {"text": [], "answer_start": []} if n % 3 == 0 else {"text": ["lamp", "lamp"], "answer_start": [3, 3]}
    return {"id": f"{n:x}", "title": "Lamps", "context": context, "question": f"What is {n}?", "answers": found}


def _arc(n: int) -> dict[str, Any]:
    labels = list("1234" if n % 4 == 0 else "ABCD")
    choices = {"text": [words(n + k, 3) for k in range(4)], "label": labels}
    return {"id": f"Mercury_{n}", "question": words(n), "choices": choices, "answerKey": labels[n % 4]}


def _coco(n: int) -> dict[str, Any]:
    boxes = [[1.0, 2.0, 9.5, 8.25]] * (n % 3)
    objects = {"bbox_id": list(range(n % 3)), "category": [n % 80] * (n % 3), "bbox": boxes, "area": [50] * (n % 3)}
    return {"image_id": n, "image": picture(n), "width": 16, "height": 12, "objects": objects}


def _fleurs(n: int) -> dict[str, Any]:
    text = words(n)
    return {"id": n, "num_samples": 1600, "audio": sound(n), "transcription": text.lower(), "raw_transcription": text}


def _librispeech(n: int) -> dict[str, Any]:
    return {"file": f"{n}.flac", "audio": sound(n), "text": words(n).upper(), "speaker_id": n % 40, "id": f"{n}"}


def _wikitext(n: int) -> dict[str, Any]:
    return {"text": (f" = {words(n, 3)} = \n", "", f" {words(n, 900)} \n")[n % 3]}


def _chat(n: int) -> dict[str, Any]:
    messages = [{"content": words(n), "role": "user"}, {"content": words(n, 900), "role": "assistant"}]
    return {"prompt": words(n), "prompt_id": f"{n:x}", "messages": messages}


# data set -> the row of a number
ROWS: dict[str, Any] = {
    "EdinburghNLP/xsum": lambda n: {"document": words(n, 80), "summary": words(n), "id": f"{n}"},
    "FiscalNote/billsum": lambda n: {"text": words(n, 80), "summary": words(n), "title": words(n, 4)},
    "HuggingFaceH4/ultrachat_200k": _chat,
    "ILSVRC/imagenet-1k": lambda n: {"image": picture(n), "label": n % 1000},
    "Salesforce/wikitext": _wikitext,
    "UCLNLP/adversarial_qa": lambda n: _squad(n) | {"metadata": {"split": "validation", "model_in_the_loop": "x"}},
    "abisee/cnn_dailymail": lambda n: {"article": words(n, 900), "highlights": words(n), "id": f"{n:x}"},
    "allenai/ai2_arc": _arc,
    "cais/mmlu": lambda n: {
        "question": words(n),
        "subject": "astronomy",
        "choices": [words(n + k, 3) for k in range(4)],
        "answer": n % 4,
    },
    "cornell-movie-review-data/rotten_tomatoes": lambda n: {"text": words(n), "label": n % 2},
    "detection-datasets/coco": _coco,
    "google/fleurs": _fleurs,
    "lmms-lab/COCO-Caption2017": lambda n: {
        "question_id": f"{n}",
        "image": picture(n),
        "question": "Describe it.",
        "answer": [words(n + k) for k in range(5)],
    },
    "lmms-lab/NoCaps": lambda n: {"image": picture(n), "annotations_captions": [words(n + k) for k in range(10)]},
    "lmms-lab/flickr30k": lambda n: {
        "image": picture(n),
        "caption": [words(n + k) for k in range(5)],
        "img_id": f"{n}",
    },
    "nyu-mll/glue": lambda n: {"sentence1": words(n), "sentence2": words(n + 1), "label": n % 6 - 0.5, "idx": n},
    "openai/gsm8k": lambda n: {"question": words(n), "answer": f"{words(n)}\n#### {n:,}"},
    "openslr/librispeech_asr": _librispeech,
    "rajpurkar/squad": _squad,
    "rajpurkar/squad_v2": _squad,
    "sentence-transformers/stsb": lambda n: {
        "sentence1": words(n),
        "sentence2": words(n + 1),
        "score": n % 11 / 10,
    },
    "stanfordnlp/imdb": lambda n: {"text": words(n, 100), "label": n % 2},
    "stanfordnlp/sst2": lambda n: {"idx": n, "sentence": words(n) + " ", "label": n % 3 - 1},
}


def file_name(glob: str) -> str:
    """A file that a source's glob matches."""
    return glob.replace("**", "data/").replace("*", "00000-of-00001")
