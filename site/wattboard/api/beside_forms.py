"""What the API says of a result beside others, as strict values: switches, alternatives, savings, where energy goes.

As everywhere, energies of an estimated board are called `estimated_...`, so that what has some comes in two forms.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wattboard.api.schemas import Stars, Status, Strict


class Standing(Strict):
    """A model among the others of its board that have a star; `surely_` are those beyond the intervals."""

    others: int
    use_more: int
    use_more_percent: float | None
    """Of the others; null where there are none."""
    surely_use_more: int
    surely_use_more_percent: float | None
    graded: int
    are_worse: int | None
    """How many of the graded ones have a worse quality."""
    are_worse_percent: float | None
    surely_are_worse: int | None
    surely_are_worse_percent: float | None


class Paired(Strict):
    """B's quality less A's, query by query, positive where B is better, with its 95 % interval; in the metric's own."""

    n: int
    difference: float
    low: float
    high: float
    is_mean: bool
    """Whether the qualities are the means of these scores; else a query's score is a stand-in."""


class SwitchPart(Strict):
    """What is known of a switch from one model of a board to another, its energies apart."""

    from_: str = Field(alias="from")
    to: str
    paired_quality: Paired | None
    margin: float | None
    not_worse: bool | None
    """Whether the paired difference's lower end lies above minus the margin."""
    claimed: bool
    """Whether METHOD section 7 allows to say so; if not, `reasons` say why, by name."""
    reasons: list[str]


class MeasuredSwitch(SwitchPart):
    """A switch on a board whose energy is measured."""

    kind: Literal["measured"]
    energy_percent_less: float | None
    energy_percent_less_low: float | None
    energy_percent_less_high: float | None


class EstimatedSwitch(SwitchPart):
    """A switch on a board whose energy is estimated."""

    kind: Literal["estimated"]
    estimated_energy_percent_less: float | None
    estimated_energy_percent_less_low: float | None
    estimated_energy_percent_less_high: float | None


Switch = Annotated[MeasuredSwitch | EstimatedSwitch, Field(discriminator="kind")]


class Better(Strict):
    """A model of better quality at no more energy."""

    model: str
    uses: Literal["alike", "less"]
    """Of energy: `alike` where the two cannot be told apart."""
    switch: Switch


class Alternatives(Strict):
    """What could take a model's place: less energy at a quality that is not worse, better at no more energy."""

    less: list[Switch]
    better: Better | None
    nearest: Switch | None
    """The candidate of least energy that is not claimed, where none is."""


class Beside(Strict):
    """A model of a board beside the others."""

    model: str
    against_median: Switch | None
    """The switch from the median model of the board to this one; null for that one."""
    alternatives: Alternatives


class Saving(Strict):
    """What the board's pick saves; `tasks` is for how many tasks the general-purpose model has results."""

    against: Literal["general", "median", "reference"]
    tasks: int | None
    switch: Switch


class MeasuredPart(Strict):
    """A part of the energy of whole passes."""

    kind: Literal["measured"]
    part: str
    name: str
    energy_percent: float
    joules_per_query: float


class EstimatedPart(Strict):
    """A part of the estimated energy of whole passes."""

    kind: Literal["estimated"]
    part: str
    name: str
    estimated_energy_percent: float
    estimated_joules_per_query: float


Part = Annotated[MeasuredPart | EstimatedPart, Field(discriminator="kind")]


class Where(Strict):
    """Where the energy goes: idle and work, prefill and decode; empty where that was not measured."""

    idle: list[Part]
    split: list[Part]
    idle_percent: float | None
    """The static share: idle with the model loaded, over the energy of the passes."""


class MeasuredStep(Strict):
    """One batch size of the newest ladder: a single window, no interval."""

    kind: Literal["measured"]
    batch: int
    wh_per_1000_queries: float | None
    quality: float | None
    latency_p50_seconds: float | None
    left_out: str | None
    rated: bool
    """Whether this is the batch size that was measured for the rating."""


class EstimatedStep(Strict):
    """One batch size of the newest ladder: a single window, no interval."""

    kind: Literal["estimated"]
    batch: int
    estimated_wh_per_1000_queries: float | None
    quality: float | None
    latency_p50_seconds: float | None
    left_out: str | None
    rated: bool
    """Whether this is the batch size that was measured for the rating."""


Step = Annotated[MeasuredStep | EstimatedStep, Field(discriminator="kind")]


class PastPart(Strict):
    """A rating of the model on this board, in an edition or of a revision, its energies apart."""

    edition: str | None
    revision: str
    measured_at: str
    status: Status
    stars: Stars
    quality: float | None
    quality_low: float | None
    quality_high: float | None


class MeasuredPast(PastPart):
    """A rating on a board whose energy is measured."""

    kind: Literal["measured"]
    wh_per_1000_queries: float | None
    wh_interval_percent: float | None
    energy_percent_of_reference: float | None


class EstimatedPast(PastPart):
    """A rating on a board whose energy is estimated."""

    kind: Literal["estimated"]
    estimated_wh_per_1000_queries: float | None
    estimated_wh_interval_percent: float | None
    estimated_energy_percent_of_reference: float | None


Past = Annotated[MeasuredPast | EstimatedPast, Field(discriminator="kind")]
