"""Windows on simulated time: what the meter would have seen of a waveform, without waiting for it.

The stand-in says what its counter and sensors would show at any time, so a minute's window takes milliseconds.
"""

from __future__ import annotations

import ctypes
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_nvml.fixtures import NANOSECONDS, FakeGpu

from wattbench.meters import replay_nvml
from wattbench.meters.nvml_sampler import COLUMNS, SAMPLE_SECONDS, due

if TYPE_CHECKING:
    from fake_nvml.fixtures import FakeNvml

    from wattbench.meters import Reading

BEGAN = 1000 * NANOSECONDS  # when every waveform begins
UUID = "GPU-fa4e0000-0000-0000-0000-000000000000"
STEP, POLL = 0.1, 0.0011
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


def trial(nvml: FakeNvml, waveform: str, seconds: float, seed: int) -> Trial:
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

    def edges(since: float, wanted: int) -> tuple[list[dict[str, float]], float]:
        """Poll the counter as the meter does, at uneven times."""
        found: list[dict[str, float]] = []
        at = since + draw.uniform(0, POLL)
        seen, last_at, last = at, at, read(at)[0]
        while len(found) < wanted:
            at += POLL * draw.uniform(0.9, 1.3)
            joules = read(at)[0]
            if joules != last:
                half = (at - last_at) / 2
                found.append({"at": at - half, "uncertainty": half, "joules": joules, "before": last, "seen": seen})
                seen = at
            last_at, last = at, joules
        return found, at

    ready = BEGAN / NANOSECONDS + 3 + draw.uniform(0, STEP)
    first, _ = edges(ready, 1)
    opened = first[-1]["at"]
    closed = opened + seconds + draw.uniform(-0.02, 0.02)
    last, done = edges(closed, 2)
    sampling = ready - draw.uniform(0.05, 1.5)
    times, number = [sampling], 1
    while times[-1] < done:
        times.append(sampling + due(number) * SAMPLE_SECONDS + draw.uniform(0, 0.002))
        number += 1
    rows = [dict(zip(COLUMNS, _row(at, *read(at)), strict=True)) for at in times]
    notes = {
        **dict(zip(replay_nvml.OF_WINDOW, (opened, closed, opened - 1, times[-1], SAMPLE_SECONDS), strict=True)),
        "gpus": {UUID: {"counter": True, "first_edges": first, "last_edges": last, "failure": None}},
    }
    return Trial(replay_nvml.reading(rows, notes), rows, nvml.true_joules(opened, closed))


def _row(at: float, joules: float, instant: float, average: float) -> list[Any]:
    return [at, UUID, instant, average, None, joules, 0, 50.0, 1980, 2619, 100.0, None]
