"""Why a result has no star, and what a star is worth: METHOD section 5, items 5 to 8, as Polars expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection

# The gate "session factor" of METHOD section 3, on |ln c|: it needs the frozen board, so it is judged here.
FACTOR_FLAGS, FACTOR_FAILS = 0.05, 0.10

Status = Literal["confirmed", "borderline", "provisional", "unrated"]

# Why a result has no star, in the order in which it is said. The first part of a reason is its name in the API.
REASONS = {
    "no-thresholds": "this board has no frozen thresholds yet",
    "no-energy": "no pass has a valid energy reading",
    "synthetic-weights": "the weights are synthetic: made for tests, not trained",
    "fake-device": "the device or its driver is a stand-in",
    "estimated": "the energy is estimated, and estimates are rated in a demo edition only",
    "quick-protocol": "a protocol other than the official one is rated in a demo edition only",
    "packaged-weights": "weights from a package instead of a revision on the Hub are rated in a demo edition only",
    "gate-failed": "a gate of the protocol failed",
    "no-reference": "a session lacks its reference model before or after it",
    "session-factor": "a session's reference model is more than 10 % off the board's",
    "reference-failed": "a gate failed for the reference model of a session",
    "no-interval": "there are too few passes for an interval",
    "no-quality": "no quality was measured",
    "below-minimum": "the quality is below the board's minimum",
}

# What keeps a result of a board without thresholds from a star and not from being looked at.
_UNJUDGED = frozenset({"no-thresholds", "estimated", "quick-protocol", "packaged-weights", "no-quality"})


def against(names: Collection[str]) -> list[str]:
    """Name what speaks against choosing a result: why it has no star, or why it is unsound where nothing has one."""
    return [name for name in names if not ("no-thresholds" in names and name in _UNJUDGED)]


def reasons(*, demo: bool) -> pl.Expr:
    """Name every reason for no star, as a list of REASONS' names, in their order."""
    outside = pl.lit(not demo)
    holds = {
        "no-thresholds": pl.col("t1").is_null(),
        "no-energy": ~usable("wh"),
        "synthetic-weights": pl.col("synthetic"),
        "fake-device": pl.col("fake"),
        "estimated": outside & (pl.col("kind") == "estimated"),
        "quick-protocol": outside & pl.col("unofficial"),
        "packaged-weights": outside & pl.col("packaged"),
        "gate-failed": pl.col("verdict") == "fail",
        "no-reference": pl.col("t1").is_not_null() & pl.col("lacking"),
        "session-factor": outside & (pl.col("factor") > FACTOR_FAILS),
        "reference-failed": pl.col("reference_fails"),
        "no-interval": pl.col("t1").is_not_null() & usable("wh") & ~usable("wh_high"),
        "no-quality": pl.col("quality_value").is_null(),
        "below-minimum": pl.col("quality_value").is_not_null() & pl.col("t1").is_not_null() & ~reaches("minimum"),
    }
    named = [pl.when(holds[name].fill_null(value=False)).then(pl.lit(name)) for name in REASONS]
    return pl.concat_list(named).list.drop_nulls()


def status(*, demo: bool) -> pl.Expr:
    """Items 6 and 7: a demo edition, a board without a cohort of 20, a flag or a single session: provisional."""
    off = pl.col("factor").fill_null(0.0) > FACTOR_FLAGS
    flagged = (pl.col("verdict") == "flag") | pl.col("reference_flags") | off
    provisional = flagged | pl.lit(demo) | ~pl.col("founded") | (pl.col("S") < 2)  # noqa: PLR2004 - sessions
    return (
        pl.when(~pl.col("rated"))
        .then(pl.lit("unrated"))
        .when(provisional)
        .then(pl.lit("provisional"))
        .when("borderline")
        .then(pl.lit("borderline"))
        .otherwise(pl.lit("confirmed"))
    )


def reaches(level: str) -> pl.Expr:
    """Item 8: tell whether the quality reaches a level in the board's direction. Equality does; null does not."""
    up, value = pl.col("up"), pl.col("quality_value")
    return pl.when(up).then(value >= pl.col(level)).otherwise(value <= pl.col(level)).fill_null(value=False)


def usable(energy: str) -> pl.Expr:
    """Tell whether an energy is a finite number above 0: NaN, 0 and less compare false with every threshold."""
    return (pl.col(energy).is_finite() & (pl.col(energy) > 0)).fill_null(value=False)
