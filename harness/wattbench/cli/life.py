"""Commands for the life of a submission: the queue, and what maintainers write into the ledger."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from wattbench.cli import say

if TYPE_CHECKING:
    from wattbench.ledger.queue import Host, Waiting
    from wattbench.ledger.records import Records

SubmissionsOption = Annotated[Path, typer.Option("--submissions", help="The submissions folder.")]
LedgerOption = Annotated[Path, typer.Option("--ledger", help="The ledger's folder.")]
SUBMISSIONS, LEDGER = Path("submissions"), Path("ledger")


def queue(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    only_next: Annotated[bool, typer.Option("--next", help="Only what is to be measured next.")] = False,
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
    sku: Annotated[str, typer.Option(help="The device of the hosts that the queue is for.")] = "h100-sxm5-80gb",
    count: Annotated[int, typer.Option(min=1, help="How many of it.")] = 1,
    meter: Annotated[str, typer.Option(help="Its meter: nvml, rapl, zeus or estimate.")] = "nvml",
    protocol: Annotated[str, typer.Option(help="The protocol whose runs count.")] = "official",
    packages: Annotated[
        bool, typer.Option("--packages", help="Also what comes from packages: the demo's, never rated.")
    ] = False,
) -> None:
    """List what is merged and waits to be measured, in its fair order, and where everything else stands.

    With --next the exit status is 1 where nothing waits.
    """
    from wattbench.ledger import queue as queues
    from wattbench.ledger import records

    host = _host(sku, count, meter, protocol)
    found = records.read(folder, ledger)
    say.problems(found.problems)
    if not packages:
        found = records.without_packages(found)
    now = dt.datetime.now(dt.UTC)
    line = queues.waiting(found, host, now)
    if only_next:
        line = line[:1]
    if as_json:
        typer.echo(json.dumps(_as_dict(line, found, host, now, only_next), indent=1, ensure_ascii=False))
    elif only_next:
        for one in line:
            say.out.print(f"{one.path}  {one.board.name}", soft_wrap=True, markup=False)
    else:
        _tell(line, found, host, now)
    if only_next and not line:
        say.err.print("Nothing waits.")
        raise typer.Exit(1)


def _host(sku: str, count: int, meter: str, protocol: str) -> Host:
    from wattbench.boards import Board
    from wattbench.ledger.queue import Host
    from wattbench.problems import refuse
    from wattbench.protocol import PROTOCOLS

    if protocol not in PROTOCOLS:
        raise refuse("--protocol", "", f"there is no protocol {protocol!r}", f"Choose from {', '.join(PROTOCOLS)}")
    try:
        board = Board("task", 1, sku, "fp32", meter=meter, count=count)  # type: ignore[arg-type] # Board refuses it
    except ValueError as error:
        raise refuse("--sku, --meter", "", str(error), "Write them as boards have them, see METHOD") from None
    return Host(board.sku, board.meter, board.count, protocol)


def _as_dict(
    line: tuple[Waiting, ...], found: Records, host: Host, now: dt.datetime, only_next: bool
) -> dict[str, object]:
    from wattbench.ledger import queue as queues

    told: dict[str, object] = {
        "schema": 1,
        "waiting": [
            {
                "submission": str(one.path),
                "model": one.model,
                "revision": one.revision,
                "board": one.board.name,
                "sessions_wanted": one.sessions_wanted,
                "sessions_there": one.sessions_there,
                "tries": one.tries,
                "why": one.why,
                "submitter": one.submitter,
            }
            for one in line
        ],
    }
    if not only_next:
        told["states"] = [
            {
                "model": asked.model,
                "revision": asked.revision,
                "board": board.name,
                "state": one.state,
                "code": one.code,
                "words": one.words,
                "remedy": one.remedy,
            }
            for asked, board, one in queues.every(found, host, now)
        ]
    return told


def _tell(line: tuple[Waiting, ...], found: Records, host: Host, now: dt.datetime) -> None:
    from wattbench.ledger import queue as queues

    what = f"{host.sku} ({host.meter})"
    title = f"{len(line)} {'waits' if len(line) == 1 else 'wait'} for {what}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "model", "board", "sessions", "tries", "why"):
        table.add_column(name, overflow="fold")
    for number, one in enumerate(line, 1):
        sessions = f"{one.sessions_there} of {one.sessions_wanted}"
        table.add_row(str(number), escape(one.model), one.board.name, sessions, str(one.tries), one.why)
    say.out.print(table if line else f"Nothing waits for {what}.")
    places = {(one.model, one.board) for one in line}
    for asked, board, stands in queues.every(found, host, now):
        if (asked.model, board) not in places:
            told = f"{escape(asked.model)} on {board.name}: {escape(stands.words)} ({stands.code})"
            say.out.print(f"[bold]{stands.state}[/]  {told}", soft_wrap=True)
            if stands.state == "failed":
                say.out.print(f"    {escape(stands.remedy)}", style="dim", soft_wrap=True)
