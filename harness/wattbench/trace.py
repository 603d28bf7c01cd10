"""The trace: what the sensors said over a whole run, at 10 Hz, as Parquet named by its own sha256.

One row a GPU and sample, in the order of time. Seconds are of the host's monotonic clock, the one that the phases and
passes of the run file use. An absent reading is null.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from wattbench.problems import refuse
from wattbench.runs import Trace, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = dict[str, Any]

# column: Polars type, by name; its unit is its last word
COLUMNS = {
    "seconds": "Float64",
    "gpu": "String",  # the UUID
    "instant_watts": "Float64",
    "average_watts": "Float64",
    "usage_watts": "Float64",
    "counter_joules": "Float64",
    "event_reasons": "Int64",  # bits, as NVML gives them
    "celsius": "Float64",
    "sm_mhz": "Int64",
    "memory_mhz": "Int64",
    "utilisation_percent": "Float64",
    "processes": "List",  # ids; null where they were not listed in this sample
}


def to_bytes(rows: Sequence[Row]) -> bytes:
    """Serialise a trace. The same rows give the same bytes."""
    import polars as pl

    types = {name: pl.List(pl.Int64) if kind == "List" else getattr(pl, kind) for name, kind in COLUMNS.items()}
    buffer = io.BytesIO()
    frame = pl.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows], schema=types)
    frame.sort("seconds", "gpu", maintain_order=True).write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def from_bytes(data: bytes, file: object = "trace") -> list[Row]:
    """Read a trace. Raises Refusal for what is no trace."""
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise refuse(file, "", f"cannot be read as Parquet: {error}", "Fetch the trace again") from None
    if list(frame.columns) != list(COLUMNS):
        raise refuse(file, "columns", "are not those of a trace", "Fetch the trace again")
    return frame.to_dicts()


def write(rows: Sequence[Row], folder: Path) -> Trace:
    """Write a trace as `folder/SHA256.parquet`, whole or not at all. Raises Refusal where the disk refuses."""
    data = to_bytes(rows)
    digest = hashlib.sha256(data).hexdigest()
    write_whole(folder / f"{digest}.parquet", data)
    return Trace(sha256=digest, rows=len(rows))


def path_of(run: Path, trace: Trace) -> Path:
    """Where the trace of a run file lies: beside it."""
    return run.parent / f"{trace.sha256}.parquet"
