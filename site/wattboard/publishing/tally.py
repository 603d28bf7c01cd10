"""A sum over all files of a folder, by which a built site is known again: their paths, sizes and times of change.

The order of files makes no difference to a sum, so that a file more or less is one number added or taken away.

    python -I -S tally.py FOLDER    prints the sum; it loads nothing of ours, and works beside a build
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WIDE = 2**128


def of(folder: str) -> int:
    """Sum all files below a folder. Raises OSError."""
    total, waiting = 0, [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(f"{folder}/{below}") as entries:
            for entry in entries:
                path = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                else:
                    total += one(path, entry.stat(follow_symlinks=False))
    return total % WIDE


def one(path: str, stat: os.stat_result) -> int:
    """Give what a file adds to the sum; `path` is its place below the folder."""
    told = f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}".encode(errors="surrogateescape")
    return int.from_bytes(blake2b(told, digest_size=16).digest(), "big")


def start(folder: Path) -> subprocess.Popen[str]:
    """Begin to sum a folder in a process of its own."""
    command = [sys.executable, "-I", "-S", __file__, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def end(begun: subprocess.Popen[str]) -> int | None:
    """Wait for a sum; None where the folder could not be read."""
    told, _ = begun.communicate()
    with contextlib.suppress(ValueError):
        return int(told)
    return None


if __name__ == "__main__":
    sys.stdout.write(f"{of(sys.argv[1])}\n")
