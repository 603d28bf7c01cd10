"""What the ledger and the submissions say beside the runs: withdrawn, disputed, corrected, waiting, self-reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.ledger import states

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattbench.ledger import Corrected, Event, Withdrawn
    from wattbench.submissions.claims import Claim
    from wattboard.gathering.filed import Filed
    from wattboard.life.waiting import Stand


@dataclass(frozen=True, slots=True)
class Gone:
    """A run that left its pool, and the event that took it out."""

    filed: Filed
    event: Withdrawn | Corrected


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that is known of submissions beside their results.

    `waiting` are submissions that have no result yet on a board that they ask for, `claims` what people measured
    themselves. `as_of` is the time of the newest run or event, by which leases are judged: never now.
    """

    events: tuple[Event, ...] = ()
    gone: tuple[Gone, ...] = ()
    waiting: tuple[Stand, ...] = ()
    claims: tuple[Claim, ...] = ()
    as_of: str | None = None


NO_LIFE = Life()


def part(filed: Sequence[Filed], events: Iterable[Event]) -> tuple[tuple[Filed, ...], tuple[Gone, ...]]:
    """Part the runs that stay in their pools from those that an event took out: of several the first one counts."""
    leaving: dict[str, list[Withdrawn | Corrected]] = {}
    for event in states.leaving(events):
        leaving.setdefault(event.model, []).append(event)
    stay: list[Filed] = []
    gone: list[Gone] = []
    for one in filed:
        found = next((event for event in leaving.get(one.model, ()) if states.covers(event, one)), None)
        if found is None:
            stay.append(one)
        else:
            gone.append(Gone(one, found))
    return tuple(stay), tuple(gone)
