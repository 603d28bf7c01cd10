"""A run is worked out again from its trace: the same numbers to the last bit, or the line that does not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evidence_factory
import pytest
import shelf_factory

from wattbench import evidence, meters, plans, replay, runs, session, submissions
from wattbench.plans import Setting
from wattbench.protocol import Protocol

if TYPE_CHECKING:
    from fake_nvml.fixtures import FakeNvml

SHORT = Protocol(
    "quick",
    warm_up_seconds=0.3,
    warm_up_rounds=2,
    window_seconds=0.7,
    passes=3,
    more_passes=3,
    baseline_seconds=0.4,
    steady_seconds=0.3,
    steady_watts_percent=5.0,
    steady_celsius_a_minute=60.0,
    warm_up_cap_seconds=3.0,
)


def measured(folder: Path, meter: str) -> tuple[runs.Run, Path]:
    """Measure an echo model in a session and give its run."""
    shelf_factory.echo_shelf(folder / "shelf")
    good = submissions.load(shelf_factory.submission(folder))
    setting = Setting(folder / "shelf", folder / "out", SHORT, meters.find(meter), "echo")  # type: ignore[arg-type]
    (plan,) = plans.plan([good], setting, version=0)
    (path,) = [path for path, one in session.run(plan, setting) if one.role == "candidate"]
    return runs.from_bytes(path.read_bytes(), path), path


Traced = tuple[runs.Run, dict[str, bytes], Path]


_MEASURED: list[Traced] = []  # one session serves every test of this file


def beside(run: runs.Run, path: Path) -> dict[str, bytes]:
    """Read what lies beside a run."""
    return {what: (path.parent / f"{one.sha256}.parquet").read_bytes() for what, one in run.beside.items()}


@pytest.fixture
def traced(nvml: FakeNvml, tmp_path: Path) -> Traced:
    """Measure a run on the stand-in NVML, with its trace."""
    if not _MEASURED:
        nvml.change(compute=[], watts=350)
        run, path = measured(tmp_path, "nvml")
        assert run.trace is not None
        _MEASURED.append((run, beside(run, path), path))
    return _MEASURED[0]


def test_a_run_and_its_trace_agree_to_the_last_bit(traced: Traced) -> None:
    run, data, path = traced
    assert replay.differences(run, data, path) == []
    assert [one.name for one in run.phases][:3] == ["bare-before", "context-before", "warm-up"]
    assert all(one.joules is not None and one.counter_joules is not None for one in run.passes)
    for one in run.passes:  # on a busy host an edge is seen late: then the window's own uncertainty says how late
        doubt = sum(gpu["uncertainty_joules"] for gpu in one.notes["gpus"].values())
        assert one.joules == pytest.approx(350 * one.seconds, abs=max(0.02 * 350 * one.seconds, doubt))
    verdicts = {gate.name: gate.verdict for gate in run.gates}
    assert verdicts["device"] == verdicts["placement"] == "fail"  # a stand-in, and the model was on the CPU
    assert verdicts["warm-up"] == "pass"
    assert "reference drift" in verdicts


def changed(run: runs.Run, **changes: Any) -> runs.Run:
    """Give a run with some fields of its file changed, at any depth: `passes__0__joules=1`."""
    data = json.loads(runs.to_bytes(run))
    for place, value in changes.items():
        *parents, last = place.split("__")
        target: Any = data
        for name in parents:
            target = target[int(name)] if name.isdigit() else target[name]
        target[int(last) if last.isdigit() else last] = value
    return runs.from_bytes(json.dumps(data).encode())


def test_every_number_that_was_changed_is_named(traced: Traced) -> None:
    run, data, path = traced
    joules = run.passes[1].joules or 0.0

    def named(**changes: Any) -> set[str]:
        return {problem.field for problem in replay.differences(changed(run, **changes), data, path)}

    assert "passes.2.joules" in named(passes__1__joules=joules * (1 + 1e-15) + 1e-12)
    assert "passes.1.counter_joules" in named(passes__0__counter_joules=joules)
    assert "passes.3.samples" in named(passes__2__samples=1)
    assert "phases.warm-up.mean_watts" in named(phases__2__mean_watts=1.0)
    assert "gates.device" in named(gates__22__verdict="pass") | named(device__fake=False, meter__fake=False)
    first = run.gates[0].model_dump()
    assert f"gates.{first['name']}" in named(gates__0__verdict="fail" if first["verdict"] == "pass" else "pass")
    dropped = [gate.model_dump() for gate in run.gates if gate.name != "weights"]
    assert "gates.weights" in named(gates=dropped)


def test_a_trace_that_is_missing_or_another_is_named_by_its_file(traced: Traced) -> None:
    run, data, path = traced
    assert run.trace is not None
    scores = data["scores"]
    (missing,) = replay.differences(run, {"scores": scores}, path)
    assert (run.trace.sha256 in missing.file, missing.message) == (True, "is missing")
    (other,) = replay.differences(run, data | {"trace": data["trace"][:-1] + bytes([data["trace"][-1] ^ 1])}, path)
    assert run.trace.sha256 in other.file


def test_a_signed_run_with_its_trace_verifies_until_one_byte_of_any_file_flips(traced: Traced, tmp_path: Path) -> None:
    _, _, path = traced
    key = evidence_factory.new_key(tmp_path)
    evidence.envelope_of(path).unlink(missing_ok=True)
    envelope = evidence.sign_run(path, tmp_path / "key.pem")
    trusted = evidence_factory.by_id(key)
    assert evidence.verify(path, trusted, replay.differences).problems == ()
    for file in (path, envelope, evidence_factory.trace_of(path)):
        whole = file.read_bytes()
        file.write_bytes(whole[:200] + bytes([whole[200] ^ 4]) + whole[201:])
        problems = evidence.verify(path, trusted, replay.differences).problems
        assert any(str(file) in problem.file for problem in problems), (file, problems)
        file.write_bytes(whole)


def test_an_estimate_is_recomputed_from_its_cpu_seconds(tmp_path: Path) -> None:
    run, path = measured(tmp_path, "estimate")
    assert run.trace is None
    assert replay.differences(run, beside(run, path), path) == []
    found = replay.differences(changed(run, passes__0__joules=1.0), beside(run, path), path)
    assert "passes.1.joules" in {problem.field for problem in found}
