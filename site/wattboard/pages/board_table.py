"""The table of a board: which rows stand on which page, the scale of its bars, what its filters offer. Pure.

A board's own page has the first rows; the others stand on plain pages behind it, so that every row can be read without
JavaScript. In the browser the table is whole: it reads the rows as JSON (choosing.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from wattboard.charts import Axis, energy_axis

if TYPE_CHECKING:
    from wattboard.listings import Listing
    from wattboard.ratings import Rating

FIRST = 100  # rows on the board's own page
MORE = 400  # rows on each page behind it
MOST_LICENCES = 40  # that the filter offers; the text search finds the others

SORTS = (
    ("energy", "lowest energy"),
    ("stars", "most stars"),
    ("quality", "best quality"),
    ("speed", "fastest"),
    ("size", "smallest"),
    ("date", "newest"),
    ("licence", "licence"),
    ("model", "name"),
)
SIZES = ((0, 1e8, "up to 100 M"), (1e8, 1e9, "100 M to 1 B"), (1e9, 1e10, "1 to 10 B"), (1e10, 0, "over 10 B"))


@dataclass(frozen=True, slots=True)
class Scale:
    """The board's energy axis, from `low` to `high` Wh per 1,000 queries, and where its bands end, in per cent."""

    low: float
    high: float
    edges: tuple[float, ...]

    @property
    def style(self) -> str:
        """The edges as CSS variables, for all bars of a table at once; without bands a bar is one quiet line."""
        edges = self.edges or (0.0,) * 4
        told = ";".join(f"--e{k}:{edge}%" for k, edge in enumerate(edges, 1))
        return told if self.edges else f"{told};--plain:var(--ws-line)"

    def bar(self, one: Rating) -> str:
        """Place a model's dot and whisker on the scale, as CSS variables; empty without an energy."""
        if not one.wh:
            return ""
        axis = Axis(self.low, self.high, 0.0, 100.0, logs=True)
        at, low, high = (axis.at(value) for value in (one.wh, one.wh_low or one.wh, one.wh_high or one.wh))
        return f"--a:{at}%;--l:{low}%;--h:{high}%"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading, which is empty for the recommended ones."""

    title: str
    rated: tuple[Rating, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a board's table: `number` of `pages`, rows `first` to `last` of `total`."""

    number: int
    pages: int
    first: int
    last: int
    total: int
    groups: tuple[Group, ...]
    scale: Scale


def scale(listing: Listing) -> Scale:
    """Give the scale of a board's bars."""
    axis = energy_axis(listing, 0.0, 100.0)
    edges = tuple(axis.at(t) for t in listing.frozen.thresholds_wh) if listing.frozen else ()
    return Scale(float(f"{axis.low:.6g}"), float(f"{axis.high:.6g}"), edges)


def pages(listing: Listing) -> tuple[Table, ...]:
    """Give every page of a board's table, its own page first."""
    groups = (
        ("", listing.recommended),
        ("Below the recommended quality", listing.below),
        ("Not rated", listing.unrated),
    )
    every = [(title, one) for title, rated in groups for one in rated]
    count = 1 + ceil(max(len(every) - FIRST, 0) / MORE)
    drawn = scale(listing)
    found = []
    for number in range(1, count + 1):
        start = 0 if number == 1 else FIRST + MORE * (number - 2)
        some = every[start : FIRST if number == 1 else start + MORE]
        told = tuple(
            Group(title, own) for title, _ in groups if (own := tuple(one for name, one in some if name == title))
        )
        found.append(Table(number, count, min(start + 1, len(every)), start + len(some), len(every), told, drawn))
    return tuple(found)


def licences(listing: Listing) -> list[str]:
    """Name the licences that the filter offers: the most common ones, by name."""
    counted = Counter(one.licence for one in listing.all if one.licence)
    return sorted(name for name, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LICENCES])


def organisations(listing: Listing) -> list[str]:
    """Name the organisations of a board, at most as many as a list can offer."""
    names = sorted({one.model.split("/", 1)[0] for one in listing.all}, key=str.lower)
    return names if len(names) <= FIRST else []
