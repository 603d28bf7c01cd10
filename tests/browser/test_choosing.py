"""Right-size, Compare and the search for names, in a real browser."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import site_factory as make

from wattboard import intervals
from wattboard.advice import Choice, pick
from wattboard.publishing import searching

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Opener = Callable[..., Page]


def made_up(draw: random.Random) -> list[Choice]:
    """Rows with everything that may be absent, and many that are equal."""
    rows = []
    for index in range(draw.randrange(9)):
        wh = draw.choice([0.5, 1.0, 2.0, float(f"{draw.lognormvariate(0, 1):.6g}")])
        h = draw.choice([None, 1.01, 1.3])
        quality = draw.choice([None, 0.7, 0.8, round(draw.random(), 4)])
        rows.append(
            Choice(
                f"{draw.choice('abAB')}/{index}",
                wh,
                wh_low=h and wh / h,
                wh_high=h and wh * h,
                quality=quality,
                seconds_per_query=draw.choice([None, 0.1, 0.2]),
                latency_p95_seconds=draw.choice([None, 0.15, 0.3]),
            )
        )
    return rows


def test_the_pick_in_the_browser_is_that_of_advice(address: str, open_page: Opener) -> None:
    draw = random.Random(11)  # noqa: S311 - test data
    cases: list[dict[str, Any]] = []
    expected = []
    for _ in range(600):
        rows, up = made_up(draw), draw.random() < 0.6
        level = draw.choice([None, 0.0, 0.02, 0.1, 0.75, 0.8])
        bar = draw.choice(["min_quality", "within"])
        asked: dict[str, Any] = {bar: level, "max_latency": draw.choice([None, 0.1, 0.2])}
        expected.append(pick(rows, higher_is_better=up, **asked).as_dict())
        cases.append({"rows": [asdict(one) for one in rows], "up": up, **asked})
    page = open_page(address)
    found = page.evaluate(
        """async ([root, cases]) => {
          const { pick } = await import(root + "javascripts/right-size.js");
          return cases.map(({ rows, up, min_quality = null, within = null, max_latency }) =>
            pick(rows, { higherIsBetter: up, minQuality: min_quality, within, maxLatency: max_latency }));
        }""",
        [address, cases],
    )
    assert found == expected
    assert sum(one["model"] is not None for one in expected) > 200
    assert sum(bool(one["alike"]) for one in expected) > 20


def test_a_ratio_in_the_browser_is_that_of_intervals(address: str, open_page: Opener) -> None:
    draw = random.Random(5)  # noqa: S311 - test data
    pairs = [(a, b) for a, b in ((made_up(draw), made_up(draw)) for _ in range(200)) if a and b]
    page = open_page(address)
    found = page.evaluate(
        """async ([root, pairs]) => {
          const { ratio } = await import(root + "javascripts/right-size.js");
          return pairs.map(([a, b]) => ratio(a, b));
        }""",
        [address, [[asdict(a[0]), asdict(b[0])] for a, b in pairs]],
    )
    known = 0
    for (a, b), told in zip(pairs, found, strict=True):
        span = intervals.ratio(a[0], b[0])
        assert (span is None) == (told is None)
        if span is not None:
            known += 1
            assert all(abs(x / y - 1) < 1e-12 for x, y in zip(told, (span.value, span.low, span.high), strict=True))
    assert known > 20


def test_right_size_answers_with_its_assumptions_and_its_address_brings_it_back(
    address: str, open_page: Opener
) -> None:
    page = open_page(f"{address}right-size/")
    page.locator(".ws-form [name=board]").select_option(make.SIMILARITY)
    answer = page.locator(".ws-answer")
    answer.get_by_text("paraphrase-MiniLM-L3-v2").wait_for()
    year = page.locator(".ws-year")
    assert "Saved" in year.inner_text()
    page.locator(".ws-form [name=queries]").fill("1000000")
    page.locator(".ws-form [name=country]").select_option("France")
    page.locator(".ws-form [name=tariff]").fill("0.1")
    rows = page.locator(".ws-numbers tbody tr")
    took, pick_takes = (float(rows.nth(i).locator("td").nth(0).inner_text().split()[0]) for i in (0, 1))
    saved = rows.nth(2).locator("td").all_inner_texts()
    assert abs(float(saved[0].split()[0]) - (took - pick_takes)) < 0.1
    assert abs(float(saved[1].split()[0]) - 0.1 * float(saved[0].split()[0])) < 0.01
    assert abs(float(saved[2].split()[0]) - 0.056 * float(saved[0].split()[0])) < 0.01
    assert "estimated kWh" in page.locator(".ws-numbers thead").inner_text()
    said = page.locator(".ws-out").inner_text()
    assert "56.0 g CO2e a kWh (France, 2023)" in said
    assert "is not claimed" in said
    again = open_page(page.url)
    again.locator(".ws-numbers tbody tr").nth(2).wait_for()
    assert again.locator(".ws-numbers").inner_text() == page.locator(".ws-numbers").inner_text()
    page.locator(".ws-form [name=bar]").select_option("least")
    page.locator("[name=level]").fill("0.9")
    page.get_by_text("No model of this board meets this.").wait_for()


def test_without_javascript_right_size_has_its_picks_and_compare_its_frontiers(address: str, open_page: Opener) -> None:
    page = open_page(f"{address}right-size/", scripts=False)
    assert not page.locator("form.ws-form").is_visible()
    assert "paraphrase-MiniLM-L3-v2" in page.locator(".ws-picks").inner_text()
    page = open_page(f"{address}compare/", scripts=False)
    assert not page.locator("form.ws-form").is_visible()
    assert page.locator(".ws-side").first.get_by_role("link", name="efficientnet-lite0").is_visible()


def test_compare_says_no_ratio_and_who_cannot_be_told_apart(address: str, open_page: Opener) -> None:
    names = ["demo/all-MiniLM-L6-v2", "demo/paraphrase-MiniLM-L3-v2", "demo/sre-embedding", "demo/no-such"]
    query = "&".join([f"board={make.SIMILARITY}", *(f"model={name}" for name in names)])
    page = open_page(f"{address}compare/?{query}")
    page.locator("ws-compare .ws-side").wait_for()
    assert "Not on this board: demo/no-such" in page.locator(".ws-said").inner_text()
    beside = (
        page.locator("ws-compare .ws-side tbody tr")
        .filter(has_text="Energy beside the first")
        .locator("td")
        .all_inner_texts()
    )
    assert beside[1].startswith("less energy")
    assert beside[2].startswith("cannot be told apart")
    assert "%" not in "".join(beside)
    page.get_by_role("button", name="Take demo/sre-embedding out").click()
    assert "sre-embedding" not in page.url
    page.locator(".ws-form [name=model]").fill("demo/sre-embedding")
    page.keyboard.press("Enter")
    assert page.locator("ws-compare .ws-side thead th").count() == 3


def test_a_model_is_found_by_the_beginnings_of_its_words_with_the_keyboard_alone(many: str, open_page: Opener) -> None:
    page = open_page(f"{many}method/")
    page.keyboard.press("/")
    page.keyboard.type("xl mini")
    box = page.get_by_role("combobox", name="Find a model or task")
    page.locator("#ws-found [role=option]").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    options = page.locator("#ws-found [role=option] b").all_inner_texts()
    assert all("mini-lm-xl" in name for name in options[:-1])
    page.keyboard.press("ArrowDown")
    marked = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert marked.get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/models/{options[0]}/")
    page.keyboard.press("/")
    page.keyboard.type("sentence")
    page.locator("#ws-found [role=option]").first.wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("#ws-found").is_visible()
    page.keyboard.type(" s")
    page.locator("#ws-found [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/sentence-similarity/")


def test_what_names_lack_is_searched_in_the_pages(address: str, open_page: Opener) -> None:
    page = open_page(address)
    box = page.get_by_role("combobox", name="Find a model or task")
    box.fill("limitations")
    page.get_by_role("option", name="Search the pages").wait_for()
    assert page.locator(".ws-find [role=status]").inner_text() == "No model or task begins so"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.locator(".md-search-result__link").first.wait_for()
    links = page.locator(".md-search-result__link").evaluate_all("links => links.map(link => link.href)")
    assert any("/method/" in link for link in links)
    assert not any("/models/" in link for link in links)


def test_what_may_be_claimed_of_a_switch_is_said_in_the_words_of_the_build(address: str, open_page: Opener) -> None:
    used, pick = "demo/all-MiniLM-L6-v2", "demo/paraphrase-MiniLM-L3-v2"
    words = f"Switch from {used} to {pick}: it uses 46 % less energy (40-51 %), and its quality is not worse."
    page = open_page("about:blank")
    told = {"schema": 1, "claims": {used: {pick: words}}}
    page.route("**/*.claims.json", lambda route: route.fulfill(json=told))
    page.goto(f"{address}right-size/?board={make.SIMILARITY}&using={used}")
    page.get_by_text(words).wait_for()
    assert "is not claimed" not in page.locator(".ws-out").inner_text()
    page.goto(f"{address}compare/?board={make.SIMILARITY}&model={used}&model={pick}")
    page.locator("ws-compare .ws-side").get_by_text(words).wait_for()


def offered(page: Page, names: list[str]) -> list[int]:
    """Give the search box these names instead of the site's own; and how many bytes it is given."""
    told = searching.split(names)
    shards = searching.sharded(names, told)
    counts = {key: n for key, (n, _) in told.items()}
    index = {"schema": 1, "models": len(names), "tasks": [], "most": searching.MOST, "shards": len(shards)}
    named = {searching.file_name(key): some for key, (_, some) in told.items()}
    named |= {f"all-{number}.json": some for number, some in enumerate(shards)}
    sizes: list[int] = []

    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        body = index | {"prefixes": counts} if name == "index.json" else [[one, 3, "a task"] for one in named[name]]
        sizes.append(len(gzip.compress(json.dumps(body).encode())))
        route.fulfill(json=body)

    page.route("**/search/names/*.json", answer)
    return sizes


