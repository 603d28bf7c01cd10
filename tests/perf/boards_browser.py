"""What a reader waits for on a page, in headless Chromium on a phone's screen with its processor slowed.

Every time is taken inside the page, from the act to the frame that shows what came of it. The network of `SLOW` is for
opening a page and for the first touch, which fetches the rows; what a reader does afterwards is timed without it.
"""

from __future__ import annotations

import statistics
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, CDPSession, Page

SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
FAST = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
PATIENCE = 180_000  # ms
SETTLED = 1000  # ms after a page is there, for what the theme fetches late


class Device(NamedTuple):
    """A screen, and how many times slower than this machine its processor is."""

    width: int
    height: int
    slower: int


PHONE, DESK = Device(390, 844, 4), Device(1440, 900, 1)

WATCH = """
window.told = { long: [], ready: null };
new PerformanceObserver((list) => { told.long.push(...list.getEntries()); })
  .observe({ type: "longtask", buffered: true });
const look = () => {
  if (document.querySelector(".ws-count")?.textContent) told.ready = performance.now();
  else if (document.readyState !== "complete" || document.querySelector("ws-board")) requestAnimationFrame(look);
};
requestAnimationFrame(look);
window.drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
// From an act to the frame after its sign is there, in ms.
window.taken = async (act, sign) => {
  await drawn();
  const start = performance.now();
  act();
  // not in a tight loop: a browser that is slowed would pay for it afterwards
  while (!sign()) await new Promise((done) => setTimeout(done, 2));
  await drawn();
  return performance.now() - start;
};
// The times between frames while the page scrolls by half a screen a frame, in ms.
window.scrolled = async (frames) => {
  scrollTo(0, document.querySelector(".ws-table").getBoundingClientRect().top + scrollY);
  await drawn();
  const found = [];
  let last = performance.now();
  for (let i = 0; i < frames; i += 1) {
    scrollBy({ top: innerHeight / 2, behavior: "instant" });
    await new Promise(requestAnimationFrame);
    found.push(performance.now() - last);
    last = performance.now();
  }
  return found;
};
"""
# What a reader does with a board: the act, and the sign that it was done.
SORT = """taken(() => document.querySelector('th[data-sort=model] button').click(),
  () => document.querySelector('th[data-sort=model]').ariaSort)"""
OTHER_WAY = """taken(() => document.querySelector('th[data-sort=model] button').click(),
  () => document.querySelector('th[data-sort=model]').ariaSort === 'descending')"""
FILTER = """taken(() => { const menu = document.querySelector('[name=stars]'); menu.value = '4';
  menu.dispatchEvent(new Event('input', { bubbles: true })); }, () => location.search.includes('stars=4'))"""
TYPE = """taken(() => { const field = document.querySelector('[name=find]'); field.value += 'base'[field.value.length];
  field.dispatchEvent(new Event('input', { bubbles: true })); },
  () => new URLSearchParams(location.search).get('find') === document.querySelector('[name=find]').value)"""
SHOW_ALL = """taken(() => document.querySelector('[data-all]').click(), () => location.search.includes('all=1'))"""
MORE = """taken(() => { window.rows = document.querySelectorAll('.ws-table tbody tr').length;
  document.querySelector('[data-more]').click(); },
  () => document.querySelectorAll('.ws-table tbody tr').length > window.rows)"""
# What a page of all rows can do, as small scripts for tables do it: take the rows out in another order.
SORT_PLAIN = """taken(() => {
  const body = document.querySelector('.ws-table').tBodies[0];
  const name = new Intl.Collator('en', { numeric: true });
  body.append(...[...body.rows].map((row) => [row.cells[0].textContent, row])
    .sort(([a], [b]) => name.compare(a, b)).map(([, row]) => row));
}, () => true)"""


class Opened(NamedTuple):
    """A page that is open, the wire to its browser, and the bytes that have come."""

    page: Page
    wire: CDPSession
    sent: list[float]

    @property
    def kb(self) -> float:
        """What has come over the wire, in kB."""
        return sum(self.sent) / 1000


@contextmanager
def opened(
    browser: Browser, where: str, network: dict[str, float], device: Device = PHONE, *, scripts: bool = True
) -> Iterator[Opened]:
    """Open a page on a device, with an empty cache."""
    size = {"width": device.width, "height": device.height}
    context = browser.new_context(viewport=size, java_script_enabled=scripts)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", network)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": device.slower})
    sent: list[float] = []
    wire.on("Network.loadingFinished", lambda told: sent.append(told["encodedDataLength"]))
    page.add_init_script(WATCH)
    page.set_default_timeout(PATIENCE)
    page.goto(where, wait_until="load")
    yield Opened(page, wire, sent)
    context.close()


