"""Commands with which maintainers write into the ledger. Each writes one event and says which pages will change."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattbench.cli import say
from wattbench.cli.life import LEDGER, SUBMISSIONS, LedgerOption, SubmissionsOption

if TYPE_CHECKING:
    from wattbench.ledger import Event
    from wattbench.ledger.amending import Target
    from wattbench.ledger.records import Records

What = Annotated[str, typer.Argument(metavar="RUN|ORG/NAME", help="A run file, or a model.")]
Model = Annotated[str, typer.Argument(metavar="ORG/NAME", help="A model.")]
RunFile = Annotated[Path, typer.Argument(metavar="RUN", help="A run file.")]
BoardOption = Annotated[str | None, typer.Option(help="Only this board of the model.")]
RevisionOption = Annotated[str | None, typer.Option(help="Only this revision; by default all there are.")]
NoteOption = Annotated[str, typer.Option(help="What the page will say, in plain words.")]


def withdraw(
    what: What,
    note: NoteOption,
    reason: Annotated[str, typer.Option(help="owner, fault, dispute, licence, conduct or other.")],
    board: BoardOption = None,
    revision: RevisionOption = None,
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
) -> None:
    """Take results out of their boards, with a public note: a model's, those of one board, or one run."""
    from wattbench.ledger import amending

    found, about = _target(what, board, revision, folder, ledger)
    _write(amending.withdrawal(about, _at(), reason, note), about, found, ledger)


def dispute(
    what: What,
    note: NoteOption,
    by: Annotated[list[Path] | None, typer.Option(help="A run that disagrees; may be repeated.")] = None,
    board: BoardOption = None,
    revision: RevisionOption = None,
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
) -> None:
    """Mark a result as disputed; a third session is queued, before everything else."""
    from wattbench.ledger import amending

    found, about = _target(what, board, revision, folder, ledger)
    runs = [amending.run_of(found, folder, str(one)) for one in by or ()]
    _write(amending.dispute(found, about, _at(), runs, note), about, found, ledger)


def resolve(
    what: What,
    note: NoteOption,
    board: BoardOption = None,
    revision: RevisionOption = None,
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
) -> None:
    """End a dispute: the result stands. One that does not is withdrawn instead."""
    from wattbench.ledger import amending

    found, about = _target(what, board, revision, folder, ledger)
    _write(amending.resolution(found, about, _at(), note), about, found, ledger)


def correct(
    run: RunFile,
    field: Annotated[str, typer.Option(help="The number that was wrong: quality.value, passes.0.joules, ...")],
    cause: Annotated[str, typer.Option(help="What made it wrong, in plain words.")],
    old: Annotated[str | None, typer.Option(help="What was published; by default what the run file has.")] = None,
    new: Annotated[str | None, typer.Option(help="What is right; by default what the replacing run has.")] = None,
    replaced_by: Annotated[
        Path | None, typer.Option("--replaced-by", help="The run that counts from now on in its place.")
    ] = None,
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
) -> None:
    """Note that a published number was wrong: what it was, what it is, and why."""
    from wattbench.ledger import amending

    found, about = _target(str(run), None, None, folder, ledger)
    if replaced_by is not None:
        amending.run_of(found, folder, str(replaced_by))
    told = {"field": field, "old": _number(old), "new": _number(new), "cause": cause}
    _write(amending.correction(run, replaced_by, about, _at(), told), about, found, ledger)


def requeue(
    model: Model,
    note: NoteOption,
    sessions: Annotated[int, typer.Option(min=1, max=10, help="How many more sessions.")] = 1,
    board: Annotated[str | None, typer.Option(help="Only this board; by default all that it asks for.")] = None,
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
) -> None:
    """Measure again: after a failure that was looked at, or a result that is checked without being asked."""
    from dataclasses import replace

    from wattbench.ledger import amending

    found, about = _target(model, None, None, folder, ledger)
    about = replace(about, board=amending.parsed(board) if board else None)
    _write(amending.again(found, about, _at(), sessions, note), about, found, ledger)


def opt_out(
    model: Model, note: NoteOption, folder: SubmissionsOption = SUBMISSIONS, ledger: LedgerOption = LEDGER
) -> None:
    """Measure a model no more, as its owner asks. What is published stays; `withdraw` takes it away."""
    from wattbench.ledger import amending

    found, about = _target(model, None, None, folder, ledger)
    _write(amending.opting_out(about, _at(), note), about, found, ledger)


def _at() -> str:
    from wattbench import ledger

    return ledger.stamp(dt.datetime.now(dt.UTC))


def _target(what: str, board: str | None, revision: str | None, folder: Path, ledger: Path) -> tuple[Records, Target]:
    from wattbench.ledger import amending

    found = amending.read(folder, ledger)
    return found, amending.target(found, folder, what, board, revision)


def _number(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _write(event: Event, about: Target, found: Records, ledger: Path) -> None:
    from wattbench import ledger as ledgers
    from wattbench.ledger import amending

    measured = {one.board for one in found.seen if one.model == about.model}
    boards = [about.board] if about.board else sorted(measured)
    say.out.print(f"Wrote {ledgers.write(event, ledger)}", soft_wrap=True, markup=False)
    say.out.print(f"With the next build these pages change: {', '.join(amending.pages(event, boards))}", soft_wrap=True)
