"""From passes to stars: METHOD section 5, item by item, as lazy Polars expressions.

Sums run over lists that are sorted first, so the order of the rows and the number of threads change no bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from wattbench import tasks
from wattbench.boards import Board
from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wattboard.editions import Edition, FrozenBoard

Status = Literal["confirmed", "borderline", "provisional", "unrated"]

SUBJECT = ("board", "model", "revision")
DIGITS = 6
MIN_COHORT = 20
NORMAL = 1.96
MOST_DF = 5000  # past this many degrees of freedom Student's t is 1.96 to three digits

# Why a result has no star, in the order in which it is said. The first part of a reason is its name in the API.
REASONS = {
    "no-thresholds": "this board has no frozen thresholds yet",
    "no-energy": "no pass has a valid energy reading",
    "synthetic-weights": "the weights are synthetic: made for tests, not trained",
    "fake-device": "the device or its driver is a stand-in",
    "estimated": "the energy is estimated, and estimates are rated in a demo edition only",
    "quick-protocol": "the quick protocol is rated in a demo edition only",
    "packaged-weights": "weights from a package instead of a revision on the Hub are rated in a demo edition only",
    "gate-failed": "a gate of the protocol failed",
    "no-reference": "a session lacks its reference model before or after it",
    "reference-failed": "a gate failed for the reference model of a session",
    "no-interval": "there are too few passes for an interval",
    "no-quality": "no quality was measured",
    "below-minimum": "the quality is below the board's minimum",
}


@dataclass(frozen=True, slots=True)
class Rating:
    """A submission's stars on a board. Energies are in Wh per 1,000 queries, rounded to 6 significant digits.

    `wh_low` to `wh_high` is the 95 % interval; `stars` is what the worse end earns, None where `reasons` say why.
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


