"""The energy-quality frontier of a board, both intervals respected, and what quality costs along it. Pure.

A model A leaves the frontier only if some B is better beyond doubt on one axis (the interval of the ratio of energies
excludes 1, or that of the difference of qualities 0) and not worse on the other: neither its estimate nor the worse end
of its interval. That relation is a strict partial order. So whatever a model that left could remove is removed without
it, and adding such a model changes nothing for the others; and a wider interval of B never lets it remove more.
The margin of METHOD section 5.8 has no place here: in a chain of models, each within the margin of the next, the last
would remove the first, which is better than it by more than the margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

from wattboard import intervals
from wattboard.intervals import End, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattboard.advice import Choice


def frontier(rows: Sequence[Choice], *, higher_is_better: bool, values_only: bool = False) -> tuple[str, ...]:
    """Name the models of the frontier, the lowest energy first. A row without a quality is not among them.

    A row that has a quality and lacks an interval neither removes another nor leaves. `values_only` takes estimates
    for exact: it is the frontier of single values, an order and no more, and must be called so.
    """
    graded = [row for row in rows if row.quality is not None]
    stays = []
    known: list[tuple[End, End, Choice]] = []
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
        if not any(removes(other, (energy, quality)) for other in kept):
            kept.append((energy, quality))
            stays.append(row)
    return tuple(row.model for row in sorted(stays, key=lambda row: (row.wh, row.model)))


def removes(b: tuple[End, End], a: tuple[End, End]) -> bool:
    """Tell whether b, an energy and a quality, leaves no room for a."""
    return all(map(intervals.not_worse, b, a)) and any(map(intervals.beats, b, a))


def _ends(row: Choice, *, higher_is_better: bool, values_only: bool) -> tuple[End | None, End | None]:
    if not values_only:
        return intervals.energy(row), intervals.quality(row, higher_is_better=higher_is_better)
    energy, quality = log(row.wh), -(row.quality or 0.0) if higher_is_better else row.quality or 0.0
    return End(energy, energy, energy), End(quality, quality, quality)


@dataclass(frozen=True, slots=True)
class Price:
    """What the next better quality costs: from `cheaper` to `better`, neighbours on the frontier.

    points: how many points better, in `point`s of the metric. wh: how many Wh more per 1,000 queries. wh_per_point
    has `low` and `high` from the far ends of both intervals. Told apart are two neighbours of which neither the
    energies nor the qualities could be the same; elsewhere there is no price, and `low` and `high` are None.
    """

    cheaper: str
    better: str
    point: float
    points: float
    wh: float
    wh_per_point: float | None
    low: float | None
    high: float | None

    @property
    def told_apart(self) -> bool:
        """Whether there is a price."""
        return self.wh_per_point is not None


def prices(
    rows: Sequence[Choice],
    front: Sequence[str],
    *,
    higher_is_better: bool,
    point: float,
    paired: Mapping[tuple[str, str], Span] | None = None,
) -> tuple[Price, ...]:
    """Price every step up the frontier, the cheapest first. `point` is one point in the unit of the metric.

    Models that stand on the frontier because they overlap with a better one of less energy are no step. `paired` holds
    by how much the second's quality is better than the first's, query by query, where that is known.
    """
    steps = staircase(rows, front, higher_is_better=higher_is_better)
    found = []
    for a, b in pairwise(steps):
        gained = (paired or {}).get((a.model, b.model)) or _gained(a, b, higher_is_better=higher_is_better)
        found.append(_price(a, b, gained, point))
    return tuple(found)


def staircase(rows: Sequence[Choice], front: Sequence[str], *, higher_is_better: bool) -> list[Choice]:
    """Give the models of the frontier whose estimated quality is better than that of all with less energy."""
    by_name = {row.model: row for row in rows}
    sign = 1 if higher_is_better else -1
    steps: list[Choice] = []
    for row in (by_name[name] for name in front):
        if row.quality is not None and (not steps or sign * (row.quality - (steps[-1].quality or 0.0)) > 0):
            steps.append(row)
    return steps


def _price(a: Choice, b: Choice, gained: Span | None, point: float) -> Price:
    points = abs((b.quality or 0.0) - (a.quality or 0.0)) / point
    more = b.wh - a.wh
    wh = _more_wh(a, b)
    if wh is None or gained is None or wh.low <= 0 or gained.low <= 0:
        return Price(a.model, b.model, point, points, more, None, None, None)
    low, high = wh.low / gained.high * point, wh.high / gained.low * point
    return Price(a.model, b.model, point, points, more, more / points, low, high)


def _more_wh(a: Choice, b: Choice) -> Span | None:
    if a.wh_low is None or a.wh_high is None or b.wh_low is None or b.wh_high is None:
        return None
    return intervals.difference(End(a.wh, a.wh_low, a.wh_high), End(b.wh, b.wh_low, b.wh_high))


def _gained(a: Choice, b: Choice, *, higher_is_better: bool) -> Span | None:
    first, second = (intervals.quality(row, higher_is_better=higher_is_better) for row in (a, b))
    # Less is better there: turned around, it is positive where b is the better one.
    return None if first is None or second is None else intervals.difference(second, first)
