"""Draws rows by a seeded hash: which rows depends on the seed and on what the rows are, on nothing else.

A row of a data set is known by its place: the data set, the file in its repository, its number in that file. Its rank
is a hash of that and of the seed; the rows of the lowest ranks are drawn. So neither the order in which files are
read, nor the machine, nor how many rows are wanted moves a row. With a secret key in place of the seed nobody else
can tell which rows were drawn: that is how the private ones are chosen. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from wattbench.tasks import Row

Rank = Callable[[str], bytes]  # of a row's place


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a file: the places of its rows, and what makes those of the given numbers; None leaves a row out."""

    places: Sequence[str]
    make: Callable[[Sequence[int]], Sequence[Row | None]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row that was drawn: its rank, its place, the hash of its content, and the row."""

    rank: bytes
    place: str
    content: str
    row: Row


def place(dataset: str, file: str, number: int) -> str:
    """Name a row of a data set."""
    return f"{dataset}/{file}#{number}"


def by_seed(seed: str) -> Rank:
    """Rank places by a seed that everybody may know."""
    return lambda where: hashlib.sha256(f"{seed}\n{where}".encode()).digest()


def by_key(key: bytes, seed: str) -> Rank:
    """Rank places by a key that nobody else knows."""
    return lambda where: hmac.digest(key, f"{seed}\n{where}".encode(), "sha256")


def draw(windows: Iterable[Window], count: int, rank: Rank, without: Collection[str] = ()) -> list[Drawn]:
    """Draw the `count` rows of the lowest ranks, in their order; fewer where there are no more.

    Of rows with the same content the one of the lowest rank counts; contents in `without` do not. Every window is
    read once at most, and only in those rows that can still be drawn: memory holds `count` rows and one window.
    """
    kept: dict[str, Drawn] = {}
    cut: bytes | None = None  # where enough are kept, the highest rank among them
    for window in windows:
        ranks = ((rank(where), number) for number, where in enumerate(window.places))
        open_still = sorted(one for one in ranks if cut is None or one[0] < cut)
        rows = window.make([number for _, number in open_still]) if open_still else []
        for (found, number), row in zip(open_still, rows, strict=True):
            if row is None or (content := digest(row)) in without:
                continue
            if content not in kept or found < kept[content].rank:
                kept[content] = Drawn(found, window.places[number], content, row)
        lowest = sorted(kept.values(), key=lambda one: one.rank)[:count]
        kept = {one.content: one for one in lowest}
        cut = lowest[-1].rank if count and len(lowest) == count else cut
    return list(kept.values())


def shares(total: int, parts: int) -> list[int]:
    """Divide a total as equally as whole numbers allow, the first parts getting what is left over."""
    return [total // parts + (number < total % parts) for number in range(parts)]


def canonical(row: Mapping[str, Any]) -> bytes:
    """Write a row's content in one way only: sorted JSON, with bytes as their sha256."""
    return json.dumps(row, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=_of_bytes).encode()


def digest(row: Mapping[str, Any]) -> str:
    """The sha256 of a row's content."""
    return hashlib.sha256(canonical(row)).hexdigest()


def commitment(row: Mapping[str, Any], key: bytes) -> str:
    """Commit to a row without showing it: the sha256 of its salt and its content.

    Whoever is shown row and salt later can check that it is the row that was measured.
    """
    return hashlib.sha256(salt(row, key) + canonical(row)).hexdigest()


def salt(row: Mapping[str, Any], key: bytes) -> bytes:
    """The salt of a row's commitment, 32 bytes that only the holder of the key can make."""
    return hmac.digest(key, b"salt\n" + canonical(row), "sha256")


def _of_bytes(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"sha256": hashlib.sha256(value).hexdigest()}
    raise TypeError(f"a row holds a {type(value).__name__}, which is neither JSON nor bytes")
