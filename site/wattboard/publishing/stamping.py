"""Stamping: a page that MkDocs rendered once is the shell into which every model's page is put, at the cost of a join.

The shell's whitespace is collapsed once, and it is split once at its marks.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.problems import refuse

if TYPE_CHECKING:
    from wattboard.pages import Stamp

_SKIP = '<div data-md-component="skip"><a href="#top" class="md-skip">Skip to content</a></div>'
_MARKS = re.compile(r"@@(TITLE|DESCRIPTION|BODY|ID)@@")


@dataclass(frozen=True, slots=True)
class Shell:
    """A split shell: text at even places, the names of marks at odd ones; pages go below `home`."""

    home: str
    parts: tuple[str, ...]

    def place(self, stamp: Stamp) -> str:
        """Give the path of a model's page below the site."""
        return f"{self.home}/{stamp.id}/index.html"

    def page(self, stamp: Stamp) -> str:
        """Put a model into the shell."""
        told = {
            "TITLE": html.escape(stamp.title),
            "DESCRIPTION": html.escape(stamp.description),
            "BODY": stamp.body.strip(),
            "ID": html.escape(stamp.id),
        }
        return "".join(told[part] if index % 2 else part for index, part in enumerate(self.parts))


def shell(text: str, place: str, slot: str = "model") -> Shell:
    """Split a page that MkDocs rendered at `place` (HOME/_org/_name). Raises Refusal where it lacks the slot."""
    home = place.rsplit("/", 2)[0]
    text = put(text, slot, "@@BODY@@", place)
    text = re.sub(r">\s*\n\s*<", ">\n<", text).replace(f"{place}/", f"{home}/@@ID@@/")
    text = re.sub(r'<div data-md-component="skip">\s*</div>', _SKIP, text)
    return Shell(home, tuple(_MARKS.split(text)))


def light(of: Shell, text: str) -> Shell:
    """Split a layout of our own in place of the theme's, for the same pages."""
    return Shell(of.home, tuple(_MARKS.split(re.sub(r">\s*\n\s*<", "><", text))))


def put(text: str, name: str, value: str, path: str) -> str:
    """Fill one slot of a page. Raises Refusal for a slot that the page lacks."""
    slot = f'<div data-slot="{name}"></div>'
    if slot not in text:
        raise refuse(path, name, "has no such slot", f"Put {slot} into the page")
    return text.replace(slot, value.strip())
