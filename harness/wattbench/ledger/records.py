"""What there is to know of submissions, read from their folders: what is asked, what was measured, what happened."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wattbench import ledger, runs, submissions
from wattbench.ledger import opt_outs
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from wattbench.ledger import Event
    from wattbench.ledger.opt_outs import OptOut
    from wattbench.runs import Run
    from wattbench.submissions import Submission

REVISION = r"^[[:space:]]*(model:.*)?(revision|version):"  # the line of a submission that makes it another request


@dataclass(frozen=True, slots=True)
class Asked:
    """A submission, where it lies, and its turn: `merged` counts from the oldest; what is not merged comes last."""

    path: Path
    submission: Submission
    merged: int

    @property
    def model(self) -> str:
        """The model's id."""
        return self.submission.model.id

    @property
    def revision(self) -> str:
        """The model's revision, as run files name it."""
        return self.submission.model.key


@dataclass(frozen=True, slots=True)
class Seen:
    """What the queue has to know of a run: its file's name, where and when it was measured, which gates it failed."""

    name: str
    model: str
    revision: str
    board: str
    session: str
    role: str
    measured_at: str
    protocol: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """All submissions, runs and events, what is wrong with files that had to be left out, and who opted out."""

    asked: tuple[Asked, ...]
    seen: tuple[Seen, ...]
    events: tuple[Event, ...]
    problems: tuple[Problem, ...] = ()
    opted: tuple[OptOut, ...] = ()


def read(folder: Path, ledger_folder: Path) -> Records:
    """Read a submissions folder and a ledger. Raises Refusal where the ledger does not hold.

    Submissions and runs that cannot be read are left out, each with its problem. Of a ledger nothing may be left out:
    it might be the event that withdraws a model.
    """
    events = ledger.read(ledger_folder)
    asked, problems = read_asked(folder)
    seen_runs: list[Seen] = []
    for path in sorted(folder.glob("*/*/runs/*.json")):
        if path.name.endswith(".dsse.json"):
            continue
        try:
            seen_runs.append(seen(runs.from_bytes(path.read_bytes(), path), path.name))
        except Refusal as refusal:
            problems += refusal.problems
        except OSError as error:
            problems.append(Problem(str(path), "", f"cannot be read: {error.strerror}", "See to the disk"))
    return Records(asked, tuple(seen_runs), events, tuple(problems), opt_outs.read(ledger_folder))


def read_asked(folder: Path, homes: Iterable[str] | None = None) -> tuple[tuple[Asked, ...], list[Problem]]:
    """Read the submissions below a folder, each with its turn; and say what is wrong with the others.

    `homes` are the folders of its models, where somebody has listed them.
    """
    files = submissions.lying(submissions.homes(folder) if homes is None else homes, submissions.FILE)
    if not files:
        return (), []
    good, problems = submissions.check(files)
    order = merged(folder)
    last = len(order)
    return tuple(Asked(path, one, order.get(path.relative_to(folder).as_posix(), last)) for path, one in good), problems


def without_packages(records: Records) -> Records:
    """Leave out submissions whose weights come from a package: no rated edition accepts them."""
    return replace(records, asked=tuple(one for one in records.asked if one.submission.model.package is None))


def duplicates(asked: Iterable[Asked]) -> dict[Path, str]:
    """Find submissions of a model that another one asked for first, and whose: by name in any case, or by commit.

    A commit names a repository's whole content, so two names of one commit are one model that was renamed or copied.
    """
    first: dict[str, Asked] = {}
    found: dict[Path, str] = {}
    for one in sorted(asked, key=lambda one: (one.merged, one.model)):
        for name in (one.model.casefold(), one.revision):
            earlier = first.setdefault(name, one)
            if earlier is not one:
                found.setdefault(one.path, earlier.model)
    return found


def seen(run: Run, name: str) -> Seen:
    """Sum a run up for the queue."""
    return Seen(
        name=name,
        model=run.model.id,
        revision=run.model.revision,
        board=run.board,
        session=run.session,
        role=run.role,
        measured_at=run.measured_at,
        protocol=str(run.protocol.get("name")),
        failed=tuple(gate.name for gate in run.gates if gate.verdict == "fail"),
    )


def merged(folder: Path) -> dict[str, int]:
    """Give the turn of every submission, by its place below the folder, from the repository's history.

    A submission's turn is that of the merge that last changed its revision: who only mends a note keeps the turn.
    Empty where there is no repository; then the order is that of the names.
    """
    pathspec = f":(glob)*/*/{submissions.FILE}"
    command = [
        "git",
        "-C",
        str(folder),
        "log",
        "--first-parent",
        "-m",
        "--reverse",
        "-G",
        REVISION,
        "--extended-regexp",
    ]
    command += ["--format=", "--name-only", "-z", "--relative", "--no-renames", "--", pathspec]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return {}
    if done.returncode:
        return {}
    names = [name.strip("\n") for name in done.stdout.decode(errors="replace").split("\0")]
    turns = {name: number for number, name in enumerate(names) if name}
    return {name: turn for turn, name in enumerate(sorted(turns, key=turns.__getitem__))}
