"""Runs and results -> the columns of a curve: a ladder's batch sizes, and one model's precisions. Pure."""

from __future__ import annotations

from dataclasses import replace
from math import exp, fsum, log
from typing import TYPE_CHECKING

from wattbench.boards import Board
from wattboard.advising import gains
from wattboard.charts import curves
from wattboard.charts.curves import Column, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattbench.runs import Run
    from wattbench.tasks import Metric
    from wattboard.advising.gains import Step
    from wattboard.charts.curves import Curve
    from wattboard.listings import Result

JOULES_PER_WH = 3600.0


def climbed(runs: Iterable[Run]) -> Run | None:
    """Give the newest run that has a ladder of two batch sizes or more."""
    known = [one for one in runs if len(one.ladder) > 1]
    return max(known, key=lambda one: (one.measured_at, one.session), default=None)


def steps(run: Run) -> tuple[Step, ...]:
    """Give a run's ladder as its batch sizes."""
    told = gains.ladder([run])
    return () if told is None else told.steps


def ladder(run: Run) -> list[Column]:
    """Give a run's ladder. A batch size that answered as the graded passes did has the run's quality."""
    graded = {one.outputs_sha256 for one in run.passes} if run.quality else set()
    batch = run.passes[0].batch if run.passes else None
    columns = []
    for step, rung in zip(steps(run), run.ladder, strict=True):
        good = None
        if rung.window is not None:
            alike = rung.window.outputs_sha256 in graded and run.quality is not None
            good = run.quality.value if alike and run.quality else rung.window.quality
        columns.append(Column(str(step.batch), step.wh, quality=good, why=step.why, chosen=step.batch == batch))
    return columns


def by_batch(run: Run, metric: Metric, thresholds: Sequence[float] = (), *, alone: bool = False) -> Curve | None:
    """Draw energy against batch size."""
    columns = ladder(run)
    notes = ["One window a batch size, a single value each, before the session's correction."]
    if chosen := next((one.name for one in columns if one.chosen), None):
        notes.append(f"Filled: {chosen}, the batch size that was measured for the rating.")
    if run.quality is not None and not any(one.quality is not None for one in columns):
        notes.append("Quality was graded on the passes alone, not batch size by batch size.")
    return curves.curve(batch_subject(run), columns, metric, thresholds=thresholds, notes=notes, alone=alone)


def batch_subject(run: Run) -> Subject:
    """Say whose ladder it is."""
    estimated = Board.parse(run.board).kind == "estimated"
    return Subject(f"batch-{run.board}", f"{run.model.id} on {run.device.name}", "batch size", estimated)


def precisions(results: Iterable[Result]) -> list[list[Result]]:
    """Group a model's results that differ in nothing but the precision, the widest first; groups of two or more."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for one in results:
        alike = replace(one.listing.board, precision=gains.ORDER[0]).name
        groups.setdefault((alike, one.rating.revision), []).append(one)
    return [
        sorted(group, key=lambda one: gains.ORDER.index(one.listing.board.precision))
        for group in groups.values()
        if len([one for one in group if one.rating.wh is not None]) > 1
    ]


def by_precision(group: Sequence[Result]) -> Curve | None:
    """Draw one model's energy and quality at each precision: each is a board of its own, with stars of its own."""
    columns = [_column(one) for one in group]
    board = group[0].listing.board
    rating = group[0].rating
    subject = Subject(
        f"precision-{board.name}", f"{rating.model} on {rating.device}", "precision", board.kind == "estimated"
    )
    notes = ["One model against itself, with 95 % intervals. Each precision is a board with stars of its own."]
    return curves.curve(subject, columns, group[0].listing.task.metric, notes=notes)


def precision_subject(run: Run) -> Subject:
    """Say whose precisions they are."""
    estimated = Board.parse(run.board).kind == "estimated"
    return Subject(f"precision-{run.board}", f"{run.model.id} on {run.device.name}", "precision", estimated)


def runs_by_precision(runs: Sequence[Run]) -> list[Column]:
    """Give runs of one model as columns, one a precision: the mean of the passes, and the lowest and highest one."""
    by: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda one: gains.ORDER.index(Board.parse(one.board).precision)):
        by.setdefault(Board.parse(run.board).precision, []).append(run)
    columns = []
    for precision, own in by.items():
        told = [one.joules / one.queries * 1000 / JOULES_PER_WH for run in own for one in run.passes if one.joules]
        graded = max((run for run in own if run.quality), key=lambda one: one.measured_at, default=None)
        good = graded.quality if graded else None
        columns.append(
            Column(
                precision,
                wh=exp(fsum(map(log, told)) / len(told)) if told else None,
                wh_low=min(told, default=None),
                wh_high=max(told, default=None),
                quality=good.value if good else None,
                quality_low=good.low if good else None,
                quality_high=good.high if good else None,
                why=None if told else "no pass has an energy",
            )
        )
    return columns


def _column(one: Result) -> Column:
    rating = one.rating
    stars = "not rated" if rating.stars is None else f"{rating.stars} of 5 stars"
    return Column(
        one.listing.board.precision,
        *(rating.wh, rating.wh_low, rating.wh_high),
        *(rating.quality, rating.quality_low, rating.quality_high),
        below=stars,
        why=None if rating.wh is not None else "no energy",
    )
