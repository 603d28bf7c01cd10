"""Imported editions as files: the same input gives the same bytes, and a reader checks every hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from wattbench.problems import Problem, Refusal
from wattbench.runs import write_whole
from wattboard.founding.drafting import RULE_VERSION
from wattboard.imports import Finding, Imported, ImportedBoard, ImportedEdition, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_Form = TypeVar("_Form", bound=BaseModel)
REMEDY = "Import the source's file again: wattboard import SOURCE FILE.csv"


def bundle(
    edition: str,
    title: str,
    words: Sequence[str],
    boards: Iterable[ImportedBoard],
    findings: Iterable[Finding],
    source: Source,
) -> Imported:
    """Put an imported edition together: its boards by name, with the hash of each one's bytes."""
    by_name = {board.board: board for board in sorted(boards, key=lambda board: board.board)}
    return Imported(
        ImportedEdition(
            schema=1,
            id=edition,
            title=title,
            kind="imported",
            rule_version=RULE_VERSION,
            words=tuple(words),
            boards={name: hashlib.sha256(to_bytes(board)).hexdigest() for name, board in by_name.items()},
            findings=tuple(sorted(findings, key=lambda one: (one.kind, one.rows, one.field))),
            source=source,
        ),
        by_name,
    )


def to_bytes(value: BaseModel) -> bytes:
    """Give the bytes of an edition or a board: sorted keys, one newline at the end."""
    data = value.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write(imported: Imported, folder: Path) -> Path:
    """Write an imported edition below `folder`, the boards first, and give its own folder. Raises Refusal.

    The id comes from the source's file, so writing again replaces the same edition; boards it no longer has go.
    """
    home = folder / imported.edition.id
    earlier = _parse(ImportedEdition, home / "edition.json", []) if (home / "edition.json").exists() else None
    for name, board in imported.boards.items():
        write_whole(home / f"{name}.json", to_bytes(board))
    write_whole(home / "edition.json", to_bytes(imported.edition))
    for name in set(earlier.boards if earlier else ()) - set(imported.boards):
        (home / f"{name}.json").unlink(missing_ok=True)
    return home


def read_all(folders: Iterable[Path]) -> tuple[Imported, ...]:
    """Read every imported edition below some folders, by id. Raises Refusal with everything that is wrong."""
    found: dict[str, Imported] = {}
    problems: list[Problem] = []
    for path in sorted(path for folder in folders for path in folder.glob("*/edition.json")):
        try:
            one = read(path.parent)
        except Refusal as refusal:
            problems += refusal.problems
            continue
        if one.edition.id in found:
            problems.append(Problem(str(path), "id", f"edition {one.edition.id} is there twice", "Keep one of them"))
        found[one.edition.id] = one
    if problems:
        raise Refusal(problems)
    return tuple(found[name] for name in sorted(found))


def read(folder: Path) -> Imported:
    """Read an imported edition. Raises Refusal for a file that is missing, altered, or that the edition lacks."""
    problems: list[Problem] = []
    edition = _parse(ImportedEdition, folder / "edition.json", problems)
    boards: dict[str, ImportedBoard] = {}
    for name, digest in (edition.boards if edition else {}).items():
        path = folder / f"{name}.json"
        board = _parse(ImportedBoard, path, problems)
        if board is None:
            continue
        boards[name] = board
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            problems.append(Problem(str(path), "sha256", "is not the file that the edition was written with", REMEDY))
    strays = {path.stem for path in folder.glob("*.json")} - {"edition"} - set(edition.boards if edition else ())
    if edition:
        problems += [
            Problem(str(folder / f"{name}.json"), "", "is no board of this edition", "Remove it")
            for name in sorted(strays)
        ]
    if edition is None or problems:
        raise Refusal(problems)
    return Imported(edition, boards)


def _parse(form: type[_Form], path: Path, problems: list[Problem]) -> _Form | None:
    try:
        return form.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        problems += [
            Problem(str(path), ".".join(map(str, issue["loc"])), issue["msg"], REMEDY) for issue in error.errors()
        ]
    except (OSError, ValueError) as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error}", REMEDY))
    return None
