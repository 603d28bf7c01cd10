"""An edition's frozen thresholds: read them and freeze them. A board's file is written once and never edited.

    editions/ID/edition.json   what the edition is, and its headline board per task
    editions/ID/BOARD.json     one board: its thresholds and everything they rest on

Schema history:
    1  first version: boards anchored on their reference model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wattbench import tasks
from wattbench.boards import Board
from wattbench.problems import Problem, Refusal, refuse
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from wattboard.ratings import Anchor

RULE_VERSION = 1
U_CAL = 0.005
U_SESS = 0.005
# A demo session lasts minutes on a machine that does other things too: the reference corrects far less of that.
U_SESS_DEMO = 0.03

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


def thresholds(reference_wh: float, r: float) -> tuple[float, float, float, float]:
    """Give `T_k = R_board * r^(k - 2.5)`, k = 1..4: the reference model lies in the middle of three stars."""
    t1, t2, t3, t4 = (reference_wh * r ** (k - 2.5) for k in (1, 2, 3, 4))
    return t1, t2, t3, t4


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


def freeze(
    folder: Path, edition_id: str, anchors: Mapping[str, Anchor], *, demo: bool, only: str | None = None
) -> list[str]:
    """Freeze the boards of `anchors` that are not frozen yet, and say in words what was done, one line a board.

    `folder` holds the editions. Raises Refusal where the one board asked for (`only`) cannot be frozen, and where
    the edition there is of another kind.
    """
    home = folder / edition_id
    opened = read(home) if (home / "edition.json").exists() else None
    kind: Kind = "demo" if demo else "rated"
    if opened and opened.edition.kind != kind:
        message = f"is a {opened.edition.kind} edition already"
        raise refuse(home / "edition.json", "kind", message, "Use another id" if demo else "Say --demo to add to it")
    frozen = dict(opened.boards) if opened else {}
    said, fresh = [], {}
    for name in [only] if only else sorted(anchors):
        outcome = _freeze_one(name, anchors.get(name), edition_id, demo=demo, frozen=frozen)
        if isinstance(outcome, FrozenBoard):
            fresh[name] = outcome
            said.append(f"froze {name}")
        elif only:
            raise refuse(home / f"{name}.json", "", outcome, "A board is frozen once; a change is a new edition")
        else:
            said.append(f"kept {name}: {outcome}" if name in frozen else f"left {name} unfrozen: {outcome}")
    if fresh:
        _write(home, edition_id, kind, opened.edition if opened else None, fresh)
    return said


def _freeze_one(
    name: str, anchor: Anchor | None, edition_id: str, *, demo: bool, frozen: Mapping[str, FrozenBoard]
) -> FrozenBoard | str:
    """Give the frozen board, or why there is none."""
    if name in frozen:
        return f"is frozen already, on {frozen[name].frozen_on}"
    if anchor is None or anchor.wh_per_1000 is None:
        return anchor.why if anchor else "no run of this board was found"
    board = Board.parse(name)
    if board.kind == "estimated" and not demo:
        return "its energy is estimated, and estimates are rated in a demo edition only"
    if anchor.quality is None:
        return "its reference model has no quality, so no quality level can be set"
    task = tasks.find(board.task)
    better = 1 if task.metric.higher_is_better else -1
    return FrozenBoard(
        schema=1,
        board=name,
        edition=edition_id,
        rule_version=RULE_VERSION,
        frozen_on=anchor.newest,
        anchor="reference",
        reference=Reference(id=anchor.model, revision=anchor.revision, wh_per_1000_queries=anchor.wh_per_1000),
        r=task.step,
        thresholds_wh=thresholds(anchor.wh_per_1000, task.step),
        cohort=(),
        u_cal=U_CAL,
        u_sess=U_SESS_DEMO if demo else U_SESS,
        quality=Levels(
            metric=task.metric.name,
            higher_is_better=task.metric.higher_is_better,
            minimum=task.metric.floor,
            recommended=round(anchor.quality - better * task.metric.margin, 6),
        ),
        run_digests=anchor.digests,
    )


def _write(home: Path, edition_id: str, kind: Kind, known: Edition | None, fresh: Mapping[str, FrozenBoard]) -> None:
    """Write new board files, then the edition: its headlines only ever gain tasks that had none."""
    headline = dict(known.headline) if known else {}
    for name in sorted(fresh):
        headline.setdefault(Board.parse(name).task, name)
    edition = Edition(
        schema=1,
        id=edition_id,
        title=known.title if known else ("Demo edition" if kind == "demo" else f"Edition {edition_id}"),
        kind=kind,
        rule_version=RULE_VERSION,
        opened=known.opened if known else max(board.frozen_on for board in fresh.values()),
        headline=headline,
    )
    for name, board in sorted(fresh.items()):
        path = home / f"{name}.json"
        if path.exists():
            raise refuse(path, "", "exists already", "A board is frozen once; a change is a new edition")
        write_whole(path, _bytes(board))
    write_whole(home / "edition.json", _bytes(edition))


def _bytes(value: BaseModel) -> bytes:
    data = value.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


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
