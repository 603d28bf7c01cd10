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
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from wattbench.evidence import FETCH
from wattbench.problems import Problem, refuse
from wattboard.gathering import cache, left_out, reading
from wattboard.gathering.cache import Seen
from wattboard.gathering.filed import Filed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from wattbench.evidence.keys import TrustedKey
    from wattboard.gathering.cache import Kept
    from wattboard.gathering.left_out import LeftOut
    from wattboard.gathering.reading import Place, Told

    Seal = tuple[str, str, str]  # the hashes of a run, of its envelope and of the keys that were trusted
    Bad = dict[str, list[Problem]]

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
    every = {one.path: one for folder in folders for one in reading.places(folder)}
    bad: Bad = {path: [why] for path, one in every.items() if (why := reading.unreadable(path, one.stat))}
    places = {path: one for path, one in every.items() if path not in bad} if bad else every

    own = _hashed(((path, one.stat) for path, one in places.items()), kept)
    envelopes = (
        {}
        if trusted is None
        else {path: (f"{one.here}/{name}", one.there[name]) for path, one in places.items() if (name := one.envelope)}
    )
    sealed = _hashed(envelopes.values(), kept)
    trust = _name(trusted)
    seals: dict[str, Seal] = {
        path: (own[path].sha256, sealed[envelope].sha256, trust) for path, (envelope, _) in envelopes.items()
    }
    unknown = _unknown(own, seals, kept)
    read = reading.read(
        [(Path(one), Path(envelopes[one][0]) if one in envelopes else None) for one in unknown], trusted or {}
    )
    fresh, signers = _examined(dict(zip(unknown, read[0], strict=True)), read[1], own, seals, kept, bad)
    table = pl.concat([kept.rows, fresh])
    filed = _filed([one for path, one in places.items() if path not in bad], own, seals, signers, table, bad)
    beside = _beside(filed, places, kept, bad)

    left = tuple(sorted(left_out.of(Path(path), every[path].folder, problems) for path, problems in bad.items()))
    once = {one.digest: one for path, one in reversed(filed.items()) if path not in bad}
    good = tuple(sorted(once.values(), key=lambda one: (one.model, one.name)))
    unkept = None
    if kept_in:
        here = tuple(f"{_key(str(folder))}/" for folder in folders)
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


def _key(path: str) -> str:
    return path if path.startswith("/") else str(Path(path).absolute())


def _hashed(files: Iterable[tuple[str, os.stat_result]], kept: Kept) -> dict[str, Seen]:
    """Hash files, unless they are kept and look untouched."""
    stats = dict(files)
    known = {path: old for path, stat in stats.items() if (old := kept.files.get(_key(path))) and old.same(stat)}
    found = reading.hashes([Path(path) for path in stats if path not in known]) if len(known) < len(stats) else {}
    return known | {str(path): Seen.of(stats[str(path)], digest) for path, digest in found.items()}


def _unknown(own: Mapping[str, Seen], seals: Mapping[str, Seal], kept: Kept) -> list[str]:
    """Name the runs of which nothing is kept, or not who signed them."""
    known = set(kept.rows["digest"].unique())
    return [
        path
        for path, one in own.items()
        if one.sha256 not in known or (path in seals and seals[path] not in kept.seals)
    ]


def _examined(
    told: Mapping[str, Told],
    fresh: pl.DataFrame,
    own: Mapping[str, Seen],
    seals: Mapping[str, Seal],
    kept: Kept,
    bad: Bad,
) -> tuple[pl.DataFrame, dict[Seal, str]]:
    """Sort what was read anew: the rows of which none are kept, and who signed each run of all. Adds to what is bad."""
    signers = {seal: kept.seals[seal] for seal in seals.values() if seal in kept.seals}
    for path, one in told.items():
        if one.digest != own[path].sha256:
            raise refuse(path, "", "changed while it was read", _STILL)
        if one.problems:
            bad[path] = list(one.problems)
        elif one.signer is not None:
            signers[seals[path]] = one.signer
    new = fresh.join(kept.rows.select(pl.col("digest").unique()), on="digest", how="anti", maintain_order="left")
    return new.unique(("digest", "pass_index"), keep="first", maintain_order=True), signers


def _filed(
    places: Sequence[Place],
    own: Mapping[str, Seen],
    seals: Mapping[str, Seal],
    signers: Mapping[Seal, str],
    table: pl.DataFrame,
    bad: Bad,
) -> dict[str, Filed]:
    """File runs under what their rows say of them. Adds those that lie elsewhere than they belong to what is bad."""
    columns = ("digest", "board", "model", "revision", "session", "role", "measured_at", "beside")
    facts = {told["digest"]: told for told in table.select(columns).unique("digest").iter_rows(named=True)}
    for told in facts.values():
        told["beside"] = tuple((one["what"], one["sha256"]) for one in told["beside"])
    # with the rows go only those of runs that are here: the cache may keep others
    here = table.filter(pl.col("digest").is_in(sorted({own[one.path].sha256 for one in places})))
    filed = {}
    for one in places:
        path = one.path
        digest = own[path].sha256
        signer = signers.get(seals[path]) if path in seals else None
        run = Filed(path=Path(path), signer=signer, rows=here, **facts[digest])
        if not _SAFE_ID.fullmatch(run.model):
            bad[path] = [Problem(path, "model.id", f"{run.model!r} is no ORG/NAME", "Use letters, digits, . _ -")]
        elif path != f"{one.folder}/{run.model}/runs/{run.board}--{run.measured_at[:10]}-{digest[:12]}.json":
            bad[path] = [Problem(path, "", "the name is not what its content says", "Put back the file as measured")]
        else:
            filed[path] = run
    return filed


def _beside(filed: Mapping[str, Filed], places: Mapping[str, Place], kept: Kept, bad: Bad) -> dict[str, Seen]:
    """Hold the tables beside runs against the hashes in the runs. Adds runs whose tables are others to what is bad."""
    wanted = {}
    for path, run in filed.items():
        for what, digest in run.beside:
            name, place = f"{digest}.parquet", places[path]
            table = f"{place.here}/{name}"
            problem = partial(_problem, table, run, what)
            if name not in place.there:
                bad.setdefault(path, []).append(problem("is missing"))
            elif why := reading.unreadable(table, place.there[name]):
                bad.setdefault(path, []).append(problem(why.message))
            else:
                wanted[path, what] = (table, digest, place.there[name])
    seen = _hashed(((table, stat) for table, _, stat in wanted.values()), kept)
    for (path, what), (table, digest, _) in wanted.items():
        if seen[table].sha256 != digest:
            bad.setdefault(path, []).append(_problem(table, filed[path], what, "is another file: its bytes differ"))
    return seen


def _problem(path: str, run: Filed, what: str, message: str) -> Problem:
    return Problem(path, "", f"{message}; {run.name} names it as its {what}", FETCH)
