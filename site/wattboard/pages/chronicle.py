"""The pages of families and editions: which editions are in force, and what each one's boards gave. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from wattboard.pages import happenings
from wattboard.pages.filling import filled
from wattboard.pages.slots import markdown
from wattboard.profiles import families

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.editions import FrozenBoard, Opened
    from wattboard.listings import Listing, Site
    from wattboard.pages.slots import Slot
    from wattboard.profiles import Atlas
    from wattboard.ratings import Rating

    Archived = tuple[Listing, FrozenBoard, tuple[Rating, ...]]

MOST_CHANGES = 100  # on the page of changes
MOST_FAMILIES = 50  # with a table on their page; the others' are on the pages of their models
MOST_ARCHIVED = 500  # results a board on an edition's page
FEW_ARCHIVED = 30  # where the board's own page still has all of them


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


def pages(site: Site, atlas: Atlas) -> Iterator[tuple[str, str, str, Slot]]:
    """Give the pages of families and editions: place, Markdown, slot, what goes into it."""
    grown = families.largest(atlas.families)
    about = "What distilling, fine-tuning, quantising and size do to energy and quality."
    yield (
        "families/index",
        markdown("Families", about, "families"),
        "families",
        partial(filled, "families.j2", families=grown, most=MOST_FAMILIES, base="../"),
    )
    told, standing = happenings.happenings(site), standings(site)
    page = partial(
        filled,
        "editions.j2",
        site=site,
        standings=standing,
        happenings=told[:MOST_CHANGES],
        older=len(told[MOST_CHANGES:]),
        base="../",
    )
    yield (
        "editions/index",
        markdown("Editions and changes", "Every edition, and what changed.", "editions"),
        "editions",
        page,
    )
    for opened in site.editions:
        name = opened.edition.id
        page = partial(_edition, site, opened, standing[name])
        doc = markdown(opened.edition.title, f"Edition {name}: its thresholds and stars.", "edition", search=False)
        yield f"editions/{name}/index", doc, "edition", page


def _edition(site: Site, opened: Opened, standing: str) -> str:
    boards = archived(site, opened)
    return filled(
        "edition.j2",
        opened=opened,
        standing=standing,
        boards=boards,
        most=MOST_ARCHIVED,
        few=FEW_ARCHIVED,
        base="../../",
    )
