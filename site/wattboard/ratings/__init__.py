"""From passes to stars: METHOD section 5, item by item, as lazy Polars expressions.

Sums run over lists that are sorted first, so the order of the rows and the number of threads change no bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from wattbench.problems import refuse
from wattboard.ratings import calibration, facts, reasons, thresholds
from wattboard.ratings.facts import SUBJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wattboard.editions import Edition, FrozenBoard
    from wattboard.ratings.reasons import Status

    Subject = tuple[str, str, str]  # board, model, revision

MIN_COHORT = 20
Trust = Literal["verified", "reproduced", "disputed", "unsigned"]


@dataclass(frozen=True, slots=True)
class Rating:
    """A submission's stars on a board. Energies are in Wh per 1,000 queries, rounded to 6 significant digits.

    `wh_low` to `wh_high` is the 95 % interval; `stars` is what the worse end earns, None where `reasons` say why.
    `stars_least` to `stars_most` is the range of the star when each lineage in turn is left out of the founding cohort,
    None where the board has none. `fewest` is the smallest number of passes in a session, `factor` the largest |ln c|;
    `reference_flags` tells whether a gate was flagged for the reference model of one of its sessions. `trust` is not by
    the rule: who vouches for the runs, and whether somebody disputes them (METHOD section 6).
    """

    board: str
    model: str
    revision: str
    edition: str | None
    kind: Literal["measured", "estimated"]
    status: Status
    stars: int | None
    stars_at_best: int | None
    borderline: bool
    reasons: tuple[str, ...]
    wh: float | None
    wh_low: float | None
    wh_high: float | None
    y: float | None
    h: float | None
    index: float | None
    spread: float | None
    sessions: int
    passes: int
    lost: int
    seconds_per_query: float | None
    quality_metric: str | None
    quality: float | None
    quality_low: float | None
    quality_high: float | None
    quality_n: int | None
    higher_is_better: bool | None
    recommended: bool
    verdict: Literal["pass", "flag", "fail"]
    parameters: int
    licence: str | None
    base_model: str | None
    device: str
    protocol: str
    measured_at: str
    stars_least: int | None = None
    stars_most: int | None = None
    fewest: int | None = None
    factor: float | None = None
    first_measured_at: str | None = None
    weights_digest: str | None = None
    reference_flags: bool = False
    trust: Trust = "unsigned"

    @property
    def disputed(self) -> bool:
        """Whether a second measurement disagrees, and nothing has ended that yet."""
        return self.trust == "disputed"

    @property
    def standing(self) -> str:
        """What the stars are worth, in words: the status, and that somebody disputes them."""
        return f"{self.status}, disputed" if self.disputed else self.status


def rate(passes: pl.LazyFrame, edition: Edition | None, boards: Iterable[FrozenBoard]) -> pl.LazyFrame:
    """Rate every model of every board in `passes` against one edition's frozen boards, sorted by name.

    Boards that the edition lacks keep their energy and get no star. Raises Refusal where a board is of another
    edition or rule version: thresholds of two editions are never mixed.
    """
    boards = tuple(boards)
    frozen = _thresholds(edition, boards)
    demo = edition is not None and edition.kind == "demo"
    sessions = calibration.references(passes, frozen)

    # 1. y_sj = ln(E_sj * c_s), c_s = R_board / R_s (1 where there is no session factor: then there is no star)
    factor = (pl.col("ln_r_board") - pl.col("ln_r_s")).fill_null(0.0)
    valid = (
        passes.filter(reasons.usable("wh_per_1000"))
        .join(frozen.select("board", "ln_r_board"), on="board", how="left")
        .join(sessions.select("board", "session", "ln_r_s"), on=("board", "session"), how="left")
        .with_columns(y_sj=pl.col("wh_per_1000").log() + factor)
    )
    factors = valid.group_by(*SUBJECT).agg(factor=(pl.col("ln_r_board") - pl.col("ln_r_s")).abs().max())
    #    y_i = the mean of the session means; E_i = exp(y_i)
    by_session = (
        valid.group_by(*SUBJECT, "session")
        .agg(facts.in_order("y_sj"))
        .with_columns(
            n_s=pl.col("y_sj").list.len(),
            y_s=pl.col("y_sj").list.mean(),
            squares=pl.col("y_sj").list.eval((pl.element() - pl.element().mean()).pow(2)).list.sum(),
        )
    )
    # 2. h_i^2 = t^2_{0.975, n-S} * s_w^2 * sum_s(1/n_s) / S^2 + 1.96^2 * (u_cal^2 + u_sess^2 / S)
    #    with z = t_{0.975, K-1} for 1.96 where u_sess was measured in K < 20 sessions
    pooled = (
        by_session.group_by(*SUBJECT)
        .agg(
            S=pl.len().cast(pl.Int64),
            n=pl.col("n_s").sum().cast(pl.Int64),
            fewest=pl.col("n_s").min().cast(pl.Int64),
            y_s=pl.col("y_s").sort_by("session"),
            squares=pl.col("squares").sort_by("session"),
            shares=(1 / pl.col("n_s")).sort_by("session"),
        )
        .with_columns(
            y=pl.col("y_s").list.mean(),
            df=(pl.col("n") - pl.col("S")),
            squares=pl.col("squares").list.sum(),
            shares=pl.col("shares").list.sum(),
        )
        .with_columns(
            t=calibration.quantile(pl.col("df")),
            s_w=(pl.when(pl.col("df") > 0).then(pl.col("squares") / pl.col("df"))).sqrt(),
        )
        .with_columns(t=pl.when(pl.col("df") > calibration.MOST_DF).then(calibration.NORMAL).otherwise(pl.col("t")))
    )
    energy = (
        pooled.join(frozen, on="board", how="left")
        .with_columns(
            h=(
                pl.col("t").pow(2) * pl.col("s_w").pow(2) * pl.col("shares") / pl.col("S").pow(2)
                + pl.col("z").pow(2) * (pl.col("u_cal").pow(2) + pl.col("u_sess").pow(2) / pl.col("S"))
            ).sqrt()
        )
        .select(*SUBJECT, "S", "n", "fewest", "y", "h", "s_w")
    )
    # 5. E and exp(y +- h) are rounded to 6 significant digits first; S(E) = 5 - #{k : E > T_k}
    # 6. the star shown is S(exp(y_i + h_i)); confirmed if it equals S(exp(y_i - h_i)), else borderline
    starred = (
        facts.facts(passes, sessions)
        .join(energy, on=SUBJECT, how="left")
        .join(factors, on=SUBJECT, how="left")
        .join(facts.quality(passes), on=SUBJECT, how="left")
        .join(frozen, on="board", how="left")
        .with_columns(
            worse_end(),
            wh=facts.rounded(pl.col("y").exp()),
            wh_low=facts.rounded((pl.col("y") - pl.col("h")).exp()),
            # 10. the index that is never rescaled: 100 * E_i / R_board
            index=facts.rounded(100 * (pl.col("y") - pl.col("ln_r_board")).exp()),
            edition=pl.lit(edition.id if edition else None, pl.String),
        )
        .with_columns(reasons=reasons.reasons(demo=demo))
        .with_columns(rated=pl.col("reasons").list.len() == 0)
        .with_columns(
            stars=pl.when("rated").then(stars("wh_high")),
            stars_at_best=pl.when("rated").then(stars("wh_low")),
        )
        .with_columns(borderline=(pl.col("stars") != pl.col("stars_at_best")).fill_null(value=False))
        .with_columns(status=reasons.status(demo=demo), recommended=reasons.reaches("recommended_level"))
    )
    return _with_ranges(starred, boards).sort(*SUBJECT)


def worse_end() -> pl.Expr:
    """Give `wh_high`, the worse end of the interval from `y` and `h`, rounded to 6 significant digits."""
    return facts.rounded((pl.col("y") + pl.col("h")).exp()).alias("wh_high")


def stars(energy: str) -> pl.Expr:
    """Item 5: `5 - #{k : E > T_k}` for finite E above 0, null otherwise. Equality gets the better star."""
    worse = pl.sum_horizontal((pl.col(energy) > pl.col(f"t{k}")).cast(pl.Int64) for k in (1, 2, 3, 4))
    return pl.when(reasons.usable(energy)).then(5 - worse)


def _with_ranges(starred: pl.LazyFrame, boards: Iterable[FrozenBoard]) -> pl.LazyFrame:
    """Item 9: add the range of the star shown when each lineage in turn is left out of the founding cohort."""
    founded = [board for board in boards if board.founders]
    if not founded:
        return starred.with_columns(stars_least=pl.lit(None, pl.Int64), stars_most=pl.lit(None, pl.Int64))
    ranges = (
        starred.filter("rated")
        .select(*SUBJECT, "wh_high")
        .join(thresholds.without_each(founded), on="board")
        .with_columns(stars=stars("wh_high"))
        .group_by(*SUBJECT)
        .agg(stars_least=pl.col("stars").min(), stars_most=pl.col("stars").max())
    )
    return starred.join(ranges, on=SUBJECT, how="left")


def collect(rated: pl.LazyFrame, trust: Callable[[Subject], Trust] = lambda _: "unsigned") -> tuple[Rating, ...]:
    """Turn a rated frame into Ratings; `trust` says who vouches for a board's model at a revision."""
    renamed = rated.rename({"S": "sessions", "n": "passes", "s_w": "spread", "quality_value": "quality"})
    told = renamed.select(name for name in Rating.__slots__ if name != "trust").collect()
    columns = told.with_columns(pl.col("reasons").list.join(" ")).to_dict(as_series=False)
    columns["reasons"] = [tuple(text.split()) for text in columns["reasons"]]
    subjects = zip(*(columns[name] for name in SUBJECT), strict=True)
    return tuple(map(Rating, *columns.values(), map(trust, subjects)))


