"""Runs -> one LazyFrame with one SCHEMA: one row a pass. Nothing is aggregated here.

Run files are read once and their rows kept (cache.py); a run itself is read again only where a page shows it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from wattbench import runs
from wattbench.evidence import FETCH
from wattbench.problems import Problem, Refusal, refuse
from wattbench.trace import path_of
from wattboard import cache, left_out, reading
from wattboard.cache import Kept, Seen
from wattboard.rows import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattbench.keys import TrustedKey
    from wattbench.runs import Run, Table, Trace
    from wattboard.left_out import LeftOut
    from wattboard.reading import Place

__all__ = ["SCHEMA", "Filed", "Gathered", "frame", "gather", "only", "read", "trace_of"]

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Filed:
    """A run and where it lies: `digest` is the sha256 of its file's bytes, `path` the file.

    `signer` is the id of the trusted key that signed it; None where nobody did, or nobody was asked.
    """

    path: Path
    digest: str
    board: str
    model: str
    revision: str
    session: str
    role: str
    measured_at: str
    signer: str | None
    rows: pl.DataFrame = field(repr=False, compare=False)  # those of all runs that were read together

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def data(self) -> bytes:
        """The file's bytes. Raises Refusal where they have changed since the run was read."""
        data = self.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise refuse(self.path, "", "changed while it was in use", "Let nothing write runs meanwhile; try again")
        return data

    @property
    def run(self) -> Run:
        """The run, read from its file. Raises Refusal where that has changed since."""
        return _run(self)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read: the runs that are whole, in the order of their names, and the files that are left out."""

    filed: tuple[Filed, ...]
    left_out: tuple[LeftOut, ...]


def gather(folders: Iterable[Path]) -> tuple[Filed, ...]:
    """Read every run below some submissions folders, each once, whoever signed it. Raises Refusal for any bad file."""
    gathered = read(folders, None)
    left_out.check(gathered.left_out, strict=True)
    return gathered.filed


def read(
    folders: Iterable[Path], trusted: Mapping[str, TrustedKey] | None, kept_in: Path | None = None
) -> Gathered:
    """Read every run below some submissions folders, each once; leave out what does not hold, with its reasons.

    Envelopes are held against the `trusted` keys, by id; with None nobody looks at them. `kept_in` is the folder of
    the cache; None reads every file. Raises Refusal for a file that this machine cannot read.
    """
    places = [place for folder in folders for place in reading.places(folder)]
    bad = {place.path: why for place in places if (why := reading.unreadable(place.path, place.stat))}
    left = [left_out.of(path, [why]) for path, why in bad.items()]
    places = [place for place in places if place.path not in bad]
    kept = cache.load(kept_in) if kept_in else cache.nothing()
    trust = hashlib.sha256("".join(sorted(one.model_dump_json() for one in (trusted or {}).values())).encode())
    trusts = trust.hexdigest() if trusted is not None else ""

    envelopes = {place.path: place.envelope for place in places if trusted is not None}
    listed = {place.path: place.stat for place in places}
    listed |= {path: place.there[path.name] for place in places if (path := envelopes.get(place.path))}
    seen = _hashed(listed, kept.files)
    known = set(kept.rows["digest"].unique())
    seals = dict(kept.seals)

    def sealed(place: Place) -> tuple[str, str, str] | None:
        envelope = envelopes.get(place.path)
        return (seen[place.path].sha256, seen[envelope].sha256, trusts) if envelope else None

    unknown = [
        place
        for place in places
        if seen[place.path].sha256 not in known or ((key := sealed(place)) is not None and key not in seals)
    ]
    told, fresh = reading.read([(one.path, envelopes.get(one.path)) for one in unknown], trusted or {})
    for place, one in zip(unknown, told, strict=True):
        if one.digest != seen[place.path].sha256:
            raise refuse(place.path, "", "changed while it was read", "Let nothing write runs meanwhile; try again")
        if one.problems:
            left.append(left_out.of(place.path, one.problems))
        elif (key := sealed(place)) is not None and one.signer is not None:
            seals[key] = one.signer
    refused = {place.path for place, one in zip(unknown, told, strict=True) if one.problems}
    fresh = fresh.filter(~pl.col("digest").is_in(sorted(known))).unique(
        ("digest", "pass_index"), keep="first", maintain_order=True
    )
    whole = [place for place in places if place.path not in refused]
    filed, others = _file(whole, seen, {place.path: seals.get(sealed(place) or ("", "", "")) for place in whole}, pl.concat([kept.rows, fresh]), kept.files)
    return Gathered(filed, tuple(sorted([*left, *others])))
