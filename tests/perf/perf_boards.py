"""Boards of 1,000 and 10,000 models as a reader meets them, and the search box at 50,000 names, in a browser.

    make perf-boards       sites of 1,000 and 10,000 models on one board; rewrites its section of site/pages/scale.md
    perf_boards.py 500     another size, written nowhere

Beside every board stands what one would write without it: the same table as one plain page of all rows, with the same
styles, and a sort that moves its rows as small scripts for tables do.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import boards_browser as reader
import boards_report
import many_models
import site_models
from browser import serving
from browser.conftest import ARGS
from browser.get_browser import find

from wattboard import build
from wattboard.publishing import searching

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
SIZES = (1000, 10_000)
NAMES = 50_000
TURNS = 3  # the plain page is measured once: it takes minutes
WORDS = ("electra", "roberta", "org-42", "mini-lm base")  # the last: two words that thousands of names share


def site(place: Path, models: int) -> Path:
    """Build a site with one board of so many models; give the folder of its HTML."""
    site_models.A_BOARD = models
    folder = site_models.write(place, models)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None)
    return folder / "html"


def board(html: Path) -> str:
    """Give the address of the only board below a site's."""
    return f"boards/{next((html / 'boards').iterdir()).name}/"


def plain(html: Path) -> str:
    """Write a board's table as one page of all rows, without chart, tools or scripts; give its address."""
    own = html / board(html)
    pages = [
        path.read_text()
        for path in (own / "index.html", *sorted(own.glob("*/index.html"), key=lambda path: int(path.parent.name)))
    ]
    rows = [row for page in pages for row in re.findall(r"<tbody[^>]*>(.*?)</tbody>", page, re.DOTALL)]
    head = re.search(r"<table class=\"ws-table\".*?</thead>", pages[0], re.DOTALL)
    stars = re.search(r"<svg class=\"ws-defs\".*?</svg>", pages[0], re.DOTALL)
    if head is None or stars is None:
        raise SystemExit("the board's page has another form than expected")
    styles = "".join(re.findall(r"<link rel=\"stylesheet\"[^>]*>", pages[0]))
    every = "<style>.ws-table tbody tr { content-visibility: visible !important }</style>"
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>All rows</title>{styles}{every}'
    page += '<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width"></head>'
    page += f'<body class="md-typeset" data-md-color-scheme="default">{stars[0]}{head[0]}'
    page += f"<tbody>{''.join(rows)}</tbody></table></body></html>"
    (html / "boards/plain").mkdir()
    (html / "boards/plain/index.html").write_text(page)
    return "boards/plain/"


def names(html: Path) -> None:
    """Give a site's search box 50,000 made-up names instead of its own."""
    draw = random.Random(NAMES)  # noqa: S311 - made-up data
    task = SimpleNamespace(title="Sentence similarity")
    profiles = [
        SimpleNamespace(
            id=f"org-{k % 997:03d}/{draw.choice(many_models.FAMILIES)}-{many_models.SIZES[k % 5][0]}-{k:05d}",
            results=[SimpleNamespace(rating=SimpleNamespace(stars=1 + k % 5), listing=SimpleNamespace(task=task))],
        )
        for k in range(NAMES)
    ]
    made_up: Any = SimpleNamespace(profiles=profiles, headlines=[])  # what the search reads of a site
    for path, text in searching.files(made_up).items():
        (html / path).write_text(text)


def medians(turns: int, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Measure some times and give the medians."""
    found = [measure() for _ in range(turns)]
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def measured(browser: Browser, html: Path) -> dict[str, dict[str, float]]:
    """Measure a board, and the plain page of its rows, as a reader meets them."""
    at_board, at_plain = board(html), plain(html)
    with serving.compressed(html) as address:
        ours, other = address + at_board, address + at_plain
        told: dict[str, dict[str, float]] = {"ours": {}, "plain": {}}
        for name, where, turns in (("ours", ours, TURNS), ("plain", other, 1)):
            mine = name == "ours"
            told[name] |= medians(turns, partial(reader.loading, browser, where, ours=mine))
            if mine:
                told[name] |= medians(turns, partial(reader.used, browser, where, reader.PHONE, ours=True))
            wide = medians(turns, partial(reader.used, browser, where, reader.DESK, ours=mine))
            told[name] |= {f"desk {what}": took for what, took in wide.items()}
            print(f"  {name}: {told[name]}", flush=True)
        told["ours"] |= medians(TURNS, partial(reader.touched, browser, ours)) | reader.paged(browser, ours)
    page = (html / at_board / "index.html").read_text()
    charted = "".join(re.findall(r"<svg class=\"ws-chart.*?</svg>", page, re.DOTALL))
    told["ours"]["chart kb"] = boards_report.compressed(charted)
    return told


def searched(browser: Browser, html: Path) -> dict[str, dict[str, float]]:
    """Measure the search box at 50,000 names: the first key of a word and the further ones, near by and far away."""
    names(html)
    told = {}
    with serving.compressed(html) as address:
        for line, network in (("fast", reader.FAST), ("slow", reader.SLOW)):
            found = [reader.search(browser, f"{address}about/", word, network) for word in WORDS]
            further = [took for presses, _ in found for took in presses[1:]]
            told[line] = {
                "first": statistics.median(presses[0] for presses, _ in found),
                "further": statistics.median(further),
                "worst": max(further),
                "kb": max(kb for _, kb in found),
            }
    return told


def main(sizes: tuple[int, ...]) -> None:
    """Build, measure, say what came out."""
    from playwright.sync_api import sync_playwright

    boards = {}
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("WATTSTAR_PERF")) as name,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=find(), args=ARGS)
        for size in sizes:
            html = site(Path(name) / str(size), size)
            print(f"{size:,} models: the site is built", flush=True)
            boards[size] = measured(browser, html)
            print(boards[size], flush=True)
        found = searched(browser, Path(name) / str(sizes[0]) / "html")
        print(found, flush=True)
        browser.close()
    said = boards_report.text(boards, found, NAMES, dt.datetime.now(dt.UTC))
    print(said)
    if sizes == SIZES:
        boards_report.write_page(ROOT / "site/pages/scale.md", said)


if __name__ == "__main__":
    main(tuple(int(word) for word in sys.argv[1:]) or SIZES)
