"""The names of all models, split by prefix, for the search box: what a reader types is one small file away. Pure.

    search/names/index.json    the files there are, and the tasks
    search/names/PREFIX.json   models one of whose words begins so, the shortest names first: "bert" is in "bert-base"
    search/names/all-0.json    all models, the shortest names first, a shard a file; there where a prefix is cut

Words are the parts of a name between marks (`-_./`), in lower case. A prefix that too many words share has the shortest
names alone, and is split by one more letter. So no file is large, and the first letters suffice for the first results.
Two words that are both common lead to cut files which may have no name in common: then the shards are looked through.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wattboard.imports import Imported
    from wattboard.listings import Profile, Site

MOST = 400  # names in a file
SHARD = 2000  # names in a file of all of them
_MARKS = re.compile(r"[-_./\s]+")
ROOT = "search/names"


@dataclass(slots=True)
class _Node:
    prefix: str
    found: list[int] = field(default_factory=list)


def files(site: Site, imported: Sequence[Imported] = ()) -> dict[str, str]:
    """Give every file of the search by its path below the site. Imported models stand behind measured ones."""
    named, tasks = entries(site, imported)
    told = split(named)
    every = sharded(named, told)
    index = {
        "schema": 1,
        "models": len(named),
        "tasks": tasks,
        "most": MOST,
        "shards": len(every),
        # how many models a prefix has; a file that has fewer, `most` of them, is cut, and longer prefixes go on
        "prefixes": {prefix: count for prefix, (count, _) in told.items()},
    }
    found = {f"{ROOT}/index.json": _json(index)}
    for number, names in enumerate(every):
        found[f"{ROOT}/all-{number}.json"] = _json([entry for name in names for entry in named[name]])
    for prefix, (_, names) in told.items():
        found[f"{ROOT}/{file_name(prefix)}"] = _json([entry for name in names for entry in named[name]])
    return found


def entries(site: Site, imported: Sequence[Imported] = ()) -> tuple[dict[str, list[list[Any]]], list[list[str]]]:
    """Give what can be found, all that the files are made of: models by their names, and tasks."""
    named = {profile.id: [[profile.id, *_about(profile)]] for profile in site.profiles}
    for name, boards in _imported(imported).items():
        about = f"{boards} {'board' if boards == 1 else 'boards'}"
        named.setdefault(name, []).append([name, None, about, f"imported/models/{name}/"])
    return named, [[one.task.title, f"tasks/{one.task.name}/", f"{len(one.all)} models"] for one in site.headlines]


def _imported(imported: Sequence[Imported]) -> dict[str, int]:
    """Count the boards of every imported model that has a page: of names that differ only in case the first has."""
    counted = Counter(row.model for one in imported for board in one.boards.values() for row in board.rows)
    spelt: dict[str, str] = {}
    return {name: counted[name] for name in sorted(counted) if spelt.setdefault(name.casefold(), name) == name}


def split(names: Iterable[str], most: int = MOST) -> dict[str, tuple[int, list[str]]]:
    """Split names by prefix: prefix -> how many models have a word that begins so, and the first `most` of them."""
    ordered = sorted(set(names), key=lambda name: (len(name), name))
    waiting = [_Node(letter, found) for letter, found in _grouped(ordered, range(len(ordered)), "").items()]
    told: dict[str, tuple[int, list[str]]] = {}
    while waiting:
        node = waiting.pop()
        told[node.prefix] = (len(node.found), [ordered[i] for i in node.found[:most]])
        if len(node.found) > most:
            longer = _grouped(ordered, node.found, node.prefix)
            waiting += [_Node(prefix, found) for prefix, found in longer.items()]
    return dict(sorted(told.items()))


def sharded(names: Iterable[str], told: Mapping[str, tuple[int, list[str]]], size: int = SHARD) -> list[list[str]]:
    """Give all names in shards, the shortest first; none where no prefix is cut."""
    if all(count == len(found) for count, found in told.values()):
        return []
    ordered = sorted(set(names), key=lambda name: (len(name), name))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def words(name: str) -> list[str]:
    """Give the words of a name, in lower case: `org/Bert-base` is `org`, `bert`, `base`."""
    return [word for word in _MARKS.split(name.lower()) if word]


def file_name(prefix: str) -> str:
    """Name the file of a prefix: letters and digits of ASCII as they are, all else as its number in hexadecimal."""
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in prefix) + ".json"


def _grouped(names: list[str], which: Iterable[int], prefix: str) -> dict[str, list[int]]:
    """Group names by the prefixes that are one letter longer; a word that ends here is in none of them."""
    size = len(prefix) + 1
    found: dict[str, list[int]] = {}
    for i in which:
        for start in {word[:size] for word in words(names[i]) if len(word) >= size and word.startswith(prefix)}:
            found.setdefault(start, []).append(i)
    return found


def _about(profile: Profile) -> list[Any]:
    """Say what stands beside a name: the stars on its first board, null without, and that board's task."""
    first = profile.results[0]
    return [first.rating.stars, first.listing.task.title]


def _json(value: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
