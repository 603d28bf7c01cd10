from __future__ import annotations

from typing import TYPE_CHECKING

import life_factory as life
import pytest
import site_factory
from test_queue import put
from typer.testing import CliRunner

from wattbench import ledger, runs
from wattbench.cli import app
from wattbench.ledger import queue, records
from wattbench.ledger.queue import Host
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path

MODEL, BOARD = "org/one", life.BOARD
SECOND = BOARD.replace("fp16", "fp32")


def measured(root: Path, session: str, *, board: str = BOARD, grade: float = 0.5, model: str = MODEL) -> Path:
    """Write a run that no gate has anything against."""
    run = site_factory.run(
        board,
        model,
        session=session,
        at=f"2026-11-2{session[-1]}T10:00:00Z",
        revision=life.REVISION,
        protocol="official",
        grade=grade,
    )
    return runs.write(run, root / "submissions")


def wattbench(root: Path, *words: str) -> str:
    folders = ["--submissions", str(root / "submissions"), "--ledger", str(root / "ledger")]
    done = CliRunner().invoke(app, [*words, *folders])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def event(root: Path) -> ledger.Event:
    (found,) = ledger.read(root / "ledger")
    return found


def state(root: Path) -> str:
    found = records.read(root / "submissions", root / "ledger")
    (told,) = [one.code for _, board, one in queue.every(found, Host(), life.NOON) if board.name == BOARD]
    return told


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, MODEL)
    measured(tmp_path, "s1")
    measured(tmp_path, "s2")
    return tmp_path


def test_withdrawing_a_model_names_all_its_revisions_and_the_pages_that_change(root: Path) -> None:
    measured(root, "s3", board=SECOND)
    told = wattbench(root, "withdraw", MODEL, "--reason", "owner", "--note", "asked by its owner")
    written = event(root)
    assert isinstance(written, ledger.Withdrawn)
    assert (written.revisions, written.board, written.run) == ((life.REVISION,), None, None)
    for page in (f"models/{MODEL}/", f"boards/{BOARD}/", f"boards/{SECOND}/", "corrections/"):
        assert page in told
    assert state(root) == "withdrawn-owner"


def test_withdrawing_a_board_or_a_run_leaves_the_rest(root: Path) -> None:
    measured(root, "s3", board=SECOND)
    told = wattbench(root, "withdraw", MODEL, "--board", SECOND, "--reason", "fault", "--note", "a wrong meter")
    assert f"boards/{BOARD}/" not in told
    assert state(root) == "complete"
    run = measured(root, "s2")
    wattbench(root, "withdraw", str(run), "--reason", "fault", "--note", "a wrong meter")
    assert state(root) == "second-session"


def test_a_dispute_wants_a_third_session_and_resolve_ends_it(root: Path) -> None:
    by = measured(root, "s2")
    wattbench(root, "dispute", MODEL, "--board", BOARD, "--by", str(by), "--note", "4 % apart")
    written = event(root)
    assert isinstance(written, ledger.Disputed)
    assert (written.revision, written.by) == (life.REVISION, (by.name,))
    assert state(root) == "dispute"
    with pytest.raises(Refusal, match="is disputed already"):
        wattbench(root, "dispute", str(by), "--note", "again")
    wattbench(root, "resolve", MODEL, "--board", BOARD, "--note", "the third agrees")
    assert state(root) == "complete"  # also where both events bear the same second


def test_a_correction_takes_its_values_from_the_runs(root: Path) -> None:
    old, new = measured(root, "s1"), measured(root, "s3", grade=0.61)
    words = ["--field", "quality.value", "--cause", "graded with the wrong column"]
    wattbench(root, "correct", str(old), "--replaced-by", str(new), *words)
    written = event(root)
    assert isinstance(written, ledger.Corrected)
    assert (written.run, written.replaced_by) == (old.name, new.name)
    assert (written.old, written.new) == (0.5, 0.61)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--field", "quality.value", "--old", "0.4", "--new", "0.6"], r"quality.value: is 0.4, but .* has 0.5"),
        (["--field", "quality.colour"], "is no number or word of the run file"),
        (["--field", "quality.value", "--new", "0.5"], "the old value and the new one are the same"),
        (["--field", "quality.value"], "the old value|was|none"),
    ],
)
def test_a_correction_that_its_run_contradicts_is_refused(root: Path, words: list[str], says: str) -> None:
    old = measured(root, "s1")
    if words == ["--field", "quality.value"]:
        wattbench(root, "correct", str(old), *words, "--cause", "gone")  # from a value to none: absent is null
        assert event(root).new is None  # type: ignore[union-attr] # it is a correction
        return
    with pytest.raises(Refusal, match=says):
        wattbench(root, "correct", str(old), *words, "--cause", "c")


def test_asked_again_a_board_wants_more_sessions(root: Path) -> None:
    wattbench(root, "requeue", MODEL, "--board", BOARD, "--sessions", "2", "--note", "one in twenty is measured again")
    assert state(root) == "remeasure"


def test_an_owner_can_opt_out(root: Path) -> None:
    wattbench(root, "opt-out", MODEL, "--note", "asked by its owner")
    assert state(root) == "opted-out"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["withdraw", "no/body", "--reason", "owner", "--note", "n"], "holds neither a submission nor a run"),
        (["withdraw", MODEL, "--reason", "mood", "--note", "n"], "--code: Input should be 'owner'"),
        (["withdraw", MODEL, "--reason", "owner", "--note", "\u202en"], "--note: holds what does not print"),
        (["withdraw", MODEL, "--board", SECOND, "--reason", "owner", "--note", "n"], "has no run on"),
        (["withdraw", MODEL, "--board", "poetry", "--reason", "owner", "--note", "n"], "is no board"),
        (["withdraw", MODEL, "--revision", "main", "--reason", "owner", "--note", "n"], "has no main"),
        (["withdraw", "x.json", "--reason", "owner", "--note", "n"], "is no run below"),
        (["dispute", MODEL, "--note", "n"], "which result of org/one"),
        (["resolve", MODEL, "--board", BOARD, "--note", "n"], "is not disputed on"),
        (["requeue", MODEL, "--board", "poetry", "--note", "n"], "is no board"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words_with_a_remedy(root: Path, words: list[str], says: str) -> None:
    with pytest.raises(Refusal, match=says) as refused:
        wattbench(root, *words)
    assert all(problem.remedy for problem in refused.value.problems)
    assert ledger.read(root / "ledger") == ()


def test_a_run_of_another_model_disputes_nothing(root: Path) -> None:
    other = measured(root, "s4", model="org/two")
    with pytest.raises(Refusal, match="is a run of org/two"):
        wattbench(root, "dispute", MODEL, "--board", BOARD, "--by", str(other), "--note", "n")


def test_the_second_submission_of_one_model_is_told_whose_came_first() -> None:
    # the same commit under another name
    renamed = life.asked("new/name", "other", 2, model={"id": "new/name", "revision": life.REVISION})
    cased = life.asked("ORG/One", "third", 3, model={"id": "ORG/One", "revision": life.OTHER})
    found = life.records(life.asked(merged=1), renamed, cased)
    told = {asked.model: (one.state, one.code, one.words) for asked, _, one in queue.every(found, Host(), life.NOON)}
    assert told[MODEL][:2] == ("queued", "waiting")
    for model in ("new/name", "ORG/One"):
        assert told[model] == ("failed", "duplicate", f"{MODEL} asked for the same model and was merged first")
    assert [one.model for one in queue.waiting(found, Host(), life.NOON)] == [MODEL]
