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


@dataclass(frozen=True, slots=True)
class _Step:
    """How long a step of the counter lasts, in s, +- a doubt."""

    seconds: float
    doubt: float

    def place(self, at: float, edge: Edge) -> float | None:
        """Say how many steps after an edge a time lies; None so near to a step that it may lie on either side."""
        place = (at - edge.at) / self.seconds
        doubt = SLACK_SECONDS + edge.uncertainty + abs(place) * self.doubt
        return place if abs(place - round(place)) * self.seconds > doubt else None


def count(rows: Sequence[Row], first: Sequence[Edge], last: Sequence[Edge], opened: float, closed: float) -> Counted:
    """Count what one GPU used between `opened` and `closed`: its rows, the edges at either end, in their order."""
    read = [(row["seconds"], row["counter_joules"]) for row in rows if row["counter_joules"] is not None]
    begun = first[0].at + first[0].uncertainty + SLACK_SECONDS
    ended = last[-1].at - last[-1].uncertainty - SLACK_SECONDS
    told = [joules for at, joules in read if begun < at < ended]
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


def _step(first: Sequence[Edge], last: Sequence[Edge]) -> _Step:
    """Tell how long a step lasts: from two edges in a row, and better so over the whole of a short window."""
    pairs = [(a.uncertainty + b.uncertainty, b.at - a.at) for a, b in (*pairwise(last), *pairwise(first))]
    doubt, step = min(pairs, default=(0.0, STEP_SECONDS))
    whole = last[0].at - first[-1].at
    steps = round(whole / step)
    sure = steps >= 1 and steps * doubt < step / 4 and abs(whole - steps * step) < step / 4
    return _Step(whole / steps, (first[-1].uncertainty + last[0].uncertainty) / steps) if sure else _Step(step, doubt)


def _on_beat(edges: Sequence[Edge], step: _Step) -> list[Edge]:
    """Place edges that were seen late by the one that was seen best, as steps come at even times."""
    best = min(range(len(edges)), key=lambda number: edges[number].uncertainty)
    placed = []
    for number, edge in enumerate(edges):
        between = number - best  # at least: a step that nobody saw may lie between two edges
        apart = round((edge.at - edges[best].at) / step.seconds)
        steps = apart if abs(apart) >= abs(between) else between
        at, doubt = edges[best].at + steps * step.seconds, edges[best].uncertainty + abs(steps) * step.doubt
        late = edge.uncertainty > doubt and abs(at - edge.at) <= edge.uncertainty + doubt
        placed.append(replace(edge, at=at, uncertainty=doubt) if late else edge)
    return placed


def _head(
    rows: Sequence[Row], read: Sequence[tuple[float, float]], edge: Edge, end: Edge, opened: float, step: _Step
) -> tuple[float, float]:
    """Work out what lies between the last edge before the window and its opening, in J, and its uncertainty."""
    places = ((step.place(at, edge), joules) for at, joules in read)
    after = ((math.floor(place), joules) for place, joules in places if place is not None and place > 1)
    steps, joules = next(after, (max(1, round((end.at - edge.at) / step.seconds)), end.joules))
    watts = max(0.0, joules - edge.joules) / (steps * step.seconds)
    seconds = max(0.0, opened - edge.at)
    bounds = _power_near(rows, edge, step).around(watts)
    timing = edge.uncertainty + seconds / step.seconds * step.doubt
    return (opened - edge.at) * watts, _stray(watts, seconds, step.seconds, bounds) + timing * watts


def _tail(
    rows: Sequence[Row], read: Sequence[tuple[float, float]], edges: Sequence[Edge], closed: float, step: _Step
) -> tuple[float, float]:
    """Work out what lies between the closing of the window and the first edge after it, in J, and its uncertainty.

    The tail is a part of the last step's energy, so it errs with the time of the edge, and with the step's length too.
    """
    edge = edges[0]
    steps = max(1, math.ceil((edge.at - edge.seen - edge.uncertainty - step.doubt) / step.seconds))
    length = steps * step.seconds
    begun = edge.at - length
    level = (edge.joules - edge.before) / length
    places = ((step.place(at, edge), joules) for at, joules in reversed(read))
    before = ((math.floor(-place) + 1 - steps, joules) for place, joules in places if place is not None)
    earlier = next((max(0.0, edge.before - joules) / (n * step.seconds) for n, joules in before if n >= 1), level)
    later = level
    if len(edges) > 1:
        apart = max(1, round((edges[1].at - edge.at) / step.seconds)) * step.seconds
        later = (edges[1].joules - edge.joules) / apart
    seconds = min(edge.at - closed, length)
    tail = _share(earlier, level, later, seconds, length)
    # The counter was first read so late after the window's end that a step had gone by in between.
    tail += max(0.0, begun - closed) * earlier
    bounds = _power_near(rows, edge, step).around(level)
    timing = edge.uncertainty + max(0.0, edge.at - closed) / step.seconds * step.doubt
    likely = max(earlier, level, later)
    return tail, _stray(level, max(0.0, seconds), length, bounds) + timing * likely


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


def _power_near(rows: Sequence[Row], edge: Edge, step: _Step) -> _Range:
    """Find the range of power near an edge, by the counter's steps and the sensor, in W."""
    near = [row for row in rows if abs(row["seconds"] - edge.at) <= NEAR_SECONDS]
    sensed = next(
        (seen for source in ("instant_watts", "average_watts", "usage_watts") if (seen := _column(near, source))), []
    )
    places = ((step.place(row["seconds"], edge), row["counter_joules"]) for row in near)
    counted = [(math.floor(place), joules) for place, joules in places if joules is not None and place is not None]
    levels = [(j1 - j0) / ((n1 - n0) * step.seconds) for (n0, j0), (n1, j1) in pairwise(counted) if n1 > n0]
    if not levels or not sensed:
        return _Range(0.0, SHORTEST * max([*levels, *sensed], default=0.0))
    mean = (counted[-1][1] - counted[0][1]) / ((counted[-1][0] - counted[0][0]) * step.seconds)
    apart = UNSEEN * abs(fmean(sensed) - mean)
    return _Range(max(0.0, min(*levels, *sensed) - apart), max(*levels, *sensed) + apart)


def _column(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row[name] is not None]
