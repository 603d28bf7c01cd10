"""What happened lately, by the dates in the data and never by a clock: boards frozen, models measured. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.listings import Listing, Site
    from wattboard.ratings import Rating

NAMED = 3  # models of one day and board that are named; the others are counted


@dataclass(frozen=True, slots=True)
class Happening:
    """Something on a day: an edition froze `boards` boards, or `ratings` were measured for the first time on a board.

    `ratings` has the lowest energy first; `more` of that day are not among them.
    """

    day: str
    kind: Literal["frozen", "measured"]
    edition: str | None
    boards: int
    listing: Listing | None
    ratings: tuple[Rating, ...]
    more: int


def happenings(site: Site, most: int | None = None) -> tuple[Happening, ...]:
    """List what happened, the newest first; of one day the measurements first."""
    found = sorted(_all(site), key=lambda one: one.kind, reverse=True)
    found.sort(key=lambda one: one.day, reverse=True)
    return tuple(found[:most])


def _all(site: Site) -> Iterator[Happening]:
    for opened in site.editions:
        days = sorted(board.frozen_on for board in opened.boards.values())
        for day, same in groupby(days):
            yield Happening(day, "frozen", opened.edition.id, len(list(same)), None, (), 0)
    for listing in site.listings:
        dated = sorted(((_day(one), one) for one in listing.all), key=lambda told: told[0])
        for day, group in groupby(dated, key=lambda told: told[0]):
            own = sorted((one for _, one in group), key=lambda one: (one.wh is None, one.wh or 0.0, one.model))
            edition = listing.edition.id if listing.edition else None
            yield Happening(day, "measured", edition, 1, listing, tuple(own[:NAMED]), max(0, len(own) - NAMED))


def _day(one: Rating) -> str:
    return (one.first_measured_at or one.measured_at)[:10]
