"""Commands for many hosts: run the queue on a Ray cluster, say how it stands, drain a host."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattbench.cli import say
from wattbench.cli.life import LEDGER, SUBMISSIONS, LedgerOption, SubmissionsOption
from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wattbench.boards import Board
    from wattbench.fleet import Host
    from wattbench.fleet.host import How, Sent
    from wattbench.ledger.queue import Waiting
    from wattbench.runs import Run
    from wattbench.submissions import Submission

app = typer.Typer(no_args_is_help=True, help="Measure the queue on many hosts, through a Ray cluster.")
STATE = Path("build/fleet")
StateOption = Annotated[Path, typer.Option("--state", help="Where the driver keeps what it must not forget.")]
KEYS = Path("keys/trusted.json")


@app.command()
def run(
    address: Annotated[str, typer.Option(envvar="RAY_ADDRESS", help="The Ray cluster: HOST:PORT, or auto.")] = "auto",
    folder: SubmissionsOption = SUBMISSIONS,
    ledger: LedgerOption = LEDGER,
    state: StateOption = STATE,
    keys: Annotated[Path, typer.Option(help="The file of trusted keys; a host signs with one of them.")] = KEYS,
    protocol: Annotated[str, typer.Option(help="official, or quick (never rated outside the demo).")] = "official",
    meter: Annotated[str | None, typer.Option(help="nvml, rapl or estimate; by default each host's best.")] = None,
    device: Annotated[str, typer.Option(help="Where models are loaded; by default what the meter reads.")] = "",
    backend: Annotated[str, typer.Option(help="What loads models: optimum (echo is for tests).")] = "optimum",
    candidates: Annotated[int, typer.Option(min=1, help="Models a session, between its reference runs.")] = 8,
    seed: Annotated[str, typer.Option(help="Shuffles the order among neighbours of the queue.")] = "wattstar",
    patience: Annotated[float, typer.Option(help="Seconds to wait for a host that fits before giving up.")] = 120.0,
    packages: Annotated[bool, typer.Option("--packages", help="Also what comes from packages: never rated.")] = False,
) -> None:
    """Measure everything that waits, one session a host at a time, until nothing is left.

    It can be killed and started again: what was measured is kept, and nothing is measured twice.
    """
    from wattbench.evidence import keys as trusted_keys
    from wattbench.fleet import cluster, driving, logbook
    from wattbench.fleet.host import How
    from wattbench.fleet.job import Job
    from wattbench.protocol import PROTOCOLS

    if protocol not in PROTOCOLS:
        raise refuse("--protocol", "", f"there is no protocol {protocol!r}", f"Choose from {', '.join(PROTOCOLS)}")
    how = How(PROTOCOLS[protocol], meter, backend, device)  # type: ignore[arg-type] # a host refuses an unknown meter
    trusted = trusted_keys.read_trusted(keys)
    with logbook.alone(state), cluster.RayCluster(address, how, trusted) as ray:
        job = Job(
            state=state,
            out=folder,
            queue=lambda hosts: _queue(folder, ledger, hosts, how, packages),
            find=lambda model, revision: _find(folder, model, revision),
            trusted=trusted,
            seed=seed,
            candidates=candidates,
            patience_seconds=patience,
            tell=_tell,
            enter=_entering(ledger),
        )
        driver = driving.Driver(job)
        driver.start(_runs(folder))
        driver.work(ray)
        waits = driver.waits()
    say.out.print(f"{driver.sessions} sessions measured.")
    left = [*(why for _, why in driver.given_up.values()), *waits]
    for words in left:
        _tell(words)
    if left:
        raise typer.Exit(1)


@app.command()
def status(state: StateOption = STATE) -> None:
    """Say which hosts there are, what they measure, and what was measured; reads the driver's own files."""
    from wattbench.fleet import logbook

    drained, hosts, found = logbook.drained(state), logbook.hosts(state), logbook.records(state)
    measuring = {one.host: one for one in logbook.still_open(state)}
    at_work = logbook.is_driven(state)
    say.out.print("A driver is at work." if at_work else "No driver is at work: `wattbench fleet run` goes on.")
    for host in hosts:
        done = sum(one.host == host.name for one in found)
        words = f"{host.name}: {host.count} x {host.sku}, driver {host.driver or 'none'}, {done} sessions done"
        if host.name in drained and drained[host.name].reason is not None:
            words += f", drained since {drained[host.name].since}: {drained[host.name].reason}"
        elif host.name in measuring:
            one = measuring[host.name]
            models = f"{len(one.slots)} model{'s' * (len(one.slots) > 1)}"
            words += f", {'measures' if at_work else 'was measuring'} {models} on {one.board.name}"
        _tell(words)
    refused = [(slot, one.refused[slot.key]) for one in found for slot in one.slots if slot.key in one.refused]
    say.out.print(
        f"{len(found)} sessions in their places, {sum(len(one.slots) for one in found)} slots of submissions."
    )
    for slot, why in refused:
        _tell(f"{slot.submission} cannot be measured on {slot.board.name}: {why}")


