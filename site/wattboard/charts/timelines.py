"""The geometry of a trace: power, temperature and clocks as panels over one time axis. Pure; `trace.j2` draws it."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from wattboard import formats
from wattboard.charts import Axis, traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattbench.runs import Run
    from wattboard.charts.traces import Alarm, Point, Stretch, Told

TICK_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
LETTER = 6.6  # width of a letter of the lane, generously, in units
NOTE_LETTER = 5.6  # the same, of the notes
LEFT, RIGHT, TOP, LANE, HEADING = 46.0, 12.0, 6.0, 20.0, 24.0
NEAR = 1.5  # units: alarms this close are drawn as one
COLOURS = 8  # of GPUs, before they repeat
GAP_PERIODS = 2.5  # a curve breaks where more than one sample is missing

# panel: its title, its unit, and its curves as (column, name, look)
_INSTANT, _AVERAGE = ("instant_watts", "instant", "instant"), ("average_watts", "average", "average")
_PANELS = (
    ("Power", "W", (_INSTANT, _AVERAGE, ("usage_watts", "power usage", "average"))),
    ("Temperature", "°C", (("celsius", "GPU", "average"),)),
    ("Clocks", "MHz", (("sm_mhz", "SM", "average"), ("memory_mhz", "memory", "memory"))),
)
_NAMES = {"bare": ("bare idle", "bare", "b"), "context": ("context idle", "context", "c"), "warm-up": ("warm-up", "w")}


@dataclass(frozen=True, slots=True)
class Form:
    """How large a drawing is: its width, the heights of its panels, and how many points a curve may have."""

    name: str
    width: float
    heights: tuple[float, ...]
    points: int


WIDE = Form("wide", 960.0, (170.0, 84.0, 84.0), 600)
TALL = Form("tall", 400.0, (150.0, 84.0, 84.0), 240)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: `look` is instant, average or memory; `gpu` a colour's number, 0 where there is one GPU."""

    name: str
    look: str
    gpu: int
    path: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity over time; `keys` are the legend as (name, look, GPU, where it begins)."""

    title: str
    unit: str
    y: Axis
    curves: tuple[Curve, ...]
    keys: tuple[tuple[str, str, int, float], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch on the lane: what is written, what it is, and where. Passes are shaded through every panel."""

    label: str
    about: str
    start: float
    width: float
    measured: bool
    failed: bool

    @property
    def middle(self) -> float:
        """Where its name is written."""
        return round(self.start + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A trace, ready to draw. `key` keeps the ids of several drawings on a page apart.

    alarms: (start, width, why). notes: lines below the panels, each with whether an alarm's note begins there.
    """

    key: str
    form: str
    width: float
    height: float
    lane: float
    bottom: float
    x: Axis
    ticks: tuple[tuple[float, str], ...]
    panels: tuple[Panel, ...]
    spans: tuple[Span, ...]
    alarms: tuple[tuple[float, float, str], ...]
    notes: tuple[tuple[bool, str], ...]
    title: str
    about: str


def timeline(run: Run, told: Told, form: Form = WIDE, *, heading: bool = False) -> Timeline:
    """Lay a trace out; `heading` leaves room for a line that says what it is."""
    assert run.trace is not None  # noqa: S101 - for the type checker: what is told was read from it
    x = Axis(0.0, told.seconds, LEFT, form.width - RIGHT)
    lane = TOP + (HEADING if heading else 0.0)
    at, panels = lane + LANE, []
    for index, (title, unit, columns) in enumerate(_PANELS):
        height = form.heights[index]
        panel = _panel(told, (title, unit, columns), x, (at + HEADING, at + HEADING + height), form.points)
        if panel is not None:
            panels.append(panel)
            at += HEADING + height + 8
    spans = tuple(_span(one, x) for one in told.stretches)
    notes = traces.notes(told)
    lines = _lines(notes, spans, int((form.width - LEFT) / NOTE_LETTER))
    return Timeline(
        key=f"{run.trace.sha256[:12]}-{form.name}",
        form=form.name,
        width=form.width,
        height=at + 28 + 17 * len(lines),
        lane=lane,
        bottom=at - 8,
        x=x,
        ticks=_ticks(told.seconds, x),
        panels=tuple(panels),
        spans=spans,
        alarms=tuple(_alarms(told.alarms, x)),
        notes=lines,
        title=f"{run.model.id} on {run.device.name}, {run.measured_at[:10]}",
        about=_about(told, notes),
    )


def _panel(
    told: Told,
    what: tuple[str, str, Sequence[tuple[str, str, str]]],
    x: Axis,
    ends: tuple[float, float],
    most: int,
) -> Panel | None:
    title, unit, columns = what
    several = len(told.gpus) > 1
    # Where both sensors speak, NVML's own choice of one of them is a third line that says nothing new.
    both = any((index, "instant_watts") in told.curves for index in range(len(told.gpus)))
    there = [one for one in columns if not (both and one[0] == "usage_watts")]
    drawn = [
        (name, look, index, told.curves[index, column])
        for column, name, look in there
        for index in range(len(told.gpus))
        if (index, column) in told.curves
    ]
    if not drawn:
        return None
    values = [value for *_, points in drawn for _, value in points]
    low, high = min(values), max(values)
    if unit == "°C":
        middle, half = (low + high) / 2, max(10.0, high - low) * 0.6
        y = Axis(middle - half, middle + half, ends[1], ends[0])
    else:
        y = Axis(0.0, max(high * 1.06, 1.0), ends[1], ends[0])
    curves = tuple(
        Curve(
            f"{name}, GPU {index}" if several else name,
            look,
            1 + index % COLOURS if several else 0,
            _path(points, x, y, most, GAP_PERIODS * told.period),
        )
        for name, look, index, points in drawn
    )
    names: dict[str, tuple[str, int]] = {name: (look, 0) for name, look, _, _ in drawn if len(columns) > 1}
    if several and not names:  # the panel whose heading has room says which colour is which GPU
        names = {f"GPU {index}": ("average", 1 + index % COLOURS) for index in range(len(told.gpus))}
    return Panel(title, unit, y, curves, tuple(_keys(names, LEFT + 8.0 * len(f"{title}, {unit}") + 10, x.end)))


def _keys(names: Mapping[str, tuple[str, int]], start: float, end: float) -> Iterator[tuple[str, str, int, float]]:
    """Place the legend in a row, as many as fit."""
    at = start
    for name, (look, gpu) in names.items():
        if at + 20 + LETTER * len(name) > end:
            return
        yield name, look, gpu, round(at, 1)
        at += 30 + LETTER * len(name)


def _path(points: Sequence[Point], x: Axis, y: Axis, most: int, longest: float) -> str:
    """Draw a curve, broken where samples are missing; a level stretch is its two ends."""
    parts = []
    for piece in traces.unbroken(points, longest):
        share = max(4, round(most * len(piece) / len(points)))
        kept: list[tuple[float, float]] = []
        for at, value in traces.thin(piece, share):
            spot = x.at(at), y.at(value)
            if len(kept) > 1 and kept[-1][1] == kept[-2][1] == spot[1]:
                kept[-1] = spot
            else:
                kept.append(spot)
        parts.append("M" + "L".join(f"{across:g} {down:g}" for across, down in kept) + "h.1" * (len(kept) == 1))
    return "".join(parts)


def _span(one: Stretch, x: Axis) -> Span:
    start, end = x.at(one.start), x.at(one.end)
    first = one.name.removesuffix("-before").removesuffix("-after")
    names = (str(one.number),) if one.number is not None else _NAMES.get(first, (first, first[:1]))
    label = next((name for name in names if LETTER * len(name) + 4 <= end - start), "")
    about = f"{one.name.replace('-', ' ')}, {formats.clock(one.start)} to {formats.clock(one.end)}"
    about += f", mean {one.watts:.1f} W" if one.watts is not None else ""
    about += f", without energy: {one.failed}" if one.failed else ""
    return Span(label, about, start, round(max(end - start, 0.5), 1), one.number is not None, one.failed is not None)


def _alarms(found: Iterable[Alarm], x: Axis) -> list[tuple[float, float, str]]:
    """Give each alarm as (start, width, why), wide enough to be seen; what overlaps or nearly touches is one."""
    drawn: list[tuple[float, float, str]] = []
    for one in found:
        start = x.at(one.start)
        end = max(x.at(one.end), start + 2)
        if drawn and start - (drawn[-1][0] + drawn[-1][1]) < NEAR:
            first, width, why = drawn[-1]
            joined = why if one.why in why else f"{why}; {one.why}"
            drawn[-1] = (first, round(max(end, first + width) - first, 1), joined)
        else:
            drawn.append((start, round(end - start, 1), one.why))
    return drawn


def _lines(notes: Iterable[str], spans: Iterable[Span], letters: int) -> tuple[tuple[bool, str], ...]:
    """Break what is said below the panels into lines; names that were cut to a letter are said in full."""
    labels = {span.label for span in spans}
    wrapped = [(index == 0, line) for note in notes for index, line in enumerate(wrap(note, letters))]
    short = ", ".join(f"{names[-1]}: {names[0]}" for names in _NAMES.values() if names[-1] in labels - {names[0]})
    return (*wrapped, *((False, line) for line in wrap(short, letters)))


def _ticks(seconds: float, x: Axis) -> tuple[tuple[float, str], ...]:
    room = (x.end - x.start) / 56
    step = next((one for one in TICK_SECONDS if seconds / one <= room), TICK_SECONDS[-1])
    return tuple((x.at(at), formats.clock(at)) for at in range(0, int(seconds) + 1, step))


def _about(told: Told, notes: Sequence[str]) -> str:
    count = f"{len(told.gpus)} GPUs" if len(told.gpus) > 1 else "a GPU"
    said = [f"Power, temperature and clocks of {count} over {formats.clock(told.seconds)}"]
    if points := traces.power(told):
        watts = [value for _, value in points]
        said.append(f"power from {min(watts):.0f} to {max(watts):.0f} W, mean {traces.mean(points):.0f} W")
    means = [f"{one.watts:.0f}" for one in told.passes if one.watts is not None]
    said.append(f"{len(told.passes)} passes" + (f" at {', '.join(means)} W" if means else ""))
    return "; ".join([*said, *notes]) + "."
