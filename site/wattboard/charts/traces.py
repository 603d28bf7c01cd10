"""What a trace tells, as plain values: curves, stretches, alarms, means. Pure.

Seconds count from the trace's beginning. Watts are of the instant sensor where there is one, else of the average.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from wattbench.meters.nvml_device import EVENT_REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wattbench.runs import Run
    from wattbench.trace import Row

Point = tuple[float, float]  # seconds, value

# What holds clocks back for the hardware's sake, so that a run was not the model's doing (METHOD section 3).
THROTTLING = {"hardware-slowdown", "software-thermal", "hardware-thermal", "power-brake"}
POWER = ("instant_watts", "average_watts", "usage_watts")
COLUMNS = (*POWER, "celsius", "sm_mhz", "memory_mhz")
LATE = 1.5  # periods from one sample to the next, from which on at least one is missing
PERIOD_SECONDS = 0.1  # of the sampler, where a trace is too short to show its own


@dataclass(frozen=True, slots=True)
class Stretch:
    """A named part of a run; `watts` is its mean. `number` counts passes, `failed` says why one has no energy."""

    name: str
    start: float
    end: float
    watts: float | None
    number: int | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """A part of a run in which a GPU's clocks were held back, or in which `missing` of its samples are."""

    start: float
    end: float
    gpu: int
    why: str
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A run over time: its length, the GPUs' UUIDs, curves by (index of the GPU, column), stretches and alarms."""

    seconds: float
    gpus: tuple[str, ...]
    samples: int
    period: float
    curves: Mapping[tuple[int, str], tuple[Point, ...]]
    stretches: tuple[Stretch, ...]
    alarms: tuple[Alarm, ...]

    @property
    def passes(self) -> tuple[Stretch, ...]:
        """The measured windows."""
        return tuple(one for one in self.stretches if one.number is not None)


def tell(run: Run, rows: Sequence[Row]) -> Told:
    """Read what a trace tells of its run. Needs at least one row."""
    rows = sorted(rows, key=lambda row: row["seconds"])
    begun, ended = _ends(run, rows)
    gpus = tuple(sorted({row["gpu"] for row in rows}))
    by_gpu = [[row for row in rows if row["gpu"] == gpu] for gpu in gpus]
    steps = [b["seconds"] - a["seconds"] for own in by_gpu for a, b in pairwise(own)]
    period = median(steps) if steps else PERIOD_SECONDS
    curves = {}
    alarms: list[Alarm] = []
    for index, own in enumerate(by_gpu):
        for column in COLUMNS:
            points = tuple((row["seconds"] - begun, float(row[column])) for row in own if row[column] is not None)
            if points:
                curves[index, column] = points
        alarms += _throttled(own, begun, period, index)
        # A GPU that stopped answering has rows without power: those samples are missing too, to the very last.
        seen = [row for row in own if any(row[column] is not None for column in POWER)]
        marks = dict.fromkeys(row["seconds"] - begun for row in (own[0], *seen, own[-1]))
        alarms += _missing(list(marks), period, index)
    return Told(
        seconds=ended - begun,
        gpus=gpus,
        samples=len(rows),
        period=period,
        curves=curves,
        stretches=_stretches(run, begun),
        alarms=tuple(sorted(alarms, key=lambda one: (one.start, one.gpu, one.why))),
    )


def power(told: Told) -> list[Point]:
    """Give the power of all GPUs together, in W, at the times of the first; each other one's last reading counts."""
    each = [points for index in range(len(told.gpus)) if (points := _watts(told, index))]
    if len(each) < len(told.gpus) or not each:
        return []
    times = [[at for at, _ in points] for points in each[1:]]
    return [
        (at, watts + sum(one[max(0, bisect_right(own, at) - 1)][1] for one, own in zip(each[1:], times, strict=True)))
        for at, watts in each[0]
    ]


def notes(told: Told) -> tuple[str, ...]:
    """Say every kind of alarm once, with how much of it there was."""
    said = []
    for why in dict.fromkeys(one.why for one in told.alarms):
        own = [one for one in told.alarms if one.why == why]
        gpus = sorted({one.gpu for one in own})
        seconds = max(sum(one.end - one.start for one in own if one.gpu == gpu) for gpu in gpus)
        missing = max(sum(one.missing for one in own if one.gpu == gpu) for gpu in gpus)
        where = f" on GPU {gpus[0]}" if len(told.gpus) > 1 else ""
        most = ""
        if len(gpus) > 1:
            most, where = "up to ", f" on each of {len(gpus)} GPUs"
        said.append(f"{most}{missing} {why}{where}" if missing else f"{why}, {most}{seconds:.1f} s{where}")
    return tuple(said)


