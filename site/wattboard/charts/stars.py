"""Stars as SVG path data: relative, so that one path draws a row of them. Pure."""

from __future__ import annotations

from functools import lru_cache

STEPS = ((2.06, 4.4), (4.74, 0.6), (-3.5, 3.27), (0.93, 4.73), (-4.23, -2.3))
# A star from its top on, 13.6 wide and 13 high: the second half is the first one mirrored.
SHAPE = "l2.06 4.4 4.74.6-3.5 3.27.93 4.73-4.23-2.3-4.23 2.3.93-4.73-3.5-3.27 4.74-.6z"
STAR = f"M8 1.2{SHAPE}"  # in a box of 16 x 16
BOX = 16


def row(count: int, x: float, y: float, pitch: float, scale: float = 1.0) -> str:
    """Give so many stars in a row; `x` and `y` are the first one's top."""
    shape = scaled(scale)
    return "".join(f"M{x + pitch * k:g} {y:g}{shape}" for k in range(count))


def earned(count: int) -> str:
    """Give so many stars in boxes beside each other."""
    return row(count, 8, 1.2, BOX)


@lru_cache(8)
def missing(count: int) -> str:
    """Give the small stars that stand for those that were not earned, in the last of five boxes."""
    return row(count, BOX * (5 - count) + 8.2, 5.48, BOX, 0.4)


@lru_cache(32)
def scaled(scale: float) -> str:
    """Give the shape larger or smaller."""
    if scale == 1:
        return SHAPE
    half = [(x * scale, y * scale) for x, y in STEPS]
    steps = [*half, *((x, -y) for x, y in reversed(half[1:]))]
    return "l" + " ".join(f"{x:.3g} {y:.3g}" for x, y in steps) + "z"
