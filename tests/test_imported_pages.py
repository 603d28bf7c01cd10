"""Published results of others on the site: apart from what was measured, outlined, with their source and findings."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import published
import pytest
import site_factory as make
import test_api_pages as numbers

from wattboard import build, frame
from wattboard.founding import anchors, freezing
from wattboard.imports import aienergyscore, files, mlenergy
from wattboard.pages import imported_pages
from wattboard.publishing import imported_files

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.imports import Imported

CHAT = "imported/mlenergy-{}/lm-arena-chat-h100-best-batch"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("imported")
    rows = published.score_rows([0.002 * 1.3**k for k in range(9)])
    rows.append(["text_classification", "", "demo/all-MiniLM-L6-v2", 0.001, 5])
    ladders = [one for k in range(9) for one in published.ladder(f"org/chat-{k}", scale=1.2**k)]
    for one in (
        aienergyscore.read(published.score(place / "score.csv", rows)),
        mlenergy.read(published.ml(place / "ml.csv", ladders)),
    ):
        files.write(one, place / "imported")
    return place


@pytest.fixture(scope="module")
def imported(folder: Path) -> tuple[Imported, ...]:
    return files.read_all([folder / "imported"])


@pytest.fixture(scope="module")
def html(folder: Path) -> Path:
    filed = frame.gather([make.write(make.demo(), folder / "s")])
    freezing.freeze(folder / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None, imported=[folder / "imported"])
    return folder / "html"


def board(imported: tuple[Imported, ...], html: Path) -> str:
    edition = imported[1].edition.id
    return (html / "imported" / edition / "lm-arena-chat-h100-best-batch" / "index.html").read_text()


def test_imported_stars_are_outlined_and_say_so(imported: tuple[Imported, ...], html: Path) -> None:
    page = board(imported, html)
    assert page.count('ws-stars--outlined" role="img"') == 9
    assert "ws-stars--full" not in page
    assert re.findall(r'aria-label="(\d) of 5 stars, imported"', page)[0] == "5"


def test_an_imported_board_names_its_source_and_draws_energy_against_batch(
    imported: tuple[Imported, ...], html: Path
) -> None:
    page = board(imported, html)
    assert imported[1].edition.source.attribution in page
    assert page.count('class="ws-ladder"') == 9
    assert "single values, no intervals, no quality" in page


def test_nothing_imported_stands_among_measured_results(html: Path) -> None:
    for path in [html / "index.html", *(html / "boards").rglob("*.html"), *(html / "models").rglob("*.html")]:
        page = path.read_text()
        assert "org/chat-1" not in page
        assert "org/model-1" not in page
    assert "org/model-1" not in (html / "api/v1/index.json").read_text()


def test_a_model_that_is_both_measured_and_imported_has_two_pages_apart(html: Path) -> None:
    name = "demo/all-MiniLM-L6-v2"
    page = (html / "imported" / "models" / name / "index.html").read_text()
    assert f'href="../../../../models/{name}/"' in page
    assert (
        "imported"
        not in (html / "models" / name / "index.html").read_text().split("<article", 1)[1].split("</article>", 1)[0]
    )


def test_an_imported_badge_is_outlined_says_imported_and_links_to_its_own_page(
    imported: tuple[Imported, ...], html: Path
) -> None:
    edition = imported[1].edition.id
    page = (html / "imported/models/org/chat-1/index.html").read_text()
    place = f"imported/{edition}/badges/org/chat-1/lm-arena-chat-h100-best-batch.svg"
    assert f"(https://wattstar.example/{place})](https://wattstar.example/imported/models/org/chat-1/)" in page
    for shape in (place, place.replace(".svg", ".label.svg")):
        drawn = (html / shape).read_text()
        assert ">imported<" in drawn
        assert "imported, single value of" in drawn
        assert 'stroke-linejoin="round"' in drawn or 'fill="none" stroke="#bcd0e2"' in drawn
        assert "±" not in drawn


def test_machines_get_the_very_bytes_that_were_imported(imported: tuple[Imported, ...], html: Path) -> None:
    index = json.loads((html / imported_files.ROOT / "index.json").read_bytes())
    told = [one for edition in index["editions"] for one in edition["boards"].values()]
    assert len(told) == sum(len(one.boards) for one in imported)
    for one in told:
        assert hashlib.sha256((html / one["json"]).read_bytes()).hexdigest() == one["sha256"]
    for model in index["models"]:
        assert (html / model["page"] / "index.html").exists()


def test_every_number_of_a_finding_is_shown_beside_its_board(imported: tuple[Imported, ...]) -> None:
    rendered = imported_pages.render(imported, [])
    for one in imported:
        page = rendered.slots[f"imported/{one.edition.id}/index.html"]["imported"]
        for line in one.edition.words:
            assert line.split(":")[0].replace("'", "&#39;") in page


def test_every_number_of_an_imported_page_is_in_the_files_of_the_import(imported: tuple[Imported, ...]) -> None:
    rendered = imported_pages.render(imported, [])
    known = numbers.published(*(json.loads(data) for _, data in imported_files.files(imported)))
    for page, slots in rendered.slots.items():
        for markup in slots.values():
            assert numbers.shown(markup) - known == set(), page
    for stamp in rendered.models:
        assert numbers.shown(stamp.body) - known == set(), stamp.id


def test_of_two_names_that_differ_only_in_case_one_has_a_page(tmp_path: Path) -> None:
    rows = published.score_rows([0.002 * 1.3**k for k in range(9)])
    rows.append(["text_classification", "", "ORG/Model-1", 0.003, 3])
    one = aienergyscore.read(published.score(tmp_path / "twice.csv", rows))
    names = [model.id for model in imported_pages.render([one], []).models]
    assert len(names) == len({name.casefold() for name in names}) == 9


def test_without_imported_editions_there_is_no_trace_of_them() -> None:
    assert imported_pages.render([], []) == imported_pages.ImportedPages({}, {}, ())
    assert not list(imported_files.files([]))
