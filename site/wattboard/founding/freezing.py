"""Freeze boards into an edition: each once, each file with its sha256 in edition.json."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from wattbench.boards import Board
from wattbench.problems import refuse
from wattbench.runs import write_whole
from wattboard.editions import SCHEMA, Edition, FrozenBoard, Kind, read
from wattboard.founding import drafting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from wattboard.editions import Opened
    from wattboard.founding.anchors import Anchor
    from wattboard.founding.cohorts import Founding

_EDITION_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


def freeze(
    folder: Path,
    edition_id: str,
    anchors: Mapping[str, Anchor],
    *,
    demo: bool,
    only: str | None = None,
    foundings: Mapping[str, Founding] | None = None,
) -> list[str]:
    """Freeze the boards of `anchors` that are not frozen yet, and say in words what was done, one line a board.

    `folder` holds the editions. A board whose founding cohort is large enough gets thresholds from it, any other from
    its reference model; a demo edition takes no cohort. Raises Refusal where the one board asked for (`only`) cannot be
    frozen, and where the edition there is of another kind.
    """
    if not _EDITION_ID.fullmatch(edition_id):
        raise refuse("", "ID", f"{edition_id!r} is no edition's id", "Use lower-case letters, digits, dots and hyphens")
    home = folder / edition_id
    opened = read(home) if (home / "edition.json").exists() else None
    kind: Kind = "demo" if demo else "rated"
    if opened and opened.edition.kind != kind:
        message = f"is a {opened.edition.kind} edition already"
        raise refuse(home / "edition.json", "kind", message, "Use another id" if demo else "Say --demo to add to it")
    frozen = dict(opened.boards) if opened else {}
    said, fresh = [], {}
    for name in [only] if only else sorted(anchors):
        founding = None if demo else (foundings or {}).get(name)
        outcome: FrozenBoard | str
        if name in frozen:
            outcome = f"is frozen already, on {frozen[name].frozen_on}"
        elif founding is not None and founding.enough:
            outcome = founding.board()
        else:
            outcome = drafting.anchored(name, anchors.get(name), edition_id, demo=demo)
        if isinstance(outcome, FrozenBoard):
            fresh[name] = outcome
            said.append(f"froze {name}: {_basis(outcome)}")
        elif only:
            raise refuse(home / f"{name}.json", "", outcome, "A board is frozen once; a change is a new edition")
        else:
            said.append(f"kept {name}: {outcome}" if name in frozen else f"left {name} unfrozen: {outcome}")
    if fresh:
        known = _recorded(home, opened) if opened else None
        write(home, extended(known, edition_id, kind, fresh), fresh)
    return said


def extended(known: Edition | None, edition_id: str, kind: Kind, fresh: Mapping[str, FrozenBoard]) -> Edition:
    """Give an edition with new boards: its headlines only ever gain tasks that had none."""
    headline = dict(known.headline) if known else {}
    for name in sorted(fresh):
        headline.setdefault(Board.parse(name).task, name)
    return Edition(
        schema=SCHEMA,
        id=edition_id,
        title=known.title if known else ("Demo edition" if kind == "demo" else f"Edition {edition_id}"),
        kind=kind,
        rule_version=drafting.RULE_VERSION,
        opened=known.opened if known else max(board.frozen_on for board in fresh.values()),
        headline=headline,
        boards=dict(known.boards) if known else {},
    )


def write(home: Path, edition: Edition, fresh: Mapping[str, FrozenBoard]) -> Edition:
    """Write new board files, then the edition with the sha256 of every board's file. Raises Refusal to overwrite one.

    A file that is there already with the very bytes is what a killed freeze left, and is kept.
    """
    hashes = dict(edition.boards)
    for name, board in sorted(fresh.items()):
        path, data = home / f"{name}.json", _bytes(board)
        if not path.exists():
            write_whole(path, data)
        elif path.read_bytes() != data:
            raise refuse(path, "", "exists already", "A board is frozen once; a change is a new edition")
        hashes[name] = hashlib.sha256(data).hexdigest()
    whole = edition.model_copy(update={"boards": hashes})
    write_whole(home / "edition.json", _bytes(whole))
    return whole


def _recorded(home: Path, opened: Opened) -> Edition:
    """Give an edition with the sha256 of its boards' files: one of schema 1 recorded none."""
    if opened.edition.schema_ > 1:
        return opened.edition
    hashes = {name: hashlib.sha256((home / f"{name}.json").read_bytes()).hexdigest() for name in sorted(opened.boards)}
    return opened.edition.model_copy(update={"boards": hashes})


def _basis(board: FrozenBoard) -> str:
    if board.founders:
        return f"from {len(board.founders)} lineages, one star is a factor of {board.r:.2f}"
    return f"relative to {board.reference.id}, one star is a factor of {board.r:.2f}"


def _bytes(value: BaseModel) -> bytes:
    data = value.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
