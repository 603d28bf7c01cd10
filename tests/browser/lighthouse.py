"""Run Lighthouse on every type of page of a built site: `make lighthouse`. It comes through npm; without npm, nothing.

Prints the four scores of each page and the audits below 100. The release is named here, so that scores can be compared.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from get_browser import get
from page_types import found
from serving import compressed

ROOT = Path(__file__).parents[2]
RELEASE = "lighthouse@12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FLAGS = "--headless=new --no-sandbox --disable-gpu"
WHOLE = 100


def report(address: str, browser: str, form: str) -> dict[str, Any] | str:
    """Give Lighthouse's report on a page, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        command = [
            *("npx", "--yes", RELEASE, address, "--quiet", "--output=json", f"--output-path={target}"),
            *(f"--chrome-flags={FLAGS}", f"--only-categories={','.join(CATEGORIES)}"),
            *(["--preset=desktop"] if form == "desktop" else []),
        ]
        done = subprocess.run(
            command, env=os.environ | {"CHROME_PATH": browser}, capture_output=True, text=True, check=False
        )
        if not target.exists():
            lines = (done.stderr or done.stdout).strip().splitlines()
            return next((line for line in reversed(lines) if line.strip()), "Lighthouse said nothing")
        told: dict[str, Any] = json.loads(target.read_bytes())
        return told


def reasons(told: dict[str, Any], category: str) -> list[str]:
    """Give the audits that cost a category points, the dearest first."""
    lost = []
    for part in told["categories"][category]["auditRefs"]:
        audit = told["audits"][part["id"]]
        if part["weight"] and audit["score"] is not None and audit["score"] < 1:
            lost.append((part["weight"] * (1 - audit["score"]), audit))
    lost.sort(key=lambda one: -one[0])
    return [f"{audit['title']}{': ' + audit['displayValue'] if audit.get('displayValue') else ''}" for _, audit in lost]


def main() -> None:
    """Look at `build/html`, or the site that is named; `--desktop` for a desktop's speed and width."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    form = "desktop" if "--desktop" in sys.argv else "mobile"
    html = Path(words[0]) if words else ROOT / "build/html"
    only = set(words[1:])
    browser, pages = get(), {name: at for name, at in found(html).items() if not only or name in only}
    if shutil.which("npx") is None or browser is None:
        print(f"Lighthouse is skipped: {'no npm' if browser else 'no browser'} can be had here.")
        return
    if not pages:
        sys.exit(f"{html} is no built site: make showcase, or make demo, builds one.")
    print(f"{RELEASE}, {form}: {', '.join(CATEGORIES)}")
    with compressed(html) as address:
        for name, place in pages.items():
            told = report(address + place, browser, form)
            if isinstance(told, str):
                print(f"{name}: no report: {told}")
                continue
            scores = [round(100 * (told["categories"][one]["score"] or 0)) for one in CATEGORIES]
            print(f"{name}: {'/'.join(map(str, scores))}", flush=True)
            for category, score in zip(CATEGORIES, scores, strict=True):
                if score < WHOLE:
                    print(f"    {category}: {'; '.join(reasons(told, category))}", flush=True)


if __name__ == "__main__":
    main()
