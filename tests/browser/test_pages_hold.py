"""What holds for every type of page: no other host, little weight, no shift, for everybody, valid, no dead link.

The site is the showcase where the published tables of others are at hand, else one with tables made up for tests.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import many_models
import npm
import published
import pytest
import site_factory as make
from browser.page_types import found
from browser.serving import compressed

from wattboard import build
from wattboard.imports import aienergyscore, files, mlenergy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    Opener = Callable[..., Page]

LONGEST = f"{'a-very-long-name-' * 11}of-100/{'w' * 96}-{'unbroken' * 12}"
MANY = 145  # models: more than stand on a board's own page
HTML_VALIDATE = "html-validate@10.17.0"
# Rules of html-validate's own that are left out, each with its reason.
RULES: dict[str, Any] = {
    "no-trailing-whitespace": "off",  # MkDocs and its theme leave some: it is no fault of a page
    "doctype-style": "off",  # the theme's, in lower case
    "valid-id": ["error", {"relaxed": True}],  # a board's name is an id, and has "~"
    "no-redundant-role": "off",  # a table that becomes cards on a phone keeps its roles by them
    "no-inline-style": "off",  # where a dot stands on a bar is a CSS variable of its row
    "prefer-native-element": "off",  # a region that scrolls is no section, a combobox no select
    "wcag/h32": "off",  # the filters act at once; nothing is sent
    "unique-landmark": "off",  # the theme's nested navigation; axe looks at landmarks as they are shown
}
FIRST_VIEW = 200_000  # bytes over the wire
# A slow telephone's connection: what loads late is seen to move what stands there already.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const one of list.getEntries())
    window.shifts.push([one.value, one.sources.map(s => (s.node?.parentElement ?? s.node)?.outerHTML?.slice(0, 90))]);
}).observe({ type: "layout-shift", buffered: true });
"""


def tables(folder: Path) -> tuple[Path, Path]:
    """Give the published tables of others, or made-up ones of their form."""
    if published.FOLDER.exists():
        return published.SCORE, published.ML
    scored = [(0.002 * 1.2**k, {}) for k in range(12)]
    rows = published.score_rows([energy for energy, _ in scored])
    ladders = [one for k in range(9) for one in published.ladder(f"org/chat-{k}", scale=1.15**k)]
    return published.score(folder / "score.csv", rows), published.ml(folder / "ml.csv", ladders)


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = many_models.write(tmp_path_factory.mktemp("showcase"), MANY)
    make.write(make.official(LONGEST, 12.5, licence="x" * 60), folder / "s")
    make.seal(folder / "s", {make.GPU})
    score, ml = tables(folder)
    for one in (aienergyscore.read(score), mlenergy.read(ml)):
        files.write(one, folder / "imported")
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None, imported=[folder / "imported"])
    return folder / "html"


@pytest.fixture(scope="module")
def pages(showcase: Path) -> Iterator[dict[str, str]]:
    """Every type of page with its address."""
    with compressed(showcase) as address:
        longest = {"longest": f"models/{LONGEST}/", "board-of-longest": f"boards/{make.GPU}/?find=unbroken"}
        yield {name: address + place for name, place in {**found(showcase), **longest}.items()}


def test_the_site_has_every_type_of_page(pages: dict[str, str]) -> None:
    wanted = {
        "home",
        "task",
        "board",
        "board-page-2",
        "model",
        "models",
        "compare",
        "right-size",
        "editions",
        "edition",
    }
    wanted |= {"families", "method", "submit", "cite", "api", "about", "left-out", "corrections"}
    wanted |= {"imported", "imported-edition", "imported-board", "imported-model", "imported-models"}
    assert not wanted - set(pages)


def test_no_page_asks_another_host_for_anything(pages: dict[str, str], open_page: Opener) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for where in pages.values():
        page.goto(where, wait_until="networkidle")
    own = (pages["home"], "data:", "blob:")
    assert len(asked) > len(pages)
    assert not [url for url in asked if not url.startswith(own)]


