from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tiny_media

from wattbench.grading import coco
from wattbench.tasks import Output, Row

THERE: Row = {"boxes": [[10, 10, 40, 40]], "labels": [1], "areas": [1600.0], "crowd": [0]}
EMPTY: Row = {"boxes": [], "labels": [], "areas": [], "crowd": []}


def named(*names: str) -> SimpleNamespace:
    return SimpleNamespace(id2label=dict(enumerate(names)))


def mean_precision(outputs: list[Output], rows: list[Row]) -> float:
    return float(coco.precisions(coco.evaluate(outputs, rows)).mean())


def test_there_are_80_categories_and_their_numbers_have_gaps() -> None:
    assert len(coco.CATEGORIES) == 80
    assert (coco.CATEGORIES["person"], coco.CATEGORIES["stop sign"], coco.CATEGORIES["toothbrush"]) == (1, 13, 90)
    assert not {12, 26, 29, 30, 45, 66, 68, 69, 71, 83} & set(coco.CATEGORIES.values())


def test_91_numbers_and_80_without_gaps_mean_the_same_categories() -> None:
    gaps = SimpleNamespace(id2label=tiny_media._coco()["id2label"])  # as published detectors have them
    dense = named(*coco.CATEGORIES)
    assert coco.numbers(gaps) == {number: number for number in coco.CATEGORIES.values()}
    assert coco.numbers(dense)[79] == 90
    assert coco.numbers(dense)[11] == 13
    for config in (gaps, dense):
        assert coco.problems(config, set(coco.CATEGORIES.values())) == []


def test_pascals_names_are_understood() -> None:
    assert coco.numbers(named("aeroplane", "TVmonitor", "Potted-Plant", "sofa", "street sign")) == {
        0: 5,
        1: 72,
        2: 64,
        3: 63,
    }


def test_missing_categories_are_told_by_name_with_those_that_the_model_has() -> None:
    (problem,) = coco.problems(named("text", "table"), {1, 90})
    for word in ("'text'", "'table'", "'person'", "'toothbrush'"):
        assert word in problem.message
    assert coco.problems(named("LABEL_0", "LABEL_1"), {1})


@pytest.mark.parametrize(
    ("box", "value"),
    [
        ([10, 10, 40, 40], 1.0),
        ([10, 10, 40, 32], 0.7),  # overlaps by 0.8: right at .50 to .80, seven of ten
        ([100, 100, 40, 40], 0.0),
    ],
)
def test_a_box_counts_at_each_overlap_that_it_reaches(box: list[float], value: float) -> None:
    assert mean_precision([Output([[1, 0.9, *box]])], [THERE]) == pytest.approx(value)


def test_the_right_box_with_the_wrong_category_is_worth_nothing() -> None:
    assert mean_precision([Output([[2, 0.9, 10, 10, 40, 40]])], [THERE]) == 0.0


def test_a_false_alarm_costs_more_the_surer_it_is() -> None:
    right, rows = [1, 0.5, 10, 10, 40, 40], [THERE, EMPTY]
    assert mean_precision([Output([right]), Output([[1, 0.1, 0, 0, 9, 9]])], rows) == pytest.approx(1.0)
    assert mean_precision([Output([right]), Output([[1, 0.9, 0, 0, 9, 9]])], rows) == pytest.approx(0.5)


def test_what_a_crowd_covers_is_neither_right_nor_wrong() -> None:
    crowd: Row = {
        "boxes": [[10, 10, 40, 40], [60, 60, 90, 90]],
        "labels": [1, 1],
        "areas": [1600, 8100],
        "crowd": [0, 1],
    }
    said = [[1, 0.9, 70, 70, 20, 20], [1, 0.5, 10, 10, 40, 40]]
    assert mean_precision([Output(said)], [crowd]) == pytest.approx(1.0)


def test_nothing_said_is_worth_nothing_and_nothing_to_say_cannot_be_graded() -> None:
    assert mean_precision([Output(None)], [THERE]) == 0.0
    assert mean_precision([Output([])], [THERE]) == 0.0
    assert np.isnan(mean_precision([Output([])], [EMPTY]))
