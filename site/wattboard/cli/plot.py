"""`wattboard plot`: a run over time, as an SVG file and as a line of bars on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.traces import Told

BARS, PLAIN = "▁▂▃▄▅▆▇█", "._-=+*#@"  # the second for terminals without Unicode
PLOTS = Path("build/plots")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(plot)


def plot(
    run: Annotated[Path, typer.Argument(metavar="RUN", exists=True, dir_okay=False, help="A run file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the SVG goes.", show_default="build/plots/<run>.svg")
    ] = None,
    sparkline: Annotated[bool, typer.Option(help="Show the power on the terminal too.")] = True,
) -> None:
    """Draw a run's power, temperature and clocks over time, its passes marked. Needs the trace beside the run."""
    from rich.console import Console

    from wattbench import runs, trace
    from wattbench.problems import refuse
    from wattboard import frame, pages, timelines, traces

    read = runs.from_bytes(run.read_bytes(), run)
    if read.trace is None:
        message = f"has no trace: the meter {read.meter.get('name', 'unknown')} keeps none"
        raise refuse(run, "trace", message, "Only runs of the meter nvml have one")
    told = traces.tell(read, trace.from_bytes(frame.trace_of(run, read.trace), trace.path_of(run, read.trace)))
    target = out or PLOTS / f"{run.stem}.svg"
    runs.write_whole(target, pages.trace(timelines.timeline(read, told, heading=True)).encode())
    if sparkline:
        console = Console(highlight=False)
        unicode = "utf" in console.encoding.lower()
        for line in lines(told, console.width, BARS if unicode else PLAIN):
            console.print(line, markup=False, soft_wrap=True)
    typer.echo(f"The plot is in {target}.")


def lines(told: Told, width: int, bars: str = BARS) -> Iterator[str]:
    """Lay a run out for a terminal of `width` columns: its power, what happened below it, and the means."""
    from wattboard import formats, traces

    width = max(20, width)
    points = traces.power(told)
    gpus = f"{len(told.gpus)} GPUs together" if len(told.gpus) > 1 else "1 GPU"
    if not points:
        yield "The trace has no power that covers every GPU."
    else:
        watts = [value for _, value in points]
        yield f"{gpus}, {formats.clock(told.seconds)}, {told.samples:,} samples"
        yield f"power: min {min(watts):.1f} W, mean {traces.mean(points):.1f} W, max {max(watts):.1f} W"
        yield ""
        yield spark(traces.levels(points, told.seconds, width), bars)
        yield marks(told, width)
        if told.alarms:
            yield warnings(told, width)
        yield ""
    longest = max((len(one.name) for one in told.stretches), default=0)
    for one in told.stretches:
        mean = "without power" if one.watts is None else f"{one.watts:7.1f} W"
        failed = f"  no energy: {one.failed}" if one.failed else ""
        yield f"  {one.name:<{longest}}  {mean}  {formats.clock(one.start)}-{formats.clock(one.end)}{failed}"
    for note in traces.notes(told):
        yield f"! {note}"
    yield ""


def spark(levels: list[float | None], bars: str = BARS) -> str:
    """Draw one bar a level, from nothing to the highest; a blank where there is none."""
    highest = max((level for level in levels if level is not None), default=0.0) or 1.0
    top = len(bars) - 1
    return "".join(" " if level is None else bars[min(top, int(level / highest * len(bars)))] for level in levels)


def marks(told: Told, width: int) -> str:
    """Mark the passes, numbered, below the bars."""
    cells = [" "] * width
    for one in told.passes:
        first, last = _cells(one.start, one.end, told.seconds, width)
        inside = str(one.number).center(last - first - 1, "-") if last - first > len(str(one.number)) else ""
        cells[first : last + 1] = f"|{inside:-<{last - first - 1}}|" if last > first else "|"
    return "".join(cells).rstrip()


def warnings(told: Told, width: int) -> str:
    """Mark where clocks were held back or samples are missing; empty where all is well."""
    cells = [" "] * width
    for one in told.alarms:
        first, last = _cells(one.start, one.end, told.seconds, width)
        cells[first : last + 1] = "!" * (last - first + 1)
    return "".join(cells).rstrip()


def _cells(start: float, end: float, seconds: float, width: int) -> tuple[int, int]:
    """Give the first and the last column of a stretch."""
    first = min(width - 1, round(width * start / seconds))
    return first, max(first, min(width, round(width * end / seconds)) - 1)
