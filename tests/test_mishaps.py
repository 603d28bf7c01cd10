"""What can go wrong in the middle of a run: one message, the right gate, no partial number."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import shelf_factory
from simulated import World, play
from test_protocol import verdicts

from wattbench import journal, meters, plans, runs, session, submissions
from wattbench.plans import Setting
from wattbench.problems import Refusal
from wattbench.protocol import OFFICIAL, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from fake_nvml.fixtures import FakeNvml

SHORT = Protocol(
    "quick",
    warm_up_seconds=0.2,
    warm_up_rounds=2,
    window_seconds=0.4,
    passes=3,
    more_passes=3,
    steady_seconds=0.2,
    steady_watts_percent=10.0,
    steady_celsius_a_minute=60.0,
    warm_up_cap_seconds=2.0,
)


def wattbench(*arguments: object, **limits: object) -> subprocess.CompletedProcess[str]:
    script = "from wattbench.cli import main; main()"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **limits)  # type: ignore[call-overload,no-any-return]


def asked(folder: Path) -> tuple[object, ...]:
    shelf_factory.echo_shelf(folder / "shelf")
    path = shelf_factory.submission(folder)
    return (
        "run",
        path,
        "--shelf",
        folder / "shelf",
        "--out",
        folder / "out",
        "--backend",
        "echo",
        "--workload-version",
        0,
    )


def test_no_driver_is_one_message_and_nothing_is_written(tmp_path: Path) -> None:
    done = wattbench(*asked(tmp_path), "--meter", "nvml")
    if done.returncode == 0:
        pytest.skip("this machine has an NVIDIA driver, so its absence cannot be tried")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 2
    assert "`wattbench doctor` says what this machine has" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("init", "says"), [(9, "driver"), (4, "permi"), (18, "version")], ids=["not loaded", "no permission", "old driver"]
)
def test_a_driver_that_does_not_answer_is_one_message(nvml: FakeNvml, tmp_path: Path, init: int, says: str) -> None:
    nvml.change_driver(init_return=init)
    done = wattbench(*asked(tmp_path), "--meter", "nvml", env=nvml.environment())
    assert done.returncode == 1
    assert says in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_gpu_lost_in_mid_pass_fails_its_gates_and_publishes_no_number(nvml: FakeNvml, tmp_path: Path) -> None:
    asked(tmp_path)
    good = submissions.load(tmp_path / "submissions/org/quick/submission.yml")
    setting = Setting(tmp_path / "shelf", tmp_path / "out", SHORT, meters.find("nvml"), "echo")
    (plan,) = plans.plan([good], setting, version=0)

    def tell(number: int, _who: str, what: str, done: int, _of: int) -> None:
        if (number, what, done) == (1, "pass", 1):  # as its window of 0.4 s opens, at the latest 0.1 s from now
            threading.Timer(0.25, nvml.change, kwargs={"lost": 1}).start()

    with pytest.raises(Refusal) as refused:
        list(session.run(plan, setting, tell))
    assert len(refused.value.problems) == 1
    assert "the meter is gone" in refused.value.problems[0].message
    assert list(runs.read_all(tmp_path / "out")) == []
    (kept,) = (tmp_path / "out" / journal.FOLDER).iterdir()
    candidate = runs.from_bytes((kept / "01.json").read_bytes())
    assert [one.joules is None for one in candidate.passes] == [False, True, True]
    assert all("lost" in (one.reason or "").lower() for one in candidate.passes[1:])
    assert all(one.counter_joules is None for one in candidate.passes[1:])
    failed = {gate.name for gate in candidate.gates if gate.verdict == "fail"}
    assert failed >= {"reading", "energy spread", "settings"}


def test_a_clock_that_jumps_in_a_pass_is_seen_as_missing_samples() -> None:
    def suspend(world: World, number: int) -> None:
        if number == 2:
            work = world.answer

            def answer(rounds: int, batch: int, part: str) -> None:
                world.now += 500  # the host slept: time went on, and nothing was sampled
                work(rounds, batch, part)

            world.answer = answer  # type: ignore[method-assign]
            world.skip_samples = True

    world = World(at=suspend)
    measured = play(world, OFFICIAL)
    assert verdicts(world, measured)["missing samples"] == "fail"


def test_a_disk_that_fills_up_is_one_message_and_the_journal_stays_whole(tmp_path: Path) -> None:
    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    done = wattbench(*asked(tmp_path), "--meter", "estimate", "--protocol", "quick", preexec_fn=no_room)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(runs.read_all(tmp_path / "out")) == []
    assert not list((tmp_path / "out").rglob(".tmp-*"))