def _thresholds(edition: Edition | None, boards: Iterable[FrozenBoard]) -> pl.LazyFrame:
    """One row a frozen board. Raises Refusal for a board of another edition or rule version, or one named twice."""
    rows = []
    seen = set()
    for board in boards:
        if edition is None or (board.edition, board.rule_version) != (edition.id, edition.rule_version):
            of = f"{board.edition} under rule {board.rule_version}"
            there = f"{edition.id} under rule {edition.rule_version}" if edition else "none"
            raise refuse(
                board.board, "edition", f"is of edition {of}, not {there}", "Rate against one edition at a time"
            )
        if board.board in seen:
            raise refuse(board.board, "board", "is given twice", "Give each board once")
        seen.add(board.board)
        rows.append(
            (
                board.board,
                board.reference.id,
                board.reference.revision,
                board.reference.wh_per_1000_queries,
                *board.thresholds_wh,
                board.u_cal,
                board.u_sess,
                calibration.coverage_factor(board.u_sess_sessions),
                board.quality.minimum,
                board.quality.recommended,
                board.quality.higher_is_better,
                board.anchor == "cohort" and len(board.cohort) >= MIN_COHORT,
            )
        )
    numbers = ("r_board", *thresholds.T, "u_cal", "u_sess", "z", "minimum", "recommended_level")
    schema = dict.fromkeys(("board", "reference_model", "reference_revision"), pl.String())
    form = {**schema, **dict.fromkeys(numbers, pl.Float64()), "up": pl.Boolean(), "founded": pl.Boolean()}
    return pl.LazyFrame(rows, schema=form, orient="row").with_columns(ln_r_board=pl.col("r_board").log())
