"""Freeze a board's thresholds into an edition. A board is frozen once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from wattbench import tasks
from wattbench.boards import Board
from wattbench.problems import refuse
from wattbench.runs import write_whole
from wattboard.editions import Edition, FrozenBoard, Kind, Levels, Reference, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from wattboard.anchors import Anchor

RULE_VERSION = 1
U_CAL = 0.005
U_SESS = 0.005
# A demo session lasts minutes on a machine that does other things too: the reference corrects far less of that.
U_SESS_DEMO = 0.08

_EDITION_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


def thresholds(reference_wh: float, r: float) -> tuple[float, float, float, float]:
    """Give `T_k = R_board * r^(k - 2.5)`, k = 1..4: the reference model lies in the middle of three stars."""
    t1, t2, t3, t4 = (reference_wh * r ** (k - 2.5) for k in (1, 2, 3, 4))
    return t1, t2, t3, t4


def freeze(
    folder: Path, edition_id: str, anchors: Mapping[str, Anchor], *, demo: bool, only: str | None = None
) -> list[str]:
    """Freeze the boards of `anchors` that are not frozen yet, and say in words what was done, one line a board.

    `folder` holds the editions. Raises Refusal where the one board asked for (`only`) cannot be frozen, and where
    the edition there is of another kind.
    """
    if not _EDITION_ID.fullmatch(edition_id):
        raise refuse("", "ID", f"{edition_id!r} is no edition's id", "Use lower-case letters, digits, dots and hyphens")
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
