"""Four star rules as thresholds over groups of rows, and what befalls their stars when a board changes.

Every rule here is four thresholds T1 < T2 < T3 < T4 and S(E) = 5 - #{k : E > T_k}; they differ in where the thresholds
come from. A rule is recomputed when they come from the board as it now is, frozen when from the board as it was.
"""

from __future__ import annotations

import random
from math import ceil
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING

import polars as pl

from wattboard import ratings
from wattboard.ratings import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Thresholds = Callable[[pl.DataFrame, Sequence[str]], pl.DataFrame]

NOISE = 0.10
DRAWS = 1000
SEED = 20250210
STUFFED = 0.25
TIMES_WORST = 2.0
OUTLIER = 100.0
H = 0.02
BANDS = 5
OURS = "ours"


def equal_width(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The incumbent's: five equal parts of the range of the energies."""
    low, high = pl.col("wh").min(), pl.col("wh").max()
    return rows.group_by(keys).agg(**{t: low + k * (high - low) / BANDS for k, t in enumerate(thresholds.T, 1)})


def min_max_log(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Five equal parts of the range of the energies' logarithms."""
    low, high = pl.col("wh").log().min(), pl.col("wh").log().max()
    return rows.group_by(keys).agg(**{t: (low + k * (high - low) / BANDS).exp() for k, t in enumerate(thresholds.T, 1)})


def quintiles(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """A fifth of the models each: the type-7 quantiles of the energies' logarithms."""
    log = pl.col("wh").log()
    return rows.group_by(keys).agg(
        **{t: log.quantile(k / BANDS, "linear").exp() for k, t in enumerate(thresholds.T, 1)}
    )


def ours(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """METHOD section 5.4: four thresholds a factor r apart about the middle of the 20 % and 80 % quantiles."""
    cohorts = rows.lazy().select(*keys, y=pl.col("wh").log())
    return thresholds.of(cohorts, *keys).select(*keys, *thresholds.T).collect()


RULES: dict[str, Thresholds] = {
    "equal width": equal_width,
    "quintiles": quintiles,
    "min-max log": min_max_log,
    OURS: ours,
}


def stars(rows: pl.DataFrame, found: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Give every row its stars by the thresholds of its group, as `stars`."""
    joined = rows.join(found, on=list(keys), how="left", maintain_order="left")
    return joined.with_columns(stars=ratings.stars("wh")).drop(*thresholds.T)


def without_worst(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop the model of each board that uses most."""
    return rows.filter(pl.col("wh") < pl.col("wh").max().over("board"))


def stuffed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add a quarter of each board's size in entries that use twice what its worst model uses."""
    added = [
        (board, f"added-{number}", TIMES_WORST * worst)
        for board, n, worst in rows.group_by("board", maintain_order=True).agg(pl.len(), pl.col("wh").max()).iter_rows()
        for number in range(ceil(STUFFED * n))
    ]
    return pl.concat([rows, pl.DataFrame(added, schema=rows.schema, orient="row")])


def with_outlier(rows: pl.DataFrame) -> pl.DataFrame:
    """Add one entry to each board, with a hundred times what its worst model uses."""
    worst = rows.group_by("board", maintain_order=True).agg(pl.col("wh").max() * OUTLIER)
    return pl.concat([rows, worst.select("board", pl.lit("outlier").alias("model"), "wh")])


def without_each(rows: pl.DataFrame) -> pl.DataFrame:
    """Repeat each board as often as it has models, each time without one of them, named in `draw`."""
    left = rows.select("board", draw="model")
    return left.join(rows, on="board").filter(pl.col("draw") != pl.col("model")).select("board", "model", "wh", "draw")


def noisy(rows: pl.DataFrame, draws: int = DRAWS) -> pl.DataFrame:
    """Repeat the rows, one `draw` each time, every energy times a lognormal factor with a spread of 10 %.

    The normal deviates are the inverse distribution at seeded uniforms: the same on every machine.
    """
    draw = random.Random(SEED)  # noqa: S311 - noise, not secrets
    normal = NormalDist()
    repeated = pl.concat([rows.with_columns(draw=pl.lit(number, pl.Int64)) for number in range(draws)])
    deviates = [normal.inv_cdf(max(draw.random(), 1e-12)) for _ in range(len(repeated))]
    return repeated.with_columns(wh=pl.col("wh") * (NOISE * pl.Series(deviates)).exp())


def moved(before: pl.DataFrame, after: pl.DataFrame) -> float:
    """Give the share of models whose stars are others than before, in %; rows that were added do not count."""
    both = after.join(before.select("board", "model", old="stars"), on=["board", "model"])
    return 100 * float(both.select((pl.col("stars") != pl.col("old")).mean()).item())


def raised(before: pl.DataFrame, after: pl.DataFrame) -> float:
    """Give the share of models with more stars than before, in %."""
    both = after.join(before.select("board", "model", old="stars"), on=["board", "model"])
    return 100 * float(both.select((pl.col("stars") > pl.col("old")).mean()).item())


def confirmed(rows: pl.DataFrame, found: pl.DataFrame) -> float:
    """Give the share of models whose star is the same at both ends of exp(y +- h) with h = 2 %, in %."""
    low, high = (
        stars(rows.with_columns(wh=pl.col("wh") * pl.lit(side * H).exp()), found, ["board"])["stars"].to_list()
        for side in (-1, 1)
    )
    return 100 * fmean(best == worst for best, worst in zip(low, high, strict=True))


def within_five(starred: pl.DataFrame) -> float:
    """Give the energy of the worst five-star model over that of the best, the median of the boards."""
    spans = (
        starred.filter(stars=BANDS).group_by("board").agg(pl.col("wh").max() / pl.col("wh").min().alias("span"))["wh"]
    )
    return float(median(spans.to_list()))
