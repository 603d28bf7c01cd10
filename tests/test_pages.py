"""The pages and the API: every estimate says so, and nothing that people wrote gets out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import site_factory as make

from wattbench import tasks
from wattboard import api, charts, editions, formats, frame, listings, pages, profiles
from wattboard.badges import pictures
from wattboard.charts import placing
from wattboard.founding import anchors, freezing
from wattboard.life import notes
from wattboard.pages import chronicle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.listings import Site

ADDRESS = "https://wattstar.example/"


def assembled(many: Sequence[Run], folder: Path, *, freeze: bool = True) -> Site:
    filed = frame.gather([make.write(many, folder / "s")])
    if freeze:
        freezing.freeze(folder / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    return listings.assemble(filed, editions.read_all([folder / "e"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return assembled(make.demo(), tmp_path_factory.mktemp("pages"))


def texts(site: Site) -> str:
    rendered = pages.render(site, ADDRESS)
    slots = [value for page in rendered.slots.values() for value in page.values()]
    return "\n".join([*slots, *(model.body for model in rendered.models)])


def test_a_board_lists_the_recommended_first_by_energy(site: Site) -> None:
    listing = next(one for one in site.listings if one.task.name == "sentence-similarity")
    assert [one.model for one in listing.recommended] == ["demo/paraphrase-MiniLM-L3-v2", "demo/all-MiniLM-L6-v2"]
    assert [one.model for one in listing.below] == ["demo/sre-embedding"]
    assert listing.pick is listing.recommended[0]
    assert listing.frontier == {"demo/paraphrase-MiniLM-L3-v2", "demo/all-MiniLM-L6-v2"}


def test_a_models_page_shows_the_gates_of_all_its_sessions_before_those_of_its_runs(site: Site) -> None:
    body = next(one.body for one in pages.render(site, ADDRESS).models if one.id == "demo/all-MiniLM-L6-v2")
    tables = re.findall(r"ws-gates\"><caption>(.*?)</caption>(.*?)</table>", body, re.DOTALL)
    (caption, gates), *of_runs = tables[:2]
    assert caption == "All sessions together"
    assert re.findall(r"<tr><td>([^<]*)<small>[^<]+</small></td><td>([^<]*)</td><td>([^<]*)</td>", gates) == [
        ("sessions", "1", "&gt;= 2"),
        ("session factor", "0 %", "&lt;= 5 %"),
    ]
    assert of_runs[0][0].startswith("Reference after, ")  # it is the board's own reference


def test_every_energy_on_an_estimated_board_says_estimated(site: Site) -> None:
    told = texts(site)
    energies = re.findall(
        r'<(span|p) class="[^"]*ws-energy"[^>]*data-kind="(\w+)">(.*?)</\1>\s*(?=<|$)', told, re.DOTALL
    )
    assert len(energies) > 10
    for chunk in re.split(r'(?=<(?:span|p) class="[^"]*ws-energy")', told)[1:]:
        assert "estimated" in re.sub(r"data-kind=\S+", "", chunk[:420])
    for sentence in re.findall(r"[^<>]*<b>[\d.,]+ Wh</b>", told):
        assert "estimated" in sentence
    for number in re.findall(r"up to [\d.]+(?![\d.]| M)[^<]*", told):
        assert "estimated" in number


def test_the_demo_says_that_it_is_one_on_every_page(site: Site) -> None:
    notice = pages.render(site, ADDRESS).notice
    assert "Demo edition" in notice
    assert "estimated" in notice


def test_an_editions_page_leads_to_the_board_that_shows_its_results_and_else_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chronicle, "FEW_ARCHIVED", 2)
    now = assembled(make.demo(), tmp_path)
    told = pages.render(now, ADDRESS).slots["editions/demo/index.html"]["edition"]
    board = 'href="../../boards/sentence-similarity-v0~cpu-amd-epyc-2-threads~fp32~single~off~estimate/"'
    section = next(part for part in told.split("<section") if board in part)
    assert len(re.findall(r"<tr><td><a ", section)) == 2
    assert f"1 more result is on <a {board}>the board</a>" in section
    freezing.freeze(tmp_path / "e", "demo-2", anchors.anchors(frame.frame(now.filed)), demo=True)
    later = listings.assemble(now.filed, editions.read_all([tmp_path / "e"]))
    told = pages.render(later, ADDRESS).slots["editions/demo/index.html"]["edition"]
    section = next(part for part in told.split("<section") if "sentence-similarity-v0" in part)
    assert len(re.findall(r"<tr><td><a ", section)) == 3
    assert "more result" not in section


def test_no_page_calls_a_model_eco_or_green(site: Site) -> None:
    assert not re.search(r"\b(eco|green|sustainab)", texts(site), re.IGNORECASE)


def test_a_page_says_why_a_model_has_no_star(tmp_path: Path) -> None:
    failed = make.run(model="demo/failed", gates=[make.gate(verdict="fail")])
    told = texts(assembled([*make.demo(), failed], tmp_path))
    assert "Not rated" in told
    assert "No star: a gate of the protocol failed" in told


def test_a_board_that_is_not_frozen_shows_energy_and_says_that_stars_are_missing(tmp_path: Path) -> None:
    site = assembled(make.demo(), tmp_path, freeze=False)
    assert all(one.edition is None and len(one.unrated) == 3 for one in site.listings)
    told = texts(site)
    assert "no frozen thresholds yet" in told
    assert "0.0164" in told


def test_without_runs_every_page_says_so_and_how_to_get_some() -> None:
    site = listings.assemble([], [])
    told = texts(site)
    assert "No results yet" in told
    assert "make demo" in told
    assert "No results yet" in pages.render(site, ADDRESS).notice
    assert json.loads(api.files(site)["api/v1/index.json"])["boards"] == []


HOSTILE = '"><script>alert(1)</script>{{ 7919*7919 }}`|=cmd'


def test_what_people_and_machines_wrote_is_escaped_wherever_it_is_shown(tmp_path: Path) -> None:
    gate = make.gate(name=HOSTILE, value=HOSTILE, limit=HOSTILE, why=HOSTILE)
    one = make.run(model="demo/hostile", licence=HOSTILE, revision=HOSTILE, gates=[gate], protocol=HOSTILE)
    one = one.model_copy(
        update={
            "device": one.device.model_copy(update={"name": HOSTILE}),
            "environment": {HOSTILE: {HOSTILE: HOSTILE}},
            "workload": one.workload.model_copy(update={"about": HOSTILE}),
        }
    )
    site = assembled([*make.demo(), one], tmp_path)
    rendered = pages.render(site, ADDRESS)
    everything = [texts(site), *rendered.docs.values(), *dict(pictures.pictures(site)).values()]
    everything += [f"{model.title} {model.body}" for model in rendered.models]
    for text in everything:
        assert "<script>alert" not in text
        assert "62710561" not in text


def test_a_mark_that_turns_text_around_is_spelled_out_and_other_scripts_are_not(tmp_path: Path) -> None:
    one = make.run(model="demo/turned", licence="\u202ecilbup\u202c \u05e9\u05dc\u05d5\u05dd \U0001f33b")
    body = next(
        m.body for m in pages.render(assembled([*make.demo(), one], tmp_path), ADDRESS).models if m.id == "demo/turned"
    )
    assert "\u202e" not in body
    assert r"\u202ecilbup\u202c שלום 🌻" in body


def test_a_hostile_id_is_escaped_in_every_page_even_if_one_came_this_far(site: Site) -> None:
    profile = site.profiles[0]
    hostile = 'demo/"><script>x'
    results = tuple(replace(one, rating=replace(one.rating, model=hostile)) for one in profile.results)
    stamp = pages._stamp(replace(profile, id=hostile, results=results), ADDRESS, profiles.atlas(site), notes.NONE)
    assert "<script" not in stamp.body


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_every_energy_of_the_api_is_called_estimated_on_an_estimated_board(site: Site) -> None:
    files = api.files(site)
    names = {name for path, text in files.items() if path.endswith(".json") for name in keys(json.loads(text))}
    energies = {name for name in names if re.search(r"wh_|energy|joules", name) and name != "passes_without_energy"}
    assert energies
    assert all(name.startswith("estimated_") for name in energies)
    for path, text in files.items():
        if path.endswith(".csv"):
            header = next(csv.reader(io.StringIO(text)))
            assert "estimated_wh_per_1000_queries" in header
            assert "wh_per_1000_queries" not in header
            assert "kind" in header


def test_the_api_publishes_what_the_pages_show_rounded_once(site: Site) -> None:
    board = json.loads(api.files(site)[f"api/v1/boards/{make.SIMILARITY}.json"])
    assert [one["model"] for one in board["results"]] == [
        "demo/paraphrase-MiniLM-L3-v2",
        "demo/all-MiniLM-L6-v2",
        "demo/sre-embedding",
    ]
    for one in board["results"]:
        energy = one["estimated_wh_per_1000_queries"]
        assert energy == float(f"{energy:.6g}")
        assert (one["kind"], one["status"]) == ("estimated", "provisional")


def test_a_cell_of_the_csv_is_never_a_formula(tmp_path: Path) -> None:
    one = make.run(model="demo/formula", licence="=HYPERLINK(1)", revision="@x")
    table = api.files(assembled([*make.demo(), one], tmp_path))[f"api/v1/boards/{make.SIMILARITY}.csv"]
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_a_newer_revision_takes_the_page_and_the_older_stays_readable(tmp_path: Path) -> None:
    newer = make.run(revision="package:newer==2", joules=make.spread(20.0), at="2026-11-20T10:30:00Z")
    older = make.run(revision="package:older==1", joules=make.spread(25.0), at="2026-11-20T10:00:00Z")
    site = assembled([*make.bracket(make.SIMILARITY, 50.0, grade=0.5), newer, older], tmp_path)
    profile = next(one for one in site.profiles if one.id == newer.model.id)
    assert [one.rating.revision for one in profile.results] == ["package:newer==2"]
    assert [one.revision for one in profile.earlier] == ["package:older==1"]
    body = next(one.body for one in pages.render(site, ADDRESS).models if one.id == newer.model.id)
    history = body.split("<h3>History</h3>")[1]
    assert history.index("package:newer==2") < history.index("package:older==1")


@pytest.mark.parametrize("count", [1, 3, 14, 40])
def test_names_on_a_chart_meet_no_other_name_and_no_edge(tmp_path: Path, count: int) -> None:
    many = [
        make.run(
            model=f"demo/some-model-number-{k}", joules=make.spread(20.0 * 1.09**k), grade=round(0.5 + k % 9 / 40, 3)
        )
        for k in range(count)
    ]
    site = assembled([*make.bracket(make.SIMILARITY, 50.0, grade=0.6), *many], tmp_path)
    for width, height, left in ((760, 400, 58), (360, 460, 46)):
        drawn = charts.plot(site.listings[0], width, height, left)
        assert drawn is not None
        named = [mark for mark in drawn.marks if mark.label]
        assert named
        boxes = [
            (m.label_x, m.label_y - 11, m.label_x + placing.text_width(m.label, 12.5), m.label_y + 3) for m in named
        ]
        assert all(box[0] >= left and box[2] <= width for box in boxes)
        for one, box in enumerate(boxes):
            for other in boxes[one + 1 :]:
                assert box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0164147, "0.0164"),
        (0.09, "0.0900"),
        (1234.5, "1,230"),
        (9.999, "10.0"),
        (0.0, "0"),
        (None, "-"),
        (21.4, "21.4"),
    ],
)
def test_numbers_have_three_significant_digits_and_no_exponent(value: float | None, text: str) -> None:
    assert formats.significant(value) == text


@pytest.mark.parametrize(("wh", "words"), [(1.0, "6.0 minutes"), (0.0164147, "5.9 seconds"), (100.0, "10 hours")])
def test_an_energy_is_worth_some_time_of_a_led(wh: float, words: str) -> None:
    assert formats.led(wh) == words


@pytest.mark.parametrize(
    ("interval", "value", "words"),
    [((0.72, 0.80), 0.76, "±4.0"), ((0.796, 1.0), 1.0, "79.6 to 100.0"), ((None, None), 0.5, "")],
)
def test_an_uneven_interval_of_a_quality_is_told_by_its_ends(
    interval: tuple[float | None, float | None], value: float, words: str
) -> None:
    assert formats.quality_spread(interval, value, tasks.find("image-classification").metric) == words


def test_beyond_some_thousand_models_a_page_is_light_and_still_says_what_counts(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = "demo/paraphrase-MiniLM-L3-v2"
    whole = next(one.body for one in pages.render(site, ADDRESS).models if one.id == model)
    monkeypatch.setattr(pages, "LIGHT_FROM", 0)
    light = next(one.body for one in pages.render(site, ADDRESS).models if one.id == model)
    assert len(light) < len(whole) / 2
    for part in ("ws-label", "an estimated <b>0.0164 Wh</b>", "4 of 5 stars", "0.598", "other rated models", "/runs/"):
        assert part in light, part
