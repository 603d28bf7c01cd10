"""Take the README's picture of the built site: `make picture` after `make demo`."""

from __future__ import annotations

import sys
from pathlib import Path

from get_browser import get
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    """Open the sentence-similarity task of build/html and save it as picture.png beside the README."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Quiet(SimpleHTTPRequestHandler):
        """Serves without a log."""

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    browser = get()
    if browser is None:
        sys.exit("No browser can be had here.")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT / "build/html")))
    Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        page = opened.new_page(viewport={"width": 1280, "height": 1090})
        page.goto(f"http://127.0.0.1:{server.server_port}/tasks/sentence-similarity/")
        page.screenshot(path=ROOT / "site/picture.png")
        opened.close()
    print(f"Saved {ROOT / 'site/picture.png'}")


if __name__ == "__main__":
    main()
