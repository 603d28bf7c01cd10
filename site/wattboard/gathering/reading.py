"""Run files as they lie in folders -> rows: each read whole or left out with its reasons, on several processors."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import polars as pl

from wattbench import evidence, runs
from wattbench.evidence import EDITED, ENDING
from wattbench.problems import Problem, Refusal, refuse
from wattbench.runs import Run
from wattboard.gathering import cache, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattbench.evidence.keys import TrustedKey

LARGEST = 16 * 2**20  # bytes; a run file has some 10,000
NEWEST = max(get_args(Run.model_fields["schema_"].annotation))  # of the schemas of run files that are read
SEVERAL = 300  # files; below, starting processes takes longer than reading
AT_ONCE = 100  # files a process reads before it hands back their rows
MOST_FIELDS = 5  # of a file, named one by one


@dataclass(frozen=True, slots=True)
class Place:
    """A run file `name` in the folder `here`, below a submissions `folder`; `there` has the stat of every file there.

    Its path is a string: of tens of thousands nobody asks for more than whether they are as they were.
    """

    folder: Path
    here: str
    name: str
    there: Mapping[str, os.stat_result]

    @property
    def path(self) -> str:
        """Where it lies."""
        return f"{self.here}/{self.name}"

    @property
    def stat(self) -> os.stat_result:
        """The file's own stat."""
        return self.there[self.name]

    @property
    def envelope(self) -> str | None:
        """The name of the envelope beside it, where there is one."""
        name = f"{self.name.removesuffix('.json')}{ENDING}"
        return name if name in self.there else None


@dataclass(frozen=True, slots=True)
class Told:
    """What a run file turned out to be: its sha256, who signed it, and every problem."""

    digest: str
    signer: str | None
    problems: tuple[Problem, ...]


def places(folder: Path) -> Iterator[Place]:
    """List the run files below a submissions folder, by their paths: ORG/NAME/runs/*.json; none where it is not there.

    A link to a folder is listed as if it were a run file: there may be some behind it, and nobody follows it.
    """
    if folder.exists():
        yield from _below(str(folder), folder, ("ORG", "NAME", "runs"))


def _below(here: str, folder: Path, levels: tuple[str, ...]) -> Iterator[Place]:
    # by strings and in one thread: there may be tens of thousands, and all but a few are as they were
    if not levels:
        there = {one.name: one.stat(follow_symlinks=False) for one in _entries(here)}
        names = (name for name in there if name.endswith(".json") and not name.endswith(ENDING))
        yield from (Place(folder, here, name, there) for name in sorted(names))
        return
    entries = _entries(here)
    if levels == ("runs",):
        entries = [one for one in entries if one.name == "runs"]
    for one in sorted(entries, key=lambda one: one.name):
        if one.is_dir(follow_symlinks=False):
            yield from _below(one.path, folder, levels[1:])
        elif one.is_symlink() and one.is_dir():
            yield Place(folder, here, one.name, {one.name: one.stat(follow_symlinks=False)})


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise _lost(Path(folder), error) from None


def unreadable(path: str, found: os.stat_result) -> Problem | None:
    """Say why a file is not even opened."""
    if not stat.S_ISREG(found.st_mode):
        return Problem(path, "", "is no regular file", "Put a copy there: links and pipes are not followed")
    if found.st_size > LARGEST:
        return Problem(path, "", f"has {found.st_size} bytes, more than any run", EDITED)
    return None


def hashes(paths: Sequence[Path]) -> dict[Path, str]:
    """Hash files. Raises Refusal for one that this machine cannot read: others might."""
    with ThreadPoolExecutor(_processors()) as pool:
        return dict(zip(paths, pool.map(_hash, paths, chunksize=64), strict=True))


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _lost(path, error) from None


def _lost(path: Path, error: OSError) -> Refusal:
    return refuse(path, "", f"cannot be read: {error.strerror or error}", "See to the disk and its permissions")


