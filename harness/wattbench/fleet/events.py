"""What a driver hears of its cluster, as values; and the cluster as an interface, so that a test can bring its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.fleet import Assignment, Host
    from wattbench.fleet.host import Sent
    from wattbench.problems import Problem
    from wattbench.submissions import Submission


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """A host is there and free."""

    host: Host


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A machine that cannot take part, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A host has ended a session."""

    host: str
    key: str
    sent: Sent


@dataclass(frozen=True, slots=True)
class Failed:
    """A host could not measure a session, through its own fault; it is free again."""

    host: str
    key: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """A host is gone, with whatever it was measuring."""

    host: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What a person should know."""

    words: str


Event = CheckedIn | TurnedAway | Measured | Failed | Lost | Noted


class Cluster(Protocol):
    """What a driver needs of a cluster; `cluster` makes one of Ray."""

    def events(self, timeout: float) -> list[Event]:
        """Give what has happened since the last call; waits for something, `timeout` s at most."""
        ...

    def measure(self, host: Host, assignment: Assignment, submissions: Sequence[Submission]) -> None:
        """Let a host fetch what it lacks, then measure a session."""
        ...

    def prefetch(self, host: Host, models: Sequence[tuple[str, str]], task: str) -> None:
        """Let a host that is free fetch models: it does one thing at a time, so never while it measures."""
        ...

    def give_up(self, host: str) -> None:
        """Take a host for lost, whatever it does."""
        ...

    def forget(self, host: str, key: str) -> None:
        """Let a host remove a session that is in its place."""
        ...
