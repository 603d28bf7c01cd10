"""Windows on simulated time: what the meter would have seen of a waveform, without waiting for it.

The stand-in says what its counter and sensors would show at any time, so a minute's window takes milliseconds.
"""

from __future__ import annotations

import ctypes
import random
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fake_nvml.fixtures import NANOSECONDS, FakeGpu

from wattbench.meters import replay_nvml
from wattbench.meters.nvml_edges import Beat, await_edges
from wattbench.meters.nvml_recording import SETTLED_SECONDS
from wattbench.meters.nvml_sampler import COLUMNS, SAMPLE_SECONDS, due

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_nvml.fixtures import FakeNvml

    from wattbench.meters import Reading

BEGAN = 1000 * NANOSECONDS  # when every waveform begins
UUID = "GPU-fa4e0000-0000-0000-0000-000000000000"
STEP = 0.1
WAKE = (0.00005, 0.0003)  # s: how late a process wakes
READ = 0.00005  # s: what a call of NVML takes, at most, before and after it looks
LATE = 0.003  # s: how late a busy machine is in the mean, when it is
MILLI = 1e-3

# A base load in W, and the waves over it as the state file has them: W, and s of a period and of its high part.
WAVEFORMS: dict[str, tuple[float, dict[str, list[tuple[float, ...]]]]] = {
    "constant": (412.5, {}),
    "stepped": (150, {"square": [(400, 2.37, 1.31)]}),
    "square-10-hz": (150, {"square": [(400, 0.1, 0.05)]}),
    "bursty": (120, {"square": [(330, 0.37, 0.055), (200, 1.13, 0.21)]}),
    "drifting": (250, {"triangle": [(300, 47.0)]}),
}


def gpu_of(waveform: str, began: int = BEGAN, shift: float = 0.0, **settings: object) -> FakeGpu:
    """Make a device that draws a waveform, begun `shift` s earlier, with the sensors published of an H100."""
    base, waves = WAVEFORMS[waveform]
    lines: dict[str, object] = {"sensor_period_nanoseconds": NANOSECONDS // 10, **settings}
    for kind, several in waves.items():
        lines[kind] = [
            " ".join(
                str(round(one))
                for one in (
                    began - shift * NANOSECONDS,
                    period * NANOSECONDS,
                    *(part * NANOSECONDS for part in high),
                    1000 * watts,
                )
            )
            for watts, period, *high in several
        ]
    return FakeGpu(lines, [(began, base)])


@dataclass(frozen=True, slots=True)
class Trial:
    """One window: its reading, the rows that it rests on, and the truth, in J."""

    reading: Reading
    rows: list[dict[str, Any]]
    truth: float

    @property
    def error(self) -> float:
        assert self.reading.joules is not None, self.reading.reason
        return self.reading.joules - self.truth

    @property
    def covered(self) -> bool:
        return bool(abs(self.error) <= self.reading.notes["uncertainty_joules"])


@dataclass
class SimulatedTime:
    """A clock that moves when something sleeps or reads: now and then a busy machine comes late."""

    draw: random.Random
    busy: float  # in which share of the cases
    now: float = 0.0

    def clock(self) -> float:
        self.now += self.draw.uniform(0, 2e-6)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.draw.uniform(*WAKE) + self.late()

    def late(self) -> float:
        return self.draw.expovariate(1 / LATE) if self.draw.random() < self.busy else 0.0


@dataclass
class SimulatedGpu:
    """The counter of the stand-in, read on simulated time; a reading takes some."""

    time: SimulatedTime
    read_at: Callable[[float], tuple[float, float, float]]
    uuid: str = UUID

    def energy(self) -> float:
        self.time.now += self.time.draw.uniform(0, 1) * READ + self.time.late() / 4
        joules = self.read_at(self.time.now)[0]
        self.time.now += self.time.draw.uniform(0, 1) * READ + self.time.late() / 4
        return joules


def trial(nvml: FakeNvml, waveform: str, seconds: float, seed: int, busy: float = 0.0) -> Trial:
    """Measure a waveform over a window of about `seconds`, every phase drawn by `seed`."""
    draw = random.Random(seed)  # noqa: S311 - phases, not secrets
    phases = {f"{one}_phase_nanoseconds": draw.randrange(NANOSECONDS // 10) for one in ("step", "sensor")}
    nvml.gpus = [gpu_of(waveform, shift=draw.uniform(0, 100), **phases)]
    nvml.write()
    library = ctypes.CDLL(str(nvml.library))
    shown = (ctypes.c_double * 3)()

    def read(at: float) -> tuple[float, float, float]:
        library.fakeNvmlReadAt(0, ctypes.c_int64(round(at * NANOSECONDS)), shown)
        counter, instant, average = shown
        return counter * MILLI, instant * MILLI, average * MILLI

    time = SimulatedTime(draw, busy, BEGAN / NANOSECONDS + 3 + draw.uniform(0, STEP))
    gpu: Any = SimulatedGpu(time, read)
    beats: dict[str, Beat] = {}
    for _ in range(draw.randrange(3)):  # some windows have had others before them
        await_edges([gpu], 2, beats, clock=time.clock, sleep=time.sleep)
        time.sleep(draw.uniform(0.2, 1.5))
    ready = time.now
    first, _ = await_edges([gpu], 1, beats, clock=time.clock, sleep=time.sleep)
    opened = first[UUID][-1].at
    time.sleep(max(0.0, opened + seconds + draw.uniform(-0.05, 0.05) - time.now))
    closed = time.clock()
    time.now += time.late()
    last, _ = await_edges([gpu], 2, beats, clock=time.clock, sleep=time.sleep)
    sampling = ready - draw.uniform(1.1, 1.5)
    times, number = [sampling], 1
    # As the meter does: what is there by then, and at least one sample since the window closed.
    while times[-1] < closed or sampling + due(number) * SAMPLE_SECONDS + SETTLED_SECONDS < time.now:
        times.append(sampling + due(number) * SAMPLE_SECONDS + draw.uniform(0, 0.002))
        number += 1
    rows = [dict(zip(COLUMNS, _row(at, *read(at)), strict=True)) for at in times]
    edges = {
        f"{name}_edges": [asdict(edge) for edge in found[UUID]] for name, found in (("first", first), ("last", last))
    }
    notes = {
        **dict(zip(replay_nvml.OF_WINDOW, (opened, closed, opened - 1, times[-1], SAMPLE_SECONDS), strict=True)),
        "gpus": {UUID: {"counter": True, **edges, "failure": None}},
    }
    return Trial(replay_nvml.reading(rows, notes), rows, nvml.true_joules(opened, closed))


def _row(at: float, joules: float, instant: float, average: float) -> list[Any]:
    return [at, UUID, instant, average, None, joules, 0, 50.0, 1980, 2619, 100.0, None]
