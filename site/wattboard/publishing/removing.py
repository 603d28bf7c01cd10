"""Removes a built site. A disk that writes down every removal takes milliseconds for each, and does many at once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = 8
DEEP = 3  # levels of folders below which one thread removes all


def remove(tree: Path) -> None:
    """Remove a folder with all in it, where it is there; what cannot be removed is left."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(lambda part: shutil.rmtree(part, ignore_errors=True), list(_parts(tree, DEEP))):
            pass
    shutil.rmtree(tree, ignore_errors=True)


def _parts(folder: Path, deep: int) -> Iterator[Path]:
    """Give folders that can be removed apart from each other."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for part in folder.iterdir():
        if part.is_dir() and not part.is_symlink():
            if deep > 1:
                yield from _parts(part, deep - 1)
            else:
                yield part
