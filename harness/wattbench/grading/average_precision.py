"""Mean average precision of pictures drawn again and again, from matches that pycocotools made once.

Matching detections with boxes is slow and never changes; what a draw changes is how often a picture counts. So a draw
is a weight a picture, and the curve of precision over recall is worked out from weighted sums, for all draws at once.
Where every weight is 1 it is what pycocotools gives, to the last digit: a test holds it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench import grading

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from wattbench.runs import Quality
    from wattbench.tasks import Metric

AT_ONCE = 100  # draws


@dataclass(frozen=True, slots=True)
class Category:
    """The detections of one category, best first, and its boxes: what a curve is made of.

    images: the picture of each detection (d). hits: which detections are right, a threshold of overlap.
    ignored: which count as neither right nor wrong (d), a threshold. boxes: how many each picture has (pictures).
    """

    images: np.ndarray
    hits: tuple[np.ndarray, ...]
    ignored: tuple[np.ndarray, ...]
    boxes: np.ndarray


def categories(judge: Any) -> list[Category]:  # noqa: ANN401 - a COCOeval that has evaluated, one area, one number
    """Take over pycocotools' matches, category by category; those that no picture has are left out."""
    import numpy as np

    pictures = len(judge.params.imgIds)
    found = []
    for start in range(0, len(judge.evalImgs), pictures):
        known = [(i, one) for i, one in enumerate(judge.evalImgs[start : start + pictures]) if one is not None]
        boxes = np.zeros(pictures)
        for i, one in known:
            boxes[i] = np.count_nonzero(np.logical_not(one["gtIgnore"]))
        if not boxes.any():
            continue
        scores = np.concatenate([one["dtScores"] for _, one in known])
        order = np.argsort(-scores, kind="mergesort")  # as pycocotools orders those that tie
        right = np.concatenate([one["dtMatches"] for _, one in known], axis=1)[:, order] > 0
        ignored = np.concatenate([one["dtIgnore"] for _, one in known], axis=1)[:, order].astype(bool)
        images = np.concatenate([np.full(len(one["dtScores"]), i) for i, one in known]).astype(int)[order]
        hits = tuple(np.flatnonzero(row) for row in right & ~ignored)
        found.append(Category(images, hits, tuple(ignored), boxes))
    return found


def quality(metric: Metric, found: Sequence[Category], pictures: int, recalls: np.ndarray) -> Quality:
    """Give the mean average precision with a 95 % percentile interval over 1,000 seeded draws of pictures."""
    import numpy as np

    draw = np.random.default_rng(grading.SEED)
    drawn = [np.bincount(draw.integers(0, pictures, pictures), minlength=pictures) for _ in range(grading.RESAMPLES)]
    weights = np.array([np.ones(pictures), *drawn])
    # some at a time: each takes memory for every detection
    values = np.concatenate([means(found, some, recalls) for some in np.array_split(weights, len(weights) // AT_ONCE)])
    if not np.isfinite(values[0]):
        raise ValueError("no picture shows anything of COCO's classes: nothing can be graded")
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    return grading.quality(metric, float(values[0]), float(low), float(high), pictures)


def means(found: Sequence[Category], weights: np.ndarray, recalls: np.ndarray) -> np.ndarray:
    """Mean average precision over categories and thresholds of overlap, 0 to 1, of each draw (draws, pictures).

    A category that a draw left without a box is left out of it. NaN where none is left.
    """
    import numpy as np

    total, known = np.zeros(len(weights)), np.zeros(len(weights))
    for one in found:
        boxes = weights @ one.boxes
        there = boxes > 0
        total[there] += _averages(one, weights[there], boxes[there], recalls)
        known += there
    return np.where(known > 0, total / np.maximum(known, 1), np.nan)


def _averages(one: Category, weights: np.ndarray, boxes: np.ndarray, recalls: np.ndarray) -> np.ndarray:
    """Average precision of one category in each draw, over all thresholds of overlap.

    Only right detections are steps of the curve: between two of them, recall stands still and precision falls.
    """
    import numpy as np

    counts = weights[:, one.images]
    seen = np.cumsum(counts, axis=1)
    total = np.zeros(len(weights))
    for hits, ignored in zip(one.hits, one.ignored, strict=True):
        if not len(hits):
            continue
        right = np.cumsum(counts[:, hits], axis=1)
        before = (np.cumsum(counts * ~ignored, axis=1) if ignored.any() else seen)[:, hits]
        precision = right / (before + np.spacing(1))  # pycocotools keeps clear of 0 / 0 by the same
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        reached = np.searchsorted(recalls, right / boxes[:, None], side="right")
        steps = np.diff(reached, axis=1, prepend=0)  # how many of the recalls are first reached here
        total += (precision * steps).sum(1) / len(recalls)
    return total / len(one.hits)


def alone(found: Sequence[Category], image: int, recalls: np.ndarray) -> float | None:
    """Mean average precision of one picture by itself, over the categories that it shows; None where it shows none."""
    import numpy as np

    parts = []
    for one in found:
        if one.boxes[image]:
            own = np.flatnonzero(one.images == image)
            hits = tuple(np.flatnonzero(np.isin(own, row)) for row in one.hits)
            mine = Category(np.zeros(len(own), dtype=int), hits, tuple(row[own] for row in one.ignored), one.boxes)
            parts.append(_averages(mine, np.ones((1, 1)), one.boxes[[image]], recalls)[0])
    return round(float(np.mean(parts)), 6) if parts else None