@pytest.mark.parametrize("name", ["home", "board", "model", "imported-board"])
def test_the_first_view_is_light(pages: dict[str, str], browser: Browser, name: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wire = page.context.new_cdp_session(page)
    sent: list[float] = []
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda told: sent.append(told["encodedDataLength"]))
    page.goto(pages[name], wait_until="networkidle")
    page.close()
    assert len(sent) > 3
    assert sum(sent) <= FIRST_VIEW


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "name", ["home", "board", "model", "compare", "right-size", "imported-board", "imported-model"]
)
def test_nothing_moves_while_a_page_loads_slowly(
    pages: dict[str, str], browser: Browser, name: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW)
    page.add_init_script(SHIFTS)
    page.goto(pages[name], wait_until="networkidle")
    page.wait_for_timeout(200)
    shifts = page.evaluate("window.shifts")
    page.close()
    assert sum(value for value, _ in shifts) < 0.005, shifts


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 412)])
def test_axe_finds_nothing_to_mend_on_any_type_of_page(
    pages: dict[str, str], open_page: Opener, scheme: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = open_page("about:blank", scheme=scheme, width=width)
    violations = []
    for name, where in pages.items():
        page.goto(where)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        told = axe.run(page).response["violations"]
        violations += [(name, one["id"], one["nodes"][0]["html"][:120]) for one in told]
    assert not violations


def test_every_page_says_something_without_javascript(pages: dict[str, str], open_page: Opener) -> None:
    page = open_page("about:blank", scripts=False)
    silent = []
    for name, where in pages.items():
        page.goto(where)
        main = page.locator("main")
        if not page.get_by_role("heading", level=1).first.is_visible() or len(main.inner_text()) < 80:
            silent.append(name)
    assert not silent


@pytest.mark.parametrize("width", [320, 3840])
def test_no_page_is_wider_than_its_screen(pages: dict[str, str], open_page: Opener, width: int) -> None:
    page = open_page("about:blank", width=width)
    wide = {}
    for name, where in pages.items():
        page.goto(where)
        if (found_width := page.evaluate("document.documentElement.scrollWidth")) > width:
            wide[name] = found_width
    assert not wide


def test_a_name_of_two_hundred_characters_stays_in_its_cell(pages: dict[str, str], open_page: Opener) -> None:
    page = open_page(pages["board-of-longest"])
    page.get_by_text(re.compile("^1 of [0-9]+ models? shown")).wait_for()
    out = page.locator("ws-board tbody td *").evaluate_all(
        """all => all.filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth
          && getComputedStyle(one).overflowX === "visible").map(one => one.outerHTML.slice(0, 80))"""
    )
    assert not out


def test_every_page_is_valid_html_whose_references_lead_somewhere(showcase: Path) -> None:
    parser = pytest.importorskip("tinyhtml5.parser", reason="tinyhtml5 is not installed").HTMLParser
    wrong = []
    for name, place in {**found(showcase), "not-found": "404.html"}.items():
        path = showcase / place
        text = (path if path.suffix else path / "index.html").read_text()
        one = parser(namespace_html_elements=False)
        tree = one.parse(text)
        wrong += [(name, error[0], error[1]) for error in one.errors]
        wrong += [(name, why, what) for why, what in references(tree)]
    assert not wrong


def test_html_validate_finds_nothing_wrong_where_npm_has_it(showcase: Path, tmp_path: Path) -> None:
    if shutil.which("npx") is None:
        pytest.skip(f"{npm.WHY}: there is no npx")
    config = tmp_path / "html-validate.json"
    config.write_text(json.dumps({"root": True, "extends": ["html-validate:standard"], "rules": RULES}))
    told_in = tmp_path / "told.json"  # a pipe would be cut short
    files = [str(showcase / place / "index.html") for place in found(showcase).values()]
    command = ["npx", "--yes", HTML_VALIDATE, "--config", str(config), "--formatter", f"json={told_in}", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "npm error" in done.stderr:
        pytest.skip(f"{npm.WHY}: no registry of npm answers")
    told = [(one["filePath"], message) for one in json.loads(told_in.read_text()) for message in one["messages"]]
    ours = [(path, one) for path, one in told if not (one.get("selector") or "").startswith("#__")]
    wrong = [(path.split("/html/", 1)[1], one["ruleId"], one["message"], one["line"]) for path, one in ours]
    assert not wrong


def test_every_page_leads_to_every_page_of_the_navigation_without_javascript(
    pages: dict[str, str], open_page: Opener
) -> None:
    page = open_page("about:blank", scripts=False)
    places = ("models", "families", "compare", "right-size", "editions", "method", "meter", "study", "corrections")
    wanted = {pages[name] for name in (*places, "left-out", "submit", "cite", "api", "about", "imported", "home")}
    for name in ("home", "model", "board", "method", "imported-model"):
        page.goto(pages[name])
        links = page.locator("footer a, header a").evaluate_all("links => links.map(link => link.href)")
        assert wanted <= set(links), name


def test_a_model_that_was_imported_is_found_by_its_name_and_has_its_page(
    showcase: Path, pages: dict[str, str], open_page: Opener
) -> None:
    model = json.loads((showcase / "api/v1/imported/index.json").read_text())["models"][0]
    page = open_page(pages["home"])
    page.get_by_role("combobox", name="Find a model or task").fill(model["model"])
    page.get_by_role("option").filter(has_text=model["model"]).filter(has_text="imported, ").first.click()
    page.wait_for_url(f"**/{model['page']}")
    assert "that others published" in page.locator(".ws-lead").inner_text()


def references(tree: Any) -> Iterator[tuple[str, str]]:
    """Give ids that stand twice, and what names an id that no element has."""
    ids = [one.get("id") for one in tree.iter() if one.get("id") is not None]
    yield from (("id twice", one) for one in sorted(set(ids)) if ids.count(one) > 1)
    yield from (("id", one) for one in ids if not one or re.search(r"\s", one))
    for one in tree.iter():
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list"):
            yield from ((name, target) for target in (one.get(name) or "").split() if target not in ids)


def test_no_link_of_the_showcase_leads_nowhere(showcase: Path) -> None:
    lychee = shutil.which("lychee", path=str(Path(sys.executable).parent))
    if lychee is None:
        pytest.skip("lychee is not installed")
    command = [lychee, "--offline", "--include-fragments", "--root-dir", str(showcase), "--index-files", "index.html"]
    done = subprocess.run([*command, str(showcase)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
