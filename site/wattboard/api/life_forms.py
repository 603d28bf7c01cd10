"""What the API says of the life of submissions: corrections, the queue, self-reported results. Strict values."""

from __future__ import annotations

from typing import Literal

from wattboard.api.schemas import Date, Strict


class Correction(Strict):
    """An entry of the corrections log."""

    on: Date
    kind: Literal["correction", "withdrawal", "dispute", "decision"]
    """A number that was wrong; results that left their boards; a second measurement that disagrees; and that the
    disputed result stands."""
    model: str
    revisions: list[str]
    boards: list[str]
    """The boards whose results are meant; all of the model's where there are none."""
    runs: list[str]
    """The files of runs; of a correction the one that was wrong, and the one that replaces it."""
    field: str | None
    old: float | str | None
    new: float | str | None
    cause: str


class Waiting(Strict):
    """A submission that has no result yet on a board that it asks for."""

    model: str
    revision: str
    board: str
    state: Literal["queued", "running", "failed", "withdrawn"]
    code: str
    words: str
    remedy: str
    sessions_there: int
    sessions_wanted: int
    turn: int | None
    """Its place in the queue of its hosts, from 1; null where it does not wait for one."""


class SelfReported(Strict):
    """What somebody measured: nobody has checked it, and it is in no ranking."""

    model: str
    revision: str
    task: str
    precision: str
    scenario: str
    reasoning: str
    self_reported_wh_per_1000_queries: float
    hardware: str
    how: str
    on: Date
    github: str
