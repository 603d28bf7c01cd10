"""How a model stands among the others of its board: ranks, the median model, and what could take its place. Pure.

Ranks are counts of estimates, with those beside them whose intervals do not overlap. Savings are claimed as METHOD
section 7 allows (comparisons.py), and the median model is a real one, so that qualities can be paired: of an even
count the one of the middle two with less energy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from wattboard import advising, intervals
from wattboard.advising.comparisons import LEAST_QUERIES
from wattboard.frontiers import staircase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattboard.advice import Choice
    from wattboard.advising.choices import Offer
    from wattboard.advising.comparisons import Paired, Switch
    from wattboard.advising.scores import Pairing

TRIED = 4  # candidates for a place, the lowest energy first: each is compared query by query
PER_CENT = 20  # from so many other models on a share is said in per cent


@dataclass(frozen=True, slots=True)
class Field:
    """A board's choices, sorted once, so that each model finds its place quickly; `own` has them by name."""

    offer: Offer
    median: Choice | None
    energies: tuple[float, ...]
    energy_lows: tuple[float, ...]
    goods: tuple[float, ...]
    good_highs: tuple[float, ...]
    stairs: tuple[Choice, ...]
    own: Mapping[str, Choice]


@dataclass(frozen=True, slots=True)
class Standing:
    """Of `others` models `more` use more energy; of `graded` ones `lower` have a lower quality.

    `surely_more` and `surely_lower` are those whose intervals lie wholly beyond the model's own. `median` is the
    switch from the median model to this one, None where this is it.
    """

    others: int
    more: int
    surely_more: int
    graded: int
    lower: int | None
    surely_lower: int | None
    median: Switch | None


@dataclass(frozen=True, slots=True)
class Better:
    """A model of better quality: `energy` is `alike` where the energies cannot be told apart, else `less`."""

    model: str
    energy: Literal["alike", "less"]
    paired: Paired
    switch: Switch


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What could take a model's place: `less` energy at a quality that is not worse, and `better` at no more energy.

    `nearest` is the candidate of least energy that is not claimed, where none is.
    """

    less: tuple[Switch, ...]
    better: Better | None
    nearest: Switch | None


def field(offer: Offer) -> Field:
    """Sort a board's choices."""
    rows = sorted(offer.choices, key=lambda one: (one.wh, one.model))
    sign = 1 if offer.higher_is_better else -1
    graded = [one for one in rows if one.quality is not None]
    highs = [one.quality_high if offer.higher_is_better else one.quality_low for one in graded]
    return Field(
        offer=offer,
        median=rows[(len(rows) - 1) // 2] if rows else None,
        energies=tuple(one.wh for one in rows),
        energy_lows=tuple(sorted(one.wh_low for one in rows if one.wh_low is not None)),
        goods=tuple(sorted(sign * one.quality for one in graded if one.quality is not None)),
        good_highs=tuple(sorted(sign * one for one in highs if one is not None)),
        stairs=tuple(staircase(rows, [one.model for one in rows], higher_is_better=offer.higher_is_better)),
        own={one.model: one for one in rows},
    )


def standing(own: Choice, among: Field, pairing: Pairing) -> Standing:
    """Give the place of one of the field's models, and how it compares with the median model."""
    return replace(counts(own, among), median=against_median(own, among, pairing))


def counts(own: Choice, among: Field) -> Standing:
    """Give the place of one of the field's models. Nothing is compared query by query."""
    sign = 1 if among.offer.higher_is_better else -1
    lower = surely = None
    if own.quality is not None:
        lower = bisect_left(among.goods, sign * own.quality)
        worst = own.quality_low if among.offer.higher_is_better else own.quality_high
        surely = None if worst is None else bisect_left(among.good_highs, sign * worst)
    sure = 0 if own.wh_high is None else len(among.energy_lows) - bisect_right(among.energy_lows, own.wh_high)
    return Standing(
        others=len(among.energies) - 1,
        more=len(among.energies) - bisect_right(among.energies, own.wh),
        surely_more=sure,
        graded=len(among.goods) - (own.quality is not None),
        lower=lower,
        surely_lower=surely,
        median=None,
    )


def against_median(own: Choice, among: Field, pairing: Pairing) -> Switch | None:
    """Give the switch from the field's median model to one of its models; None where that is the same."""
    middle = among.median
    if middle is None or middle.model == own.model:
        return None
    return advising.compare(among.offer, middle, own, pairing)


def alternatives(own: Choice, among: Field, pairing: Pairing) -> Alternatives:
    """Look along the best qualities by energy for what could take a model's place."""
    offer = among.offer
    if own.quality is None or offer.metric is None:
        return Alternatives((), None, None)
    sign = 1 if offer.higher_is_better else -1
    others = [one for one in among.stairs if one.model != own.model]
    told = cheaper(own, among, pairing)
    claimed = tuple(one for one in told if one.claimed)
    reach = own.wh if own.wh_high is None else own.wh_high
    above = [one for one in others if one.wh <= reach and sign * ((one.quality or 0.0) - own.quality) > 0]
    better = (_better(own, one, offer, pairing) for one in reversed(above[-TRIED:]))
    nearest = None if claimed or not told else told[0]
    return Alternatives(claimed, next((one for one in better if one is not None), None), nearest)


def cheaper(own: Choice, among: Field, pairing: Pairing) -> list[Switch]:
    """Judge the models of less energy whose quality is within the margin, or better: claimed or not."""
    offer, metric = among.offer, among.offer.metric
    if own.quality is None or metric is None:
        return []
    sign = 1 if offer.higher_is_better else -1
    bar = sign * own.quality - metric.margin
    others = (one for one in among.stairs if one.model != own.model)
    near = [one for one in others if one.wh < own.wh and sign * (one.quality or 0.0) >= bar][:TRIED]
    return [advising.compare(offer, own, one, pairing) for one in near]


def _better(own: Choice, other: Choice, offer: Offer, pairing: Pairing) -> Better | None:
    """Give a model whose quality is better beyond doubt, query by query, at an energy that is not more."""
    told = advising.compare(offer, own, other, pairing)
    paired = told.paired
    if paired is None or not paired.is_mean or paired.n < LEAST_QUERIES or paired.low <= 0:
        return None
    span = intervals.ratio(own, other)
    if span is None or span.low > 1:
        return None
    return Better(other.model, "less" if span.high < 1 else "alike", paired, told)
