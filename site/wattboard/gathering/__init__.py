"""Folders of submissions -> the runs that are whole, and the files that are left out, each with its reasons.

A run counts where it lies where its content says that it belongs, where its envelope holds if it has one, and where
the tables beside it are the very ones that it names. What was found once is kept for the next time (cache.py).
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from wattbench.evidence import FETCH
from wattbench.problems import Problem, refuse
from wattboard.gathering import cache, left_out, reading
from wattboard.gathering.cache import Seen
from wattboard.gathering.filed import Filed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from wattbench.evidence.keys import TrustedKey
    from wattboard.gathering.cache import Kept
    from wattboard.gathering.left_out import LeftOut
    from wattboard.gathering.reading import Place

    Seal = tuple[str, str, str]  # the hashes of a run, of its envelope and of the keys that were trusted
    Bad = dict[Path, list[Problem]]

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_STILL = "Let nothing write runs meanwhile, and try again"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The runs that are whole, in the order of their names; the files that are left out; why nothing could be kept."""

    filed: tuple[Filed, ...]
    left_out: tuple[LeftOut, ...]
    unkept: str | None


def gather(folders: Iterable[Path], trusted: Mapping[str, TrustedKey] | None, kept_in: Path | None = None) -> Gathered:
    """Read every run below some submissions folders, each once; leave out what does not hold.

    Envelopes are held against the `trusted` keys, by id; with None nobody looks at them. `kept_in` is the folder of
    the cache; None reads every file. Raises Refusal for a file that this machine cannot read.
    """
    folders, now = tuple(folders), time.time_ns()
    kept = cache.load(kept_in) if kept_in else cache.nothing()
    every = [place for folder in folders for place in reading.places(folder)]
    bad: Bad = {one.path: [why] for one in every if (why := reading.unreadable(one.path, one.stat))}
    places = [one for one in every if one.path not in bad]

    own = _hashed([(one.path, one) for one in places], kept)
    envelopes = {} if trusted is None else {one.path: path for one in places if (path := one.envelope)}
    sealed = _hashed([(path, one) for one in places if (path := envelopes.get(one.path))], kept)
    trust = _name(trusted)
    seals: dict[Path, Seal] = {
        path: (own[path].sha256, sealed[envelope].sha256, trust) for path, envelope in envelopes.items()
    }
    fresh, signers = _examined(places, own, envelopes, seals, trusted or {}, kept, bad)
    table = pl.concat([kept.rows, fresh])
    filed = _filed([one for one in places if one.path not in bad], own, seals, signers, table, bad)
    beside = _beside(filed, {one.path: one for one in places}, kept, bad)

    below = {one.path: one.folder for one in every}
    left = tuple(sorted(left_out.of(path, below[path], problems) for path, problems in bad.items()))
    once = {one.digest: one for one in reversed(filed) if one.path not in bad}
    good = tuple(sorted(once.values(), key=lambda one: (one.model, one.name)))
    unkept = None
    if kept_in:
        here = tuple(f"{_key(folder)}/" for folder in folders)
        elsewhere = {path: one for path, one in kept.files.items() if not path.startswith(here)}
        found = {_key(path): one for path, one in (own | sealed | beside).items() if one.settled(now)}
        living = {one.sha256 for one in (elsewhere | found).values()} | {one.digest for one in good}
        still = {seal: signer for seal, signer in kept.seals.items() if seal[0] in living}
        after = replace(kept, files=elsewhere | found, seals=still | signers)
        unkept = cache.save(kept_in, after, fresh, living)
    return Gathered(good, left, unkept)


def _name(trusted: Mapping[str, TrustedKey] | None) -> str:
    """Name a set of trusted keys: a signature that held under another set has to be looked at again."""
    told = "".join(sorted(one.model_dump_json() for one in (trusted or {}).values()))
    return hashlib.sha256(told.encode()).hexdigest()


def _key(path: Path) -> str:
    told = str(path)
    return told if told.startswith("/") else str(path.absolute())


def _hashed(files: Sequence[tuple[Path, Place]], kept: Kept) -> dict[Path, Seen]:
    """Hash files that lie where a place is, unless they are kept and look untouched."""
    stats = {path: place.there[path.name] for path, place in files}
    known = {path: old for path, stat in stats.items() if (old := kept.files.get(_key(path))) and old.same(stat)}
    found = reading.hashes([path for path in stats if path not in known])
    return known | {path: Seen.of(stats[path], digest) for path, digest in found.items()}


