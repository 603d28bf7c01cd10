"""Every number that a board's or a model's page shows is in the API, to the digit."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import api_factory
import pytest

from wattbench import runs
from wattboard import api, formats, pages

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
    return set(NUMBER.findall(text)) - PROSE


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
    for scaled in (value, 100 * value):
        found |= {f"{scaled:.{places}f}" for places in (0, 1, 3)}
        found |= {formats.significant(scaled, digits) for digits in (2, 3, 4)}
    return found | {formats.trim_zeros(one) for one in found}


@pytest.fixture(scope="module", params=["demo", "rated"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    make = {"demo": api_factory.demo, "rated": api_factory.rated}[request.param]
    return make(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def rendered(site: Site) -> Pages:
    return pages.render(site, api_factory.ADDRESS)


@pytest.fixture(scope="module")
def documents(site: Site) -> dict[str, Any]:
    return {path: json.loads(text) for path, text in api.files(site).items() if path.endswith(".json")}


def test_every_number_of_a_board_is_in_the_api(site: Site, rendered: Pages, documents: dict[str, Any]) -> None:
    for listing in site.listings:
        name = listing.board.name
        numbers = shown(rendered.slots[f"boards/{name}/index.html"]["board"])
        others = [one for path, one in documents.items() if path.startswith("api/v1/boards/")]
        assert len(numbers) > 10
        assert numbers - published(documents[f"api/v1/boards/{name}.json"], *others) == set()


def test_every_number_of_a_model_is_in_the_api_or_in_the_run_files_that_it_names(
    site: Site, rendered: Pages, documents: dict[str, Any]
) -> None:
    by_model = {one.id: one for one in rendered.models}
    for profile in site.profiles:
        told = documents[f"api/v1/models/{profile.id}.json"]
        of_runs = [json.loads(runs.to_bytes(filed.run)) for result in profile.results for filed in result.runs]
        boards = [documents[f"api/v1/boards/{one['board']}.json"] for one in told["results"]]
        archive = [one for path, one in documents.items() if path.startswith("editions/")]
        numbers = shown(by_model[profile.id].body)
        assert len(numbers) > 10
        assert numbers - published(told, *boards, *archive, *of_runs) == set()


def test_a_number_that_the_api_lacks_is_found_out() -> None:
    assert shown("<p>uses <b>63</b> % less, 0.0164 Wh</p><svg><text>77</text></svg>") == {"63", "0.0164"}
    assert published({"estimated_wh_per_1000_queries": 0.0164147, "on": "2026-11-20"}) >= {"0.0164", "20"}
    assert "0.0165" not in published({"estimated_wh_per_1000_queries": 0.0164147})
