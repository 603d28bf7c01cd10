"""The protocol of a run: warm-up, then whole passes. Pure: clock, meter and model are arguments.

This is its first form: passes of whole rounds after a warm-up. Nothing is aggregated while measuring; every raw
pass is kept, the failed ones with their reason.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

from wattbench.runs import Pass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wattbench.meters import Meter


class Model(Interface):
    """What the protocol needs of a model; `process.Process` is one."""

    def answer(self, rounds: int) -> None:
        """Answer the workload `rounds` times."""
        ...

    def count(self) -> dict[str, Any]:
        """Count and hash the outputs of the last answer."""
        ...

    def grade(self) -> dict[str, Any]:
        """Grade the outputs of the last answer."""
        ...

    def cpu_seconds(self) -> float:
        """CPU seconds used so far, in s."""
        ...


@dataclass(frozen=True, slots=True)
class Protocol:
    """All durations and counts of a run as one value.

    warm_up_seconds: at least this long, and at least `warm_up_rounds` rounds, before anything is measured.
    window_seconds: a pass is the smallest whole number of rounds that lasts this long.
    passes: how many passes.
    """

    name: str
    warm_up_seconds: float
    warm_up_rounds: int
    window_seconds: float
    passes: int

    def as_dict(self) -> dict[str, Any]:
        """For the run file."""
        return asdict(self)


OFFICIAL = Protocol("official", warm_up_seconds=60.0, warm_up_rounds=2, window_seconds=60.0, passes=5)
QUICK = Protocol("quick", warm_up_seconds=2.0, warm_up_rounds=2, window_seconds=3.0, passes=5)
MARGIN = 1.05  # a pass a hair faster than the warm-up must not fall below the window
PROTOCOLS = {protocol.name: protocol for protocol in (OFFICIAL, QUICK)}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the protocol yields: the warm-up, every raw pass, the meter's notes of each, the first pass's quality."""

    warm_up: dict[str, Any]
    passes: tuple[Pass, ...]
    notes: tuple[Mapping[str, Any], ...]
    quality: dict[str, Any] | None
    quality_problem: str | None


def measure(
    protocol: Protocol,
    *,
    clock: Callable[[], float],
    meter: Meter,
    model: Model,
    tell: Callable[[str, int, int], None] = lambda _step, _done, _of: None,
) -> Measured:
    """Warm up, then measure the passes. `tell(step, done, of)` is called as the work goes on."""
    tell("warm-up", 0, protocol.passes)
    warm_up = _warm_up(protocol, clock, model)
    rounds = max(1, math.ceil(MARGIN * protocol.window_seconds / warm_up["seconds_a_round"]))
    passes: list[Pass] = []
    notes: list[Mapping[str, Any]] = []
    quality: dict[str, Any] | None = None
    problem: str | None = None
    for number in range(protocol.passes):
        tell("pass", number, protocol.passes)
        one, noted = _pass(rounds, meter, model)
        passes.append(one)
        notes.append(noted)
        if number == 0:
            try:
                quality = model.grade()["quality"]
            except Exception as error:  # noqa: BLE001 - outputs that cannot be graded are a finding, not a crash
                problem = str(error)
    tell("done", protocol.passes, protocol.passes)
    return Measured(warm_up, tuple(passes), tuple(notes), quality, problem)


def _warm_up(protocol: Protocol, clock: Callable[[], float], model: Model) -> dict[str, Any]:
    """Run whole rounds until time and count are both reached; the fastest round says how long one takes."""
    started = clock()
    rounds, fastest = 0, math.inf
    while rounds < protocol.warm_up_rounds or clock() - started < protocol.warm_up_seconds:
        before = clock()
        model.answer(1)
        fastest = min(fastest, clock() - before)
        rounds += 1
    return {"rounds": rounds, "seconds": round(clock() - started, 6), "seconds_a_round": round(max(fastest, 1e-6), 6)}


def _pass(rounds: int, meter: Meter, model: Model) -> tuple[Pass, Mapping[str, Any]]:
    """Measure one window of whole rounds; the outputs are counted after it has closed."""
    window = meter.start(model.cpu_seconds)
    model.answer(rounds)
    reading = window.stop()
    counts = model.count()
    joules, reason = reading.joules, reading.reason
    if joules is not None and not (math.isfinite(joules) and joules > 0):
        joules, reason = None, f"the meter read {joules} J, which no window costs"
    if joules is None and reason is None:
        reason = "the meter gave no reading and no reason"
    one = Pass(
        kind=meter.kind,
        rounds=rounds,
        queries=counts["queries"],
        answered=counts["answered"],
        seconds=reading.seconds,
        joules=joules,
        reason=reason if joules is None else None,
        counter_joules=reading.counter_joules,
        sampled_joules=reading.sampled_joules,
        mean_watts=reading.mean_watts if joules is not None else None,
        samples=reading.samples,
        input_tokens=counts["input_tokens"],
        output_tokens=counts["output_tokens"],
        outputs_sha256=counts["outputs_sha256"],
    )
    return one, reading.notes
