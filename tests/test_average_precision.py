from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wattbench import tasks
from wattbench.grading import average_precision, coco
from wattbench.tasks import Output, Row


def scene(pictures: int, seed: int) -> tuple[list[Output], list[Row]]:
    """Draw boxes of five categories, some of them crowds, and detections that are near, off, doubled or mistaken."""
    draw = np.random.default_rng(seed)
    rows, outputs = [], []
    for _ in range(pictures):
        size = int(draw.integers(0, 6))
        boxes = np.column_stack([draw.uniform(0, 200, (size, 2)), draw.uniform(20, 90, (size, 2))])
        labels = draw.integers(1, 6, size)
        rows.append(
            {
                "boxes": boxes.tolist(),
                "labels": labels.tolist(),
                "areas": (boxes[:, 2] * boxes[:, 3]).tolist(),
                "crowd": (draw.random(size) < 0.1).astype(int).tolist(),
            }
        )
        said: list[list[float]] = []
        for box, label in zip(boxes, labels, strict=True):
            for _ in range(int(draw.integers(0, 3))):
                told = int(label) if draw.random() < 0.8 else int(draw.integers(1, 6))
                near = (box + draw.normal(0, 4, 4)).clip(1)
                said.append([told, round(float(draw.random()), 4), *near.tolist()])
        said += [
            [int(draw.integers(1, 6)), round(float(draw.random()) / 2, 4), *draw.uniform(1, 90, 4).tolist()]
            for _ in range(int(draw.integers(0, 5)))
        ]
        outputs.append(Output(said))
    return outputs, rows


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_every_picture_counts_once_the_value_is_pycocotools_own(seed: int) -> None:
    judge = coco.evaluate(*scene(30, seed))
    own = coco.precisions(judge).mean()
    assert 0.05 < own < 0.95
    found = average_precision.categories(judge)
    assert average_precision.means(found, np.ones((1, 30)), judge.params.recThrs)[0] == pytest.approx(own, abs=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_draw_of_pictures_is_worth_what_pycocotools_gives_to_the_pictures_drawn(seed: int) -> None:
    outputs, rows = scene(20, seed)
    judge = coco.evaluate(outputs, rows)
    drawn = np.random.default_rng(seed).integers(0, 20, 20)
    literal = coco.precisions(coco.evaluate([outputs[i] for i in drawn], [rows[i] for i in drawn])).mean()
    weights = np.bincount(drawn, minlength=20)[None].astype(float)
    found = average_precision.categories(judge)
    assert average_precision.means(found, weights, judge.params.recThrs)[0] == pytest.approx(literal, abs=1e-3)


def test_a_pictures_own_value_is_pycocotools_value_of_it_alone() -> None:
    outputs, rows = scene(12, 5)
    judge = coco.evaluate(outputs, rows)
    found = average_precision.categories(judge)
    for i in range(12):
        alone = average_precision.alone(found, i, judge.params.recThrs)
        literal = coco.precisions(coco.evaluate([outputs[i]], [rows[i]])).mean()
        assert alone is None if np.isnan(literal) else alone == pytest.approx(literal, abs=1e-6)


def quality(outputs: list[Output], rows: list[Row]) -> Any:
    judge = coco.evaluate(outputs, rows)
    metric = tasks.find("object-detection").metric
    return average_precision.quality(metric, average_precision.categories(judge), len(rows), judge.params.recThrs)


def test_the_interval_holds_the_value_and_is_the_same_every_time() -> None:
    outputs, rows = scene(25, 4)
    found = quality(outputs, rows)
    assert found.low < found.value < found.high
    assert found == quality(outputs, rows)
    assert found.n == 25


def test_pictures_that_show_nothing_cannot_be_graded() -> None:
    rows = [{"boxes": [], "labels": [], "areas": [], "crowd": []}] * 3
    with pytest.raises(ValueError, match="nothing can be graded"):
        quality([Output([[1, 0.5, 0, 0, 9, 9]])] * 3, rows)
