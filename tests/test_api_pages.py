"""Every number that a board's or a model's page shows is in the API, to the digit."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import api_factory
import page_factory
import pytest

from wattbench import runs
from wattboard import api, formats, listings, pages
from wattboard.advising import scores

if TYPE_CHECKING:
    from wattboard.listings import Site
    from wattboard.pages import Pages

NUMBER = re.compile(r"(?<![\w.~-])\d[\d,]*(?:\.\d+)?(?![\w~])")
# What pages say of themselves: 1,000 queries, a 10 W LED, 95 % intervals, 1 to 5 stars.
PROSE = {"1,000", "10", "95", "1", "2", "3", "4", "5"}


def shown(markup: str) -> set[str]:
    """Give the numbers of a page as people read them: no drawings, no code, no controls."""
    for gone in ("svg", "script", "style", "code", "pre", "form", "nav"):
        markup = re.sub(rf"<{gone}\b.*?</{gone}>", " ", markup, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]*>", " ", markup))
    return {one.rstrip(",") for one in NUMBER.findall(text)} - PROSE


def published(*documents: Any) -> set[str]:
    """Give every number of some documents in the forms in which pages write numbers, and those inside of its texts."""
    found: set[str] = set()
    for document in documents:
        for name, value in api_factory.walk(document):
            if isinstance(value, str):
                found |= set(NUMBER.findall(value)) | set(re.findall(r"\d+", value))
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                found |= written(name, value)
    return found


def written(name: str, value: float) -> set[str]:
    """Give the forms in which wattboard.formats and the templates write a number."""
    found = {f"{value:,}"} if isinstance(value, int) else set()
    if value > 0 and "parameters" in name:
        found.add(formats.count(value).split()[0])
    if name.endswith("led_10_watt_seconds_on_the_energy_of_1000_queries"):
        found.add(formats.led(value / 360).split()[0])
    for scaled in (abs(value), 100 * abs(value)):  # "1.5 points worse" is -0.015
        found |= {f"{scaled:.{places}f}" for places in (0, 1, 3)}
        found |= {formats.significant(scaled, digits) for digits in (2, 3, 4)}
    return found | {formats.trim_zeros(one) for one in found}


@dataclass(frozen=True)
class Built:
    """A site with its pages and all that its API has, each document by its path."""

    site: Site
    pages: Pages
    documents: dict[str, Any]

    def under(self, place: str) -> list[Any]:
        """Give the documents below a path."""
        return [told for path, told in self.documents.items() if path.startswith(place)]


@pytest.fixture(scope="module", params=["demo", "rated", "rich"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("pages")
    pairing = None
    if request.param == "rich":
        filed, opened = page_factory.rich(folder)
        site, pairing = listings.assemble(filed, opened), scores.pairing(filed)
    else:
        site = {"demo": api_factory.demo, "rated": api_factory.rated}[request.param](folder)
    files = api.files(site, pairing)
    documents = {path: json.loads(text) for path, text in files.items() if path.endswith(".json")}
    return Built(site, pages.render(site, api_factory.ADDRESS, None, pairing), documents)


def test_every_number_of_a_board_is_in_the_api(built: Built) -> None:
    for listing in built.site.listings:
        name = listing.board.name
        numbers = shown(built.pages.slots[f"boards/{name}/index.html"]["board"])
        assert len(numbers) > 10
        assert numbers - published(built.documents[f"api/v1/boards/{name}.json"], *others(built)) == set()


def test_every_number_of_a_model_is_in_the_api_or_in_the_run_files_that_it_names(built: Built) -> None:
    by_model = {one.id: one for one in built.pages.models}
    for profile in built.site.profiles:
        told = built.documents[f"api/v1/models/{profile.id}.json"]
        of_runs = [json.loads(runs.to_bytes(filed.run)) for result in profile.results for filed in result.runs]
        boards = [
            *built.under("api/v1/boards/"),
            *(built.documents[f"api/v1/switches/{one['board']}.json"] for one in told["results"]),
        ]
        numbers = shown(by_model[profile.id].body)
        assert len(numbers) > 10
        assert numbers - published(told, *boards, *of_runs, built.documents["api/v1/lineages.json"]) == set()


@pytest.mark.parametrize(
    ("page", "slot"),
    [
        ("index.html", "home"),
        ("models/index.html", "models"),
        ("families/index.html", "families"),
        ("editions/index.html", "editions"),
        ("right-size/index.html", "form"),
        ("compare/index.html", "compare"),
        ("left-out/index.html", "left-out"),
        ("method/index.html", "sessions"),
    ],
)
def test_every_number_of_a_page_of_many_boards_is_in_the_api(built: Built, page: str, slot: str) -> None:
    assert shown(built.pages.slots[page][slot]) - published(*built.documents.values()) == set()


def test_every_number_of_an_edition_is_in_the_api(built: Built) -> None:
    for opened in built.site.editions:
        name = opened.edition.id
        numbers = shown(built.pages.slots[f"editions/{name}/index.html"]["edition"])
        known = [*built.under(f"editions/{name}/"), built.documents[f"api/v1/editions/{name}.json"]]
        assert numbers
        assert numbers - published(*known) == set()


def others(built: Built) -> list[Any]:
    """Give the other boards of the API, which a board's page names, and what a switch would save."""
    return [*built.under("api/v1/boards/"), *built.under("api/v1/switches/")]


def test_a_number_that_the_api_lacks_is_found_out() -> None:
    assert shown("<p>uses <b>63</b> % less, 0.0164 Wh</p><svg><text>77</text></svg>") == {"63", "0.0164"}
    assert published({"estimated_wh_per_1000_queries": 0.0164147, "on": "2026-11-20"}) >= {"0.0164", "20"}
    assert "0.0165" not in published({"estimated_wh_per_1000_queries": 0.0164147})