def loading(browser: Browser, where: str, *, ours: bool) -> dict[str, float]:
    """Measure how a page opens: seconds, kB, elements, ms for which it hears nobody; and a plain page's use at once."""
    with opened(browser, where, SLOW) as one:
        if ours:
            one.page.wait_for_function("told.ready")
        one.page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        one.page.wait_for_timeout(SETTLED)
        told: dict[str, float] = one.page.evaluate(
            """() => ({
              paint: performance.getEntriesByName("first-contentful-paint")[0].startTime / 1000,
              calm: Math.max(told.ready ?? 0, ...told.long.map((one) => one.startTime + one.duration)) / 1000,
              blocked: told.long.reduce((sum, one) => sum + Math.max(0, one.duration - 50), 0),
              longest: Math.max(0, ...told.long.map((one) => one.duration)),
              elements: document.querySelectorAll("*").length,
            })"""
        )
        told |= {"kb": one.kb, "calm": max(told["calm"], told["paint"])}
        if ours:
            return told
        one.wire.send("Network.emulateNetworkConditions", FAST)
        return told | _used(one.page, ours=False)  # it would take a minute to open it again


def touched(browser: Browser, where: str) -> dict[str, float]:
    """Measure what a reader does with a board, in ms: first with the rows to be fetched, then the other acts."""
    with opened(browser, where, SLOW) as one:
        page = one.page
        page.wait_for_function("told.ready")
        page.wait_for_timeout(SETTLED)
        before = one.kb
        told = {"first": page.evaluate(SORT), "rows kb": one.kb - before}
        one.wire.send("Network.emulateNetworkConditions", FAST)
        told["filter"] = page.evaluate(FILTER)
        told["type"] = statistics.median(page.evaluate(TYPE) for _ in "base")
        page.evaluate("document.querySelector('.ws-tools [type=reset]').click()")
        page.wait_for_function("!location.search.includes('find')")
        told |= {"show all": page.evaluate(SHOW_ALL), "more": page.evaluate(MORE)}
        return told


def used(browser: Browser, where: str, device: Device, *, ours: bool) -> dict[str, float]:
    """Measure a sort by name, the rows at hand, and the frames of a scroll through 60 half screens, in ms."""
    with opened(browser, where, FAST, device) as one:
        if ours:
            one.page.wait_for_function("told.ready")
            one.page.evaluate(SORT)
        return _used(one.page, ours=ours)


def _used(page: Page, *, ours: bool, more: int = 4) -> dict[str, float]:
    """Sort and scroll: ours with some presses of the button for more rows between, a plain page by moving its rows."""
    told = {"sort": page.evaluate(OTHER_WAY if ours else SORT_PLAIN)}
    if ours:
        page.evaluate(SHOW_ALL)
        for _ in range(more):
            if page.locator("[data-more]").is_visible():
                page.evaluate(MORE)
    found = sorted(page.evaluate("scrolled(60)"))
    return told | {"frame": found[int(len(found) * 0.95)]}


def paged(browser: Browser, where: str) -> dict[str, float]:
    """Read every page of a board without scripts, from link to link: models, pages, and the heaviest of them in kB."""
    names: set[str] = set()
    pages, heaviest = 0, 0.0
    waiting: str | None = where
    while waiting:
        with opened(browser, waiting, FAST, scripts=False) as one:
            one.page.wait_for_timeout(SETTLED / 5)
            rows = one.page.locator(".ws-table tbody .ws-model a")
            names |= set(rows.evaluate_all("links => links.map(link => link.href)"))
            pages, heaviest = pages + 1, max(heaviest, one.kb)
            further = one.page.locator(".ws-pager b[aria-current] + a").first
            waiting = further.evaluate("link => link.href") if further.count() else None
    return {"models": len(names), "pages": pages, "heaviest kb": heaviest}


def search(browser: Browser, where: str, typed: str, network: dict[str, float]) -> tuple[list[float], float]:
    """Measure from each key press to the frame that shows names for what has been typed, in ms; and give the kB."""
    with opened(browser, where, network) as one:
        page = one.page
        page.wait_for_timeout(SETTLED)
        page.evaluate(
            """() => {
              window.presses = [];
              const input = document.querySelector("ws-find input");
              const list = document.querySelector("ws-find [role=listbox]");
              addEventListener("keydown", () => { window.pressed = performance.now(); }, { capture: true });
              new MutationObserver(async () => {
                if (!list.querySelector("[role=option]:not([data-pages])") || window.pressed == null) return;
                const from = window.pressed;
                window.pressed = null;
                await drawn();
                presses.push(performance.now() - from);
              }).observe(list, { childList: true });
            }"""
        )
        before = one.kb
        page.keyboard.press("/")
        page.wait_for_function("document.activeElement.closest('ws-find')")
        page.wait_for_timeout(1000)  # a hand takes a moment; the list of files comes meanwhile
        page.evaluate("window.pressed = null")
        found = []
        for letter in typed:
            before = page.evaluate("presses.length")
            page.keyboard.press(letter)
            page.wait_for_function("before => presses.length > before", arg=before)
            found.append(page.evaluate("presses.at(-1)"))
            page.wait_for_timeout(300)
        page.wait_for_timeout(SETTLED)
        return found, one.kb - before
