from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from wattbench.meters import Reading
from wattbench.protocol import Protocol, measure

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = Protocol("test", warm_up_seconds=10, warm_up_rounds=2, window_seconds=9, passes=4)


@dataclass
class Simulated:
    """A clock, a meter and a model in one: a round takes 2 s and draws 100 W."""

    now: float = 0.0
    round_seconds: float = 2.0
    watts: float = 100.0
    log: list[tuple[str, int]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    name: str = "nvml"
    kind: str = "measured"

    def clock(self) -> float:
        return self.now

    def facts(self) -> dict[str, Any]:
        return {}

    def start(self, _cpu_seconds: Callable[[], float]) -> SimulatedWindow:
        return SimulatedWindow(self, self.now)

    def answer(self, rounds: int) -> None:
        self.log.append(("answer", rounds))
        self.now += rounds * self.round_seconds

    def count(self) -> dict[str, Any]:
        self.now += 1000  # whatever it costs must not be in any window
        rounds = self.log[-1][1]
        return {
            "queries": 50 * rounds,
            "answered": 50 * rounds,
            "input_tokens": None,
            "output_tokens": None,
            "outputs_sha256": self.digests.pop(0) if self.digests else "0" * 64,
        }

    def grade(self) -> dict[str, Any]:
        self.log.append(("grade", 0))
        self.now += 1000
        return {"quality": {"value": 0.5}}

    def cpu_seconds(self) -> float:
        return self.now


@dataclass
class SimulatedWindow:
    world: Simulated
    started: float

    def stop(self) -> Reading:
        seconds = self.world.now - self.started
        if self.world.readings:
            return self.world.readings.pop(0)
        return Reading(seconds * self.world.watts, seconds)


def run(world: Simulated, protocol: Protocol = SHORT) -> Any:
    return measure(protocol, clock=world.clock, meter=world, model=world)  # type: ignore[arg-type]


def test_a_pass_is_the_smallest_number_of_whole_rounds_that_lasts_the_window() -> None:
    measured = run(Simulated())
    assert [one.rounds for one in measured.passes] == [5, 5, 5, 5]
    assert [one.seconds for one in measured.passes] == [10, 10, 10, 10]
    assert [one.joules for one in measured.passes] == [1000.0] * 4
    assert [one.queries for one in measured.passes] == [250] * 4


def test_a_round_longer_than_the_window_is_a_pass_of_its_own() -> None:
    assert {one.rounds for one in run(Simulated(round_seconds=30)).passes} == {1}


def test_warm_up_lasts_its_time_and_its_rounds() -> None:
    assert run(Simulated()).warm_up == {"rounds": 5, "seconds": 10, "seconds_a_round": 2}
    assert run(Simulated(round_seconds=60)).warm_up["rounds"] == 2


def test_nothing_but_answering_happens_inside_a_window() -> None:
    world = Simulated()
    assert all(one.seconds == 10 for one in run(world).passes)
    assert [what for what, _ in world.log].count("grade") == 1


@pytest.mark.parametrize("joules", [0.0, -5.0, float("nan"), float("inf")])
def test_a_meter_that_reads_nonsense_makes_the_pass_invalid_and_never_zero(joules: float) -> None:
    measured = run(Simulated(readings=[Reading(joules, 10.0)]))
    first, *others = measured.passes
    assert first.joules is None
    assert first.mean_watts is None
    assert first.reason is not None
    assert "no window costs" in first.reason
    assert all(one.joules == 1000 for one in others)


def test_a_reading_that_failed_keeps_its_reason_and_the_other_passes() -> None:
    measured = run(Simulated(readings=[Reading(None, 10.0, "GPU is lost")]))
    assert [one.reason for one in measured.passes] == ["GPU is lost", None, None, None]
    silent = run(Simulated(readings=[Reading(None, 10.0)]))
    assert silent.passes[0].reason is not None


def test_outputs_that_cannot_be_graded_are_a_finding_not_a_crash() -> None:
    class Ungradable(Simulated):
        def grade(self) -> dict[str, Any]:
            raise ValueError("the outputs are all alike")

    measured = run(Ungradable())
    assert measured.quality is None
    assert measured.quality_problem == "the outputs are all alike"
    assert len(measured.passes) == 4


def test_progress_is_told_for_every_pass() -> None:
    told: list[tuple[str, int, int]] = []
    world = Simulated()
    measure(SHORT, clock=world.clock, meter=world, model=world, tell=lambda *step: told.append(step))  # type: ignore[arg-type]
    assert told == [("warm-up", 0, 4), *(("pass", n, 4) for n in range(4)), ("done", 4, 4)]
