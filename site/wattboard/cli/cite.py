"""`wattboard card`: a badge in a model's card, as a diff or as one pull request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattbench.problems import refuse
from wattboard.cli import rate
from wattboard.cli.publish import Editions, Keys, Ledger, Submissions  # noqa: TC001 - typer reads them when it runs

if TYPE_CHECKING:
    from wattboard.listings import Site

BENCHMARK = "wattstar/energy"  # the data set on the Hub that lists our boards as its tasks


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(card)


def card(
    model: Annotated[str, typer.Argument(metavar="ORG/MODEL", help="The model, as the Hub spells it. One a call.")],
    task: Annotated[list[str] | None, typer.Option("--task", help="Its headline board; may be given again.")] = None,
    board: Annotated[list[str] | None, typer.Option("--board", help="A board; may be given again.")] = None,
    readme: Annotated[
        Path | None,
        typer.Option("--card", exists=True, dir_okay=False, help="A README.md on this machine; the Hub is not asked."),
    ] = None,
    moving: Annotated[bool, typer.Option("--moving", help="Badges that change with a new edition.")] = False,
    benchmark: Annotated[
        str, typer.Option("--benchmark", metavar="ORG/DATASET", help="Our benchmark's data set on the Hub.")
    ] = BENCHMARK,
    open_pr: Annotated[bool, typer.Option("--open-pr", help="Open a pull request on the Hub, once.")] = False,
    owner: Annotated[
        bool, typer.Option("--i-am-the-owner", help="You own the model: needed for --open-pr, with your own HF_TOKEN.")
    ] = False,
    submissions: Submissions = None,
    editions: Editions = None,
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Print what would change in a model's card to show its stars; with --open-pr open one pull request for it."""
    if open_pr and readme is not None:
        raise refuse("", "--open-pr", "cannot be had with --card", "Leave out one of them")
    if open_pr and not owner:
        remedy = "If the model is yours, add --i-am-the-owner; if not, tell its owner about this command"
        raise refuse(model, "--open-pr", "is for the model's owner alone", remedy)
    from dataclasses import replace

    from wattboard import build, cards
    from wattboard.cards import choosing, diffs, opening, reading

    site = _site(submissions, editions, ledger, keys)
    results = choosing.results(site, model, task or (), board or ())
    there = reading.on_disk(readme, benchmark) if readme is not None else reading.on_hub(model, benchmark)
    site = replace(site, heads=reading.heads(there, results))
    wish = cards.Wish(build.site_address(), moving, there.benchmark)
    proposal = cards.propose(site, results, wish, there.readme, there.evaluated)
    for note in (*there.notes, *proposal.notes):
        typer.echo(note, err=True)
    if not proposal.changes:
        typer.echo(f"{model}: nothing to do, its card shows this already.")
    elif open_pr:
        typer.echo(opening.open_pull(there, proposal, site, results, wish))
    else:
        typer.echo(diffs.diff(proposal.changes).encode(), nl=False)


def _site(submissions: list[Path] | None, editions: list[Path] | None, ledger: Path | None, keys: Path | None) -> Site:
    """Rate what counts, as the pages do, and name what is left out."""
    from wattboard import editions as frozen
    from wattboard import listings
    from wattboard.life import Life

    opened = frozen.read_all(editions or [Path("site/editions")])
    counted = rate.gather(submissions, opened, ledger, keys)
    return listings.assemble(counted.filed, opened, life=Life(events=counted.events, gone=counted.gone))
