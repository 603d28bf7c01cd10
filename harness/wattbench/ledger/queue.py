"""The queue: which submissions wait for which board, and in which order hosts take them. Pure.

Disputes come first: a published number is in doubt. Then everybody takes turns: of all that waits the next is whoever
has been served least, by organisation and by submitter, the older request first. So neither an organisation with many
accounts nor an account with many organisations holds others up. Results that are measured again without being asked
take their turns together, as one more submitter.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wattbench.ledger.records import duplicates
from wattbench.ledger.states import MOST_TRIES, SESSIONS, Standing, standing
from wattbench.ledger.wanted import boards_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from wattbench.boards import Board, MeterName
    from wattbench.ledger import Event
    from wattbench.ledger.records import Asked, Records, Seen

Why = Literal["new", "again", "dispute"]


@dataclass(frozen=True, slots=True)
class Host:
    """The hosts that a queue is for: their device, its meter, the protocol, and how many sessions a result takes."""

    sku: str = "h100-sxm5-80gb"
    meter: MeterName = "nvml"
    count: int = 1
    protocol: str = "official"
    sessions: int = SESSIONS


@dataclass(frozen=True, slots=True)
class Waiting:
    """One submission on one board that wants sessions: `sessions_there` of `sessions_wanted` are sound.

    `tries` counts what our machines have failed since the last sound session.
    """

    path: Path
    model: str
    revision: str
    board: Board
    sessions_wanted: int
    sessions_there: int
    tries: int
    why: Why
    submitter: str
    merged: int


def every(records: Records, host: Host, now: dt.datetime) -> Iterator[tuple[Asked, Board, Standing]]:
    """Give the standing of every submission on every board that it asks for, in the order of their places."""
    seen: dict[str, list[Seen]] = defaultdict(list)
    events: dict[str, list[Event]] = defaultdict(list)
    for run in records.seen:
        seen[run.model].append(run)
    for event in records.events:
        events[event.model].append(event)
    second = duplicates(records.asked)
    for asked in records.asked:
        for board in boards_of(asked.submission, host.sku, host.meter, host.count):
            which = (asked.model, asked.revision, board.name)
            found = standing(which, seen[asked.model], events[asked.model], now, host.protocol, host.sessions)
            if out := next((one for one in records.opted if one.covers(asked.model)), None):
                found = Standing("withdrawn", "opted-out", out.note, "Ask the model's owner")
            elif (first := second.get(asked.path)) and found.state == "queued":
                words = f"{first} asked for the same model and was merged first"
                found = Standing("failed", "duplicate", words, "Look for its result there, or submit another model")
            yield asked, board, found


def waiting(records: Records, host: Host, now: dt.datetime) -> tuple[Waiting, ...]:
    """Give all that waits for such a host, in the order in which it is to be measured."""
    found = [
        Waiting(
            path=asked.path,
            model=asked.model,
            revision=asked.revision,
            board=board,
            sessions_wanted=one.wanted,
            sessions_there=one.there,
            tries=one.tries,
            why="dispute" if one.code == "dispute" else "again" if one.there >= host.sessions else "new",
            submitter=asked.submission.submitter.github.casefold(),
            merged=asked.merged,
        )
        for asked, board, one in every(records, host, now)
        if one.state == "queued" and one.tries < MOST_TRIES
    ]
    disputes = sorted((one for one in found if one.why == "dispute"), key=_age)
    return (*disputes, *_in_turns(one for one in found if one.why != "dispute"))


def _age(one: Waiting) -> tuple[int, str, str]:
    return (one.merged, one.model, one.board.name)


def _in_turns(found: Iterable[Waiting]) -> Iterator[Waiting]:
    """Let organisations and submitters take turns, the oldest request of each first."""
    lines: dict[tuple[str, str], deque[Waiting]] = defaultdict(deque)
    for one in sorted(found, key=_age):
        lines[_parties(one)].append(one)
    served: dict[str, int] = defaultdict(int)

    def turn(parties: tuple[str, str]) -> int:
        return max(served[party] for party in parties)

    heap = [(0, _age(line[0]), parties) for parties, line in lines.items()]
    heapq.heapify(heap)
    while heap:
        was, age, parties = heapq.heappop(heap)
        now = turn(parties)
        if now > was:  # served meanwhile through another line: a turn only ever grows
            heapq.heappush(heap, (now, age, parties))
            continue
        yield lines[parties].popleft()
        for party in set(parties):
            served[party] += 1
        if lines[parties]:
            heapq.heappush(heap, (turn(parties), _age(lines[parties][0]), parties))


def _parties(one: Waiting) -> tuple[str, str]:
    """Whose turn it takes: its organisation's and its submitter's, or that of all re-measurements."""
    if one.why == "again":
        return ("again", "again")
    return (f"organisation {one.model.split('/')[0].casefold()}", f"submitter {one.submitter}")
