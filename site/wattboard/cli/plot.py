"""`wattboard plot`: a run over time, and energy against batch size and precision: as SVG and on the terminal."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wattbench.runs import Run
    from wattboard.charts.traces import Told

    Drawing = tuple[Path, str, Callable[[int, str], Iterator[str]]]  # where it goes, the SVG, what the terminal shows

BARS, PLAIN = "▁▂▃▄▅▆▇█", "._-=+*#@"  # the second for terminals without Unicode
PLOTS = Path("build/plots")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(plot)


def plot(
    run: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", exists=True, dir_okay=False, help="A run file; or several of one model."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the SVG goes.", show_default="build/plots/<run>.svg")
    ] = None,
    sparkline: Annotated[bool, typer.Option(help="Show it on the terminal too.")] = True,
) -> None:
    """Draw a run over time, and its energy against batch size; of several runs of a model, against precision.

    Power, temperature and clocks need the trace beside the run, batch sizes a run of the scenario saturated.
    """
    from rich.console import Console

    from wattbench import runs

    read = [runs.from_bytes(path.read_bytes(), path) for path in run]
    drawn = _one(run[0], read[0], out) if len(run) == 1 else _several(run, read, out)
    console = Console(highlight=False)
    unicode = "utf" in console.encoding.lower()
    for target, picture, told in drawn:
        runs.write_whole(target, picture.encode())
        for line in told(console.width, BARS if unicode else PLAIN) if sparkline else ():
            console.print(line, markup=False, soft_wrap=True)
        typer.echo(f"The plot is in {target}.")


def _one(path: Path, run: Run, out: Path | None) -> Iterator[Drawing]:
    """Draw what one run has: its trace, its ladder. Raises Refusal where it has neither."""
    from wattbench import tasks, trace
    from wattbench.problems import refuse
    from wattboard.charts import curves, timelines, traces
    from wattboard.gathering import filed
    from wattboard.pages import filling
    from wattboard.profiles import sweeps

    metric = tasks.find(run.workload.task).metric
    curve = sweeps.by_batch(run, metric, alone=True)
    if run.trace is None and curve is None:
        message = f"has no trace: the meter {run.meter.get('name', 'unknown')} keeps none; and no ladder of batch sizes"
        raise refuse(path, "trace", message, "Only runs of the meter nvml have one, and only saturated runs a ladder")
    target = out or PLOTS / f"{path.stem}.svg"
    if run.trace is not None:
        told = traces.tell(run, trace.from_bytes(filed.trace_of(path, run.trace), trace.path_of(path, run.trace)))
        yield target, filling.trace(timelines.timeline(run, told, heading=True)), partial(lines, told)
        target = target.with_stem(f"{target.stem}-batch")
    if curve is not None:
        subject, columns = sweeps.batch_subject(run), sweeps.ladder(run)
        yield target, filling.curve(curve), lambda width, bars: curves.lines(subject, columns, metric, width, bars[-1])


def _several(paths: Sequence[Path], read: Sequence[Run], out: Path | None) -> Iterator[Drawing]:
    """Draw several runs of one model against their precision. Raises Refusal for runs that differ in more."""
    from dataclasses import replace

    from wattbench import tasks
    from wattbench.boards import Board
    from wattbench.problems import Problem, Refusal
    from wattboard.charts import curves
    from wattboard.pages import filling
    from wattboard.profiles import sweeps

    def alike(run: Run) -> tuple[str, str, str]:
        return run.model.id, run.model.revision, replace(Board.parse(run.board), precision="fp32").name

    problems = [
        Problem(
            str(path),
            "",
            f"is of {one.model.id} on {one.board}, the first of {read[0].model.id} on {read[0].board}",
            "Give runs of one model and revision whose boards differ in their precision alone",
        )
        for path, one in zip(paths, read, strict=True)
        if alike(one) != alike(read[0])
    ]
    if len({one.board for one in read}) == 1:
        problems.append(Problem(str(paths[0]), "board", "all are of one precision", "Give a run of another precision"))
    metric = tasks.find(read[0].workload.task).metric
    columns = sweeps.runs_by_precision(read)
    subject = sweeps.precision_subject(read[0])
    notes = ["Whiskers: the lowest and the highest pass; of quality, the 95 % interval."]
    curve = curves.curve(subject, columns, metric, notes=notes, alone=True)
    if curve is None and not problems:
        problems.append(Problem(str(paths[0]), "passes", "fewer than two precisions have an energy", "Measure again"))
    if problems or curve is None:
        raise Refusal(problems)
    target = out or PLOTS / f"{read[0].model.id.replace('/', '--')}-precision.svg"
    yield target, filling.curve(curve), lambda width, bars: curves.lines(subject, columns, metric, width, bars[-1])


def lines(told: Told, width: int, bars: str = BARS) -> Iterator[str]:
    """Lay a run out for a terminal of `width` columns: its power, what happened below it, and the means."""
    from wattboard import formats
    from wattboard.charts import traces

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
