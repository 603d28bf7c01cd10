"""Runs -> one LazyFrame with one SCHEMA: one row a pass. Nothing is aggregated here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from wattbench import runs
from wattbench.boards import Board
from wattbench.problems import Problem, Refusal, refuse
from wattbench.trace import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from wattbench.runs import Pass, Run, Trace

SCHEMA: dict[str, Any] = {
    # the board, whole and in its fields
    "board": pl.String,
    "task": pl.String,
    "version": pl.Int64,
    "sku": pl.String,
    "count": pl.Int64,
    "precision": pl.String,
    "scenario": pl.String,
    "reasoning": pl.String,
    "meter": pl.String,
    "kind": pl.String,
    # what was measured
    "model": pl.String,
    "revision": pl.String,
    "base_model": pl.String,
    "parameters": pl.Int64,
    "licence": pl.String,
    "weights": pl.String,
    # in which run
    "session": pl.String,
    "role": pl.String,
    "digest": pl.String,
    "measured_at": pl.String,
    "protocol": pl.String,
    "device": pl.String,
    "fake": pl.Boolean,
    "verdict": pl.String,
    # the pass; null in all of these is a run without passes
    "pass_index": pl.Int64,
    "rounds": pl.Int64,
    "queries": pl.Int64,
    "seconds": pl.Float64,
    "joules": pl.Float64,
    "wh_per_1000": pl.Float64,
    # how good the run's outputs were
    "quality_metric": pl.String,
    "quality_value": pl.Float64,
    "quality_low": pl.Float64,
    "quality_high": pl.Float64,
    "quality_n": pl.Int64,
    "higher_is_better": pl.Boolean,
}

JOULES_PER_WH = 3600.0
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Filed:
    """A run and where it lies; `digest` is the sha256 of its bytes, `name` its file's name, `path` the file."""

    run: Run
    digest: str
    name: str
    path: Path


def gather(folders: Iterable[Path]) -> tuple[Filed, ...]:
    """Read every run below some submissions folders, each run once, in the order of their names.

    Raises Refusal for every run that does not lie where its content says it belongs.
    """
    found: dict[str, Filed] = {}
    problems: list[Problem] = []
    for folder in folders:
        for path, run in runs.read_all(folder):
            digest = hashlib.sha256(runs.to_bytes(run)).hexdigest()
            if runs.path_of(run, folder) != path:
                problems.append(
                    Problem(str(path), "", "the name is not what its content says", "Put back the file as measured")
                )
            elif not _SAFE_ID.fullmatch(run.model.id):
                problems.append(
                    Problem(str(path), "model.id", f"{run.model.id!r} is no ORG/NAME", "Use letters, digits, . _ -")
                )
            else:
                found[digest] = Filed(run, digest, path.name, path)
    if problems:
        raise Refusal(problems)
    return tuple(sorted(found.values(), key=lambda filed: (filed.run.model.id, filed.name)))


def trace_of(path: Path, trace: Trace) -> bytes:
    """Read the trace beside a run file. Raises Refusal for one that is missing or is not the run's."""
    place = path_of(path, trace)
    try:
        data = place.read_bytes()
    except OSError as error:
        message = f"the trace of {path.name} cannot be read: {error.strerror or error}"
        raise refuse(place, "", message, "Fetch it: it belongs beside the run file") from None
    if hashlib.sha256(data).hexdigest() != trace.sha256:
        raise refuse(place, "sha256", f"is not the trace of {path.name}: its bytes differ", "Fetch the trace again")
    return data


def frame(filed: Iterable[Filed]) -> pl.LazyFrame:
    """Give one row a pass, in SCHEMA. A run without passes gives one row whose pass is null."""
    rows = [row for one in filed for row in _rows(one)]
    return pl.LazyFrame(rows, schema=SCHEMA, orient="row")


def only(passes: pl.LazyFrame, boards: Iterable[str]) -> pl.LazyFrame:
    """Keep the passes of some boards."""
    return passes.filter(pl.col("board").is_in(sorted(boards)))


def _rows(filed: Filed) -> list[dict[str, Any]]:
    run, board, quality = filed.run, Board.parse(filed.run.board), filed.run.quality
    told: dict[str, Any] = {
        "board": run.board,
        "task": board.task,
        "version": board.version,
        "sku": board.sku,
        "count": board.count,
        "precision": board.precision,
        "scenario": board.scenario,
        "reasoning": board.reasoning,
        "meter": board.meter,
        "kind": board.kind,
        "model": run.model.id,
        "revision": run.model.revision,
        "base_model": run.model.base_model,
        "parameters": run.model.parameters,
        "licence": run.model.licence,
        "weights": run.model.weights,
        "session": run.session,
        "role": run.role,
        "digest": filed.digest,
        "measured_at": run.measured_at,
        "protocol": str(run.protocol.get("name", "unnamed")),
        "device": run.device.name,
        "fake": run.device.fake,
        "verdict": run.verdict,
        "quality_metric": quality.metric if quality else None,
        "quality_value": quality.value if quality else None,
        "quality_low": quality.low if quality else None,
        "quality_high": quality.high if quality else None,
        "quality_n": quality.n if quality else None,
        "higher_is_better": quality.higher_is_better if quality else None,
    }
    passes: Sequence[Pass | None] = run.passes or (None,)
    return [told | _window(index, one) for index, one in enumerate(passes)]


def _window(index: int, one: Pass | None) -> dict[str, Any]:
    if one is None:
        return dict.fromkeys(("pass_index", "rounds", "queries", "seconds", "joules", "wh_per_1000"))
    known = one.joules is not None and one.queries > 0
    return {
        "pass_index": index,
        "rounds": one.rounds,
        "queries": one.queries,
        "seconds": one.seconds,
        "joules": one.joules,
        "wh_per_1000": one.joules / one.queries * 1000 / JOULES_PER_WH if known and one.joules else None,
    }
