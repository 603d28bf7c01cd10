"""All that right-sizing says about a board: pick, frontier, switches, prices, gains. Pure but for what is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING

from wattbench.problems import refuse
from wattboard import advice, frontiers
from wattboard.advising import comparisons, gains, prices
from wattboard.advising.choices import purposes
from wattboard.advising.comparisons import Paired
from wattboard.intervals import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wattbench.tasks import Metric
    from wattboard.advice import Choice, Pick
    from wattboard.advising.choices import Offer
    from wattboard.advising.comparisons import Switch
    from wattboard.advising.gains import Gain, Ladder
    from wattboard.advising.prices import Price
    from wattboard.advising.scores import Pairing

GENERAL = 2  # tasks


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: qualities in the unit of the metric, `max_latency` in s, `model` the one in use today."""

    min_quality: float | None = None
    within: float | None = None
    max_latency: float | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """A task-specific model against a general-purpose one on the same board.

    Nobody declares what a model is for, so it is read off the results: `general` has some for `tasks` tasks, two or
    more, and of those the best quality here; `specific` for this task alone, and of those that meet the wishes the
    lowest energy.
    """

    general: str
    tasks: int
    specific: str
    switch: Switch


@dataclass(frozen=True, slots=True)
class Advice:
    """What right-sizing says. `recommended`: the bar is the board's own, for none was asked for.

    exact: whether the frontier respects intervals; where a board has none it is an order of single values.
    switches: from the model in use, or from the best quality, to what meets the wishes with less energy.
    """

    offer: Offer
    wish: Wish
    recommended: bool
    pick: Pick
    frontier: tuple[str, ...]
    exact: bool
    prices: tuple[Price, ...]
    switches: tuple[Switch, ...]
    gains: tuple[Gain, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    purpose: Purpose | None = None


def advise(
    offer: Offer,
    wish: Wish,
    pairing: Pairing,
    *,
    offers: Mapping[str, Offer] | None = None,
    ladders: Callable[[str], Sequence[Ladder]] | None = None,
) -> Advice:
    """Advise on one board. `offers` are all boards by name, for gains and purposes; `ladders` gives those of a model.

    Raises Refusal for a wish that the board cannot answer.
    """
    _check(offer, wish)
    recommended = wish.min_quality is None and wish.within is None and offer.recommended is not None
    pick = advice.pick(
        offer.choices,
        higher_is_better=offer.higher_is_better,
        min_quality=offer.recommended if recommended else wish.min_quality,
        within=wish.within,
        max_latency=wish.max_latency,
    )
    exact = frontiers.exact(offer.choices)
    front = frontiers.frontier(offer.choices, higher_is_better=offer.higher_is_better, values_only=not exact)
    told = wish.model or pick.model
    return Advice(
        offer=offer,
        wish=wish,
        recommended=recommended,
        pick=pick,
        frontier=front,
        exact=exact,
        prices=_prices(offer, front, pairing) if exact else (),
        switches=_switches(offer, wish.model or pick.best, pick.met, pairing, every=wish.model is not None),
        gains=_gains(offer, told, offers or {}, pairing),
        ladders=tuple(ladders(told)) if told and ladders else (),
        purpose=_purpose(offer, pick, offers or {}, pairing),
    )


def compare(offer: Offer, a: Choice, b: Choice, pairing: Pairing) -> Switch:
    """Judge a switch between two models of one board."""
    return comparisons.switch(
        a,
        b,
        pairing((offer.board, a.model, a.revision), (offer.board, b.model, b.revision)),
        margin=offer.metric.margin if offer.metric else None,
        higher_is_better=offer.higher_is_better,
    )


def point(metric: Metric) -> float:
    """Give what one point of a metric is, in its unit: a hundredth of a percentage, else the margin's power of ten."""
    return 0.01 if metric.unit == "%" else 10.0 ** floor(log10(metric.margin))


def _check(offer: Offer, wish: Wish) -> None:
    if wish.model is not None and offer.find(wish.model) is None:
        if why := offer.left_out.get(wish.model):
            raise refuse(
                "", "--from", f"{wish.model} is on {offer.board}, but {why}", "Name a model that is rated there"
            )
        known = ", ".join(sorted(one.model for one in offer.choices)[:8]) or "none"
        raise refuse("", "--from", f"there is no {wish.model} on {offer.board}", f"Its models: {known}")
    asked = "--min-quality" if wish.min_quality is not None else "--within" if wish.within is not None else None
    if asked is None:
        return
    top = advice.best(offer.choices, higher_is_better=offer.higher_is_better)
    if top is None or top.quality is None or offer.metric is None:
        whose = f"{offer.source} publishes none" if offer.source else "no result was graded"
        remedy = f"Leave {asked} out: then models are ordered by energy alone"
        raise refuse("", asked, f"{offer.board} has no quality: {whose}", remedy)
    if offer.higher_is_better and wish.within is not None and wish.within >= top.quality:
        message = f"the best {offer.metric.name} is {top.quality:.3g}, so this lets everything through"
        raise refuse("", asked, message, "Give it in the unit of the metric, less than the best quality")


def _switches(
    offer: Offer, start: str | None, met: Sequence[str], pairing: Pairing, *, every: bool
) -> tuple[Switch, ...]:
    """Judge switches from `start`: to the pick, or to every model that meets the wishes with less energy."""
    by_name = {one.model: one for one in offer.choices}
    a = by_name.get(start) if start else None
    if a is None:
        return ()
    goals = (by_name[name] for name in (met if every else met[:1]))
    return tuple(compare(offer, a, b, pairing) for b in goals if b.model != a.model and b.wh < a.wh)


def _prices(offer: Offer, front: Sequence[str], pairing: Pairing) -> tuple[Price, ...]:
    if offer.metric is None:
        return ()
    paired = {}
    steps = frontiers.staircase(offer.choices, front, higher_is_better=offer.higher_is_better)
    for a, b in pairwise(steps):
        told = pairing((offer.board, a.model, a.revision), (offer.board, b.model, b.revision))
        if isinstance(told, Paired) and told.is_mean and told.n >= comparisons.LEAST_QUERIES:
            paired[a.model, b.model] = Span(told.difference, told.low, told.high)
    return prices.prices(
        offer.choices, front, higher_is_better=offer.higher_is_better, point=point(offer.metric), paired=paired
    )


def _gains(offer: Offer, model: str | None, offers: Mapping[str, Offer], pairing: Pairing) -> tuple[Gain, ...]:
    if model is None or offer.kind == "imported":
        return ()
    return gains.gains(model, offer.board, {**offers, offer.board: offer}, pairing)


def _purpose(offer: Offer, pick: Pick, offers: Mapping[str, Offer], pairing: Pairing) -> Purpose | None:
    tasks = purposes([*offers.values(), *(() if offer.board in offers else (offer,))])
    many = [one for one in offer.choices if tasks.get(one.model, 0) >= GENERAL]
    general = advice.best(many, higher_is_better=offer.higher_is_better)
    specific = next((offer.find(name) for name in pick.met if tasks.get(name) == 1), None)
    if general is None or specific is None:
        return None
    return Purpose(general.model, tasks[general.model], specific.model, compare(offer, general, specific, pairing))
