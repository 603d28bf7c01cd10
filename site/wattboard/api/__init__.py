"""The static API: what machines read. Every document has a strict form, and its JSON Schema is made of it.

The same runs and editions give the same bytes: keys are sorted, dates come from the data, numbers are rounded once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wattboard.api import documents, feeds, frozen_files, history, letters, openapi, places, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.advising.scores import Pairing
    from wattboard.listings import Site

__all__ = ["everything", "files"]


def files(site: Site, pairing: Pairing | None = None) -> dict[str, str]:
    """Give the documents of the API and the tables of single boards: path below the site, and text."""
    told = documents.documents(site, history.events(site), pairing)
    found = {path: _json(one.model_dump(mode="json", by_alias=True)) for path, one in told}
    return found | tables.boards(site)


def everything(site: Site, address: str, pairing: Pairing | None = None) -> Iterator[tuple[str, bytes]]:
    """Give all that machines read, one file at a time; `address` is the site's own, with a slash at its end.

    `pairing` compares two models query by query; without it nothing is claimed of two models.
    """
    events = history.events(site)
    for path, one in documents.documents(site, events, pairing):
        yield path, _json(one.model_dump(mode="json", by_alias=True)).encode()
    yield from tables.everything(site)
    yield from frozen_files.files(site.editions)
    for path, told in openapi.schemas(address).items():
        yield path, _json(told).encode()
    yield places.OPENAPI, _json(openapi.description(address)).encode()
    yield places.ATOM, feeds.atom(site, events, address)
    yield places.JSON_FEED, _json(feeds.json_feed(site, events, address)).encode()
    yield places.LLMS, letters.llms(site, address).encode()
    yield places.CITATION, letters.citation(site, address).encode()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"
