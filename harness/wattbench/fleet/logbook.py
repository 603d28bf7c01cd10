"""What a driver must know after it has died: plain files below one folder, each written whole or not at all.

    open/KEY.json      an assignment that was given to a host and has not come back
    arrived/KEY/       a session's files as they came, whole; not yet all in their places (`results`)
    done/KEY.json      the record of a session that is in its place: slots, host, files by sha256
    hosts/NAME.json    a host as it last checked in
    drained/NAME.json  a host that takes nothing new, and why; or since when it is back

There is no other state: a driver that starts reads these and the run files, and goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from wattbench.boards import Board
from wattbench.fleet import Assignment, Host, Slot
from wattbench.problems import refuse
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from wattbench.fleet.placement import Who

OPEN, ARRIVED, DONE, HOSTS, DRAINED = "open", "arrived", "done", "hosts", "drained"
LOCK = "driver.lock"  # of the kernel: it goes with the process, however that ends


@dataclass(frozen=True, slots=True)
class Record:
    """A session that is in its place: who measured what, and the sha256 of every file.

    `refused` says of slots that have no run, by their keys, why the model cannot be measured.
    """

    key: str
    host: str
    device: str
    slots: tuple[Slot, ...]
    refused: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Drained:
    """A host that takes nothing new because of `reason`; None: it is back, and charts begin anew at `since`."""

    name: str
    reason: str | None
    since: str


def opened(state: Path, assignment: Assignment) -> None:
    """Note that a host has been given an assignment."""
    _write(state / OPEN / f"{assignment.key}.json", {"host": assignment.host, "slots": _plain(assignment.slots)})


def closed(state: Path, key: str) -> None:
    """Note that an assignment is no longer with a host."""
    (state / OPEN / f"{key}.json").unlink(missing_ok=True)


def still_open(state: Path) -> list[Assignment]:
    """Read the assignments that have not come back."""
    return [Assignment(_slots(one["slots"]), one["host"]) for _, one in _read(state / OPEN)]


def record(state: Path, one: Record) -> None:
    """Keep the record of a session."""
    _write(record_file(state, one.key), plain(one))


def plain(one: Record) -> dict[str, Any]:
    """Give a record as JSON has it."""
    return asdict(one) | {"slots": _plain(one.slots)}


def record_file(state: Path, key: str) -> Path:
    """Where the record of a session lies."""
    return state / DONE / f"{key}.json"


def records(state: Path) -> list[Record]:
    """Read every record, in the order of their keys."""
    return [record_of(one) for _, one in _read(state / DONE)]


def record_of(fields: dict[str, Any]) -> Record:
    """Read a record back."""
    return Record(**{**fields, "slots": _slots(fields["slots"])})


def numbers(slots: Iterable[Slot]) -> dict[Who, set[int]]:
    """Give the numbers of slots, by submission and board."""
    found: dict[Who, set[int]] = defaultdict(set)
    for slot in slots:
        found[slot.who].add(slot.number)
    return found


def checked_in(state: Path, host: Host) -> None:
    """Keep a host as it checked in, for `wattbench fleet status`."""
    _write(state / HOSTS / f"{host.name}.json", asdict(host))


def hosts(state: Path) -> list[Host]:
    """Read the hosts as they last checked in."""
    return [Host(**one) for _, one in _read(state / HOSTS)]


def drain(state: Path, one: Drained) -> None:
    """Drain a host, or take it back."""
    _write(state / DRAINED / f"{one.name}.json", asdict(one))


def drained(state: Path) -> dict[str, Drained]:
    """Read which hosts are drained, or were, by their names."""
    return {one["name"]: Drained(**one) for _, one in _read(state / DRAINED)}


def _plain(slots: tuple[Slot, ...]) -> list[dict[str, Any]]:
    return [asdict(slot) | {"board": slot.board.name} for slot in slots]


def _slots(found: list[dict[str, Any]]) -> tuple[Slot, ...]:
    return tuple(Slot(**{**one, "board": Board.parse(one["board"])}) for one in found)


def as_bytes(data: dict[str, Any]) -> bytes:
    """Serialise: sorted keys, one newline at the end."""
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()


def _write(path: Path, data: dict[str, Any]) -> None:
    write_whole(path, as_bytes(data))


def _read(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        try:
            yield path, json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise refuse(path, "", f"cannot be read: {error}", "Delete it: what it was about is done again") from None


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Be the only driver of this logbook. Raises Refusal where another one is at work."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise refuse(state, "", "has a driver at work already", "Let it be, or name another --state") from None
        yield


def is_driven(state: Path) -> bool:
    """Whether a driver is at work."""
    if not (state / LOCK).is_file():
        return False
    with (state / LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
