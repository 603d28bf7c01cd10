"""The protocol of a run (METHOD section 3): baselines, warm-up to a steady state, whole passes, baselines again.

Pure: clock, sleep, meter, sensors and model are arguments, so that a whole official run can be played through in
milliseconds on simulated time. Nothing is aggregated while measuring; every raw pass is kept, the failed ones with
their reason.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from wattbench import ladder, windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.bench import Bench, Model, Sensors
    from wattbench.runs import Pass, Phase, Rung
    from wattbench.windows import Mark, Windowed


@dataclass(frozen=True, slots=True)
class Protocol:
    """All durations and counts of a run as one value.

    baseline_seconds: each idle baseline, in s; 0 for none.
    warm_up_seconds: at least this long, and at least `warm_up_rounds` rounds; capped at `warm_up_cap_seconds`.
    steady_seconds: two means of power over this long must differ by less than `steady_watts_percent`, and the
        temperature rise by less than `steady_celsius_a_minute`, before anything is measured.
    window_seconds: a pass is the smallest whole number of rounds that lasts this long.
    rung_seconds: how long each batch size of a saturated run's ladder is measured; it ends where the next one gains
        less than `rung_gain_percent`.
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
    rung_seconds: float = 20.0
    rung_gain_percent: float = 2.0

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
    rung_seconds=1.0,
)
MARGIN = 1.05  # a pass a hair faster than the warm-up must not fall below the window
PROTOCOLS = {protocol.name: protocol for protocol in (OFFICIAL, QUICK)}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the protocol yields: the phases, the warm-up, every raw pass, the quality of the last pass's outputs.

    graded: `quality`, `more` and `scores` of the last pass, None where it cannot be graded. marks: pass by pass, when
    each batch began, had its first token and ended. parts: the windows of the public and the private rows alone.
    """

    phases: tuple[Phase, ...]
    warm_up: dict[str, Any]
    passes: tuple[Pass, ...]
    graded: dict[str, Any] | None
    quality_problem: str | None
    ladder: tuple[Rung, ...] = ()
    parts: dict[str, Pass] = field(default_factory=dict)
    marks: tuple[tuple[Mark, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked besides its protocol: passes (the session's number), the ladder, windows of the two parts."""

    passes: int | None = None
    saturated: bool = False
    parts: bool = False
    largest_batch: int = 1024


ONCE = Asked()


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


def measure(protocol: Protocol, bench: Bench, asked: Asked = ONCE) -> Measured:
    """Play a whole run through. Raises MemoryEnded where not even a single query fits."""
    wanted = protocol.passes if asked.passes is None else asked.passes
    phases: list[Phase] = []
    _idle("bare-before", protocol, bench, phases, wanted)
    bench.tell("loading", 0, wanted)
    bench.model.load()
    _idle("context-before", protocol, bench, phases, wanted)
    rungs: tuple[Rung, ...] = ()
    if asked.saturated:
        bench.tell("warm-up", 0, wanted)
        _warm_up("ladder-warm-up", protocol, bench, phases, 1)
        rungs = ladder.climb(protocol, bench, phases, asked.largest_batch)
    batch = ladder.batch_of(rungs, protocol)
    bench.tell("warm-up", 0, wanted)
    warm_up = _warm_up("warm-up", protocol, bench, phases, batch)
    rounds = max(1, math.ceil(MARGIN * protocol.window_seconds / warm_up["seconds_a_round"]))
    measured: list[Windowed] = []
    for number in range(wanted):
        bench.tell("pass", number, wanted)
        one = windows.measure(rounds, bench, batch=batch)
        phases.append(windows.phase(f"pass-{number + 1}", one.opened, one.closed, bench))
        measured.append(one)
        bench.keep(one.one)
    parts = _parts(protocol, bench, phases, rounds, batch) if asked.parts else {}
    graded, problem = _grade(bench.model, -1)
    passes = _grade_each(bench.model, [one.one for one in measured])
    _idle("context-after", protocol, bench, phases, wanted)
    bench.model.unload()
    _idle("bare-after", protocol, bench, phases, wanted)
    bench.tell("done", wanted, wanted)
    marks = tuple(one.marks for one in measured)
    return Measured(tuple(phases), warm_up, tuple(passes), graded, problem, rungs, parts, marks)


def _parts(protocol: Protocol, bench: Bench, phases: list[Phase], rounds: int, batch: int) -> dict[str, Pass]:
    """Measure the public and the private rows alone, each for a window: do they cost the same?"""
    parts: dict[str, Pass] = {}
    for part in ("public", "private"):
        bench.tell(part, 0, 1)
        before = bench.clock()
        bench.model.answer(1, batch, part)
        took = max(bench.clock() - before, 1e-6)
        one = windows.measure(
            max(rounds, math.ceil(MARGIN * protocol.window_seconds / took)), bench, batch=batch, part=part, keep=False
        )
        phases.append(windows.phase(part, one.opened, one.closed, bench))
        parts[part] = one.one
    return parts


def _idle(name: str, protocol: Protocol, bench: Bench, phases: list[Phase], wanted: int) -> None:
    """Wait for a baseline; without a sensor there is nothing to read, and no reason to wait."""
    if protocol.baseline_seconds <= 0 or not bench.sensors.reads:
        return
    bench.tell(name, 0, wanted)
    started = bench.clock()
    bench.sleep(protocol.baseline_seconds)
    phases.append(windows.phase(name, started, bench.clock(), bench))


def _warm_up(name: str, protocol: Protocol, bench: Bench, phases: list[Phase], batch: int) -> dict[str, Any]:
    """Run whole rounds until a steady state or the cap; the fastest round says how long one takes.

    `steady` is None where nothing tells power: then time and rounds alone decide.
    """
    started = bench.clock()
    rounds, fastest = 0, math.inf
    steady: bool | None = False
    while True:
        before = bench.clock()
        bench.model.answer(1, batch, "all")
        now = bench.clock()
        fastest = min(fastest, now - before)
        rounds += 1
        if rounds < protocol.warm_up_rounds or now - started < protocol.warm_up_seconds:
            continue
        steady = _is_steady(protocol, bench.sensors, started, now)
        if steady is not False or now - started >= protocol.warm_up_cap_seconds:
            break
    phases.append(windows.phase(name, started, bench.clock(), bench))
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


def _grade_each(model: Model, passes: list[Pass]) -> list[Pass]:
    """Where passes answered differently, grade every one: how much they differ is a gate's to judge."""
    if len({one.outputs_sha256 for one in passes}) <= 1:
        return passes
    graded = [_grade(model, number)[0] for number in range(len(passes))]
    return [
        one if found is None else one.model_copy(update={"quality": found["quality"]["value"]})
        for one, found in zip(passes, graded, strict=True)
    ]


def _grade(model: Model, number: int) -> tuple[dict[str, Any] | None, str | None]:
    """Grade a pass's outputs, which cost the energy; outputs that cannot be graded are a finding, no crash."""
    try:
        return model.grade(number), None
    except Exception as error:  # noqa: BLE001 - whatever a metric raises on odd outputs
        return None, str(error)