def test_names_with_two_common_words_are_found_among_fifty_thousand(address: str, open_page: Opener) -> None:
    families = ("bert", "qwen", "llama", "vit", "whisper")
    kinds = ("base", "base", "base", "enlarged")
    names = [f"org{i % 997}/{families[i % 5]}-{kinds[i % 4]}-v{i}" for i in range(50_000)]
    page = open_page("about:blank")
    sizes = offered(page, names)
    page.goto(address)
    page.get_by_role("combobox", name="Find a model or task").fill("whisper enla")
    page.locator("#ws-found b").filter(has_text="whisper-enlarged").nth(7).wait_for()
    assert sum(sizes) < 300_000, sizes
    page.get_by_role("combobox", name="Find a model or task").fill("whisper enlargement")
    page.get_by_text("No model or task begins so").wait_for()


def test_on_a_slow_line_the_search_box_shows_what_it_has_read_before(address: str, open_page: Opener) -> None:
    page = open_page("about:blank")
    names = [f"org/bert-base-{i}" for i in range(900)] + ["org/berta"]
    offered(page, names)
    page.goto(address)
    box = page.get_by_role("combobox", name="Find a model or task")
    box.fill("b")
    page.locator("#ws-found b").filter(has_text="org/bert").first.wait_for()
    page.route("**/search/names/bert.json", lambda _: None)  # it never comes
    box.fill("bert")
    page.locator("#ws-found b").filter(has_text="org/berta").wait_for()
    assert "and more found" in page.locator(".ws-find [role=status]").inner_text()


