"""Which runs may be rated together. Pure: runs in, those that count and those that do not, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import tasks
from wattbench.boards import Board
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wattboard.frame import Filed


def admit(filed: Iterable[Filed]) -> tuple[tuple[Filed, ...], tuple[Problem, ...]]:
    """Part the runs that count from those that are left out, each of which is named with its reason.

    Left out are runs of a board whose task or version does not exist, and runs that claim the place of another: the
    same model and revision, on the same board, in the same session, in the same role. There the one measured first
    counts, so that no file added later moves a star.
    """
    kept: dict[tuple[str, ...], Filed] = {}
    left: list[Problem] = []
    order = sorted(filed, key=lambda one: (one.run.measured_at, one.digest))
    for one in order:
        if why := _unknown(one.run.board):
            left.append(Problem(str(one.path), "board", why, "Measure on a board that exists"))
            continue
        run = one.run
        place = (run.board, run.model.id, run.model.revision, run.session, run.role)
        first = kept.setdefault(place, one)
        if first is not one:
            message = f"is the second run of {run.model.id} in session {run.session} as {run.role}, after {first.name}"
            left.append(Problem(str(one.path), "session", message, "Withdraw one of the two"))
    counting = sorted(kept.values(), key=lambda one: (one.run.model.id, one.name))
    return tuple(counting), tuple(sorted(left, key=str))


def _unknown(name: str) -> str | None:
    board = Board.parse(name)
    if board.task not in tasks.names():
        return f"there is no task {board.task!r}"
    known = tasks.find(board.task).references
    if board.version not in known:
        return f"{board.task} has no version {board.version}; it has {', '.join(map(str, sorted(known)))}"
    return None
