"""Energy against batch size and against precision, with quality beside it: the geometry, and a few terminal lines.

Both are one drawing: columns from left to right, a panel of energy on a log axis, a panel of quality below it.
Pure; `curve.j2` draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING

from wattboard.charts import Axis, Band
from wattboard.formats import quality, significant, tick

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.tasks import Metric

WIDTH, LEFT, RIGHT, HEADING = 440.0, 50.0, 14.0, 28.0
HIGH, LOW = 150.0, 84.0  # of the panels of energy and quality
LETTER = 6.8  # width of a letter of a value, generously, in units
NOTE_LETTERS, HEADING_LETTERS = 66, 50
STRIP = 7.0


@dataclass(frozen=True, slots=True)
class Column:
    """One batch size or precision: Wh per 1,000 queries and quality with their ends; None is what is not known.

    `below` is a second line under the name. `why` says why there is no energy.
    """

    name: str
    wh: float | None = None
    wh_low: float | None = None
    wh_high: float | None = None
    quality: float | None = None
    quality_low: float | None = None
    quality_high: float | None = None
    below: str = ""
    why: str | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A value on a panel, with its whisker; `value` is written above it, empty where there is no room."""

    x: float
    y: float
    top: float
    bottom: float
    value: str
    about: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity over the columns; `bands` are the stars' stretches of an energy axis, from bottom to top."""

    title: str
    y: Axis
    ticks: tuple[tuple[float, str], ...]
    dots: tuple[Dot, ...]
    path: str
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawing. `names` are (x, column, second line); `title` is what the columns are.

    `heading` are lines above a drawing that stands alone. `whole` is its height with the notes in it; on a page they
    stand below.
    """

    key: str
    whose: str
    heading: tuple[str, ...]
    title: str
    about: str
    width: float
    height: float
    whole: float
    left: float
    right: float
    foot: float
    names: tuple[tuple[float, str, str], ...]
    panels: tuple[Panel, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose columns they are and what they are: a key for ids, a heading, the columns' title, `estimated` or not."""

    key: str
    heading: str
    title: str
    estimated: bool = False


def curve(
    subject: Subject,
    columns: Sequence[Column],
    metric: Metric | None,
    *,
    thresholds: Sequence[float] = (),
    notes: Sequence[str] = (),
    alone: bool = False,
) -> Curve | None:
    """Lay columns out; None where fewer than two have an energy. `alone` leaves room for a heading."""
    known = [one for one in columns if one.wh is not None]
    if len(known) < 2:  # noqa: PLR2004 - one value is no curve
        return None
    left, right = LEFT, WIDTH - RIGHT
    heading = tuple(wrap(subject.heading, HEADING_LETTERS)) if alone else ()
    top = 18.0 * len(heading) + 4 * alone
    step = (right - left) / len(columns)
    places = [round(left + step * (index + 0.5), 1) for index in range(len(columns))]
    named = f"{'Estimated ' if subject.estimated else ''}Wh per 1,000 queries"
    panels = [_energy(columns, places, named, thresholds, top + HEADING, step)]
    foot = top + HEADING + HIGH
    if metric is not None and any(one.quality is not None for one in columns):
        panels.append(_quality(columns, places, metric, foot + HEADING + 8, step))
        foot += HEADING + 8 + LOW
    told = [*notes, *(f"{one.name}: {one.why}." for one in columns if one.why)]
    lines = tuple(line for note in told for line in wrap(note, NOTE_LETTERS))
    below = 34 if any(one.below for one in columns) else 20
    return Curve(
        key=subject.key,
        whose=subject.heading,
        heading=heading,
        title=subject.title,
        about=". ".join(_said(subject, columns, metric)) + ".",
        width=WIDTH,
        height=foot + below + 20,
        whole=foot + below + 20 + 15 * len(lines) + 6 * bool(lines),
        left=left,
        right=right,
        foot=foot,
        names=tuple((x, one.name, one.below) for x, one in zip(places, columns, strict=True)),
        panels=tuple(panels),
        notes=lines,
    )


