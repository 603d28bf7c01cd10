"""What is to be measured: submissions become plans of sessions, one a board, from what is on the Shelf."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench import environment, shelf, tasks
from wattbench.boards import Board

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from wattbench import runs
    from wattbench.boards import Precision
    from wattbench.meters import Meter
    from wattbench.protocol import Protocol
    from wattbench.runs import Role
    from wattbench.shelf import Shelved
    from wattbench.submissions import Submission
    from wattbench.tasks import Task


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