def read(
    wanted: Sequence[tuple[Path, Path | None]], trusted: Mapping[str, TrustedKey]
) -> tuple[list[Told], pl.DataFrame]:
    """Read run files, each with its envelope, and give what each is and the rows of all that are whole.

    Raises Refusal for a file that this machine cannot read.
    """
    told, tables = list[Told](), [pl.DataFrame(schema=cache.ROWS)]
    batches = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    for some, table in _spread(batches, partial(_read_some, trusted)):
        told += some
        tables.append(pl.read_ipc(io.BytesIO(table)))
    return told, pl.concat(tables)


def _spread(
    batches: Sequence[Sequence[tuple[Path, Path | None]]], work: partial[tuple[list[Told], bytes]]
) -> Iterator[tuple[list[Told], bytes]]:
    """Work on batches, in processes of their own where there are many and there is more than one processor."""
    processors = min(_processors(), len(batches))
    if processors <= 1 or len(batches) * AT_ONCE < SEVERAL:
        yield from map(work, batches)
        return
    # A process that is forked from one with threads, as Polars has, may wait for a lock for ever.
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, batches)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _read_some(
    trusted: Mapping[str, TrustedKey], wanted: Iterable[tuple[Path, Path | None]]
) -> tuple[list[Told], bytes]:
    """Read a batch and give its rows as Arrow: some processes away, rows of Python would be slow to hand over."""
    told, found = [], []
    for path, envelope in wanted:
        try:
            data, sealed = path.read_bytes(), envelope.read_bytes() if envelope else None
        except OSError as error:
            raise _lost(path, error) from None
        digest = hashlib.sha256(data).hexdigest()
        try:
            run = parse(data, path)
            beside = [{"what": what, "sha256": one.sha256} for what, one in run.beside.items()]
            own = [row | {"beside": beside} for row in rows.of(run, digest)]
            signer, problems = _signer(run, data, path, sealed, trusted)
        except Refusal as refusal:
            told.append(Told(digest, None, refusal.problems))
            continue
        except (ValueError, RecursionError, OverflowError) as error:
            told.append(Told(digest, None, (Problem(str(path), "", f"is no run: {error}", EDITED),)))
            continue
        told.append(Told(digest, signer, tuple(problems)))
        if not problems:
            found += own
    buffer = io.BytesIO()
    pl.DataFrame(found, schema=cache.ROWS, orient="row").write_ipc(buffer)
    return told, buffer.getvalue()


def parse(data: bytes, path: Path) -> Run:
    """Read a run in the one form in which runs are written. Raises Refusal, and ValueError for what has no bytes."""
    try:
        run = runs.from_bytes(data, path)
    except Refusal as refusal:
        raise Refusal(_shorter(refusal.problems, data, path)) from None
    if runs.to_bytes(run) != data:
        json.loads(data, parse_constant=_refuse_constant)
        raise refuse(path, "", "is not in the form in which wattbench writes runs: it was edited", EDITED)
    return run


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _shorter(problems: Sequence[Problem], data: bytes, path: Path) -> list[Problem]:
    """Say of a file of a newer schema only that; of any other, the first fields that are wrong."""
    if any(one.field == "schema" for one in problems):
        schema = json.loads(data).get("schema")
        if isinstance(schema, int) and schema > NEWEST:
            told = f"is of schema {schema}, and this version knows none past {NEWEST}"
            return [Problem(str(path), "schema", told, "Use a newer version of wattstar")]
    more = len(problems) - MOST_FIELDS
    rest = [Problem(str(path), "", f"and {more} more fields are wrong", EDITED)] if more > 0 else []
    return [*problems[:MOST_FIELDS], *rest]


def _signer(
    run: Run, data: bytes, path: Path, sealed: bytes | None, trusted: Mapping[str, TrustedKey]
) -> tuple[str | None, list[Problem]]:
    """Say whose trusted key signed a run; nobody's where there is no envelope."""
    if sealed is None:
        return None, []
    signers, problems = evidence.sealed_by(run, data, path, sealed, trusted)
    return (None, problems) if problems else (signers[0].keyid, [])