def lines(subject: Subject, columns: Sequence[Column], metric: Metric | None, width: int, bar: str) -> Iterator[str]:
    """Say the same on a terminal of `width` columns: a bar of energy for each column, quality behind it."""
    known = [one.wh for one in columns if one.wh is not None]
    if not known:
        return
    yield f"{subject.heading}: {'estimated ' if subject.estimated else ''}Wh per 1,000 queries by {subject.title}"
    longest = max(len(one.name) for one in columns)
    told = [
        (
            one,
            significant(one.wh),
            f"{metric.name} {quality(one.quality, metric)}" if metric and one.quality is not None else "",
        )
        for one in columns
    ]
    values, ends = max(len(value) for _, value, _ in told), max(len(end) for *_, end in told)
    room = max(4, min(48, width - longest - values - ends - 8))
    for one, value, end in told:
        if one.wh is None:
            yield f"  {one.name:>{longest}}  {one.why or 'no energy'}"
        else:
            drawn = bar * max(1, round(room * one.wh / max(known)))
            yield f"  {one.name:>{longest}}  {value:>{values}}  {drawn:<{room}}  {end}".rstrip()


def _energy(
    columns: Sequence[Column],
    places: Sequence[float],
    title: str,
    thresholds: Sequence[float],
    top: float,
    room: float,
) -> Panel:
    ends = [end for one in columns for end in (one.wh, one.wh_low, one.wh_high) if end]
    y = Axis(min(ends) / 1.25, max(ends) * 1.35, top + HIGH, top, logs=True)
    told = [
        _dot(x, y, (one.wh, one.wh_low, one.wh_high), significant(one.wh), one)
        for x, one in zip(places, columns, strict=True)
        if one.wh is not None
    ]
    dots = _written(told, room)
    ticks = tuple((y.at(value), significant(value, 2)) for value in _few(y))
    return Panel(title, y, ticks, tuple(dots), _path(dots), _bands(y, thresholds))


def _quality(columns: Sequence[Column], places: Sequence[float], metric: Metric, top: float, space: float) -> Panel:
    ends = [end for one in columns for end in (one.quality, one.quality_low, one.quality_high) if end is not None]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.18 or abs(high) * 0.05 or 0.1
    down, up = (top + LOW, top) if metric.higher_is_better else (top, top + LOW)
    y = Axis(low - room, high + room * 1.6, down, up)
    told = [
        _dot(x, y, (one.quality, one.quality_low, one.quality_high), quality(one.quality, metric), one)
        for x, one in zip(places, columns, strict=True)
        if one.quality is not None
    ]
    dots = _written(told, space)
    ticks = tuple((y.at(value), tick(value, metric)) for value in _few(y) if metric.unit != "%" or value <= 1)
    better = "" if metric.higher_is_better else ", less is better"
    return Panel(f"{metric.name[:1].upper()}{metric.name[1:]}{better}", y, ticks, tuple(dots), _path(dots))


def _few(y: Axis) -> list[float]:
    """Keep at most five ticks."""
    found = y.ticks()
    return found[:: ceil(len(found) / 5)]


def _dot(x: float, y: Axis, told: tuple[float | None, float | None, float | None], value: str, one: Column) -> Dot:
    middle, low, high = told
    assert middle is not None  # noqa: S101 - for the type checker: the caller asked
    ends = sorted((y.at(middle if low is None else low), y.at(middle if high is None else high)))
    return Dot(x, y.at(middle), ends[0], ends[1], value, f"{one.name}: {value}", one.chosen)


def _written(dots: Sequence[Dot], room: float) -> list[Dot]:
    """Keep the values that have room above their dots: all, or the first, the last and the chosen one."""
    if LETTER * max(len(one.value) for one in dots) <= room:
        return list(dots)
    told = {dots[0], dots[-1], *(one for one in dots if one.chosen)}
    return [one if one in told else replace(one, value="") for one in dots]


def _path(dots: Sequence[Dot]) -> str:
    return "M" + "L".join(f"{one.x:g} {one.y:g}" for one in dots) if len(dots) > 1 else ""


def _bands(y: Axis, thresholds: Sequence[float]) -> tuple[Band, ...]:
    """Give the stars' stretches that the axis shows, five stars at its foot."""
    if not thresholds:
        return ()
    edges = [y.start, *(y.at(limit) for limit in thresholds), y.end]
    found = (Band(5 - k, edges[k + 1], edges[k]) for k in range(5))
    return tuple(band for band in found if band.width >= 1)


def _said(subject: Subject, columns: Sequence[Column], metric: Metric | None) -> Iterator[str]:
    yield f"{'Estimated e' if subject.estimated else 'E'}nergy by {subject.title}"
    for one in columns:
        if one.wh is not None:
            good = f", {metric.name} {quality(one.quality, metric)}" if metric and one.quality is not None else ""
            yield f"{one.name}: {significant(one.wh)} Wh per 1,000 queries{good}"
