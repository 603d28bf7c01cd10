"""One page of each type of a built site, for whoever looks at pages: the tests, the pictures, Lighthouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A type and where its pages lie; of several the longest file stands for all: it has most to go wrong.
TYPES = {
    "home": "index.html",
    "task": "tasks/*/index.html",
    "board": "boards/*/index.html",
    "board-page-2": "boards/*/2/index.html",
    "models": "models/index.html",
    "model": "models/*/*/index.html",
    "families": "families/index.html",
    "compare": "compare/index.html",
    "right-size": "right-size/index.html",
    "editions": "editions/index.html",
    "edition": "editions/*/index.html",
    "method": "method/index.html",
    "meter": "meter/index.html",
    "fleet": "fleet/index.html",
    "study": "study/index.html",
    "corrections": "corrections/index.html",
    "left-out": "left-out/index.html",
    "queue": "queue/index.html",
    "submit": "submit/index.html",
    "cite": "cite/index.html",
    "api": "api/index.html",
    "about": "about/index.html",
    "imported": "imported/index.html",
    "imported-edition": "imported/*-*/index.html",
    "imported-board": "imported/*-*/*/index.html",
    "imported-models": "imported/models/index.html",
    "imported-model": "imported/models/*/*/index.html",
}


def found(html: Path) -> dict[str, str]:
    """Give each type that the site has, and the address of its page below the site."""
    told = {}
    for name, pattern in TYPES.items():
        pages = sorted(html.glob(pattern), key=lambda path: (-path.stat().st_size, str(path)))
        if pages:
            place = pages[0].parent.relative_to(html).as_posix()
            told[name] = "" if place == "." else f"{place}/"
    return told
