"""Boards of models with scores of single queries, for the tests of right-sizing: made up, measured by nobody."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import site_factory as make

from wattbench import runs, tables
from wattbench.runs import Rung, Workload
from wattboard import editions, frame
from wattboard.founding import anchors, freezing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.editions import Opened
    from wattboard.frame import Filed

IMAGES = "image-classification-v0~h100-sxm5-80gb~fp16~single~off~nvml"
SATURATED = IMAGES.replace("single", "saturated")
INT8 = IMAGES.replace("fp16", "int8")
REFERENCE = make.REFERENCES[make.IMAGES]
QUERIES = 1000


def scores(share: float, *, like: Sequence[float] | None = None, swaps: int = 0, seed: int = 1) -> list[float]:
    """Right or wrong answers: a share of them right, or those of another model with some swapped for the better."""
    draw = random.Random(seed)  # noqa: S311 - made-up data
    if like is None:
        right = round(share * QUERIES)
        found = [1.0] * right + [0.0] * (QUERIES - right)
        draw.shuffle(found)
        return found
    found = list(like)
    wrong = [i for i, one in enumerate(found) if one == (0.0 if swaps > 0 else 1.0)]
    for i in draw.sample(wrong, abs(swaps)):
        found[i] = 1.0 - found[i]
    return found


def brackets(board: str, joules: float = 50.0) -> list[Run]:
    """The reference model before and after both sessions."""
    model, revision = REFERENCE
    told: dict[str, Any] = {"revision": revision, "protocol": "official", "grade": 0.76}
    return [
        make.run(board, model, make.spread(joules), role=role, session=session, at=f"{day}T{hour}:00:00Z", **told)
        for session, day in make.SESSIONS.items()
        for role, hour in (("reference-before", "09"), ("reference-after", "12"))
    ]


def write(
    folder: Path,
    model: str,
    joules: float,
    answers: Sequence[float | None] | None,
    *,
    board: str = IMAGES,
    weights: Sequence[float] | None = None,
    workload: str = "rows",
    ladder: Sequence[Rung] = (),
    latency: float | None = None,
    **more: Any,
) -> list[Run]:
    """Write a model's two runs, with the scores beside each where there are answers."""
    known = [(one, (weights or [1.0] * QUERIES)[i]) for i, one in enumerate(answers or ()) if one is not None]
    grade = sum(one * weight for one, weight in known) / sum(weight for _, weight in known) if known else 0.8
    written = []
    for run in make.official(model, joules, board=board, **{"grade": round(grade, 6)} | more):
        changes: dict[str, Any] = {
            "workload": Workload(
                task=run.workload.task,
                version=run.workload.version,
                sha256=make.sha(workload),
                rows=QUERIES,
                about="1,000 pictures",
            ),
            "ladder": tuple(ladder),
            "passes": tuple(one.model_copy(update={"latency_p95_seconds": latency}) for one in run.passes),
        }
        if answers is not None:
            rows = [
                {"query": i, "score": one, "weight": (weights or [1.0] * QUERIES)[i], "private": False}
                for i, one in enumerate(answers)
            ]
            changes["scores"] = tables.write(rows, tables.SCORES, folder / model / "runs")
        one = run.model_copy(update=changes)
        runs.write(one, folder)
        written.append(one)
    return written


def rungs(*joules: float, queries: int = 500) -> list[Rung]:
    """A ladder of batches 1, 2, 4, ..., the last of which did not fit."""
    windows = make.passes(joules, "measured", queries)
    steps = [Rung(batch=2**i, window=one, exhausted=None) for i, one in enumerate(windows)]
    return [*steps, Rung(batch=2 ** len(steps), window=None, exhausted="memory ended")]


def frozen(folder: Path) -> tuple[tuple[Filed, ...], tuple[Opened, ...]]:
    """Freeze every board on its reference model, and read runs and editions."""
    filed = frame.gather([make.seal(folder / "s")])
    freezing.freeze(folder / "e", "e1", anchors.anchors(frame.frame(filed)), demo=False)
    return filed, editions.read_all([folder / "e"])
