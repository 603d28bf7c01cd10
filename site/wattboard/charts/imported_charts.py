"""The geometry of imported boards: a board's scale with every model on it, and energy against batch size. Pure.

The small drawings of one board share their axes, so that two of them can be held side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattboard.charts import Axis, Band, Strip
from wattboard.formats import significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattboard.imports import Configuration, Curve, ImportedBoard, ImportedRow

WIDTH, HEIGHT = 340.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 12.0, 40.0
MOST_BATCHES = 6  # names below an axis, more would overlap
ROOM = 1.08  # beyond the outermost values, as a factor


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a curve; `odd` where it is drawn and never taken for the best."""

    x: float
    y: float
    about: str
    odd: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One configuration's curve; `chosen` is the one that the model's row stands for."""

    path: str
    dots: tuple[Dot, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Ladders:
    """All configurations of one model on one board: Wh per 1,000 queries against batch size, both on log axes.

    `batches` are (x, batch), `bands` the board's stars from bottom to top.
    """

    model: str
    about: str
    y: Axis
    ticks: tuple[tuple[float, str], ...]
    batches: tuple[tuple[float, int], ...]
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]


def strip(board: ImportedBoard, rows: Iterable[ImportedRow], width: float = 640.0) -> Strip:
    """Give a board's scale with some of its models on it: dots without whiskers, for they are single values."""
    ends = [row.wh_per_1000 for row in board.rows]
    if board.thresholds_wh and board.r:
        ends += [board.thresholds_wh[0] / board.r, board.thresholds_wh[3] * board.r]
    axis = Axis(min(ends) / ROOM, max(ends) * ROOM, 0.0, width, logs=True)
    edges = [axis.start, *(axis.at(limit) for limit in board.thresholds_wh or ()), axis.end]
    bands = tuple(Band(5 - k, edges[k], edges[k + 1]) for k in range(5)) if board.thresholds_wh else ()
    return Strip(width, bands, tuple((at := axis.at(row.wh_per_1000), at, at) for row in rows))


def ladders(board: ImportedBoard) -> dict[str, Ladders]:
    """Draw each model's curves, where one of them has two points or more."""
    values = [point.wh_per_1000 for curve in board.curves for point in curve.points]
    if not values:
        return {}
    chosen = {row.model: row.configuration for row in board.rows}
    every = sorted({point.batch for curve in board.curves for point in curve.points})
    x = Axis(every[0] / ROOM, every[-1] * ROOM, LEFT, WIDTH - RIGHT, logs=True)
    y = Axis(min(values) / ROOM, max(values) * ROOM, HEIGHT - BOTTOM, TOP, logs=True)
    own: dict[str, list[Curve]] = {}
    for curve in board.curves:
        own.setdefault(curve.model, []).append(curve)
    return {
        model: _ladders(model, curves, x, y, (board, chosen.get(model), every))
        for model, curves in own.items()
        if any(len(one.points) > 1 for one in curves)
    }


def _ladders(
    model: str,
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    shared: tuple[ImportedBoard, Configuration | None, Sequence[int]],
) -> Ladders:
    board, chosen, every = shared
    named = every if len(every) <= MOST_BATCHES else every[:: -(-len(every) // MOST_BATCHES)]
    lines = [_line(one, x, y, chosen=_is(one, chosen)) for one in curves]
    least, most = (pick(p.wh_per_1000 for one in curves for p in one.points) for pick in (min, max))
    many = f"{len(curves)} configurations" if len(curves) > 1 else "one configuration"
    query = "queries" if board.query == "query" else f"{board.query}s"
    said = f"{many}; {significant(least)} to {significant(most)} Wh per 1,000 {query}, single values"
    limits = board.thresholds_wh
    edges = [y.start, *(y.at(limit) for limit in limits), y.end] if limits else []
    bands = (Band(5 - k, edges[k + 1], edges[k]) for k in range(5)) if limits else ()
    return Ladders(
        model=model,
        about=said,
        y=y,
        ticks=tuple((y.at(value), significant(value, 2)) for value in y.ticks()),
        batches=tuple((x.at(batch), batch) for batch in named),
        bands=tuple(band for band in bands if band.width >= 1),
        lines=tuple(sorted(lines, key=lambda one: one.chosen)),
    )


def _line(curve: Curve, x: Axis, y: Axis, *, chosen: bool) -> Line:
    of = f"{curve.gpus} GPU{'s' if curve.gpus > 1 else ''}, {curve.precision}"
    dots = tuple(
        Dot(
            x.at(point.batch),
            y.at(point.wh_per_1000),
            f"batch {point.batch}, {of}: {significant(point.wh_per_1000)} Wh per 1,000"
            + (f"; {point.left_out}" if point.left_out else ""),
            point.left_out is not None,
        )
        for point in curve.points
    )
    path = "M" + "L".join(f"{dot.x:g} {dot.y:g}" for dot in dots) if len(dots) > 1 else ""
    return Line(path, dots, chosen)


def _is(curve: Curve, chosen: Configuration | None) -> bool:
    own = (curve.gpus, curve.precision, curve.layout)
    return chosen is not None and own == (chosen.gpus, chosen.precision, chosen.layout)
