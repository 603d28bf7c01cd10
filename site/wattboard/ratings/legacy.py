"""The incumbent's stars: AI Energy Score's rule of February 2025, kept for comparison and as a golden test.

    pos = 5 (e - min) / (max - min);  stars = 5 - clip(ceil(pos) - 1, 0, 4)

per task, and per class for text generation. The range is that of the rows at hand, so any row can move every star.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

BANDS = 5


def stars(energy: str, over: Sequence[str]) -> pl.Expr:
    """Give the incumbent's stars of a column of energies, in any unit, over groups of rows.

    Null where the energy is no finite number above 0, and where all of a group are equal: the rule then divides by 0.
    """
    value = pl.col(energy)
    value = pl.when((value.is_finite() & (value > 0)).fill_null(value=False)).then(value)
    return equal_width(value, over)


def equal_width(value: pl.Expr, over: Sequence[str]) -> pl.Expr:
    """Cut the range of some values, logarithms of energies perhaps, into five equal parts: 5 for the lowest."""
    low, high = value.min().over(over), value.max().over(over)
    pos = BANDS * (value - low) / (high - low)
    worse = (pos.ceil() - 1).clip(0, BANDS - 1).cast(pl.Int64, strict=False)
    return pl.when(high > low).then(BANDS - worse)
