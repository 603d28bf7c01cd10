"""The documents of the API, as strict values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wattboard.api.schemas import Date, Frozen, Result, Sha256, Strict
from wattboard.api.schemas import EstimatedResult as _Estimated
from wattboard.api.schemas import MeasuredResult as _Measured

VERSION = 1


class Document(Strict):
    """What every document begins with: the number of its schema, and where that lies."""

    schema_: Literal[1] = Field(alias="schema")
    link: str = Field(alias="$schema")
    """The address of this document's JSON Schema, relative to the document."""


class BoardEntry(Strict):
    """A board in the index. Addresses are relative to the site's root."""

    board: str
    task: str
    kind: Literal["measured", "estimated"]
    edition: str | None
    headline: bool
    models: int
    json_: str = Field(alias="json")
    csv: str
    page: str


class ModelEntry(Strict):
    """A model in the index."""

    model: str
    json_: str = Field(alias="json")
    page: str


class EditionEntry(Strict):
    """An edition in the index; `index` is its permanent place."""

    edition: str
    kind: Literal["demo", "rated", "imported"]
    json_: str = Field(alias="json")
    index: str


class Files(Strict):
    """What else there is, by what it is."""

    changes: str
    csv: str
    feeds: list[str]
    left_out: str
    lineages: str
    openapi: str
    parquet: str
    schemas: list[str]
    submission_schema: str


class Index(Document):
    """Every board, model and edition, with addresses."""

    newest_run: Date | None
    licence: str
    boards: list[BoardEntry]
    models: list[ModelEntry]
    editions: list[EditionEntry]
    files: Files


class Metric(Strict):
    """How the outputs are graded. Two models closer than `margin` are not worse than one another."""

    name: str
    unit: str
    higher_is_better: bool
    floor: float
    margin: float


class Standing(Strict):
    """A model among the others of its board that have a star; `surely_` are those beyond the intervals."""

    others: int
    use_more: int
    surely_use_more: int
    graded: int
    are_worse: int | None
    """How many of the graded ones have a worse quality."""
    surely_are_worse: int | None


class Place(Strict):
    """What a result is to its board's page."""

    standing: Standing | None
    """Null where the result is not among those to choose from."""
    frontier: bool
    """Whether no other model of the board beats it on both energy and quality."""
    group: Literal["recommended", "below-recommended", "unrated"]


class MeasuredPlaced(_Measured, Place):
    """A measured rating in its place on the board."""


class EstimatedPlaced(_Estimated, Place):
    """An estimated rating in its place on the board."""


class Counts(Strict):
    """How many models the board has."""

    models: int
    recommended: int
    below_recommended: int
    unrated: int
    frontier: int


class BoardFile(Document):
    """A board: its results in the order of its page, and its frozen thresholds."""

    board: str
    task: str
    version: int
    sku: str
    devices: int
    precision: str
    scenario: str
    reasoning: str
    meter: str
    title: str
    query: str
    metric: Metric
    kind: Literal["measured", "estimated"]
    edition: str | None
    headline: bool
    counts: Counts
    frozen: Frozen | None
    results: list[Annotated[MeasuredPlaced | EstimatedPlaced, Field(discriminator="kind")]]


class Run(Strict):
    """A run file: where it lies, its sha256 and who signed it. The tables that it names lie beside it."""

    sha256: Sha256
    role: Literal["candidate", "reference-before", "reference-after"]
    session: str
    measured_at: str
    path: str
    signer: str | None
    envelope: str | None
    """Where its signature lies."""


class MeasuredOwn(_Measured):
    """A measured rating with the runs that it pools."""

    headline: bool
    badge: str
    permanent_badge: str | None
    board_json: str
    runs: list[Run]


class EstimatedOwn(_Estimated):
    """An estimated rating with the runs that it pools."""

    headline: bool
    badge: str
    permanent_badge: str | None
    board_json: str
    runs: list[Run]


class ModelFile(Document):
    """A model's results on all boards, its run files, and its lineage."""

    model: str
    page: str
    base_model: str | None
    """As its newest run that names one has it."""
    lineage: str
    """The model at the end of its chain of base models: itself where it has none."""
    results: list[Annotated[MeasuredOwn | EstimatedOwn, Field(discriminator="kind")]]
    earlier_revisions: list[Result]


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
