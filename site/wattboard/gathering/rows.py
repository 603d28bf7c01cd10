"""A run -> its rows, one a pass, in the one SCHEMA of everything that is rated and published. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from wattbench.boards import Board
from wattboard.ratings import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.runs import Pass, Quality, Run

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
    "workload_sha256": pl.String,
    # what was measured
    "model": pl.String,
    "revision": pl.String,
    "base_model": pl.String,
    "parameters": pl.Int64,
    "licence": pl.String,
    "weights": pl.String,
    "weights_digest": pl.String,
    # in which run; `signer` is the id of the trusted key that signed it, null where nobody did
    "session": pl.String,
    "role": pl.String,
    "digest": pl.String,
    "signer": pl.String,
    "measured_at": pl.String,
    "protocol": pl.String,
    "device": pl.String,
    "card": pl.String,
    "fake": pl.Boolean,
    "verdict": pl.String,
    # the pass; null in all of these is a run without passes
    "pass_index": pl.Int64,
    "rounds": pl.Int64,
    "batch": pl.Int64,
    "queries": pl.Int64,
    "answered": pl.Int64,
    "seconds": pl.Float64,
    "joules": pl.Float64,
    "mean_watts": pl.Float64,
    "wh_per_1000": pl.Float64,
    # what went in and came out in it
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "input_bytes": pl.Int64,
    "output_bytes": pl.Int64,
    "output_characters": pl.Int64,
    "capped": pl.Int64,
    "truncated": pl.Int64,
    "audio_seconds": pl.Float64,
    # how long a batch took, and how a generation splits at its first new token
    "latency_p50_seconds": pl.Float64,
    "latency_p95_seconds": pl.Float64,
    "prefill_seconds": pl.Float64,
    "decode_seconds": pl.Float64,
    "prefill_joules": pl.Float64,
    "decode_joules": pl.Float64,
    # how good the pass's own outputs were, where each pass was graded, and the run's
    "pass_quality": pl.Float64,
    "quality_metric": pl.String,
    "quality_value": pl.Float64,
    "quality_low": pl.Float64,
    "quality_high": pl.Float64,
    "quality_n": pl.Int64,
    "higher_is_better": pl.Boolean,
    "more_quality": pl.List(pl.Struct({"metric": pl.String, "value": pl.Float64})),
}

JOULES_PER_WH = 3600.0
MOST = 2**63 - 1  # what a column of whole numbers holds
_SAME = (  # columns of a pass that are called what the run file calls them
    *("rounds", "batch", "queries", "answered", "seconds", "joules", "mean_watts"),
    *("input_tokens", "output_tokens", "input_bytes", "output_bytes", "output_characters", "capped", "truncated"),
    *("audio_seconds", "latency_p50_seconds", "latency_p95_seconds"),
    *("prefill_seconds", "decode_seconds", "prefill_joules", "decode_joules"),
)
_NO_PASS = dict.fromkeys(("pass_index", *_SAME, "wh_per_1000", "pass_quality"))


def of(run: Run, digest: str) -> list[dict[str, Any]]:
    """Give a run's rows, unsigned. A run without passes gives one row whose pass is null.

    Raises ValueError for a whole number that no column holds.
    """
    board = Board.parse(run.board)
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
        "workload_sha256": run.workload.sha256,
        "model": run.model.id,
        "revision": run.model.revision,
        "base_model": run.model.base_model,
        "parameters": run.model.parameters,
        "licence": run.model.licence,
        "weights": run.model.weights,
        "weights_digest": facts.weights_digest(run.model.weights_sha256),
        "session": run.session,
        "role": run.role,
        "digest": digest,
        "signer": None,
        "measured_at": run.measured_at,
        "protocol": str(run.protocol.get("name", "unnamed")),
        "device": run.device.name,
        "card": run.device.uuid,
        "fake": run.device.fake,
        "verdict": run.verdict,
        **_quality(run.quality),
        "more_quality": [{"metric": name, "value": value} for name, value in sorted(run.more_quality.items())],
    }
    passes: Sequence[Pass | None] = run.passes or (None,)
    rows = [told | _window(index, one) for index, one in enumerate(passes)]
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int) and abs(value) > MOST:
                raise ValueError(f"{name} is a number beyond all reason")
    return rows


def _quality(quality: Quality | None) -> dict[str, Any]:
    return {
        "quality_metric": quality.metric if quality else None,
        "quality_value": quality.value if quality else None,
        "quality_low": quality.low if quality else None,
        "quality_high": quality.high if quality else None,
        "quality_n": quality.n if quality else None,
        "higher_is_better": quality.higher_is_better if quality else None,
    }


def _window(index: int, one: Pass | None) -> dict[str, Any]:
    if one is None:
        return _NO_PASS
    return {
        "pass_index": index,
        **{name: getattr(one, name) for name in _SAME},
        "wh_per_1000": None if one.joules is None else one.joules / one.queries * 1000 / JOULES_PER_WH,
        "pass_quality": one.quality,
    }
