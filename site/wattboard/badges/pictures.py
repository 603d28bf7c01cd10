"""The badges of a whole site: which faces there are, and the files that show each of them. Pure.

badges/v1/ORG/NAME/TASK.svg, .label.svg, .json      the task's headline board; changes with a new edition
badges/v1/ORG/NAME/BOARD.svg, .label.svg, .json     one board; changes with a new edition
editions/ID/badges/ORG/NAME/BOARD.svg, .label.svg   one board in one edition, for good
imported/ID/badges/ORG/NAME/BOARD.svg, .label.svg   one imported board
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import tasks
from wattbench.boards import Board
from wattboard.badges import endpoints, faces
from wattboard.badges.flat import flat
from wattboard.badges.label import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattboard.badges.faces import Face
    from wattboard.imports import Imported
    from wattboard.listings import Profile, Site

FLAT_FROM = 20_000  # models; beyond, flat badges alone: a site may not pass 1 GB


def pictures(site: Site) -> Iterator[tuple[str, str]]:
    """Give every badge of what was measured, by its path below the site."""
    later = superseded(site)
    for profile in site.profiles:
        yield from of_model(profile, site, later.get(profile.id, {}))
    yield from apart(site)


def of_model(profile: Profile, site: Site, later: Mapping[str, Face]) -> Iterator[tuple[str, str]]:
    """Give a model's badges; `later` has those of its results that an edition has taken the place of."""
    whole = site.many <= FLAT_FROM
    for one in profile.results:
        drawn = tuple(_files(faces.result(one, site), whole=whole))
        moving = f"badges/v1/{profile.id}"
        places = [f"{moving}/{one.rating.board}"]
        if one.listing.headline:
            places.append(f"{moving}/{one.listing.task.name}")
        if one.listing.edition:
            places.append(f"editions/{one.listing.edition.id}/badges/{profile.id}/{one.rating.board}")
        yield from (
            (f"{place}{ending}", text)
            for place in places
            for ending, text in drawn
            if ending != ".json" or place.startswith(moving)
        )
    for path, face in later.items():
        yield from ((f"{path}{ending}", text) for ending, text in _files(face, whole=whole) if ending != ".json")


def apart(site: Site) -> Iterator[tuple[str, str]]:
    """Give the badges of what is no result: what people measured themselves, and what was withdrawn."""
    whole = site.many <= FLAT_FROM
    for path, face in claimed(site):
        yield from ((f"{path}{ending}", text) for ending, text in _files(face, whole=whole))
    for addresses, face in gone(site):
        drawn = tuple(_files(face, whole=whole))
        yield from (
            (f"{place}{ending}", text)
            for place in addresses
            for ending, text in drawn
            if ending != ".json" or place.startswith("badges/v1/")
        )


def claimed(site: Site) -> Iterator[tuple[str, Face]]:
    """Give the address and the face of what people measured themselves, where nothing was measured here."""
    there = {(one.id.casefold(), result.listing.task.name) for one in site.profiles for result in one.results}
    there |= {(one.filed.model.casefold(), Board.parse(one.filed.board).task) for one in site.life.gone}
    newest = {(one.model, one.task): one for one in sorted(site.life.claims, key=lambda one: (one.on, one.github))}
    for (model, name), one in sorted(newest.items()):
        if (model.casefold(), name) not in there:
            there.add((model.casefold(), name))
            task = tasks.find(name)
            yield (
                f"badges/v1/{model}/{name}",
                faces.self_reported(model, task, one.wh_per_1000_queries, device=one.hardware, day=one.on),
            )


def gone(site: Site) -> Iterator[tuple[tuple[str, ...], Face]]:
    """Give the addresses and the face of every result that was withdrawn whole: a badge in a card must not vanish."""
    there = {(one.rating.model, one.rating.board) for profile in site.profiles for one in profile.results}
    there |= {(one.model, one.board) for rated in site.archive.values() for one in rated}
    left = {(one.filed.model, one.filed.board) for one in site.life.gone} - there
    for model, board in sorted(left):
        task = tasks.find(Board.parse(board).task)
        homes = [one.edition for one in site.editions if board in one.boards]
        current = homes[-1] if homes else None
        places = [f"badges/v1/{model}/{board}"]
        if current is not None and current.headline.get(task.name) == board:
            places.append(f"badges/v1/{model}/{task.name}")
        places += [f"editions/{one.id}/badges/{model}/{board}" for one in homes]
        yield tuple(places), faces.withdrawn(model, task, current.id if current else None)


def superseded(site: Site) -> dict[str, dict[str, Face]]:
    """Give by model the face of each permanent address whose edition a later one has taken the place of.

    Revisions are in the order of their measurement, so the newest one names the badge.
    """
    by_name = {one.board.name: one for one in site.listings}
    found: dict[str, dict[str, Face]] = {}
    for opened in site.editions:
        for rating in sorted(site.archive[opened.edition.id], key=lambda one: (one.measured_at, one.revision)):
            listing = by_name[rating.board]
            if listing.edition is None or listing.edition.id == opened.edition.id:
                continue
            place = f"editions/{opened.edition.id}/badges/{rating.model}/{rating.board}"
            found.setdefault(rating.model, {})[place] = faces.of(
                rating,
                listing.task,
                opened.edition,
                opened.boards[rating.board],
                head=site.heads.get(rating.model),
                later=listing.edition.id,
            )
    return found


def imported(others: Sequence[Imported]) -> Iterator[tuple[str, str]]:
    """Give every badge of imported results, by its path below the site. The first of two alike names has it."""
    taken: set[str] = set()
    for one in others:
        for board in one.boards.values():
            for row in board.rows:
                path = f"imported/{one.edition.id}/badges/{row.model}/{board.board}"
                if path.casefold() not in taken:
                    taken.add(path.casefold())
                    face = faces.imported(row, board, one.edition)
                    yield from ((f"{path}.svg", flat(face)), (f"{path}.label.svg", label(face)))


def _files(face: Face, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Draw a face in every shape: what its name ends with, and the text."""
    yield ".svg", flat(face)
    if whole:
        yield ".label.svg", label(face)
        yield ".json", endpoints.endpoint(face)
