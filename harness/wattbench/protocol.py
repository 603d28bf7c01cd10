"""The protocol of a run (METHOD section 3): baselines, warm-up to a steady state, whole passes, baselines again.

Pure: clock, sleep, meter, sensors and model are arguments, so that a whole official run can be played through in
milliseconds on simulated time. Nothing is aggregated while measuring; every raw pass is kept, the failed ones with
their reason.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from wattbench.runs import Pass, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.bench import Bench, Model, Sensors


@dataclass(frozen=True, slots=True)
class Protocol:
    """All durations and counts of a run as one value.

    baseline_seconds: each idle baseline, in s; 0 for none.
    warm_up_seconds: at least this long, and at least `warm_up_rounds` rounds; capped at `warm_up_cap_seconds`.
    steady_seconds: two means of power over this long must differ by less than `steady_watts_percent`, and the
        temperature rise by less than `steady_celsius_a_minute`, before anything is measured.
    window_seconds: a pass is the smallest whole number of rounds that lasts this long.
    passes: how many; `more_passes` in a session whose reference model has a CV above `reference_cv_percent`.
    """

    name: str
    warm_up_seconds: float
    warm_up_rounds: int
    window_seconds: float
    passes: int
    more_passes: int = 10
    reference_cv_percent: float = 1.0
    baseline_seconds: float = 0.0
    steady_seconds: float = 30.0
    steady_watts_percent: float = 1.0
    steady_celsius_a_minute: float = 1.0
    warm_up_cap_seconds: float = 600.0

    def as_dict(self) -> dict[str, Any]:
        """For the run file."""
        return asdict(self)


OFFICIAL = Protocol(
    "official", warm_up_seconds=60.0, warm_up_rounds=2, window_seconds=60.0, passes=5, baseline_seconds=60.0
)
QUICK = Protocol(
    "quick",
    warm_up_seconds=2.0,
    warm_up_rounds=2,
    window_seconds=3.0,
    passes=5,
    more_passes=5,
    baseline_seconds=1.0,
    steady_seconds=1.0,
    steady_watts_percent=10.0,
    steady_celsius_a_minute=30.0,
    warm_up_cap_seconds=20.0,
)
MARGIN = 1.05  # a pass a hair faster than the warm-up must not fall below the window
PROTOCOLS = {protocol.name: protocol for protocol in (OFFICIAL, QUICK)}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the protocol yields: the phases, the warm-up, every raw pass, the quality of the last pass's outputs."""

    phases: tuple[Phase, ...]
    warm_up: dict[str, Any]
    passes: tuple[Pass, ...]
    quality: dict[str, Any] | None
    quality_problem: str | None


def passes_wanted(protocol: Protocol, reference: Sequence[Pass]) -> int:
    """Decide how many passes a session has, by the spread of its reference model before anything else ran.

    Deciding by the candidate's own spread would spoil its interval: one would stop when it happens to look good.
    """
    energies = [one.joules / one.queries for one in reference if one.joules is not None]
    if len(energies) < max(2, len(reference)):
        return protocol.more_passes
    return (
        protocol.more_passes
        if 100 * stdev(energies) / fmean(energies) > protocol.reference_cv_percent
        else protocol.passes
    )


def measure(protocol: Protocol, bench: Bench, passes: int | None = None) -> Measured:
    """Play a whole run through; `passes` is the session's number, the protocol's own where None."""
    wanted = protocol.passes if passes is None else passes
    phases: list[Phase] = []
    _idle("bare-before", protocol, bench, phases, wanted)
    bench.tell("loading", 0, wanted)
    bench.model.load()
    _idle("context-before", protocol, bench, phases, wanted)
    bench.tell("warm-up", 0, wanted)
    warm_up = _warm_up(protocol, bench, phases)
    rounds = max(1, math.ceil(MARGIN * protocol.window_seconds / warm_up["seconds_a_round"]))
    measured: list[Pass] = []
    for number in range(wanted):
        bench.tell("pass", number, wanted)
        one, opened, closed = _pass(rounds, bench)
        phases.append(_phase(f"pass-{number + 1}", opened, closed, bench))
        measured.append(one)
        bench.keep(one)
    quality, problem = _grade(bench.model, -1)
    measured = _grade_each(bench.model, measured)
    _idle("context-after", protocol, bench, phases, wanted)
    bench.model.unload()
    _idle("bare-after", protocol, bench, phases, wanted)
    bench.tell("done", wanted, wanted)
    return Measured(tuple(phases), warm_up, tuple(measured), quality, problem)


