"""What the energy counter of a GPU says of a window, and how surely. Pure: edges and trace rows in, joules out.

The counter moves in steps. Its energy is known exactly at each step and nowhere between, so a window opens on a step;
but the work ends when it ends, in the midst of one. That last step is shared out: where the steps before and after it
show two levels of power and it lies between them, it is taken for the moment of change; else power is taken to be
level within it. What could be wrong with that is bounded by the lowest and highest power that anything near hints at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

STEP_SECONDS = 0.1  # the time between two steps, until two were seen one after the other
NEAR_SECONDS = 0.35  # how far from an end of the window samples still tell of the power there
SLACK_SECONDS = 0.003  # a sample so near to a step may have read the counter before it or after
# A sensor that sees a quarter of the time may miss a load that repeats with it. That counter and sensor disagree then
# is the only hint, and it may be a faint one: power is taken to stray this many times further than they differ. With 4
# the bounds hold in 98 % of windows on square waves of 20 to 400 ms (tests/test_meters_accuracy.py).
UNSEEN = 4.0
# A burst or a dip may be shorter than a step by this factor, and stand out of its mean so much more.
SHORTEST = 4.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A step of the counter, in s and J: from `before` to `joules` at `at`, known to within +- `uncertainty`.

    seen: when `before` was first read.
    """

    at: float
    uncertainty: float
    joules: float
    before: float
    seen: float


@dataclass(frozen=True, slots=True)
class Counted:
    """The counter's joules of a window with their uncertainty, or None and the reason."""

    joules: float | None
    uncertainty: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Range:
    """The lowest and highest power, in W, that the GPU may have drawn near an end of the window."""

    low: float
    high: float

    def around(self, watts: float) -> _Range:
        """Widen for bursts and dips within a step whose mean is `watts`."""
        low = min(self.low, self.high - SHORTEST * (self.high - watts), watts)
        high = max(self.high, self.low + SHORTEST * (watts - self.low), watts)
        return _Range(max(0.0, low), high)


def count(rows: Sequence[Row], first: Sequence[Edge], last: Sequence[Edge], opened: float, closed: float) -> Counted:
    """Count what one GPU used between `opened` and `closed`: its rows, the edges at either end, in their order."""
    read = [(row["seconds"], row["counter_joules"]) for row in rows if row["counter_joules"] is not None]
    told = [joules for at, joules in read if first[0].at + SLACK_SECONDS < at < last[-1].at - SLACK_SECONDS]
    line = [*(edge.joules for edge in first), last[0].before, *(edge.joules for edge in last)]
    if _falls([first[0].before, *line]) or _falls([line[0], *told, line[-1]]):
        return Counted(None, reason="its energy counter went backwards: it was reset")
    step = _step(first, last)
    opening, closing = _on_beat(first, step), _on_beat(last, step)
    head, head_error = _head(rows, read, opening[-1], closing[0], opened, step)
    tail, tail_error = _tail(rows, read, closing, closed, step)
    counted = closing[0].joules - tail - opening[-1].joules - head
    if counted <= 0:
        return Counted(None, reason="its energy counter is too coarse for so short a window")
    return Counted(counted, head_error + tail_error)


def _falls(values: Sequence[float]) -> bool:
    return any(later < earlier for earlier, later in pairwise(values))


def _step(first: Sequence[Edge], last: Sequence[Edge]) -> float:
    """How long a step lasts, in s: between two edges in a row, and better so over the whole of a short window."""
    pairs = [(a.uncertainty + b.uncertainty, b.at - a.at) for a, b in (*pairwise(last), *pairwise(first))]
    doubt, step = min(pairs, default=(STEP_SECONDS, STEP_SECONDS))
    whole = last[0].at - first[-1].at
    steps = round(whole / step)
    sure = steps >= 1 and steps * doubt < step / 4 and abs(whole - steps * step) < step / 4
    return whole / steps if sure else step


def _on_beat(edges: Sequence[Edge], step: float) -> list[Edge]:
    """Place edges that were seen late by the one that was seen best, as steps come at even times."""
    best = min(edges, key=lambda edge: edge.uncertainty)
    placed = []
    for edge in edges:
        at = best.at + round((edge.at - best.at) / step) * step
        late = edge.uncertainty > 2 * best.uncertainty and abs(at - edge.at) <= edge.uncertainty
        placed.append(replace(edge, at=at, uncertainty=2 * best.uncertainty) if late else edge)
    return placed


