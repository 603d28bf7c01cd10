"""The ledger: what happened to submissions and to published results, one JSON file an event, never edited.

    LEDGER/ORG/NAME/DATE--KIND--DIGEST12.json

Bytes: UTF-8, keys sorted, one newline at the end; the name says what the content is, so two people who write at the
same time never touch the same file. By maintainers and the harness only; `ledger/README.md` says what each kind means.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from wattbench.boards import Board
from wattbench.passes import Frozen
from wattbench.problems import Problem, Refusal, refuse
from wattbench.runs import write_whole
from wattbench.submissions import ModelId  # noqa: TC001 - pydantic reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 600  # characters of what is said about an event
LARGEST = 64 * 1024  # bytes of a file
FORM = "%Y-%m-%dT%H:%M:%SZ"
WRITTEN = "The ledger is written by wattbench (queue, withdraw, dispute, ...): put back the file, or write a new event"


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("holds what does not print, or nothing at all")
    return text


def _a_time(text: str) -> str:
    dt.datetime.strptime(text, FORM)  # noqa: DTZ007 - its form ends in Z
    return text


def _a_board(text: str) -> str:
    return Board.parse(text).name


Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), AfterValidator(_a_time)]
Words = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_printable)]
BoardName = Annotated[str, AfterValidator(_a_board)]
RunName = Annotated[str, Field(pattern=r"^[a-z0-9~-]+--\d{4}-\d\d-\d\d-[0-9a-f]{12}\.json$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Whose = Literal["submission", "infrastructure"]
WhyWithdrawn = Literal["owner", "fault", "dispute", "licence", "conduct", "other"]


class _Event(Frozen):
    """What every event says: of which model, and when in UTC."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    at: Time
    model: ModelId


class _OnBoard(_Event):
    revision: Words
    board: BoardName


class Running(_OnBoard):
    """A host has begun to measure. Without a word from it when its lease has passed, it is taken for dead."""

    kind: Literal["running"] = "running"
    session: Words
    host: Words
    lease_seconds: Annotated[int, Field(ge=1, le=7 * 86_400)]

    @property
    def until(self) -> dt.datetime:
        """When the lease passes."""
        begun = dt.datetime.strptime(self.at, FORM).replace(tzinfo=dt.UTC)
        return begun + dt.timedelta(seconds=self.lease_seconds)


class Failed(_OnBoard):
    """A try that gave no run: through the submission, or through our machines, which is never shown as its fault."""

    kind: Literal["failed"] = "failed"
    session: Words | None = None
    whose: Whose
    code: Code
    words: Words
    remedy: Words


class Measured(_OnBoard):
    """A session has ended and left a run."""

    kind: Literal["measured"] = "measured"
    session: Words
    run: RunName


class Withdrawn(_Event):
    """Results measured until now leave their boards: all of some revisions, those of one board, or one run."""

    kind: Literal["withdrawn"] = "withdrawn"
    revisions: Annotated[tuple[Words, ...], Field(min_length=1)]
    board: BoardName | None = None
    run: RunName | None = None
    code: WhyWithdrawn
    note: Words


class Disputed(_OnBoard):
    """A second measurement disagrees: `by` are its runs. A third session decides."""

    kind: Literal["disputed"] = "disputed"
    by: tuple[RunName, ...] = ()
    note: Words


class Resolved(_OnBoard):
    """The disputed result stands. One that does not is withdrawn instead."""

    kind: Literal["resolved"] = "resolved"
    note: Words


class Corrected(_Event):
    """A published number was wrong. `replaced_by` is the run that counts in its place, where there is one."""

    kind: Literal["corrected"] = "corrected"
    run: RunName
    replaced_by: RunName | None = None
    field: Words
    old: float | str | None
    new: float | str | None
    cause: Words

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if self.old == self.new:
            raise ValueError("the old value and the new one are the same")
        return self


class Requeued(_Event):
    """More sessions are wanted: after a failure that was looked at, or to measure a result again."""

    kind: Literal["requeued"] = "requeued"
    revision: Words
    board: BoardName | None = None
    sessions: Annotated[int, Field(ge=1, le=10)]
    note: Words


class OptedOut(_Event):
    """The model's owner wants it measured no more. What is published stays, unless it is withdrawn too."""

    kind: Literal["opted-out"] = "opted-out"
    note: Words


Event = Running | Failed | Measured | Withdrawn | Disputed | Resolved | Corrected | Requeued | OptedOut
_FORM: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def printable(text: str) -> str:
    """Make words of a text that others had a part in: what does not print is spelled out, and what is long is cut."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text).strip()
    return (shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 4]} ...") or "nothing was said"


def stamp(now: dt.datetime) -> str:
    """A time as events have it."""
    return now.astimezone(dt.UTC).strftime(FORM)


def make(told: dict[str, Any]) -> Event:
    """Make an event of its fields, by its `kind`. Raises pydantic's ValidationError for what is not of its form."""
    return _FORM.validate_python(told)


def to_bytes(event: Event) -> bytes:
    """Serialise an event: sorted keys, one newline at the end. The same event gives the same bytes."""
    data = event.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def from_bytes(data: bytes, file: object = "event") -> Event:
    """Read an event. Raises Refusal naming every field that is wrong."""
    try:
        event = _FORM.validate_json(data)
    except ValidationError as error:
        raise Refusal(
            Problem(str(file), _field(issue["loc"]), issue["msg"].removeprefix("Value error, "), WRITTEN)
            for issue in error.errors()
        ) from None
    if to_bytes(event) != data:
        raise refuse(file, "", "is not in the form in which wattbench writes events", WRITTEN)
    return event


def _field(place: Sequence[int | str]) -> str:
    """Name a field without the kind, which pydantic puts before it."""
    return ".".join(map(str, place[1:] if len(place) > 1 else place))


def path_of(event: Event, folder: Path) -> Path:
    """Where an event belongs: `folder/ORG/NAME/DATE--KIND--DIGEST12.json`."""
    digest = hashlib.sha256(to_bytes(event)).hexdigest()[:12]
    return folder / event.model / f"{event.at[:10]}--{event.kind}--{digest}.json"


def write(event: Event, folder: Path) -> Path:
    """Write an event below the ledger's folder and return its path. Raises Refusal where the disk refuses."""
    path = path_of(event, folder)
    write_whole(path, to_bytes(event))
    return path


def read(folder: Path) -> tuple[Event, ...]:
    """Read the whole ledger, oldest first; nothing where there is none. Raises Refusal with every problem."""
    found: list[Event] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*/*/*.json")):
        try:
            found.append(_read(path, folder))
        except Refusal as refusal:
            problems += refusal.problems
    if problems:
        raise Refusal(problems)
    return tuple(sorted(found, key=lambda one: (one.at, to_bytes(one))))


def _read(path: Path, folder: Path) -> Event:
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            raise refuse(path, "", "is a link, or larger than any event", WRITTEN)
        event = from_bytes(path.read_bytes(), path)
    except OSError as error:
        raise refuse(path, "", f"cannot be read: {error.strerror}", "See to the disk") from None
    if path != path_of(event, folder):
        raise refuse(path, "", f"was changed: its content belongs to {path_of(event, Path())}", WRITTEN)
    return event