@app.command()
def drain(
    host: Annotated[str, typer.Argument(help="The host's name, as `wattbench fleet status` has it.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "a maintainer asked for it",
    back: Annotated[bool, typer.Option("--back", help="Take the host back: its control charts begin anew.")] = False,
    state: StateOption = STATE,
) -> None:
    """Give a host nothing new; what it measures it brings to its end. A driver at work obeys within seconds."""
    from wattbench.fleet import logbook

    known = [one.name for one in logbook.hosts(state)]
    if host not in known:
        there = ", ".join(known) or "none has ever checked in"
        raise refuse(host, "", "is no host of this fleet", f"There are: {there}")
    now = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    logbook.drain(state, logbook.Drained(host, None if back else reason, now))
    _tell(f"{host} is taken back." if back else f"{host} is drained: {reason}.")


def _tell(words: str) -> None:
    say.out.print(words, markup=False, soft_wrap=True)


def _queue(folder: Path, ledger: Path, hosts: Sequence[Host], how: How, packages: bool) -> list[Waiting]:
    """What waits for the kinds of hosts there are, or for the usual one where there is none yet."""
    from wattbench.ledger import queue, records

    found = records.read(folder, ledger)
    found = found if packages else records.without_packages(found)
    kinds = {(one.sku, one.meter, one.count) for one in hosts}
    wanted = [queue.Host(sku, meter, count, how.protocol.name) for sku, meter, count in sorted(kinds)]
    now = dt.datetime.now(dt.UTC)
    return [
        one for host in wanted or [queue.Host(protocol=how.protocol.name)] for one in queue.waiting(found, host, now)
    ]


def _find(folder: Path, model: str, revision: str) -> Submission | None:
    from wattbench import submissions
    from wattbench.problems import Refusal

    try:
        found = submissions.load(folder / model / submissions.FILE)
    except (Refusal, OSError):
        return None
    return found if found.model.key == revision else None


def _runs(folder: Path) -> Iterator[Run]:
    """Every run that is whole; what is wrong with others is for `wattbench verify` to say."""
    from wattbench import evidence, runs
    from wattbench.problems import Refusal

    for path in sorted(folder.glob("*/*/runs/*.json")):
        if not path.name.endswith(evidence.ENDING):
            try:
                yield runs.from_bytes(path.read_bytes(), path)
            except (Refusal, OSError):
                continue


def _entering(ledger: Path) -> Callable[[Board, Sequence[Run], Sent], None]:
    """Give what enters every session into the ledger: which runs it left, and which models were refused."""
    from wattbench import ledger as ledgers
    from wattbench import runs
    from wattbench.ledger import entries

    book = entries.Book(ledger, frozenset())

    def enter(board: Board, found: Sequence[Run], sent: Sent) -> None:
        for one in found:
            if one.role == "candidate":
                of = {"model": one.model.id, "revision": one.model.revision, "board": one.board}
                book.write("measured", of | {"session": one.session, "run": runs.path_of(one, Path()).name})
        for whose, code, why in (
            ("submission", "model-refused", sent.refused),
            ("infrastructure", "not-ready", sent.lacking),
        ):
            for who, words in why.items():
                model, revision = who.split("@", 1)
                told = {"model": model, "revision": revision, "board": board.name, "whose": whose, "code": code}
                book.write("failed", told | {"words": ledgers.printable(words), "remedy": "See the words"})

    return enter