def _head(
    rows: Sequence[Row], read: Sequence[tuple[float, float]], edge: Edge, end: Edge, opened: float, step: float
) -> tuple[float, float]:
    """Work out what lies between the last edge before the window and its opening, in J, and its uncertainty."""
    after = ((at, joules) for at, joules in read if at > edge.at + step + SLACK_SECONDS)
    at, joules = next(after, (end.at + step / 2, end.joules))
    watts = max(0.0, joules - edge.joules) / (max(1, math.floor((at - edge.at) / step)) * step)
    seconds = opened - edge.at
    bounds = _power_near(rows, edge, step).around(watts)
    return seconds * watts, _stray(watts, max(0.0, seconds), step, bounds) + edge.uncertainty * watts


def _tail(
    rows: Sequence[Row], read: Sequence[tuple[float, float]], edges: Sequence[Edge], closed: float, step: float
) -> tuple[float, float]:
    """Work out what lies between the closing of the window and the first edge after it, in J, and its uncertainty."""
    edge = edges[0]
    length = max(1, math.ceil((edge.at - edge.seen) / step - 0.01)) * step
    begun = edge.at - length
    level = (edge.joules - edge.before) / length
    before = next(((at, joules) for at, joules in reversed(read) if at < begun - SLACK_SECONDS), None)
    earlier = level
    if before is not None:
        earlier = max(0.0, edge.before - before[1]) / (math.ceil((begun - before[0]) / step) * step)
    later = (edges[1].joules - edge.joules) / (edges[1].at - edge.at) if len(edges) > 1 else level
    seconds = min(edge.at - closed, length)
    tail = _share(earlier, level, later, seconds, length)
    # The counter was first read so late after the window's end that a step had gone by in between.
    tail += max(0.0, begun - closed) * earlier
    bounds = _power_near(rows, edge, step).around(level)
    likely = max(earlier, level, later)
    return tail, _stray(level, max(0.0, seconds), length, bounds) + edge.uncertainty * likely


def _share(earlier: float, level: float, later: float, seconds: float, length: float) -> float:
    """Give the joules of the last `seconds` of a step of `length` s that took `level` W in the mean."""
    if not min(earlier, later) < level < max(earlier, later):
        return level * seconds
    late = length * (level - earlier) / (later - earlier)  # since the change, if there was one change
    return later * min(seconds, late) + earlier * max(0.0, seconds - late)


def _stray(watts: float, seconds: float, length: float, bounds: _Range) -> float:
    """Bound how far the joules of `seconds` of a step may stray from those of a level power, both in that step."""
    rest = length - seconds
    low, high = watts - bounds.low, bounds.high - watts
    return max(min(low * seconds, high * rest), min(high * seconds, low * rest))


def _power_near(rows: Sequence[Row], edge: Edge, step: float) -> _Range:
    """Find the range of power near an edge, by the counter's steps and the sensor, in W."""
    near = [row for row in rows if abs(row["seconds"] - edge.at) <= NEAR_SECONDS]
    sensed = next(
        (seen for source in ("instant_watts", "average_watts", "usage_watts") if (seen := _column(near, source))), []
    )
    places = [((row["seconds"] - edge.at) / step, row["counter_joules"]) for row in near]
    counted = [
        (math.floor(place), joules)
        for place, joules in places
        if joules is not None and abs(place - round(place)) * step > SLACK_SECONDS
    ]
    levels = [(j1 - j0) / ((n1 - n0) * step) for (n0, j0), (n1, j1) in pairwise(counted) if n1 > n0]
    if not levels or not sensed:
        return _Range(0.0, SHORTEST * max([*levels, *sensed], default=0.0))
    mean = (counted[-1][1] - counted[0][1]) / ((counted[-1][0] - counted[0][0]) * step)
    apart = UNSEEN * abs(fmean(sensed) - mean)
    return _Range(max(0.0, min(*levels, *sensed) - apart), max(*levels, *sensed) + apart)


def _column(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row[name] is not None]
