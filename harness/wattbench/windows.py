"""One window: whole rounds under the meter, counted after it has closed. Pure: everything is given by the bench."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.runs import Pass, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattbench.bench import Bench

Mark = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Windowed:
    """A measured window, when it opened and closed, and the marks of its batches: began, first token, ended."""

    one: Pass
    opened: float
    closed: float
    marks: tuple[Mark, ...]


def measure(rounds: int, bench: Bench, *, batch: int = 1, part: str = "all", keep: bool = True) -> Windowed:
    """Measure one window of whole rounds. Raises MemoryEnded where a batch does not fit."""
    window = bench.meter.start(bench.model.cpu_seconds, bench.model.gpus())
    opened = bench.clock()
    try:
        bench.model.answer(rounds, batch, part)
        closed = bench.clock()
    finally:
        reading = window.stop()
    counts = bench.model.count(keep=keep)
    joules, reason = reading.joules, reading.reason
    if joules is not None and energy(joules) is None:
        joules, reason = None, f"the meter read {joules} J, which no window costs"
    if joules is None and reason is None:
        reason = "the meter gave no reading and no reason"
    notes: Mapping[str, Any] = reading.notes
    opened = notes.get("opened_monotonic_seconds", opened)
    closed = notes.get("closed_monotonic_seconds", closed)
    split = {name: counts[name] for name in ("prefill_cpu_seconds", "decode_cpu_seconds") if counts.get(name)}
    one = Pass(
        kind=bench.meter.kind,
        rounds=rounds,
        queries=counts["queries"],
        answered=counts["answered"],
        seconds=reading.seconds,
        joules=joules,
        reason=reason if joules is None else None,
        counter_joules=energy(reading.counter_joules),
        sampled_joules=energy(reading.sampled_joules),
        mean_watts=reading.mean_watts if joules is not None else None,
        samples=reading.samples,
        input_tokens=counts["input_tokens"],
        output_tokens=counts["output_tokens"],
        outputs_sha256=counts["outputs_sha256"],
        batch=batch,
        opened_seconds=opened,
        closed_seconds=closed,
        notes={**notes, **split},
        **{name: counts.get(name) for name in COUNTED},
    )
    return Windowed(one, opened, closed, tuple(tuple(mark) for mark in counts.get("marks", ())))


COUNTED = (
    "input_bytes",
    "output_bytes",
    "output_characters",
    "capped",
    "truncated",
    "distinct",
    "echoed",
    "audio_seconds",
    "latency_p50_seconds",
    "latency_p95_seconds",
    "prefill_seconds",
    "decode_seconds",
)


def energy(joules: float | None) -> float | None:
    """Give a figure that can be an energy; anything else a meter says is absent."""
    return joules if joules is not None and math.isfinite(joules) and joules > 0 else None


def phase(name: str, started: float, ended: float, bench: Bench) -> Phase:
    """Give a stretch of the run with its mean power, where power is sampled."""
    watts = bench.sensors.mean_watts(started, ended)
    return Phase(name=name, started_seconds=started, ended_seconds=ended, mean_watts=watts)
