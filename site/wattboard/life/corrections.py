"""The corrections log: every published number that changed, with old value, new value, cause and day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wattbench.ledger import Corrected, Disputed, Resolved, Withdrawn
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from wattbench.ledger import Event

Kind = Literal["correction", "withdrawal", "dispute", "decision"]
KINDS = {"correction": "corrected", "withdrawal": "withdrawn", "dispute": "disputed", "decision": "stands"}
CODES = {
    "owner": "the model's owner asked for it",
    "fault": "a fault of ours",
    "dispute": "a third measurement sided with the second",
    "licence": "the licence does not permit it",
    "conduct": "it behaves differently when it is measured",
    "other": "another reason",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: what happened on a day, to which result, and why.

    `field`, `old` and `new` are a correction's: a number, a word, or None for what was or is absent. `boards` are those
    whose results are meant; without any, all of the model's.
    """

    on: str
    kind: Kind
    model: str
    revisions: tuple[str, ...]
    boards: tuple[str, ...]
    runs: tuple[str, ...]
    field: str | None
    old: float | str | None
    new: float | str | None
    cause: str


def log(events: Iterable[Event]) -> tuple[Entry, ...]:
    """Give the log, the newest first."""
    told = sorted(events, key=lambda one: (one.at, one.model), reverse=True)
    return tuple(entry for one in told if (entry := _entry(one)) is not None)


def _entry(one: Event) -> Entry | None:
    on, model = one.at[:10], one.model
    match one:
        case Corrected():
            runs = tuple(name for name in (one.run, one.replaced_by) if name)
            boards = (one.run.rsplit("--", 1)[0],)
            return Entry(on, "correction", model, (), boards, runs, one.field, one.old, one.new, one.cause)
        case Withdrawn():
            about: tuple[str, ...] = (one.board,) if one.board else (one.run.rsplit("--", 1)[0],) if one.run else ()
            cause = f"{one.note} ({CODES[one.code]})"
            own = (one.run,) if one.run else ()
            return Entry(on, "withdrawal", model, one.revisions, about, own, None, None, None, cause)
        case Disputed():
            return Entry(on, "dispute", model, (one.revision,), (one.board,), one.by, None, None, None, one.note)
        case Resolved():
            return Entry(on, "decision", model, (one.revision,), (one.board,), (), None, None, None, one.note)
    return None


def problems(events: Iterable[Event], there: Collection[tuple[str, str]]) -> list[Problem]:
    """Name every event whose run is not `there` (model and file name): nobody could check what it says."""
    known = set(there)
    found = []
    for one in events:
        named: dict[str, str | None] = {}
        if isinstance(one, Corrected):
            named = {"run": one.run, "replaced_by": one.replaced_by}
        elif isinstance(one, Withdrawn):
            named = {"run": one.run}
        elif isinstance(one, Disputed):
            named = {f"by.{number}": name for number, name in enumerate(one.by)}
        for field, run in named.items():
            if run is not None and (one.model, run) not in known:
                message = f"{run} is no run of {one.model}"
                place = f"ledger/{one.model}/{one.at[:10]}--{one.kind}"
                found.append(Problem(place, field, message, "Put the run file back: what was published is kept"))
    return found
