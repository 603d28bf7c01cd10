"""A change of a rating, and the documents that list them, as strict values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wattboard.api.forms import Document
from wattboard.api.schemas import Date, Stars, Status, Strict, Wh


class _State(Strict):
    """A model's rating on a board at the end of a day."""

    revision: str
    edition: str | None
    status: Status
    stars: Stars


class MeasuredState(_State):
    """A model's rating at the end of a day, on a board whose energy is measured."""

    kind: Literal["measured"]
    wh_per_1000_queries: Wh


class EstimatedState(_State):
    """A model's rating at the end of a day, on a board whose energy is estimated."""

    kind: Literal["estimated"]
    estimated_wh_per_1000_queries: Wh


State = Annotated[MeasuredState | EstimatedState, Field(discriminator="kind")]


class Change(Strict):
    """A rating that changed on a day, and why: a first result, more sessions, a new revision, new thresholds."""

    id: str
    """The same in every feed, for good."""
    on: Date
    board: str
    model: str
    cause: Literal["first-result", "measured-again", "new-revision", "new-thresholds"]
    stars_moved: bool
    before: State | None
    after: State


class Month(Strict):
    """A month in which ratings changed."""

    month: str
    changes: int
    json_: str = Field(alias="json")


class ChangesFile(Document):
    """The newest changes, and the months with all of them."""

    newest: list[Change]
    months: list[Month]


class MonthFile(Document):
    """All changes of a month, the newest first."""

    month: str
    changes: list[Change]
