"""Runs -> one LazyFrame with one SCHEMA: one row a pass. Nothing is aggregated here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wattboard import gathering
from wattboard.gathering import left_out
from wattboard.gathering.filed import Filed, trace_of
from wattboard.gathering.rows import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["SCHEMA", "Filed", "frame", "gather", "only", "trace_of"]


def gather(folders: Iterable[Path]) -> tuple[Filed, ...]:
    """Read every run below some submissions folders, each once, whoever signed it. Raises Refusal for any bad file."""
    gathered = gathering.gather(folders, None)
    left_out.check(gathered.left_out, strict=True)
    return gathered.filed


def frame(filed: Iterable[Filed]) -> pl.LazyFrame:
    """Give one row a pass, in SCHEMA. A run without passes gives one row whose pass is null."""
    lots: dict[int, list[Filed]] = {}
    for one in filed:
        lots.setdefault(id(one.rows), []).append(one)
    return pl.concat([pl.LazyFrame(schema=SCHEMA), *(_passes(lot) for lot in lots.values())])


def only(passes: pl.LazyFrame, boards: Iterable[str]) -> pl.LazyFrame:
    """Keep the passes of some boards."""
    return passes.filter(pl.col("board").is_in(sorted(boards)))


def _passes(lot: Sequence[Filed]) -> pl.LazyFrame:
    """Give the passes of runs that were read together."""
    told = {"digest": [one.digest for one in lot], "signer": [one.signer for one in lot]}
    signers = pl.LazyFrame(told, schema={"digest": pl.String, "signer": pl.String})
    rows = lot[0].rows.lazy().drop("signer")
    return rows.join(signers, on="digest", maintain_order="left").select(*SCHEMA)
