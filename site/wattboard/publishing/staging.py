"""Where a build puts the site's files: parts that are as before keep theirs, and nothing is written that is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from wattboard.publishing.built import Built


def write(fresh: Path, old: Path | None, path: str, data: bytes, twin: str | None = None) -> None:
    """Write a file below the fresh folder, unless the old site has the same one.

    `twin` is where the same bytes were written before: a whole new site has them once, under both names.
    """
    if old is not None:
        if _same(f"{old}/{path}", data):
            return
        twin = None  # it may lie in the old site alone
    place = f"{fresh}/{path}"
    try:
        _put(place, data, twin and f"{fresh}/{twin}")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120 - Path costs as much as the writing
        _put(place, data, twin and f"{fresh}/{twin}")


def _put(place: str, data: bytes, twin: str | None) -> None:
    if twin:
        try:
            os.link(twin, place)  # one more name costs a tenth of one more file
        except FileNotFoundError:
            raise
        except OSError:  # a disk without links
            pass
        else:
            return
    try:
        file = open(place, "xb", buffering=0)  # noqa: SIM115, PTH123 - closed below; as above
    except FileExistsError:
        os.unlink(place)  # noqa: PTH108 - as above; written over, it would change under its other names too
        file = open(place, "xb", buffering=0)  # noqa: SIM115, PTH123 - closed below; as above
    with file:
        file.write(data)


def _same(place: str, data: bytes) -> bool:
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - the same
            return os.fstat(file.fileno()).st_size == len(data) and file.readall() == data
    except OSError:
        return False


class Stage:
    """A site in the making. `old` is the site that it is a change of, None where all is made anew."""

    def __init__(self, fresh: Path, out: Path, before: Built | None) -> None:
        """Begin a site, from nothing or from what was built before."""
        self.fresh, self.before = fresh, before
        self.old = None if before is None else out
        self.parts: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.kept: set[str] = set()

    def keep(self, part: str, key: str) -> bool:
        """Keep the files of a part that is made of what it was made of before; tell whether it is."""
        if self.before is None or self.before.parts.get(part, (None,))[0] != key:
            return False
        self.parts[part] = self.before.parts[part]
        self.kept.add(part)
        return True

    def put(self, part: str, key: str, files: Iterable[tuple[str, bytes]]) -> None:
        """Put a part's files, more of them where it has some already."""
        paths = []
        for path, data in files:
            write(self.fresh, self.old, path, data)
            paths.append(path)
        self.note(part, key, paths)

    def note(self, part: str, key: str, paths: Iterable[str]) -> None:
        """Remember which files a part has, wherever they were written."""
        self.parts[part] = (key, (*self.parts.get(part, ("", ()))[1], *paths))

    def add(self, beside: Callable[[str], str | None]) -> None:
        """Remember that files lie beside those of the parts that were made, wherever they do."""
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
