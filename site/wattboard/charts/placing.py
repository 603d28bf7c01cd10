"""Where names stand on a chart, so that they meet no mark, whisker, line, edge or other name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.ratings import Rating

LONGEST_LABEL = 28
MOST_LABELS = 24
BETWEEN = 5.0  # beside a name no other stands nearer
MANY = 150  # marks; among more only the frontier is named
CROWDED = 60.0  # a name off the frontier that would stand on this much stays away: the table has it
REACH = 70.0  # further above or below its mark no name stands
FAR = 20.0  # a name this far above or below its mark gets a line to it
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One model on a chart, its whiskers, and where its name is written; at a `step` the frontier's line turns."""

    rating: Rating
    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float
    frontier: bool
    step: bool = False
    label: str = ""
    label_x: float = 0.0
    label_y: float = 0.0
    leader: str = ""


def _overlap(a: Box, b: Box) -> float:
    """Give the area that two boxes (left, top, right, bottom) share."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return across * down if across > 0 and down > 0 else 0.0


def _near(region: Box, boxes: Sequence[Box]) -> list[Box]:
    """Keep the boxes that reach into a region."""
    left, top, right, bottom = region
    return [box for box in boxes if box[0] < right and box[2] > left and box[1] < bottom and box[3] > top]


def _worse(bad: float, weight: float, box: Box, others: Sequence[Box], most: float) -> float:
    """Add what meeting others costs; where it is past `most` the rest is not asked for."""
    left, top, right, bottom = box
    for west, north, east, south in others:
        if west < right and east > left and north < bottom and south > top:
            bad += weight * (min(right, east) - max(left, west)) * (min(bottom, south) - max(top, north))
            if bad >= most:
                return bad
    return bad


def _steps(marks: Sequence[Mark], end: float) -> list[Box]:
    """Give the frontier's steps as thin boxes, for names to keep clear of."""
    ordered = sorted(marks, key=lambda mark: (mark.x, -mark.y))
    boxes = []
    for one, after in pairwise(ordered):
        boxes += [
            (one.x, one.y - 2, after.x, one.y + 2),
            (after.x - 2, min(one.y, after.y), after.x + 2, max(one.y, after.y)),
        ]
    return [*boxes, (ordered[-1].x, ordered[-1].y - 2, end, ordered[-1].y + 2)] if ordered else []


def place(
    marks: Sequence[Mark],
    frame: Box,
    level: float | None,
    most: int = MOST_LABELS,
    others: Sequence[Box] = (),
) -> list[Mark]:
    """Write names where they meet no mark, whisker, name or edge; the line's steps first, `most` at most.

    `others` are what else is drawn: with a crowd there the frontier alone is named.
    """
    size, high = 12.5, 15.0
    dots: list[Box] = [*((m.x - 8, m.y - 8, m.x + 8, m.y + 8) for m in marks), *others]
    lines: list[Box] = [(m.x - 2, m.top, m.x + 2, m.bottom) for m in marks]
    lines += [(m.left, m.y - 2, m.right, m.y + 2) for m in marks]
    lines += _steps([m for m in marks if m.step], frame[2])
    level_box = (frame[0], (level or 0.0) - 1, frame[2], (level or 0.0) + 1)
    names: list[Box] = []
    placed: dict[str, Mark] = {}
    order = sorted(marks, key=lambda m: (not m.step, not m.frontier, m.x, m.rating.model))
    if len(order) + len(others) > MANY:
        order = [mark for mark in order if mark.frontier]
    for mark in order[:most]:
        name = mark.rating.model.split("/", 1)[1]
        name = name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"
        wide = text_width(name, size)
        region = (mark.x - wide - 11, mark.y - REACH, mark.x + wide + 11, mark.y + REACH)  # all that its spots cover
        near_dots, near_lines = _near(region, dots), _near(region, lines)
        best: tuple[float, Box] | None = None
        for cost, dx, dy in _SPOTS:
            left = mark.x + (dx if dx > 0 else dx - wide if dx < 0 else -wide / 2)
            box = (left, mark.y + dy - high / 2, left + wide, mark.y + dy + high / 2)
            out = max(0.0, frame[0] + 2 - box[0], box[2] - frame[2], frame[1] - box[1], box[3] - frame[3])
            bad = cost + 1000 * out + 0.3 * _overlap(box, level_box)
            bad += 1000 * any(_overlap(box, name) for name in names)
            limit = best[0] if best is not None else inf
            bad = _worse(bad, 20, box, near_dots, limit)
            bad = _worse(bad, 2, box, near_lines, limit)
            if bad < limit:
                best = (bad, box)
        if best is None or best[0] >= (1000 if mark.step else CROWDED):
            continue
        box = best[1]
        names.append((box[0] - BETWEEN, box[1], box[2] + BETWEEN, box[3]))
        middle = (box[1] + box[3]) / 2
        far = abs(middle - mark.y) > FAR
        edge = min(max(mark.x, box[0]), box[2])
        placed[mark.rating.model] = replace(
            mark,
            label=name,
            label_x=round(box[0], 1),
            label_y=round(middle + 4.5, 1),
            leader=f"M{mark.x} {mark.y}L{edge:.1f} {middle:.1f}" if far else "",
        )
    return [placed.get(mark.rating.model, mark) for mark in marks]


# Where a name may stand beside its mark: what it costs to be further away, and the offset of the name's near edge
# (0: centred).
_SPOTS = [
    (cost + (2 if side < 0 else 4 if side == 0 else 0), side * 11.0, float(dy))
    for cost, dy in ((0, 0), (3, -16), (4, 16), (9, -28), (10, 28), (20, -44), (21, 44), (30, -62), (31, 62))
    for side in (1, -1, 0)
    if side or dy
]


def text_width(text: str, size: float) -> float:
    """Estimate how wide a text is drawn, in the unit of `size`, a little too wide rather than too narrow."""
    narrow, wide = set("ijl.,:;'|!ftrI-()[]/ 1"), set("mwMWGOQ@%")
    return size * sum(0.34 if c in narrow else 0.9 if c in wide else 0.61 for c in text)
