"""The editions as their pages show them: which are in force, and what each one's boards gave. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattboard.editions import FrozenBoard, Opened
    from wattboard.listings import Listing, Site
    from wattboard.ratings import Rating

    Archived = tuple[Listing, FrozenBoard, tuple[Rating, ...]]


def standings(site: Site) -> dict[str, str]:
    """Say of each edition whether it is in force: a board is rated in the newest edition that has it."""
    current = {name: opened.edition.id for opened in site.editions for name in opened.boards}
    return {one.edition.id: _standing(one, current) for one in site.editions}


def _standing(opened: Opened, current: dict[str, str]) -> str:
    own = opened.edition.id
    kept = sum(current[name] == own for name in opened.boards)
    if not opened.boards:
        return "without boards"
    if kept == len(opened.boards):
        return "in force"
    if kept:
        return f"in force for {kept} of {len(opened.boards)} boards"
    return f"superseded by {', '.join(sorted({current[name] for name in opened.boards}))}"


def archived(site: Site, opened: Opened) -> list[Archived]:
    """Give an edition's boards that have results: the listing, the frozen board, and the ratings by energy."""
    by_name = {one.board.name: one for one in site.listings}
    rated: dict[str, list[Rating]] = {}
    for one in site.archive[opened.edition.id]:
        rated.setdefault(one.board, []).append(one)
    for own in rated.values():
        own.sort(key=lambda one: (one.wh is None, one.wh or 0.0, one.model, one.revision))
    names = sorted(
        (name for name in opened.boards if name in by_name), key=lambda name: (by_name[name].task.title, name)
    )
    return [(by_name[name], opened.boards[name], tuple(rated.get(name, ()))) for name in names]
