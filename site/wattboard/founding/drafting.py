"""What a board's file will say: from its reference model, or from its founding cohort. Values only; pure."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import polars as pl

from wattbench import tasks
from wattbench.boards import Board
from wattboard.editions import SCHEMA, FrozenBoard, Levels, Reference
from wattboard.ratings import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.editions import Founder, Inclusion
    from wattboard.founding.anchors import Anchor

RULE_VERSION = 1
U_CAL = 0.005
U_SESS = 0.005
# A demo session lasts minutes on a machine that does other things too: the reference corrects far less of that.
U_SESS_DEMO = 0.08


def anchored(name: str, anchor: Anchor | None, edition_id: str, *, demo: bool) -> FrozenBoard | str:
    """Draft a board on its reference model's first sound session (item 7), or say why that cannot be."""
    if anchor is None or anchor.wh_per_1000 is None:
        return anchor.why if anchor else "no run of this board was found"
    if Board.parse(name).kind == "estimated" and not demo:
        return "its energy is estimated, and estimates are rated in a demo edition only"
    if anchor.quality is None:
        return "its reference model has no quality, so no quality level can be set"
    task = tasks.find(Board.parse(name).task)
    better = 1 if task.metric.higher_is_better else -1
    return FrozenBoard(
        **_common(name, anchor, edition_id, anchor.wh_per_1000),
        frozen_on=anchor.newest,
        anchor="reference",
        r=task.step,
        thresholds_wh=thresholds.anchored(anchor.wh_per_1000, task.step),
        cohort=(),
        **({"u_sess": U_SESS_DEMO} if demo else _session_term(anchor)),
        quality=_levels(name, anchor.quality - better * task.metric.margin),
        run_digests=anchor.digests,
    )


def unfounded(name: str, anchor: Anchor, edition_id: str) -> FrozenBoard | None:
    """Draft what candidates for a founding cohort are judged by: all but the thresholds, which are the reference's."""
    if anchor.middle_wh is None or Board.parse(name).kind == "estimated":
        return None
    step = tasks.find(Board.parse(name).task).step
    return FrozenBoard(
        **_common(name, anchor, edition_id, anchor.middle_wh),
        frozen_on=anchor.last,
        anchor="reference",
        r=step,
        thresholds_wh=thresholds.anchored(anchor.middle_wh, step),
        cohort=(),
        **_session_term(anchor),
        quality=_levels(name, None),
        run_digests=(),
    )


def founded(
    draft: FrozenBoard, founders: Sequence[Founder], digests: Sequence[str], inclusion: Inclusion
) -> FrozenBoard:
    """Turn a draft into a board with a founding cohort: its thresholds (item 4) and recommended quality (item 8)."""
    rows = [(draft.board, one.y) for one in founders]
    cohort = pl.LazyFrame(rows, schema={"board": pl.String, "y": pl.Float64}, orient="row")
    found = thresholds.of(cohort, "board").collect().row(0, named=True)
    level = recommended([one.quality for one in founders], higher_is_better=draft.quality.higher_is_better)
    changes: dict[str, Any] = {
        "anchor": "cohort",
        "r": found["r"],
        "thresholds_wh": tuple(found[name] for name in thresholds.T),
        "cohort": tuple(one.id for one in founders),
        "founders": tuple(founders),
        "inclusion": inclusion,
        "quality": draft.quality.model_copy(update={"recommended": level}),
        "run_digests": tuple(digests),
    }
    return FrozenBoard.model_validate(
        {**{name: getattr(draft, name) for name in FrozenBoard.model_fields if name != "schema_"}, **changes}
        | {"schema": draft.schema_}
    )


def recommended(qualities: Sequence[float], *, higher_is_better: bool) -> float:
    """Item 8: the best quality that at least three quarters of the cohort meet."""
    best_first = sorted(qualities, reverse=higher_is_better)
    return best_first[ceil(3 * len(best_first) / 4) - 1]


def _common(name: str, anchor: Anchor, edition_id: str, reference_wh: float) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "board": name,
        "edition": edition_id,
        "rule_version": RULE_VERSION,
        "reference": Reference(id=anchor.model, revision=anchor.revision, wh_per_1000_queries=reference_wh),
        "u_cal": U_CAL,
    }


def _session_term(anchor: Anchor) -> dict[str, Any]:
    """Item 2: u_sess as measured from 10 sessions on, and in how many."""
    if anchor.u_sess is None:
        return {"u_sess": U_SESS}
    return {"u_sess": anchor.u_sess, "u_sess_sessions": anchor.sessions}


def _levels(name: str, recommended: float | None) -> Levels:
    metric = tasks.find(Board.parse(name).task).metric
    return Levels(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        minimum=metric.floor,
        recommended=metric.floor if recommended is None else round(recommended, 6),
    )
