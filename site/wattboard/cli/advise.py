"""`wattboard advise`: the smallest thing that is good enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattboard.cli import rate
from wattboard.cli.publish import Editions, Keys, Ledger, Submissions  # noqa: TC001 - typer reads them when it runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattboard.advising.choices import Offer
    from wattboard.advising.gains import Ladder
    from wattboard.frame import Filed
    from wattboard.imports import Imported
    from wattboard.listings import Site

PERCENT = 100
WHOLE = 1.0  # below it a percentage was meant as a fraction


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(advise)


def advise(
    task: Annotated[str | None, typer.Option("--task", help="A task: its headline board.")] = None,
    board: Annotated[str | None, typer.Option("--board", help="One board, by its name.")] = None,
    within: Annotated[
        float | None,
        typer.Option("--within", min=0, help="How far below the best quality is good enough: points of a percentage."),
    ] = None,
    min_quality: Annotated[
        float | None, typer.Option("--min-quality", help="The least quality, as the board shows it: 80 is 80 %.")
    ] = None,
    max_latency: Annotated[
        float | None,
        typer.Option(
            "--max-latency",
            min=0,
            help="The longest time of a query (95 % of them; the mean where that is unknown), in s.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--from", help="The model in use today: ORG/MODEL.")] = None,
    submissions: Submissions = None,
    editions: Editions = None,
    imported: Annotated[
        list[Path] | None,
        typer.Option("--imported", exists=True, file_okay=False, help="A folder of imported editions."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Say which model does a task with the lowest energy, good enough and fast enough, and what a switch saves."""
    import json
    from functools import partial

    from wattbench.problems import refuse
    from wattboard import advising, frame, listings
    from wattboard import editions as frozen
    from wattboard.advising import advice_json, advice_sentences, choices, scores
    from wattboard.imports import files
    from wattboard.life import Life

    if within is not None and min_quality is not None:
        raise refuse("", "--within", "a quality is asked for twice", "Give --within or --min-quality, not both")
    opened = frozen.read_all(editions or [Path("site/editions")])
    counted = rate.gather(submissions, opened, ledger, keys)
    filed = counted.filed
    site = listings.assemble(filed, opened, life=Life(counted.events))
    others = files.read_all(imported or [])
    latencies = choices.latencies(frame.frame(filed))
    offers = {one.board.name: choices.of(one, latencies) for one in site.listings}
    offers |= {name: choices.imported(one) for each in others for name, one in each.boards.items()}
    offer = offers[_board(task, board, site, offers)]
    wish = advising.Wish(_unit(offer, min_quality, "--min-quality"), _unit(offer, within), max_latency, model)
    ladders = partial(_ladders, offer, filed=filed, others=others)
    told = advising.advise(offer, wish, scores.pairing(filed), offers=offers, ladders=ladders)
    if as_json:
        known = advice_json.as_dict(told)
        typer.echo(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False))
        return
    for line in advice_sentences.sentences(told):
        typer.echo(line)


def _board(task: str | None, board: str | None, site: Site, offers: Mapping[str, Offer]) -> str:
    """Find the board that is meant: named, a task's headline, or the one imported board of a task. Raises Refusal."""
    from wattbench import tasks
    from wattbench.problems import refuse

    named = ", ".join(sorted(offers)) or "none yet; wattbench run or wattboard import makes some"
    if board is not None:
        if board not in offers:
            raise refuse("", "--board", f"there is no result on a board {board}", f"The boards: {named}")
        if task is not None and task not in {offers[board].task, offers[board].source_task}:
            raise refuse("", "--task", f"{board} is a board of {offers[board].task}", "Leave --task out")
        return board
    if task is None:
        raise refuse("", "--task", "no task is named", f"Give --task, or --board with one of: {named}")
    headline = next((one.board.name for one in site.headlines if one.board.task == task), None)
    of_task = sorted(name for name, one in offers.items() if task in {one.task, one.source_task})
    if headline or len(of_task) == 1:
        return headline or of_task[0]
    if of_task:
        raise refuse("", "--task", f"{task} has {len(of_task)} boards", f"Give --board with one: {', '.join(of_task)}")
    known = sorted({*tasks.names(), *(one.source_task for one in offers.values() if one.source_task)})
    if task in known:
        raise refuse("", "--task", f"{task} has no result yet", f"The boards that have one: {named}")
    raise refuse("", "--task", f"there is no task {task!r}", f"Choose one of: {', '.join(known)}")


def _unit(offer: Offer, value: float | None, option: str | None = None) -> float | None:
    """Turn a quality as the board shows it into the metric's own unit. Raises Refusal for 0.8 where 80 is meant."""
    from wattbench.problems import refuse

    if value is None or offer.metric is None or offer.metric.unit != "%":
        return value
    if option and offer.metric.higher_is_better and 0 < value <= WHOLE:
        message = f"{offer.metric.name} is a percentage: {value:g} is {value:g} %"
        raise refuse("", option, message, f"Write {PERCENT * value:g} for {PERCENT * value:g} %")
    return value / PERCENT


def _ladders(offer: Offer, model: str, filed: Sequence[Filed], others: Sequence[Imported]) -> Sequence[Ladder]:
    """Give a model's ladders: that of its newest saturated run that has one, or its imported curves."""
    from dataclasses import replace

    from wattbench.boards import Board
    from wattboard.advising import gains

    if offer.kind == "imported":
        curves = next((one.boards[offer.board].curves for one in others if offer.board in one.boards), ())
        return gains.imported(offer.board, curves, model)
    chosen = offer.find(model)
    name = replace(Board.parse(offer.board), scenario="saturated").name
    wanted = (name, model, chosen.revision if chosen else None)
    ladder = gains.ladder(one.run for one in filed if (one.board, one.model, one.revision) == wanted)
    return [] if ladder is None else [ladder]
