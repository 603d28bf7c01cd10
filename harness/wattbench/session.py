"""A session: one stay on one host. The reference model, then every candidate in shuffled order, then the reference.

Each run is one measured process and one file, written as soon as it is there; whoever reads the files joins a
session's runs by its id.
"""

from __future__ import annotations

import datetime as dt
import random
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench import environment, gates, protocol, runs, shelf, tasks, workloads
from wattbench.boards import Board
from wattbench.problems import refuse
from wattbench.process import Process, WorkerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from wattbench.boards import Precision
    from wattbench.meters import Meter
    from wattbench.protocol import Measured, Protocol
    from wattbench.runs import Role, Run
    from wattbench.shelf import Shelved
    from wattbench.submissions import Submission
    from wattbench.tasks import Task

LIMITS = {limits.protocol: limits for limits in (gates.OFFICIAL, gates.QUICK)}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all sessions of one call share: where things are, how and with what to measure."""

    shelf: Path
    out: Path
    protocol: Protocol
    meter: Meter
    backend: str = "optimum"
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Plan:
    """One session to be: its board, its workload, the reference model and the candidates."""

    board: Board
    workload: Shelved
    reference: Shelved
    candidates: tuple[Shelved, ...]

    def order(self, seed: str) -> Iterator[tuple[Role, Shelved]]:
        """Give the runs in their order: reference, candidates shuffled by `seed`, reference."""
        shuffled = list(self.candidates)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
        yield "reference-before", self.reference
        yield from (("candidate", model) for model in shuffled)
        yield "reference-after", self.reference


def plan(submissions: Sequence[Submission], setting: Setting, version: int | None = None) -> list[Plan]:
    """Plan one session a board for what the submissions ask, from what is on the Shelf.

    `version` is the workload's; None takes 0 for models from packages and the newest otherwise. Raises Refusal for
    what is missing, with the command that fetches it.
    """
    device = environment.device_of(setting.meter.facts())
    wanted: dict[Board, list[Submission]] = {}
    for submission in submissions:
        for name in submission.tasks:
            task = tasks.find(name)
            chosen = version if version is not None else _version(task, submission)
            for precision in submission.precisions:
                board = _board(task, chosen, device, precision, setting.meter)
                wanted.setdefault(board, []).append(submission)
    return [_plan_board(board, asked, setting) for board, asked in sorted(wanted.items())]


def _version(task: Task, submission: Submission) -> int:
    return 0 if submission.model.package else max(task.references)


def _board(task: Task, version: int, device: runs.Device, precision: Precision, meter: Meter) -> Board:
    return Board(
        task=task.name, version=version, sku=device.sku, count=device.count, precision=precision, meter=meter.name
    )


def _plan_board(board: Board, asked: Sequence[Submission], setting: Setting) -> Plan:
    fetch_demo = "Run `wattbench demo --fetch-only`"
    reference_id, reference_revision = tasks.find(board.task).references[board.version]
    found = [
        shelf.find_model(
            setting.shelf,
            one.model.id,
            one.model.key,
            fetch_demo if one.model.package else f"Run `wattbench prefetch submissions/{one.model.id}`",
        )
        for one in asked
    ]
    reference = shelf.find_model(setting.shelf, reference_id, reference_revision, fetch_demo)
    candidates = {model.folder: model for model in found if model.folder != reference.folder}
    return Plan(
        board=board,
        workload=shelf.find_workload(setting.shelf, board.task, board.version, fetch_demo),
        reference=reference,
        candidates=tuple(candidates.values()),
    )


def new_id() -> str:
    """Name a session: the time at which it began, in UTC, and a few random digits."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def run(
    planned: Plan, setting: Setting, tell: Callable[[str, str, int, int], None] = lambda _who, _step, _done, _of: None
) -> Iterator[tuple[Path, Run]]:
    """Measure a session; yields each run as soon as its file is written. Raises Refusal, with what it leaves said."""
    session = new_id()
    for role, model in planned.order(session):
        name = model.manifest.name if role == "candidate" else f"{model.manifest.name} ({role.replace('-', ' ')})"

        def step(what: str, done: int, of: int, who: str = name) -> None:
            tell(who, what, done, of)

        one = _run_one(planned, model, role, session, setting, step)
        yield runs.write(one, setting.out), one


def _run_one(
    planned: Plan, model: Shelved, role: Role, session: str, setting: Setting, tell: Callable[[str, int, int], None]
) -> Run:
    """Measure one model in one process: hashes first, then the protocol, then the gates."""
    tell("checking hashes", 0, setting.protocol.passes)
    shelf.verify(model)
    rows = workloads.shelved_rows(planned.workload)
    began = dt.datetime.now(dt.UTC)
    with Process(environment.model_threads(setting.meter.name)) as process:
        try:
            tell("loading", 0, setting.protocol.passes)
            ready = process.load(
                task=planned.board.task,
                workload=planned.workload.folder,
                model=model.folder,
                backend=setting.backend,
                precision=planned.board.precision,
                device=setting.device,
            )
            measured = protocol.measure(
                setting.protocol, clock=time.monotonic, meter=setting.meter, model=process, tell=tell
            )
        except WorkerFailed as failed:
            what = f"cannot be measured: {failed}"
            raise refuse(model.manifest.name, planned.board.name, what, "No run was written for it") from None
    return _as_run(planned, model, role, session, setting, began, len(rows), ready, measured)


def _as_run(
    planned: Plan,
    model: Shelved,
    role: Role,
    session: str,
    setting: Setting,
    began: dt.datetime,
    rows: int,
    ready: dict[str, Any],
    measured: Measured,
) -> Run:
    facts = setting.meter.facts()
    device = environment.device_of(facts)
    manifest = model.manifest
    quality = runs.Quality.model_validate(measured.quality) if measured.quality else None
    workload = workloads.describe(planned.workload, planned.board.task, planned.board.version, rows)
    described = runs.Model(
        id=manifest.name,
        revision=manifest.revision,
        base_model=manifest.base_model,
        parameters=ready["parameters"],
        licence=manifest.licence,
        weights=manifest.weights or "synthetic",
        weights_sha256=model.hashes(ending=".safetensors"),
        about=manifest.about,
    )
    evidence = gates.Evidence(
        passes=measured.passes,
        notes=measured.notes,
        meter=facts,
        device=device,
        model=described,
        workload=workload,
        quality=quality,
        weights_verified=True,  # shelf.verify has hashed every file of it in this very run
        placement=ready["backend"]["placement"],
    )
    return runs.Run(
        schema=1,
        board=planned.board.name,
        role=role,
        session=session,
        measured_at=f"{began:%Y-%m-%dT%H:%M:%SZ}",
        model=described,
        workload=workload,
        protocol=setting.protocol.as_dict(),
        backend=ready["backend"],
        meter=facts,
        device=device,
        environment=environment.facts(ready["versions"]),
        warm_up=measured.warm_up,
        passes=measured.passes,
        quality=quality,
        gates=gates.judge_run(evidence, LIMITS[setting.protocol.name]),
    )
