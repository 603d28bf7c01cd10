"""Workloads: the rows that every model of a board answers, as Parquet on the Shelf, with references.

A workload may carry a private tenth: rows that are measured like the others and are not published, so that nobody can
prepare for them. On the measuring host a field `private` marks them; in what is published a commitment stands for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench import drawing
from wattbench import shelf as shelves
from wattbench.problems import refuse
from wattbench.runs import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.shelf import Shelved
    from wattbench.tasks import Row

ROWS = "rows.parquet"
PRIVATE, COMMITMENT = "private", "commitment"


def open_rows(folder: Path) -> list[Row]:
    """Read the rows of a workload's folder, in their order, without those that its publication withholds."""
    return [row for row in _read(folder) if not row.get(COMMITMENT)]


def save_rows(rows: Sequence[Row], folder: Path) -> None:
    """Write rows as Parquet; every row has the same fields, media are bytes."""
    import polars as pl

    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / ROWS, compression="zstd")


def describe(shelved: Shelved, task: str, version: int, rows: int) -> Workload:
    """Say which workload this is, for a run file."""
    return Workload(
        task=task,
        version=version,
        sha256=shelved.hashes()[ROWS],
        rows=rows,
        about=shelved.manifest.about,
        pinned=shelved.manifest.pinned,
        private_rows=shelved.manifest.private_rows,
    )


def shelved_rows(shelved: Shelved) -> list[Row]:
    """Verify a workload's files and read its rows. Raises Refusal."""
    shelves.verify(shelved)
    return open_rows(shelved.folder)


def publish(shelved: Shelved, folder: Path, key: bytes) -> int:
    """Write what may be published of a workload: commitments in place of its private rows. Gives how many those are.

    A row keeps its number, by which scores name it. Raises Refusal for a workload without private rows.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise refuse(folder, "", "is there already", "Name a new folder; nothing is replaced")
    shelves.verify(shelved)
    rows = _read(shelved.folder)
    if not any(row.get(PRIVATE) for row in rows):
        raise refuse(shelved.folder, PRIVATE, "has no private rows", "Publish it as it is")
    if any(row.get(COMMITMENT) for row in rows):
        raise refuse(shelved.folder, COMMITMENT, "is a publication already", "Publish the workload that was measured")
    with shelves.place(folder) as temporary:
        save_rows([_withheld(row, key) if row[PRIVATE] else {**row, COMMITMENT: None} for row in rows], temporary)
        manifest = shelved.manifest.model_dump(exclude={"files"})
        source = f"{shelved.manifest.name} as it was measured, its private rows withheld"
        shelves.write_manifest(temporary, manifest, {ROWS: shelved.hashes()[ROWS]}, source)
    return sum(bool(row[PRIVATE]) for row in rows)


def committed(row: Row, key: bytes) -> str:
    """The commitment to a private row, which stands for it wherever it is published."""
    return drawing.commitment({name: value for name, value in row.items() if name != COMMITMENT}, key)


def read_key(path: Path) -> bytes:
    """Read the key by which private rows are drawn. Raises Refusal for one that could be guessed."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise refuse(path, "key", f"cannot be read: {error.strerror}", "Name the file that holds it") from None
    if len(key) < 32 or len(set(key)) < 8:  # noqa: PLR2004 - 32 bytes as a sha256 has, and not all alike
        raise refuse(path, "key", "is too short to keep a secret", "Make one: head -c 32 /dev/urandom > FILE")
    return key


def _withheld(row: Row, key: bytes) -> Row:
    return {**dict.fromkeys(row), PRIVATE: True, COMMITMENT: committed(row, key)}


def _read(folder: Path) -> list[dict[str, Any]]:
    import polars as pl

    try:
        return pl.read_parquet(folder / ROWS).to_dicts()
    except (OSError, pl.exceptions.PolarsError) as error:
        what = f"cannot be read: {str(error).splitlines()[0]}"
        raise refuse(folder / ROWS, "", what, "Delete this folder and build it again") from None
