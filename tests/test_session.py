from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
import shelf_factory

from wattbench import meters, runs, session, submissions
from wattbench.demo import reuse
from wattbench.problems import Refusal
from wattbench.process import Process, WorkerFailed
from wattbench.protocol import Protocol
from wattbench.session import Setting

if TYPE_CHECKING:
    from pathlib import Path

FAST = Protocol("quick", warm_up_seconds=0.05, warm_up_rounds=2, window_seconds=0.1, passes=3)


def setting(folder: Path, **changes: object) -> Setting:
    fields: dict[str, object] = {
        "shelf": folder / "shelf",
        "out": folder / "out",
        "protocol": FAST,
        "meter": meters.find("estimate"),
        "backend": "echo",
    }
    return Setting(**{**fields, **changes})  # type: ignore[arg-type]


def asked(folder: Path, model_id: str = "org/quick") -> submissions.Submission:
    return submissions.load(shelf_factory.submission(folder, model_id))


def test_a_session_is_bracketed_by_the_reference_and_every_run_is_a_file(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = session.plan([asked(tmp_path)], setting(tmp_path), version=0)
    written = list(session.run(plan, setting(tmp_path)))
    assert [one.role for _, one in written] == ["reference-before", "candidate", "reference-after"]
    assert len({one.session for _, one in written}) == 1
    assert {path for path, _ in runs.read_all(tmp_path / "out")} == {path for path, _ in written}
    candidate = written[1][1]
    assert candidate.model.id == "org/quick"
    assert candidate.model.weights == "synthetic"
    assert candidate.verdict == "fail"
    assert len(candidate.passes) == 3
    assert all(one.joules is not None and one.kind == "estimated" for one in candidate.passes)
    assert all(one.queries == one.rounds * 5 for one in candidate.passes)
    assert candidate.quality is not None
    # twice the work a query costs about twice the CPU time: the meter sees the model, not the harness
    cost = [sum(p.joules or 0 for p in one.passes) / sum(p.queries for p in one.passes) for _, one in written]
    assert 1.3 < cost[0] / cost[1] < 3


def test_a_model_that_is_not_on_the_shelf_says_the_command_that_fetches_it(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    with pytest.raises(Refusal, match=r"other/model at a{40} is not on the Shelf\. Run `wattbench prefetch"):
        session.plan([asked(tmp_path, "other/model")], setting(tmp_path), version=0)


def test_a_weight_file_whose_hash_differs_stops_before_anything_is_loaded(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = session.plan([asked(tmp_path)], setting(tmp_path), version=0)
    (plan.candidates[0].folder / "model.safetensors").write_bytes(b"other")
    (plan.candidates[0].folder / "echo.json").write_text("this would fail to load")
    with pytest.raises(Refusal) as refused:
        list(session.run(plan, setting(tmp_path)))
    assert {problem.field for problem in refused.value.problems} == {"sha256"}
    assert [one.role for _, one in runs.read_all(tmp_path / "out")] == ["reference-before"]


def test_a_model_that_answers_nothing_fails_its_run(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    folder = tmp_path / "shelf"
    shelf_factory.put_model(folder, "org/mute", shelf_factory.REVISION, shelf_factory.echo(1, answer=[]))
    (plan,) = session.plan([asked(tmp_path, "org/mute")], setting(tmp_path), version=0)
    mute = [one for _, one in session.run(plan, setting(tmp_path)) if one.role == "candidate"]
    gates = {gate.name: gate.verdict for gate in mute[0].gates}
    assert gates["queries"] == "fail"
    assert gates["quality"] == "fail"
    assert mute[0].quality is None


def test_an_unreadable_meter_makes_passes_invalid_with_their_reason(tmp_path: Path) -> None:
    class Broken:
        name, kind = "estimate", "estimated"

        def facts(self) -> dict[str, object]:
            return {"name": "estimate", "kind": "estimated"}

        def start(self, _cpu_seconds: object) -> Broken:
            return self

        def stop(self) -> meters.Reading:
            return meters.Reading(None, 1.0, "the counter cannot be read")

    shelf_factory.echo_shelf(tmp_path / "shelf")
    broken = setting(tmp_path, meter=Broken())
    (plan,) = session.plan([asked(tmp_path)], broken, version=0)
    _, one = next(session.run(plan, broken))
    assert [(p.joules, p.reason) for p in one.passes] == [(None, "the counter cannot be read")] * 3
    assert {gate.name for gate in one.gates if gate.verdict == "fail"} >= {"reading", "energy spread"}


def test_whole_sessions_are_reused_and_cut_off_ones_measured_again(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = session.plan([asked(tmp_path)], setting(tmp_path), version=0)
    written = [path for path, _ in session.run(plan, setting(tmp_path))]
    kept, wanted = reuse.split([plan], tmp_path / "out")
    assert ([one.board for one in kept], wanted) == ([plan.board], [])
    written[-1].unlink()
    kept, wanted = reuse.split([plan], tmp_path / "out")
    assert (kept, wanted) == ([], [plan])
    assert list(runs.read_all(tmp_path / "out")) == []


def test_a_session_of_other_weights_is_not_reused(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = session.plan([asked(tmp_path)], setting(tmp_path), version=0)
    list(session.run(plan, setting(tmp_path)))
    shelf_factory.put_model(
        tmp_path / "shelf",
        "org/quick",
        shelf_factory.REVISION,
        lambda folder: (folder / "model.safetensors").write_bytes(b"x"),
    )
    (changed,) = session.plan([asked(tmp_path / "again")], setting(tmp_path), version=0)
    assert reuse.split([changed], tmp_path / "out") == ([], [changed])


def run_command(folder: Path) -> list[str]:
    return [
        sys.executable, "-c", "from wattbench.cli import main; main()", "run", str(folder / "submissions"),
        "--shelf", str(folder / "shelf"), "--out", str(folder / "out"), "--backend", "echo", "--protocol", "quick",
        "--workload-version", "0",
    ]  # fmt: skip


def test_a_killed_run_leaves_nothing_half_written(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf", milliseconds=5)
    shelf_factory.submission(tmp_path)
    running = subprocess.Popen(run_command(tmp_path), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if "pass 2" in line:
            break
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_ctrl_c_ends_the_worker_and_says_so_in_one_line(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf", milliseconds=5)
    shelf_factory.submission(tmp_path)
    running = subprocess.Popen(run_command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if "pass 1" in line:
            break
    running.send_signal(signal.SIGINT)
    _, complaint = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in complaint
    assert "Interrupted" in complaint


def test_a_measured_process_that_dies_is_told_with_its_last_words() -> None:
    with Process(1) as process:
        time.sleep(0.1)
        process._child.kill()
        with pytest.raises(WorkerFailed, match="ended"):
            process.count()


def test_the_measured_process_has_no_token_and_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    with Process(1) as process:
        with pytest.raises(WorkerFailed, match="nothing is loaded"):
            process.count()
        seen = psutil.Process(process.pid).environ()
    assert "hf_secret" not in " ".join(seen.values())
    assert "HTTPS_PROXY" not in seen
    assert seen["HF_HUB_OFFLINE"] == "1"
