"""The Parquet files beside a run, besides its trace: the scores of every query and the marks of first tokens.

Each is named by its own sha256. The same rows give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from wattbench.problems import refuse
from wattbench.runs import Table, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Row = dict[str, Any]

# What each query of the graded round got. `weight`: the value is sum(weight * score) / sum(weight) where the metric
# is a mean. A null score is a query without a reference. The text of an output is not published, its hash is.
SCORES = {
    "query": "Int64",
    "score": "Float64",
    "weight": "Float64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "output_sha256": "String",
    "private": "Boolean",
}
# When each batch began, had its first new token and ended, in seconds of the host's monotonic clock.
MARKS = {"pass": "Int64", "began_seconds": "Float64", "first_token_seconds": "Float64", "ended_seconds": "Float64"}


def to_bytes(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> bytes:
    """Serialise a table with these columns."""
    import polars as pl

    buffer = io.BytesIO()
    schema = {name: getattr(pl, kind) for name, kind in columns.items()}
    data = {name: [row.get(name) for row in rows] for name in columns}
    pl.DataFrame(data, schema=schema).write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def from_bytes(data: bytes, columns: Mapping[str, str], file: object = "table") -> list[Row]:
    """Read a table. Raises Refusal for what is no such table."""
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise refuse(file, "", f"cannot be read as Parquet: {error}", "Fetch the file again") from None
    if frame.schema != pl.Schema({name: getattr(pl, kind) for name, kind in columns.items()}):
        raise refuse(file, "columns", f"are not {', '.join(columns)}", "Fetch the file again")
    return frame.to_dicts()


def write(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], folder: Path) -> Table:
    """Write a table as `folder/SHA256.parquet`, whole or not at all. Raises Refusal where the disk refuses."""
    data = to_bytes(rows, columns)
    digest = hashlib.sha256(data).hexdigest()
    write_whole(folder / f"{digest}.parquet", data)
    return Table(sha256=digest, rows=len(rows))


def mark_rows(marks: Sequence[Sequence[tuple[float, float, float]]]) -> list[Row]:
    """Give the marks of all passes as rows."""
    return [dict(zip(MARKS, (number, *mark), strict=True)) for number, one in enumerate(marks, 1) for mark in one]


def marks_by_pass(rows: Sequence[Row], passes: int) -> list[list[tuple[float, float, float]]]:
    """Give rows of marks back, pass by pass."""
    found: list[list[tuple[float, float, float]]] = [[] for _ in range(passes)]
    for row in rows:
        if 1 <= row["pass"] <= passes:
            found[row["pass"] - 1].append((row["began_seconds"], row["first_token_seconds"], row["ended_seconds"]))
    return found
