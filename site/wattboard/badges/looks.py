"""Colours and letters of badges: literal values, so that a badge needs nothing from outside. Pure.

A light and a dark scheme: the light colours stand on the shapes, a media query inside the picture has the dark ones.
Where a viewer knows no media query the light ones read on every ground, since every badge brings its own ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattboard.badges.faces import State

INK, INK_DARK = "#16202b", "#26313c"  # the ground of stars, by scheme
PAPER = "#fbf3e3"  # what is written on ink and on every state's field
AMBER, AMBER_DARK = "#f2b134", "#f2b134"
FAINT = "#8793a0"  # stars that were not earned
GREY = "#a7b0b9"  # earned stars that count no longer
CARD, CARD_DARK = "#fbf9f4", "#181f26"
TEXT, TEXT_DARK = "#16202b", "#ecebe6"
SOFT, SOFT_DARK = "#55606c", "#a9b0b8"
LINE, LINE_DARK = "#16202b", "#4a545e"
# The scale: five bands, from the least energy to the most, as on every page of the site.
BANDS = ("#f6c14b", "#e2952b", "#b86f2b", "#83523a", "#4a3b3b")
BANDS_DARK = ("#ffd579", "#eda73a", "#c07a2e", "#8d5a3f", "#65504d")


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks: the field of its word, its stars on ink, whether the field has a line, its paint on a card."""

    field: str
    stars: str = AMBER
    lined: bool = False
    kind: str = "amber"


# How stars are painted on a card, by kind: full, then the tint and the edge of outlines, light and dark.
PAINTS = {
    "amber": ("#e0930b", ("#fbe6b8", "#a96400"), ("#57431a", AMBER)),
    "blue": ("#2f4f6b", ("#dbe7f1", "#2f4f6b"), ("#22384b", "#bcd0e2")),
    "grey": ("#8f99a3", ("#e4e6e8", "#6c7680"), ("#3a434c", GREY)),
}


LOOKS: dict[State, Look] = {
    "confirmed": Look("#7a4500"),
    "borderline": Look("#7a4500"),
    "provisional": Look("#4a4238", lined=True),
    "demo": Look("#4a4238", lined=True),
    "superseded": Look("#4d5661", GREY, kind="grey"),
    "older-revision": Look("#5b4b63", GREY, kind="grey"),
    "disputed": Look("#9b1c14"),
    "withdrawn": Look("#6e120c", GREY),
    "imported": Look("#2f4f6b", "#bcd0e2", lined=True, kind="blue"),
    "self-reported": Look("#57606a", GREY),
    "unrated": Look("#4d5661", GREY),
}


def dots(first: int, x: float, y: float, pitch: float) -> str:
    """Give the path of dots for the stars that were not earned: to be drawn with a round cap."""
    return "".join(f"M{x + pitch * k:g} {y:g}h0" for k in range(first, 5))


def width(text: str, size: float = 11.0) -> int:
    """Give how wide a text is in Verdana, the widest of the fonts that a reader may have."""
    return round(_width(text) * size / 11)


def cut(text: str, room: float, size: float) -> str:
    """Cut a text that is wider than its room, and say so with three dots."""
    if width(text, size) <= room:
        return text
    while text and width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def written(text: str) -> str:
    """Give a text as it stands in SVG, without what no XML may hold."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return escape(text, quote=True)


@lru_cache(4096)
def _width(text: str) -> float:
    return sum(_WIDTHS.get(c, 6.9) for c in text)


_WIDTHS = {
    **dict.fromkeys("iIl.,:;'|! ·", 3.9),
    **dict.fromkeys("jtfr()[]/-", 4.8),
    **dict.fromkeys("mMW@%", 9.6),
    **dict.fromkeys("wQOGDNHUCR", 8.3),
}
