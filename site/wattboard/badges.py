"""The star badge as SVG: self-contained, accessible, the same bytes for the same rating.

Literal colours (all text has a contrast of 4.5:1 and more), no reference to anything outside, no font but the
reader's. A badge says stars, watt-hours, the edition, and "estimated" or "demo" where that is so.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from wattboard.charts import STAR
from wattboard.formats import plus_minus, quality, significant

if TYPE_CHECKING:
    from wattbench.tasks import Task
    from wattboard.editions import Edition
    from wattboard.ratings import Rating

INK = "#16202b"
PAPER = "#fbf3e3"
STAR_FILL = "#f2b134"
# The right-hand side: amber brown for a rating, slate where there is none.
FIELD = {"confirmed": "#7a4500", "borderline": "#7a4500", "provisional": "#4a4238", "unrated": "#4d5661"}
HEIGHT = 22


def words(rating: Rating, task: Task, edition: Edition | None) -> str:
    """Say all that a badge says, for people who hear it: also the alternative text where it is embedded."""
    subject = task.title.lower()
    if rating.stars is None:
        earned = f"AI energy, {subject}: not rated"
    else:
        earned = f"AI energy, {subject}: {rating.stars} of 5 stars"
    told = [earned]
    if rating.wh is not None:
        energy = f"{significant(rating.wh)} Wh per 1,000 queries"
        told.append(f"estimated {energy}" if rating.kind == "estimated" else energy)
        if rating.h is not None:
            told[-1] += f" {plus_minus(rating.h)}"
    if rating.quality is not None:
        told.append(f"{task.metric.name} {quality(rating.quality, task.metric)}")
    told.append(_edition(edition))
    told.append(rating.status)
    return ", ".join(told)


def badge(rating: Rating, task: Task, edition: Edition | None) -> str:
    """Draw the badge of a rating in an edition."""
    label = "AI energy"
    message = _message(rating, edition)
    left = _width(label) + 16
    shown = 5 * 15 + 5 if rating.stars is not None else 0
    right = _width(message) + 16
    whole = left + shown + right
    alt = escape(words(rating, task, edition), quote=True)
    field = FIELD[rating.status]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" viewBox="0 0 {whole} {HEIGHT}"'
        f' role="img" aria-label="{alt}"><title>{alt}</title>'
        f'<clipPath id="r"><rect width="{whole}" height="{HEIGHT}" rx="5"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left + shown}" height="{HEIGHT}" fill="{INK}"/>'
        f'<rect x="{left + shown}" width="{right}" height="{HEIGHT}" fill="{field}"/></g>'
        f'<rect x=".5" y=".5" width="{whole - 1}" height="{HEIGHT - 1}" rx="4.5" fill="none" stroke="{PAPER}"'
        f' stroke-opacity=".3"/>{_stars(rating, left)}'
        f'<g fill="{PAPER}" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11"'
        f' text-rendering="geometricPrecision">{_text(8, label)}{_text(left + shown + 8, message)}</g></svg>\n'
    )


def _message(rating: Rating, edition: Edition | None) -> str:
    parts = []
    if rating.stars is None:
        parts.append("not rated")
    if rating.wh is not None:
        estimated = " estimated" if rating.kind == "estimated" else ""
        parts.append(f"{significant(rating.wh)} Wh/1k{estimated}")
    if edition:
        parts.append(edition.id)
    if edition and edition.kind == "demo":
        parts += [] if "demo" in edition.id else ["demo"]
    elif rating.status == "provisional":
        parts.append("provisional")
    return " · ".join(parts) or "no energy"


def _edition(edition: Edition | None) -> str:
    if edition is None:
        return "in no edition"
    return f"edition {edition.id}{' (a demo)' if edition.kind == 'demo' and 'demo' not in edition.id else ''}"


def _stars(rating: Rating, left: int) -> str:
    """Draw earned stars full, or as outlines where they are provisional; the others are small and faint."""
    if rating.stars is None:
        return ""
    outlined = rating.status == "provisional"
    drawn = []
    for place in range(5):
        x = left + 15 * place
        if place >= rating.stars:
            look, at = 'fill="#8793a0"', f"translate({x + 5} 8) scale(.4)"
        elif outlined:
            look, at = f'fill="none" stroke="{STAR_FILL}" stroke-width="1.5"', f"translate({x} 3)"
        else:
            look, at = f'fill="{STAR_FILL}"', f"translate({x} 3)"
        drawn.append(f'<path transform="{at}" d="{STAR}" {look}/>')
    return "".join(drawn)


def _text(x: int, text: str) -> str:
    return f'<text x="{x}" y="15" textLength="{_width(text)}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


@lru_cache(512)
def _width(text: str) -> int:
    """Give how wide a text is in Verdana 11 px."""
    return round(sum(_WIDTHS.get(c, 6.9) for c in text))


_WIDTHS = {
    **dict.fromkeys("iIl.,:;'|! ·", 3.9),
    **dict.fromkeys("jtfr()[]/-", 4.8),
    **dict.fromkeys("mMW@%", 9.6),
    **dict.fromkeys("wQOGDNHUCR", 8.3),
}
