"""Sampled power over a window: curves, their integral, and what is missing. Pure: trace rows in, numbers out."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from math import sqrt
from statistics import pstdev
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = Mapping[str, Any]
    Curve = Sequence[tuple[float, float]]

PowerSource = Literal["instant", "average", "usage"]
SOURCES: tuple[PowerSource, ...] = ("instant", "average", "usage")
# How far back in time a sensor's reading reaches, in s.
REACH_SECONDS: dict[PowerSource, float] = {"instant": 0.1, "average": 1.0, "usage": 1.0}


def curve(rows: Iterable[Row], source: PowerSource) -> list[tuple[float, float]]:
    """List (s, W) of one sensor, wherever it was read."""
    name = f"{source}_watts"
    return [(row["seconds"], row[name]) for row in rows if row[name] is not None]


def integrate(points: Curve, start: float, end: float) -> float | None:
    """Integrate (s, W) from `start` to `end` by trapezoids, in J.

    Between points power is a straight line, outside them it is held. None without points.
    """
    if not points:
        return None
    inside = [(at, watts) for at, watts in points if start < at < end]
    path = [(start, _at(points, start)), *inside, (end, _at(points, end))]
    return sum((t1 - t0) * (w0 + w1) / 2 for (t0, w0), (t1, w1) in pairwise(path))


def _at(points: Curve, at: float) -> float:
    after = bisect_left(points, (at, float("-inf")))
    if after == 0 or after == len(points):
        return points[min(after, len(points) - 1)][1]
    (t0, w0), (t1, w1) = points[after - 1], points[after]
    return w0 + (w1 - w0) * (at - t0) / (t1 - t0)


def uncertainty(integrals: Mapping[PowerSource, float], points: Curve, source: PowerSource, period: float) -> float:
    """Say how far an integral of sampled power may be from the truth, in J.

    Three things: the sensors' disagreement, the scatter of the samples, and what a reading that reaches back in time
    blurs at either end.
    """
    watts = [one for _, one in points]
    disagreement = max(integrals.values()) - min(integrals.values())
    scatter = 2 * pstdev(watts) * period * sqrt(len(watts))
    return disagreement + scatter + (max(watts) - min(watts)) * (REACH_SECONDS[source] + period)


def gaps(times: Iterable[float], start: float, end: float, period: float) -> tuple[int, float]:
    """Count the samples missing between `start` and `end`, and give the longest time without one, in s."""
    marks = [start, *(at for at in times if start < at < end), end]
    lengths = [later - earlier for earlier, later in pairwise(marks)]
    return sum(max(0, round(length / period) - 1) for length in lengths), max(lengths)
