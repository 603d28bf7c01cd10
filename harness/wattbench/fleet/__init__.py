"""A fleet: many submissions on many hosts. One host stays the default and needs none of this.

Host        a machine as it checked in: its device, meter, driver, key, and how far its clock is off
Slot        one session of one submission on one board: what must be measured once, by its number from 1
Assignment  some slots of one board that one host measures in one session

Ray starts things on hosts, tells which were lost, and keeps their logs. Ours is only what a measurement needs: which
host fits, one session a host, sessions of a submission on different hosts, results written once. `cluster` is the
only door to Ray; `placement`, `control_chart` and `clocks` are pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wattbench.boards import Board, MeterName


@dataclass(frozen=True, slots=True)
class Host:
    """A host as it checked in.

    node: Ray's id of it, another after a restart; name: how people call it. device: what its runs are known by: the
    UUIDs of its GPUs, or its own name where nothing has one. keyid: the public key that it signs with.
    """

    node: str
    name: str
    device: str
    sku: str
    count: int
    meter: MeterName
    driver: str | None
    keyid: str
    skew_seconds: float


class Wanted(Protocol):
    """What the queue says of one submission on one board."""

    @property
    def model(self) -> str:
        """The model's id."""
        ...

    @property
    def revision(self) -> str:
        """Its revision as run files name it."""
        ...

    @property
    def board(self) -> Board:
        """The board."""
        ...

    @property
    def sessions_wanted(self) -> int:
        """How many sound sessions it takes."""
        ...

    @property
    def sessions_there(self) -> int:
        """How many there are."""
        ...


@dataclass(frozen=True, slots=True)
class Slot:
    """One session of one submission on one board. `turn` is its place in the queue."""

    model: str
    revision: str
    board: Board
    number: int
    turn: int = 0

    @property
    def who(self) -> tuple[str, str, str]:
        """Whose slot it is: model, revision, board."""
        return (self.model, self.revision, self.board.name)

    @property
    def submission(self) -> str:
        """The submission's model at its revision."""
        return f"{self.model}@{self.revision}"

    @property
    def key(self) -> str:
        """Name the slot: the same slot has the same key in every driver."""
        return _digest(*self.who, str(self.number))


@dataclass(frozen=True, slots=True)
class Assignment:
    """Slots of one board that one host measures in one session."""

    slots: tuple[Slot, ...]
    host: str

    @property
    def board(self) -> Board:
        """The board of all its slots."""
        return self.slots[0].board

    @property
    def key(self) -> str:
        """Name what is to be measured, wherever: another host that takes it over has the same key."""
        return _digest(*sorted(slot.key for slot in self.slots))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
