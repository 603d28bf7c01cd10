"""An edition's frozen thresholds, as values read from files. A board's file is written once and never edited.

    editions/ID/edition.json   what the edition is, and its headline board per task
    editions/ID/BOARD.json     one board: its thresholds and everything they rest on

Schema history:
    1  first version: boards anchored on their reference model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wattbench.boards import Board
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


Kind = Literal["demo", "rated", "imported"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
EditionId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Four = tuple[Positive, Positive, Positive, Positive]


class _Frozen(BaseModel):
    """What every part of an edition shares: immutable, strict, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


_Form = TypeVar("_Form", bound=BaseModel)


class Edition(_Frozen):
    """A rule and a date. `headline` names one board per task: what a badge means that names only the task."""

    schema_: Literal[1] = Field(alias="schema")
    id: EditionId
    title: str
    kind: Kind
    rule_version: int = Field(ge=1)
    opened: Date
    headline: dict[str, str]

    @model_validator(mode="after")
    def _headlines_are_boards(self) -> Self:
        for task, board in self.headline.items():
            if Board.parse(board).task != task:
                raise ValueError(f"{board} is no board of {task}")
        return self


class Reference(_Frozen):
    """The model that a board's sessions are corrected by, and its energy when the board was frozen."""

    id: str
    revision: str
    wh_per_1000_queries: Positive


class Levels(_Frozen):
    """The board's two quality levels: worse than `minimum` gets no star, `recommended` is every list's filter."""

    metric: str
    higher_is_better: bool
    minimum: float
    recommended: float

    def reaches(self, value: float, level: float) -> bool:
        """Tell whether a quality reaches a level in the metric's direction. Equality does."""
        return value >= level if self.higher_is_better else value <= level


class FrozenBoard(_Frozen):
    """A board's thresholds T1 < T2 < T3 < T4 in Wh per 1,000 queries, and all that they rest on."""

    schema_: Literal[1] = Field(alias="schema")
    board: str
    edition: EditionId
    rule_version: int = Field(ge=1)
    frozen_on: Date
    anchor: Literal["reference", "cohort"]
    reference: Reference
    r: float = Field(gt=1, allow_inf_nan=False)
    thresholds_wh: Four = Field(strict=False)
    cohort: tuple[str, ...] = Field(strict=False)
    u_cal: float = Field(ge=0, allow_inf_nan=False)
    u_sess: float = Field(ge=0, allow_inf_nan=False)
    quality: Levels
    run_digests: tuple[str, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        Board.parse(self.board)
        if list(self.thresholds_wh) != sorted(set(self.thresholds_wh)):
            raise ValueError("the thresholds must rise")
        return self


class Opened(_Frozen):
    """An edition as read from its folder: itself and its frozen boards, by name."""

    edition: Edition
    boards: dict[str, FrozenBoard]


def read_all(folders: Iterable[Path]) -> tuple[Opened, ...]:
    """Read every edition below some folders, the newest last. Raises Refusal with everything that is wrong."""
    opened: dict[str, Opened] = {}
    problems: list[Problem] = []
    for path in sorted(path for folder in folders for path in folder.glob("*/edition.json")):
        try:
            one = read(path.parent)
        except Refusal as refusal:
            problems += refusal.problems
            continue
        if one.edition.id in opened:
            problems.append(Problem(str(path), "id", f"edition {one.edition.id} is there twice", "Keep one of them"))
        opened[one.edition.id] = one
    if problems:
        raise Refusal(problems)
    return tuple(sorted(opened.values(), key=lambda one: (one.edition.opened, one.edition.id)))


def read(folder: Path) -> Opened:
    """Read one edition from its folder. Raises Refusal with everything that is wrong."""
    problems: list[Problem] = []
    edition = _parse(Edition, folder / "edition.json", problems)
    boards: dict[str, FrozenBoard] = {}
    for path in sorted(folder.glob("*.json")):
        if path.name == "edition.json" or (board := _parse(FrozenBoard, path, problems)) is None:
            continue
        boards[board.board] = board
        wanted = (f"{board.board}.json", edition.id if edition else board.edition)
        if (path.name, board.edition) != wanted:
            problems.append(
                Problem(
                    str(path), "", f"holds {board.board} of edition {board.edition}", "Put the file where it belongs"
                )
            )
    if edition is None or problems:
        raise Refusal(problems)
    return Opened(edition=edition, boards=boards)


def _parse(form: type[_Form], path: Path, problems: list[Problem]) -> _Form | None:
    remedy = "An edition is written by wattboard freeze only: put the file back"
    try:
        return form.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        problems += [
            Problem(str(path), ".".join(map(str, issue["loc"])), issue["msg"], remedy) for issue in error.errors()
        ]
    except (OSError, ValueError) as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error}", remedy))
    return None
