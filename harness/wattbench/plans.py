"""What is to be measured: submissions become plans of sessions, one a board, from what is on the Shelf."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wattbench import environment, shelf, tasks
from wattbench.asking import prompting
from wattbench.ledger.wanted import boards_of
from wattbench.loading import preflight
from wattbench.problems import ModelRefused, Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from wattbench.boards import Board
    from wattbench.meters import Meter
    from wattbench.protocol import Protocol
    from wattbench.runs import Role
    from wattbench.shelf import Shelved
    from wattbench.submissions import Submission


@dataclass(frozen=True, slots=True)
class Setting:
    """What all sessions of one call share: where things are, how and with what to measure.

    by_length: whether the batches of a saturated run are made of rows sorted by length, as its protocol has it.
    """

    shelf: Path
    out: Path
    protocol: Protocol
    meter: Meter
    backend: str = "optimum"
    device: str = "cpu"
    by_length: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """One session to be: its board, its workload, the reference model (None where none is pinned), the candidates.

    graders: folders of the models that grading needs, by name.
    """

    board: Board
    workload: Shelved
    reference: Shelved | None
    candidates: tuple[Shelved, ...]
    graders: dict[str, Path] = field(default_factory=dict)

    def order(self, seed: str) -> Iterator[tuple[Role, Shelved]]:
        """Give the runs in their order: reference, candidates shuffled by `seed`, reference."""
        shuffled = list(self.candidates)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
        if self.reference is not None:
            yield "reference-before", self.reference
        yield from (("candidate", model) for model in shuffled)
        if self.reference is not None:
            yield "reference-after", self.reference

    @property
    def models(self) -> tuple[Shelved, ...]:
        """Every model of the session, each once."""
        return (*((self.reference,) if self.reference is not None else ()), *self.candidates)

    @property
    def runs(self) -> int:
        """How many runs the session has."""
        return len(self.candidates) + (2 if self.reference is not None else 0)

    def by_length(self, setting: Setting) -> bool:
        """Whether rows are sorted by length before they are cut into batches."""
        return setting.by_length and self.board.scenario == "saturated"

    def options(self, setting: Setting) -> dict[str, Any]:
        """How the rows are asked, for the run file: batches are padded to their longest row, never further."""
        return {"by_length": self.by_length(setting), "padding": "longest", "reasoning": self.board.reasoning}


@dataclass(frozen=True, slots=True)
class Refused:
    """A submission that cannot be measured on a board, and why: through the model itself if that is a ModelRefused."""

    submission: Submission
    board: Board
    why: Refusal


def plan(submissions: Sequence[Submission], setting: Setting, version: int | None = None) -> list[Plan]:
    """Plan one session a board for all that the submissions ask, from what is on the Shelf.

    Raises Refusal with everything that is missing, and the command that fetches it.
    """
    plans: list[Plan] = []
    problems: list[Problem] = []
    for board, asked in sorted(wanted(submissions, setting, version).items()):
        try:
            plans.append(_plan_board(board, asked, setting))
        except Refusal as refusal:
            problems += refusal.problems
    if problems:
        raise Refusal(dict.fromkeys(problems))
    return plans


def wanted(
    submissions: Sequence[Submission], setting: Setting, version: int | None = None
) -> dict[Board, list[Submission]]:
    """Give who asks for which board, on the device that is metered here.

    `version` is the workload's; None takes 0 for models from packages and the newest otherwise.
    """
    device = environment.device_of(setting.meter.facts())
    found: dict[Board, list[Submission]] = {}
    for submission in submissions:
        for board in boards_of(submission, device.sku, setting.meter.name, device.count, version):
            found.setdefault(board, []).append(submission)
    return found


def plan_each(asked: Mapping[Board, Sequence[Submission]], setting: Setting) -> tuple[list[Plan], list[Refused]]:
    """Plan one session a board for those that can be measured; and say which cannot, each for itself."""
    plans: list[Plan] = []
    refused: list[Refused] = []
    for board, these in sorted(asked.items()):
        fit = list(these)
        for one in these:
            try:
                _plan_board(board, [one], setting)
            except Refusal as refusal:
                fit.remove(one)
                refused.append(Refused(one, board, refusal))
        if fit:
            plans.append(_plan_board(board, fit, setting))
    return plans, refused


def _unfit(model: Shelved, board: Board, setting: Setting) -> list[Problem]:
    """Say what would keep a model from this board, from its small files alone: nothing is loaded."""
    task = tasks.find(board.task)
    bytes_, device = environment.memory_of(setting.meter.facts())
    try:
        outline = preflight.folder_outline(model.folder)
    except Refusal as refusal:
        return list(refusal.problems)
    found = preflight.judge(outline, preflight.Wish(task, board.precision, bytes_, device))
    if task.reasoning and not found:
        modes = prompting.modes_of_folder(model.folder)
        found += [replace(one, file=model.manifest.name) for one in prompting.unknown_mode(modes, board.reasoning)]
    return found


def _plan_board(board: Board, asked: Sequence[Submission], setting: Setting) -> Plan:
    """Find everything that a session needs. Raises Refusal with all that is not on the Shelf."""
    fetch_demo = "Run `wattbench demo --fetch-only`"
    task = tasks.find(board.task)
    problems: list[Problem] = []

    def found(look: Callable[[], Shelved]) -> Shelved | None:
        try:
            return look()
        except Refusal as refusal:
            problems.extend(refusal.problems)
            return None

    def model(model_id: str, revision: str, remedy: str) -> Shelved | None:
        return found(lambda: shelf.find_model(setting.shelf, model_id, revision, remedy))

    candidates = [
        model(
            one.model.id,
            one.model.key,
            fetch_demo if one.model.package else f"Run `wattbench prefetch submissions/{one.model.id}`",
        )
        for one in asked
    ]
    fetch = fetch_demo if board.version == 0 else f"Run `wattbench prefetch --references {board.task}`"
    pinned = task.references.get(board.version)
    reference = model(*pinned, fetch) if pinned else None
    graders = {name: model(*which, fetch) for name, which in task.graders.items()}
    build = fetch_demo if board.version == 0 else f"Run `wattbench workload build {board.task}`"
    workload = found(lambda: shelf.find_workload(setting.shelf, board.task, board.version, build))
    missing = bool(problems) or workload is None
    unfit: list[Problem] = []
    if setting.backend == "optimum":
        problems += _unfit(reference, board, setting) if reference else []
        missing |= bool(problems)
        for one in candidates:
            unfit += _unfit(one, board, setting) if one else []
    if missing or workload is None:
        raise Refusal(dict.fromkeys([*problems, *unfit]))
    if unfit:
        raise ModelRefused(dict.fromkeys(unfit))
    chosen = {one.folder: one for one in candidates if one and not (reference and one.folder == reference.folder)}
    return Plan(
        board=board,
        workload=workload,
        reference=reference,
        candidates=tuple(chosen.values()),
        graders={name: one.folder for name, one in graders.items() if one},
    )
