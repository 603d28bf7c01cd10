"""Too many models for a dot each: the frontier's are marks, the others are gathered in cells, darker where more lie."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattboard.charts.placing import Box, Mark

CROWD = 250  # models: with more, those off the frontier are gathered
MOST_APART = 120  # models of the frontier; where it has more, only those at its steps stay marks
CELL = 7  # how far the cells' dots lie apart
SHADES = (1, 2, 4, 8)  # models in a cell from which on its dot is darker


@dataclass(frozen=True, slots=True)
class Crowd:
    """The gathered models: how many, and the dots of their cells as one path a shade, the lightest first."""

    count: int
    shades: tuple[tuple[int, str], ...]
    boxes: tuple[Box, ...]


def part(marks: Sequence[Mark]) -> tuple[list[Mark], Crowd | None]:
    """Give the models that stay marks, and the others as a crowd; None where a dot each has room."""
    if len(marks) <= CROWD:
        return list(marks), None
    apart = [mark for mark in marks if mark.frontier]
    if len(apart) > MOST_APART:
        apart = [mark for mark in marks if mark.step]
    kept = {mark.rating.model for mark in apart}
    return apart, gathered([(mark.x, mark.y) for mark in marks if mark.rating.model not in kept])


def gathered(points: Iterable[tuple[float, float]]) -> Crowd:
    """Gather points in cells whose rows lie as in a honeycomb."""
    counted = Counter(map(_cell, points))
    paths: defaultdict[int, list[str]] = defaultdict(list)
    boxes = []
    for (row, column), many in sorted(counted.items()):
        x, y = (column + row % 2 / 2) * CELL, row * _ROW
        shade = sum(many >= least for least in SHADES)
        paths[shade].append(f"M{x:g} {y:.1f}h0")
        boxes.append((x - CELL / 2, y - CELL / 2, x + CELL / 2, y + CELL / 2))
    shades = tuple((shade, "".join(path)) for shade, path in sorted(paths.items()))
    return Crowd(counted.total(), shades, tuple(boxes))


_ROW = CELL * sqrt(3) / 2  # from a row of cells to the next


def _cell(point: tuple[float, float]) -> tuple[int, int]:
    x, y = point
    row = round(y / _ROW)
    return row, round(x / CELL - row % 2 / 2)
