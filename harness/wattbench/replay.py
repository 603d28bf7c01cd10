"""Work a run out again from its raw material: the trace's samples, the counter's edges, the passes. Pure.

Every number must come out the same to the last bit: the same functions are applied to the same values.
"""

from __future__ import annotations

import hashlib
from math import fsum
from typing import TYPE_CHECKING

from wattbench import splitting, tables, tasks, trace
from wattbench.measuring import judge
from wattbench.meters import replay_nvml
from wattbench.problems import Problem, Refusal
from wattbench.sensors import mean_watts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from wattbench.runs import Pass, Run
    from wattbench.trace import Row

# The one gate that needs the other runs of its session; the reference model's own runs are published beside.
OF_THE_SESSION = "reference drift"
REMEDY = "The run file or its trace is not what was measured: do not use it"
ROUNDED = 2e-6  # a quality and its scores are each rounded to 6 decimals


def differences(run: Run, tables_bytes: Mapping[str, bytes], file: Path) -> list[Problem]:
    """List everything in a run that its raw material does not bear out.

    `tables_bytes` holds what lies beside it, by what it is (`trace`, `marks`, `scores`); `file` is where the run was
    read.
    """
    found: dict[str, list[Row]] = {"trace": [], "marks": [], "scores": []}
    for what, named in run.beside.items():
        name = file.parent / f"{named.sha256}.parquet"
        if what not in tables_bytes:
            return [Problem(str(name), what, "is missing", f"Fetch the {what} that is named by this hash")]
        if hashlib.sha256(tables_bytes[what]).hexdigest() != named.sha256:
            return [Problem(str(name), "sha256", "is not the one that names it", REMEDY)]
        try:
            found[what] = READ[what](tables_bytes[what], name)
        except Refusal as refusal:
            return list(refusal.problems)
        if len(found[what]) != named.rows:
            return [Problem(str(name), "rows", f"are {len(found[what])}, the run says {named.rows}", REMEDY)]
    rows = found["trace"]
    windows = {f"passes.{number}": one for number, one in enumerate(run.passes, 1)}
    windows |= {f"ladder.{rung.batch}": rung.window for rung in run.ladder if rung.window is not None}
    windows |= {f"parts.{name}": one for name, one in run.parts.items()}
    return [
        *(problem for name, one in windows.items() for problem in _window(name, one, run.meter, rows, file)),
        *_splits(run, found["marks"], rows, file),
        *_scores(run, found["scores"], file),
        *_phases(run, rows, file),
        *_gates(run, file),
    ]


READ: Mapping[str, Callable[[bytes, object], list[Row]]] = {
    "trace": trace.from_bytes,
    "marks": lambda data, name: tables.from_bytes(data, tables.MARKS, name),
    "scores": lambda data, name: tables.from_bytes(data, tables.SCORES, name),
}


def _splits(run: Run, marks: Sequence[Row], rows: Sequence[Row], file: Path) -> Iterator[Problem]:
    """Share each pass's joules out between prefill and decode again."""
    by_pass = tables.marks_by_pass(marks, len(run.passes))
    for number, (one, marked) in enumerate(zip(run.passes, by_pass, strict=True), 1):
        again = splitting.split(one, marked, rows)
        for field in ("prefill_joules", "decode_joules"):
            if getattr(one, field) != getattr(again, field):
                what = f"is {getattr(one, field)}, the raw material says {getattr(again, field)}"
                yield Problem(str(file), f"passes.{number}.{field}", what, REMEDY)


def _scores(run: Run, scores: Sequence[Row], file: Path) -> Iterator[Problem]:
    """Hold the quality against the scores, where it is their mean."""
    if not scores or run.quality is None:
        return
    if len(scores) != run.workload.rows:
        yield Problem(str(file), "scores", f"are of {len(scores)} queries, not {run.workload.rows}", REMEDY)
    graded = [row for row in scores if row["score"] is not None]
    weight = fsum(row["weight"] for row in graded)
    if not tasks.find(run.workload.task).mean or not weight:
        return
    value = round(fsum(row["score"] * row["weight"] for row in graded) / weight, 6)
    if abs(value - run.quality.value) > ROUNDED:
        yield Problem(str(file), "quality.value", f"is {run.quality.value}, the scores say {value}", REMEDY)


def _window(name: str, one: Pass, meter: Mapping[str, object], rows: Sequence[Row], file: Path) -> Iterator[Problem]:
    expected = _expected(one, meter, rows)
    for field, value in expected.items():
        told = getattr(one, field)
        if told != value:
            yield Problem(str(file), f"{name}.{field}", f"is {told}, the raw material says {value}", REMEDY)


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
