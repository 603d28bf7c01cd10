"""The protocol on simulated time: whole official runs in milliseconds, and what goes wrong ends in the right gate."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from simulated import BUSY, CONTEXT, IDLE, UUID, World, play

from wattbench.gates import OFFICIAL as LIMITS
from wattbench.gates import QUICK as QUICK_LIMITS
from wattbench.gates import Evidence, judge_drift, judge_run, with_gate
from wattbench.protocol import OFFICIAL, PROTOCOLS, QUICK, passes_wanted
from wattbench.runs import Device, Model, Quality, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from wattbench.protocol import Measured


def verdicts(world: World, measured: Measured, **changes: Any) -> dict[str, str]:
    """Judge a simulated run; the verdict of every gate by its name."""
    evidence = Evidence(
        passes=measured.passes,
        notes=[one.notes for one in measured.passes],
        meter=changes.pop("meter", World().facts()),
        meter_after=world.facts(),
        device=Device(name="H100", uuid=UUID, sku="h100-sxm5-80gb", count=1, fake=False),
        model=Model(
            id="a/b",
            revision="c" * 40,
            base_model=None,
            parameters=1,
            licence=None,
            weights="real",
            weights_sha256={"model.safetensors": "d" * 64},
        ),
        workload=Workload(task="t", version=1, sha256="e" * 64, rows=world.rows_a_round, about=""),
        quality=Quality.model_validate(measured.graded["quality"]) if measured.graded else None,
        weights_verified=True,
        placement=(UUID,),
        warm_up=measured.warm_up,
        phases=measured.phases,
        network="kernel",
        ladder=measured.ladder,
        parts=measured.parts,
        options={"by_length": False},
    )
    return {gate.name: gate.verdict for gate in judge_run(replace(evidence, **changes), LIMITS)}


def test_a_quiet_official_run_passes_every_gate() -> None:
    world = World()
    measured = play(world, OFFICIAL)
    found = verdicts(world, measured)
    assert set(found.values()) == {"pass"}
    # the drift of the reference model is the session's to judge; nothing was generated, cut or hidden here
    assert set(LIMITS.of) - set(found) == {"reference drift", "inputs", "reasoning", "output length", "private rows"}
    assert [one.name for one in measured.phases] == [
        "bare-before",
        "context-before",
        "warm-up",
        *(f"pass-{n}" for n in range(1, 6)),
        "context-after",
        "bare-after",
    ]


def test_baselines_read_the_bare_board_and_the_loaded_model_before_and_after() -> None:
    power = {one.name: one.mean_watts for one in play(World(), OFFICIAL).phases}
    assert power["bare-before"] == power["bare-after"] == pytest.approx(IDLE)
    assert power["context-before"] == power["context-after"] == pytest.approx(CONTEXT)
    assert power["pass-3"] == pytest.approx(BUSY)


def test_a_pass_is_the_smallest_number_of_whole_rounds_that_lasts_the_window() -> None:
    measured = play(World(), OFFICIAL)
    assert {one.rounds for one in measured.passes} == {9}  # 63 s; eight rounds of 7 s would last 56 s
    assert all(one.seconds == pytest.approx(63) for one in measured.passes)
    assert {one.rounds for one in play(World(round_seconds=90), OFFICIAL).passes} == {1}


def test_nothing_but_answering_lies_inside_a_window() -> None:
    world = World()
    measured = play(world, OFFICIAL)
    assert all(one.joules == pytest.approx(63 * BUSY) for one in measured.passes)
    assert world.graded == 1


def test_warm_up_lasts_its_time_where_power_is_steady_from_the_start() -> None:
    warm = play(World(), OFFICIAL).warm_up
    assert warm["steady"] is True
    assert 60 <= warm["seconds"] < 75


def test_warm_up_goes_on_while_power_still_moves() -> None:
    world = World(busy=lambda t: BUSY + 100 * 0.98**t)
    warm = play(world, OFFICIAL).warm_up
    assert warm["steady"] is True
    assert warm["seconds"] > 120


def test_warm_up_goes_on_while_the_temperature_still_rises() -> None:
    began = World().now
    world = World(celsius=lambda t: 40 + min(30.0, (t - began) / 10))
    warm = play(world, OFFICIAL).warm_up
    assert warm["steady"] is True
    assert warm["seconds"] > 150


def test_a_warm_up_that_never_settles_ends_at_the_cap_and_is_flagged() -> None:
    world = World(busy=lambda t: BUSY + t)
    measured = play(world, OFFICIAL)
    assert measured.warm_up["steady"] is False
    assert 600 <= measured.warm_up["seconds"] < 610
    assert verdicts(world, measured)["warm-up"] == "flag"


def test_a_meter_without_sensors_warms_up_by_time_and_waits_for_no_baseline() -> None:
    world = World(reads=False)
    measured = play(world, OFFICIAL)
    assert measured.warm_up["steady"] is None
    assert [one.name for one in measured.phases][:2] == ["warm-up", "pass-1"]
    assert all(one.mean_watts is None for one in measured.phases)


def fault(**changes: Any) -> Callable[[World, int], None]:
    """From the third pass on, set these fields of the world."""

    def happen(world: World, number: int) -> None:
        if number == 2:
            for name, value in changes.items():
                setattr(world, name, value)

    return happen


@pytest.mark.parametrize(
    ("happens", "gate", "verdict"),
    [
        (fault(reasons={"hardware-thermal": 0.2}), "hardware throttling", "fail"),
        (fault(reasons={"power-brake": 0.01}), "hardware throttling", "fail"),
        (fault(reasons={"software-thermal": 0.005}), "software thermal", "flag"),
        (fault(reasons={"software-thermal": 0.05}), "software thermal", "fail"),
        (fault(processes=[4242, 99]), "other processes", "fail"),
        (fault(failure="its energy counter went backwards: it was reset"), "reading", "fail"),
        (fault(failure="GPU is lost"), "reading", "fail"),
        (fault(counter_factor=1.05), "counter and power", "flag"),
        (fault(counter_factor=1.2), "counter and power", "fail"),
        (fault(factor=lambda number: 1 + 0.03 * (number % 2)), "energy spread", "pass"),
        (fault(factor=lambda number: 1 + 0.08 * (number % 2)), "energy spread", "flag"),
        (fault(factor=lambda number: 1 + 0.3 * (number % 2)), "energy spread", "fail"),
        (fault(skip_samples=True), "missing samples", "fail"),
        (fault(answered=lambda queries: queries - 1), "queries", "fail"),
        (fault(busy=lambda _t: 800.0), "mean power", "fail"),
        (fault(busy=lambda _t: 750.0), "mean power", "flag"),
        (fault(busy=lambda _t: 30.0), "above idle", "fail"),
        (fault(limit=500.0), "settings", "fail"),
    ],
)
def test_what_goes_wrong_ends_in_its_gate(happens: Any, gate: str, verdict: str) -> None:
    world = World(at=happens)
    assert verdicts(world, play(world, OFFICIAL))[gate] == verdict


def test_noise_within_the_limit_passes_and_every_raw_pass_is_kept() -> None:
    draw = random.Random(7)  # noqa: S311 - noise, not a secret
    world = World(factor=lambda _number: draw.gauss(1.0, 0.008))
    measured = play(world, OFFICIAL)
    assert verdicts(world, measured)["energy spread"] == "pass"
    assert world.kept == list(measured.passes)
    assert len({one.joules for one in measured.passes}) == 5


def test_a_power_limit_of_ones_own_choosing_fails_even_unchanged() -> None:
    world = World(limit=500.0)
    assert verdicts(world, play(world, OFFICIAL), meter=world.facts())["settings"] == "fail"


def test_a_lost_gpu_makes_the_pass_invalid_and_never_zero() -> None:
    world = World(at=fault(failure="GPU is lost"))
    measured = play(world, OFFICIAL)
    assert [one.joules is None for one in measured.passes] == [False, False, True, True, True]
    assert {one.reason for one in measured.passes if one.joules is None} == {"GPU is lost"}


def test_a_machine_without_sensors_never_passes_for_want_of_evidence() -> None:
    world = World(reads=False)
    found = verdicts(world, play(world, OFFICIAL))
    assert found["warm-up"] == "fail"
    assert found["above idle"] == "fail"


def test_a_network_that_only_settings_close_is_flagged() -> None:
    world = World()
    assert verdicts(world, play(world, OFFICIAL), network="settings")["network"] == "flag"
    assert verdicts(world, play(world, OFFICIAL), network=None)["network"] == "fail"


def test_outputs_that_cannot_be_graded_are_a_finding_not_a_crash() -> None:
    class Ungradable(World):
        def grade(self, _number: int) -> dict[str, Any]:
            raise ValueError("the outputs are all alike")

    world = Ungradable()
    measured = play(world, OFFICIAL)
    assert (measured.graded, measured.quality_problem) == (None, "the outputs are all alike")
    assert verdicts(world, measured)["quality"] == "fail"


def test_passes_that_answer_differently_are_graded_one_by_one() -> None:
    digests = ["0" * 64, "0" * 64, "1" * 64, "0" * 64, "0" * 64]
    world = World(digests=list(digests))
    measured = play(world, OFFICIAL)
    assert [one.quality for one in measured.passes] == [0.9] * 5
    assert world.graded == 6
    qualities = [one.quality for one in measured.passes if one.quality is not None]
    assert verdicts(world, measured, pass_qualities=qualities)["outputs"] == "flag"
    assert verdicts(world, measured, pass_qualities=[0.9, 0.9, 0.2, 0.9, 0.9])["outputs"] == "fail"
    assert verdicts(world, measured)["outputs"] == "fail"


def test_the_reference_decides_how_many_passes_before_the_model_is_measured() -> None:
    calm = play(World(), OFFICIAL).passes
    assert passes_wanted(OFFICIAL, calm) == 5
    restless = play(World(factor=lambda number: 1 + 0.03 * (number % 2)), OFFICIAL).passes
    assert passes_wanted(OFFICIAL, restless) == 10
    assert len(play(World(), OFFICIAL, passes=10).passes) == 10
    broken = play(World(at=fault(failure="GPU is lost")), OFFICIAL).passes
    assert passes_wanted(OFFICIAL, broken) == 10


@pytest.mark.parametrize(("drift", "verdict"), [(0.0, "pass"), (0.019, "pass"), (0.021, "fail"), (-0.03, "fail")])
def test_a_session_whose_reference_drifts_fails(drift: float, verdict: str) -> None:
    before = play(World(), OFFICIAL).passes
    after = play(World(factor=lambda _number: 1 + drift), OFFICIAL).passes
    assert judge_drift(before, after, LIMITS).verdict == verdict


def test_a_reference_without_a_reading_fails_the_session() -> None:
    before = play(World(), OFFICIAL).passes
    after = play(World(at=fault(failure="GPU is lost")), OFFICIAL).passes
    assert judge_drift(before, after, LIMITS).verdict == "fail"
    assert judge_drift((), after, LIMITS).verdict == "fail"


def test_the_sessions_gate_takes_its_place_once() -> None:
    before = play(World(), OFFICIAL).passes
    drift = judge_drift(before, before, LIMITS)
    gates = with_gate(with_gate((), drift, LIMITS), drift, LIMITS)
    assert [gate.name for gate in gates] == ["reference drift"]


@pytest.mark.parametrize("joules", [0.0, -5.0, float("nan"), float("inf")])
def test_a_meter_that_reads_nonsense_makes_the_pass_invalid(joules: float) -> None:
    world = World(factor=lambda number: joules / (63 * BUSY) if number == 1 else 1.0)
    measured = play(world, OFFICIAL)
    assert measured.passes[0].joules is None
    assert "no window costs" in str(measured.passes[0].reason)
    assert all(one.joules for one in measured.passes[1:])


def test_presets_are_named_and_quick_has_limits_of_its_own() -> None:
    assert PROTOCOLS == {"official": OFFICIAL, "quick": QUICK}
    assert {LIMITS.protocol, QUICK_LIMITS.protocol} == set(PROTOCOLS)
    assert set(LIMITS.of) == set(QUICK_LIMITS.of)
    assert (OFFICIAL.window_seconds, OFFICIAL.passes, OFFICIAL.more_passes, OFFICIAL.warm_up_cap_seconds) == (
        60,
        5,
        10,
        600,
    )


def test_progress_is_told_for_every_step() -> None:
    world = World()
    play(world, OFFICIAL)
    assert [step for step, _, _ in world.told] == [
        "bare-before",
        "loading",
        "context-before",
        "warm-up",
        *["pass"] * 5,
        "context-after",
        "bare-after",
        "done",
    ]
