"""A built site in the place of the old one: whole, or file by file from a journal.

    html.new/              what is being made: a whole site, or only the files that differ
    html.journal.json      names the files that differ, once all of them lie in html.new
    html.old/              the old site, until it is removed

A build that ends before its journal is written leaves the old site as it was. One that is killed later is finished by
whoever comes next: each file is renamed into its place, so that none is ever half, and doing so twice does no harm.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from wattbench.runs import write_whole
from wattboard.publishing import tally
from wattboard.publishing.removing import remove

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def fresh_of(out: Path) -> Path:
    """Name the folder in which a site is made."""
    return out.with_name(f"{out.name}.new")


def _old_of(out: Path) -> Path:
    return out.with_name(f"{out.name}.old")


def _journal_of(out: Path) -> Path:
    return out.with_name(f"{out.name}.journal.json")


def settle(out: Path) -> None:
    """Finish what a killed build had begun, and remove what it left."""
    journal, old = _journal_of(out), _old_of(out)
    if journal.exists():
        told = json.loads(journal.read_bytes())
        _apply(out, told["put"], told["gone"])
        journal.unlink()
    if old.exists() and not out.exists():
        old.rename(out)  # the last build was killed between its two renames
    for left in (fresh_of(out), old):
        remove(left)


def whole(out: Path) -> None:
    """Put a whole new site into place."""
    old = _old_of(out)
    if out.exists():
        out.rename(old)
    fresh_of(out).rename(out)
    remove(old)


def piecewise(out: Path, gone: Iterable[str]) -> int:
    """Put the files that differ into place and remove those that are gone; give what they add to the site's tally."""
    fresh = fresh_of(out)
    put = sorted(str(path.relative_to(fresh)) for path in fresh.rglob("*") if path.is_file())
    put.sort(key=lambda path: (out / path).exists())  # new ones first: nothing leads to what is not there yet
    gone = sorted(gone)
    moved = sum(tally.one(path, (fresh / path).stat()) for path in put)
    left = sum(tally.one(path, (out / path).stat()) for path in (*put, *gone) if (out / path).exists())
    write_whole(_journal_of(out), json.dumps({"put": put, "gone": gone}).encode())
    settle(out)
    return moved - left


def _apply(out: Path, put: Iterable[str], gone: Iterable[str]) -> None:
    fresh = fresh_of(out)
    for path in put:
        with contextlib.suppress(FileNotFoundError):  # it was moved before
            _move(fresh / path, out / path)
    for path in gone:
        (out / path).unlink(missing_ok=True)
        for folder in (out / path).parents:
            if folder == out or any(os.scandir(folder)):
                break
            folder.rmdir()


def _move(source: Path, target: Path) -> None:
    source.stat()
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
