"""The site in a real browser: the way from home to a badge, without JavaScript, on a phone, and for everybody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import site_factory as make
from browser.get_browser import find

from wattboard import anchors, build, frame, freezing
from wattboard.cli.publish import listen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MODEL = "demo/paraphrase-MiniLM-L3-v2"
PAGES = [
    "",
    f"boards/{make.SIMILARITY}/",
    f"models/{MODEL}/",
    "models/",
    "tasks/sentence-similarity/",
    "method/",
    "cite/",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=find(), args=ARGS)
        except playwright.Error as error:
            pytest.skip(f"no browser: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser")
    filed = frame.gather([make.write(make.demo(), folder / "s")])
    freezing.freeze(folder / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None)
    with listen(folder / "html", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def open_page(browser: Browser, where: str, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Page:
    size = {"width": width, "height": 900}
    return _gone(browser.new_page(viewport=size, color_scheme=scheme, java_script_enabled=scripts), where)


def _gone(page: Page, where: str) -> Page:
    page.goto(where)
    return page


def test_the_way_from_home_to_a_badge(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
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
    run_file = page.get_by_role("link", name="run file").first
    assert page.request.get(run_file.evaluate("link => link.href")).json()["model"]["id"] == MODEL
    assert not errors
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    page.close()


def test_a_model_is_found_by_search(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.locator("input[name=query]").click()
    page.keyboard.type("efficientnet")
    page.locator(".md-search-result__link").first.wait_for()
    assert "models/demo/efficientnet" in (page.locator(".md-search-result__link").first.get_attribute("href") or "")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_to_mend(browser: Browser, address: str, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = open_page(browser, address, scheme=scheme, width=width)
    found = []
    for path in PAGES:
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        violations = axe.run(page).response["violations"]
        found += [(path, one["id"], one["nodes"][0]["html"][:120]) for one in violations]
    assert not found
    page.close()


def test_without_javascript_a_board_has_its_order_its_chart_and_its_numbers(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}boards/{make.SIMILARITY}/", scripts=False)
    names = page.locator(".ws-table td.ws-model a").all_inner_texts()
    assert names == ["paraphrase-MiniLM-L3-v2", "all-MiniLM-L6-v2", "sre-embedding"]
    assert page.get_by_text("Below the recommended quality", exact=True).is_visible()
    assert page.locator(".ws-chart--wide").is_visible()
    assert page.locator(".ws-table").get_by_text("estimated").count() >= 3
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, address: str, path: str) -> None:
    page = open_page(browser, address + path, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_on_a_phone_a_row_is_a_card_with_stars_energy_and_quality_in_sight(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}boards/{make.SIMILARITY}/", width=390)
    card = page.locator(".ws-table tbody tr").first
    box = card.bounding_box()
    assert box is not None
    assert box["height"] < 260
    for part in (".ws-stars", ".ws-energy b", ".ws-quality b"):
        inner = card.locator(part).bounding_box()
        assert inner is not None
        assert inner["x"] >= 0
        assert inner["x"] + inner["width"] <= 390
    assert page.locator(".ws-chart--tall").is_visible()
    assert not page.locator(".ws-chart--wide").is_visible()
    page.close()
