"""Measure one model in one process, by the protocol: hashes first, then the process, then its run with every gate."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wattbench import environment, gates, protocol, runs, shelf, splitting, tables, trace, workloads
from wattbench.bench import Bench, MemoryEnded
from wattbench.boards import Board
from wattbench.meters import MeterUnavailable
from wattbench.problems import ModelRefused, Problem, Refusal, refuse
from wattbench.process import Order, Process, WorkerFailed
from wattbench.protocol import Asked
from wattbench.sensors import Sampled, mean_watts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wattbench.meters import Recording
    from wattbench.plans import Plan, Setting
    from wattbench.protocol import Measured
    from wattbench.runs import Pass, Role, Run
    from wattbench.shelf import Shelved

LIMITS = {limits.protocol: limits for limits in (gates.OFFICIAL, gates.QUICK)}


@dataclass(slots=True)
class Loading:
    """The measured process as the protocol's model: it is loaded and left when the protocol says so."""

    process: Process
    order: Order
    by_length: bool
    ready: dict[str, Any] = field(default_factory=dict)

    def load(self) -> None:
        """Load the model."""
        with _own_fault():
            self.ready = self.process.load(self.order)

    def answer(self, rounds: int, batch: int, part: str) -> None:
        """Answer the workload, or a part of it, `rounds` times."""
        self.process.answer(rounds, batch, part, by_length=self.by_length)

    def count(self, *, keep: bool) -> dict[str, Any]:
        """Count and hash the outputs of the last answer."""
        return self.process.count(keep=keep)

    def grade(self, number: int) -> dict[str, Any]:
        """Grade the outputs of a counted pass."""
        return self.process.grade(number)

    def cpu_seconds(self) -> float:
        """CPU seconds of the process tree so far, in s."""
        return self.process.cpu_seconds()

    def gpus(self) -> list[str] | None:
        """UUIDs of the GPUs that hold the model's parameters; None where none does."""
        placed = [place for place in self.ready["backend"]["placement"] if place.startswith("GPU-")]
        return placed or None

    def unload(self) -> None:
        """End the process: nothing of it is left on the device."""
        self.process.close()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands in its session: its role, the session's id and number of passes, and where to keep things."""

    role: Role
    session: str
    passes: int | None
    folder: Path
    keep: Callable[[Pass], None]


def measure_one(
    planned: Plan, model: Shelved, place: Place, setting: Setting, tell: Callable[[str, int, int], None]
) -> Run:
    """Measure one model; its trace is written into the place's folder. Raises Refusal for what cannot be measured."""
    tell("checking hashes", 0, setting.protocol.passes)
    with _own_fault():
        shelf.verify(model)
    rows = workloads.shelved_rows(planned.workload)
    facts = setting.meter.facts()
    began = dt.datetime.now(dt.UTC)
    board = planned.board
    order = Order(
        task=board.task,
        workload=planned.workload.folder,
        model=model.folder,
        backend=setting.backend,
        precision=board.precision,
        device=setting.device,
        options={"reasoning": board.reasoning},
        graders=planned.graders,
    )
    asked = Asked(
        passes=place.passes,
        saturated=board.scenario == "saturated",
        parts=any(row.get("private") for row in rows),
        largest_batch=len(rows),
    )
    with (
        _recording(setting, planned) as recording,
        Process(environment.model_threads(setting.meter.name)) as process,
    ):
        loading = Loading(process, order, planned.by_length(setting))
        bench = Bench(
            clock=time.monotonic,
            sleep=time.sleep,
            meter=setting.meter,
            sensors=Sampled(recording.rows, reads=setting.meter.name == "nvml"),
            model=loading,
            tell=tell,
            keep=place.keep,
        )
        try:
            measured = protocol.measure(setting.protocol, bench, asked)
        except (WorkerFailed, MemoryEnded) as failed:
            what = f"cannot be measured: {failed}"
            problem = Problem(model.manifest.name, planned.board.name, what, "No run was written for it")
            raise ModelRefused([problem]) from None
        after = setting.meter.facts()
        sampled = recording.rows()
    traced = trace.write(sampled, place.folder) if sampled else None
    # While the run went on a last sample may have been under way: what is kept is what the whole trace says.
    phases = tuple(
        one.model_copy(update={"mean_watts": mean_watts(sampled, one.started_seconds, one.ended_seconds)})
        for one in measured.phases
    )
    passes = tuple(
        splitting.split(one, marks, sampled) for one, marks in zip(measured.passes, measured.marks, strict=True)
    )
    measured = replace(measured, phases=phases, passes=passes)
    beside = _write_beside(measured, place.folder) | {"trace": traced}
    found = _Found(began, rows, facts, after, loading.ready, measured, beside)
    return _as_run(planned, model, place, setting, found)


