"""What a trace says of a stretch of time: mean power, and how fast it warmed. Pure: rows in, numbers out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattbench.trace import Row

SOURCES = ("instant_watts", "average_watts", "usage_watts")
FEWEST = 2  # samples that a mean or a slope rests on


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sensors of a run that is being recorded; `rows` gives what was sampled from a time on, in s."""

    rows: Callable[[float], Sequence[Row]]
    reads: bool = True

    def mean_watts(self, start: float, end: float) -> float | None:
        """Mean power of all devices between two times, in W; None without samples of every one."""
        return mean_watts(self.rows(start), start, end)

    def celsius_a_minute(self, start: float, end: float) -> float | None:
        """How fast the hottest device warmed, in degrees Celsius a minute; None without samples."""
        return celsius_a_minute(self.rows(start), start, end)


def mean_watts(rows: Sequence[Row], start: float, end: float) -> float | None:
    """Mean power between two times, in W, by trapezoids over the samples inside, summed over the devices."""
    by_device: dict[str, list[tuple[float, float]]] = defaultdict(list)
    devices: set[str] = set()
    for row in rows:
        if start <= row["seconds"] <= end:
            devices.add(row["gpu"])
            watts = next((row[source] for source in SOURCES if row[source] is not None), None)
            if watts is not None:
                by_device[row["gpu"]].append((row["seconds"], watts))
    if not devices or any(len(by_device[device]) < FEWEST for device in devices):
        return None
    return sum(_mean(by_device[device]) for device in sorted(devices))


def _mean(points: Sequence[tuple[float, float]]) -> float:
    joules = sum((t1 - t0) * (w0 + w1) / 2 for (t0, w0), (t1, w1) in pairwise(points))
    seconds = points[-1][0] - points[0][0]
    return joules / seconds if seconds > 0 else fmean(watts for _, watts in points)


def celsius_a_minute(rows: Sequence[Row], start: float, end: float) -> float | None:
    """Least-squares slope of the temperature between two times, of the device that warms fastest."""
    by_device: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if start <= row["seconds"] <= end and row["celsius"] is not None:
            by_device[row["gpu"]].append((row["seconds"], row["celsius"]))
    slopes = [slope for points in by_device.values() if (slope := _slope(points)) is not None]
    return max(slopes, key=abs, default=None)


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    if len(points) < FEWEST:
        return None
    middle, level = fmean(at for at, _ in points), fmean(value for _, value in points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    if spread == 0:
        return None
    return 60 * sum((at - middle) * (value - level) for at, value in points) / spread
