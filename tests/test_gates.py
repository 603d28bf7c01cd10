"""The gates: METHOD's limits, and that nothing passes for want of evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from wattbench.gates import OFFICIAL, QUICK, Evidence, Limits, judge_run, judge_window
from wattbench.meters import Reading
from wattbench.runs import Device, Gate, Model, Pass, Phase, Quality, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

UUID = "GPU-12345678-0000-0000-0000-000000000000"
HASH, OTHER_HASH = "a" * 64, "b" * 64

MODEL = Model(
    id="a/b",
    revision="c" * 40,
    base_model=None,
    parameters=1,
    licence=None,
    weights="real",
    weights_sha256={"model.safetensors": HASH},
)


def facts(**changes: Any) -> dict[str, Any]:
    gpu = {
        "uuid": UUID,
        "counter": True,
        "power_limit_watts": 700.0,
        "default_power_limit_watts": 700.0,
        "mig": False,
        "processes_before": [],
    }
    return {"name": "nvml", "kind": "measured", "fake": False, "gpus": [gpu | changes]}


def notes(joules: float | None = 18_000.0, **changes: Any) -> dict[str, Any]:
    gpu: dict[str, Any] = {
        "joules": joules,
        "counter_joules": joules,
        "sampled_joules": joules,
        "missing_samples": 0,
        "longest_gap_seconds": 0.1,
        "event_reasons": {"power-cap": 1.0},
        "processes": [11],
    }
    return {"sample_seconds": 0.1, "gpus": {UUID: gpu | changes}}


def reading(joules: float | None = 18_000.0, seconds: float = 60.0, **changes: Any) -> Reading:
    reason = None if joules else "it failed"
    return Reading(joules, seconds, reason, joules, joules, 600, notes(joules, **changes))


def one_pass(joules: float | None = 18_000.0, **changes: Any) -> Pass:
    whole = Pass(
        kind="measured",
        rounds=2,
        queries=200,
        answered=200,
        seconds=60.0,
        joules=joules,
        reason=None if joules else "it failed",
        counter_joules=joules,
        sampled_joules=joules,
        mean_watts=300.0,
        samples=600,
        input_tokens=1000,
        output_tokens=500,
        outputs_sha256=HASH,
        distinct=90,
        echoed=0,
    )
    return whole.model_copy(update=changes)


def evidence(*passes: Pass) -> Evidence:
    kept = passes or (one_pass(),) * 5
    return Evidence(
        passes=kept,
        notes=[notes(one.joules) for one in kept],
        meter=facts(),
        device=Device(name="a GPU", uuid=UUID, sku="a-gpu", count=1, fake=False),
        model=MODEL,
        workload=Workload(task="t", version=1, sha256=HASH, rows=100, about=""),
        quality=Quality(metric="accuracy", value=0.9, low=0.88, high=0.92, n=100, higher_is_better=True),
        weights_verified=True,
        placement=(UUID,),
        warm_up={"seconds": 61.0, "steady": True},
        phases=(Phase(name="bare-before", started_seconds=0.0, ended_seconds=60.0, mean_watts=70.0),),
        meter_after=facts(),
        network="kernel",
        options={"by_length": False},
    )


def gate(gates: tuple[Gate, ...], name: str) -> Gate:
    (found,) = (one for one in gates if one.name == name)
    return found


def of_window(name: str, one: Reading, about: dict[str, Any] | None = None, limits: Limits = OFFICIAL) -> Gate:
    return gate(judge_window(one, about or facts(), limits), name)


# the session's to judge; and nothing was generated, cut or hidden here
NOT_HERE = {"reference drift", "inputs", "reasoning", "output length", "private rows"}


def test_a_good_run_passes_every_gate_in_the_order_of_the_table() -> None:
    gates = judge_run(evidence())
    assert [one.name for one in gates] == [name for name in OFFICIAL.of if name not in NOT_HERE]
    assert {one.verdict for one in gates} == {"pass"}


def test_every_gate_says_value_limit_and_why_to_people() -> None:
    one = of_window("counter and power", reading(sampled_joules=18_234.0))
    assert (one.value, one.limit, one.verdict) == ("1.3 %", "<= 2 %", "pass")
    assert all(one.why for one in judge_run(evidence()))


@pytest.mark.parametrize(
    ("limits", "seconds", "verdict"),
    [
        (OFFICIAL, 60, "pass"),
        (OFFICIAL, 59.9, "flag"),
        (OFFICIAL, 30, "flag"),
        (OFFICIAL, 29.9, "fail"),
        (QUICK, 2, "pass"),
        (QUICK, 0.5, "flag"),
        (QUICK, 0.4, "fail"),
    ],
)
def test_a_window_has_to_last(limits: Limits, seconds: float, verdict: str) -> None:
    assert of_window("window", reading(seconds=seconds), limits=limits).verdict == verdict


@pytest.mark.parametrize(("apart", "verdict"), [(1.02, "pass"), (0.97, "flag"), (1.1, "flag"), (1.11, "fail")])
def test_counter_and_power_have_to_agree(apart: float, verdict: str) -> None:
    assert of_window("counter and power", reading(sampled_joules=18_000 * apart)).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(1.05, "pass"), (1.08, "flag"), (1.2, "fail")])
def test_no_board_draws_more_than_its_limit(share: float, verdict: str) -> None:
    assert of_window("mean power", reading(700 * 60 * share)).verdict == verdict


@pytest.mark.parametrize("reason", ["hardware-slowdown", "hardware-thermal", "power-brake"])
def test_hardware_throttling_fails_however_short(reason: str) -> None:
    one = of_window("hardware throttling", reading(event_reasons={reason: 0.001, "idle": 0.5}))
    assert (one.value, one.verdict) == (reason, "fail")


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "pass"), (0.009, "flag"), (0.01, "fail"), (0.5, "fail")])
def test_software_thermal_slowdown_is_flagged_below_1_percent(share: float, verdict: str) -> None:
    assert of_window("software thermal", reading(event_reasons={"software-thermal": share})).verdict == verdict


@pytest.mark.parametrize(
    ("before", "during", "verdict"),
    [([], [], "pass"), ([], [11], "pass"), ([], [11, 12], "fail"), ([11], [11], "fail")],
)
def test_one_process_alone_may_use_the_gpu(before: list[int], during: list[int], verdict: str) -> None:
    one = of_window("other processes", reading(processes=during), facts(processes_before=before))
    assert one.verdict == verdict


@pytest.mark.parametrize("shared", [{"mig": True}, {"virtualization": "vgpu"}])
def test_a_shared_gpu_fails(shared: dict[str, Any]) -> None:
    assert of_window("other processes", reading(), facts(**shared)).verdict == "fail"


@pytest.mark.parametrize(
    ("missing", "gap", "verdict"), [(5, 0.2, "pass"), (5, 1.2, "flag"), (20, 0.2, "flag"), (31, 0.2, "fail")]
)
def test_samples_may_not_be_missing(missing: int, gap: float, verdict: str) -> None:
    one = of_window("missing samples", reading(missing_samples=missing, longest_gap_seconds=gap))
    assert one.verdict == verdict


def test_a_reading_that_failed_fails_with_its_reason() -> None:
    one = of_window("reading", reading(None))
    assert (one.verdict, one.why) == ("fail", "it failed")


@pytest.mark.parametrize(
    ("name", "about", "one"),
    [
        ("counter and power", facts(), reading(counter_joules=None)),
        ("counter and power", facts(), reading(sampled_joules=None)),
        ("mean power", facts(power_limit_watts=None), reading()),
        ("hardware throttling", facts(), reading(event_reasons=None)),
        ("software thermal", facts(), reading(event_reasons=None)),
        ("other processes", facts(processes_before=None), reading()),
        ("other processes", facts(), reading(processes=None)),
        ("missing samples", facts(), replace(reading(), notes={})),
        ("hardware throttling", facts(), replace(reading(), notes={})),
        ("device", {**facts(), "fake": None}, reading()),
    ],
)
def test_what_should_be_known_and_is_not_fails(name: str, about: dict[str, Any], one: Reading) -> None:
    found = of_window(name, one, about)
    assert (found.value, found.verdict) == (None, "fail")


def test_a_stand_in_never_passes() -> None:
    assert of_window("device", reading(), {**facts(), "fake": True}).verdict == "fail"
    fake = Device(name="a GPU (FAKE)", uuid=UUID, sku="a-gpu", count=1, fake=True)
    assert gate(judge_run(replace(evidence(), device=fake)), "device").verdict == "fail"


def test_gates_that_do_not_apply_are_not_in_the_list() -> None:
    gates = judge_window(Reading(10.0, 60.0), {"name": "estimate", "kind": "estimated"})
    assert [one.name for one in gates] == ["window", "reading", "device"]
    without_counter = judge_window(reading(counter_joules=None), facts(counter=False))
    assert "counter and power" not in {one.name for one in without_counter}


@pytest.mark.parametrize(("count", "verdict"), [(5, "pass"), (4, "flag"), (3, "flag"), (2, "fail")])
def test_a_session_needs_passes(count: int, verdict: str) -> None:
    assert gate(judge_run(evidence(*[one_pass()] * count)), "passes").verdict == verdict


@pytest.mark.parametrize(
    ("limits", "last", "verdict"),
    [
        (OFFICIAL, 18_600, "pass"),
        (OFFICIAL, 19_500, "flag"),
        (OFFICIAL, 21_000, "fail"),
        (QUICK, 21_000, "pass"),
        (QUICK, 26_000, "flag"),
        (QUICK, 40_000, "fail"),
    ],
)
def test_passes_have_to_cost_the_same(limits: Limits, last: float, verdict: str) -> None:
    run = evidence(one_pass(), one_pass(), one_pass(), one_pass(last))
    assert gate(judge_run(run, limits), "energy spread").verdict == verdict


def test_passes_of_more_rounds_are_compared_by_the_query() -> None:
    run = evidence(one_pass(), one_pass(), one_pass(36_000.0, rounds=4, queries=400, answered=400))
    assert gate(judge_run(run), "energy spread").value == "0 %"


def test_a_pass_without_energy_leaves_no_spread_and_no_reading() -> None:
    gates = judge_run(evidence(one_pass(), one_pass(), one_pass(None)))
    assert gate(gates, "energy spread").verdict == "fail"
    assert gate(gates, "reading").value == "1 of 3 failed"


def test_one_unanswered_query_fails_the_run() -> None:
    one = gate(judge_run(evidence(one_pass(), one_pass(answered=199), one_pass())), "queries")
    assert (one.value, one.verdict) == ("599 of 600", "fail")


def test_outputs_that_differ_are_flagged_only_where_length_and_quality_agree() -> None:
    differ = evidence(one_pass(), one_pass(outputs_sha256=OTHER_HASH, output_tokens=504), one_pass())
    agree = replace(differ, pass_qualities=(0.9, 0.91, 0.9))
    assert gate(judge_run(agree), "outputs").verdict == "flag"
    assert gate(judge_run(differ), "outputs").verdict == "fail"
    assert gate(judge_run(replace(agree, pass_qualities=(0.9, 0.5, 0.9))), "outputs").verdict == "fail"
    longer = evidence(one_pass(), one_pass(outputs_sha256=OTHER_HASH, output_tokens=600), one_pass())
    assert gate(judge_run(replace(longer, pass_qualities=(0.9, 0.91, 0.9))), "outputs").verdict == "fail"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("quality", lambda run: replace(run, quality=None)),
        ("weights", lambda run: replace(run, weights_verified=None)),
        ("weights", lambda run: replace(run, weights_verified=False)),
        ("weights", lambda run: replace(run, model=run.model.model_copy(update={"weights": "synthetic"}))),
        ("weights", lambda run: replace(run, model=run.model.model_copy(update={"weights_sha256": {}}))),
        ("placement", lambda run: replace(run, placement=())),
        ("placement", lambda run: replace(run, placement=("cpu",))),
        ("placement", lambda run: replace(run, notes=[notes(processes=[])] * 5)),
    ],
)
def test_a_run_without_proof_fails(name: str, change: Callable[[Evidence], Evidence]) -> None:
    assert gate(judge_run(change(evidence())), name).verdict == "fail"


def settings(fixed: dict[str, Any], **changes: Any) -> Gate:
    """Judge the settings of a GPU on which `fixed` never changed, by what its passes noted."""
    about = facts(max_sm_mhz=1980, **fixed)
    run = replace(evidence(), meter=about, meter_after=about, notes=[notes(**changes)] * 5)
    return gate(judge_run(run), "settings")


def test_clocks_of_ones_own_choosing_fail_even_unchanged() -> None:
    chosen = settings({"application_sm_mhz": 1410, "default_application_sm_mhz": 1980})
    assert (chosen.verdict, chosen.value) == ("fail", "1410 MHz, default 1980 MHz")
    assert settings({"application_sm_mhz": 1980, "default_application_sm_mhz": 1980}).verdict == "pass"
    assert settings({"application_sm_mhz": None, "default_application_sm_mhz": 1980}).verdict == "pass"


def test_clocks_that_stay_low_without_a_reason_are_flagged() -> None:
    locked = settings({}, max_sm_mhz=1200, event_reasons={"application-clocks": 1.0})
    assert (locked.verdict, locked.value) == ("flag", "at most 1200 of 1980 MHz")
    assert settings({}, max_sm_mhz=1200, event_reasons={"power-cap": 0.5}).verdict == "pass"
    assert settings({}, max_sm_mhz=1965, event_reasons={}).verdict == "pass"
    assert settings({}, max_sm_mhz=None, event_reasons={}).verdict == "pass"


def test_a_model_on_the_cpu_is_where_a_cpu_meter_looks() -> None:
    run = replace(evidence(), meter={"name": "estimate", "kind": "estimated"}, notes=[{}] * 5, placement=("cpu",))
    gates = judge_run(run, QUICK)
    assert gate(gates, "placement").verdict == "pass"
    assert {one.verdict for one in gates} == {"pass"}


def test_no_passes_at_all_fail_instead_of_crashing() -> None:
    gates = judge_run(replace(evidence(), passes=(), notes=()))
    failed = {one.name for one in gates if one.verdict == "fail"}
    assert {"window", "reading", "passes", "energy spread", "queries", "outputs", "missing samples"} <= failed