def test_the_first_name_of_fifty_thousand_is_found_within_a_tenth_of_a_second(address: str, open_page: Opener) -> None:
    families = ("bert", "qwen", "llama", "vit", "whisper")
    names = [f"org{i % 997}/{families[i % 5]}-base-v{i}" for i in range(50_000)]
    page = open_page("about:blank")
    sizes = offered(page, names)
    page.goto(address)
    took = []
    for word in ("q", "lla", "whisper-base-v31414", "org5 bert", "v4999"):
        took.append(
            page.evaluate(
                """async (word) => {
                  const box = document.querySelector("ws-find input"), list = document.querySelector("#ws-found");
                  box.focus();
                  await new Promise((resolve) => setTimeout(resolve, 300)); // the index comes with the focus
                  const start = performance.now();
                  box.value = word;
                  const shown = new Promise((resolve) => {
                    new MutationObserver((_, observer) => {
                      observer.disconnect();
                      resolve(performance.now() - start);
                    }).observe(list, { childList: true });
                  });
                  box.dispatchEvent(new Event("input", { bubbles: true }));
                  return shown;
                }""",
                word,
            )
        )
        first = page.locator("#ws-found [role=option] b").first.inner_text()
        assert all(any(one.startswith(part) for one in searching.words(first)) for part in searching.words(word))
    assert sorted(took)[len(took) // 2] < 100, took
    assert sum(sizes) < 200_000, sizes
