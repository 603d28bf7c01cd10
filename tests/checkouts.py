"""Git checkouts for tests: a main branch, and branches of people who submit."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_WHO = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder; what it said."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=os.environ | _WHO, capture_output=True, text=True, check=True).stdout


def commit(folder: Path, words: str = "a change") -> None:
    """Commit everything in a checkout."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", words)


def start(folder: Path) -> Path:
    """Make a checkout with a main branch that holds what every project of ours holds, and a branch `mine` of it."""
    for name in ("submissions/README.md", "ledger/README.md", "keys/trusted.json", ".github/workflows/check.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("here\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    git(folder, "checkout", "--quiet", "-b", "mine")
    return folder
