"""Many boards rated a few at a time: what memory it takes follows the largest boards, not their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wattboard import ratings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from wattboard.editions import Edition, FrozenBoard

AT_ONCE = 10  # boards; of some 10,000 passes each, fewer take longer and more take memory


def scan(folder: Path, names: Sequence[str]) -> pl.LazyFrame:
    """Scan the passes of some boards, one Parquet file a board."""
    return pl.scan_parquet([folder / f"{name}.parquet" for name in names])


def rate(folder: Path, edition: Edition, boards: Sequence[FrozenBoard]) -> Iterator[pl.DataFrame]:
    """Rate boards whose passes lie in files of their own, and give some boards' ratings at a time."""
    for start in range(0, len(boards), AT_ONCE):
        some = boards[start : start + AT_ONCE]
        passes = scan(folder, [board.board for board in some])
        yield ratings.rate(passes, edition, some).collect(engine="streaming")
