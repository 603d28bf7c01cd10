"""Stars for single values: our thresholds from the rows of an imported board, and the incumbent's stars beside them.

Every model counts once in the cohort, with the geometric mean of its rows, as rounded for publication: whoever has the
board's file gets the same thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from wattboard import ratings
from wattboard.ratings import legacy, thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_COHORT = 8  # METHOD section 5.7: below it a board without a reference model has no stars
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """A board's cohort and thresholds in Wh per 1,000 queries, and the stars of its rows: ours, the incumbent's."""

    cohort: int
    r: float | None
    thresholds_wh: tuple[float, float, float, float] | None
    why_no_stars: str | None
    stars: tuple[int | None, ...]
    legacy_stars: tuple[int | None, ...]


def rounded(value: float) -> float:
    """Round to the 6 significant digits that are published."""
    return float(f"{value:.{DIGITS}g}")


def scale(models: Sequence[str], wh: Sequence[float], exact: Sequence[float]) -> Scale:
    """Rate the rows of one board. `wh` are the published values, `exact` the source's own for the incumbent's rule."""
    rows = pl.DataFrame(
        {"board": "", "model": models, "wh": wh, "exact": exact},
        schema={"board": pl.String, "model": pl.String, "wh": pl.Float64, "exact": pl.Float64},
    )
    cohort = rows.lazy().group_by("board", "model").agg(y=pl.col("wh").log().sort().mean()).sort("model")
    found = thresholds.of(cohort, "board").collect().row(0, named=True)
    old = rows.select(old=legacy.stars("exact", over=["board"]))["old"].to_list()
    if found["n"] < MIN_COHORT:
        why = f"a cohort of {found['n']}, and below {MIN_COHORT} there are no thresholds: energy only"
        return Scale(found["n"], None, None, why, (None,) * len(rows), tuple(old))
    t1, t2, t3, t4 = (found[name] for name in thresholds.T)
    ours = rows.with_columns(t1=t1, t2=t2, t3=t3, t4=t4).select(stars=ratings.stars("wh"))["stars"].to_list()
    return Scale(found["n"], found["r"], (t1, t2, t3, t4), None, tuple(ours), tuple(old))
