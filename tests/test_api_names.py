"""Names that strangers chose: refused, or shown as what they are, each in a place of its own."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import api_factory
import jsonschema
import pytest
import site_factory as make

from wattboard import api, editions, frame, gathering, listings
from wattboard.api import feeds, history
from wattboard.badges import pictures
from wattboard.gathering import left_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.listings import Site

HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7919*7919 }}{% raw %}",
    "[x](javascript:alert(1)) **b** `c` | d",
    "\"quoted\" 'name' & more",
    "\u202egnp.exe\u2066\u200f",
    "\U0001f41f" * 50,
    "x" * 250,
    "\x00\x1b]0;x\x07",
    "=HYPERLINK(1)",
    "a\u2028b\nc\r\nd",
]


def built(many: Sequence[Run], folder: Path) -> Site:
    """Assemble as a build does: what does not hold is left out."""
    gathered = gathering.gather([make.write(many, folder)], None)
    counting, refused = left_out.part(gathered.filed)
    return listings.assemble(counting, editions.read_all([]), sorted([*gathered.left_out, *refused]))


def told(site: Site) -> dict[str, bytes]:
    return dict(api.everything(site, api_factory.ADDRESS))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_run_says_of_its_model_is_data_in_every_format(tmp_path: Path, text: str) -> None:
    one = make.run(model="demo/hostile", licence=text, revision=text, base_model=text, protocol=text)
    one = one.model_copy(update={"device": one.device.model_copy(update={"name": text})})
    files = told(api_factory.site([*make.bracket(make.SIMILARITY, 55.0), one], tmp_path))
    model = json.loads(files["api/v1/models/demo/hostile.json"])
    schema = json.loads(files["api/v1/schemas/model.json"])
    jsonschema.Draft202012Validator(schema).validate(model)
    (result,) = model["results"]
    assert [result[name] for name in ("licence", "revision", "base_model", "protocol", "device")] == [text] * 5
    for path in (f"api/v1/boards/{make.SIMILARITY}.csv", "api/v1/leaderboard.csv"):
        rows = list(csv.DictReader(io.StringIO(files[path].decode(), newline="")))
        assert len(rows) == 2
        (row,) = (row for row in rows if row["model"] == "demo/hostile")
        assert row["licence"].removeprefix("'") == text
    ET.fromstring(files["feed.xml"])  # noqa: S314 - ours
    assert text not in files["llms.txt"].decode()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_escaped_in_the_feeds_even_if_one_came_this_far(tmp_path: Path, text: str) -> None:
    site = api_factory.demo(tmp_path)
    events = history.events(site)
    one = replace(events[0], after=replace(events[0].after, model=f"demo/{text}"))
    feed = ET.fromstring(feeds.atom(site, [one], api_factory.ADDRESS))  # noqa: S314 - ours
    assert len(list(feed.iter("{http://www.w3.org/2005/Atom}entry"))) == 1
    assert {element.tag.split("}")[1] for element in feed.iter()} <= {
        *("feed", "id", "title", "subtitle", "updated", "author", "name", "link", "entry", "content"),
    }
    (item,) = json.loads(json.dumps(feeds.json_feed(site, [one], api_factory.ADDRESS)))["items"]
    assert item["title"].startswith(f"demo/{text}")
    assert item["url"].isascii()
    assert not set(item["url"]) & set('<>"{}` \n\r')


@pytest.mark.parametrize("name", ["demo/<b>x", "demo/{{x}}", "demo/a b", "demo/\u202ex", "demo/\U0001f41f", "demo/.x"])
def test_a_name_that_is_no_name_is_left_out_and_said(tmp_path: Path, name: str) -> None:
    site = built([make.run(model=name), make.run(model="demo/good", at="2026-11-20T10:05:00Z")], tmp_path)
    assert [one.id for one in site.profiles] == ["demo/good"]
    (entry,) = json.loads(told(site)["api/v1/left-out.json"])["files"]
    assert "is no ORG/NAME" in entry["reasons"][0]["message"]
    assert "\u202e" not in json.dumps(entry, ensure_ascii=False)


def test_of_names_that_differ_in_case_only_the_one_measured_first_counts(tmp_path: Path) -> None:
    names = ["demo/Model", "demo/model", "Demo/model"]
    many = [make.run(model=name, at=f"2026-11-20T10:0{9 - k}:00Z") for k, name in enumerate(names)]
    site = built(many, tmp_path)
    assert [one.id for one in site.profiles] == ["Demo/model"]
    left = json.loads(told(site)["api/v1/left-out.json"])["files"]
    assert sorted(one["file"].rsplit("/runs/")[0] for one in left) == ["demo/Model", "demo/model"]
    assert all("in upper and lower case only from Demo/model" in one["reasons"][0]["message"] for one in left)


@pytest.mark.parametrize(
    "name", ["index.html/x", "Index.HTML/x", "demo/x.", "demo./x", f"demo/{'x' * 201}", f"{'x' * 201}/x"]
)
def test_a_name_that_no_file_system_holds_apart_is_left_out(tmp_path: Path, name: str) -> None:
    site = built([make.run(model=name)], tmp_path)
    assert site.profiles == ()
    assert len(site.left_out) == 1


def test_names_of_200_characters_and_names_like_our_own_have_places_of_their_own(tmp_path: Path) -> None:
    names = [
        *("demo/" + "x" * 200, "x" * 200 + "/demo", "demo/x.json", "demo/x", "demo/x.csv", "index.json/index.json"),
        *("schemas/index", "models/models", "api/v1", "boards/sentence-similarity", "demo/index", "con/nul", "1/1"),
    ]
    many = [make.run(model=name, revision=str(k)) for k, name in enumerate(names)]
    site = api_factory.site([*make.bracket(make.SIMILARITY, 55.0), *many], tmp_path)
    files: dict[str, Any] = {**told(site), **dict(pictures.pictures(site))}
    files |= {f"models/{one.id}/index.html": "" for one in site.profiles}
    files |= {f"runs/{one.model}/{one.name}": "" for one in site.filed}
    folded = [path.casefold() for path in files]
    assert len(set(folded)) == len(folded)
    folders = {"/".join(path.split("/")[:depth]) for path in folded for depth in range(1, path.count("/") + 1)}
    assert folders & set(folded) == set()
    assert max(len(part.encode()) for path in files for part in path.split("/")) <= 255
    for path, data in told(site).items():
        place = tmp_path / "out" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    index = json.loads((tmp_path / "out/api/v1/index.json").read_text())
    for one in index["models"]:
        assert json.loads((tmp_path / "out" / one["json"]).read_text())["model"] == one["model"]


def test_a_run_that_frame_lets_through_has_its_name_as_it_is(tmp_path: Path) -> None:
    (one,) = frame.gather([make.write([make.run(model="A.b_c-d/0.1_x")], tmp_path)])
    files = told(listings.assemble([one], []))
    assert json.loads(files["api/v1/models/A.b_c-d/0.1_x.json"])["model"] == "A.b_c-d/0.1_x"
