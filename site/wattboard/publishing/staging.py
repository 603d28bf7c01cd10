"""Where a build puts the site's files: parts that are as before keep theirs, and nothing is written that is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wattboard.publishing import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from wattboard.publishing.built import Built


def write(fresh: Path, old: Path | None, path: str, data: bytes, twin: str | None = None) -> int:
    """Write a file below the fresh folder, unless the old site has the same one; give what it adds to the tally.

    `twin` is where the same bytes were written before: a whole new site has them once, under both names.
    """
    if old is not None:
        if _same(f"{old}/{path}", data):
            return 0
        twin = None  # it may lie in the old site alone
    place = f"{fresh}/{path}"
    try:
        return _put(place, path, data, twin and f"{fresh}/{twin}")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120 - no Path, as this is done for every file
        return _put(place, path, data, twin and f"{fresh}/{twin}")


def _put(place: str, path: str, data: bytes, twin: str | None) -> int:
    if twin:
        try:
            os.link(twin, place)  # one more name for the same bytes
        except FileNotFoundError:
            raise
        except OSError:  # a disk without links
            pass
        else:
            return tally.one(path, os.stat(place))  # noqa: PTH116 - as above
    before = 0
    try:
        file = open(place, "xb", buffering=0)  # noqa: SIM115, PTH123 - closed below; as above
    except FileExistsError:
        before = tally.one(path, os.stat(place))  # noqa: PTH116 - as above
        os.unlink(place)  # noqa: PTH108 - as above; written over, it would change under its other names too
        file = open(place, "xb", buffering=0)  # noqa: SIM115, PTH123 - closed below; as above
    with file:
        file.write(data)
        return tally.one(path, os.fstat(file.fileno())) - before


def _same(place: str, data: bytes) -> bool:
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - the same
            return os.fstat(file.fileno()).st_size == len(data) and file.readall() == data
    except OSError:
        return False


class Stage:
    """A site in the making. `old` is the site that it is a change of, None where all is made anew.

    `tally` is that of the files which were written, None once others lie among them.
    """

    def __init__(self, fresh: Path, out: Path, before: Built | None) -> None:
        """Begin a site, from nothing or from what was built before."""
        self.fresh, self.before = fresh, before
        self.old = None if before is None else out
        self.parts: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.kept: set[str] = set()
        self.tally: int | None = 0

    def keep(self, part: str, key: str, own: Callable[[], str] | None = None) -> bool:
        """Keep the files of a part that is made of what it was made of before; tell whether it is.

        A part that has a key of its `own` beside is so too where that one is as before.
        """
        if self.before is None or part not in self.before.parts:
            return False
        told, paths = self.before.parts[part]
        was, _, was_own = told.partition(" ")
        if was != key and (own is None or not was_own or own() != was_own):
            return False
        self.parts[part] = (f"{key} {was_own}" if was_own else key, paths)
        self.kept.add(part)
        return True

    def put(self, part: str, key: str, files: Iterable[tuple[str, bytes]]) -> None:
        """Put a part's files, more of them where it has some already."""
        paths, total = [], 0
        for path, data in files:
            total += write(self.fresh, self.old, path, data)
            paths.append(path)
        self.note(part, key, paths, total)

    def note(self, part: str, key: str, paths: Iterable[str], total: int = 0) -> None:
        """Remember which files a part has, wherever they were written, and what they add to the tally."""
        self.parts[part] = (key, (*self.parts.get(part, ("", ()))[1], *paths))
        if self.tally is not None:
            self.tally = (self.tally + total) % tally.WIDE

    def read(self, path: str) -> bytes:
        """Read a file of the site: as it was written now, or as it lay there."""
        fresh = self.fresh / path
        return (fresh if self.old is None or fresh.exists() else self.old / path).read_bytes()

    def add(self, beside: Callable[[str], str | None]) -> None:
        """Remember that files lie beside those of the parts that were made, wherever they do."""
        self.tally = None
        for name, (key, paths) in self.parts.items():
            if name not in self.kept:
                more = (beside(path) for path in paths)
                self.parts[name] = (key, tuple(dict.fromkeys((*paths, *(path for path in more if path)))))

    def gone(self) -> list[str]:
        """Name the files that no part has any more."""
        if self.before is None:
            return []
        has = {path for _, paths in self.parts.values() for path in paths}
        return [path for _, paths in self.before.parts.values() for path in paths if path not in has]
