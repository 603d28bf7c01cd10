"""`wattboard comment`: what a pull request is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattboard.cli import rate
from wattboard.cli.publish import Editions, Keys, Ledger, Submissions  # noqa: TC001 - typer reads them when it runs


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(comment)


def comment(
    check: Annotated[
        Path, typer.Argument(metavar="CHECK", help="What `wattbench check --format json` wrote, or an archive of it.")
    ],
    submissions: Submissions = None,
    editions: Editions = None,
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Write the comment that a pull request gets, as Markdown: what was found, the boards it would enter, what is next.

    CHECK may come from anybody: it is read as data, bounded in size, and what it says is shown as plain text.
    """
    from wattboard import comment as comments
    from wattboard import editions as frozen
    from wattboard import frame, listings
    from wattboard.advising import choices, scores
    from wattboard.commenting import reading
    from wattboard.life import Life

    found = reading.read(check)
    opened = frozen.read_all(editions or [Path("site/editions")])
    counted = rate.gather(submissions, opened, ledger, keys)
    site = listings.assemble(counted.filed, opened, life=Life(counted.events))
    latencies = choices.latencies(frame.frame(counted.filed))
    boards = [(one, choices.of(one, latencies)) for one in site.listings]
    typer.echo(comments.comment(found, boards, scores.pairing(counted.filed)), nl=False)
