"""Checks submissions: their form and place, what a branch touches, what is there already, what the Hub says."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import submissions
from wattbench.checking import branches, changes, known, remote, touching
from wattbench.checking.remote import Device
from wattbench.checking.report import Checked, Misuse, Report
from wattbench.hub_trouble import Unreachable
from wattbench.ledger import opt_outs
from wattbench.ledger.wanted import boards_of
from wattbench.legible import quoted
from wattbench.problems import Problem, Refusal
from wattbench.submissions import claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wattbench.checking.changes import Branch
    from wattbench.checking.known import Measured
    from wattbench.checking.report import Remote
    from wattbench.checking.touching import Role
    from wattbench.ledger.opt_outs import OptOut
    from wattbench.submissions import Submission

    Look = Callable[[str, Submission, Device], tuple[Remote | None, list[Problem], list[Problem]]]

HEADLINE = Device("h100-sxm5-80gb")  # what submissions are measured on, unless the maintainers say otherwise
DEMO = "demo/"  # the project's own, known to come from packages
UNASKED = "the Hub was not asked: whether the model is there, safe to load, licensed and fits was not looked at"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be checked. `base`: the branch that HEAD is held against; without it only what `paths` name.

    `look`: asks the Hub about one submission; None where nobody wants that.
    """

    paths: Sequence[Path]
    folder: Path
    base: str | None = None
    role: Role = "person"
    device: Device = HEADLINE
    look: Look | None = remote.look


def check(wanted: Wanted, step: Callable[[str, float], object] = lambda *_: None) -> Report:
    """Check everything, and say all that is wrong at once. Raises Misuse for what cannot be checked at all."""
    _possible(wanted)
    problems: list[Problem] = []
    notes: list[Problem] = []
    files = list(wanted.paths)
    branch: Branch | None = None
    claimed: list[Path] = []
    if wanted.base is not None:
        branch = changes.since(wanted.folder, wanted.base)
        inside = os.path.relpath(wanted.folder.resolve(), branch.root.resolve())
        problems += touching.problems(branch.changes, wanted.role, inside)
        problems += branches.races(branch, inside)
        claimed += branches.claimed(branch, inside, wanted.folder)
        files += branches.submitted(branch, inside, wanted.folder)
        notes += [] if branch.changes else [Problem("", "", f"nothing differs from {wanted.base}", "")]
    elif not files:
        files = [wanted.folder]
    found, wrong = _load(files, wanted)
    claimed += [one for some in files if some.is_dir() for one in sorted(some.rglob(f"{claims.FOLDER}/*"))]
    if not (found or wrong or claimed) and branch is None:
        remedy = f"Name a {submissions.FILE}, or a folder that holds some"
        raise Misuse(Problem(str(one), "PATH", f"holds no {submissions.FILE}", remedy) for one in files)
    problems += [*wrong, *_unlike_claims(claimed, wanted.folder)]
    there = known.models(wanted.folder)
    try:
        opted = opt_outs.read(wanted.folder.resolve().parent / "ledger")
    except Refusal as refusal:
        problems, opted = [*problems, *refusal.problems], ()
    checked = []
    for path, submission in found:
        place = shown(path, wanted.folder)
        one, bad, worth = _offline(place, submission, wanted, there, opted)
        problems += bad
        notes += worth if branch is None else [*worth, *branches.earlier(branch, place, submission)]
        checked.append(replace(one, good=not bad))
    report = Report(checked, problems, notes)
    return _online(report, wanted, wanted.look, step) if wanted.look and checked else report


def shown(path: Path, folder: Path) -> str:
    """Give a path as people and GitHub know it: below the folder that holds the submissions, where it lies there."""
    top = folder.resolve().parent
    place = path.parent.resolve() / path.name
    return place.relative_to(top).as_posix() if place.is_relative_to(top) else str(path)


def _possible(wanted: Wanted) -> None:
    """Raise Misuse for what cannot be checked at all."""
    missing = [
        Problem(str(one), "PATH", "is not there", "Name a file or a folder that is")
        for one in wanted.paths
        if not os.path.lexists(one)
    ]
    if not wanted.folder.is_dir() and (wanted.base is not None or not wanted.paths):
        missing.append(Problem(str(wanted.folder), "--submissions", "is no folder", "Name the folder of submissions"))
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", wanted.device.sku):
        missing.append(Problem("", "--device", f"{quoted(wanted.device.sku)} is no SKU", f"Write it as {HEADLINE.sku}"))
    if missing:
        raise Misuse(missing)


