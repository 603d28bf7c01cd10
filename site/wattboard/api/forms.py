"""The documents of the API, as strict values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wattboard.api.beside_forms import Past, Saving, Standing, Step, Switch, Where
from wattboard.api.life_forms import Correction, SelfReported
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
    parquet: str
    switches: str
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
    grids: str
    left_out: str
    lineages: str
    corrections: str
    queue: str
    self_reported: str
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
    pick: str | None
    """The model with the lowest energy at or above the recommended quality."""
    saving: Saving | None
    """What the pick saves against a general-purpose model, the median model or the reference model."""
    switches: list[Switch]
    """The switches that the board's page claims."""
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


class Own(Strict):
    """What a model's page says of a result alone: other models' results never change a byte of it."""

    headline: bool
    badge: str
    permanent_badge: str | None
    board_json: str
    spent: Where
    batches: list[Step]
    """Energy against batch size, from the newest run that climbed a ladder."""
    history: list[Past]
    """The model's ratings on this board in all editions and revisions, where there are several; the newest first."""
    runs: list[Run]


class MeasuredOwn(_Measured, Own):
    """A measured rating with the runs that it pools."""


class EstimatedOwn(_Estimated, Own):
    """An estimated rating with the runs that it pools."""


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
    notes: list[Correction]
    """What the corrections log has of this model."""
    self_reported: list[SelfReported]
    """What people measured themselves: in no ranking, and no star."""
