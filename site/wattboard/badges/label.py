"""The label: a card of 330 x 224 px that says all there is to say of a result, with the scale of its stars. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattboard import formats
from wattboard.badges import faces, looks
from wattboard.charts import Axis, stars

if TYPE_CHECKING:
    from wattboard.badges.faces import Face

WIDTH, HEIGHT = 330, 224
LEFT, RIGHT = 18, WIDTH - 18
ROOM = RIGHT - LEFT
FONTS = "Inter,'Segoe UI',system-ui,-apple-system,Verdana,'DejaVu Sans',sans-serif"
_DARK = "".join(
    [
        "<style>@media(prefers-color-scheme:dark){",
        f".c{{fill:{looks.CARD_DARK}}}.l{{stroke:{looks.LINE_DARK}}}.i{{fill:{looks.TEXT_DARK}}}",
        f".s{{fill:{looks.SOFT_DARK}}}.d{{stroke:{looks.TEXT_DARK}}}.e{{stroke:{looks.CARD_DARK}}}",
        *(f".{kind}{{fill:{dark[0]};stroke:{dark[1]}}}" for kind, (_, _, dark) in looks.PAINTS.items()),
        *(f".b{5 - k}{{fill:{colour}}}" for k, colour in enumerate(looks.BANDS_DARK)),
        "}</style>",
    ]
)
_TABULAR = 'style="font-variant-numeric:tabular-nums"'


def label(face: Face) -> str:
    """Draw a face as a label."""
    alt = looks.written(faces.words(face))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' role="img" aria-label="{alt}"><title>{alt}</title>{_DARK}'
        f'<rect class="c" width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{looks.CARD}"/>'
        f'<g font-family="{FONTS}" font-size="11" {_TABULAR}>'
        f"{_head(face)}{_name(face)}{_stars(face)}{_energy(face)}{_scale(face)}{_foot(face)}</g>"
        f'<rect class="l" x=".75" y=".75" width="{WIDTH - 1.5}" height="{HEIGHT - 1.5}" rx="9.25" fill="none"'
        f' stroke="{looks.LINE}" stroke-width="1.5"/></svg>\n'
    )


def _head(face: Face) -> str:
    """Draw the dark band at the top: whose label it is, and its edition."""
    edition = f"edition {face.edition}" if face.edition else "no edition"
    if face.demo and "demo" not in (face.edition or ""):
        edition += ", a demo"
    edition = looks.cut(edition, 200, 11)
    return (
        f'<path d="M0 10A10 10 0 0 1 10 0H{WIDTH - 10}A10 10 0 0 1 {WIDTH} 10V32H0z" fill="{looks.INK}"/>'
        f'<path d="{stars.row(1, LEFT + 7, 9, 0)}" fill="{looks.AMBER}"/>'
        f'<text x="{LEFT + 21}" y="20.5" font-size="13" font-weight="700" fill="{looks.PAPER}">Wattstar</text>'
        f'<text x="{RIGHT}" y="20.5" text-anchor="end" fill="{looks.PAPER}">{looks.written(edition)}</text>'
    )


def _name(face: Face) -> str:
    org, _, name = face.model.rpartition("/")
    size = next((size for size in (15, 14, 13, 12) if looks.width(name, size) * 1.08 <= ROOM), 11)
    name = looks.written(looks.cut(name, ROOM / 1.08, size))
    about = looks.written(looks.cut(f"{org} · {face.subject}" if org else face.subject, ROOM, 11))
    return (
        f'<text class="i" x="{LEFT}" y="54" font-size="{size}" font-weight="700" fill="{looks.TEXT}">{name}</text>'
        f'<text class="s" x="{LEFT}" y="70" fill="{looks.SOFT}">{about}</text>'
    )


def _stars(face: Face) -> str:
    """Draw the stars, or say why there are none, and beside them what they are worth."""
    look, word = looks.LOOKS[face.state], faces.WORDS[face.state]
    wide = looks.width(word, 10.5) + 18
    pill = (
        f'<rect x="{RIGHT - wide}" y="80.5" width="{wide}" height="20" rx="10" fill="{look.field}"/>'
        f'<text x="{RIGHT - wide / 2}" y="94" font-size="10.5" text-anchor="middle" fill="{looks.PAPER}">{word}</text>'
    )
    if face.stars is None:
        why = face.why or f"{word[:1].upper()}{word[1:]}: no stars."
        first, second = _lines(why, RIGHT - wide - 10 - LEFT)
        lines = f'<text class="i" x="{LEFT}" y="{94 if not second else 88}" fill="{looks.TEXT}">{first}</text>'
        return pill + lines + (f'<text class="i" x="{LEFT}" y="102" fill="{looks.TEXT}">{second}</text>' * bool(second))
    count, hoped, pitch, x = face.stars, max(face.stars, face.hoped or 0), 24.0, LEFT + 11
    solid, (tint, edge), _ = looks.PAINTS[look.kind]
    line = f'class="{look.kind}" fill="{tint}" stroke="{edge}" stroke-width="1.3" stroke-linejoin="round"'
    paint = line if face.outlined else f'fill="{solid}"'
    drawn = f'<path d="{stars.row(count, x, 79, pitch, 1.6)}" {paint}/>'
    if hoped > count and not face.outlined:
        drawn += f'<path d="{stars.row(hoped - count, x + pitch * count, 79, pitch, 1.6)}" {line}/>'
    faded = count if face.outlined else hoped
    faint = f'<path d="{looks.dots(faded, x, 91, pitch)}" stroke="{looks.FAINT}" stroke-width="4.5"'
    return drawn + (f'{faint} stroke-linecap="round"/>' if faded < 5 else "") + pill  # noqa: PLR2004 - stars


def _energy(face: Face) -> str:
    """Write the figure and its unit in one line that flows in any font; below, how sure it is, and the quality."""
    if face.wh is None:
        why = "" if face.state == "withdrawn" else "No valid energy reading"
        return f'<text class="s" x="{LEFT}" y="136" font-size="12" fill="{looks.SOFT}">{why}</text>'
    spread = ", ".join(part for part in ("estimated" if face.estimated else "", formats.plus_minus(face.h)) if part)
    under = looks.cut(" · ".join(part for part in (spread, face.quality) if part), ROOM, 11)
    return (
        f'<text class="i" x="{LEFT}" y="133" fill="{looks.TEXT}"><tspan font-size="26" font-weight="700">'
        f'{formats.significant(face.wh)}</tspan><tspan dx="7">Wh per 1,000 queries</tspan></text>'
        f'<text class="s" x="{LEFT}" y="149" fill="{looks.SOFT}">{looks.written(under)}</text>'
    )


def _scale(face: Face) -> str:
    """Draw the star bands, with the result and its interval on them."""
    if not face.thresholds or face.r is None:
        return ""
    t, r = face.thresholds, face.r
    ends = [t[0] / r, t[3] * r, *(end for end in (face.wh_low, face.wh_high, face.wh) if end)]
    axis = Axis(min(ends) / 1.06, max(ends) * 1.06, LEFT, RIGHT, logs=True)
    edges = [axis.start, *(axis.at(one) for one in t), axis.end]
    drawn = []
    for k, colour in enumerate(looks.BANDS):
        start, end = edges[k] + (k > 0), edges[k + 1] - (k < 4)  # noqa: PLR2004 - bands
        band = f'<rect class="b{5 - k}" x="{start:g}" y="159" width="{end - start:.3g}" height="9" rx="1.5"'
        drawn.append(f'{band} fill="{colour}"/>')
        drawn.append(
            f'<text class="s" x="{(start + end) / 2:.4g}" y="180" font-size="10" text-anchor="middle"'
            f' fill="{looks.SOFT}">{5 - k} star{"s" if k < 4 else ""}</text>'  # noqa: PLR2004 - bands
        )
    if face.wh is not None:
        at = axis.at(face.wh)
        if face.wh_low and face.wh_high:
            line = f"M{axis.at(face.wh_low):g} 163.5H{axis.at(face.wh_high):g}"
            drawn.append(f'<path class="e" d="{line}" stroke="{looks.CARD}" stroke-width="5"/>')
            drawn.append(f'<path class="d" d="{line}" stroke="{looks.TEXT}" stroke-width="2"/>')
        drawn.append(f'<circle class="i" cx="{at:g}" cy="163.5" r="6" fill="{looks.TEXT}"/>')
        drawn.append(f'<circle class="c" cx="{at:g}" cy="163.5" r="2" fill="{looks.CARD}"/>')
    return "".join(drawn)


def _foot(face: Face) -> str:
    """Say on which device and when, and what one star is."""
    day = formats.day(face.day) if face.day and len(face.day) == len("2026-01-01") else (face.day or "")
    where = looks.cut(", ".join(part for part in (face.device, face.precision) if part), ROOM, 11)
    step = f"One star is a factor of {face.r:.2f}" if face.r else ""
    return (
        f'<text class="s" x="{LEFT}" y="198" fill="{looks.SOFT}">{looks.written(where)}</text>'
        f'<text class="s" x="{LEFT}" y="213" fill="{looks.SOFT}">{step}</text>'
        f'<text class="s" x="{RIGHT}" y="213" text-anchor="end" fill="{looks.SOFT}">{looks.written(day)}</text>'
    )


def _lines(text: str, room: float) -> tuple[str, str]:
    """Set a sentence in two lines at most."""
    first = ""
    words = text.split(" ")
    while words and looks.width(f"{first} {words[0]}".strip()) <= room:
        first = f"{first} {words.pop(0)}".strip()
    return looks.written(first), looks.written(looks.cut(" ".join(words), room, 11))
