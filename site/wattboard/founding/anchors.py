"""What a board's reference model says of it: what the board can be anchored on, and how well sessions agree."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import polars as pl

from wattbench import tasks
from wattbench.boards import Board
from wattboard.ratings.calibration import calibrations, references
from wattboard.ratings.facts import quality


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a board's sessions with its reference model say; `why` is said where `wh_per_1000` is None.

    `wh_per_1000` (Wh per 1,000 queries) and `quality` are the reference model's in the first sound session, which ended
    on `newest` and whose runs are `digests`: what a board is anchored on (METHOD section 5, item 7). `middle_wh` is the
    median over all `sessions` that were sound: what a board with a founding cohort is calibrated to. `u_sess` is None
    below 10 sessions. `last` is the date of the board's newest run.
    """

    model: str
    revision: str
    wh_per_1000: float | None
    quality: float | None
    newest: str
    digests: tuple[str, ...]
    why: str = ""
    sessions: int = 0
    middle_wh: float | None = None
    u_sess: float | None = None
    last: str = ""


def anchors(passes: pl.LazyFrame) -> dict[str, Anchor]:
    """Give what each board's sessions say about its reference model, or why none does."""
    boards = passes.group_by("board").agg(pl.col("measured_at").max()).sort("board").collect().to_dicts()
    last = {one["board"]: one["measured_at"][:10] for one in boards}
    named: dict[str, tuple[str, str]] = {}
    for name in last:
        board = Board.parse(name)
        named[name] = tasks.find(board.task).references.get(board.version, ("", ""))
    models = pl.LazyFrame(
        [(name, *named[name]) for name in last],
        schema={"board": pl.String, "reference_model": pl.String, "reference_revision": pl.String},
        orient="row",
    )
    found = references(passes, models)
    sessions = found.sort("board", "began", "session").collect().to_dicts()
    many = {one["board"]: one for one in calibrations(found).collect().to_dicts()}
    good = quality(passes).collect().to_dicts()
    qualities = {(one["board"], one["model"], one["revision"]): one["quality_value"] for one in good}
    return {
        name: _anchor(
            named[name],
            [one for one in sessions if one["board"] == name],
            qualities.get((name, *named[name])),
            many.get(name, {}),
            last[name],
        )
        for name in last
    }


def _anchor(
    model: tuple[str, str], sessions: list[dict[str, Any]], good: float | None, many: dict[str, Any], last: str
) -> Anchor:
    why = "no session has its reference model before and after it" if model[0] else "its task names no reference model"
    for session in sessions:
        if session["ln_r_s"] is None:
            continue
        if session["reference_fails"]:
            why = "a gate failed for its reference model in every session"
            continue
        return Anchor(
            *model,
            exp(session["ln_r_s"]),
            good,
            session["ended"][:10],
            tuple(sorted(session["digests"])),
            sessions=many["K"],
            middle_wh=exp(many["ln_r_board"]),
            u_sess=many["u_sess"],
            last=last,
        )
    return Anchor(*model, None, good, "", (), why, last=last)
