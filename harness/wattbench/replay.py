"""Work a run out again from its raw material: the trace's samples, the counter's edges, the passes. Pure.

Every number must come out the same to the last bit: the same functions are applied to the same values.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from wattbench import trace
from wattbench.measuring import judge
from wattbench.meters import replay_nvml
from wattbench.problems import Problem, Refusal
from wattbench.sensors import mean_watts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from wattbench.runs import Pass, Run
    from wattbench.trace import Row

# The one gate that needs the other runs of its session; the reference model's own runs are published beside.
OF_THE_SESSION = "reference drift"
REMEDY = "The run file or its trace is not what was measured: do not use it"


def differences(run: Run, trace_bytes: bytes | None, file: Path) -> list[Problem]:
    """List everything in a run that its raw material does not bear out; `file` is where the run was read."""
    rows: list[Row] = []
    if run.trace is not None:
        name = file.parent / f"{run.trace.sha256}.parquet"
        if trace_bytes is None:
            return [Problem(str(name), "trace", "is missing", "Fetch the trace that is named by this hash")]
        if hashlib.sha256(trace_bytes).hexdigest() != run.trace.sha256:
            return [Problem(str(name), "sha256", "is not the one that names it", REMEDY)]
        try:
            rows = trace.from_bytes(trace_bytes, name)
        except Refusal as refusal:
            return list(refusal.problems)
        if len(rows) != run.trace.rows:
            return [Problem(str(name), "rows", f"are {len(rows)}, the run says {run.trace.rows}", REMEDY)]
    return [
        *(problem for number, one in enumerate(run.passes, 1) for problem in _pass(number, one, run.meter, rows, file)),
        *_phases(run, rows, file),
        *_gates(run, file),
    ]


def _pass(number: int, one: Pass, meter: Mapping[str, object], rows: Sequence[Row], file: Path) -> Iterator[Problem]:
    expected = _expected(one, meter, rows)
    for field, value in expected.items():
        told = getattr(one, field)
        if told != value:
            yield Problem(str(file), f"passes.{number}.{field}", f"is {told}, the raw material says {value}", REMEDY)


def _expected(one: Pass, meter: Mapping[str, object], rows: Sequence[Row]) -> dict[str, object]:
    """What the pass's fields must be."""
    if meter.get("name") == "nvml" and one.notes:
        reading = replay_nvml.reading(rows, one.notes)
        return {
            "joules": reading.joules,
            "reason": reading.reason,
            "seconds": reading.seconds,
            "counter_joules": reading.counter_joules,
            "sampled_joules": reading.sampled_joules,
            "samples": reading.samples,
            "mean_watts": reading.mean_watts,
        }
    if meter.get("name") == "estimate" and one.joules is not None:
        joules = one.notes.get("cpu_seconds", 0.0) * one.notes.get("watts_per_core", 0.0)
        return {"joules": joules, "mean_watts": joules / one.seconds if one.seconds > 0 else None}
    return {}


def _phases(run: Run, rows: Sequence[Row], file: Path) -> Iterator[Problem]:
    for one in run.phases:
        value = mean_watts(rows, one.started_seconds, one.ended_seconds)
        if value != one.mean_watts:
            what = f"is {one.mean_watts}, the trace says {value}"
            yield Problem(str(file), f"phases.{one.name}.mean_watts", what, REMEDY)


def _gates(run: Run, file: Path) -> Iterator[Problem]:
    told = {gate.name: gate for gate in run.gates if gate.name != OF_THE_SESSION}
    again = {gate.name: gate for gate in judge(run)}
    for name in sorted(set(told) | set(again)):
        if told.get(name) != again.get(name):
            said, found = told.get(name), again.get(name)
            what = f"says {said.value, said.verdict} in the run" if said else "is missing in the run"
            what += f", judged again {found.value, found.verdict}" if found else ", and is none of its protocol's"
            yield Problem(str(file), f"gates.{name}", what, REMEDY)
