"""Changes of ratings are worked out from the data alone: dated, named for good, told in two feeds."""

from __future__ import annotations

import json
import re
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID
from xml.etree import ElementTree as ET

import api_factory
import jsonschema
import pytest
import site_factory as make

from wattboard import api, listings
from wattboard.api import feeds, history

if TYPE_CHECKING:
    from wattboard.api.history import Event
    from wattboard.listings import Site

ROOT = Path(__file__).parents[1]
ATOM = "{http://www.w3.org/2005/Atom}"
DATE_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
TEXT = {"type": "string", "minLength": 1}
JSON_FEED = {  # https://www.jsonfeed.org/version/1.1/, what it requires and what we use of it
    "type": "object",
    "required": ["version", "title", "items"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": TEXT,
        "description": TEXT,
        "home_page_url": TEXT,
        "feed_url": TEXT,
        "language": TEXT,
        "authors": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": TEXT}}},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_text"],
                "additionalProperties": False,
                "properties": {
                    "id": TEXT,
                    "url": {"type": "string", "pattern": "^https://"},
                    "title": TEXT,
                    "content_text": TEXT,
                    "date_published": {"type": "string", "pattern": DATE_TIME},
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return api_factory.rated(tmp_path_factory.mktemp("changes"))


@pytest.fixture(scope="module")
def events(site: Site) -> tuple[Event, ...]:
    return history.events(site)


def of(events: tuple[Event, ...], model: str, board: str = make.GPU) -> list[tuple[str, str, int | None, str | None]]:
    return [
        (one.on, one.cause, one.after.stars, one.after.edition)
        for one in reversed(events)
        if (one.after.model, one.after.board) == (model, board)
    ]


def test_a_founder_is_first_measured_then_rated_then_rated_anew(events: tuple[Event, ...]) -> None:
    told = of(events, "org/m00")
    assert [(on, cause, edition) for on, cause, _, edition in told] == [
        ("2026-06-01", "first-result", None),
        ("2026-06-02", "new-thresholds", "2026-06"),
        ("2026-12-02", "new-thresholds", "2026-12"),
    ]
    assert told[0][2] is None
    assert told[1][2] is not None


def test_a_second_session_is_a_change_on_its_day(tmp_path: Path) -> None:
    first = [*make.brackets(), *make.founders(9)]
    days = {"2026-08-01-a": "2026-08-01", "2026-08-09-a": "2026-08-09"}
    two = make.official("org/new", 20.0, sessions=dict(list(days.items())[:1]))
    again = make.official("org/new", 21.0, sessions=dict(list(days.items())[1:]))
    bracket = make.brackets(sessions=days)
    told = history.events(api_factory.site([*first, *bracket, *two, *again], tmp_path, {"2026-06": first}))
    assert [(on, cause) for on, cause, _, _ in of(told, "org/new")] == [
        ("2026-08-01", "first-result"),
        ("2026-08-09", "measured-again"),
    ]
    last = told[0]
    assert last.before is not None
    assert last.before.wh is not None
    assert last.after.wh is not None
    assert last.before.wh < last.after.wh
    assert (last.before.sessions, last.after.sessions) == (1, 2)


def test_a_new_revision_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    newer = make.run(revision="package:newer==2", joules=make.spread(20.0), at="2026-11-25T10:30:00Z", session="b")
    later = make.bracket(make.SIMILARITY, 55.0, grade=0.6, session="b", day="2026-11-25")
    site = api_factory.site([*make.demo(), *later, newer], tmp_path, {"demo": make.demo()})
    told = [one for one in history.events(site) if one.after.model == newer.model.id]
    assert [(one.on, one.cause) for one in told] == [("2026-11-25", "new-revision"), ("2026-11-20", "first-result")]
    assert history.revision(told[0].after) == "package:newer==2"


def test_the_last_change_of_every_rating_is_what_the_board_shows(site: Site, events: tuple[Event, ...]) -> None:
    newest: dict[tuple[str, str], Event] = {}
    for one in reversed(events):
        newest[one.after.board, one.after.model] = one
    checked = 0
    for listing in site.listings:
        for rating in listing.all:
            told = newest[rating.board, rating.model].after
            shown = (rating.revision, rating.edition, rating.stars, rating.status, rating.wh, rating.wh_high)
            assert (history.revision(told), told.edition, told.stars, told.status, told.wh, told.wh_high) == shown
            checked += 1
    assert checked == 18


def test_what_comes_later_changes_no_earlier_change(tmp_path: Path, events: tuple[Event, ...]) -> None:
    first = [*make.brackets(), *make.founders(9), *make.official("org/tune", 60.0, base_model="org/m00")]
    before = history.events(api_factory.site(first, tmp_path, {"2026-06": first}))
    assert len(before) == 20 + 2
    past = [one for one in events if one.on <= "2026-06-02"]
    assert [api_change(one) for one in past] == [api_change(one) for one in before]


def api_change(one: Event) -> str:
    from wattboard.api import archives, changes

    return changes.Change.model_validate(archives.change(one)).model_dump_json()


def test_changes_have_permanent_names_and_lie_in_the_month_of_their_day(site: Site, events: tuple[Event, ...]) -> None:
    files = api.files(site)
    assert len({one.id for one in events}) == len(events)
    newest = json.loads(files["api/v1/changes.json"])
    assert [one["id"] for one in newest["newest"]] == [one.id for one in events]
    told = [
        one
        for month in newest["months"]
        for one in json.loads(files[month["json"]])["changes"]
        if one["on"][:7] == month["month"]
    ]
    assert told == newest["newest"]
    assert [month["month"] for month in newest["months"]] == ["2026-12", "2026-11", "2026-06"]
    # named after what it is, so the same on every machine and in every build
    assert history.permanent("2026-06-01", make.GPU, "org/m00") in {one.id for one in events}
    assert history.permanent("feed") == "urn:uuid:50261dc6-c23d-5575-8b40-ad3fe422a2de"


def test_the_atom_feed_has_what_a_feed_must_have(site: Site, events: tuple[Event, ...]) -> None:
    feed = ET.fromstring(feeds.atom(site, events, api_factory.ADDRESS))  # noqa: S314 - ours
    assert feed.tag == f"{ATOM}feed"
    for parent in (feed, *feed.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            found = parent.findall(f"{ATOM}{name}")
            assert len(found) == 1
            assert found[0].text
        assert re.fullmatch(DATE_TIME, parent.findtext(f"{ATOM}updated") or "")
        UUID((parent.findtext(f"{ATOM}id") or "").removeprefix("urn:uuid:"))
        assert parent.find(f"{ATOM}link[@rel='alternate']") is not None
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert feed.find(f"{ATOM}link[@rel='self']").get("href") == "https://wattstar.example/feed.xml"  # type: ignore[union-attr]
    ids = [one.findtext(f"{ATOM}id") for one in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) > 10
    dates = [one.findtext(f"{ATOM}updated") or "" for one in feed.iter(f"{ATOM}entry")]
    assert dates == sorted(dates, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == dates[0]


def test_the_json_feed_is_of_its_form_and_tells_the_same(site: Site, events: tuple[Event, ...]) -> None:
    told = feeds.json_feed(site, events, api_factory.ADDRESS)
    jsonschema.Draft202012Validator(JSON_FEED).validate(told)
    atom = ET.fromstring(feeds.atom(site, events, api_factory.ADDRESS))  # noqa: S314 - ours
    assert [one["id"] for one in told["items"]] == [one.findtext(f"{ATOM}id") for one in atom.iter(f"{ATOM}entry")]
    assert [one["content_text"] for one in told["items"]] == [
        one.findtext(f"{ATOM}content") for one in atom.iter(f"{ATOM}entry")
    ]


def test_new_thresholds_of_a_board_are_one_entry(site: Site, events: tuple[Event, ...]) -> None:
    entries = feeds.entries(site, events, api_factory.ADDRESS)
    frozen = [one for one in entries if "thresholds frozen" in one.title]
    assert [(one.on, one.url.split("/boards/")[1].rstrip("/")) for one in frozen] == [
        ("2026-12-02", make.GPU),
        ("2026-06-02", make.GPU),
    ]
    rated = [one for one in events if one.cause == "new-thresholds" and one.on == "2026-06-02"]
    assert f"{len(rated)} results rated by them" in frozen[1].text
    single = [one for one in events if one.cause != "new-thresholds"]
    assert len(entries) == len(single) + 2


def test_every_estimate_in_a_feed_says_that_it_is_one(site: Site, events: tuple[Event, ...]) -> None:
    told = [one.text for one in feeds.entries(site, events, api_factory.ADDRESS) if "~estimate" in one.text]
    assert len(told) == 6
    assert all(re.search(r"estimated [\d.]+ Wh", text) for text in told)


def test_a_feed_ends_after_a_hundred_entries(tmp_path: Path) -> None:
    many = [make.run(model=f"org/m{k}", revision="f" * 40) for k in range(130)]
    site = api_factory.site([*make.bracket(make.SIMILARITY, 50.0), *many], tmp_path)
    events = history.events(site)
    assert len(events) == 131
    assert len(feeds.entries(site, events, api_factory.ADDRESS)) == 100


def test_without_runs_there_are_feeds_without_entries() -> None:
    site = listings.assemble([], [])
    feed = ET.fromstring(feeds.atom(site, (), api_factory.ADDRESS))  # noqa: S314 - ours
    assert feed.findtext(f"{ATOM}updated") == "2000-01-01T00:00:00Z"
    assert not list(feed.iter(f"{ATOM}entry"))
    jsonschema.Draft202012Validator(JSON_FEED).validate(feeds.json_feed(site, (), api_factory.ADDRESS))


def test_changes_come_one_a_day_for_a_model_on_a_board(events: tuple[Event, ...]) -> None:
    ordered = sorted(events, key=lambda one: (one.after.board, one.after.model, one.on))
    for _, group in groupby(ordered, key=lambda one: (one.after.board, one.after.model)):
        own = list(group)
        assert [one.cause == "first-result" for one in own] == [True] + [False] * (len(own) - 1)
        assert all(left.after is right.before for left, right in pairwise(own))


def test_every_page_names_both_feeds_to_feed_readers() -> None:
    from wattboard.api import places

    head = (
        (ROOT / "site" / "theme" / "main.html").read_text().split("{% block extrahead %}")[1].split("{% endblock %}")[0]
    )
    links = re.findall(
        r'<link rel="alternate feed" type="([^"]+)" title="[^"]+" href="\{\{ \'([^\']+)\' \| url \}\}">', head
    )
    assert links == [("application/atom+xml", places.ATOM), ("application/feed+json", places.JSON_FEED)]
