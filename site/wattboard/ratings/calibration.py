"""What a session's reference model says: `R_s` of each session, and from many sessions `u_sess`. Polars expressions.

A gain that a session and its reference share cancels in `E`. What does not cancel is what moves from one run of a
session to the next, and the reference shows it: it runs twice. If a run's own effect has the variance v, then
`d_s = ln(after / before)` has 2 v, and a candidate, less the mean of the two, has v (1 + 1/2). Hence

    u_sess^2 = 3/4 * var(d_s),    with K - 1 degrees of freedom over K sessions.

The noise of the reference's own passes is in `d_s` too: that errs towards a wider interval.
The standard deviation of `ln R_s` would not do: it holds the gains that cancel (another card, a warm room), and where
there are none it holds a third of the variance that is asked for.
"""

from __future__ import annotations

import polars as pl

from wattboard.ratings import facts, reasons, student

ENOUGH_SESSIONS = 10  # from here on u_sess is measured
MANY_SESSIONS = 20  # from here on Student's t is 1.96 for its purpose
NORMAL = 1.96
MOST_DF = 5000  # past this many degrees of freedom Student's t is 1.96 to three digits


def references(passes: pl.LazyFrame, models: pl.LazyFrame) -> pl.LazyFrame:
    """Give `R_s` of each board and session: the geometric mean of the reference model before and after it.

    `models` names each board's `reference_model` and `reference_revision`. A session that lacks either has null.
    """
    sides = (
        passes.filter(pl.col("role").str.starts_with("reference-") & reasons.usable("wh_per_1000"))
        .join(models, on="board")
        .filter(pl.col("model") == pl.col("reference_model"), pl.col("revision") == pl.col("reference_revision"))
        .with_columns(y=pl.col("wh_per_1000").log())
        .group_by("board", "session", "role", "digest")
        .agg(facts.in_order("y"), pl.col("measured_at").min(), facts.worst("verdict"))
        .group_by("board", "session", "role")
        .agg(
            pl.col("y").list.mean().sort_by("digest"),
            pl.col("digest").sort(),
            pl.col("measured_at").min().alias("began"),
            pl.col("measured_at").max().alias("ended"),
            facts.worst("verdict"),
        )
        .with_columns(y=pl.col("y").list.mean())
    )
    before = sides.filter(role="reference-before").drop("role")
    after = sides.filter(role="reference-after").drop("role")
    return before.join(after, on=("board", "session"), how="full", coalesce=True, suffix="_after").select(
        "board",
        "session",
        began=pl.coalesce("began", "began_after"),
        ended=pl.coalesce("ended_after", "ended"),
        ln_r_s=(pl.col("y") + pl.col("y_after")) / 2,
        d_s=pl.col("y_after") - pl.col("y"),
        reference_fails=(pl.col("verdict") == "fail") | (pl.col("verdict_after") == "fail"),
        reference_flags=(pl.col("verdict") == "flag") | (pl.col("verdict_after") == "flag"),
        digests=pl.concat_list(
            pl.col("digest").fill_null(pl.lit([], pl.List(pl.String))),
            pl.col("digest_after").fill_null(pl.lit([], pl.List(pl.String))),
        ),
    )


def sound(sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the sessions whose reference model ran before and after, and failed no gate."""
    return sessions.filter(pl.col("ln_r_s").is_not_null(), ~pl.col("reference_fails"))


def calibrations(sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Give each board's `K` sound sessions, its middle `ln R_s`, and `u_sess`: null below 10 sessions.

    The middle is the median: one session far off moves it little.
    """
    measured = (0.75 * pl.col("d_s").list.var(ddof=1)).sqrt()
    return (
        sound(sessions)
        .group_by("board")
        .agg(pl.len().cast(pl.Int64).alias("K"), pl.col("ln_r_s", "d_s").sort_by("session"))
        .select(
            "board",
            "K",
            ln_r_board=pl.col("ln_r_s").list.median(),
            u_sess=pl.when(pl.col("K") >= ENOUGH_SESSIONS).then(measured),
        )
    )


def coverage_factor(sessions: int | None) -> float:
    """Give what stands for 1.96 in item 2: `t_{0.975, K-1}` while u_sess was measured in K < 20 sessions."""
    if sessions is None or sessions >= MANY_SESSIONS:
        return NORMAL
    return student.quantile(sessions - 1)


def quantile(degrees: pl.Expr) -> pl.Expr:
    """Give `t_{0.975, df}` for degrees of freedom from 1 to MOST_DF, null for all others."""
    return degrees.map_batches(_quantiles, return_dtype=pl.Float64)


def _quantiles(degrees: pl.Series) -> pl.Series:
    known = degrees.filter(degrees.is_between(1, MOST_DF)).unique().sort()  # few: boards ask for like numbers of passes
    found = pl.Series(map(student.quantile, known), dtype=pl.Float64)
    return degrees.replace_strict(known, found, default=None, return_dtype=pl.Float64)
