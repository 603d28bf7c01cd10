"""What a branch changes against another, by git. Nothing of the branch is run: git only compares names and hashes."""

from __future__ import annotations

import errno
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.checking.report import Misuse
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

LINK, EXECUTABLE, SUBMODULE, ABSENT = "120000", "100755", "160000", "000000"


@dataclass(frozen=True, slots=True)
class Change:
    """A path that a branch adds, alters or takes away, and what git keeps there afterwards."""

    path: str
    mode: str
    added: bool

    @property
    def gone(self) -> bool:
        """Whether the branch takes the path away."""
        return self.mode == ABSENT


@dataclass(frozen=True, slots=True)
class Branch:
    """What HEAD changes since it left `tip`, which is at `tip` now; they parted at `parting`."""

    root: Path
    parting: str
    tip: str
    changes: Sequence[Change]


def since(folder: Path, ref: str) -> Branch:
    """Compare HEAD of the checkout that a folder lies in with where it left `ref`. Raises Misuse."""
    root = Path(os.fsdecode(_git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    tip = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", what=ref).decode()
    told = _git(root, "merge-base", tip.strip(), "HEAD", what=ref)
    parting = told.decode().split()[0]
    raw = _git(root, "diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", parting, "HEAD")
    parts = raw.split(b"\0")[:-1]
    changes = [_change(told.decode(), os.fsdecode(path)) for told, path in zip(parts[::2], parts[1::2], strict=True)]
    return Branch(root, parting, tip.strip(), sorted(changes, key=lambda one: one.path))


def paths_at(branch: Branch, commit: str, folder: str) -> list[str]:
    """List the paths below a folder at a commit."""
    told = _git(branch.root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", f"{folder}/")
    return [os.fsdecode(one) for one in told.split(b"\0") if one]


def content(branch: Branch, commit: str, path: str, most: int) -> bytes | None:
    """Give the first bytes of a file at a commit; None where there is none."""
    command = _command(branch.root, "cat-file", "blob", f"{commit}:{path}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()) as running:
        assert running.stdout is not None  # noqa: S101 - it is piped
        data = running.stdout.read(most)
        running.stdout.close()
        status = running.wait()
    return data if status == 0 or len(data) == most else None


def _change(told: str, path: str) -> Change:
    before, mode, *_ = told.removeprefix(":").split()
    return Change(path, mode, added=before == ABSENT)


def _git(folder: Path, *arguments: str, what: str = "") -> bytes:
    """Ask git. Raises Misuse in its own words where it has no answer."""
    try:
        done = subprocess.run(_command(folder, *arguments), env=_environment(), capture_output=True, check=False)
    except OSError as error:
        what = (
            "is not installed here" if error.errno in (errno.ENOENT, errno.ENOTDIR) else f"cannot run: {error.strerror}"
        )
        raise Misuse([Problem("git", "", what, "Install git, or leave out --base")]) from None
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
    if arguments[0] == "merge-base":
        remedy = "Fetch more of the history: `git fetch --unshallow`"
        raise Misuse([Problem(what, "--base", "has no common ancestor with HEAD here", remedy)])
    if what:
        raise Misuse([Problem(what, "--base", "is no commit of this checkout", "Fetch it, or name another")])
    raise Misuse([Problem(str(folder), "--base", said or "git has no answer", "Run this in a checkout")])


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
