"""Imported editions as files for machines, below /api/v1/imported/: byte for byte those that the import wrote.

api/v1/imported/index.json              the editions, their boards with the sha256 of each file, every model
api/v1/imported/EDITION/edition.json    whose results these are, and what was found in them
api/v1/imported/EDITION/BOARD.json      one board
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wattboard.imports.files import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattboard.imports import Imported

ROOT = "api/v1/imported"


def files(imported: Sequence[Imported]) -> Iterator[tuple[str, bytes]]:
    """Give every file and its path below the site; none where nothing was imported."""
    if not imported:
        return
    editions = []
    models: dict[str, list[str]] = {}
    for one in imported:
        home = f"{ROOT}/{one.edition.id}"
        yield f"{home}/edition.json", to_bytes(one.edition)
        for name, board in one.boards.items():
            yield f"{home}/{name}.json", to_bytes(board)
            for row in board.rows:
                models.setdefault(row.model, []).append(f"{home}/{name}.json")
        told = {name: {"json": f"{home}/{name}.json", "sha256": one.edition.boards[name]} for name in one.boards}
        editions.append(
            {
                "edition": one.edition.id,
                "title": one.edition.title,
                "attribution": one.edition.source.attribution,
                "licence": one.edition.source.licence,
                "json": f"{home}/edition.json",
                "page": f"imported/{one.edition.id}/",
                "boards": told,
            }
        )
    index = {
        "schema": 1,
        "status": "imported, single values: never mixed with measured boards",
        "editions": editions,
        "models": [
            {"model": name, "page": f"imported/models/{name}/", "boards": sorted(places)}
            for name, places in sorted(models.items())
        ],
    }
    yield (
        f"{ROOT}/index.json",
        (json.dumps(index, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n").encode(),
    )
