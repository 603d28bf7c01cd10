"""A browser, and built sites to open in it: the demo's boards, and one with a board of many models."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import many_models
import pytest
import site_factory as make
from browser.get_browser import find

sys.path.insert(0, str(Path(__file__).parents[1] / "perf"))

import site_models

from wattboard import build, frame
from wattboard.cli.publish import listen
from wattboard.founding import anchors, freezing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    Opener = Callable[..., Page]

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MANY = 145  # models: more than stand on a board's own page
CROWDED = 620  # models: more than a chart has marks for, and three pages of a table


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=find(), args=ARGS)
        except playwright.Error as error:
            pytest.skip(f"no browser: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with listen(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser")
    filed = frame.gather([make.write(make.demo(), folder / "s")])
    freezing.freeze(folder / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None)
    with served(folder / "html") as at:
        yield at


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = many_models.write(tmp_path_factory.mktemp("many"), MANY)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None)
    with served(folder / "html") as at:
        yield at


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site whose first board has more models than a chart has room for."""
    folder = site_models.write(tmp_path_factory.mktemp("crowded"), CROWDED)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None)
    with served(folder / "html") as at:
        yield at


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Open pages that fail the test where a script fails."""
    opened: list[Page] = []
    errors: list[str] = []

    def open_one(where: str, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Page:
        size = {"width": width, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme, java_script_enabled=scripts)
        page.on("pageerror", lambda error: errors.append(str(error)))
        opened.append(page)
        page.goto(where)
        return page

    yield open_one
    for page in opened:
        page.close()
    assert not errors
