"""What the last build made, kept in the cache: which part of the site has which files, and what it was made of.

    build/cache/built-PLACE.json    the sha256 of what follows, then JSON; PLACE names the site's folder

A part's key names all that it is made of. A part whose key is as before keeps its files. Nobody believes a record of
other code, of a site that was touched since (tally.py), or one that does not hold its own hash: then all is made anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.problems import Refusal
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Built:
    """A built site: `basis` is what all parts share, `tally` the sum of its files; each part has a key and paths."""

    basis: str
    tally: int
    parts: Mapping[str, tuple[str, tuple[str, ...]]]


def place(folder: Path, out: Path) -> Path:
    """Name the record of a site in the folder of the cache."""
    return folder / f"built-{hashlib.sha256(str(out.absolute()).encode()).hexdigest()[:16]}.json"


def load(folder: Path, out: Path) -> Built | None:
    """Read the record of a site; None where there is none that holds."""
    try:
        told, data = place(folder, out).read_bytes().split(b"\n", 1)
        if hashlib.sha256(data).hexdigest().encode() != told:
            return None
        found = json.loads(data)
        if found["schema"] != SCHEMA:
            return None
        parts = {name: (key, tuple(paths)) for name, (key, *paths) in found["parts"].items()}
        return Built(found["basis"], int(found["tally"]), parts)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def save(folder: Path, out: Path, built: Built) -> str | None:
    """Keep the record of a site; give why not where the disk refuses."""
    parts = {name: [key, *paths] for name, (key, paths) in built.parts.items()}
    told = {"schema": SCHEMA, "basis": built.basis, "tally": str(built.tally), "parts": parts}
    data = json.dumps(told, separators=(",", ":")).encode()
    try:
        write_whole(place(folder, out), hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
    except Refusal as refusal:
        return refusal.problems[0].message
    return None


def forget(folder: Path, out: Path) -> None:
    """Remove the record of a site that is about to change."""
    place(folder, out).unlink(missing_ok=True)