def _examined(
    places: Sequence[Place],
    own: Mapping[Path, Seen],
    envelopes: Mapping[Path, Path],
    seals: Mapping[Path, Seal],
    trusted: Mapping[str, TrustedKey],
    kept: Kept,
    bad: Bad,
) -> tuple[pl.DataFrame, dict[Seal, str]]:
    """Read the runs of which nothing is kept: their rows, and who signed each run of all. Adds to what is bad."""
    known = set(kept.rows["digest"].unique())
    unknown = [
        one.path
        for one in places
        if own[one.path].sha256 not in known or (one.path in seals and seals[one.path] not in kept.seals)
    ]
    told, fresh = reading.read([(path, envelopes.get(path)) for path in unknown], trusted)
    signers = {seal: kept.seals[seal] for seal in seals.values() if seal in kept.seals}
    for path, one in zip(unknown, told, strict=True):
        if one.digest != own[path].sha256:
            raise refuse(path, "", "changed while it was read", _STILL)
        if one.problems:
            bad[path] = list(one.problems)
        elif one.signer is not None:
            signers[seals[path]] = one.signer
    new = fresh.filter(~pl.col("digest").is_in(sorted(known)))
    return new.unique(("digest", "pass_index"), keep="first", maintain_order=True), signers


def _filed(
    places: Sequence[Place],
    own: Mapping[Path, Seen],
    seals: Mapping[Path, Seal],
    signers: Mapping[Seal, str],
    table: pl.DataFrame,
    bad: Bad,
) -> list[Filed]:
    """File runs under what their rows say of them. Adds those that lie elsewhere than they belong to what is bad."""
    columns = ("digest", "board", "model", "revision", "session", "role", "measured_at", "beside")
    facts = {told["digest"]: told for told in table.select(columns).unique("digest").iter_rows(named=True)}
    for told in facts.values():
        told["beside"] = tuple((one["what"], one["sha256"]) for one in told["beside"])
    # with the rows go only those of runs that are here: the cache may keep others
    here = table.filter(pl.col("digest").is_in(sorted({own[one.path].sha256 for one in places})))
    filed = []
    for one in places:
        digest = own[one.path].sha256
        signer = signers.get(seals[one.path]) if one.path in seals else None
        run = Filed(path=one.path, signer=signer, rows=here, **facts[digest])
        if not _SAFE_ID.fullmatch(run.model):
            bad[one.path] = [
                Problem(str(one.path), "model.id", f"{run.model!r} is no ORG/NAME", "Use letters, digits, . _ -")
            ]
        elif str(one.path) != f"{one.folder}/{run.model}/runs/{run.board}--{run.measured_at[:10]}-{digest[:12]}.json":
            message = "the name is not what its content says"
            bad[one.path] = [Problem(str(one.path), "", message, "Put back the file as measured")]
        else:
            filed.append(run)
    return filed


def _beside(filed: Sequence[Filed], places: Mapping[Path, Place], kept: Kept, bad: Bad) -> dict[Path, Seen]:
    """Hold the tables beside runs against the hashes in the runs. Adds runs whose tables are others to what is bad."""
    wanted = {}
    for run in filed:
        for what, digest in run.beside:
            path, place = run.path.with_name(f"{digest}.parquet"), places[run.path]
            problem = partial(_problem, path, run, what)
            if path.name not in place.there:
                bad.setdefault(run.path, []).append(problem("is missing"))
            elif why := reading.unreadable(path, place.there[path.name]):
                bad.setdefault(run.path, []).append(problem(why.message))
            else:
                wanted[run, what] = (path, place)
    seen = _hashed(list(wanted.values()), kept)
    for (run, what), (path, _) in wanted.items():
        if seen[path].sha256 != path.stem:
            bad.setdefault(run.path, []).append(_problem(path, run, what, "is another file: its bytes differ"))
    return seen


def _problem(path: Path, run: Filed, what: str, message: str) -> Problem:
    return Problem(str(path), "", f"{message}; {run.name} names it as its {what}", FETCH)
