"""Find a browser for the tests, or get one where that is allowed: apt as root, else playwright's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Find a Chromium: by WATTSTAR_CHROMIUM, on PATH, or among playwright's own."""
    named = os.environ.get("WATTSTAR_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    own = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(own[-1]) if own else None


def get() -> str | None:
    """Find a browser or try to install one; None where none can be had."""
    if found := find():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("No browser found: installing chromium with apt-get.", flush=True)
        for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(
                ["apt-get", "-qq", *words],
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                check=False,
                stdout=subprocess.DEVNULL,
            )
    if not find():
        print("No browser found: asking playwright for its own.", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find()


if __name__ == "__main__":
    print(f"Browser tests use {get() or 'no browser: none can be had here, they are skipped'}.")
