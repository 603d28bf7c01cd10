"""The site in a real browser: the way from home to a badge, without JavaScript, on a phone, and for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import site_factory as make

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Opener = Callable[..., Page]

MODEL = "demo/paraphrase-MiniLM-L3-v2"
PAGES = [
    "",
    f"boards/{make.SIMILARITY}/",
    f"models/{MODEL}/",
    "models/",
    "tasks/sentence-similarity/",
    "right-size/",
    "compare/",
    "method/",
    "cite/",
]


def test_the_way_from_home_to_a_badge(address: str, open_page: Opener) -> None:
    page = open_page(address)
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.get_by_role("link", name="Sentence similarity").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Sentence similarity"
    page.get_by_role("table").get_by_role("link", name="paraphrase-MiniLM-L3-v2").click()
    assert page.get_by_role("heading", level=1).inner_text() == "paraphrase-MiniLM-L3-v2"
    badge = page.locator("#badge ~ p img").first
    assert "4 of 5 stars" in (badge.get_attribute("alt") or "")
    assert badge.evaluate("image => image.complete && image.naturalWidth > 100")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    run_file = page.get_by_role("link", name="run file").first
    assert page.request.get(run_file.evaluate("link => link.href")).json()["model"]["id"] == MODEL
    assert not errors
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_to_mend(address: str, many: str, open_page: Opener, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = open_page(address, scheme=scheme, width=width)
    found = []
    for where in [
        *(address + path for path in PAGES),
        f"{many}boards/{make.GPU}/2/",
        f"{many}boards/{make.GPU}/?all=1",  # the last: on it two models are chosen below
    ]:
        page.goto(where)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.wait_for_load_state("networkidle")
        violations = axe.run(page).response["violations"]
        found += [(where, one["id"], one["nodes"][0]["html"][:120]) for one in violations]
    page.locator(".ws-cpick input").first.check()
    page.locator(".ws-cpick input").nth(1).check()
    page.keyboard.press("/")
    page.keyboard.type("mini")
    page.locator("#ws-found [role=option]").nth(2).wait_for()
    found += [("open", one["id"], one["nodes"][0]["html"][:120]) for one in axe.run(page).response["violations"]]
    assert not found


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_while_a_page_opens(address: str, many: str, open_page: Opener, width: int) -> None:
    page = open_page(address, width=width)
    for where in [*(address + path for path in PAGES), f"{many}boards/{make.GPU}/"]:
        page.goto(where)
        page.wait_for_load_state("networkidle")
        moved = page.evaluate(
            """() => new Promise((done) => {
              let sum = 0;
              new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
                .observe({ type: "layout-shift", buffered: true });
              setTimeout(() => done(sum), 100);
            })"""
        )
        assert moved < 0.02, where


def test_without_javascript_a_board_has_its_order_its_chart_and_its_numbers(address: str, open_page: Opener) -> None:
    page = open_page(f"{address}boards/{make.SIMILARITY}/", scripts=False)
    names = page.locator(".ws-table td.ws-model a").all_inner_texts()
    assert names == ["paraphrase-MiniLM-L3-v2", "all-MiniLM-L6-v2", "sre-embedding"]
    assert page.get_by_text("Below the recommended quality", exact=True).is_visible()
    assert page.locator(".ws-chart--wide").is_visible()
    assert page.locator(".ws-table").get_by_text("estimated").count() >= 3


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone_nothing_is_wider_than_the_screen(address: str, open_page: Opener, path: str) -> None:
    for width in (390, 320):
        page = open_page(address + path, width=width)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_row_is_a_card_with_stars_energy_and_quality_in_sight(address: str, open_page: Opener) -> None:
    page = open_page(f"{address}boards/{make.SIMILARITY}/", width=390)
    card = page.locator(".ws-table tbody tr").first
    box = card.bounding_box()
    assert box is not None
    assert box["height"] < 280
    for part in (".ws-stars", ".ws-energy b", ".ws-quality b"):
        inner = card.locator(part).bounding_box()
        assert inner is not None
        assert inner["x"] >= 0
        assert inner["x"] + inner["width"] <= 390
    assert page.locator(".ws-chart--tall").is_visible()
    assert not page.locator(".ws-chart--wide").is_visible()


def test_on_paper_a_board_has_its_rows_and_no_controls(address: str, open_page: Opener) -> None:
    page = open_page(f"{address}boards/{make.SIMILARITY}/")
    page.emulate_media(media="print")
    assert page.locator(".ws-table td.ws-model a").last.is_visible()
    assert page.get_by_text("Below the recommended quality", exact=True).is_visible()
    for control in (".ws-tools", ".md-header", "[data-all]", ".ws-cpick input >> nth=0"):
        assert not page.locator(control).is_visible()


def test_on_a_phone_the_filters_open_by_their_button_and_stand_open_where_one_is_set(
    address: str, open_page: Opener
) -> None:
    page = open_page(f"{address}boards/{make.SIMILARITY}/", width=390)
    licence = page.locator("[name=licence]")
    assert not licence.is_visible()
    page.get_by_role("button", name="Filters").click()
    assert licence.is_visible()
    again = open_page(f"{address}boards/{make.SIMILARITY}/?licence=mit", width=390)
    assert again.locator("[name=licence]").is_visible()
    wide = open_page(f"{address}boards/{make.SIMILARITY}/")
    assert wide.locator("[name=licence]").is_visible()
    assert not wide.get_by_role("button", name="Filters").is_visible()
