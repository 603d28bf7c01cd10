"""What the API says of a rating and of a frozen board: strict values, the one source of its JSON Schemas.

On a board whose energy is estimated every energy is called `estimated_...`, so ratings and frozen boards come in two
forms. A name ends in its unit; absent is null. Fields are only ever added within v1.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wattboard.editions import Founder, Inclusion, Levels

Six = Annotated[float | None, Field(description="rounded to 6 significant digits")]
Wh = Annotated[float | None, Field(description="Wh per 1,000 queries of the whole board")]
Joules = Annotated[float | None, Field(description="J")]
Percent = Annotated[float | None, Field(description="per cent")]
Stars = Annotated[int | None, Field(ge=1, le=5)]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Status = Literal["confirmed", "borderline", "provisional", "unrated"]
Trust = Literal["verified", "reproduced", "disputed", "unsigned"]
Four = tuple[float, float, float, float]


class Strict(BaseModel):
    """What everything in the API shares: strict, frozen, no unknown fields, no NaN."""

    model_config = ConfigDict(
        defer_build=True, frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Reason(Strict):
    """Why there is no star."""

    name: str
    text: str


class Quality(Strict):
    """How good the measured outputs are, with the 95 % interval over n graded items; percentages are fractions."""

    metric: str | None
    value: Six
    low: Six
    high: Six
    half_width: Six
    """Half the interval."""
    n: int | None
    higher_is_better: bool | None


class Rated(Strict):
    """A model on a board, its energies apart."""

    model: str
    revision: str
    board: str
    edition: str | None
    status: Status
    trust: Trust
    """Who vouches for it: `verified` by signatures of trusted keys, `reproduced` by two cards that agree, `disputed` by
    a second measurement that disagrees, `unsigned` by nobody, as in a demo."""
    stars: Stars
    """The star shown: what the worse end of the interval earns. Null where `reasons` say why."""
    stars_at_best: Stars
    """What the better end of the interval earns."""
    stars_least: Stars
    """The fewest stars when each lineage in turn is left out of the founding cohort."""
    stars_most: Stars
    """The most stars when each lineage in turn is left out of the founding cohort."""
    borderline: bool
    reasons: list[Reason]
    quality: Quality | None
    recommended_quality: bool
    """Whether the quality reaches the board's recommended level."""
    seconds_per_query: Six
    queries_per_second: Six
    latency_p50_seconds: Six
    """The median over all passes of the median time of a batch."""
    latency_p95_seconds: Six
    """The median over all passes of the 95th percentile of the time of a batch."""
    parameters: int
    licence: str | None
    base_model: str | None
    weights_digest: Sha256 | None
    device: str
    protocol: str
    gates: Literal["pass", "flag", "fail"]
    """The worst verdict of all gates of all runs."""
    reference_flagged: bool
    """Whether a gate was flagged for the reference model of one of the sessions."""
    sessions: int
    passes: int
    passes_without_energy: int
    fewest_passes_in_a_session: int | None
    largest_ln_session_factor: Six
    """The largest |ln c| of the sessions; c = R_board / R_session."""
    first_measured_at: str | None
    measured_at: str


class MeasuredResult(Rated):
    """A rating on a board whose energy is measured."""

    kind: Literal["measured"]
    wh_per_1000_queries: Wh
    wh_per_1000_queries_low: Wh
    wh_per_1000_queries_high: Wh
    wh_interval_percent: Percent
    """The half width of the 95 % interval, exp(y +- h), upwards."""
    joules_per_query: Joules
    joules_per_output_token: Joules
    energy_percent_of_reference: Percent
    energy_spread: Six
    """The pooled standard deviation of ln energy within a session."""
    energy_percent_less_for_one_star_more: Percent
    """By how much the worse end of the interval must fall."""
    energy_percent_more_for_one_star_less: Percent
    """By how much the worse end of the interval may rise."""
    led_10_watt_seconds_on_the_energy_of_1000_queries: Six


class EstimatedResult(Rated):
    """A rating on a board whose energy is estimated: every energy is called so."""

    kind: Literal["estimated"]
    estimated_wh_per_1000_queries: Wh
    estimated_wh_per_1000_queries_low: Wh
    estimated_wh_per_1000_queries_high: Wh
    estimated_wh_interval_percent: Percent
    estimated_joules_per_query: Joules
    estimated_joules_per_output_token: Joules
    estimated_energy_percent_of_reference: Percent
    estimated_energy_spread: Six
    estimated_energy_percent_less_for_one_star_more: Percent
    estimated_energy_percent_more_for_one_star_less: Percent
    estimated_led_10_watt_seconds_on_the_energy_of_1000_queries: Six


Result = Annotated[MeasuredResult | EstimatedResult, Field(discriminator="kind")]


class FrozenPart(Strict):
    """A board's thresholds and all that they rest on, its energies apart. The frozen file has every digit."""

    board: str
    edition: str
    rule_version: int
    frozen_on: Date
    anchor: Literal["reference", "cohort"]
    r: float
    """One star is this factor of energy."""
    cohort: list[str]
    founders: list[Founder]
    inclusion: Inclusion | None
    quality: Levels
    u_cal: float
    u_sess: float
    u_sess_sessions: int | None
    run_digests: list[Sha256]


class MeasuredReference(Strict):
    """The model that the board's sessions are corrected by."""

    id: str
    revision: str
    wh_per_1000_queries: float


class EstimatedReference(Strict):
    """The model that the board's sessions are corrected by."""

    id: str
    revision: str
    estimated_wh_per_1000_queries: float


class MeasuredFrozen(FrozenPart):
    """A frozen board whose energy is measured: T1 < T2 < T3 < T4 in Wh per 1,000 queries."""

    kind: Literal["measured"]
    reference: MeasuredReference
    thresholds_wh_per_1000_queries: Four


class EstimatedFrozen(FrozenPart):
    """A frozen board whose energy is estimated: T1 < T2 < T3 < T4 in estimated Wh per 1,000 queries."""

    kind: Literal["estimated"]
    reference: EstimatedReference
    estimated_thresholds_wh_per_1000_queries: Four


Frozen = Annotated[MeasuredFrozen | EstimatedFrozen, Field(discriminator="kind")]
