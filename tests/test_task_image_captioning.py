from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.asking import pictures
from wattbench.problems import Refusal
from wattbench.tasks import Output, image_captioning

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.backends import Loaded

NAME = "image-captioning"
FAMILIES = ["blip", "vit_gpt2"]
CAP = 8
ROWS: list[dict[str, Any]] = [
    {"image": tiny_loaded.picture(0), "captions": ["a cat sits on a red sofa", "a cat on a couch"]},
    {"image": tiny_loaded.picture(1, 64, 30), "captions": ["two dogs run on the beach"]},
    {"image": tiny_loaded.picture(2), "captions": ["a man holds a slice of pizza", "a person eating pizza"]},
]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_captioning, "CAP", CAP)


def say(loaded: Loaded, word: str) -> None:
    """Make a BLIP say one token all the time."""
    token = loaded.processor.tokenizer.convert_tokens_to_ids(word)
    assert token is not None
    loaded.model.text_decoder.cls.predictions.bias.data[token] = 1e4


@pytest.mark.parametrize("family", FAMILIES)
def test_captions_are_those_of_the_models_own_generate_in_a_batch_as_alone(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    marks: list[int] = []
    loaded = replace(loaded, mark=lambda: marks.append(1))
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    assert len(marks) == 1 + len(ROWS)  # once a batch
    inputs = pictures.tensors(loaded, loaded.processor.image_processor, pictures.decode(ROWS))
    bare = loaded.model.generate(pixel_values=inputs["pixel_values"], max_new_tokens=CAP, do_sample=False, num_beams=1)
    texts = [text.strip() or None for text in loaded.processor.batch_decode(bare, skip_special_tokens=True)]
    assert [output.value for output in outputs] == texts
    assert any(texts)
    assert all(0 < (output.output_tokens or 0) <= CAP for output in outputs)
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert counted["output_tokens"] == sum(output.output_tokens or 0 for output in outputs)
    assert counted["capped"] == sum(bool(output.capped) for output in outputs)


def test_a_model_that_stops_at_once_has_not_answered(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "blip", tmp_path)
    say(loaded, "[SEP]")
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    assert [(output.value, output.output_tokens, output.capped) for output in outputs] == [(None, 1, False)] * 3
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 0
    assert task.grade(outputs, ROWS, loaded).quality.value == 0.0


def test_a_model_that_never_stops_is_capped_and_a_constant_caption_is_all_alike_and_below_the_floor(
    tmp_path: Path,
) -> None:
    task, loaded = tiny_loaded.load(NAME, "blip", tmp_path)
    say(loaded, "the")
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    said = " ".join(["the"] * CAP)
    assert [(output.value, output.output_tokens, output.capped) for output in outputs] == [(said, CAP, True)] * 3
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["capped"], counted["distinct"], counted["answered"]) == (3, 1, 3)
    assert task.grade(outputs, ROWS, loaded).quality.value < task.metric.floor


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_that_are_no_numbers_are_no_answer(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    vision = loaded.model.vision_model if family == "blip" else loaded.model.encoder
    next(iter(vision.parameters())).data[:] = float("nan")
    outputs = task.predict(loaded, ROWS)
    assert [output.value for output in outputs] == [None] * 3
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 0


def test_what_is_missing_and_what_needs_words_is_refused(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "vit_gpt2", tmp_path)
    assert task.check is not None
    with pytest.raises(Refusal) as refused:
        task.check(replace(loaded, processor=None), ROWS)
    assert [problem.field for problem in refused.value.problems] == ["image processor", "tokenizer"]
    parts = {"image_processor": loaded.processor.image_processor, "tokenizer": loaded.processor.tokenizer}
    chatty = SimpleNamespace(**parts, chat_template="{{ messages }}")
    with pytest.raises(Refusal, match="asked in words"):
        task.check(replace(loaded, processor=chatty), ROWS)


def test_cider_is_the_mean_over_pictures_and_no_answer_is_worth_nothing() -> None:
    task = tasks.find(NAME)
    rows = [*ROWS, {"image": b"", "captions": []}]
    outputs = [Output("a cat sits on a red sofa"), Output("two dogs on the beach"), Output(None), Output("a dog")]
    graded = task.grade(outputs, rows, SimpleNamespace())  # type: ignore[arg-type] # nothing of a model is needed
    first, second, third, fourth = graded.scores
    assert first is not None
    assert second is not None
    assert first > 1
    assert second > 1
    assert (third, fourth) == (0.0, None)
    assert graded.quality.value == pytest.approx((first + second) / 3, abs=1e-6)
    assert graded.quality.n == 3
    assert graded.more == {"output words": 4.0}


def test_sources_give_pictures_with_all_their_captions() -> None:
    image = {"bytes": b"x", "path": None}
    wanted = {"image": b"x", "captions": ["a cat", "cats"]}
    coco, nocaps, flickr = tasks.find(NAME).sources
    assert coco.row({"image": image, "answer": ["a cat", "cats"], "question": "?"}) == wanted
    assert coco.row({"image": image, "answer": [], "question": "?"}) is None
    assert nocaps.row({"image": image, "annotations_captions": ["a cat", "cats"]}) == wanted
    assert flickr.row({"image": image, "caption": ["a cat", "cats"], "img_id": "1"}) == wanted
