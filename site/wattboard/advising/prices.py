"""What quality costs along the frontier of a board: the price of a point, with its interval. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from wattboard import intervals
from wattboard.frontiers import staircase
from wattboard.intervals import End, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattboard.advice import Choice


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