def _write_beside(measured: Measured, folder: Path) -> dict[str, Any]:
    """Write the marks and the scores of a run, where it has any."""
    marked = tables.mark_rows(measured.marks)
    scored = measured.graded["scores"] if measured.graded else []
    return {
        "marks": tables.write(marked, tables.MARKS, folder) if marked else None,
        "scores": tables.write(scored, tables.SCORES, folder) if scored else None,
    }


@contextlib.contextmanager
def _own_fault() -> Iterator[None]:
    """Whatever is refused in here is refused of the model."""
    try:
        yield
    except Refusal as refusal:
        raise ModelRefused(refusal.problems) from None


@contextlib.contextmanager
def _recording(setting: Setting, planned: Plan) -> Iterator[Recording]:
    """Open the meter's recording. Raises Refusal where the meter that was there at the start no longer answers."""
    try:
        with setting.meter.record() as recording:
            yield recording
    except MeterUnavailable as unavailable:
        remedy = "Mend the device and run the same command: what was measured is kept, and the session goes on"
        raise refuse(setting.meter.name, planned.board.name, f"the meter is gone: {unavailable}", remedy) from None


@dataclass(frozen=True, slots=True)
class _Found:
    """All that measuring yielded, for the run file."""

    began: dt.datetime
    rows: list[dict[str, Any]]
    meter: dict[str, Any]
    meter_after: dict[str, Any]
    ready: dict[str, Any]
    measured: Measured
    beside: dict[str, Any]


def _as_run(planned: Plan, model: Shelved, place: Place, setting: Setting, found: _Found) -> Run:
    manifest, measured = model.manifest, found.measured
    run = runs.Run(
        schema=runs.SCHEMA,
        board=planned.board.name,
        role=place.role,
        session=place.session,
        measured_at=f"{found.began:%Y-%m-%dT%H:%M:%SZ}",
        model=runs.Model(
            id=manifest.name,
            revision=manifest.revision,
            base_model=manifest.base_model,
            parameters=found.ready["parameters"],
            licence=manifest.licence,
            weights=manifest.weights or "synthetic",
            weights_sha256=model.hashes(ending=".safetensors"),
            about=manifest.about,
        ),
        workload=workloads.describe(
            planned.workload,
            planned.board.task,
            planned.board.version,
            len(found.rows),
        ),
        protocol=setting.protocol.as_dict() | {"passes": place.passes or setting.protocol.passes},
        backend=found.ready["backend"] | {"options": planned.options(setting)},
        meter=found.meter,
        meter_after=found.meter_after,
        device=environment.device_of(found.meter),
        environment=environment.facts(found.ready["versions"])
        | {"network": found.ready["network"], "files": found.ready["files"]},
        warm_up=measured.warm_up,
        phases=measured.phases,
        passes=measured.passes,
        ladder=measured.ladder,
        parts=measured.parts,
        **found.beside,
        quality=runs.Quality.model_validate(measured.graded["quality"]) if measured.graded else None,
        more_quality=measured.graded["more"] if measured.graded else {},
        gates=(),
    )
    return run.model_copy(update={"gates": judge(run)})


def judge(run: Run) -> tuple[runs.Gate, ...]:
    """Judge a run by what is in it: every gate that needs no other run of its session. Pure; replay does it again."""
    evidence = gates.Evidence(
        passes=run.passes,
        pass_qualities=[one.quality for one in run.passes if one.quality is not None],
        notes=tuple(one.notes for one in run.passes),
        meter=run.meter,
        device=run.device,
        model=run.model,
        workload=run.workload,
        quality=run.quality,
        weights_verified=True,  # shelf.verify hashed every file before the process started, or there was no run
        placement=run.backend["placement"],
        warm_up=run.warm_up,
        phases=run.phases,
        meter_after=run.meter_after,
        network=run.environment.get("network"),
        ladder=run.ladder,
        parts=run.parts,
        options=run.backend.get("options"),
        scenario=Board.parse(run.board).scenario,
        more=run.more_quality,
        synthetic=run.backend.get("synthetic"),
    )
    return gates.judge_run(evidence, LIMITS[run.protocol["name"]])
