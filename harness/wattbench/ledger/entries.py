"""What a session enters into the ledger: that it began, what it measured, what failed and whose fault that was."""

from __future__ import annotations

import datetime as dt
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wattbench import ledger
from wattbench.problems import ModelRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wattbench.plans import Plan, Refused
    from wattbench.problems import Refusal
    from wattbench.runs import Run
    from wattbench.shelf import Shelved

LEASE_SECONDS = 3600  # a run; the longest has a warm-up of ten minutes, ten passes and a ladder of batches
MOST_SECONDS = 7 * 86_400


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger that sessions write into, for the models (id and revision) that were asked for."""

    folder: Path
    asked: frozenset[tuple[str, str]]
    now: Callable[[], dt.datetime] = _now
    host: str = field(default_factory=lambda: platform.node() or "unnamed")

    def unplanned(self, one: Refused) -> None:
        """Enter that a submission cannot be measured on a board, before any session."""
        own = isinstance(one.why, ModelRefused)
        told = _why(one.why, "submission", "unfit") if own else _why(one.why, "infrastructure", "not-ready")
        model = one.submission.model
        told |= {"model": model.id, "revision": model.key, "board": one.board.name}
        self.write("failed", told)

    def write(self, kind: str, told: dict[str, Any]) -> None:
        """Write an event that happens now."""
        ledger.write(ledger.make({"schema": 1, "kind": kind, "at": ledger.stamp(self.now()), **told}), self.folder)

    def open(self, planned: Plan) -> Page:
        """Open a page for a session."""
        return Page(self, planned)


@dataclass(slots=True)
class Page:
    """A session's entries. It watches the session (wattbench.session.Watch)."""

    book: Book
    planned: Plan
    session: str | None = None
    settled: set[tuple[str, str]] = field(default_factory=set)

    def began(self, session: str) -> None:
        """Enter that every model that was asked for is being measured, with a lease for the whole session."""
        self.session = session
        lease = min(self.planned.runs * LEASE_SECONDS, MOST_SECONDS)
        for model in self._open():
            told = {"session": session, "host": self.book.host, "lease_seconds": lease}
            self.book.write("running", self._of(model) | told)

    def refused(self, model: Shelved, why: ModelRefused) -> None:
        """Enter that a candidate cannot be measured, through its own fault."""
        self._fail(_names(model), _why(why, "submission", "model-refused"))

    def measured(self, path: Path, run: Run) -> None:
        """Enter that a session left a run, of a model that was asked for."""
        who = (run.model.id, run.model.revision)
        if who in self.book.asked:
            self.settled.add(who)
            self.book.write("measured", self._of(who) | {"session": run.session, "run": path.name})

    def ended(self, refusal: Refusal) -> None:
        """Enter that a session has ended early: whoever has neither run nor fault of its own is queued again."""
        for model in self._open():
            self._fail(model, _why(refusal, "infrastructure", "session-ended"))

    def _open(self) -> Iterator[tuple[str, str]]:
        """Give the models that were asked for and are not settled yet."""
        every = dict.fromkeys(map(_names, self.planned.models))
        yield from (one for one in every if one in self.book.asked and one not in self.settled)

    def _fail(self, model: tuple[str, str], told: dict[str, Any]) -> None:
        self.settled.add(model)
        self.book.write("failed", self._of(model) | {"session": self.session, **told})

    def _of(self, model: tuple[str, str]) -> dict[str, Any]:
        return {"model": model[0], "revision": model[1], "board": self.planned.board.name}


def _names(model: Shelved) -> tuple[str, str]:
    return model.manifest.name, model.manifest.revision


def _why(refusal: Refusal, whose: ledger.Whose, code: str) -> dict[str, Any]:
    """Say what went wrong as an event has it; the first problem, and how many more there are."""
    first, *more = refusal.problems
    rest = f" (and {len(more)} more)" if more else ""
    where = f"{first.field}: " if first.field else ""
    words = {"words": f"{where}{first.message}{rest}", "remedy": first.remedy}
    return {"whose": whose, "code": code, **{name: ledger.printable(text) for name, text in words.items()}}
