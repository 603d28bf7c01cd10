"""The light layout of very large sites: legible in both schemes, and as dark as the reader chose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import many_models
import pytest
from browser.conftest import served

from wattboard import build, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    Opener = Callable[..., Page]

MODELS = ("models/demo/all-MiniLM-L6-v2/", "models/Quillon/bge-like-tiny-v0/")
PAPER = {"light": "rgb(251, 249, 244)", "dark": "rgb(17, 22, 27)"}

# axe takes words in the very colour of their ground for hidden on purpose.
CONTRAST = """one => {
  const light = (told) => told.match(/[0-9.]+/g).slice(0, 3).map((v) => (v / 255) ** 2.2)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  let ground = one;
  while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
  const both = [light(getComputedStyle(one).color), light(getComputedStyle(ground).backgroundColor)];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = many_models.write(tmp_path_factory.mktemp("light"), 30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "LIGHT", 0)
        patch.setattr(pages, "LIGHT_FROM", 0)
        build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None)
    with served(folder / "html") as at:
        yield at


@pytest.mark.parametrize("width", [320, 390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_is_legible_on_the_schemes_own_ground(
    light: str, open_page: Opener, scheme: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = open_page("about:blank", scheme=scheme, width=width)
    for model in MODELS:
        page.goto(light + model)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER[scheme]
        for words in page.locator("h1, h2, p, dt, dd, .ws-label b, .ws-label span, header a").all():
            if words.is_visible():
                assert words.evaluate(CONTRAST) >= 4.4, words.inner_text()
        assert not axe.run(page).response["violations"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Inter")


@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_what_a_reader_chose_on_another_page_holds_here_too(
    light: str, open_page: Opener, system: str, chosen: str
) -> None:
    page = open_page(light, scheme=system)
    for _ in range(3):  # the theme's switch goes from the system's choice to light to dark
        if page.evaluate("document.body.dataset.mdColorScheme") == {"light": "default", "dark": "slate"}[chosen]:
            break
        page.locator("label[for^=__palette]:visible").click()
    kept = json.loads(page.evaluate("localStorage.getItem('/.__palette')"))
    assert kept["color"]["scheme"] == {"light": "default", "dark": "slate"}[chosen]
    page.goto(light + MODELS[0])
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER[chosen]


def test_without_javascript_the_page_is_whole(light: str, open_page: Opener) -> None:
    page = open_page(light + MODELS[1], scripts=False)
    assert page.get_by_role("heading", level=1).inner_text() == "bge-like-tiny-v0"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER["light"]
    page.get_by_role("link", name="Models", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Models"
