"""The static API: what machines read. Every document has a strict form, and its JSON Schema is made of it.

The same runs and editions give the same bytes: keys are sorted, dates come from the data, numbers are rounded once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wattboard import profiles
from wattboard.api import archives, documents, feeds, frozen_files, history, letters, openapi, places, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import polars as pl

    from wattboard.advising.scores import Pairing
    from wattboard.api.documents import Shared
    from wattboard.api.forms import Document
    from wattboard.api.history import Event
    from wattboard.listings import Listing, Profile, Site
    from wattboard.profiles import Atlas

__all__ = [
    "descriptions",
    "everything",
    "files",
    "of_board",
    "of_model",
    "of_month",
    "of_site",
    "read_boards",
    "shared",
]
shared = documents.shared


def files(site: Site, pairing: Pairing | None = None) -> dict[str, str]:
    """Give the documents of the API and the tables of single boards: path below the site, and text."""
    told, events, atlas = shared(site), history.events(site), profiles.atlas(site, pairing)
    every = [*documents.of_site(site, events, told), *(documents.of_model(one, told, atlas) for one in site.profiles)]
    every += [archives.month(name, own) for name, own in history.by_month(events).items()]
    every += [document for one in site.listings for document in documents.of_board(one, told, atlas)]
    csv = {path: data.decode() for one in site.listings for path, data in tables.board(one, told.known) if _csv(path)}
    return {path: _text(one) for path, one in every} | csv


def everything(site: Site, address: str, pairing: Pairing | None = None) -> Iterator[tuple[str, bytes]]:
    """Give all that machines read, one file at a time; `address` is the site's own, with a slash at its end.

    `pairing` compares two models query by query; without it nothing is claimed of two models.
    """
    told, atlas, events = shared(site), profiles.atlas(site, pairing), history.events(site)
    yield from of_site(site, address, told, events, (tables.table(one, told.known) for one in site.listings))
    yield from (of_month(name, own) for name, own in history.by_month(events).items())
    yield from descriptions(address)
    for listing in site.listings:
        yield from of_board(listing, told, atlas)
    for profile in site.profiles:
        yield of_model(profile, told, atlas)


def of_board(listing: Listing, told: Shared, atlas: Atlas) -> Iterator[tuple[str, bytes]]:
    """Give a board's own files: as it is now, as tables, its switches, and as each edition rates it."""
    for path, one in documents.of_board(listing, told, atlas):
        yield path, _text(one).encode()
    yield from tables.board(listing, told.known)


def of_model(profile: Profile, told: Shared, atlas: Atlas) -> tuple[str, bytes]:
    """Give a model's own file."""
    path, one = documents.of_model(profile, told, atlas)
    return path, _text(one).encode()


def of_month(name: str, events: Iterable[Event]) -> tuple[str, bytes]:
    """Give the changes of a month."""
    path, one = archives.month(name, events)
    return path, _text(one).encode()


def of_site(
    site: Site, address: str, told: Shared, events: Sequence[Event], boards: Iterable[pl.DataFrame]
) -> Iterator[tuple[str, bytes]]:
    """Give the files that are of no single board, model or month; `boards` are the tables of all boards."""
    for path, one in documents.of_site(site, events, told):
        yield path, _text(one).encode()
    yield from tables.everything(boards)
    yield from frozen_files.files(site.editions)
    yield places.ATOM, feeds.atom(site, events, address)
    yield places.JSON_FEED, _json(feeds.json_feed(site, events, address)).encode()
    yield places.LLMS, letters.llms(site, address).encode()
    yield places.CITATION, letters.citation(site, address).encode()


def read_boards(site: Site, read: Callable[[str], bytes]) -> Iterator[pl.DataFrame]:
    """Read the tables of all boards, by what reads a file below the site."""
    return (tables.read(read(tables.place(one.board.name))) for one in site.listings)


def descriptions(address: str) -> Iterator[tuple[str, bytes]]:
    """Give the JSON Schemas and the OpenAPI description: they are of the code, whatever the site shows."""
    for path, form in openapi.schemas(address).items():
        yield path, _json(form).encode()
    yield places.OPENAPI, _json(openapi.description(address)).encode()


def _csv(path: str) -> bool:
    return path.endswith(".csv")


def _text(one: Document) -> str:
    return _json(one.model_dump(mode="json", by_alias=True))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
