from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.grading import coco
from wattbench.problems import Refusal
from wattbench.tasks import Output

if TYPE_CHECKING:
    from pathlib import Path

NAME = "object-detection"
FAMILIES = ["detr", "yolos"]


def rows(*shapes: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "image": tiny_loaded.picture(i, *shape),
            "boxes": [[1.0, 2.0, 20.0, 10.0]],
            "labels": [18],
            "areas": [200.0],
            "crowd": [0],
        }
        for i, shape in enumerate(shapes)
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_objects_are_found_in_a_batch_as_alone_in_pixels_of_the_picture_and_in_cocos_numbers(
    family: str, tmp_path: Path
) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    asked = rows((64, 48), (64, 48), (64, 48), (64, 48))
    assert task.check is not None
    task.check(loaded, asked)
    outputs = tiny_loaded.answer(task, loaded, asked)
    for output in outputs:
        assert 0 < len(output.value) <= 10
        scores = [score for _, score, *_ in output.value]
        assert scores == sorted(scores, reverse=True)
        for label, score, x, y, width, height in output.value:
            assert label in coco.CATEGORIES.values()
            assert 0 <= score <= 1
            assert 0 <= x + width / 2 <= 64
            assert 0 <= y + height / 2 <= 48
    counted = tiny_loaded.counts(task, outputs, asked)
    assert (counted["answered"], counted["distinct"]) == (4, 4)


def test_a_model_that_takes_no_mask_sees_pictures_of_other_shapes_without_padding(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "yolos", tmp_path)
    outputs = tiny_loaded.answer(task, loaded, rows((64, 48), (48, 64), (64, 48), (64, 64)))
    assert len({str(output.value) for output in outputs}) == 4


def test_a_model_that_takes_a_mask_answers_pictures_of_other_shapes_in_one_batch(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "detr", tmp_path)
    outputs = task.predict(loaded, rows((64, 48), (48, 64)))
    assert all(output.value for output in outputs)


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_that_are_no_numbers_are_no_answer(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    asked = rows((64, 48), (64, 48))
    list(loaded.model.parameters())[-1].data[:] = float("nan")
    outputs = task.predict(loaded, asked)
    assert [output.value for output in outputs] == [None, None]
    assert tiny_loaded.counts(task, outputs, asked)["answered"] == 0
    assert task.grade(outputs, asked, loaded).quality.value == 0.0


def test_classes_without_cocos_names_are_refused(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "yolos", tmp_path)
    assert task.check is not None
    loaded.model.config.id2label = {i: f"LABEL_{i}" for i in range(91)}
    with pytest.raises(Refusal, match="it lacks 'dog'"):
        task.check(loaded, rows((64, 48)))
    with pytest.raises(Refusal, match="without an image processor"):
        task.check(replace(loaded, processor=None), rows((64, 48)))


def test_an_empty_list_is_an_answer_and_earns_nothing_where_there_is_something() -> None:
    task = tasks.find(NAME)
    asked = rows((64, 48), (64, 48))
    counted = tiny_loaded.counts(task, [Output([]), Output(None)], asked)
    assert counted["answered"] == 1


def test_a_constant_answer_is_all_alike_and_below_the_floor() -> None:
    task = tasks.find(NAME)
    asked = rows(*[(64, 48)] * 9)
    for i, row in enumerate(asked):
        row["boxes"] = [[3.0 * i, 2.0 * i, 20.0, 10.0]]
        row["labels"] = [i + 1]
    outputs = [Output([[1, 0.9, 0.0, 0.0, 64.0, 48.0]])] * 9
    assert tiny_loaded.counts(task, outputs, asked)["distinct"] == 1
    assert task.grade(outputs, asked, SimpleNamespace()).quality.value < task.metric.floor  # type: ignore[arg-type]


def test_map_leads_and_each_picture_has_its_own() -> None:
    task = tasks.find(NAME)
    asked = rows((64, 48), (64, 48), (64, 48))
    asked[2] |= {"boxes": [], "labels": [], "areas": [], "crowd": []}
    outputs = [Output([[18, 0.9, 1.0, 2.0, 20.0, 10.0]]), Output([[18, 0.8, 1.0, 2.0, 20.0, 6.0]]), Output([])]
    graded = task.grade(outputs, asked, SimpleNamespace())  # type: ignore[arg-type] # nothing of a model is needed
    assert graded.scores == [1.0, 0.3, None]  # the second overlaps by 0.6
    # half of the recall at every overlap (51 of 101 points), the other half at three of ten
    assert graded.quality.value == pytest.approx((51 + 0.3 * 50) / 101, abs=1e-6)
    assert graded.more == {"AP50": 1.0, "AP75": pytest.approx(51 / 101, abs=1e-6)}


def test_the_source_turns_corners_into_boxes_and_dense_classes_into_cocos_numbers() -> None:
    (source,) = tasks.find(NAME).sources
    objects = {
        "bbox_id": [5, 6],
        "category": [0, 79],
        "bbox": [[1.0, 2.0, 4.0, 8.0], [0.0, 0.0, 9.0, 9.0]],
        "area": [11, 60],
    }
    row = {"image_id": 9, "image": {"bytes": b"x", "path": None}, "width": 64, "height": 48, "objects": objects}
    assert source.row(row) == {
        "image": b"x",
        "boxes": [[1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 9.0, 9.0]],
        "labels": [1, 90],
        "areas": [11.0, 60.0],
        "crowd": [0, 0],
    }
