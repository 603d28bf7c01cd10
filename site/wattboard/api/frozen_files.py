"""The frozen files of editions as they were written, every digit: a folder that the commands read as theirs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from wattboard.editions import Opened


def files(editions: Iterable[Opened]) -> Iterator[tuple[str, bytes]]:
    """Give `editions/ID/frozen/`: edition.json and one file a board. Their hashes are those that edition.json names."""
    for opened in editions:
        home = f"editions/{opened.edition.id}/frozen"
        yield f"{home}/edition.json", _bytes(opened.edition)
        for name, board in sorted(opened.boards.items()):
            yield f"{home}/{name}.json", _bytes(board)


def _bytes(value: BaseModel) -> bytes:
    """Write a value as freezing writes it."""
    data = value.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
