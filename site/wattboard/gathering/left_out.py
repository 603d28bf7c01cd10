"""What is left out: run files that cannot count, each with every reason, for the public page and the terminal. Pure.

A build goes on without them. It ends only where leaving out could not be right: where nobody can say which of two
files is the run, and where the machine that builds cannot read a file that others can.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal
from wattboard.ratings import admission

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from wattboard.gathering.filed import Filed

LONGEST = 400  # characters of a message that strangers had a part in


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A file that does not count. `file` is its place below its submissions folder; `wrong` ends the build.

    Nothing in it can leave its place: what does not print is spelled out, and what is long is cut.
    """

    file: str
    reasons: tuple[tuple[str, str, str], ...]  # where in it, or in what lies beside it; what is wrong; what to do
    wrong: bool
    problems: tuple[Problem, ...]  # the same for a terminal, with the whole path


def of(path: Path, folder: Path, problems: Iterable[Problem], *, wrong: bool = False) -> LeftOut:
    """Leave a file out that lies below a submissions folder."""
    told = tuple(
        Problem(printable(one.file), printable(one.field), printable(one.message), printable(one.remedy))
        for one in dict.fromkeys(problems)
    )
    own = printable(path.name)
    names = [Path(one.file).name for one in told]
    reasons = tuple(
        (": ".join(part for part in ("" if name == own else name, one.field) if part), one.message, one.remedy)
        for name, one in zip(names, told, strict=True)
    )
    return LeftOut(printable(path.relative_to(folder).as_posix()), reasons, wrong, told)


def part(filed: Sequence[Filed], signed: Collection[str] = ()) -> tuple[tuple[Filed, ...], tuple[LeftOut, ...]]:
    """Part runs that may be rated together from those that may not; on `signed` boards those that nobody signed.

    Two runs that claim one place and one second are wrong: whichever counted, the other might be the run.
    """
    counting, refused = admission.admit(filed, signed)
    paths = {str(one.path): one.path for one in filed}
    left = [of(paths[one.file], paths[one.file].parents[3], [one]) for one in refused]
    for run in _twins(filed):
        message = f"claims the place and the second of another file: {run.model} in {run.session} as {run.role}"
        problem = Problem(str(run.path), "measured_at", message, "Put back the one as measured")
        left.append(of(run.path, run.path.parents[3], [problem], wrong=True))
    return counting, tuple(sorted(left))


def _twins(filed: Iterable[Filed]) -> list[Filed]:
    def claim(one: Filed) -> tuple[str, ...]:
        return (one.board, one.model, one.revision, one.session, one.role, one.measured_at)

    groups = (list(same) for _, same in groupby(sorted(filed, key=claim), key=claim))
    return [one for same in groups if len(same) > 1 for one in same]


def check(left: Iterable[LeftOut], *, strict: bool) -> None:
    """Raise Refusal for what is wrong; if strict, for all that is left out."""
    problems = [problem for one in left if strict or one.wrong for problem in one.problems]
    if problems:
        raise Refusal(dict.fromkeys(problems))


def line(left: Sequence[LeftOut], where: str) -> str:
    """Say in one line how many files were left out, and where it is said why."""
    files = len({one.file for one in left})
    return f"{files} run file{'s were' if files > 1 else ' was'} left out; {where} says which and why."


def printable(text: str) -> str:
    """Spell out what does not print (control characters, half characters, marks that turn the text around) and cut."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} ..."
