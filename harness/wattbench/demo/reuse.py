"""What an earlier demo left that is still good: whole sessions only; a session that was cut off is measured again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench import runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.boards import Board
    from wattbench.plans import Plan
    from wattbench.runs import Run


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that is reused: its board, how many runs it has, when it was measured."""

    board: Board
    runs: int
    measured_at: str


def split(plans: Sequence[Plan], out: Path) -> tuple[list[Kept], list[Plan]]:
    """Part plans into sessions that are there whole and plans still to be measured.

    The runs of sessions that were cut off are removed: nothing can be rated with them.
    """
    found = list(runs.read_all(out))
    kept: list[Kept] = []
    wanted: list[Plan] = []
    for plan in plans:
        of_board = [(path, run) for path, run in found if run.board == plan.board.name]
        whole = [run for _, run in of_board if _is_whole(plan, [r for _, r in of_board if r.session == run.session])]
        if whole:
            kept.append(Kept(plan.board, len(whole), max(run.measured_at for run in whole)))
            continue
        for path, _ in of_board:
            path.unlink()
        wanted.append(plan)
    return kept, wanted


def _is_whole(plan: Plan, session: Sequence[Run]) -> bool:
    """Whether a session holds both reference runs and all candidates, with these weights and this workload."""
    brackets = {"reference-before", "reference-after"} if plan.reference else set()
    expected = {*brackets, *(model.manifest.name for model in plan.candidates)}
    names = {run.model.id if run.role == "candidate" else run.role for run in session}
    weights = {model.manifest.name: model.hashes(ending=".safetensors") for model in plan.models}
    rows = plan.workload.hashes()["rows.parquet"]
    return names == expected and all(
        run.model.weights_sha256 == weights.get(run.model.id) and run.workload.sha256 == rows for run in session
    )
