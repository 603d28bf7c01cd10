"""What a board can be anchored on: its reference model's first sound session. METHOD section 5, item 7."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import polars as pl

from wattbench import tasks
from wattbench.boards import Board
from wattboard.facts import quality
from wattboard.ratings import references


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a board's first session with its reference model says; `why` is said where `wh_per_1000` is None."""

    model: str
    revision: str
    wh_per_1000: float | None
    quality: float | None
    newest: str
    digests: tuple[str, ...]
    why: str = ""


def anchors(passes: pl.LazyFrame) -> dict[str, Anchor]:
    """Give what each board's first sound session says about its reference model (item 7), or why none does."""
    names = passes.select(pl.col("board").unique().sort()).collect()["board"].to_list()
    named: dict[str, tuple[str, str]] = {}
    for name in names:
        board = Board.parse(name)
        named[name] = tasks.find(board.task).references.get(board.version, ("", ""))
    models = pl.LazyFrame(
        [(name, *named[name]) for name in names],
        schema={"board": pl.String, "reference_model": pl.String, "reference_revision": pl.String},
        orient="row",
    )
    sessions = references(passes, models).sort("board", "began", "session").collect().to_dicts()
    good = quality(passes).collect().to_dicts()
    qualities = {(one["board"], one["model"], one["revision"]): one["quality_value"] for one in good}
    return {name: _anchor(name, named[name], sessions, qualities.get((name, *named[name]))) for name in names}


def _anchor(name: str, model: tuple[str, str], sessions: list[dict[str, Any]], good: float | None) -> Anchor:
    why = "no session has its reference model before and after it" if model[0] else "its task names no reference model"
    for session in sessions:
        if session["board"] != name or session["ln_r_s"] is None:
            continue
        if session["reference_fails"]:
            why = "a gate failed for its reference model in every session"
            continue
        return Anchor(*model, exp(session["ln_r_s"]), good, session["ended"][:10], tuple(sorted(session["digests"])))
    return Anchor(*model, None, good, "", (), why)
