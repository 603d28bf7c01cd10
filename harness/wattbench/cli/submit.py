"""Commands for those who submit a model: check a submission, fetch what it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattbench.cli import say
from wattbench.problems import Refusal

SHELF = Path("build/shelf")
ShelfOption = Annotated[Path, typer.Option(envvar="WATTSTAR_SHELF", help="The folder that holds models and workloads.")]
Paths = Annotated[list[Path], typer.Argument(help="Submission files, or folders that hold some.", show_default=False)]


def check(paths: Paths) -> None:
    """Check submissions: every problem at once, with file, field and remedy."""
    from wattbench import submissions

    good, problems = submissions.check(paths)
    say.problems(problems)
    for path, submission in good:
        asked = ", ".join(submission.tasks)
        say.out.print(f"[green]good[/]  {submission.model.id}: {asked} ({path})", soft_wrap=True)
    if problems:
        files = len({problem.file for problem in problems})
        what = f"{len(problems)} problem{'s' * (len(problems) > 1)} in {files} file{'s' * (files > 1)}"
        say.err.print(f"{what}; {len(good)} good.")
        raise typer.Exit(1)


def prefetch(paths: Paths, shelf: ShelfOption = SHELF) -> None:
    """Fetch the models that submissions ask for onto the Shelf, checked file by file."""
    from wattbench import demo, hub, submissions

    good, problems = submissions.check(paths)
    if problems:
        raise Refusal(problems)
    with say.progress(len(good)) as step:
        for number, (path, submission) in enumerate(good):
            step(f"{submission.model.id}", number)
            if submission.model.package is None:
                fresh = hub.prefetch(submission, shelf)
            else:
                fresh = demo.fill(demo.find(submission, path, shelf), shelf)
            say.out.print(f"{submission.model.id}: {'fetched' if fresh else 'on the Shelf already'}")
