"""What a pull request's comment knows of a submission: the boards it would enter, and who is rated there already. Pure.

Claims between models are those that METHOD section 7 allows, and narrower: "the same within 1 point" needs the worse
end of the paired difference to lie within a point of the metric, whatever margin the task has.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Literal

from wattboard import advice, advising

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattboard.advice import Choice
    from wattboard.advising.choices import Offer
    from wattboard.advising.comparisons import Switch
    from wattboard.advising.scores import Pairing
    from wattboard.listings import Listing

NEAREST = 3  # models that are named a board

By = Literal["itself", "size", "family", "energy"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of measuring that a submission asks for: a board without its hardware."""

    task: str
    precision: str
    scenario: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A submission as its check found it; `parameters` and `base_model` where they are known."""

    file: str
    model: str
    revision: str
    ways: tuple[Way, ...]
    parameters: int | None = None
    base_model: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A board that a submission would enter, and the models nearest to it that are rated there already.

    by: how they are near. `itself` is an earlier revision of the same model, `family` shares its base model, `energy`
    stands in where the size is not known: the lowest. smaller: a switch to a model that does the same within a point,
    from the nearest or, where that says little, from the best quality of the board.
    """

    offer: Offer
    headline: bool
    near: tuple[Choice, ...]
    by: By
    smaller: Switch | None


def places(asked: Asked, way: Way, boards: Iterable[tuple[Listing, Offer]], pairing: Pairing) -> tuple[Place, ...]:
    """Find the measured boards of a way, of the newest workload, headlines first. Estimates are no place to enter."""
    fitting = [
        (listing, offer)
        for listing, offer in boards
        if listing.board.kind == "measured"
        and (listing.board.task, listing.board.precision, listing.board.scenario, listing.board.reasoning)
        == (way.task, way.precision, way.scenario, way.reasoning)
    ]
    newest = max((listing.board.version for listing, _ in fitting), default=0)
    found = [_place(asked, listing, offer, pairing) for listing, offer in fitting if listing.board.version == newest]
    return tuple(sorted(found, key=lambda one: (not one.headline, one.offer.board)))


def _place(asked: Asked, listing: Listing, offer: Offer, pairing: Pairing) -> Place:
    by, near = _near(asked, listing, offer)
    top = advice.best(offer.choices, higher_is_better=offer.higher_is_better)
    starts = [*(near[:1] if by in {"itself", "size"} else ()), *((top,) if top else ())]
    tried = (_smaller(start, offer, pairing) for start in starts)
    return Place(offer, listing.headline, near, by, next((one for one in tried if one is not None), None))


def _near(asked: Asked, listing: Listing, offer: Offer) -> tuple[By, tuple[Choice, ...]]:
    """Give the models that say most about what is to come: an earlier revision, the same size, the same family."""
    known = {one.model: one for one in listing.all}
    choices = sorted(offer.choices, key=lambda one: (one.wh, one.model))
    own = [one for one in choices if one.model == asked.model]
    others = [one for one in choices if one.model != asked.model]
    size = asked.parameters
    if size:
        others.sort(key=lambda one: abs(log(max(known[one.model].parameters, 1) / size)))
    if own:
        return "itself", (*own, *others[: NEAREST - 1])
    if size:
        return "size", tuple(others[:NEAREST])
    kin = {asked.base_model} - {None}
    family = [one for one in others if one.model in kin or known[one.model].base_model in {asked.model, *kin}]
    if family:
        return "family", tuple(family[:NEAREST])
    return "energy", tuple(others[:NEAREST])


def _smaller(start: Choice, offer: Offer, pairing: Pairing) -> Switch | None:
    """Find the lowest energy whose quality is the same within a point, and of which that may be said."""
    metric = offer.metric
    if metric is None or start.quality is None:
        return None
    point = advising.point(metric)
    sign = 1 if offer.higher_is_better else -1
    near: Sequence[Choice] = [
        one
        for one in sorted(offer.choices, key=lambda one: (one.wh, one.model))
        if one.wh < start.wh and one.quality is not None and sign * (one.quality - start.quality) >= -point
    ]
    told = (advising.compare(offer, start, one, pairing) for one in near)
    return next((one for one in told if one.claimed and one.paired and one.paired.low > -point), None)
