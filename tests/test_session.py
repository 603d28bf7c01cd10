from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
import shelf_factory

from wattbench import journal, meters, plans, runs, session, submissions
from wattbench.demo import reuse
from wattbench.plans import Setting
from wattbench.problems import Refusal
from wattbench.process import Process, WorkerFailed
from wattbench.protocol import Protocol

if TYPE_CHECKING:
    from pathlib import Path

FAST = Protocol(
    "quick",
    warm_up_seconds=0.05,
    warm_up_rounds=2,
    window_seconds=0.1,
    passes=3,
    more_passes=3,
    rung_seconds=0.3,
)


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
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
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
        plans.plan([asked(tmp_path, "other/model")], setting(tmp_path), version=0)


def test_a_weight_file_whose_hash_differs_stops_before_anything_is_loaded(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    (plan.candidates[0].folder / "model.safetensors").write_bytes(b"other")
    (plan.candidates[0].folder / "echo.json").write_text("this would fail to load")
    with pytest.raises(Refusal) as refused:
        list(session.run(plan, setting(tmp_path)))
    assert {problem.field for problem in refused.value.problems} == {"sha256"}
    # the others are not lost to one bad candidate
    assert sorted(one.role for _, one in runs.read_all(tmp_path / "out")) == ["reference-after", "reference-before"]


def test_a_model_that_answers_nothing_fails_its_run(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    folder = tmp_path / "shelf"
    shelf_factory.put_model(folder, "org/mute", shelf_factory.REVISION, shelf_factory.echo(1, answer=[]))
    (plan,) = plans.plan([asked(tmp_path, "org/mute")], setting(tmp_path), version=0)
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

        def record(self) -> contextlib.AbstractContextManager[Broken]:
            return contextlib.nullcontext(self)

        def rows(self, _since: float | None = None) -> list[dict[str, object]]:
            return []

        def start(self, _cpu_seconds: object, _gpus: object = None) -> Broken:
            return self

        def stop(self) -> meters.Reading:
            return meters.Reading(None, 1.0, "the counter cannot be read")

    shelf_factory.echo_shelf(tmp_path / "shelf")
    broken = setting(tmp_path, meter=Broken())
    (plan,) = plans.plan([asked(tmp_path)], broken, version=0)
    for _, one in session.run(plan, broken):
        assert {(p.joules, p.reason) for p in one.passes} == {(None, "the counter cannot be read")}
        failed = {gate.name for gate in one.gates if gate.verdict == "fail"}
        assert failed >= {"reading", "energy spread", "reference drift"}


def test_whole_sessions_are_reused_and_cut_off_ones_measured_again(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    written = [path for path, _ in session.run(plan, setting(tmp_path))]
    kept, wanted = reuse.split([plan], tmp_path / "out")
    assert ([one.board for one in kept], wanted) == ([plan.board], [])
    written[-1].unlink()
    kept, wanted = reuse.split([plan], tmp_path / "out")
    assert (kept, wanted) == ([], [plan])
    assert list(runs.read_all(tmp_path / "out")) == []


def test_a_session_of_other_weights_is_not_reused(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    list(session.run(plan, setting(tmp_path)))
    shelf_factory.put_model(
        tmp_path / "shelf",
        "org/quick",
        shelf_factory.REVISION,
        lambda folder: (folder / "model.safetensors").write_bytes(b"x"),
    )
    (changed,) = plans.plan([asked(tmp_path / "again")], setting(tmp_path), version=0)
    assert reuse.split([changed], tmp_path / "out") == ([], [changed])


def run_command(folder: Path) -> list[str]:
    return [
        sys.executable, "-c", "from wattbench.cli import main; main()", "run", str(folder / "submissions"),
        "--shelf", str(folder / "shelf"), "--out", str(folder / "out"), "--backend", "echo", "--protocol", "quick",
        "--workload-version", "0",
    ]  # fmt: skip


def short_session(folder: Path) -> list[str]:
    """Give a command that measures the session of these tests in a few seconds, and tells every step."""
    script = (
        "import sys; from pathlib import Path; from wattbench import meters, plans, session, submissions\n"
        "from wattbench.protocol import Protocol\n"
        "folder = Path(sys.argv[1])\n"
        "short = Protocol('quick', warm_up_seconds=0.1, warm_up_rounds=2,"
        " window_seconds=0.4, passes=3, more_passes=3)\n"
        "setting = plans.Setting(folder / 'shelf', folder / 'out', short, meters.find('estimate'), 'echo')\n"
        "good, _ = submissions.check([folder / 'submissions'])\n"
        "(plan,) = plans.plan([one for _, one in good], setting, 0)\n"
        "say = lambda *words: print(*words, flush=True)\n"
        "tell = lambda number, who, what, done, of: say(who, what, done)\n"
        "list(session.run(plan, setting, tell, say))\n"
    )
    return [sys.executable, "-c", script, str(folder)]


def killed_in(folder: Path, words: str, model: str = "") -> None:
    """Start a session and kill it as soon as it tells of these words."""
    shelf_factory.echo_shelf(folder / "shelf", milliseconds=5)
    shelf_factory.submission(folder)
    running = subprocess.Popen(short_session(folder), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if words in line and model in line:
            break
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()


def test_a_killed_run_publishes_nothing_and_the_session_goes_on_where_it_was(tmp_path: Path) -> None:
    killed_in(tmp_path, "pass 2", "org/quick")
    assert list(runs.read_all(tmp_path / "out")) == []
    done = subprocess.run(short_session(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Going on with session" in done.stdout
    assert "org/quick was cut off in mid-run" in done.stdout
    assert "reference before) pass" not in done.stdout  # it was finished before the kill
    found = [one for _, one in runs.read_all(tmp_path / "out")]
    assert sorted(one.role for one in found) == ["candidate", "reference-after", "reference-before"]
    assert len({one.session for one in found}) == 1
    (kept,) = (tmp_path / "out/org/quick/interrupted").glob("*.jsonl")
    assert [runs.Pass.model_validate_json(line).joules is None for line in kept.read_text().splitlines()] == [False] * 2
    assert list((tmp_path / "out" / journal.FOLDER).iterdir()) == []


def test_a_session_of_another_boot_or_plan_is_left_alone_and_the_reason_said(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    ours = session._identity(plan, setting(tmp_path))
    for number, theirs in enumerate((replace(ours, boot="another"), replace(ours, models=("x",)))):
        journal.begin(tmp_path / "out", f"s{number}", theirs)
    assert journal.find(tmp_path / "out", replace(ours, protocol="official")) == (None, [])
    found, reasons = journal.find(tmp_path / "out", ours)
    assert found is None
    assert ["started anew" in reasons[0], "other models" in reasons[1]] == [True, True]
    open_one = journal.begin(tmp_path / "out", "s9", ours)
    assert journal.find(tmp_path / "out", ours)[0] == open_one
    long_ago = time.time() - 2 * journal.LONGEST_PAUSE_SECONDS
    for path in open_one.folder.iterdir():
        os.utime(path, (long_ago, long_ago))
    found, reasons = journal.find(tmp_path / "out", ours)
    assert found is None
    assert "no longer one stay" in reasons[-1]


def test_the_reference_decides_the_number_of_passes_of_the_whole_session(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    restless = replace(FAST, more_passes=4, reference_cv_percent=-1.0)
    changed = setting(tmp_path, protocol=restless)
    (plan,) = plans.plan([asked(tmp_path)], changed, version=0)
    counts = [len(one.passes) for _, one in session.run(plan, changed)]
    assert counts == [3, 4, 4]


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
