"""Four thresholds from a founding cohort, or from a reference model: METHOD section 5, items 4 and 7. Pure."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wattboard.editions import FrozenBoard

LEAST_STEP = 1.25
T = ("t1", "t2", "t3", "t4")


def of(cohorts: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Give `n`, `q20`, `q80`, `m`, `w`, `r` and `t1`..`t4` (Wh per 1,000 queries) of each cohort, sorted by its keys.

    `cohorts` has the keys and one `y` a lineage.
    """
    return (
        cohorts.group_by(*keys)
        .agg(
            n=pl.len().cast(pl.Int64),
            # 4. type-7 quantiles of y over the cohort
            q20=pl.col("y").quantile(0.2, "linear"),
            q80=pl.col("y").quantile(0.8, "linear"),
        )
        # m = (q20 + q80)/2; w = max((q80 - q20)/3, ln 1.25)
        .with_columns(
            m=(pl.col("q20") + pl.col("q80")) / 2,
            w=pl.max_horizontal((pl.col("q80") - pl.col("q20")) / 3, pl.lit(log(LEAST_STEP))),
        )
        # r = exp(w) rounded up to two decimals. What exp and ln leave in the last bits is no reason to go up.
        .with_columns(r=(pl.col("w").exp() * 100).round(9).ceil() / 100)
        # T_k = exp(m + (k - 2.5) ln r), k = 1..4
        .with_columns(
            **{name: (pl.col("m") + (k - 2.5) * pl.col("r").log()).exp() for k, name in enumerate(T, 1)},
        )
        .sort(*keys)
    )


def anchored(reference_wh: float, r: float) -> tuple[float, float, float, float]:
    """Item 7: `T_k = R_board * r^(k - 2.5)`, k = 1..4: the reference model lies in the middle of three stars."""
    t1, t2, t3, t4 = (reference_wh * r ** (k - 2.5) for k in (1, 2, 3, 4))
    return t1, t2, t3, t4


def without_each(boards: Iterable[FrozenBoard]) -> pl.LazyFrame:
    """Item 9: the thresholds of each board as if each lineage in turn had been left out of its cohort.

    Gives `board`, `left_out` and `t1`..`t4`; boards without a cohort have no row.
    """
    rows = [(board.board, one.lineage, one.y) for board in boards for one in board.founders]
    founders = pl.LazyFrame(rows, schema={"board": pl.String, "lineage": pl.String, "y": pl.Float64}, orient="row")
    others = (
        founders.select("board", pl.col("lineage").alias("left_out"))
        .join(founders, on="board")
        .filter(pl.col("lineage") != pl.col("left_out"))
    )
    return of(others, "board", "left_out").select("board", "left_out", *T)
