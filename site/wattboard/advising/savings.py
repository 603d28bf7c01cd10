"""What a board's pick saves: against a general-purpose model, else the median model, else the reference. Pure.

Nobody declares what a model is for: `general` is measured on two tasks or more, and has the best quality here of
those. Of these three the first whose claim METHOD section 7 allows is said, and as what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wattboard import advice, advising

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wattboard.advice import Choice
    from wattboard.advising.comparisons import Switch
    from wattboard.advising.scores import Pairing
    from wattboard.listings import Listing
    from wattboard.profiles.standing import Field

MOST = 2  # switches on a board's page
TRIED = 8

Against = Literal["general", "median", "reference"]


@dataclass(frozen=True, slots=True)
class Saving:
    """A switch to the pick; `tasks` is for how many tasks the general-purpose model has results."""

    against: Against
    switch: Switch
    tasks: int | None = None


def saving(listing: Listing, among: Field, purposes: Mapping[str, int], pairing: Pairing) -> Saving | None:
    """Give what the pick of a board saves; not claimed, it is the first that was tried. None without a comparison."""
    pick = among.offer.find(listing.pick.model) if listing.pick else None
    if pick is None:
        return None
    tried = [
        Saving(against, advising.compare(among.offer, one, pick, pairing), tasks)
        for against, one, tasks in _others(listing, among, purposes)
        if one.model != pick.model
    ]
    return next((one for one in tried if one.switch.claimed), tried[0] if tried else None)


def whom(told: Saving) -> str:
    """Say what the model is that the pick is held against, to stand behind its name."""
    if told.against == "general":
        return f", the best general-purpose model here (it has results for {told.tasks} tasks)"
    return ", the median model of this board" if told.against == "median" else ", the board's reference model"


def switches(listing: Listing, among: Field, purposes: Mapping[str, int], pairing: Pairing) -> tuple[Switch, ...]:
    """Give the switches to a board's pick that METHOD lets us claim: from what many would take, and up the frontier."""
    pick = among.offer.find(listing.pick.model) if listing.pick else None
    if pick is None:
        return ()
    best = advice.best(among.offer.choices, higher_is_better=among.offer.higher_is_better)
    tried = [best, *(one for _, one, _ in _others(listing, among, purposes)), *reversed(among.stairs)]
    found: dict[str, Switch] = {}
    for one in tried[:TRIED]:
        if one is not None and one.wh > pick.wh and one.model not in found:
            found[one.model] = advising.compare(among.offer, one, pick, pairing)
    return tuple(one for one in found.values() if one.claimed)[:MOST]


def _others(
    listing: Listing, among: Field, purposes: Mapping[str, int]
) -> Iterator[tuple[Against, Choice, int | None]]:
    offer = among.offer
    many = [one for one in offer.choices if purposes.get(one.model, 0) >= advising.GENERAL]
    general = advice.best(many, higher_is_better=offer.higher_is_better)
    if general is not None:
        yield "general", general, purposes[general.model]
    if among.median is not None:
        yield "median", among.median, None
    reference = offer.find(listing.frozen.reference.id) if listing.frozen else None
    if reference is not None:
        yield "reference", reference, None
