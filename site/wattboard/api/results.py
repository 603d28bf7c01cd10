"""A Rating -> what the API says of it. One rounding for all numbers: to 6 significant digits; absent is null."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite
from typing import TYPE_CHECKING, Any

import polars as pl

from wattboard import frame
from wattboard.api.schemas import EstimatedFrozen, EstimatedResult, MeasuredFrozen, MeasuredResult
from wattboard.ratings import facts, reasons
from wattboard.ratings.facts import SUBJECT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattboard.editions import FrozenBoard
    from wattboard.listings import Site
    from wattboard.ratings import Rating

    Subject = tuple[str, str, str]

BEST, WORST = 5, 1
LED_WATTS = 10
SECONDS_PER_HOUR = 3600
JOULES_PER_QUERY = 3.6  # in a Wh per 1,000 queries


@dataclass(frozen=True, slots=True)
class Speed:
    """What a board's ratings do not say of a model's passes: times of a batch in s, J per output token."""

    p50: float | None = None
    p95: float | None = None
    joules_per_output_token: float | None = None


UNKNOWN = Speed()


@dataclass(frozen=True, slots=True)
class Known:
    """What ratings do not say themselves: speeds, and each edition's and board's thresholds in Wh per 1,000 queries."""

    speeds: Mapping[Subject, Speed]
    limits: Mapping[tuple[str, str], Sequence[float]]


def known_of(site: Site) -> Known:
    """Gather what the ratings of a site do not say themselves."""
    limits = {
        (one.edition.id, name): board.thresholds_wh for one in site.editions for name, board in one.boards.items()
    }
    return Known(speeds(frame.frame(site.filed)), limits)


def speeds(passes: pl.LazyFrame) -> dict[Subject, Speed]:
    """Give the speed of each board, model and revision: medians over all passes, and the mean energy of a token."""
    names = ("latency_p50_seconds", "latency_p95_seconds")
    spoke = reasons.usable("wh_per_1000") & (pl.col("output_tokens") > 0)
    joules, tokens = (facts.in_order(name) for name in ("joules", "output_tokens"))
    told = (
        passes.with_columns(pl.when(spoke).then(pl.col(name)).alias(name) for name in ("joules", "output_tokens"))
        .group_by(*SUBJECT)
        .agg(*(pl.col(name).drop_nulls().sort().median() for name in names), joules, tokens)
        .with_columns(per_token=pl.col("joules").list.sum() / pl.col("output_tokens").list.sum())
        .select(*SUBJECT, *(facts.rounded(pl.col(name)) for name in (*names, "per_token")))
        .sort(*SUBJECT)
        .collect()
    )
    return {(board, model, revision): Speed(*map(_finite, rest)) for board, model, revision, *rest in told.iter_rows()}


def result(rating: Rating, known: Known, **more: object) -> dict[str, Any]:
    """Give a rating as the API has it, as the fields of a MeasuredResult or an EstimatedResult and some more."""
    speed = known.speeds.get((rating.board, rating.model, rating.revision), UNKNOWN)
    wh = rating.wh
    fall, rise = _distances(rating, known.limits.get((rating.edition or "", rating.board)))
    return {
        "model": rating.model,
        "revision": rating.revision,
        "board": rating.board,
        "edition": rating.edition,
        "kind": rating.kind,
        "status": rating.status,
        "trust": rating.trust,
        "stars": rating.stars,
        "stars_at_best": rating.stars_at_best,
        "stars_least": rating.stars_least,
        "stars_most": rating.stars_most,
        "borderline": rating.borderline,
        "reasons": [{"name": name, "text": reasons.REASONS[name]} for name in rating.reasons],
        **named(
            rating.kind,
            {
                "wh_per_1000_queries": six(wh),
                "wh_per_1000_queries_low": six(rating.wh_low),
                "wh_per_1000_queries_high": six(rating.wh_high),
                "wh_interval_percent": None if rating.h is None else six(100 * (exp(rating.h) - 1)),
                "joules_per_query": None if wh is None else six(JOULES_PER_QUERY * wh),
                "joules_per_output_token": speed.joules_per_output_token,
                "energy_percent_of_reference": six(rating.index),
                "energy_spread": six(rating.spread),
                "energy_percent_less_for_one_star_more": fall,
                "energy_percent_more_for_one_star_less": rise,
                "led_10_watt_seconds_on_the_energy_of_1000_queries": None
                if wh is None
                else six(wh * SECONDS_PER_HOUR / LED_WATTS),
            },
        ),
        "quality": None if rating.quality is None else _quality(rating),
        "recommended_quality": rating.recommended,
        "seconds_per_query": six(rating.seconds_per_query),
        "queries_per_second": six(1 / rating.seconds_per_query) if rating.seconds_per_query else None,
        "latency_p50_seconds": speed.p50,
        "latency_p95_seconds": speed.p95,
        "parameters": rating.parameters,
        "licence": rating.licence,
        "base_model": rating.base_model,
        "weights_digest": rating.weights_digest,
        "device": rating.device,
        "protocol": rating.protocol,
        "gates": rating.verdict,
        "reference_flagged": rating.reference_flags,
        "sessions": rating.sessions,
        "passes": rating.passes,
        "passes_without_energy": rating.lost,
        "fewest_passes_in_a_session": rating.fewest,
        "largest_ln_session_factor": six(rating.factor),
        "first_measured_at": rating.first_measured_at,
        "measured_at": rating.measured_at,
        **more,
    }


def checked(rating: Rating, known: Known) -> MeasuredResult | EstimatedResult:
    """Give a rating in its strict form."""
    form = EstimatedResult if rating.kind == "estimated" else MeasuredResult
    return form(**result(rating, known))


def frozen(board: FrozenBoard, kind: str) -> MeasuredFrozen | EstimatedFrozen:
    """Give a frozen board in its strict form, its numbers rounded as everywhere. Its own file has every digit."""
    told = _rounded(board.model_dump(mode="python", exclude={"schema_", "thresholds_wh"}))
    reference = told["reference"]
    energy = {"wh_per_1000_queries": reference.pop("wh_per_1000_queries")}
    limits = tuple(six(one) for one in board.thresholds_wh)
    told |= {"kind": kind, "reference": reference | named(kind, energy)}
    told |= named(kind, {"thresholds_wh_per_1000_queries": limits})
    return (EstimatedFrozen if kind == "estimated" else MeasuredFrozen).model_validate(told)


def named(kind: str, energies: Mapping[str, Any]) -> dict[str, Any]:
    """Call energies what they are: `estimated_...` where they were estimated."""
    return {f"estimated_{name}" if kind == "estimated" else name: value for name, value in energies.items()}


def six(value: float | None) -> float | None:
    """Round to 6 significant digits; None for what is no finite number."""
    return None if value is None or not isfinite(value) else float(f"{value:.{facts.DIGITS}g}")


def _distances(one: Rating, limits: Sequence[float] | None) -> tuple[float | None, float | None]:
    """Say by how many per cent the worse end of the interval must fall, or may rise, for another star."""
    if one.stars is None or one.wh_high is None or limits is None:
        return None, None
    fall = six(100 * (1 - limits[4 - one.stars] / one.wh_high)) if one.stars < BEST else None
    rise = six(100 * (limits[5 - one.stars] / one.wh_high - 1)) if one.stars > WORST else None
    return fall, rise


def _quality(rating: Rating) -> dict[str, Any]:
    low, high = rating.quality_low, rating.quality_high
    return {
        "metric": rating.quality_metric,
        "value": six(rating.quality),
        "low": six(low),
        "high": six(high),
        "half_width": None if low is None or high is None else six((high - low) / 2),
        "n": rating.quality_n,
        "higher_is_better": rating.higher_is_better,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever a frozen board holds
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return six(value) if isinstance(value, float) else value
