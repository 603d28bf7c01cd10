"""The documents of what was and of what stands apart, as strict values: editions, switches, lineages, what is out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wattboard.api.beside_forms import Beside
from wattboard.api.forms import Document
from wattboard.api.schemas import Date, Frozen, Reason, Result, Sha256, Strict


class SwitchesFile(Document):
    """The models of a board beside one another: what a switch would save, and whether that may be claimed."""

    board: str
    reasons: list[Reason]
    """Why a switch is not claimed, in words."""
    models: list[Beside]


class EditionFile(Document):
    """An edition: its rule, its headline boards, every threshold."""

    id: str
    title: str
    kind: Literal["demo", "rated", "imported"]
    rule_version: int
    opened: Date
    headline: dict[str, str]
    board_sha256: dict[str, Sha256]
    """The sha256 of each frozen file as it was written; an edition of schema 1 recorded none."""
    boards: dict[str, Frozen]


class EditionBoardEntry(Strict):
    """A board of an edition."""

    board: str
    json_: str = Field(alias="json")
    superseded_by: str | None
    """The newest edition that has this board, where it is not this one."""
    results: int


class EditionIndex(Document):
    """An edition in its permanent place: the boards with their ratings."""

    edition: str
    title: str
    kind: Literal["demo", "rated", "imported"]
    opened: Date
    superseded: bool
    """Whether every board of it stands in a newer edition."""
    boards: list[EditionBoardEntry]


class EditionBoardFile(Document):
    """A board as one edition rates it, for good: every revision, lowest energy first."""

    board: str
    edition: str
    kind: Literal["measured", "estimated"]
    frozen: Frozen
    results: list[Result]


class Why(Strict):
    """Why a file was left out: where in it, what is wrong, what to do."""

    where: str
    message: str
    remedy: str


class LeftOutEntry(Strict):
    """A file that does not count."""

    file: str
    reasons: list[Why]


class LeftOutFile(Document):
    """The run files that do not count, and why."""

    files: list[LeftOutEntry]


class Lineage(Strict):
    """A lineage: a model and all that was made from it, however many steps on."""

    lineage: str
    models: list[str]


class Twins(Strict):
    """Models whose weights are the same files."""

    weights_digest: Sha256
    models: list[str]


class LineagesFile(Document):
    """Which models descend from one another, and which have the same weights."""

    lineages: list[Lineage]
    identical_weights: list[Twins]


class Grid(Strict):
    """What a kilowatt-hour of a country's electricity carries."""

    country: str
    grams_co2e_per_kwh: int


class GridsFile(Document):
    """CO2e of a kilowatt-hour by country, for the reader's own sums: never in a star."""

    year: int
    source: str
    address: str
    licence: str
    world: Grid
    countries: list[Grid]
