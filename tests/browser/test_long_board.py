"""A board of many hundreds of models in a real browser: light to open, quick to use, and whole without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from browser import conftest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    Opener = Callable[..., Page]

BOARD = "boards/sentence-similarity-v0~h100-sxm5-80gb~fp16~single~off~nvml/"
ROWS = ".ws-table tbody tr:not(.ws-group)"
TOTAL = conftest.CROWDED + 1  # with the reference model
# The middle of the first cell of the crowd, on the screen.
CELL = """() => {
  const chart = document.querySelector(".ws-chart--wide");
  const [x, y] = chart.querySelector(".ws-crowd path").getAttribute("d").match(/[\\d.]+/g).map(Number);
  const at = new DOMPoint(x, y).matrixTransform(chart.getScreenCTM());
  return [at.x, at.y];
}"""


def pointed(page: Page) -> Locator:
    """Point at the first cell of the crowd until its model has a mark: script and rows come with the first movement."""
    near = page.locator(".ws-mark--near")
    for step in range(40):
        x, y = page.evaluate(CELL)
        page.mouse.move(x + step % 2, y)
        if near.count():
            break
        page.wait_for_timeout(100)
    near.wait_for()
    return near


def test_no_row_is_fetched_before_somebody_touches_the_board(crowded: str, open_page: Opener) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(crowded + BOARD, wait_until="networkidle")
    assert not [url for url in asked if "/rows/" in url or url.endswith("near.js")]
    assert page.evaluate("document.querySelectorAll('*').length") < 4000
    page.get_by_role("columnheader", name="Model").get_by_role("button").focus()
    with page.expect_response("**/api/v1/rows/*.json"):
        page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('th[data-sort=model]').ariaSort")
    assert page.locator(ROWS).count() == 100


def test_while_the_rows_come_the_board_says_so(crowded: str, open_page: Opener) -> None:
    page = open_page(crowded + BOARD)
    waiting: list[Any] = []
    page.route("**/api/v1/rows/*.json", lambda route: waiting.append(route))  # noqa: PLW0108 - playwright takes no built-in
    page.get_by_role("columnheader", name="Size").get_by_role("button").click()
    page.get_by_text("Loading the rows").wait_for()
    assert page.locator("ws-board").get_attribute("aria-busy") == "true"
    waiting[0].continue_()
    page.get_by_text(re.compile("^100 of [0-9]+ models shown")).wait_for()
    assert page.locator("ws-board").get_attribute("aria-busy") is None


def test_the_pointer_finds_the_models_of_the_mass_and_a_click_leads_there(crowded: str, open_page: Opener) -> None:
    page = open_page(crowded + BOARD)
    assert 0 < page.locator(".ws-chart--wide .ws-mark").count() < 130
    near = pointed(page)
    name = near.locator("text").text_content()
    assert name
    page.mouse.click(*page.evaluate(CELL))
    page.wait_for_url("**/models/**")
    assert name in page.get_by_role("heading", level=1).inner_text()


def test_the_pointer_gone_no_name_stays(crowded: str, open_page: Opener) -> None:
    page = open_page(crowded + BOARD)
    near = pointed(page)
    page.mouse.move(2, 2)
    near.wait_for(state="detached")


def test_a_card_out_of_sight_is_not_laid_out_and_keyboard_and_links_still_reach_it(
    crowded: str, open_page: Opener
) -> None:
    page = open_page(f"{crowded}{BOARD}?all=1", width=390)
    page.get_by_text(f"100 of {TOTAL} models shown").wait_for()
    last = page.locator(ROWS).nth(99)
    assert last.evaluate("row => getComputedStyle(row).contentVisibility") == "auto"
    assert not last.evaluate("row => row.cells[0].checkVisibility({ contentVisibilityAuto: true })")
    guessed = last.evaluate("row => row.offsetHeight")
    last.locator("a").focus()
    page.wait_for_timeout(100)
    box = last.locator("a").bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 900
    assert abs(last.evaluate("row => row.offsetHeight") - guessed) < 40
    wide = open_page(f"{crowded}{BOARD}?all=1")
    wide.get_by_text(f"100 of {TOTAL} models shown").wait_for()
    assert wide.locator(ROWS).nth(99).evaluate("row => row.cells[0].checkVisibility({ contentVisibilityAuto: true })")


def test_without_javascript_the_pages_of_a_long_board_have_every_row_once(crowded: str, open_page: Opener) -> None:
    page = open_page(crowded + BOARD, scripts=False)
    names: list[str] = []
    for number in (2, 3, None):
        names += page.locator(f"{ROWS} .ws-model a").evaluate_all("links => links.map(link => link.href)")
        if number:
            pager = page.get_by_role("navigation", name="Pages of the table", exact=True)
            pager.get_by_role("link", name=str(number), exact=True).click()
    assert len(names) == len(set(names)) == TOTAL


def test_on_paper_every_card_is_drawn(crowded: str, open_page: Opener) -> None:
    page = open_page(crowded + BOARD, width=390)
    page.emulate_media(media="print")
    assert page.locator(ROWS).nth(99).evaluate("row => getComputedStyle(row).contentVisibility") == "visible"
