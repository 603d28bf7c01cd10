"""Makes the events that maintainers write: what leaves its board, what is disputed, corrected or measured again.

Each looks into the submissions folder first, so that no event speaks of what is not there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wattbench import ledger, submissions
from wattbench.boards import Board
from wattbench.ledger import records, states
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.ledger import Event
    from wattbench.ledger.records import Records, Seen

ENDING = ".json"


@dataclass(frozen=True, slots=True)
class Target:
    """What an event is about: a model, and its board, its revisions or its one run as far as they were named."""

    model: str
    revisions: tuple[str, ...]
    board: str | None
    run: str | None


def target(found: Records, folder: Path, named: str, board: str | None = None, revision: str | None = None) -> Target:
    """Find what was named: a run file, or ORG/NAME with a board or without. Raises Refusal for what is not there."""
    if named.endswith(ENDING):
        run = run_of(found, folder, named)
        return Target(run.model, (run.revision,), run.board, run.name)
    runs = [one for one in found.seen if one.model == named]
    asked = [one.revision for one in found.asked if one.model == named]
    revisions = tuple(dict.fromkeys([one.revision for one in sorted(runs, key=lambda one: one.measured_at)] + asked))
    if not revisions:
        raise refuse(folder / named, "", "holds neither a submission nor a run", "Write ORG/NAME as its folder has it")
    if revision is not None and revision not in revisions:
        raise refuse("--revision", "", f"{named} has no {revision}", f"Choose from {', '.join(revisions)}")
    if board is not None:
        _known(board, {one.board for one in runs})
    return Target(named, revisions if revision is None else (revision,), board, None)


def run_of(found: Records, folder: Path, named: str) -> Seen:
    """Find a run by its file. Raises Refusal where it is no run below the folder."""
    path = Path(named)
    for one in found.seen:
        if one.name == path.name and path.absolute() == (folder / one.model / "runs" / one.name).absolute():
            return one
    raise refuse(named, "", f"is no run below {folder}", "Name the run file: submissions/ORG/NAME/runs/...json")


def parsed(board: str) -> str:
    """Hold a board's name against its form. Raises Refusal."""
    try:
        return Board.parse(board).name
    except ValueError as error:
        raise refuse("--board", "", str(error), "Write the board as its page has it") from None


def _known(board: str, measured: set[str]) -> None:
    parsed(board)
    if board not in measured:
        remedy = f"Choose from {', '.join(sorted(measured))}" if measured else "Nothing of it was measured"
        raise refuse("--board", "", f"the model has no run on {board}", remedy)


def withdrawal(about: Target, at: str, code: str, note: str) -> Event:
    """Withdraw what is named: a run, a board's results, or all."""
    board = None if about.run else about.board
    told = {"revisions": about.revisions, "board": board, "run": about.run, "code": code, "note": note}
    return _event("withdrawn", about, at, told)


def dispute(found: Records, about: Target, at: str, by: Sequence[Seen], note: str) -> Event:
    """Dispute a result. Raises Refusal for a run that says nothing of it, and where a dispute is open."""
    board, revision = _one(about, found)
    problems = [
        Problem(one.name, "board", f"is a run of {one.model} on {one.board}", f"Name runs of {about.model} on {board}")
        for one in by
        if (one.model, one.board) != (about.model, board)
    ]
    if problems:
        raise Refusal(problems)
    if _open(found, about.model, revision, board):
        raise refuse(about.model, "", "is disputed already", "`wattbench resolve` or `wattbench withdraw` ends that")
    told = {"revision": revision, "board": board, "by": tuple(one.name for one in by), "note": note}
    return _event("disputed", about, at, told)


def resolution(found: Records, about: Target, at: str, note: str) -> Event:
    """Let a disputed result stand. Raises Refusal where nothing is disputed."""
    board, revision = _one(about, found)
    if not _open(found, about.model, revision, board):
        raise refuse(about.model, "", f"is not disputed on {board}", "`wattbench dispute` disputes a result")
    return _event("resolved", about, at, {"revision": revision, "board": board, "note": note})


def again(found: Records, about: Target, at: str, sessions: int, note: str) -> Event:
    """Ask for more sessions of the revision that is submitted now, or else of the newest one that was measured."""
    submitted = [one.revision for one in found.asked if one.model == about.model and one.revision in about.revisions]
    revision = submitted[-1] if submitted else about.revisions[-1]
    return _event(
        "requeued", about, at, {"revision": revision, "board": about.board, "sessions": sessions, "note": note}
    )


def opting_out(about: Target, at: str, note: str) -> Event:
    """Measure a model no more, as its owner asks."""
    return _event("opted-out", about, at, {"note": note})


def correction(old_run: Path, new_run: Path | None, about: Target, at: str, told: dict[str, Any]) -> Event:
    """Correct a number of a run: `told` has field, cause, and old and new where the run files do not hold the field.

    Raises Refusal where a value is neither given nor in its file, or given otherwise than its file has it.
    """
    problems: list[Problem] = []
    for name, file in (("old", old_run), ("new", new_run)):
        held = value(file, told["field"]) if file else None
        if told[name] is None:
            told[name] = held
        elif held is not None and told[name] != held:
            what = f"is {told[name]}, but {file} has {held}"
            problems.append(Problem(f"--{name}", told["field"], what, "Leave it out: the file's own value is taken"))
    if told["old"] is None and told["new"] is None:
        what = "is no number or word of the run file"
        problems.append(Problem(str(old_run), told["field"], what, "Give --old and --new, or another --field"))
    if problems:
        raise Refusal(problems)
    replaced = new_run.name if new_run else None
    return _event("corrected", about, at, {"run": about.run, "replaced_by": replaced, **told})


def value(file: Path, field: str) -> float | str | None:
    """Read a field of a run file by its dotted name; None where it holds no number and no word."""
    found: Any = json.loads(file.read_bytes())
    for part in field.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    return found if isinstance(found, str) else float(found)


def pages(event: Event, boards: Sequence[str]) -> Iterator[str]:
    """The pages that an event changes, as addresses below the site's own."""
    yield f"models/{event.model}/"
    yield from (f"boards/{board}/" for board in boards)
    yield from ("corrections/", "queue/")


def _one(about: Target, found: Records) -> tuple[str, str]:
    """The board and the revision of a target that must be one result; the newest revision that was measured."""
    if about.board is None:
        raise refuse("--board", "", f"which result of {about.model}?", "Name its board, or a run file")
    measured = [one for one in found.seen if (one.model, one.board) == (about.model, about.board)]
    newest = max((one for one in measured if one.revision in about.revisions), key=lambda one: one.measured_at)
    return about.board, newest.revision


def _open(found: Records, model: str, revision: str, board: str) -> bool:
    told = [one for one in found.events if states.concerns(one, model, revision, board)]
    return states.open_dispute(told) is not None


def _event(kind: str, about: Target, at: str, told: dict[str, Any]) -> Event:
    """Make an event of its form. Raises Refusal in the words of the option that holds what is wrong."""
    try:
        return ledger.make({"schema": 1, "kind": kind, "at": at, "model": about.model, **told})
    except ValidationError as error:
        raise Refusal(
            Problem(f"--{issue['loc'][-1]}", "", issue["msg"].removeprefix("Value error, "), "See ledger/README.md")
            for issue in error.errors()
        ) from None


def read(folder: Path, ledger_folder: Path) -> Records:
    """Read what there is, but for submissions and runs that do not hold: nothing is said of those."""
    if not folder.is_dir():
        raise refuse(folder, "", f"is no folder of submissions, each ORG/NAME/{submissions.FILE}", "Name it")
    return records.read(folder, ledger_folder)
