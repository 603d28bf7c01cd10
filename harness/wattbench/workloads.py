"""Workloads: the rows that every model of a board answers, as Parquet on the Shelf, with references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import shelf as shelves
from wattbench.runs import Workload

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.shelf import Shelved
    from wattbench.tasks import Row

ROWS = "rows.parquet"


def open_rows(folder: Path) -> list[Row]:
    """Read the rows of a workload's folder, in their order."""
    import polars as pl

    return pl.read_parquet(folder / ROWS).to_dicts()


def save_rows(rows: list[Row], folder: Path) -> None:
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
    )


def shelved_rows(shelved: Shelved) -> list[Row]:
    """Verify a workload's files and read its rows. Raises Refusal."""
    shelves.verify(shelved)
    return open_rows(shelved.folder)
