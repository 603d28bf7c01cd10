"""Who vouches for a result: METHOD section 6. Pure.

`verified`: a trusted key signed every run. `reproduced`: and two cards agree, within 3 %. `disputed`: a second
measurement disagrees, and nothing has ended that yet. `unsigned`: nobody vouches, as in a demo.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wattbench import states
from wattboard import ratings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

    from wattbench.ledger import Event
    from wattboard.gathering.filed import Filed
    from wattboard.ratings import Rating, Trust

    Subject = tuple[str, str, str]  # board, model, revision

ANOTHER_CARD = 0.03  # |ln ratio| of two cards that agree


def of(filed: Sequence[Filed], events: Iterable[Event]) -> Callable[[pl.LazyFrame], tuple[Rating, ...]]:
    """Give what turns a rated frame into Ratings, each with its trust."""
    unsigned = {(one.board, one.model, one.revision) for one in filed if one.signer is None}
    disputed = disputes(events)

    def trust(one: Rating) -> Trust:
        subject = (one.board, one.model, one.revision)
        if subject in disputed:
            return "disputed"
        return "unsigned" if subject in unsigned else "verified"

    return lambda rated: tuple(replace(one, trust=trust(one)) for one in ratings.collect(rated))


def disputes(events: Iterable[Event]) -> frozenset[Subject]:
    """Name the results whose dispute nothing has ended."""
    told: dict[str, list[Event]] = {}
    asked: dict[Subject, None] = {}
    for one in events:
        told.setdefault(one.model, []).append(one)
        if one.kind == "disputed":
            asked[one.board, one.model, one.revision] = None
    return frozenset(
        (board, model, revision)
        for board, model, revision in asked
        if states.open_dispute(one for one in told[model] if states.concerns(one, model, revision, board))
    )
