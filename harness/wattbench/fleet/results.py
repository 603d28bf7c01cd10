"""What hosts send back, written by the driver: every session once, whatever dies in between.

A bundle is files by their places below the folder of results. It is checked, then kept whole in `arrived/KEY` by one
rename, which only the first of several executions wins; then its files are written to their places, named by what is
in them, and the record is kept. A driver that dies at any point does the rest when it starts again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wattbench import evidence, runs
from wattbench.fleet import logbook
from wattbench.problems import Problem, Refusal
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattbench.evidence.keys import TrustedKey
    from wattbench.fleet import Assignment
    from wattbench.fleet.logbook import Record
    from wattbench.runs import Run

    Bundle = Mapping[str, bytes]

RECORD = "record.json"
FILES = "files"
ELSEWHERE = "The host sent what it should not: look at it before it measures again"


def check(bundle: Bundle, trusted: Mapping[str, TrustedKey], assignment: Assignment) -> list[Run]:
    """Read the runs of a bundle: each in its form and place, signed by a trusted key, of one session as assigned.

    Raises Refusal with everything that is wrong.
    """
    problems: list[Problem] = []
    found = []
    for name, data in sorted(bundle.items()):
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or len(place.parts) != 4 or place.parts[2] != "runs":  # noqa: PLR2004 - ORG/NAME/runs/FILE
            problems.append(Problem(name, "", "is no place of a run", ELSEWHERE))
        elif name.endswith(".parquet"):
            if hashlib.sha256(data).hexdigest() != place.stem:
                problems.append(Problem(name, "sha256", "is not what its name says", ELSEWHERE))
        elif not name.endswith(evidence.ENDING):
            checked = evidence.verify(
                Path(name), trusted, lambda _run, _tables, _file: [], read=lambda path: bundle.get(path.as_posix())
            )
            problems += checked.problems
            if not checked.problems:
                found.append(runs.from_bytes(data, name))
    problems += _as_assigned(found, assignment)
    if problems:
        raise Refusal(problems)
    return found


def _as_assigned(found: Sequence[Run], assignment: Assignment) -> Iterator[Problem]:
    """Hold runs against what was asked: the board, the models, one session."""
    asked = {slot.submission for slot in assignment.slots}
    for run in found:
        if run.board != assignment.board.name:
            yield Problem(run.model.id, "board", f"is {run.board}", ELSEWHERE)
        if run.role == "candidate" and f"{run.model.id}@{run.model.revision}" not in asked:
            yield Problem(run.model.id, "model", "was not asked for", ELSEWHERE)
    sessions = sorted({run.session for run in found})
    if len(sessions) > 1:
        yield Problem(assignment.key, "session", f"is not one but {', '.join(sessions)}", ELSEWHERE)


def keep(state: Path, record: Record, bundle: Bundle) -> bool:
    """Keep a bundle whole; False where another execution of the same assignment came first."""
    if logbook.record_file(state, record.key).is_file():
        return False
    target = state / logbook.ARRIVED / record.key
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{record.key}-", dir=state))
    try:
        for name, data in bundle.items():
            write_whole(temporary / FILES / name, data)
        write_whole(temporary / RECORD, logbook.as_bytes(logbook.plain(record)))
        temporary.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


def publish(state: Path, out: Path) -> Iterator[Record]:
    """Write everything that has arrived to its place; what is there already stays as it is."""
    for folder in sorted((state / logbook.ARRIVED).glob("*")):
        record = logbook.record_of(json.loads((folder / RECORD).read_bytes()))
        for name, digest in sorted(record.files.items()):
            place = out / name
            if not (place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == digest):
                write_whole(place, (folder / FILES / name).read_bytes())
        logbook.record(state, record)
        logbook.closed(state, record.key)
        shutil.rmtree(folder)
        yield record


def tidy(state: Path) -> None:
    """Remove what a driver that died was just receiving: it was not whole, and comes again."""
    for stale in state.glob(".*-*"):
        shutil.rmtree(stale, ignore_errors=True)


def digests(bundle: Bundle) -> dict[str, str]:
    """Give the sha256 of every file."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(bundle.items())}
