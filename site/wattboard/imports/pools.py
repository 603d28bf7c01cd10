"""Ladders -> boards by task, GPU model and batch regime: ML.ENERGY's results, pooled so that cohorts reach eight."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from wattboard.imports import Configuration, Curve, ImportedBoard, ImportedRow, Point
from wattboard.imports.ladders import lowest
from wattboard.imports.scales import MIN_COHORT, rounded, scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattboard.imports import Finding, Kind, Source
    from wattboard.imports.ladders import Ladder, Rung

J_PER_1000_TO_WH = 1000 / 3600
# Our task where there is one like it. The queries differ: nothing is compared across.
OURS = {"gpqa": "text-generation", "lm-arena-chat": "text-generation", "text-to-image": "image-generation"}
TITLES = {
    "gpqa": "GPQA, reasoning",
    "lm-arena-chat": "LM Arena chat",
    "image-chat": "Image chat",
    "video-chat": "Video chat",
    "sourcegraph-fim": "Code completion",
    "text-to-image": "Text to image",
    "text-to-video": "Text to video",
}
OFF = "off its curve"


def boards(
    edition: str, many: Sequence[Ladder], findings: Sequence[Finding], source: Source
) -> Iterator[ImportedBoard]:
    """Give two boards a task and GPU model: at the smallest batch of its ladders, and at each model's best batch."""
    off = {finding.rows: OFF for finding in findings if finding.kind == "off-curve"}
    marks: dict[int, set[Kind]] = {}
    for finding in findings:
        for row in finding.rows:
            marks.setdefault(row, set()).add(finding.kind)
    for (task, gpu), group in groupby(many, key=lambda one: (one.task, one.gpu)):
        here = list(group)
        least = min(rung.batch for ladder in here for rung in ladder.rungs)
        regimes = {f"batch {least}": _only(here, least), "best batch": here}
        for regime, these in regimes.items():
            models = sorted({ladder.model for ladder in these})
            picks = [lowest([one for one in these if one.model == model], off) for model in models]
            picks.sort(key=lambda one: (one[1].joules, one[0].model))
            exact = [rung.joules for _, rung in picks]
            wh = [rounded(value * J_PER_1000_TO_WH) for value in exact]
            found = scale([ladder.model for ladder, _ in picks], wh, exact)
            yield ImportedBoard(
                schema=1,
                board=f"{task}-{gpu.lower()}-{regime.replace(' ', '-')}",
                edition=edition,
                title=f"{TITLES.get(task, task)}, {gpu}, {regime}",
                task=OURS.get(task),
                source_task=task,
                size_class=None,
                gpu=gpu,
                regime=regime,
                query=here[0].query,
                pools=f"one row a model, its lowest energy at {regime}; precision and number of GPUs are pooled",
                status="imported, single value",
                cohort=found.cohort,
                r=found.r,
                thresholds_wh=found.thresholds_wh,
                why_no_stars=found.why_no_stars,
                rows=tuple(
                    _row(ladder, rung, value, ours, old, marks)
                    for (ladder, rung), value, ours, old in zip(picks, wh, found.stars, found.legacy_stars, strict=True)
                ),
                curves=tuple(_curve(one, off) for one in here) if regime == "best batch" else (),
                source=source,
            )


def why(many: Sequence[Ladder]) -> str:
    """Say why precision and number of GPUs are pooled: how many cohorts would reach eight models either way."""
    pooled: dict[tuple[str, ...], set[str]] = {}
    split: dict[tuple[str, ...], set[str]] = {}
    for one in many:
        pooled.setdefault((one.task, one.gpu), set()).add(one.model)
        split.setdefault((one.task, one.gpu, one.precision, str(one.gpus)), set()).add(one.model)
    reach, alone = (sum(len(models) >= MIN_COHORT for models in fields.values()) for fields in (pooled, split))
    return (
        f"Precision and number of GPUs are pooled, because the cohorts would else be under {MIN_COHORT}: "
        f"apart, {alone} of {len(split)} fields have {MIN_COHORT} models; pooled, {reach} of {len(pooled)}."
    )


def _only(many: Sequence[Ladder], batch: int) -> list[Ladder]:
    """Keep one batch of each ladder."""
    kept = [(one, tuple(rung for rung in one.rungs if rung.batch == batch)) for one in many]
    return [replace(one, rungs=rungs) for one, rungs in kept if rungs]


def _row(
    ladder: Ladder, rung: Rung, wh: float, ours: int | None, old: int | None, marks: dict[int, set[Kind]]
) -> ImportedRow:
    first = rung.readings[0]
    return ImportedRow(
        model=ladder.model,
        wh_per_1000=wh,
        published_stars=None,
        legacy_stars=old,
        stars=ours,
        rows=rung.rows,
        configuration=Configuration(
            batch=rung.batch, gpus=ladder.gpus, precision=ladder.precision, layout=ladder.layout
        ),
        joules_per_token=rounded(rung.work) if first.joules_per_token else None,
        output_tokens=_tokens(rung),
        findings=tuple(sorted({mark for row in rung.rows for mark in marks.get(row, ())})),
    )


def _curve(ladder: Ladder, off: dict[tuple[int, ...], str]) -> Curve:
    return Curve(
        model=ladder.model,
        gpus=ladder.gpus,
        precision=ladder.precision,
        layout=ladder.layout,
        points=tuple(
            Point(
                batch=rung.batch,
                wh_per_1000=rounded(rung.joules * J_PER_1000_TO_WH),
                readings=tuple(rounded(one.joules * J_PER_1000_TO_WH) for one in rung.readings),
                joules_per_token=rounded(rung.work) if rung.readings[0].joules_per_token else None,
                output_tokens=_tokens(rung),
                rows=rung.rows,
                left_out=off.get(rung.rows),
            )
            for rung in ladder.rungs
        ),
    )


def _tokens(rung: Rung) -> float | None:
    """Give the mean length of a rung's answers, in tokens."""
    told = [one.tokens for one in rung.readings if one.tokens is not None]
    return rounded(sum(told) / len(told)) if told else None
