"""What is wrong with what somebody gave us: every problem at once, each with its file, field and remedy."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from wattbench.legible import legible

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 1000  # characters of each part


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to do about it: each part one line of legible text.

    Parts quote what strangers wrote, down to the names of their files; made legible here, they are so in every place
    that shows them.
    """

    file: str
    field: str
    message: str
    remedy: str

    def __post_init__(self) -> None:
        """Write out what cannot be seen, and cut what is endless."""
        for one in fields(self):
            object.__setattr__(self, one.name, legible(getattr(self, one.name), LONGEST))

    def __str__(self) -> str:
        """One line for a terminal: `file: field: message. Remedy.`."""
        where = ": ".join(part for part in (self.file, self.field) if part)
        return f"{where}: {self.message}. {self.remedy}" if where else f"{self.message}. {self.remedy}"


class Refusal(Exception):  # noqa: N818 - it is no error of ours: the input is refused, and says why
    """Input that cannot be used. Carries every problem found, never only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order found. At least one is needed."""
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("a Refusal needs at least one Problem")
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[Refusal], tuple[tuple[Problem, ...]]]:
        """Come out of another process as it went in: an exception is pickled by its text else."""
        return (type(self), (self.problems,))


class ModelRefused(Refusal):
    """A model that cannot be measured, through its own fault and not the host's; others go on without it."""


def refuse(file: object, field: str, message: str, remedy: str) -> Refusal:
    """Make a Refusal of a single problem."""
    return Refusal([Problem(str(file), field, message, remedy)])
