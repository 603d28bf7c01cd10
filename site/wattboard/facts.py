"""What is known of a model on a board besides its energy: its gates, weights, speed and quality. Polars expressions."""

from __future__ import annotations

import polars as pl

from wattboard.reasons import usable

SUBJECT = ("board", "model", "revision")
DIGITS = 6


def facts(passes: pl.LazyFrame, sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Say what else decides: the worst gate, weights, device, references of all sessions; and whom we speak of."""
    newest = [
        pl.col(name).sort_by("measured_at", "digest").last()
        for name in ("parameters", "licence", "base_model", "device", "kind")
    ]
    speed = pl.col("seconds").filter(pl.col("queries") > 0) / pl.col("queries").filter(pl.col("queries") > 0)
    return (
        passes.join(sessions.drop("digests", "began", "ended"), on=("board", "session"), how="left")
        .group_by(*SUBJECT)
        .agg(
            *newest,
            worst("verdict"),
            pl.col("measured_at").max(),
            pl.col("protocol").unique().sort().str.join(", "),
            lost=(~usable("wh_per_1000")).sum().cast(pl.Int64),
            seconds_per_query=rounded(speed.sort().median()),
            synthetic=(pl.col("weights") != "real").any(),
            fake=pl.col("fake").any(),
            quick=(pl.col("protocol") == "quick").any(),
            packaged=pl.col("revision").str.starts_with("package:").any(),
            lacking=pl.col("ln_r_s").is_null().any(),
            reference_fails=pl.col("reference_fails").fill_null(value=False).any(),
        )
    )


def quality(passes: pl.LazyFrame) -> pl.LazyFrame:
    """Give the quality of the newest run that has one."""
    columns = [name for name in passes.collect_schema().names() if name.startswith("quality_")]
    return (
        passes.filter(pl.col("quality_value").is_not_null())
        .group_by(*SUBJECT)
        .agg(pl.col(*columns, "higher_is_better").sort_by("measured_at", "digest").last())
    )


def in_order(column: str) -> pl.Expr:
    """Gather a column as a list in a fixed order: sums over it are the same to the last bit."""
    return pl.col(column).sort_by("digest", "pass_index")


def worst(verdict: str) -> pl.Expr:
    """Give the worst of some verdicts."""
    column = pl.col(verdict)
    worst = pl.when((column == "fail").any()).then(pl.lit("fail")).when((column == "flag").any())
    return worst.then(pl.lit("flag")).otherwise(pl.lit("pass")).alias(verdict)


def rounded(value: pl.Expr) -> pl.Expr:
    """Round to 6 significant digits: to the float that those digits are written as.

    Polars' own round_sig_figs multiplies and divides by a power of ten, and can end one bit beside it.
    """

    def each(series: pl.Series) -> pl.Series:
        return pl.Series([None if one is None else float(f"{one:.{DIGITS}g}") for one in series], dtype=pl.Float64)

    return value.map_batches(each, return_dtype=pl.Float64, is_elementwise=True)
