"""How the command line speaks: problems as one line each, progress as bars on a terminal and as lines elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from wattbench.legible import legible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wattbench.problems import Problem
    from wattbench.runs import Run

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def problems(found: Iterable[Problem]) -> None:
    """Print every problem: where, what, and below it what to do."""
    for problem in found:
        _one(problem, "bold red")


def notes(found: Iterable[Problem]) -> None:
    """Print what is worth knowing and wrong with nobody."""
    for note in found:
        _one(note, "yellow")


def _one(problem: Problem, style: str) -> None:
    where = ": ".join(part for part in (problem.file, problem.field) if part)
    what = f"[{style}]{line(where)}[/]: {line(problem.message)}" if where else line(problem.message)
    err.print(what, soft_wrap=True)
    if problem.remedy:
        err.print(f"    {line(problem.remedy)}", style="dim", soft_wrap=True)


def line(text: str) -> str:
    """Make text of anybody's safe to print: no markup of rich's, no terminal sequence, no command to GitHub's logs."""
    told = legible(text).replace("##[", "## [")
    return escape(f"./{told}" if told.lstrip().startswith("::") else told)


def gates(run: Run) -> Table:
    """Lay out the gates of a run: verdict, name, what was found, limit, and why."""
    title = f"{run.model.id} ({run.role.replace('-', ' ')}) on {run.board}: {run.verdict}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "gate", "found", "limit", "why"):
        table.add_column(name, overflow="fold")
    for gate in run.gates:
        style = {"fail": "bold red", "flag": "yellow"}.get(gate.verdict, "")
        table.add_row(
            gate.verdict, *map(escape, (gate.name, gate.value or "absent", gate.limit, gate.why)), style=style
        )
    return table


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[str, float], None]]:
    """Show how far a long work is: yields `step(what, done)`, `done` counted up to `total`.

    Without a terminal each new `what` is one plain line, so that a log stays readable.
    """
    if not out.is_terminal:
        last: list[str] = []

        def line(what: str, done: float) -> None:
            if last != [what]:
                last[:] = [what]
                out.print(f"  {100 * done / max(total, 1):3.0f} %  {escape(what)}", soft_wrap=True)

        yield line
        return
    columns = (
        BarColumn(28),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("", total=total)

        def step(what: str, done: float) -> None:
            bar.update(task, description=escape(what), completed=done)

        yield step
