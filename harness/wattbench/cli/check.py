"""The command that checks submissions: for whoever writes one, and for the pull request that brings it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wattbench.cli import say

if TYPE_CHECKING:
    from wattbench.checking.report import Report

Format = Literal["rich", "json", "github", "markdown"]
WRONG_USAGE = 2


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Submission files, or folders that hold some; all of --submissions otherwise.", show_default=False
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Check what HEAD changes since it left this."),
    ] = None,
    role: Annotated[
        Literal["person", "harness", "maintainer"],
        typer.Option(help="Whose change it is, with --base: people send submissions, the harness results."),
    ] = "person",
    form: Annotated[
        Format, typer.Option("--format", help="How it is said: to people, to programs, to GitHub, in a comment.")
    ] = "rich",
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the Hub.")] = False,
    submissions: Annotated[Path, typer.Option(help="The folder of submissions; the ledger lies beside it.")] = Path(
        "submissions"
    ),
    device: Annotated[
        str, typer.Option(metavar="SKU", help="What submissions are measured on, as names of boards have it.")
    ] = "h100-sxm5-80gb",
) -> None:
    """Check submissions: every problem at once, with file, field and remedy. Ends with 1 where there is one.

    Nothing of a submission is run. Wrong usage ends with 2.
    """
    from wattbench.checking import checks, forms, remote
    from wattbench.checking.report import Misuse

    wanted = checks.Wanted(
        paths=tuple(paths or ()),
        folder=submissions,
        base=base,
        role=role,
        device=remote.Device(device),
        look=None if offline else remote.look,
    )
    try:
        if form == "rich":
            with say.progress(max(1, len(wanted.paths))) as step:
                report = checks.check(wanted, step)
        else:
            report = checks.check(wanted)
    except Misuse as misuse:
        say.problems(misuse.problems)
        raise typer.Exit(WRONG_USAGE) from None
    if form == "rich":
        _say(report)
    else:
        write = {"json": forms.to_json, "github": forms.to_github, "markdown": forms.to_markdown}[form]
        typer.echo(write(report), nl=False)
    if not report.ok:
        raise typer.Exit(1)


def _say(report: Report) -> None:
    """Say a report to people."""
    from wattbench.checking import forms

    say.problems(report.problems)
    say.notes(report.notes)
    if words := forms.HUB[report.hub]:
        say.out.print(words, style="dim", soft_wrap=True)
    good = [one for one in report.submissions if one.good]
    for one in good:
        asked = ", ".join(one.submission.tasks)
        say.out.print(f"[green]good[/]  {one.submission.model.id}: {asked} ({say.line(one.path)})", soft_wrap=True)
        for board in one.boards:
            say.out.print(f"      would enter {board.name}", style="dim", soft_wrap=True)
    if report.problems:
        files = len({problem.file for problem in report.problems})
        count = len(report.problems)
        what = f"{count} problem{'s' * (count > 1)} in {files} file{'s' * (files > 1)}"
        say.err.print(f"{what}; {len(good)} good.")
