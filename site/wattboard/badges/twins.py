"""The PNG twin of each badge, for places that show no SVG: twice as large, for sharp screens. The only door to resvg.

Drawn with the typeface that lies here (Inter, in two weights), so that the same SVG gives the same bytes everywhere. A
twin is named by the hash of all that it is made of and kept: only a badge whose bytes have changed is drawn again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import metadata
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wattbench.problems import refuse
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

ZOOM = 2
FONTS = tuple(Path(__file__).with_name(f"inter-{weight}.ttf") for weight in ("regular", "bold"))
PLACES = ("badges/v1/*/*/*.svg", "editions/*/badges/*/*/*.svg", "imported/*/badges/*/*/*.svg", "cite/badges/*.svg")


@dataclass(frozen=True, slots=True)
class Made:
    """How many twins were drawn, and how many were there already."""

    drawn: int
    kept: int


def make(site: Path, kept: Path, *, whole: bool = True) -> Made:
    """Put a PNG beside every badge of a built site, drawing those that `kept` lacks. Raises Refusal.

    `whole` says that these are all badges there are: then `kept` keeps no others.
    """
    made = _made_with()
    used: set[str] = set()
    drawn = count = 0
    for svg in _badges(site):
        count += 1
        data = svg.read_bytes()
        name = f"{hashlib.sha256(made + data).hexdigest()}.png"
        used.add(name)
        twin = kept / name
        if not twin.is_file():
            write_whole(twin, draw(data.decode(), str(svg)))
            drawn += 1
        svg.with_suffix(".png").write_bytes(twin.read_bytes())
    for old in kept.glob("*.png") if whole else ():
        if old.name not in used:
            old.unlink()
    return Made(drawn, count - drawn)


def place(path: str) -> str | None:
    """Say where the twin of a file lies, None of one that has none; both below the site."""
    if path.endswith(".svg") and any(PurePosixPath(path).match(place) for place in PLACES):
        return f"{path.removesuffix('.svg')}.png"
    return None


def draw(svg: str, what: str = "badge") -> bytes:
    """Draw an SVG as PNG. Raises Refusal."""
    import resvg_py

    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                zoom=ZOOM,
                skip_system_fonts=True,
                font_files=[str(font) for font in FONTS],
                font_family="Inter",
                sans_serif_family="Inter",
            )
        )
    except ValueError as error:
        raise refuse(what, "", f"cannot be drawn as PNG: {error}", "Tell the maintainers") from None


def line(made: Made) -> str:
    """Say what was done."""
    return f"{made.drawn} badges drawn as PNG, {made.kept} were there already"


def _made_with() -> bytes:
    """Give what a twin depends on besides its SVG."""
    return b"".join([metadata.version("resvg-py").encode(), bytes([ZOOM]), *(font.read_bytes() for font in FONTS)])


def _badges(site: Path) -> Iterator[Path]:
    return chain.from_iterable(sorted(site.glob(place)) for place in PLACES)
