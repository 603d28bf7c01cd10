"""`wattboard freeze`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattboard.cli.publish import Submissions  # noqa: TC001 - typer reads it when it runs


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(freeze)


def freeze(
    edition: Annotated[str, typer.Argument(metavar="ID", help="The edition's id, such as 2026-12 or demo.")],
    board: Annotated[
        str | None, typer.Argument(metavar="[BOARD]", help="One board; without it, all not frozen yet.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="A demo edition: it rates estimates, in outlined stars.")
    ] = False,
    submissions: Submissions = None,
    editions: Annotated[Path, typer.Option("--editions", help="The folder of editions.")] = Path("site/editions"),
) -> None:
    """Freeze the thresholds of boards, anchored on their reference model. A board is frozen once."""
    from wattboard import anchors, frame, freezing

    filed = frame.gather(submissions or [Path("submissions")])
    found = anchors.anchors(frame.frame(filed))
    editions.mkdir(parents=True, exist_ok=True)  # the build that follows asks for it, also where nothing was frozen
    said = freezing.freeze(editions, edition, found, demo=demo, only=board)
    for line in said:
        typer.echo(line)
    if not said:
        typer.echo("There is no run to freeze a board from: measure first (make demo does).")