def mean(points: Sequence[Point]) -> float | None:
    """Give the mean over time by trapezoids; None without points."""
    if not points:
        return None
    seconds = points[-1][0] - points[0][0]
    if seconds <= 0:
        return points[0][1]
    return sum((t1 - t0) * (v0 + v1) / 2 for (t0, v0), (t1, v1) in pairwise(points)) / seconds


def levels(points: Iterable[Point], seconds: float, columns: int) -> list[float | None]:
    """Give the mean of each of `columns` equal parts of the time; None where a part has no point."""
    cells: list[list[float]] = [[] for _ in range(columns)]
    for at, value in points:
        cells[min(columns - 1, max(0, int(columns * at / seconds)))].append(value)
    return [sum(cell) / len(cell) if cell else None for cell in cells]


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """Keep at most `most` points: of each part of the time its lowest and its highest, in their order."""
    if len(points) <= most:
        return list(points)
    begun, seconds = points[0][0], points[-1][0] - points[0][0]
    parts = most // 2
    kept: dict[int, tuple[Point, Point]] = {}
    for point in points:
        part = min(parts - 1, int(parts * (point[0] - begun) / seconds))
        low, high = kept.get(part, (point, point))
        kept[part] = (min(low, point, key=lambda one: one[1]), max(high, point, key=lambda one: one[1]))
    return [point for part in sorted(kept) for point in sorted(set(kept[part]))]


def unbroken(points: Sequence[Point], longest: float) -> list[list[Point]]:
    """Cut a curve wherever more than `longest` s lie between two points: what was not seen is not drawn."""
    pieces: list[list[Point]] = []
    for point in points:
        if not pieces or point[0] - pieces[-1][-1][0] > longest:
            pieces.append([])
        pieces[-1].append(point)
    return pieces


def _ends(run: Run, rows: Sequence[Row]) -> tuple[float, float]:
    times = [rows[0]["seconds"], rows[-1]["seconds"]]
    times += [at for one in run.phases for at in (one.started_seconds, one.ended_seconds)]
    times += [at for one in run.passes for at in (one.opened_seconds, one.closed_seconds) if at is not None]
    return min(times), max(*times, min(times) + PERIOD_SECONDS)


def _stretches(run: Run, begun: float) -> tuple[Stretch, ...]:
    """List phases and passes in the order of time. A pass is its window, as the meter opened and closed it."""
    named = {one.name: one for one in run.phases}
    found = []
    for number, one in enumerate(run.passes, 1):
        phase = named.pop(f"pass-{number}", None)
        start, end, watts = one.opened_seconds, one.closed_seconds, one.mean_watts
        if phase is not None and (start is None or end is None):
            start, end = phase.started_seconds, phase.ended_seconds
        if phase is not None and watts is None:
            watts = phase.mean_watts
        if start is not None and end is not None:
            found.append(Stretch(f"pass-{number}", start - begun, end - begun, watts, number, one.reason))
    found += [
        Stretch(name, one.started_seconds - begun, one.ended_seconds - begun, one.mean_watts)
        for name, one in named.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def _throttled(rows: Sequence[Row], begun: float, period: float, gpu: int) -> list[Alarm]:
    """Join the samples in which the hardware held clocks back into stretches, one a set of reasons."""
    found: list[Alarm] = []
    for row in rows:
        bits = row["event_reasons"] or 0
        reasons = [reason for bit, reason in EVENT_REASONS.items() if bits & bit and reason in THROTTLING]
        if not reasons:
            continue
        at, why = row["seconds"] - begun, f"clocks held back: {', '.join(reasons)}"
        if found and found[-1].why == why and at - found[-1].end <= LATE * period:
            found[-1] = Alarm(found[-1].start, at + period, gpu, why)
        else:
            found.append(Alarm(at, at + period, gpu, why))
    return found


def _missing(times: Sequence[float], period: float, gpu: int) -> list[Alarm]:
    return [
        Alarm(earlier, later, gpu, "samples missing", count)
        for earlier, later in pairwise(times)
        if later - earlier > LATE * period and (count := max(1, round((later - earlier) / period) - 1))
    ]


def _watts(told: Told, index: int) -> tuple[Point, ...]:
    return next((told.curves[index, column] for column in POWER if (index, column) in told.curves), ())