def _idle(name: str, protocol: Protocol, bench: Bench, phases: list[Phase], wanted: int) -> None:
    """Wait for a baseline; without a sensor there is nothing to read, and no reason to wait."""
    if protocol.baseline_seconds <= 0 or not bench.sensors.reads:
        return
    bench.tell(name, 0, wanted)
    started = bench.clock()
    bench.sleep(protocol.baseline_seconds)
    phases.append(_phase(name, started, bench.clock(), bench))


def _phase(name: str, started: float, ended: float, bench: Bench) -> Phase:
    return Phase(
        name=name, started_seconds=started, ended_seconds=ended, mean_watts=bench.sensors.mean_watts(started, ended)
    )


def _warm_up(protocol: Protocol, bench: Bench, phases: list[Phase]) -> dict[str, Any]:
    """Run whole rounds until a steady state or the cap; the fastest round says how long one takes.

    `steady` is None where nothing tells power: then time and rounds alone decide.
    """
    started = bench.clock()
    rounds, fastest = 0, math.inf
    steady: bool | None = False
    while True:
        before = bench.clock()
        bench.model.answer(1)
        now = bench.clock()
        fastest = min(fastest, now - before)
        rounds += 1
        if rounds < protocol.warm_up_rounds or now - started < protocol.warm_up_seconds:
            continue
        steady = _is_steady(protocol, bench.sensors, started, now)
        if steady is not False or now - started >= protocol.warm_up_cap_seconds:
            break
    phases.append(_phase("warm-up", started, bench.clock(), bench))
    return {
        "rounds": rounds,
        "seconds": round(bench.clock() - started, 6),
        "seconds_a_round": round(max(fastest, 1e-6), 6),
        "steady": steady,
    }


def _is_steady(protocol: Protocol, sensors: Sensors, started: float, now: float) -> bool | None:
    """Whether power and temperature have settled; None where no power is sampled at all."""
    if not sensors.reads:
        return None
    half = protocol.steady_seconds
    if now - started < 2 * half:
        return False
    last, before = sensors.mean_watts(now - half, now), sensors.mean_watts(now - 2 * half, now - half)
    if last is None or before is None or before <= 0:
        return False
    rise = sensors.celsius_a_minute(now - 2 * half, now)
    settled = abs(last / before - 1) * 100 < protocol.steady_watts_percent
    return settled and (rise is None or abs(rise) < protocol.steady_celsius_a_minute)


def _pass(rounds: int, bench: Bench) -> tuple[Pass, float, float]:
    """Measure one window of whole rounds, counted after it has closed; the pass, and when it opened and closed."""
    window = bench.meter.start(bench.model.cpu_seconds, bench.model.gpus())
    opened = bench.clock()
    bench.model.answer(rounds)
    closed = bench.clock()
    reading = window.stop()
    counts = bench.model.count()
    joules, reason = reading.joules, reading.reason
    if joules is not None and _energy(joules) is None:
        joules, reason = None, f"the meter read {joules} J, which no window costs"
    if joules is None and reason is None:
        reason = "the meter gave no reading and no reason"
    notes: Mapping[str, Any] = reading.notes
    opened = notes.get("opened_monotonic_seconds", opened)
    closed = notes.get("closed_monotonic_seconds", closed)
    one = Pass(
        kind=bench.meter.kind,
        rounds=rounds,
        queries=counts["queries"],
        answered=counts["answered"],
        seconds=reading.seconds,
        joules=joules,
        reason=reason if joules is None else None,
        counter_joules=_energy(reading.counter_joules),
        sampled_joules=_energy(reading.sampled_joules),
        mean_watts=reading.mean_watts if joules is not None else None,
        samples=reading.samples,
        input_tokens=counts["input_tokens"],
        output_tokens=counts["output_tokens"],
        outputs_sha256=counts["outputs_sha256"],
        opened_seconds=opened,
        closed_seconds=closed,
        notes=dict(notes),
    )
    return one, opened, closed


def _energy(joules: float | None) -> float | None:
    """A figure that can be an energy; anything else a meter says is absent."""
    return joules if joules is not None and math.isfinite(joules) and joules > 0 else None


def _grade_each(model: Model, passes: list[Pass]) -> list[Pass]:
    """Where passes answered differently, grade every one: how much they differ is a gate's to judge."""
    if len({one.outputs_sha256 for one in passes}) <= 1:
        return passes
    graded = [_grade(model, number)[0] for number in range(len(passes))]
    return [
        one if quality is None else one.model_copy(update={"quality": quality["value"]})
        for one, quality in zip(passes, graded, strict=True)
    ]


def _grade(model: Model, number: int) -> tuple[dict[str, Any] | None, str | None]:
    """Grade a pass's outputs, which cost the energy; outputs that cannot be graded are a finding, no crash."""
    try:
        return model.grade(number)["quality"], None
    except Exception as error:  # noqa: BLE001 - whatever a metric raises on odd outputs
        return None, str(error)
