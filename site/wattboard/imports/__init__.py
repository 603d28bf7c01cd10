"""Published results of others, as values: an imported edition, its boards, rows, curves and findings.

    imported/ID/edition.json   whose results these are, what was found wrong with them, and the hash of every board
    imported/ID/BOARD.json     one board: its rows, its stars by our rule, and the batch curves behind it

The rows are single values: no interval, so a star is S(E), outlined, and never confirmed (METHOD section 5.12).

Schema history:
    1  first version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS = "imported, single value"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Stars = Annotated[int, Field(ge=1, le=5)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Lines = Annotated[tuple[int, ...], Field(strict=False, min_length=1)]
Kind = Literal["duplicate", "output-length", "off-curve", "between-gpus", "far-off"]


class _Kept(BaseModel):
    """What every part of an imported edition shares: immutable, strict, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Source(_Kept):
    """Whose results these are. `licence` is None where none is stated, `published` where we do not know the file."""

    name: str
    url: str
    attribution: str
    licence: str | None
    published: Annotated[str, Field(pattern=r"^\d{4}-\d\d(-\d\d)?$")] | None
    file: str
    sha256: Sha256


class Finding(_Kept):
    """Something in a file that a reader of its numbers should know. `rows` are lines of the file, the header is 1."""

    file: str
    rows: Lines
    field: str
    kind: Kind
    what: str
    consequence: str


class Configuration(_Kept):
    """How a row was measured, as far as its source says."""

    batch: int = Field(ge=1)
    gpus: int = Field(ge=1)
    precision: str
    layout: str


class ImportedRow(_Kept):
    """A model on a board: a single value. `stars` is ours, S(E); `legacy_stars` is what the incumbent's rule gives."""

    model: str
    wh_per_1000: Positive
    quality: None = None
    published_stars: Stars | None
    legacy_stars: Stars | None
    stars: Stars | None
    rows: Lines
    configuration: Configuration | None = None
    joules_per_token: Positive | None = None
    output_tokens: Positive | None = None
    findings: tuple[Kind, ...] = Field(default=(), strict=False)


class Point(_Kept):
    """A point of a curve. `readings` are all of them where several rows share a configuration and disagree.

    `left_out` says why the point is not taken for the best of its ladder.
    """

    batch: int = Field(ge=1)
    wh_per_1000: Positive
    readings: tuple[Positive, ...] = Field(strict=False)
    joules_per_token: Positive | None
    output_tokens: Positive | None
    rows: Lines
    left_out: str | None


class Curve(_Kept):
    """Energy against batch for one model in one configuration, the smallest batch first."""

    model: str
    gpus: int = Field(ge=1)
    precision: str
    layout: str
    points: tuple[Point, ...] = Field(strict=False)


class ImportedBoard(_Kept):
    """A comparable field as its source pools it. `task` is ours where there is one like it; never mixed with ours."""

    schema_: Literal[1] = Field(alias="schema")
    board: Slug
    edition: Slug
    title: str
    task: str | None
    source_task: str
    size_class: str | None
    gpu: str | None
    regime: str | None
    query: str
    pools: str
    status: Literal["imported, single value"]
    cohort: int = Field(ge=1)
    r: float | None = Field(gt=1)
    thresholds_wh: tuple[Positive, Positive, Positive, Positive] | None = Field(strict=False)
    why_no_stars: str | None
    rows: tuple[ImportedRow, ...] = Field(strict=False)
    curves: tuple[Curve, ...] = Field(strict=False)
    source: Source

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.thresholds_wh is None) != (self.r is None) or (self.thresholds_wh is None) == (
            self.why_no_stars is None
        ):
            raise ValueError("a board has thresholds and r, or says why it has none")
        if self.thresholds_wh is not None and list(self.thresholds_wh) != sorted(set(self.thresholds_wh)):
            raise ValueError("the thresholds must rise")
        if self.thresholds_wh is None and any(row.stars for row in self.rows):
            raise ValueError("there are stars without thresholds")
        return self


class ImportedEdition(_Kept):
    """One file of one source, imported. `boards` gives the sha256 of every board's file; `words` say what is pooled."""

    schema_: Literal[1] = Field(alias="schema")
    id: Slug
    title: str
    kind: Literal["imported"]
    rule_version: int = Field(ge=1)
    words: tuple[str, ...] = Field(strict=False)
    boards: dict[str, Sha256]
    findings: tuple[Finding, ...] = Field(strict=False)
    source: Source


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported edition and its boards, by name."""

    edition: ImportedEdition
    boards: Mapping[str, ImportedBoard]
