"""The flat badge: one line, 20 px high, as it stands beside others in a README. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattboard import formats
from wattboard.badges import faces, looks
from wattboard.charts import stars

if TYPE_CHECKING:
    from wattboard.badges.faces import Face

HEIGHT = 20
LABEL = "AI energy"
PAD, PITCH = 7, 16
_DARK = f"<style>@media(prefers-color-scheme:dark){{.g{{fill:{looks.INK_DARK}}}}}</style>"
_FONT = 'font-family="Verdana,Geneva,DejaVu Sans,Inter,sans-serif" font-size="11" text-rendering="geometricPrecision"'


def flat(face: Face) -> str:
    """Draw a face as a flat badge."""
    look = looks.LOOKS[face.state]
    said, state = message(face), faces.WORDS[face.state]
    alt = looks.written(faces.words(face))
    lettering = [_text(PAD, LABEL)]
    x = PAD + looks.width(LABEL) + PAD
    earned = ""
    if face.stars is not None:
        earned = _stars(face, x)
        x += 5 * PITCH + 5
    if said:
        lettering.append(_text(x, said))
        x += looks.width(said) + PAD
    whole = x + looks.width(state) + 2 * PAD + (3 if look.lined else 0)
    lettering.append(_text(x + PAD, state))
    right = whole - 4
    field = (
        f'<rect x="{x + 0.5}" y="3.5" width="{right - x - 0.5}" height="13" rx="3" fill="{look.field}"'
        f' stroke="{look.stars}" stroke-opacity=".8"/>'
        if look.lined
        else f'<path d="M{x} 0H{right}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{x}z" fill="{look.field}"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" viewBox="0 0 {whole} {HEIGHT}"'
        f' role="img" aria-label="{alt}"><title>{alt}</title>{_DARK}'
        f'<rect class="g" width="{whole}" height="{HEIGHT}" rx="4" fill="{looks.INK}"/>{field}{earned}'
        f'<rect x=".5" y=".5" width="{whole - 1}" height="{HEIGHT - 1}" rx="3.5" fill="none" stroke="{looks.PAPER}"'
        f' stroke-opacity=".28"/><g fill="{looks.PAPER}" {_FONT}>{"".join(lettering)}</g></svg>\n'
    )


def message(face: Face) -> str:
    """Say the energy and the edition, as short as a line of a README asks for."""
    parts = []
    if face.wh is not None:
        parts.append(f"{formats.significant(face.wh)} Wh/1k{' estimated' if face.estimated else ''}")
    if face.edition and face.edition != faces.WORDS[face.state]:
        parts.append(face.edition)
    if face.demo and face.state != "demo":
        parts.append("demo")
    return " · ".join(parts)


def _stars(face: Face, x: float) -> str:
    """Draw earned stars full or as outlines, the one that the better end would earn as an outline, others as dots."""
    look = looks.LOOKS[face.state]
    count, hoped = face.stars or 0, max(face.stars or 0, face.hoped or 0)
    at = x + 7
    full = stars.row(count, at, 3.2, PITCH)
    line = f'fill="none" stroke="{look.stars}" stroke-width="1.2"'
    solid = f'fill="{look.stars}"'
    drawn = f'<path d="{full}" {line if face.outlined else solid}/>'
    if hoped > count and not face.outlined:
        drawn += f'<path d="{stars.row(hoped - count, at + PITCH * count, 3.2, PITCH)}" {line}/>'
    first = count if face.outlined else hoped
    if first < 5:  # noqa: PLR2004 - stars
        faint = f'stroke="{looks.FAINT}" stroke-width="3.4" stroke-linecap="round"'
        drawn += f'<path d="{looks.dots(first, at, 10, PITCH)}" {faint}/>'
    return drawn


def _text(x: float, text: str) -> str:
    length = looks.width(text)
    return f'<text x="{x}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">{looks.written(text)}</text>'