def references(passes: pl.LazyFrame, models: pl.LazyFrame) -> pl.LazyFrame:
    """Give `R_s` of each board and session: the geometric mean of the reference model before and after it.

    `models` names each board's `reference_model` and `reference_revision`. A session that lacks either has null.
    """
    sides = (
        passes.filter(pl.col("role").str.starts_with("reference-") & _usable("wh_per_1000"))
        .join(models, on="board")
        .filter(pl.col("model") == pl.col("reference_model"), pl.col("revision") == pl.col("reference_revision"))
        .with_columns(y=pl.col("wh_per_1000").log())
        .group_by("board", "session", "role", "digest")
        .agg(_in_order("y"), pl.col("measured_at").min(), _worst("verdict"))
        .group_by("board", "session", "role")
        .agg(
            pl.col("y").list.mean().sort_by("digest"),
            pl.col("digest").sort(),
            pl.col("measured_at").min().alias("began"),
            pl.col("measured_at").max().alias("ended"),
            _worst("verdict"),
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
        reference_fails=(pl.col("verdict") == "fail") | (pl.col("verdict_after") == "fail"),
        digests=pl.concat_list(
            pl.col("digest").fill_null(pl.lit([], pl.List(pl.String))),
            pl.col("digest_after").fill_null(pl.lit([], pl.List(pl.String))),
        ),
    )


def rate(passes: pl.LazyFrame, edition: Edition | None, boards: Iterable[FrozenBoard]) -> pl.LazyFrame:
    """Rate every model of every board in `passes` against one edition's frozen boards, sorted by name.

    Boards that the edition lacks keep their energy and get no star. Raises Refusal where a board is of another
    edition or rule version: thresholds of two editions are never mixed.
    """
    frozen = _thresholds(edition, boards)
    demo = edition is not None and edition.kind == "demo"
    sessions = references(passes, frozen)

    # 1. y_sj = ln(E_sj * c_s), c_s = R_board / R_s (1 where there is no session factor: then there is no star)
    factor = (pl.col("ln_r_board") - pl.col("ln_r_s")).fill_null(0.0)
    valid = (
        passes.filter(_usable("wh_per_1000"))
        .join(frozen.select("board", "ln_r_board"), on="board", how="left")
        .join(sessions.select("board", "session", "ln_r_s"), on=("board", "session"), how="left")
        .with_columns(y_sj=pl.col("wh_per_1000").log() + factor)
    )
    #    y_i = the mean of the session means; E_i = exp(y_i)
    by_session = (
        valid.group_by(*SUBJECT, "session")
        .agg(_in_order("y_sj"))
        .with_columns(
            n_s=pl.col("y_sj").list.len(),
            y_s=pl.col("y_sj").list.mean(),
            squares=pl.col("y_sj").list.eval((pl.element() - pl.element().mean()).pow(2)).list.sum(),
        )
    )
    # 2. h_i^2 = t^2_{0.975, n-S} * s_w^2 * sum_s(1/n_s) / S^2 + 1.96^2 * (u_cal^2 + u_sess^2 / S)
    pooled = (
        by_session.group_by(*SUBJECT)
        .agg(
            S=pl.len().cast(pl.Int64),
            n=pl.col("n_s").sum().cast(pl.Int64),
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
        .join(_quantiles(), on="df", how="left")
        .with_columns(s_w=(pl.when(pl.col("df") > 0).then(pl.col("squares") / pl.col("df"))).sqrt())
        .with_columns(t=pl.when(pl.col("df") > MOST_DF).then(NORMAL).otherwise(pl.col("t")))
    )
    energy = (
        pooled.join(frozen, on="board", how="left")
        .with_columns(
            h=(
                pl.col("t").pow(2) * pl.col("s_w").pow(2) * pl.col("shares") / pl.col("S").pow(2)
                + NORMAL**2 * (pl.col("u_cal").pow(2) + pl.col("u_sess").pow(2) / pl.col("S"))
            ).sqrt()
        )
        .select(*SUBJECT, "S", "n", "y", "h", "s_w")
    )
    # 5. E and exp(y +- h) are rounded to 6 significant digits first; S(E) = 5 - #{k : E > T_k}
    # 6. the star shown is S(exp(y_i + h_i)); confirmed if it equals S(exp(y_i - h_i)), else borderline
    return (
        _facts(passes, sessions)
        .join(energy, on=SUBJECT, how="left")
        .join(_quality(passes), on=SUBJECT, how="left")
        .join(frozen, on="board", how="left")
        .with_columns(
            wh=pl.col("y").exp().round_sig_figs(DIGITS),
            wh_low=(pl.col("y") - pl.col("h")).exp().round_sig_figs(DIGITS),
            wh_high=(pl.col("y") + pl.col("h")).exp().round_sig_figs(DIGITS),
            # 10. the index that is never rescaled: 100 * E_i / R_board
            index=(100 * (pl.col("y") - pl.col("ln_r_board")).exp()).round_sig_figs(DIGITS),
            edition=pl.lit(edition.id if edition else None, pl.String),
        )
        .with_columns(reasons=_reasons(demo=demo))
        .with_columns(rated=pl.col("reasons").list.len() == 0)
        .with_columns(
            stars=pl.when("rated").then(stars("wh_high")),
            stars_at_best=pl.when("rated").then(stars("wh_low")),
        )
        .with_columns(borderline=(pl.col("stars") != pl.col("stars_at_best")).fill_null(value=False))
        .with_columns(status=_status(demo=demo), recommended=_reaches("recommended_level"))
        .sort(*SUBJECT)
    )


def stars(energy: str) -> pl.Expr:
    """Item 5: `5 - #{k : E > T_k}` for finite E above 0, null otherwise. Equality gets the better star."""
    worse = pl.sum_horizontal((pl.col(energy) > pl.col(f"t{k}")).cast(pl.Int64) for k in (1, 2, 3, 4))
    return pl.when(_usable(energy)).then(5 - worse)


def collect(rated: pl.LazyFrame) -> tuple[Rating, ...]:
    """Turn a rated frame into Ratings."""
    renamed = rated.rename({"S": "sessions", "n": "passes", "s_w": "spread", "quality_value": "quality"})
    rows = renamed.select(Rating.__slots__).collect().to_dicts()
    return tuple(Rating(**row | {"reasons": tuple(row["reasons"])}) for row in rows)


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
    good = _quality(passes).collect().to_dicts()
    quality = {(one["board"], one["model"], one["revision"]): one["quality_value"] for one in good}
    return {name: _anchor(name, named[name], sessions, quality.get((name, *named[name]))) for name in names}


def _anchor(name: str, model: tuple[str, str], sessions: list[dict[str, object]], quality: float | None) -> Anchor:
    from math import exp

    why = "no session has its reference model before and after it"
    for session in sessions:
        if session["board"] == name and isinstance(ln := session["ln_r_s"], float):
            if session["reference_fails"]:
                why = "a gate failed for its reference model in every session"
                continue
            digests = session["digests"]
            assert isinstance(digests, list)  # noqa: S101 - for the type checker: references() makes a list
            return Anchor(*model, exp(ln), quality, str(session["ended"])[:10], tuple(sorted(digests)))
    return Anchor(*model, None, quality, "", (), why if model[0] else "its task names no reference model")


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
                board.quality.minimum,
                board.quality.recommended,
                board.anchor == "cohort" and len(board.cohort) >= MIN_COHORT,
            )
        )
    numbers = ("r_board", "t1", "t2", "t3", "t4", "u_cal", "u_sess", "minimum", "recommended_level")
    schema = dict.fromkeys(("board", "reference_model", "reference_revision"), pl.String())
    form = {**schema, **dict.fromkeys(numbers, pl.Float64()), "founded": pl.Boolean()}
    return pl.LazyFrame(rows, schema=form, orient="row").with_columns(ln_r_board=pl.col("r_board").log())


