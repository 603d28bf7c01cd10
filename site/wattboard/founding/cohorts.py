"""The founding cohort of a board, by a mechanical rule: METHOD section 5, item 3.

The rule is data (`RULE`) and words (`RULE.words`), published before anything is measured and frozen with each board.
Nothing in it can be chosen by a submitter once a lineage has been measured: a copy or a fine-tune that comes later
changes neither which model stands for the lineage nor its energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from wattbench.gates.limits import OFFICIAL
from wattboard import frame, ratings
from wattboard.editions import SCHEMA, Edition, Founder, FrozenBoard, Inclusion
from wattboard.founding import drafting
from wattboard.ratings.reasons import FACTOR_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wattboard.founding.anchors import Anchor
    from wattboard.ratings import Rating

LEAST_COHORT = 8  # below it a board is anchored on its reference model
RULE = Inclusion(
    name="founding-1",
    protocol=OFFICIAL.protocol,
    least_sessions=2,
    least_passes=5,
    greatest_session_factor=FACTOR_FLAGS,
    words=(
        "Every result of the board that was measured by the official protocol on real weights whose hashes are known, "
        "in at least two sessions of at least five passes each, with no gate failed or flagged for the model or for "
        "the reference model of its sessions, the reference model of each session within 5 % of the board's, and a "
        "quality at or above the board's minimum. Results whose weights are the same files count once: the one "
        "measured first. Of those with the same base model, however many steps back, the one measured first stands "
        "for the lineage; of two at the same second, the first by name."
    ),
)


@dataclass(frozen=True, slots=True)
class Founding:
    """A board's founding cohort: one founder a lineage, sorted by name, and the digests of all runs it rests on."""

    draft: FrozenBoard
    founders: tuple[Founder, ...]
    digests: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether the board can have thresholds of its own (item 7)."""
        return len(self.founders) >= LEAST_COHORT

    def board(self) -> FrozenBoard:
        """Give the board with its thresholds. Needs `enough`."""
        return drafting.founded(self.draft, self.founders, self.digests, RULE)


def foundings(passes: pl.LazyFrame, anchors: Mapping[str, Anchor], edition_id: str) -> dict[str, Founding]:
    """Give the founding cohort of each measured board that has a sound session with its reference model."""
    drafts = [drafting.unfounded(name, anchors[name], edition_id) for name in sorted(anchors)]
    known = [one for one in drafts if one is not None]
    if not known:
        return {}
    rated = judged(passes, known, edition_id)
    lineage = lineages(declared(passes))
    found = {}
    for draft in known:
        chosen = representatives((one for one in rated if one.board == draft.board), lineage)
        founders = sorted((_founder(one, lineage[one.model]) for one in chosen), key=lambda one: one.id)
        found[draft.board] = Founding(draft, tuple(founders), _digests(passes, draft, founders))
    return found


def judged(passes: pl.LazyFrame, boards: Sequence[FrozenBoard], edition_id: str) -> tuple[Rating, ...]:
    """Rate results by drafts of boards that no edition holds yet."""
    edition = Edition(
        schema=SCHEMA,
        id=edition_id,
        title="Draft",
        kind="rated",
        rule_version=drafting.RULE_VERSION,
        opened=max(board.frozen_on for board in boards),
        headline={},
    )
    return ratings.collect(ratings.rate(frame.only(passes, [board.board for board in boards]), edition, boards))


def enters(one: Rating, rule: Inclusion = RULE) -> bool:
    """Tell whether a result may enter a founding cohort. It was rated, so its quality reaches the minimum."""
    return (
        not one.reasons
        and one.kind == "measured"
        and one.verdict == "pass"
        and not one.reference_flags
        and one.protocol == rule.protocol
        and one.sessions >= rule.least_sessions
        and (one.fewest or 0) >= rule.least_passes
        and one.factor is not None
        and one.factor <= rule.greatest_session_factor
        and one.weights_digest is not None
    )


def representatives(rated: Iterable[Rating], lineage: Mapping[str, str]) -> list[Rating]:
    """Keep one result a lineage, and of identical weights one: the one measured first, then by name."""
    weights: set[str | None] = set()
    kept: dict[str, Rating] = {}
    for one in sorted(filter(enters, rated), key=lambda one: (one.first_measured_at or "", one.model, one.revision)):
        # A copy does not even speak for its lineage: it says of itself whose fine-tune it is.
        if one.weights_digest not in weights:
            kept.setdefault(lineage[one.model], one)
        weights.add(one.weights_digest)
    return list(kept.values())


def declared(passes: pl.LazyFrame) -> dict[str, str | None]:
    """Give each model's base model, as its newest run that names one has it, on whatever board."""
    named = pl.col("base_model").sort_by("measured_at", "digest").drop_nulls().last()
    return dict(passes.group_by("model").agg(named).sort("model").collect().iter_rows())


def lineages(bases: Mapping[str, str | None]) -> dict[str, str]:
    """Name each model's lineage: the model at the end of its chain of base models.

    A chain that runs in a circle has no end; its lineage is the first name of the circle.
    """
    return {model: _root(model, bases) for model in bases}


def _root(model: str, bases: Mapping[str, str | None]) -> str:
    chain = [model]
    while (base := bases.get(chain[-1])) is not None:
        if base in chain:
            return min(chain[chain.index(base) :])
        chain.append(base)
    return chain[-1]


def _founder(one: Rating, lineage: str) -> Founder:
    known = {"y": one.y, "h": one.h, "quality": one.quality, "weights_digest": one.weights_digest}
    return Founder.model_validate(
        {"lineage": lineage, "id": one.model, "revision": one.revision, "measured_at": one.first_measured_at, **known}
    )


def _digests(passes: pl.LazyFrame, draft: FrozenBoard, founders: Sequence[Founder]) -> tuple[str, ...]:
    """Name every run that the cohort rests on: the founders' own, and the reference model's of every session."""
    own = pl.struct("model", "revision").is_in([{"model": one.id, "revision": one.revision} for one in founders])
    reference = (pl.col("model") == draft.reference.id) & pl.col("role").str.starts_with("reference-")
    rows = passes.filter(pl.col("board") == draft.board, own | reference)
    return tuple(rows.select(pl.col("digest").unique().sort()).collect()["digest"])
