"""The table of a board in a real browser: the same rows as without scripts, sorted, filtered and shared by address."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
import site_factory as make
from browser.conftest import MANY

from wattbench import tasks
from wattboard import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Opener = Callable[..., Page]

BOARD = f"boards/{make.GPU}/"
ROWS = ".ws-table tbody tr:not(.ws-group)"
ENERGIES = "rows => rows.map(row => parseFloat(row.querySelector('.ws-energy b').textContent))"


def shown(page: Page) -> list[str]:
    return [one for one in page.locator(f"{ROWS} .ws-model a").all_inner_texts() if one]


def told(page: Page) -> str:
    return page.locator(".ws-count").inner_text()


def test_the_default_view_is_what_reaches_the_recommended_quality_and_the_chip_lifts_it(
    many: str, open_page: Opener
) -> None:
    page = open_page(many + BOARD)
    energies = page.locator(f"{ROWS}:visible").evaluate_all(ENERGIES)
    assert energies == sorted(energies)
    chip = re.search(r"or better: (\d+) of (\d+) models", page.locator(".ws-chip--level").inner_text())
    assert chip is not None
    assert int(chip[2]) == MANY + 1
    assert 100 < int(chip[1]) < MANY
    assert told(page) == f"100 of {chip[1]} models shown"
    assert page.locator(ROWS).filter(has_text="below recommended").locator("visible=true").count() == 0
    lift = page.get_by_role("button", name="show all")
    lift.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="only these").wait_for()
    assert told(page) == f"100 of {MANY + 1} models shown"
    assert page.url.endswith("?all=1")
    page.get_by_role("button", name="Show 46 more").click()
    assert told(page) == f"{MANY + 1} models shown"
    assert page.locator(ROWS).count() == MANY + 1
    # the button has gone, and the reader goes on at the first new row
    assert (
        page.evaluate(
            "[...document.querySelectorAll('.ws-table tbody tr')].indexOf(document.activeElement.closest('tr'))"
        )
        == 100
    )


def test_every_column_sorts_by_keyboard_and_says_so(many: str, open_page: Opener) -> None:
    page = open_page(many + BOARD)
    head = page.get_by_role("columnheader", name="Wh / 1,000")
    assert head.get_attribute("aria-sort") == "ascending"
    for name in ("Model", "Stars", "Wh / 1,000", "Spearman's rho", "Queries/s", "Size", "Licence", "Measured"):
        head = page.locator(".ws-table").get_by_role("columnheader", name=name, exact=True)
        button = head.get_by_role("button")
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("name => document.querySelector('th[aria-sort]').textContent.trim() === name", arg=name)
        first = head.get_attribute("aria-sort")
        page.keyboard.press("Space")
        page.wait_for_function("told => document.querySelector('th[aria-sort]').ariaSort !== told", arg=first)
        assert {first, head.get_attribute("aria-sort")} == {"ascending", "descending"}
        assert page.locator("th[aria-sort]").count() == 1


def test_a_view_is_shared_by_its_address(many: str, open_page: Opener) -> None:
    page = open_page(many + BOARD)
    page.locator(".ws-tools [name=find]").fill("electra")
    page.locator(".ws-tools [name=licence]").select_option("mit")
    page.get_by_role("columnheader", name="Size").get_by_role("button").click()
    page.get_by_role("columnheader", name="Size").get_by_role("button").click()
    page.wait_for_url("**desc=1**")
    names = shown(page)
    assert names
    assert all("electra" in name for name in names)
    again = open_page(page.url)
    again.wait_for_function("() => document.querySelector('th[data-sort=size]').ariaSort === 'descending'")
    assert shown(again) == names
    assert again.locator(".ws-tools [name=find]").input_value() == "electra"
    assert again.locator(".ws-tools [name=licence]").input_value() == "mit"
    again.locator(".ws-tools [type=reset]").click()
    again.wait_for_url(lambda url: "?" not in url)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("org=tern", "row => row.querySelector('.ws-model span').textContent.startsWith('tern')"),
        ("frontier=1", "row => row.querySelector('.ws-frontier')"),
        ("stars=none", "row => row.querySelector('.ws-unrated')"),
        ("stars=4", "row => /^[45] of 5/.test(row.querySelector('.ws-stars').getAttribute('aria-label'))"),
        ("size=0-100000000", "row => / M$/.test(row.querySelector('[data-label=parameters]').textContent)"),
    ],
)
def test_each_filter_leaves_what_meets_it(many: str, open_page: Opener, query: str, holds: str) -> None:
    page = open_page(f"{many}{BOARD}?all=1&{query}")
    page.wait_for_function("() => document.querySelector('[data-all]').ariaPressed === 'true'")
    rows = page.locator(ROWS)
    assert 0 < rows.count() < MANY
    assert rows.evaluate_all(f"rows => rows.every({holds})")


def test_an_address_that_asks_for_nonsense_shows_the_board(many: str, open_page: Opener) -> None:
    page = open_page(f"{many}{BOARD}?all=1&sort=constructor&size=<b>&stars=9&org=%22%3E<script>")
    page.get_by_text("No model meets all of this.").wait_for()
    page = open_page(f"{many}{BOARD}?sort=constructor&size=<b>&stars=9")
    assert len(shown(page)) > 20


def test_rows_that_the_browser_draws_are_those_of_the_page(many: str, address: str, open_page: Opener) -> None:
    for where in (many + BOARD, f"{many}{BOARD}2/", f"{address}boards/{make.SIMILARITY}/"):
        page = open_page(where)
        differing = page.evaluate(
            """async ([root, rows]) => {
              const { load } = await import(root + "javascripts/rows.js");
              const { tr } = await import(root + "javascripts/cells.js");
              const board = await load(root + rows);
              const plain = (html) => {
                const body = document.createElement("tbody");
                body.innerHTML = html;
                return body.innerHTML.replace(/\\s+/g, " ").replace(/> </g, "><").trim();
              };
              const base = document.querySelector(".ws-table .ws-model a").getAttribute("href").split("models/")[0];
              const drawn = new Map(board.rows.map((row) => [row.model, plain(tr(row, board, base))]));
              const found = [];
              for (const row of document.querySelectorAll(".ws-table tbody tr:not(.ws-group)")) {
                const place = row.querySelector(".ws-model a").getAttribute("href").split("models/")[1].slice(0, -1);
                const own = drawn.get(decodeURIComponent(place));
                const wanted = row.querySelector(".ws-cpick") ? own : own.replace(/<td [^>]*ws-cpick.*?<.td>/, "");
                const html = plain(row.outerHTML);
                if (html !== wanted) found.push([html, wanted]);
              }
              return found;
            }""",
            [where.split("boards/")[0], f"api/v1/rows/{where.split('boards/')[1].split('/')[0]}.json"],
        )
        assert not differing[:1]
        # further pages have no script of their own: a box there would do nothing
        assert (page.locator(".ws-cpick").count() == 0) == where.endswith("/2/")


def test_without_javascript_every_row_stands_on_plain_pages(many: str, open_page: Opener) -> None:
    page = open_page(many + BOARD, scripts=False)
    assert not page.locator(".ws-tools").is_visible()
    assert not page.locator(".ws-cpick").first.is_visible()
    names = shown(page)
    assert len(names) == 100
    page.get_by_role("navigation", name="Pages of the table").get_by_role("link", name="2", exact=True).click()
    names += shown(page)
    assert len(set(names)) == MANY + 1
    assert page.get_by_text("Not rated", exact=True).is_visible()


def test_two_rows_are_chosen_and_compared(many: str, open_page: Opener) -> None:
    page = open_page(many + BOARD)
    first, second = shown(page)[:2]
    page.locator(".ws-cpick input").nth(0).check()
    page.locator(".ws-cpick input").nth(1).check()
    page.locator("[data-compare] a").click()
    page.locator("ws-compare .ws-side thead th").nth(1).wait_for()
    assert page.locator("ws-compare .ws-side thead th a").all_inner_texts() == [first, second]


def test_a_board_of_ten_thousand_rows_draws_only_what_is_looked_at(many: str, open_page: Opener) -> None:
    page = open_page(many)
    told = page.request.get(f"{many}api/v1/rows/{make.GPU}.json").json()
    column = told["columns"].index("model")
    big = [[*row[:column], f"{row[column]}-{k}", *row[column + 1 :]] for k in range(80) for row in told["rows"]]
    page.route("**/api/v1/rows/*.json", lambda route: route.fulfill(json={**told, "rows": big}))
    page.goto(many + BOARD)
    page.get_by_role("columnheader", name="Model").get_by_role("button").click()
    page.wait_for_function("() => document.querySelector('th[aria-sort]').dataset.sort === 'model'")
    assert len(big) > 10_000
    assert page.locator(ROWS).count() == 100
    page.locator(".ws-tools [name=find]").fill("v7-79")
    page.wait_for_url("**find=v7-79**")
    assert all("v7-79" in name for name in shown(page))


def test_numbers_in_the_browser_have_the_digits_of_the_page(many: str, open_page: Opener) -> None:
    draw = random.Random(3)  # noqa: S311 - test data
    values = [10 ** draw.uniform(-6, 6) for _ in range(300)]
    values = [float(f"{one:.6g}") for one in values] + [
        1.125,
        0.125,
        2.5,
        1225.0,
        1235.0,
        999.5,
        0.9996,
        100.0,
        0.0,
        1e-3,
    ]
    metrics = [tasks.find("sentence-similarity").metric, tasks.find("image-classification").metric]
    shares = [float(f"{draw.random():.6g}") for _ in range(200)] + [0.0005, 0.0625, 0.5, 1.0]
    spreads = [(low, value, high) for low, value, high in (sorted(draw.sample(shares, 3)) for _ in range(100))]
    counts = [draw.randrange(10 ** draw.randrange(1, 12)) for _ in range(100)]
    expected: dict[str, Any] = {
        "significant": [formats.significant(one) for one in values],
        "two": [formats.significant(one, 2) for one in values],
        "quality": [[formats.quality(one, metric) for one in shares] for metric in metrics],
        "spread": [[formats.quality_spread((a, c), b, metric) for a, b, c in spreads] for metric in metrics],
        "count": [formats.count(one) for one in counts],
        "path": [formats.path(one) for one in ("a/b", "a/b c%'()*!~", "é/ü.x")],
    }
    page = open_page(many)
    found = page.evaluate(
        """async ([root, values, metrics, shares, spreads, counts]) => {
          const f = await import(root + "javascripts/formats.js");
          return {
            significant: values.map((one) => f.significant(one)),
            two: values.map((one) => f.significant(one, 2)),
            quality: metrics.map((metric) => shares.map((one) => f.quality(one, metric))),
            spread: metrics.map((metric) => spreads.map(([a, b, c]) => f.qualitySpread(a, c, b, metric))),
            count: counts.map((one) => f.count(one)),
            path: ["a/b", "a/b c%'()*!~", "é/ü.x"].map((one) => f.path(one)),
          };
        }""",
        [many, values, [{"name": one.name, "unit": one.unit} for one in metrics], shares, spreads, counts],
    )
    assert json.loads(json.dumps(found)) == expected