def _facts(passes: pl.LazyFrame, sessions: pl.LazyFrame) -> pl.LazyFrame:
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
            _worst("verdict"),
            pl.col("measured_at").max(),
            pl.col("protocol").unique().sort().str.join(", "),
            lost=(~_usable("wh_per_1000")).sum().cast(pl.Int64),
            seconds_per_query=speed.sort().median().round_sig_figs(DIGITS),
            synthetic=(pl.col("weights") != "real").any(),
            fake=pl.col("fake").any(),
            quick=(pl.col("protocol") == "quick").any(),
            packaged=pl.col("revision").str.starts_with("package:").any(),
            lacking=pl.col("ln_r_s").is_null().any(),
            reference_fails=pl.col("reference_fails").fill_null(value=False).any(),
        )
    )


def _quality(passes: pl.LazyFrame) -> pl.LazyFrame:
    """Give the quality of the newest run that has one."""
    columns = [name for name in passes.collect_schema().names() if name.startswith("quality_")]
    return (
        passes.filter(pl.col("quality_value").is_not_null())
        .group_by(*SUBJECT)
        .agg(pl.col(*columns, "higher_is_better").sort_by("measured_at", "digest").last())
    )


def _reasons(*, demo: bool) -> pl.Expr:
    """Name every reason for no star, as a list of REASONS' names, in their order."""
    outside = pl.lit(not demo)
    holds = {
        "no-thresholds": pl.col("t1").is_null(),
        "no-energy": ~_usable("wh"),
        "synthetic-weights": pl.col("synthetic"),
        "fake-device": pl.col("fake"),
        "estimated": outside & (pl.col("kind") == "estimated"),
        "quick-protocol": outside & pl.col("quick"),
        "packaged-weights": outside & pl.col("packaged"),
        "gate-failed": pl.col("verdict") == "fail",
        "no-reference": pl.col("t1").is_not_null() & pl.col("lacking"),
        "reference-failed": pl.col("reference_fails"),
        "no-interval": pl.col("t1").is_not_null() & _usable("wh") & ~_usable("wh_high"),
        "no-quality": pl.col("quality_value").is_null(),
        "below-minimum": pl.col("quality_value").is_not_null() & pl.col("t1").is_not_null() & ~_reaches("minimum"),
    }
    named = [pl.when(holds[name].fill_null(value=False)).then(pl.lit(name)) for name in REASONS]
    return pl.concat_list(named).list.drop_nulls()


def _status(*, demo: bool) -> pl.Expr:
    """Items 6 and 7: a demo edition, a board without a cohort of 20, a flag or a single session: provisional."""
    provisional = pl.lit(demo) | ~pl.col("founded") | (pl.col("verdict") == "flag") | (pl.col("S") < 2)  # noqa: PLR2004
    return (
        pl.when(~pl.col("rated"))
        .then(pl.lit("unrated"))
        .when(provisional)
        .then(pl.lit("provisional"))
        .when("borderline")
        .then(pl.lit("borderline"))
        .otherwise(pl.lit("confirmed"))
    )


def _reaches(level: str) -> pl.Expr:
    """Item 8: tell whether the quality reaches a level in the metric's direction. Equality does; null does not."""
    up, value = pl.col("higher_is_better"), pl.col("quality_value")
    return pl.when(up).then(value >= pl.col(level)).otherwise(value <= pl.col(level)).fill_null(value=False)


def _quantiles() -> pl.LazyFrame:
    """Give `t_{0.975, df}` by df."""
    import numpy as np
    from scipy.stats import t

    degrees = np.arange(1, MOST_DF + 1)
    return pl.LazyFrame({"df": degrees, "t": t.ppf(0.975, degrees)}, schema={"df": pl.Int64, "t": pl.Float64})


def _usable(energy: str) -> pl.Expr:
    """Tell whether an energy is a finite number above 0: NaN, 0 and less compare false with every threshold."""
    return (pl.col(energy).is_finite() & (pl.col(energy) > 0)).fill_null(value=False)


def _in_order(column: str) -> pl.Expr:
    """Gather a column as a list in a fixed order: sums over it are the same to the last bit."""
    return pl.col(column).sort_by("digest", "pass_index")


def _worst(verdict: str) -> pl.Expr:
    """Give the worst of some verdicts."""
    column = pl.col(verdict)
    worst = pl.when((column == "fail").any()).then(pl.lit("fail")).when((column == "flag").any())
    return worst.then(pl.lit("flag")).otherwise(pl.lit("pass")).alias(verdict)
