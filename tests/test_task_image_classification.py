from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.problems import Refusal
from wattbench.tasks import Output

if TYPE_CHECKING:
    from pathlib import Path

NAME = "image-classification"
ROWS: list[dict[str, Any]] = [
    {"image": tiny_loaded.picture(0), "labels": [7]},
    {"image": tiny_loaded.picture(1, 30, 64), "labels": [999]},
    {"image": tiny_loaded.picture(2, mode="L"), "labels": [3, 4]},
    {"image": tiny_loaded.picture(3, mode="RGBA"), "labels": []},
]


@pytest.mark.parametrize("family", ["vit", "convnext", "resnet"])
def test_pictures_of_any_shape_and_mode_are_classified_in_a_batch_as_alone(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    for output in outputs:
        assert len(set(output.value)) == 5
        assert set(output.value) <= set(range(1000))
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["answered"], counted["distinct"]) == (4, 4)
    assert counted["input_tokens"] is None


def test_logits_with_a_nan_are_no_answer_and_count_as_wrong(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "vit", tmp_path)
    loaded.model.classifier.bias.data[17] = float("nan")
    outputs = task.predict(loaded, ROWS)
    assert [output.value for output in outputs] == [None] * 4
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 0
    assert task.grade(outputs, ROWS, loaded).quality.value == 0.0


def test_a_background_class_moves_no_other(tmp_path: Path) -> None:
    import torch

    task, loaded = tiny_loaded.load(NAME, "vit", tmp_path)
    before = [output.value for output in task.predict(loaded, ROWS)]
    old = loaded.model.classifier
    new = torch.nn.Linear(old.in_features, 1001)
    with torch.no_grad():
        new.weight[1:], new.bias[1:] = old.weight, old.bias
        new.weight[0], new.bias[0] = 0.0, 1000.0  # always the likeliest, and no class of ImageNet
    loaded.model.classifier = new
    names = ["background", *(f"class {i}" for i in range(1000))]
    names[1] = "tench, Tinca tinca"
    loaded.model.config.id2label = dict(enumerate(names))
    assert task.check is not None
    task.check(loaded, ROWS)
    assert [output.value for output in task.predict(loaded, ROWS)] == before


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([f"LABEL_{i}" for i in range(10)], "the model has 10 classes"),
        ([f"LABEL_{i}" for i in range(1001)], "ImageNet's 1,000"),  # which of them is the background, nobody says
        ([f"bird {i}" for i in range(1000)], "none of them where ImageNet has it"),
    ],
)
def test_other_classes_than_imagenets_are_refused(names: list[str], told: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "vit", tmp_path)
    assert task.check is not None
    loaded.model.config.id2label = dict(enumerate(names))
    with pytest.raises(Refusal, match=told):
        task.check(loaded, ROWS)


@pytest.mark.parametrize("first", ["tench, Tinca tinca", "n01440764", "Tench"])
def test_imagenets_classes_are_known_by_name_or_number(first: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "vit", tmp_path)
    assert task.check is not None
    loaded.model.config.id2label = {0: first} | {i: f"class {i}" for i in range(1, 1000)}
    task.check(loaded, ROWS)


def test_a_missing_image_processor_is_refused(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "vit", tmp_path)
    assert task.check is not None
    with pytest.raises(Refusal, match="without an image processor"):
        task.check(replace(loaded, processor=None), ROWS)


def test_the_first_class_leads_and_any_of_five_is_told_besides() -> None:
    outputs = [Output([7, 1, 2, 3, 4]), Output([1, 2, 3, 4, 999]), Output([4, 1, 2, 5, 6]), Output([1, 2, 3, 4, 5])]
    graded = tasks.find(NAME).grade(outputs, ROWS, SimpleNamespace())  # type: ignore[arg-type] # needs no model
    assert graded.scores == [1.0, 0.0, 1.0, None]
    assert graded.quality.value == pytest.approx(2 / 3, abs=1e-6)
    assert graded.more == {"top-5 accuracy": 1.0}
    assert graded.quality.n == 3


def test_a_constant_answer_is_all_alike_and_below_the_floor() -> None:
    task = tasks.find(NAME)
    rows = [{"image": b"", "labels": [i]} for i in range(50)]
    outputs = [Output([7, 8, 9, 10, 11])] * 50
    assert tiny_loaded.counts(task, outputs, rows)["distinct"] == 1
    graded = task.grade(outputs, rows, SimpleNamespace())  # type: ignore[arg-type] # as above
    assert graded.quality.value == 0.02 < task.metric.floor


def test_the_source_gives_pictures_with_a_label() -> None:
    (imagenet,) = tasks.find(NAME).sources
    assert imagenet.row({"image": {"bytes": b"x", "path": "a.JPEG"}, "label": 3}) == {"image": b"x", "labels": [3]}
    assert imagenet.row({"image": {"bytes": b"x", "path": "a.JPEG"}, "label": -1}) is None
