"""What is there already: the models that were submitted, what was measured of them, and on which weights."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem
from wattbench.submissions import FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from wattbench.submissions import Submission

LARGEST = 16 * 2**20  # bytes of a run file that is read; one has some 10,000


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: whose, at which revision, on which board, on which weights."""

    model: str
    revision: str
    board: str
    weights: frozenset[str]


def models(folder: Path) -> frozenset[str]:
    """Name the models of a submissions folder: what has a submission, or runs."""
    return frozenset(f"{one.parent.name}/{one.name}" for one in _places(folder))


def runs(folder: Path) -> tuple[Measured, ...]:
    """Read all runs of a submissions folder."""
    return tuple(run for one in _places(folder) for run in runs_of(one))


def _places(folder: Path) -> list[Path]:
    every = (name for org in _folders(folder) for name in _folders(org))
    return [one for one in every if (one / FILE).is_file() or (one / "runs").is_dir()]


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / one.name for one in entries if one.is_dir(follow_symlinks=False))
    except OSError:
        return []


def runs_of(model: Path) -> Iterator[Measured]:
    """Read the runs in a model's folder. One that cannot be read counts as none: the site says what is wrong."""
    folder = model / "runs"
    for path in () if folder.is_symlink() else sorted(folder.glob("*.json")):
        if path.name.endswith(".dsse.json") or path.is_symlink() or path.stat().st_size > LARGEST:
            continue
        try:
            found: Any = json.loads(path.read_bytes())
            told = found["model"]
            weights = frozenset(map(str, told["weights_sha256"].values()))
            if found["role"] == "candidate":
                yield Measured(str(told["id"]), str(told["revision"]), str(found["board"]), weights)
        except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
            continue


def same_name(path: str, identity: str, there: Iterable[str]) -> Iterator[Problem]:
    """Refuse a name that differs from one that is there in case alone: the Hub takes both for one model."""
    folded = identity.casefold()
    for other in sorted(there):
        if other != identity and other.casefold() == folded:
            what = f"{identity} differs in case alone from {other}, which is there already"
            yield Problem(path, "model.id", what, f"Write it as the Hub does; to ask for more, change {other}'s file")


def measured_already(
    path: str, submission: Submission, boards: Sequence[str], measured: Iterable[Measured]
) -> Iterator[Problem]:
    """Note which boards a model was measured on already, at this very revision."""
    there = {one.board for one in measured if (one.model, one.revision) == (submission.model.id, submission.model.key)}
    parts = {_without_device(board) for board in there}
    again = [board for board in boards if _without_device(board) in parts]
    if again:
        what = f"was measured at this revision already: {', '.join(sorted(there))}"
        yield Problem(path, "model.revision", what, "Nothing is measured twice unless maintainers ask for it")


def same_weights(path: str, identity: str, weights: Sequence[str], measured: Iterable[Measured]) -> Iterator[Problem]:
    """Note other models whose weights are the same files: in a founding cohort they count once (METHOD, 5.3)."""
    own = frozenset(weights)
    others = sorted({one.model for one in measured if own and one.weights == own and one.model != identity})
    if others:
        what = f"has the very weights of {', '.join(others)}, which was measured already"
        yield Problem(path, "model", what, "It can be measured; where thresholds are founded, the two count once")


def _without_device(board: str) -> tuple[str, ...]:
    task, _, *rest = board.split("~")
    return (task, *rest[:-1])
