"""What is known of a model on a board besides its energy: its gates, weights, speed and quality. Polars expressions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from wattbench.gates.limits import OFFICIAL
from wattboard.ratings.reasons import usable

if TYPE_CHECKING:
    from collections.abc import Mapping

SUBJECT = ("board", "model", "revision")
DIGITS = 6


def facts(passes: pl.LazyFrame, sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Say what else decides: the worst gate, weights, device, references of all sessions; and whom we speak of."""

    def told(name: str) -> pl.Expr:
        return pl.col(name).sort_by("measured_at", "digest")

    newest = [told(name).last() for name in ("parameters", "licence", "base_model", "device", "kind")]
    speed = pl.col("seconds").filter(pl.col("queries") > 0) / pl.col("queries").filter(pl.col("queries") > 0)
    of_passes = passes.group_by(*SUBJECT).agg(
        lost=(~usable("wh_per_1000")).sum().cast(pl.Int64),
        seconds_per_query=rounded(speed.sort().median()),
    )
    return (
        runs(passes)
        .join(
            sessions.select("board", "session", "ln_r_s", "reference_fails", "reference_flags"),
            on=("board", "session"),
            how="left",
        )
        .group_by(*SUBJECT)
        .agg(
            *newest,
            worst("verdict"),
            pl.col("measured_at").max(),
            pl.col("protocol").unique().sort().str.join(", "),
            first_measured_at=pl.col("measured_at").min(),
            weights_digest=told("weights_digest").first(),
            synthetic=(pl.col("weights") != "real").any(),
            fake=pl.col("fake").any(),
            unofficial=(pl.col("protocol") != OFFICIAL.protocol).any(),
            packaged=pl.col("revision").str.starts_with("package:").any(),
            lacking=pl.col("ln_r_s").is_null().any(),
            reference_fails=pl.col("reference_fails").fill_null(value=False).any(),
            reference_flags=pl.col("reference_flags").fill_null(value=False).any(),
        )
        .join(of_passes, on=SUBJECT)
    )


def runs(passes: pl.LazyFrame) -> pl.LazyFrame:
    """Keep one row a run, its first: what is said of a run is the same in all of its passes, and asked once."""
    return passes.filter(pl.col("pass_index").fill_null(0) == 0)


def quality(passes: pl.LazyFrame) -> pl.LazyFrame:
    """Give the quality of the newest run that has one."""
    columns = [name for name in passes.collect_schema().names() if name.startswith("quality_")]
    return (
        runs(passes)
        .filter(pl.col("quality_value").is_not_null())
        .group_by(*SUBJECT)
        .agg(pl.col(*columns, "higher_is_better").sort_by("measured_at", "digest").last())
    )


def weights_digest(hashes: Mapping[str, str]) -> str | None:
    """Name a set of weights: the sha256 over the sorted sha256 of its safetensors; None where there are none.

    Two models whose weights are the same files, however they are called, have the same name here.
    """
    files = sorted({digest for name, digest in hashes.items() if name.endswith(".safetensors")})
    return hashlib.sha256("\n".join(files).encode()).hexdigest() if files else None


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
        return pl.Series(
            [None if one is None else float(f"{one:.{DIGITS}g}") for one in series.to_list()], dtype=pl.Float64
        )

    return value.map_batches(each, return_dtype=pl.Float64, is_elementwise=True)
