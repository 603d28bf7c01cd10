"""Take pictures of every type of page of a built site, light and dark, wide and narrow: `make screenshots`."""

from __future__ import annotations

import sys
from pathlib import Path

from get_browser import get
from page_types import found
from playwright.sync_api import sync_playwright
from serving import compressed

ROOT = Path(__file__).parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SCHEMES, WIDTHS, HIGH = ("light", "dark"), (1440, 390), 900


def main() -> None:
    """Picture `build/html`, or the site that is named, into `build/screenshots`, or the second folder named."""
    html, out = (
        Path(told or usual)
        for told, usual in zip(
            [*sys.argv[1:3], None, None], (ROOT / "build/html", ROOT / "build/screenshots"), strict=False
        )
    )
    browser, pages = get(), found(html)
    if browser is None:
        sys.exit("No browser can be had here.")
    if not pages:
        sys.exit(f"{html} is no built site: make showcase, or make demo, builds one.")
    out.mkdir(parents=True, exist_ok=True)
    with compressed(html) as address, sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = opened.new_page(viewport={"width": width, "height": HIGH}, color_scheme=scheme)  # type: ignore[arg-type] # one of both
                for name, place in pages.items():
                    page.goto(address + place, wait_until="networkidle")
                    page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
                page.close()
        opened.close()
    print(f"{len(pages) * len(SCHEMES) * len(WIDTHS)} pictures of {len(pages)} types of pages are in {out}")


if __name__ == "__main__":
    main()
