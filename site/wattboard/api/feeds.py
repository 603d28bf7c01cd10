"""What changed, as Atom and as JSON Feed 1.1. Ids are permanent, dates are those of the data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from wattboard import formats
from wattboard.api import history, places
from wattboard.badges import faces
from wattboard.life import corrections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattboard.api.history import Event
    from wattboard.listings import Site

MOST = 100  # entries
TITLE = "Wattstar: changes of ratings"
ABOUT = "First results, new measurements, new revisions and new thresholds."
AUTHOR = "The Wattstar authors"
NEVER = "2000-01-01"  # the date of a feed without entries
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CAUSES = {
    "first-result": "First result",
    "measured-again": "Measured again",
    "new-revision": "A new revision",
    "new-thresholds": "New thresholds",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says of a change. New thresholds of a board are one entry, however many ratings they touch."""

    id: str
    on: str
    title: str
    text: str
    url: str

    @property
    def at(self) -> str:
        """The start of its day, as RFC 3339 has it."""
        return f"{self.on}T00:00:00Z"


def entries(site: Site, events: Sequence[Event], address: str) -> list[Entry]:
    """Give the newest entries, at most 100."""
    every = islice(_entries(site, events, address), MOST)
    told = [*_corrections(site, address), *every]
    return sorted(told, key=lambda one: one.on, reverse=True)[:MOST]


def atom(site: Site, events: Sequence[Event], address: str) -> bytes:
    """Give the feed as Atom (RFC 4287)."""
    told = entries(site, events, address)
    feed = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom"})
    _put(feed, "id", history.permanent("feed"))
    _put(feed, "title", TITLE)
    _put(feed, "subtitle", ABOUT)
    _put(feed, "updated", told[0].at if told else f"{NEVER}T00:00:00Z")
    _put(ET.SubElement(feed, "author"), "name", AUTHOR)
    ET.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{address}{places.ATOM}"})
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": address})
    for one in told:
        entry = ET.SubElement(feed, "entry")
        _put(entry, "id", one.id)
        _put(entry, "title", one.title)
        _put(entry, "updated", one.at)
        ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": one.url})
        _put(entry, "content", one.text, {"type": "text"})
    ET.indent(feed)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="unicode").encode() + b"\n"


def json_feed(site: Site, events: Sequence[Event], address: str) -> dict[str, Any]:
    """Give the feed as JSON Feed 1.1."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "description": ABOUT,
        "home_page_url": address,
        "feed_url": f"{address}{places.JSON_FEED}",
        "language": "en",
        "authors": [{"name": AUTHOR}],
        "items": [
            {"id": one.id, "url": one.url, "title": one.title, "content_text": one.text, "date_published": one.at}
            for one in entries(site, events, address)
        ],
    }


def _entries(site: Site, events: Sequence[Event], address: str) -> Iterator[Entry]:
    tasks = {one.board.name: one.task for one in site.listings}
    editions = {one.edition.id: one.edition for one in site.editions}
    starred: dict[tuple[str, str], list[Event]] = {}
    for one in events:
        if one.cause == "new-thresholds":
            starred.setdefault((one.on, one.after.board), []).append(one)
    for one in events:
        rating, task = one.after, tasks[one.after.board]
        if one.cause == "new-thresholds":
            if own := starred.pop((one.on, rating.board), None):
                yield _thresholds(own, task.title, address)
            continue
        found = replace(rating, trust="unsigned")  # what was found on the day; disputes have entries of their own
        words = faces.words(faces.of(found, task, editions.get(rating.edition or "")))
        before = "" if one.before is None else f" Before: {_stars(one.before.stars)}."
        yield Entry(
            one.id,
            one.on,
            f"{rating.model}: {_stars(rating.stars)} for {task.title.lower()}",
            f"{_CAUSES[one.cause]} on {rating.board}. {words}.{before}",
            f"{address}models/{formats.path(rating.model)}/",
        )


def _corrections(site: Site, address: str) -> Iterator[Entry]:
    """Give the corrections log, the newest first."""
    for one in corrections.log(site.life.events):
        boards = ", ".join(one.boards) or "every board"
        change = f" {one.field}: {one.old} -> {one.new}." if one.kind == "correction" else ""
        yield Entry(
            history.permanent(one.kind, one.on, one.model, *one.boards, *one.runs, one.field or "", one.cause),
            one.on,
            f"{one.model}: {one.kind}",
            f"On {boards}.{change} {one.cause}",
            f"{address}corrections/",
        )


def _thresholds(events: Sequence[Event], title: str, address: str) -> Entry:
    first = events[0]
    board, edition = first.after.board, first.after.edition
    moved = sum(one.before is not None and one.before.stars != one.after.stars for one in events)
    results = f"{len(events)} result{'s' if len(events) > 1 else ''}"
    return Entry(
        history.permanent(first.on, board),
        first.on,
        f"{title}: thresholds frozen in edition {edition}",
        f"{_CAUSES[first.cause]} on {board}, edition {edition}: {results} rated by them, {moved} with other stars.",
        f"{address}boards/{formats.path(board)}/",
    )


def _stars(stars: int | None) -> str:
    return "not rated" if stars is None else f"{stars} of 5 stars"


def _put(parent: ET.Element, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
    ET.SubElement(parent, name, attributes or {}).text = _NO_XML.sub("\ufffd", text)
