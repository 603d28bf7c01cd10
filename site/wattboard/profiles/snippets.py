"""The lines that show a result's badge elsewhere, in the markups of model cards and manuals. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from wattboard import formats
from wattboard.badges import faces, flat
from wattboard.badges.label import WIDTH

if TYPE_CHECKING:
    from wattboard.badges.faces import Face


def snippets(face: Face, board: str, address: str) -> tuple[tuple[str, str], ...]:
    """Give each markup's name and its lines: a permanent badge that links to the model's page, and a moving one."""
    alt, page = faces.words(face), evidence(face.model, address)
    picture = permanent(face, board, address)
    link, shown = escape(page), escape(picture)
    html = f'<a href="{link}"><img src="{shown}.svg" alt="{escape(alt)}" height="{flat.HEIGHT}"></a>'
    large = f'<a href="{link}"><img src="{shown}.label.svg" alt="{escape(alt)}" width="{WIDTH}"></a>'
    rst = f".. image:: {picture}.svg\n   :target: {page}\n   :alt: {alt}"
    return (
        ("Markdown", markdown(alt, f"{picture}.svg", page)),
        ("HTML", html),
        ("reStructuredText", rst),
        ("HTML, the large label", large),
        ("Markdown, always the newest edition", newest(face, board, address)),
    )


def newest(face: Face, board: str, address: str) -> str:
    """Give the Markdown of the badge that changes with a new edition: its alternative text has no number to outlive."""
    return markdown(moving_words(face), f"{moving(face, board, address)}.svg", evidence(face.model, address))


def markdown(alt: str, picture: str, page: str) -> str:
    """Give the Markdown of a picture that links to a page."""
    return f"[![{alt.replace('[', '(').replace(']', ')')}]({picture})]({page})"


def moving_words(face: Face) -> str:
    """Say what a badge shows whose numbers will change."""
    return f"AI energy of {face.model}, {face.subject}: the stars and Wh per 1,000 queries of the newest edition"


def permanent(face: Face, board: str, address: str) -> str:
    """Give the permanent address, without its ending; the moving one where there is no edition."""
    if face.edition is None:
        return moving(face, board, address)
    return f"{address}editions/{face.edition}/badges/{formats.path(face.model)}/{board}"


def moving(face: Face, board: str, address: str) -> str:
    """Give the address that changes with a new edition, without its ending."""
    return f"{address}badges/v1/{formats.path(face.model)}/{board}"


def evidence(model: str, address: str) -> str:
    """Give the page that has the evidence."""
    return f"{address}models/{formats.path(model)}/"
