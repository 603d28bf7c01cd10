"""The boards as a table on a terminal: what was found, in the order of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from wattboard import formats
from wattboard.ratings import reasons

if TYPE_CHECKING:
    from wattbench.tasks import Metric
    from wattboard.listings import Listing
    from wattboard.ratings import Rating


def of(listing: Listing) -> Table:
    """Lay a board out: model, stars, energy with its interval, quality with its interval."""
    board, metric = listing.board, listing.task.metric
    edition = f", edition {listing.edition.id}" if listing.edition else ""
    table = Table(title=f"{listing.task.title}{edition}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("model", no_wrap=True, overflow="fold")
    table.add_column("stars")
    table.add_column(f"{'estimated' if board.kind == 'estimated' else 'measured'}\nWh / 1,000", justify="right")
    table.add_column(f"{metric.name}\n(95 % interval)", justify="right")
    for one in listing.all:
        energy = f"{formats.significant(one.wh, 3)} {formats.plus_minus(one.h)}"
        table.add_row(escape(one.model), _stars(one, demo=listing.demo), energy, _quality(one, metric))
    return table


def _quality(one: Rating, metric: Metric) -> str:
    """Give a quality with its interval, short enough for a terminal: `0.509 (0.40-0.61)`."""
    if one.quality is None or one.quality_low is None or one.quality_high is None:
        return "none"
    percent = metric.unit == "%"
    low, high = (f"{100 * end:.0f}" if percent else f"{end:.2f}" for end in (one.quality_low, one.quality_high))
    return f"{formats.quality(one.quality, metric)} ({low}-{high})"


def _stars(one: Rating, *, demo: bool) -> str:
    """Stars in words that need no colour: outlined where they are provisional."""
    if one.stars is None:
        return "none: " + "; ".join(reasons.REASONS[name] for name in one.reasons)
    full, word = (
        ("*", one.status) if one.status in {"confirmed", "borderline"} else ("☆", "demo" if demo else one.status)
    )
    return f"{full * one.stars}{'.' * (5 - one.stars)} {word}{', disputed' if one.disputed else ''}"
