"""Kill -9 at any point of a session: what was measured stays, the next call goes on, and nothing is there twice."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import warnings
from itertools import count
from typing import TYPE_CHECKING

import evidence_factory
import shelf_factory
import site_factory
from test_session import asked, setting

from wattbench import journal, plans, runs, session, trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from wattbench.measuring import Place
    from wattbench.plans import Plan
    from wattbench.runs import Run
    from wattbench.shelf import Shelved

BRACKET = ["reference-before", "candidate", "reference-after"]
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod"}


def changes_a_file(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether an event of Python's audit is about to change the disk."""
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in CHANGES


def dies_before(number: int, work: Callable[[], object]) -> bool:
    """Do some work in a process that kills itself before its `number`-th change of the disk; whether it came so far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: this one needs none of them
        child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    seen = count()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if changes_a_file(event, arguments) and next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(watch)
        work()
    finally:
        os._exit(0)


def test_whatever_a_kill_leaves_the_next_call_completes_the_session_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = trace.write(evidence_factory.ROWS, tmp_path)  # here: what has threads is of no use after a fork
    written = tmp_path / f"{told.sha256}.parquet"
    sampled = written.read_bytes()

    def measure(plan: Plan, model: Shelved, place: Place, _setting: object, _tell: object) -> Run:
        runs.write_whole(place.folder / written.name, sampled)
        run = site_factory.run(plan.board.name, model.manifest.name, role=place.role, session=place.session, gates=())
        for one in run.passes[:2]:
            place.keep(one)
        return run.model_copy(update={"trace": told})

    monkeypatch.setattr(session, "measure_one", measure)
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # a kill takes nothing back that was written
    shelf_factory.echo_shelf(tmp_path / "shelf")
    asked_for = setting(tmp_path)
    (plan,) = plans.plan([asked(tmp_path)], asked_for, version=0)
    for number in count():
        shutil.rmtree(asked_for.out, ignore_errors=True)
        killed = dies_before(number, lambda: list(session.run(plan, asked_for)))
        left = [one.role for _, one in runs.read_all(asked_for.out)]
        # A candidate is never there without the reference runs that bracket it.
        assert "candidate" not in left or sorted(left) == sorted(BRACKET), number
        is_open = list(asked_for.out.glob(f"{journal.FOLDER}/*/{journal.PLAN}"))
        passes = asked_for.out.glob(f"{journal.FOLDER}/*/*.passes.jsonl")
        cut_off = [path for path in passes if not path.with_name(f"{path.name[:2]}.json").exists()]
        lines = [line for path in cut_off for line in path.read_text().splitlines()]
        list(session.run(plan, asked_for))
        found = [one for _, one in runs.read_all(asked_for.out)]
        # What had begun goes on as the session that it was; one that had ended is another.
        sessions = {one.session for one in found}
        assert len(sessions) == (2 if left and not is_open else 1), number
        assert sorted(one.role for one in found) == sorted(BRACKET * len(sessions)), number
        kept = [line for path in asked_for.out.rglob("interrupted/*.jsonl") for line in path.read_text().splitlines()]
        assert kept == lines, number
        if not killed:
            assert number > 40
            return
