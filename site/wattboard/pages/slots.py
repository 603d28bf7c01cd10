"""A page as Markdown with one slot, and what fills the slots of a page when somebody asks for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Slot = Callable[[], str]


class Slots(Mapping[str, str]):
    """A page's slots by name, each filled when it is asked for: a page that is as before costs nothing."""

    def __init__(self, fill: Mapping[str, Slot]) -> None:
        """Remember what fills each."""
        self._fill = fill

    def __getitem__(self, name: str) -> str:
        """Fill a slot."""
        return self._fill[name]()

    def __iter__(self) -> Iterator[str]:
        """Name the slots."""
        return iter(self._fill)

    def __len__(self) -> int:
        """Count the slots."""
        return len(self._fill)


def markdown(title: str, description: str, slot: str, *, search: bool = True) -> str:
    """Give a Markdown page that is one slot.

    Front matter is JSON inside YAML, and escaped because MkDocs does not: nothing can break out of it.
    """
    matter: dict[str, Any] = {"title": escape(title), "description": escape(description), "hide": ["navigation", "toc"]}
    if not search:
        matter["search"] = {"exclude": True}
    lines = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in matter.items())
    return f'---\n{lines}\n---\n\n<div data-slot="{slot}"></div>\n'
