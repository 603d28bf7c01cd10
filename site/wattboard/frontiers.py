"""The energy-quality frontier of a board, both intervals respected: one rule for pages, API and advice. Pure.

A model A leaves the frontier only if some B is better beyond doubt on one axis (the interval of the ratio of energies
excludes 1, or that of the difference of qualities 0) and not worse on the other: neither its estimate nor the worse end
of its interval. That relation is a strict partial order. So whatever a model that left could remove is removed without
it, and adding such a model changes nothing for the others; and a wider interval of B never lets it remove more.
The margin of METHOD section 5.8 has no place here: in a chain of models, each within the margin of the next, the last
would remove the first, which is better than it by more than the margin.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, TypeVar

from wattboard import intervals
from wattboard.intervals import End, Row

if TYPE_CHECKING:
    from collections.abc import Sequence


R = TypeVar("R", bound=Row)


def exact(rows: Sequence[Row]) -> bool:
    """Tell whether a board has intervals; where it has none the frontier is an order of single values."""
    return any(one.wh_low is not None and one.quality_low is not None for one in rows)


def frontier(rows: Sequence[Row], *, higher_is_better: bool, values_only: bool = False) -> tuple[str, ...]:
    """Name the models of the frontier, the lowest energy first. A row without either is not among them.

    A row that has a quality and lacks an interval neither removes another nor leaves. `values_only` takes estimates
    for exact: it is the frontier of single values, an order and no more, and must be called so.
    """
    graded = [row for row in rows if row.quality is not None and row.wh]
    stays = []
    known: list[tuple[End, End, Row]] = []
    for row in graded:
        energy, quality = _ends(row, higher_is_better=higher_is_better, values_only=values_only)
        if energy is None or quality is None:
            stays.append(row)
        else:
            known.append((energy, quality, row))
    # What removes a model has no more energy and no less quality: it comes before it in this order.
    known.sort(key=lambda one: (one[0].value, one[1].value, one[2].model))
    kept: list[tuple[End, End]] = []
    for energy, quality, row in known:
        by = next((i for i, other in enumerate(kept) if removes(other, (energy, quality))), None)
        if by is None:
            kept.append((energy, quality))
            stays.append(row)
        else:
            kept.insert(0, kept.pop(by))  # what has removed one removes many: it is asked first
    return tuple(row.model for row in sorted(stays, key=lambda row: (row.wh or 0.0, row.model)))


def removes(b: tuple[End, End], a: tuple[End, End]) -> bool:
    """Tell whether b, an energy and a quality, leaves no room for a."""
    return all(map(intervals.not_worse, b, a)) and any(map(intervals.beats, b, a))


def _ends(row: Row, *, higher_is_better: bool, values_only: bool) -> tuple[End | None, End | None]:
    if not values_only:
        return intervals.energy(row), intervals.quality(row, higher_is_better=higher_is_better)
    energy, quality = log(row.wh or 1.0), -(row.quality or 0.0) if higher_is_better else row.quality or 0.0
    return End(energy, energy, energy), End(quality, quality, quality)


def staircase(rows: Sequence[R], front: Sequence[str], *, higher_is_better: bool) -> list[R]:
    """Give the models of the frontier whose estimated quality is better than that of all with less energy."""
    by_name = {row.model: row for row in rows}
    sign = 1 if higher_is_better else -1
    steps: list[R] = []
    for row in (by_name[name] for name in front):
        if row.quality is not None and (not steps or sign * (row.quality - (steps[-1].quality or 0.0)) > 0):
            steps.append(row)
    return steps
