"""Where submissions stand that have no result yet: what waits, runs, failed, and what their submitters can do. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.boards import Board
from wattbench.ledger import FORM, queue, records
from wattbench.ledger.queue import Host
from wattbench.ledger.records import Records, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattbench.ledger import Event
    from wattbench.ledger.opt_outs import OptOut
    from wattbench.ledger.records import Asked
    from wattbench.ledger.states import State
    from wattboard.editions import Opened
    from wattboard.gathering.filed import Filed

ORDER = ("running", "queued", "failed", "withdrawn")


@dataclass(frozen=True, slots=True)
class Stand:
    """A submission on a board: its state with reason and remedy, its turn in the queue where it has one."""

    model: str
    revision: str
    board: str
    state: State
    code: str
    words: str
    remedy: str
    there: int
    wanted: int
    turn: int | None


def hosts(editions: Iterable[Opened]) -> tuple[Host, ...]:
    """Give the hosts that rated editions have boards for; without any, the project's own."""
    boards = [Board.parse(name) for one in editions if one.edition.kind == "rated" for name in one.boards]
    found = {Host(one.sku, one.meter, one.count) for one in boards if one.kind == "measured"}
    return tuple(sorted(found, key=lambda one: (one.sku, one.count, one.meter))) or (Host(),)


def stands(
    asked: Sequence[Asked],
    filed: Iterable[Filed],
    events: Sequence[Event],
    of: Iterable[Host],
    as_of: str | None,
    opted: Iterable[OptOut] = (),
) -> tuple[Stand, ...]:
    """Give every submission on every board on which it is not measured to the end, what runs first."""
    known = records.without_packages(Records(tuple(asked), seen(filed), tuple(events), opted=tuple(opted)))
    if not known.asked:
        return ()
    now = dt.datetime.strptime(as_of, FORM).replace(tzinfo=dt.UTC) if as_of else dt.datetime.min.replace(tzinfo=dt.UTC)
    found = []
    for host in of:
        turns = {(one.path, one.board): turn for turn, one in enumerate(queue.waiting(known, host, now), 1)}
        found += [
            Stand(
                model=one.model,
                revision=one.revision,
                board=board.name,
                state=told.state,
                code=told.code,
                words=told.words,
                remedy=told.remedy,
                there=told.there,
                wanted=told.wanted,
                turn=turns.get((one.path, board)),
            )
            for one, board, told in queue.every(known, host, now)
            if told.state in ORDER
        ]
    return tuple(sorted(found, key=lambda one: (ORDER.index(one.state), one.turn or len(found), one.model, one.board)))


def seen(filed: Iterable[Filed]) -> tuple[Seen, ...]:
    """Sum runs up for the queue. A run's file is opened only where a gate failed: to say which."""
    runs = tuple(filed)
    told: dict[str, tuple[str, str]] = {}
    for table in {id(one.rows): one.rows for one in runs}.values():
        columns = table.select("digest", "verdict", "protocol").unique("digest").iter_rows()
        told |= {digest: (verdict, protocol) for digest, verdict, protocol in columns}
    found = []
    for one in runs:
        verdict, protocol = told[one.digest]
        failed = [gate.name for gate in one.run.gates if gate.verdict == "fail"] if verdict == "fail" else []
        found.append(
            Seen(
                name=one.name,
                model=one.model,
                revision=one.revision,
                board=one.board,
                session=one.session,
                role=one.role,
                measured_at=one.measured_at,
                protocol=protocol,
                failed=tuple(failed),
            )
        )
    return tuple(found)


def newest(filed: Iterable[Filed], events: Iterable[Event]) -> str | None:
    """Give the time of the newest run or event: what the site is as of."""
    return max([one.measured_at for one in filed] + [one.at for one in events], default=None)
