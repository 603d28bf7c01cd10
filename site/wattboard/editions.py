"""An edition's frozen thresholds, as values read from files. A board's file is written once and never edited.

    editions/ID/edition.json   what the edition is, and its headline board per task
    editions/ID/BOARD.json     one board: its thresholds and everything they rest on

Schema history:
    1  first version: boards anchored on their reference model; no hashes.
    2  edition.json holds the sha256 of each board's file; boards hold their founding cohort, its inclusion rule and how
       many sessions `u_sess` was measured in.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wattbench.boards import Board
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


SCHEMA: Final = 2
Schema = Literal[1, 2]
Kind = Literal["demo", "rated", "imported"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
EditionId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Four = tuple[Positive, Positive, Positive, Positive]


class _Frozen(BaseModel):
    """What every part of an edition shares: immutable, strict, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)


_Form = TypeVar("_Form", bound=BaseModel)


class Edition(_Frozen):
    """A rule and a date. `headline` names one board per task: what a badge means that names only the task.

    `boards` holds the sha256 of each board's file; an edition of schema 1 recorded none.
    """

    schema_: Schema = Field(alias="schema")
    id: EditionId
    title: str
    kind: Kind
    rule_version: int = Field(ge=1)
    opened: Date
    headline: dict[str, str]
    boards: dict[str, Sha256] = Field(default_factory=dict)

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


class Inclusion(_Frozen):
    """The mechanical rule by which results entered a founding cohort: its numbers, and the whole of it in words."""

    name: str
    protocol: str
    least_sessions: int = Field(ge=1)
    least_passes: int = Field(ge=1)
    greatest_session_factor: Positive
    words: str


class Founder(_Frozen):
    """The representative of one lineage in a founding cohort.

    `y` is ln of its Wh per 1,000 queries, and `y - h` to `y + h` the 95 % interval.
    """

    lineage: str
    id: str
    revision: str
    weights_digest: Sha256
    measured_at: str
    y: float
    h: float = Field(ge=0)
    quality: float


class FrozenBoard(_Frozen):
    """A board's thresholds T1 < T2 < T3 < T4 in Wh per 1,000 queries, and all that they rest on.

    `cohort` names the founding models and `founders` says what each was; both are empty where the board is anchored on
    its reference. `u_sess_sessions` is in how many sessions `u_sess` was measured, None where it was not.
    """

    schema_: Schema = Field(alias="schema")
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
    founders: tuple[Founder, ...] = Field(default=(), strict=False)
    inclusion: Inclusion | None = None
    u_sess_sessions: int | None = Field(default=None, ge=2)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        Board.parse(self.board)
        if list(self.thresholds_wh) != sorted(set(self.thresholds_wh)):
            raise ValueError("the thresholds must rise")
        if self.founders and tuple(one.id for one in self.founders) != self.cohort:
            raise ValueError("the cohort and its founders differ")
        if len({one.lineage for one in self.founders}) != len(self.founders):
            raise ValueError("a lineage stands twice in the cohort")
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
    recorded = dict(edition.boards) if edition and edition.schema_ > 1 else None
    boards: dict[str, FrozenBoard] = {}
    for path in sorted(folder.glob("*.json")):
        if path.name == "edition.json":
            continue
        if recorded is not None and (why := _unlike(path, recorded.pop(path.stem, None))):
            problems.append(Problem(str(path), "sha256", why, _REMEDY))
            continue
        if (board := _parse(FrozenBoard, path, problems)) is None:
            continue
        boards[board.board] = board
        wanted = (f"{board.board}.json", edition.id if edition else board.edition)
        if (path.name, board.edition) != wanted:
            message = f"holds {board.board} of edition {board.edition}"
            problems.append(Problem(str(path), "", message, "Put the file where it belongs"))
    lost = [folder / f"{name}.json" for name in sorted(recorded or ())]
    problems += [Problem(str(path), "", "is recorded in edition.json and missing", _REMEDY) for path in lost]
    if edition is None or problems:
        raise Refusal(problems)
    return Opened(edition=edition, boards=boards)


_REMEDY = "An edition is written by wattboard freeze only: put the file back"


def _unlike(path: Path, recorded: str | None) -> str | None:
    """Say how a board's file is not the one that was frozen."""
    if recorded is None:
        return "is not recorded in edition.json: its freeze did not end, or it was put there"
    if hashlib.sha256(path.read_bytes()).hexdigest() != recorded:
        return "is not the file that was frozen: its bytes differ"
    return None


def _parse(form: type[_Form], path: Path, problems: list[Problem]) -> _Form | None:
    try:
        data = json.loads(path.read_bytes())
        if isinstance(data, dict) and isinstance(data.get("schema"), int) and data["schema"] > SCHEMA:
            message = f"is of schema {data['schema']}, and this version knows none past {SCHEMA}"
            problems.append(Problem(str(path), "schema", message, "Use a newer version of wattstar"))
            return None
        return form.model_validate(data)
    except ValidationError as error:
        problems += [
            Problem(str(path), ".".join(map(str, issue["loc"])), issue["msg"], _REMEDY) for issue in error.errors()
        ]
    except (OSError, ValueError) as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error}", _REMEDY))
    return None
