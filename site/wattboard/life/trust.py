"""Who vouches for a result: METHOD section 6. Pure.

`verified`: a trusted key signed every run. `reproduced`: and two cards agree, within 3 %. `disputed`: a second
measurement disagrees, and nothing has ended that yet. `unsigned`: nobody vouches, as in a demo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wattbench.ledger import states
from wattboard import ratings
from wattboard.ratings import reasons
from wattboard.ratings.facts import SUBJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wattbench.ledger import Event
    from wattboard.gathering.filed import Filed
    from wattboard.ratings import Rating, Trust

    Subject = tuple[str, str, str]  # board, model, revision

ANOTHER_CARD = 0.03  # |ln ratio| of two cards that agree
WORDS = {
    "verified": "verified: measured by the maintainers' harness, every run signed",
    "reproduced": "reproduced: verified, and two cards agree within 3 %",
    "disputed": "disputed: a second measurement disagrees, and a third decides",
    "unsigned": "nobody vouches for it: its runs are not signed",
}


def of(
    filed: Sequence[Filed], events: Iterable[Event], passes: pl.LazyFrame
) -> Callable[[pl.LazyFrame], tuple[Rating, ...]]:
    """Give what turns a rated frame into Ratings, each with its trust. `passes` are those of the same runs."""
    unsigned = {(one.board, one.model, one.revision) for one in filed if one.signer is None}
    disputed, twice = disputes(events), reproduced(passes)

    def trust(subject: Subject) -> Trust:
        if subject in disputed:
            return "disputed"
        if subject in unsigned:
            return "unsigned"
        return "reproduced" if subject in twice else "verified"

    return lambda rated: ratings.collect(rated, trust)


def reproduced(passes: pl.LazyFrame) -> frozenset[Subject]:
    """Name the results of which two cards agree, each corrected by the reference model of its sessions."""
    energy = pl.col("wh_per_1000").log()
    valid = passes.filter(reasons.usable("wh_per_1000"))
    sides = valid.filter(pl.col("role") != "candidate").group_by("board", "session", "role").agg(side=energy.mean())
    references = sides.group_by("board", "session").agg(reference=pl.col("side").mean())
    cards = (
        valid.filter(pl.col("role") == "candidate", pl.col("card").is_not_null())
        .join(references, on=("board", "session"))
        .group_by(*SUBJECT, "card", "session")
        .agg(y=(energy - pl.col("reference")).mean())
        .group_by(*SUBJECT, "card")
        .agg(y=pl.col("y").mean())
        .group_by(*SUBJECT)
        .agg(cards=pl.len(), apart=pl.col("y").max() - pl.col("y").min())
    )
    agreed = cards.filter(pl.col("cards") > 1, pl.col("apart") <= ANOTHER_CARD).select(*SUBJECT)
    return frozenset(agreed.collect().iter_rows())


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
