"""The geometry of every drawing, as plain values in SVG units; the templates draw it.

One scale everywhere: log energy, less on the left, five bands, a dot with its whisker.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log, log10
from typing import TYPE_CHECKING

from wattboard.charts.crowds import Crowd, part
from wattboard.charts.placing import Mark, place
from wattboard.frontiers import staircase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattboard.listings import Listing, Result
    from wattboard.ratings import Rating


@dataclass(frozen=True, slots=True)
class Axis:
    """A line from `low` to `high` drawn from `start` to `end`; `logs` makes it logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logs: bool = False

    def at(self, value: float) -> float:
        """Give where a value lies, kept within the axis."""
        low, high, v = (log(x) if self.logs else x for x in (self.low, self.high, value))
        share = min(max((v - low) / (high - low), 0.0), 1.0)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ends(self) -> str:
        """Its values and its places at both ends, for a script: a logarithmic axis gives logarithms."""
        low, high = (f"{log(x) if self.logs else x:.6g}" for x in (self.low, self.high))
        return f"{low} {high} {self.start:g} {self.end:g}"

    def ticks(self) -> list[float]:
        """Give some round values within the axis: 3 to 8 of them."""
        if not self.logs:
            step = 10 ** floor(log10((self.high - self.low) / 3))
            step *= next((k for k in (1, 2, 5) if (self.high - self.low) / (k * step) <= 6), 10)  # noqa: PLR2004
            first = ceil(self.low / step - 1e-9)
            return [round(n * step, 10) for n in range(first, floor(self.high / step + 1e-9) + 1)]
        decades = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        for leading in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
            found = [k * 10.0**d for d in decades for k in leading if self.low <= k * 10.0**d <= self.high]
            if len(found) >= 3:  # noqa: PLR2004 - two values make no scale
                return [float(f"{value:.2g}") for value in found]
        return [float(f"{value:.2g}") for value in found]