def _load(files: Sequence[Path], wanted: Wanted) -> tuple[list[tuple[Path, Submission]], list[Problem]]:
    """Load what paths name; links in folders are told, not followed."""
    problems = [
        Problem(shown(one, wanted.folder), "", "is a link, and links are not followed", "Put a copy there")
        for one in _links(files)
    ]
    found: list[tuple[Path, Submission]] = []
    for path in dict.fromkeys(one for some in files for one in _inside(some)):
        try:
            found.append((path, submissions.load(path)))
        except Refusal as refusal:
            problems += [replace(one, file=shown(path, wanted.folder)) for one in refusal.problems]
    return found, problems


def _unlike_claims(files: Sequence[Path], folder: Path) -> Iterator[Problem]:
    """Find what people bring of their own that is not as it has to be."""
    for path in files:
        if path.suffix != ".json":
            yield Problem(shown(path, folder), "path", "is no result of one's own", f"Write WORD.json: {claims.FIELDS}")
            continue
        try:
            claims.load(path)
        except Refusal as refusal:
            yield from (replace(one, file=shown(path, folder)) for one in refusal.problems)


def _inside(path: Path) -> list[Path]:
    """Give what is called a submission in a folder, links that lead nowhere included, or the file itself."""
    if path.is_symlink() or not path.is_dir():
        return [path]
    walk = os.walk(path)
    return sorted(Path(where) / submissions.FILE for where, *inside in walk if submissions.FILE in chain(*inside))


def _links(files: Sequence[Path]) -> Iterator[Path]:
    for one in files:
        for where, folders, _ in os.walk(one):
            yield from (Path(where) / name for name in sorted(folders) if (Path(where) / name).is_symlink())


def _offline(
    path: str, submission: Submission, wanted: Wanted, there: frozenset[str], opted: Sequence[OptOut]
) -> tuple[Checked, list[Problem], list[Problem]]:
    """Check a submission that could be read, without asking anybody."""
    identity, package = submission.model.id, submission.model.package
    boards = () if package else boards_of(submission, wanted.device.sku, "nvml")
    problems = [*known.same_name(path, identity, there)]
    if opted_out := opt_outs.problem(path, identity, opted):
        problems.append(opted_out)
    runs = known.runs_of(wanted.folder / identity)
    notes = [*known.measured_already(path, submission, [board.name for board in boards], runs)]
    if package and not identity.startswith(DEMO):
        what = f"{identity} comes from a package of the Python index, as the demo's models do"
        notes.append(Problem(path, "model.package", what, "No rated edition accepts it: give a revision of the Hub"))
    return Checked(path, submission, boards, good=True), problems, notes


def _online(report: Report, wanted: Wanted, look: Look, step: Callable[[str, float], object]) -> Report:
    """Ask the Hub about every submission that names a revision; what cannot be asked is told once, and is no fault."""
    checked: list[Checked] = []
    problems, notes, trouble = list(report.problems), list(report.notes), tuple[Problem, ...]()
    measured: tuple[Measured, ...] | None = None
    for number, one in enumerate(report.submissions):
        model, said = one.submission.model, None
        if model.package is None and not trouble:
            step(f"{model.id}: asking the Hub", number)
            try:
                said, bad, worth = look(one.path, one.submission, wanted.device)
                measured = known.runs(wanted.folder) if measured is None else measured
                worth += known.same_weights(one.path, model.id, said.weights if said else (), measured)
                problems += bad
                notes += worth
                one = replace(one, good=one.good and not bad)  # noqa: PLW2901 - the same, better known
            except Unreachable as refusal:
                trouble = refusal.problems
        checked.append(replace(one, remote=said))
    notes += [replace(one, message=f"{one.message}; {UNASKED}") for one in trouble]
    return Report(checked, problems, notes, "unreachable" if trouble else "not asked" if measured is None else "asked")
