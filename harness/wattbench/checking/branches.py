"""What a branch does to submissions: adds one that somebody else has added, alters another's, brings claims."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import submissions
from wattbench.checking import changes, touching
from wattbench.problems import Problem, Refusal
from wattbench.submissions import strict_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattbench.checking.changes import Branch
    from wattbench.submissions import Submission


def submitted(branch: Branch, inside: str, folder: Path) -> list[Path]:
    """Give the submissions that a branch adds or alters, as files of the checkout."""
    return [
        folder / os.path.relpath(one.path, inside)
        for one in branch.changes
        if not one.gone and touching.submission_of(one.path, inside)
    ]


def claimed(branch: Branch, inside: str, folder: Path) -> list[Path]:
    """Give the self-reported files that a branch adds or alters, as files of the checkout."""
    return [
        folder / os.path.relpath(one.path, inside)
        for one in branch.changes
        if not one.gone and touching.self_reported(one.path, inside)
    ]


def races(branch: Branch, inside: str) -> Iterator[Problem]:
    """Find submissions that the branch adds and that were added meanwhile, on the other side, by somebody else."""
    added = [one.path for one in branch.changes if one.added and touching.submission_of(one.path, inside)]
    if not added or branch.tip == branch.parting:
        return
    there = {path.casefold(): path for path in changes.paths_at(branch, branch.tip, inside)}
    for path in added:
        if other := there.get(path.casefold()):
            what = f"was submitted meanwhile: {other} is there already"
            yield Problem(path, "model.id", what, "Merge the main branch; then ask for what is missing in that file")


def earlier(branch: Branch, path: str, now: Submission) -> Iterator[Problem]:
    """Note what a branch does to a submission that was there before: whose it was, and whether it asks for more."""
    data = changes.content(branch, branch.parting, path, strict_yaml.LARGEST)
    try:
        before = submissions.parse(data, Path(path)) if data else None
    except Refusal:
        return
    if before is None:
        return
    if before.submitter.github.casefold() != now.submitter.github.casefold():
        what = f"was submitted by {before.submitter.github} before"
        yield Problem(path, "submitter.github", what, "Ask them first, or say in the pull request why not")
    if _asked(now) <= _asked(before):
        yield Problem(path, "", "asks for nothing that was not asked for before", "")


def _asked(one: Submission) -> set[tuple[str, str, str, str, str]]:
    """All that is to be measured."""
    every = [(a, b, c, d) for a in one.tasks for b in one.precisions for c in one.scenarios for d in one.reasoning]
    return {(one.model.key, *parts) for parts in every}
