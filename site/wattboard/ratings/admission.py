"""Which runs may be rated together. Pure: runs in, those that count and those that do not, each with its reason."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from wattbench import tasks
from wattbench.boards import Board
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from wattboard.frame import Filed

LONGEST = 200  # characters of a part of a model's name: with an ending it is a file's name, of 255 bytes at most

SIGN = "Sign it with `wattbench sign` on the host that measured it; keys/README.md says which keys count"
UNSIGNED = "is not signed, and on a board of a rated edition only runs count that a trusted key has signed"


def admit(filed: Iterable[Filed], signed: Collection[str] = ()) -> tuple[tuple[Filed, ...], tuple[Problem, ...]]:
    """Part the runs that count from those that are left out, each of which is named with its reason.

    Left out are runs of a board whose task or version does not exist; runs of a model whose name no page can have, or
    that differs from another's in upper and lower case only; runs that nobody signed, on the boards that are `signed`
    (those of rated editions: a result counts where the maintainers' harness vouches for it); and runs that claim the
    place of another: the same model and revision, on the same board, in the same session, in the same role. Of two the
    one measured first counts, so that no file added later moves a star.
    """
    kept: dict[tuple[str, ...], Filed] = {}
    spelt: dict[str, str] = {}
    left: list[Problem] = []
    order = sorted(filed, key=lambda one: (one.measured_at, one.digest))
    for one in order:
        if why := _unknown(one.board):
            left.append(Problem(str(one.path), "board", why, "Measure on a board that exists"))
            continue
        if why := _unplaced(one.model, spelt.setdefault(one.model.casefold(), one.model)):
            left.append(Problem(str(one.path), "model.id", why, "Measure it under the name that it has"))
            continue
        if one.signer is None and one.board in signed:
            left.append(
                Problem(str(one.path), "", UNSIGNED, "Sign it with `wattbench sign` on the host that measured it")
            )
            continue
        place = (one.board, one.model, one.revision, one.session, one.role)
        first = kept.setdefault(place, one)
        if first is not one:
            message = f"is the second run of {one.model} in session {one.session} as {one.role}, after {first.name}"
            left.append(Problem(str(one.path), "session", message, "Withdraw one of the two"))
    counting = sorted(kept.values(), key=lambda one: (one.model, one.name))
    return tuple(counting), tuple(sorted(left, key=str))


def _unplaced(name: str, first: str) -> str | None:
    """Say why a model cannot have a page: many file systems hold two such names for one, or cannot hold it."""
    if name != first:
        return f"differs in upper and lower case only from {first}, which was measured first"
    parts = name.split("/")
    if any(len(part) > LONGEST or part.endswith(".") for part in parts) or parts[0].casefold() == "index.html":
        return f"has a part that is longer than {LONGEST} characters, ends in a dot, or is index.html"
    return None


@cache
def _unknown(name: str) -> str | None:
    board = Board.parse(name)
    if board.task not in tasks.names():
        return f"there is no task {board.task!r}"
    known = tasks.find(board.task).references
    if board.version not in known:
        return f"{board.task} has no version {board.version}; it has {', '.join(map(str, sorted(known)))}"
    return None
