"""Whose path is whose: what people may change in a pull request, and what the harness may. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from wattbench.checking import changes
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.checking.changes import Change

Role = Literal["person", "harness", "maintainer"]
MOST = 20  # paths that are named one by one

_MODEL = r"{0}/[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*"
_FILE = r"[A-Za-z0-9][A-Za-z0-9._~-]*"
# What each may touch, with the submissions folder in place of {0}.
_MAY = {
    "person": (rf"{_MODEL}/submission\.yml", rf"{_MODEL}/self-reported/{_FILE}"),
    "harness": (rf"{_MODEL}/runs/{_FILE}", rf"ledger/({_FILE}/)*{_FILE}"),
}
# Who else's a path is: pattern, whose, what to do.
_OTHERS = (
    (r"{0}/.*/runs(/.*)?", "the harness's: results are measured, never sent", "Ask for a measurement instead"),
    (r"{0}/.*", "no place of a submission", "People change submission.yml and self-reported/ of ORG/NAME only"),
    (r"ledger/.*", "the harness's and the maintainers'", "Open an issue: maintainers write the ledger"),
    (r"keys/.*", "the maintainers': keys decide whose results count", "Open an issue"),
    (r"site/editions/.*", "nobody's to edit: thresholds are frozen once", "Open an issue if one is wrong"),
    (r"(\.github|\.ci)/.*", "the maintainers': workflows run with rights", "Propose it in a pull request of its own"),
    (r".*", "the project's own", "Propose it in a pull request of its own"),
)


def problems(touched: Sequence[Change], role: Role, folder: str) -> Iterator[Problem]:
    """Say of every changed path that is not the role's to touch whose it is, and what is no plain file."""
    if role == "maintainer":
        return
    found = [one for change in touched for one in _about(change, role, folder)]
    yield from found[:MOST]
    if len(found) > MOST:
        what = f"and {len(found) - MOST} paths more are not this change's to touch"
        yield Problem("", "", what, "Begin again from the main branch")


def submission_of(path: str, folder: str) -> bool:
    """Whether a path is where a submission lies."""
    return _is(rf"{_MODEL}/submission\.yml", path, folder)


def self_reported(path: str, folder: str) -> bool:
    """Whether a path is where people put results of their own."""
    return _is(rf"{_MODEL}/self-reported/{_FILE}", path, folder)


def _about(change: Change, role: Role, folder: str) -> Iterator[Problem]:
    if not any(_is(pattern, change.path, folder) for pattern in _MAY[role]):
        whose, remedy = next((one[1], one[2]) for one in _OTHERS if _is(one[0], change.path, folder))
        yield Problem(change.path, "path", f"is not yours to touch: it is {whose}", remedy)
    elif change.mode == changes.LINK:
        yield Problem(change.path, "path", "is a symbolic link, and links are not followed", "Put the file there")
    elif change.mode == changes.SUBMODULE:
        yield Problem(change.path, "path", "is a submodule", "Put the file there")
    elif change.mode == changes.EXECUTABLE:
        yield Problem(change.path, "path", "is executable, and nothing here is run", "Run `chmod -x` on it")
    elif role == "harness" and not change.added:
        what = "is taken away" if change.gone else "is changed"
        remedy = "Leave it as it is: runs and entries are written once; the ledger corrects and withdraws"
        yield Problem(change.path, "path", what, remedy)
    elif change.gone and role == "person":
        remedy = "Leave it, and ask for a withdrawal: results keep their history"
        yield Problem(change.path, "path", "is taken away", remedy)


def _is(pattern: str, path: str, folder: str) -> bool:
    return re.fullmatch(pattern.replace("{0}", re.escape(folder)), path, re.DOTALL) is not None
