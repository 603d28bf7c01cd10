"""The unified diff of a proposal, byte for byte: `git apply` takes it. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wattboard.cards import Change


def diff(changes: Iterable[Change]) -> str:
    """Give the diff of some files, empty where nothing changes."""
    return "".join(line for one in changes for line in _file(one))


def _file(change: Change) -> Iterator[str]:
    before, after = (_lines(data) for data in (change.before, change.after))
    yield f"diff --git a/{change.path} b/{change.path}\n"
    if change.before is None:
        yield "new file mode 100644\n"
    if change.after is None:
        yield "deleted file mode 100644\n"
    names = (
        "/dev/null" if change.before is None else f"a/{change.path}",
        "/dev/null" if change.after is None else f"b/{change.path}",
    )
    for line in difflib.unified_diff(before, after, *names):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(data: bytes | None) -> list[str]:
    """Split at line feeds alone, as git does: a carriage return is part of its line."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", (data or b"").decode())
