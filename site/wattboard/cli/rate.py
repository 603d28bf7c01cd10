"""`wattboard freeze`, `wattboard rollover`, `wattboard explain`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattbench.problems import refuse
from wattboard.cli.publish import Editions, Keys, Ledger, Submissions  # noqa: TC001 - typer reads them when it runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.editions import Opened
    from wattboard.founding.rollovers import Rollover
    from wattboard.life.counting import Counted

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(freeze)
    app.command()(rollover)
    app.command()(explain)


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
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Freeze the thresholds of boards, from their founding cohort or their reference model. A board is frozen once."""
    from wattboard import frame
    from wattboard.founding import anchors, cohorts, freezing

    passes = frame.frame(gather(submissions, () if demo else None, ledger, keys).filed)
    found = anchors.anchors(passes)
    founding = {} if demo else cohorts.foundings(passes, found, edition)
    editions.mkdir(parents=True, exist_ok=True)  # the build that follows asks for it, also where nothing was frozen
    said = freezing.freeze(editions, edition, found, demo=demo, only=board, foundings=founding)
    for line in said:
        typer.echo(line)
    if not said:
        typer.echo("There is no run to freeze a board from: measure first (make demo does).")


def rollover(
    edition: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The edition; without it, the newest there is.")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="The day to judge on.", show_default="that of the newest run"),
    ] = None,
    submissions: Submissions = None,
    editions: Editions = None,
    as_json: Json = False,
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Say whether an edition may or must roll over, and what every star would become. Changes nothing."""
    from wattboard import frame
    from wattboard.founding import rollovers

    every = _opened(editions)
    filed = gather(submissions, every, ledger, keys).filed
    opened = _edition(edition, every)
    day = (
        on.date() if on else date.fromisoformat(max((one.run.measured_at[:10] for one in filed), default="0001-01-01"))
    )
    if day < date.fromisoformat(opened.edition.opened):
        message = f"{day} is before {opened.edition.opened}, when {opened.edition.id} opened"
        raise refuse("", "--on", message, "Name a day within the edition")
    found = rollovers.consider(opened, frame.frame(filed), day)
    if as_json:
        told = {"schema": 1, "must": found.must, **asdict(found)}
        typer.echo(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False))
        return
    for line in _told(found):
        typer.echo(line)


def explain(
    model: Annotated[str, typer.Argument(metavar="ORG/MODEL", help="The model, as the Hub spells it.")],
    board: Annotated[str, typer.Argument(metavar="TASK|BOARD", help="A board, or a task: its headline board.")],
    submissions: Submissions = None,
    editions: Editions = None,
    as_json: Json = False,
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Say in plain sentences why a model has its star, and what would change it."""
    from wattboard import explaining
    from wattboard.explaining import sentences

    opened = _opened(editions)
    counted = gather(submissions, opened, ledger, keys)
    told = explaining.explain(counted.filed, opened, model, board, counted.events)
    if as_json:
        typer.echo(json.dumps(sentences.as_dict(told), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False))
        return
    for line in sentences.sentences(told):
        typer.echo(line)


def gather(
    folders: list[Path] | None, opened: Sequence[Opened] | None, ledger: Path | None = None, keys: Path | None = None
) -> Counted:
    """Read the runs that count against some editions, and name those that are left out.

    Without editions only signed runs count, as on every board of a rated edition.
    """
    from wattboard.gathering import left_out
    from wattboard.life import counting

    places = counting.Places(tuple(folders or [Path("submissions")]), ledger, keys)
    counted = counting.count(places, None if opened is None else counting.signed_boards(opened))
    refused = [problem for one in counted.left_out for problem in one.problems]
    left_out.check(counted.left_out, strict=False)
    for problem in refused:
        typer.echo(f"Left out: {problem}", err=True)
    return counted


def _opened(folders: list[Path] | None) -> tuple[Opened, ...]:
    from wattboard import editions

    return editions.read_all(folders or [Path("site/editions")])


def _edition(wanted: str | None, known: Sequence[Opened]) -> Opened:
    """Find an edition by its id; without one, the newest that is rated, else the newest demo."""
    rated = [one for one in known if one.edition.kind != "imported"]
    if wanted is None and rated:
        return max(rated, key=lambda one: (one.edition.kind == "rated", one.edition.opened, one.edition.id))
    found = next((one for one in rated if one.edition.id == wanted), None)
    if found is None:
        message = f"there is no edition {wanted}" if wanted else "there is no edition"
        named = ", ".join(one.edition.id for one in rated) or "none yet; wattboard freeze makes one"
        raise refuse("", "ID", message, f"There is {named}")
    return found


def _told(found: Rollover) -> list[str]:
    """Lay a rollover out for people."""
    age = f"Edition {found.edition} opened on {found.opened} and is {found.months} months old on {found.on}."
    if found.due:
        verdict = "It has lasted its 12 months and rolls over."
    elif found.early:
        verdict = "It must roll over early: a board has more five-star lineages than its founding cohort explains."
    else:
        verdict = "It stays: it lasts 12 months, and no rule calls for an earlier end."
    lines = [age, verdict]
    for one in found.boards:
        admitted = (
            f"{one.board}: on {one.on}, {one.best} of {one.admitted} lineages admitted since the freeze had 5 stars"
        )
        if one.bound is None:
            lines.append(f"{admitted}; fewer than 30 say nothing.")
        else:
            lines.append(f"{admitted}, {one.bound:.1%} at least, against {one.founding:.1%} of the founding cohort.")
    moved = [one for one in found.changes if one.stars != one.new_stars]
    lines.append(f"At a rollover {len(moved)} of {len(found.changes)} results would change their stars.")
    for each in moved:
        was, becomes = ("none" if stars is None else str(stars) for stars in (each.stars, each.new_stars))
        lines.append(f"  {each.model} on {each.board}: {was} -> {becomes} ({each.new_status})")
    return lines
