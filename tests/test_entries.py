from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import shelf_factory
from test_session import asked, setting
from typer.testing import CliRunner

from wattbench import ledger, plans, session
from wattbench.cli import app
from wattbench.ledger import queue, records
from wattbench.ledger.entries import Book
from wattbench.ledger.queue import Host
from wattbench.problems import ModelRefused, Problem, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from wattbench.ledger.entries import Page
    from wattbench.plans import Plan
    from wattbench.shelf import Shelved

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ASKED = frozenset({("org/quick", shelf_factory.REVISION), ("org/late", shelf_factory.REVISION)})


def begin(folder: Path, *models: str) -> tuple[Plan, Page]:
    shelf_factory.echo_shelf(folder / "shelf")
    for model in set(models) - {"org/quick"}:
        shelf_factory.put_model(folder / "shelf", model, shelf_factory.REVISION, shelf_factory.echo(1.0))
    (plan,) = plans.plan([asked(folder, model) for model in models], setting(folder), version=0)
    return plan, Book(folder / "ledger", ASKED, lambda: NOW, "h1").open(plan)


def measure(folder: Path, plan: Plan, page: Page) -> None:
    try:
        for path, run in session.run(plan, setting(folder), watch=page):
            page.measured(path, run)
    except Refusal as refusal:
        page.ended(refusal)


def test_a_session_enters_that_it_began_and_what_it_measured_of_those_who_asked(tmp_path: Path) -> None:
    plan, page = begin(tmp_path, "org/quick")
    measure(tmp_path, plan, page)
    began, ended = sorted(ledger.read(tmp_path / "ledger"), key=lambda one: one.kind, reverse=True)
    assert isinstance(began, ledger.Running)
    assert isinstance(ended, ledger.Measured)
    assert (began.model, began.host, began.lease_seconds) == ("org/quick", "h1", 3 * 3600)
    assert began.session == ended.session
    assert (tmp_path / "out" / "org/quick/runs" / ended.run).is_file()


def test_a_candidate_at_fault_and_the_one_beside_it_are_told_apart(tmp_path: Path) -> None:
    plan, page = begin(tmp_path, "org/quick", "org/late")
    bad = next(one for one in plan.candidates if one.manifest.name == "org/late")
    (bad.folder / "model.safetensors").write_bytes(b"other")
    measure(tmp_path, plan, page)
    told = {(one.model, one.kind) for one in ledger.read(tmp_path / "ledger")}
    running = {("org/quick", "running"), ("org/late", "running")}
    assert told == running | {("org/quick", "measured"), ("org/late", "failed")}
    (failed,) = [one for one in ledger.read(tmp_path / "ledger") if isinstance(one, ledger.Failed)]
    assert (failed.whose, failed.code) == ("submission", "model-refused")
    assert failed.remedy


def test_a_reference_that_fails_is_nobodys_fault_but_ours(tmp_path: Path) -> None:
    plan, page = begin(tmp_path, "org/quick")
    assert plan.reference is not None
    (plan.reference.folder / "model.safetensors").write_bytes(b"other")
    measure(tmp_path, plan, page)
    (failed,) = [one for one in ledger.read(tmp_path / "ledger") if isinstance(one, ledger.Failed)]
    assert (failed.model, failed.whose) == ("org/quick", "infrastructure")
    assert str(tmp_path) not in failed.words


def test_what_cannot_be_planned_fails_one_by_one_and_through_whom_is_said(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    both = [asked(tmp_path, "org/quick"), asked(tmp_path, "org/absent")]
    planned, refused = plans.plan_each(plans.wanted(both, setting(tmp_path), 0), setting(tmp_path))
    assert [[one.manifest.name for one in plan.candidates] for plan in planned] == [["org/quick"]]
    (one,) = refused
    assert one.submission.model.id == "org/absent"
    assert not isinstance(one.why, ModelRefused)
    Book(tmp_path / "ledger", ASKED, lambda: NOW).unplanned(one)
    (failed,) = ledger.read(tmp_path / "ledger")
    assert isinstance(failed, ledger.Failed)
    assert (failed.whose, failed.code) == ("infrastructure", "not-ready")


def test_a_model_that_does_not_fit_its_task_fails_through_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    problem = Problem("org/quick", "architectures", "does another task", "Ask for that one")

    def unfit(model: Shelved, *_: object) -> list[Problem]:
        return [problem] if model.manifest.name == "org/quick" else []

    monkeypatch.setattr(plans, "_unfit", unfit)
    optimum = setting(tmp_path, backend="optimum")
    planned, (refused,) = plans.plan_each(plans.wanted([asked(tmp_path)], optimum, 0), optimum)
    assert planned == []
    assert isinstance(refused.why, ModelRefused)
    Book(tmp_path / "ledger", ASKED, lambda: NOW).unplanned(refused)
    (failed,) = ledger.read(tmp_path / "ledger")
    assert isinstance(failed, ledger.Failed)
    assert (failed.whose, failed.code, failed.remedy) == ("submission", "unfit", "Ask for that one")
    assert failed.words == "architectures: does another task"


def test_run_with_a_ledger_notes_what_it_cannot_measure_and_the_queue_tells_it(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    path = shelf_factory.submission(tmp_path, "org/absent")
    words = ["run", str(path), "--shelf", str(tmp_path / "shelf"), "--out", str(tmp_path / "submissions")]
    words += ["--ledger", str(tmp_path / "ledger"), "--meter", "estimate", "--backend", "echo"]
    words += ["--workload-version", "0", "--protocol", "quick"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, Refusal)
    (event,) = ledger.read(tmp_path / "ledger")
    assert isinstance(event, ledger.Failed)
    found = records.read(tmp_path / "submissions", tmp_path / "ledger")
    sku = re.split("~", event.board)[1]
    version = event.board.replace("-v0~", "-v1~")
    told = [(board.name, one.code) for _, board, one in queue.every(found, Host(sku, "estimate"), NOW)]
    assert told == [(version, "waiting")]  # it asks for the newest version: what failed was another board


def test_run_of_a_board_that_nobody_asks_for_is_refused(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    path = shelf_factory.submission(tmp_path)
    words = ["run", str(path), "--shelf", str(tmp_path / "shelf"), "--out", str(tmp_path / "out"), "--board", "poetry"]
    done = CliRunner().invoke(app, [*words, "--meter", "estimate", "--backend", "echo", "--workload-version", "0"])
    assert isinstance(done.exception, Refusal)
    assert "no submission here asks for poetry" in str(done.exception)
