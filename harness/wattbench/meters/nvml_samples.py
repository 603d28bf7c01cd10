"""What GPUs say over time: samples from a thread of their own, edges of the energy counter, and integration.

Times are seconds of the monotonic clock.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from wattbench.meters.nvml_device import DeviceFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattbench.meters.nvml_device import Gpu, Power

SAMPLE_SECONDS = 0.1
EDGE_TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 0.001
EDGE_TRIES = 3
PROCESSES_EVERY = 10  # samples: a list of processes costs more than all the rest of a sample

PowerSource = Literal["instant", "average", "usage"]
SOURCES: tuple[PowerSource, ...] = ("instant", "average", "usage")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one GPU said at one time: W, J of the counter, bits of event reasons, degrees Celsius, process ids."""

    at: float
    power: Power
    joules: float | None
    reasons: int | None
    celsius: float | None
    processes: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A step of the energy counter: it showed `joules` from `at` on, known to within +- `uncertainty` s."""

    at: float
    joules: float
    uncertainty: float


class Sampler:
    """Samples some GPUs at 10 Hz from its own thread, from `start` to `stop`."""

    def __init__(self, gpus: Sequence[Gpu], period: float = SAMPLE_SECONDS) -> None:
        """Prepare to sample; nothing is read yet."""
        self.gpus = gpus
        self.period = period
        self.failures: dict[str, str] = {}  # by UUID: how a GPU first failed
        self._samples: dict[str, list[Sample]] = {gpu.uuid: [] for gpu in gpus}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wattbench-nvml-sampler", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def now(self, *, processes: bool = True) -> None:
        """Take one sample of every GPU now, from whichever thread asks."""
        for gpu in self.gpus:
            try:
                self._samples[gpu.uuid].append(_sample(gpu, processes=processes))
            except DeviceFailed as failure:
                self.failures.setdefault(gpu.uuid, str(failure))

    def samples(self, gpu: Gpu) -> list[Sample]:
        """List what a GPU said so far, in the order of time."""
        return sorted(self._samples[gpu.uuid], key=lambda sample: sample.at)

    def _run(self) -> None:
        due, count = time.monotonic(), 0
        while not self._stopped.wait(max(0.0, due - time.monotonic())):
            self.now(processes=count % PROCESSES_EVERY == 0)
            count += 1
            # Late by more than a period: those samples are missing, and are counted so; none is made up for.
            due = max(due + self.period, time.monotonic())


def _sample(gpu: Gpu, *, processes: bool) -> Sample:
    before = time.monotonic()
    power = gpu.power()
    at = (before + time.monotonic()) / 2
    listed = gpu.processes() if processes else None
    return Sample(at, power, gpu.energy(), gpu.event_reasons(), gpu.celsius(), listed)


def await_edges(gpus: Iterable[Gpu], timeout: float = EDGE_TIMEOUT_SECONDS) -> dict[str, Edge | str]:
    """Wait for a step of every GPU's energy counter; by UUID, an Edge or the reason why there is none."""
    watches = {gpu.uuid: _Watch(gpu) for gpu in gpus}
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        waiting = [watch for watch in watches.values() if not watch.poll()]
        if not waiting:
            break
        time.sleep(POLL_SECONDS)
    return {uuid: watch.result(timeout) for uuid, watch in watches.items()}


class _Watch:
    """Polls one counter. An edge lies between the last read that was old and the first that was new."""

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu
        self.last: float | None = None
        self.last_began = 0.0
        self.quickest = float("inf")  # s: the quickest read so far
        self.edges: list[Edge] = []
        self.failure: str | None = None

    def poll(self) -> bool:
        """Read once; True when an edge is known as tightly as this driver allows, or no more can be hoped for."""
        if self.failure is not None or self._is_done():
            return True
        began = time.monotonic()
        try:
            joules = self.gpu.energy()
        except DeviceFailed as failure:
            self.failure = str(failure)
            return True
        ended = time.monotonic()
        self.quickest = min(self.quickest, ended - began)
        if joules is None:
            self.failure = "its energy counter stopped being supported"
        elif self.last is not None and joules != self.last:
            middle, half = (self.last_began + ended) / 2, (ended - self.last_began) / 2
            self.edges.append(Edge(middle, joules, half))
        self.last, self.last_began = joules, began
        return self._is_done()

    def result(self, timeout: float) -> Edge | str:
        """Give the tightest edge, or why there is none."""
        if self.failure is not None:
            return self.failure
        if not self.edges:
            return f"its energy counter did not advance within {timeout:g} s"
        return min(self.edges, key=lambda edge: edge.uncertainty)

    def _is_done(self) -> bool:
        # A busy machine may have kept us from polling around an edge: then the next edge is worth waiting for.
        tight = POLL_SECONDS + 1.5 * self.quickest
        return len(self.edges) >= EDGE_TRIES or any(edge.uncertainty <= tight for edge in self.edges)


def curve(samples: Iterable[Sample], source: PowerSource) -> list[tuple[float, float]]:
    """List (s, W) of one sensor, wherever it was read."""
    points = ((sample.at, getattr(sample.power, source)) for sample in samples)
    return [(at, watts) for at, watts in points if watts is not None]


def integrate(points: Sequence[tuple[float, float]], start: float, end: float) -> float | None:
    """Integrate (s, W) from `start` to `end` by trapezoids, in J.

    Between points power is a straight line, outside them it is held. None without points.
    """
    if not points:
        return None
    inside = [(at, watts) for at, watts in points if start < at < end]
    path = [(start, _at(points, start)), *inside, (end, _at(points, end))]
    return sum((t1 - t0) * (w0 + w1) / 2 for (t0, w0), (t1, w1) in pairwise(path))


def _at(points: Sequence[tuple[float, float]], at: float) -> float:
    after = bisect_left(points, (at, float("-inf")))
    if after == 0 or after == len(points):
        return points[min(after, len(points) - 1)][1]
    (t0, w0), (t1, w1) = points[after - 1], points[after]
    return w0 + (w1 - w0) * (at - t0) / (t1 - t0)


def gaps(times: Iterable[float], start: float, end: float, period: float) -> tuple[int, float]:
    """Count the samples missing between `start` and `end`, and give the longest time without one, in s."""
    marks = [start, *(at for at in times if start < at < end), end]
    lengths = [later - earlier for earlier, later in pairwise(marks)]
    return sum(max(0, round(length / period) - 1) for length in lengths), max(lengths)
