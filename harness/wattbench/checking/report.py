"""What a check found: every problem, what is worth knowing, and what each good submission asks for. Pure.

The document that `wattbench check --format json` writes is `document(report)`; submissions/README.md gives its form.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from wattbench.legible import legible
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.boards import Board
    from wattbench.problems import Problem
    from wattbench.submissions import Submission

SCHEMA = 1
# Whether the Hub was asked: nobody wanted it to be, it answered, or it could not be reached.
Asked = Literal["not asked", "asked", "unreachable"]


class Misuse(Refusal):
    """A command that asks for what cannot be: nothing was checked, and it is nobody's submission that is wrong."""


@dataclass(frozen=True, slots=True)
class Remote:
    """What the Hub says of a model. `weights` are the sha256 of its weight files; absent is None."""

    licence: str | None
    gated: bool
    parameters: int | None
    weights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission that could be read: where it lies, what it asks for, and what the Hub says of its model.

    `good`: nothing is wrong with it. `remote` is None where the Hub was not asked, or did not say.
    """

    path: str
    submission: Submission
    boards: tuple[Board, ...]
    good: bool
    remote: Remote | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All that a check found."""

    submissions: Sequence[Checked]
    problems: Sequence[Problem]
    notes: Sequence[Problem]
    hub: Asked = "not asked"

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def document(report: Report) -> dict[str, Any]:
    """Give a report as a document for programs."""
    return {
        "schema": SCHEMA,
        "ok": report.ok,
        "hub": report.hub,
        "submissions": [_submission(one) for one in report.submissions],
        "problems": [asdict(one) for one in report.problems],
        "notes": [asdict(one) for one in report.notes],
    }


def _submission(one: Checked) -> dict[str, Any]:
    asked, remote = one.submission, one.remote
    package = asked.model.package
    return {
        "path": one.path,
        "good": one.good,
        "model": asked.model.id,
        "revision": asked.model.revision,
        "package": f"{package.name}=={package.version}" if package else None,
        "base_model": asked.model.base_model,
        "tasks": list(asked.tasks),
        "precisions": list(asked.precisions),
        "scenarios": list(asked.scenarios),
        "reasoning": list(asked.reasoning),
        "submitter": asked.submitter.github,
        "relationship": asked.submitter.relationship,
        "boards": [board.name for board in one.boards],
        "hub": None
        if remote is None
        else {
            "licence": None if remote.licence is None else legible(remote.licence, 100),
            "gated": remote.gated,
            "parameters": remote.parameters,
            "weights_sha256": sorted(remote.weights),
        },
    }
