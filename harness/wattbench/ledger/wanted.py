"""The boards that a submission asks for, on hosts of one kind. Pure."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from wattbench import tasks
from wattbench.boards import Board

if TYPE_CHECKING:
    from wattbench.boards import MeterName
    from wattbench.submissions import Submission
    from wattbench.tasks import Task


def boards_of(
    submission: Submission, sku: str, meter: MeterName, count: int = 1, version: int | None = None
) -> tuple[Board, ...]:
    """Give one board a task, precision, scenario and way of reasoning that a submission asks for.

    `version` is the workload's; None takes 0 for models from packages and the newest otherwise.
    """
    found: dict[Board, None] = {}
    for task in map(tasks.find, submission.tasks):
        chosen = version if version is not None else newest(task, packaged=submission.model.package is not None)
        ways = submission.reasoning if task.reasoning else ("off",)
        for precision, scenario, reasoning in itertools.product(submission.precisions, submission.scenarios, ways):
            board = Board(
                task=task.name,
                version=chosen,
                sku=sku,
                count=count,
                precision=precision,
                scenario=scenario,
                reasoning=reasoning,
                meter=meter,
            )
            found[board] = None
    return tuple(found)


def newest(task: Task, *, packaged: bool) -> int:
    """The version of a task's workload that is measured: 0 for models from packages."""
    return 0 if packaged else max(task.references, default=1) or 1
