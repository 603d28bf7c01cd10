"""What a build keeps for the next one: hashes of files by their stat, and the rows of runs by the runs' sha256.

    build/cache/SHA256.parquet   a table, named by the sha256 of its bytes
    build/cache/head.json        which tables are in use, and which code wrote them

A run file that is unchanged by size and times is not read again; one that was touched is hashed, and read only if no
row is kept under its hash. Nothing here is ever mended: a table whose bytes are not those of its name, a head of other
code, a head that does not parse are as good as none, and the files are read again.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl
import pydantic

import wattbench
import wattboard
from wattbench.problems import Refusal
from wattbench.runs import write_whole
from wattboard.gathering import rows

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

HEAD: Final = "head.json"
# Rows as they are kept: with the tables that lie beside the run, which no board asks for.
ROWS: dict[str, Any] = {**rows.SCHEMA, "beside": pl.List(pl.Struct({"what": pl.String, "sha256": pl.String}))}
FILES = {"path": pl.String, "size": pl.Int64, "mtime_ns": pl.Int64, "ctime_ns": pl.Int64, "sha256": pl.String}
SEALS = {"run": pl.String, "envelope": pl.String, "trust": pl.String, "signer": pl.String}
MOST_TABLES = 16  # of rows; beyond, and where more than half are of runs that are gone, they are written as one
# A file that was written this shortly before it was hashed may change again without its times telling.
SETTLED_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's sha256, and by what it is known again."""

    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str

    @classmethod
    def of(cls, stat: os.stat_result, sha256: str) -> Self:
        """Remember a file."""
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, sha256)

    def settled(self, now_ns: int) -> bool:
        """Whether a file that was hashed after `now_ns` had lain still by then: else it may change unnoticed."""
        return max(self.mtime_ns, self.ctime_ns) + SETTLED_NS < now_ns

    def same(self, stat: os.stat_result) -> bool:
        """Whether a file looks untouched since it was hashed."""
        return (self.size, self.mtime_ns, self.ctime_ns) == (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept: files by path; the signer of a run by the hashes of run, envelope and trusted keys; rows."""

    files: Mapping[str, Seen]
    seals: Mapping[tuple[str, str, str], str]
    rows: pl.DataFrame
    tables: tuple[str, ...] = ()  # where the rows lie


def nothing() -> Kept:
    """Give a cache with nothing in it."""
    return Kept({}, {}, pl.DataFrame(schema=ROWS))


def load(folder: Path) -> Kept:
    """Read what is kept below a folder: all that can be relied on, and nothing else. Never raises."""
    try:
        head = json.loads((folder / HEAD).read_bytes())
        if head["code"] != code():
            return nothing()
        files, seals = (_table(folder, head[name], form) for name, form in (("files", FILES), ("seals", SEALS)))
        found = {name: _table(folder, name, ROWS) for name in head["rows"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return nothing()
    whole = {name: table for name, table in found.items() if table is not None}
    return Kept(
        {} if files is None else {path: Seen(*told) for path, *told in files.iter_rows()},
        {} if seals is None else {(run, envelope, trust): who for run, envelope, trust, who in seals.iter_rows()},
        pl.concat(whole.values()) if whole else pl.DataFrame(schema=ROWS),
        tuple(whole),
    )


def save(folder: Path, kept: Kept, fresh: pl.DataFrame, living: Iterable[str]) -> str | None:
    """Keep files and seals as given, and the rows of `kept` and `fresh`; give why not where the disk refuses.

    Rows of runs that are not among the `living` are dropped when the tables are next written as one.
    """
    tables = kept.tables
    try:
        if fresh.height:
            tables = (*tables, _write(folder, fresh))
        every = pl.concat([kept.rows, fresh])
        alive = every.filter(pl.col("digest").is_in(sorted(living)))
        if len(tables) > MOST_TABLES or 2 * alive.height < every.height:
            tables = (_write(folder, alive),)
        files = [(path, one.size, one.mtime_ns, one.ctime_ns, one.sha256) for path, one in sorted(kept.files.items())]
        seals = [(*key, signer) for key, signer in sorted(kept.seals.items())]
        head = {
            "schema": 1,
            "code": code(),
            "files": _write(folder, pl.DataFrame(files, schema=FILES, orient="row")),
            "seals": _write(folder, pl.DataFrame(seals, schema=SEALS, orient="row")),
            "rows": tables,
        }
        write_whole(folder / HEAD, (json.dumps(head, indent=1) + "\n").encode())
        _sweep(folder, {f"{name}.parquet" for name in (head["files"], head["seals"], *tables)})
    except Refusal as refusal:
        return refusal.problems[0].message
    except OSError as error:
        return str(error.strerror)
    return None


@cache
def code() -> str:
    """Name the code whose rows are kept: another version of it may read a run file otherwise."""
    told = hashlib.sha256(f"{pl.__version__} {pydantic.VERSION} {ROWS}".encode())
    for package in (Path(wattbench.__file__).parent, Path(wattboard.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            told.update(str(path.relative_to(package)).encode() + path.read_bytes())
    return told.hexdigest()


def _table(folder: Path, name: object, form: Mapping[str, Any]) -> pl.DataFrame | None:
    """Read a table; None for one that is not what its name says."""
    if not isinstance(name, str) or not re.fullmatch(r"[0-9a-f]{64}", name):
        return None
    try:
        data = (folder / f"{name}.parquet").read_bytes()
        if hashlib.sha256(data).hexdigest() != name:
            return None
        table = pl.read_parquet(io.BytesIO(data))
    except (OSError, pl.exceptions.PolarsError):
        return None
    return table if table.schema == pl.Schema(form) else None


def _write(folder: Path, table: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="lz4")  # some are written by every build, and none is kept for long
    name = hashlib.sha256(buffer.getvalue()).hexdigest()
    if not (folder / f"{name}.parquet").exists() or _table(folder, name, table.schema) is None:
        write_whole(folder / f"{name}.parquet", buffer.getvalue())
    return name


def _sweep(folder: Path, used: set[str]) -> None:
    """Remove tables that are no longer in use: files of the form SHA256.parquet, and nothing else."""
    for path in folder.iterdir():
        if re.fullmatch(r"[0-9a-f]{64}\.parquet", path.name) and path.name not in used:
            path.unlink(missing_ok=True)
