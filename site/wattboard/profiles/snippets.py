"""The lines that show a result's badge elsewhere, in the markups of model cards and manuals. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from wattboard import badges, formats

if TYPE_CHECKING:
    from wattboard.listings import Result


def snippets(result: Result, address: str) -> tuple[tuple[str, str], ...]:
    """Give each markup's name and its lines: a permanent badge that links to the model's page."""
    alt = badges.words(result.rating, result.listing.task, result.listing.edition)
    picture, page = _addresses(result, address)
    html = f'<a href="{escape(page)}"><img src="{escape(picture)}" alt="{escape(alt)}" height="22"></a>'
    rst = f".. image:: {picture}\n   :target: {page}\n   :alt: {alt}"
    return ("Markdown", markdown(result, address)), ("HTML", html), ("reStructuredText", rst)


def markdown(result: Result, address: str) -> str:
    """Give the Markdown that shows a result's permanent badge and links to its page."""
    alt = badges.words(result.rating, result.listing.task, result.listing.edition)
    alt = alt.replace("[", "(").replace("]", ")")
    picture, page = _addresses(result, address)
    return f"[![{alt}]({picture})]({page})"


def _addresses(result: Result, address: str) -> tuple[str, str]:
    rating, listing = result.rating, result.listing
    where = f"editions/{listing.edition.id}/badges" if listing.edition else "badges/v1"
    model = formats.path(rating.model)
    return f"{address}{where}/{model}/{rating.board}.svg", f"{address}models/{model}/"