@dataclass(frozen=True, slots=True)
class Band:
    """The stretch of the energy axis that earns `stars`."""

    stars: int
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Where its name is written."""
        return round((self.start + self.end) / 2, 1)

    @property
    def width(self) -> float:
        """How wide it is drawn."""
        return round(self.end - self.start, 1)


@dataclass(frozen=True, slots=True)
class Plot:
    """Energy against quality, ready to draw; the `crowd` are those that have no mark of their own."""

    width: int
    height: int
    x: Axis
    y: Axis
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    crowd: Crowd | None
    front: str
    recommended: float | None
    shaded: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Strip:
    """The scale in a row, a card or a label: bands, and a dot with its whisker for each model on it."""

    width: float
    bands: tuple[Band, ...]
    dots: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Passes:
    """Every pass of a result as a dot, one row a run."""

    axis: Axis
    rows: tuple[tuple[str, tuple[float, ...]], ...]


def energy_axis(listing: Listing, start: float, end: float) -> Axis:
    """Give the board's energy axis: every model's interval and a whole band outside the thresholds."""
    ends = list(listing.reach or reach(listing.all) or ())
    if listing.frozen:
        t, r = listing.frozen.thresholds_wh, listing.frozen.r
        ends += [t[0] / r, t[3] * r]
    if not ends:
        return Axis(0.1, 10.0, start, end, logs=True)
    return Axis(min(ends) / 1.06, max(ends) * 1.06, start, end, logs=True)


def reach(rated: Iterable[Rating]) -> tuple[float, float] | None:
    """Give the least and the most energy of some intervals, in Wh per 1,000 queries; None without any energy."""
    ends = [edge for one in rated for edge in (one.wh_low or one.wh, one.wh_high or one.wh) if edge]
    return (min(ends), max(ends)) if ends else None


def bands(listing: Listing, axis: Axis) -> tuple[Band, ...]:
    """Give the five bands on an axis, five stars first; none where the board has no thresholds."""
    if not listing.frozen:
        return ()
    edges = [axis.start, *(axis.at(t) for t in listing.frozen.thresholds_wh), axis.end]
    return tuple(Band(5 - k, edges[k], edges[k + 1]) for k in range(5))


def strip(listing: Listing, rated: Iterable[Rating], width: float) -> Strip:
    """Give the scale of a board with some of its models on it."""
    axis = energy_axis(listing, 0.0, width)
    dots = tuple(
        (axis.at(one.wh), axis.at(one.wh_low or one.wh), axis.at(one.wh_high or one.wh)) for one in rated if one.wh
    )
    return Strip(width, bands(listing, axis), dots)


def plot(listing: Listing, width: int, height: int, left: int) -> Plot | None:
    """Give the energy-quality chart of a board, None where nothing has both an energy and a quality."""
    shown = [one for one in listing.all if one.wh is not None and one.quality is not None]
    if not shown:
        return None
    x = energy_axis(listing, float(left), float(width - 14))
    values = [v for one in shown for v in (one.quality_low, one.quality_high, one.quality) if v is not None]
    if listing.frozen:
        values.append(listing.frozen.quality.recommended)
    low, high = min(values), max(values)
    room = (high - low) * 0.1 or abs(high) * 0.1 or 0.1
    better = listing.task.metric.higher_is_better
    bottom, top = float(height - 46), 40.0
    y = Axis(low - room, high + room, *((bottom, top) if better else (top, bottom)))
    level = y.at(listing.frozen.quality.recommended) if listing.frozen else None
    front = sorted((one for one in shown if one.model in listing.frontier), key=lambda one: (one.wh or 0.0, one.model))
    stairs = {one.model for one in staircase(front, [one.model for one in front], higher_is_better=better)}
    marks, crowd = part([_mark(one, listing, x, y, step=one.model in stairs) for one in shown])
    return Plot(
        width=width,
        height=height,
        x=x,
        y=y,
        bands=bands(listing, x),
        marks=tuple(
            place(
                marks,
                (float(left), top, float(width - 14), bottom),
                level,
                round(width / 32),
                crowd.boxes if crowd else (),
            )
        ),
        crowd=crowd,
        front=_front([mark for mark in marks if mark.step], x),
        recommended=level,
        shaded=(level, bottom) if level is not None else None,
    )


def passes(result: Result, width: float) -> Passes | None:
    """Give every valid pass of a result, in Wh per 1,000 queries, on a linear axis; None without any."""
    rows = []
    for number, filed in enumerate(result.runs, 1):
        run = filed.run
        name = {"candidate": "run", "reference-before": "before", "reference-after": "after"}[run.role]
        told = [one.joules / one.queries / 3.6 for one in run.passes if one.joules and one.queries]
        if told:
            rows.append((f"{number} {name}", told))
    everything = [value for _, told in rows for value in told]
    if not everything:
        return None
    room = max((max(everything) - min(everything)) * 0.15, max(everything) * 0.01)
    axis = Axis(min(everything) - room, max(everything) + room, 76.0, width - 16)
    return Passes(axis, tuple((name, tuple(axis.at(value) for value in told)) for name, told in rows))


def _mark(one: Rating, listing: Listing, x: Axis, y: Axis, *, step: bool) -> Mark:
    assert one.wh is not None  # noqa: S101 - for the type checker: plot() asked already
    assert one.quality is not None  # noqa: S101 - the same
    quality_low = one.quality if one.quality_low is None else one.quality_low
    quality_high = one.quality if one.quality_high is None else one.quality_high
    ends = sorted((y.at(quality_low), y.at(quality_high)))
    return Mark(
        rating=one,
        x=x.at(one.wh),
        y=y.at(one.quality),
        left=x.at(one.wh_low or one.wh),
        right=x.at(one.wh_high or one.wh),
        top=ends[0],
        bottom=ends[1],
        frontier=one.model in listing.frontier,
        step=step,
    )


def _front(marks: Sequence[Mark], x: Axis) -> str:
    """Draw the frontier as steps: on to the right to each model that betters the quality, and up to it."""
    ordered = sorted(marks, key=lambda mark: (mark.x, -mark.y))
    if not ordered:
        return ""
    return f"M{ordered[0].x} {ordered[0].y}" + "".join(f"H{mark.x}V{mark.y}" for mark in ordered[1:]) + f"H{x.end}"
