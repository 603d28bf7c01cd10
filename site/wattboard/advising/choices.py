"""A board as right-sizing sees it: its choices, what is known about all of them, and what is left out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import exp, fsum, log
from typing import TYPE_CHECKING, Literal

import polars as pl

from wattboard.advice import Choice
from wattboard.ratings.facts import DIGITS, SUBJECT, rounded
from wattboard.ratings.reasons import REASONS, against

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.tasks import Metric
    from wattboard.imports import ImportedBoard
    from wattboard.listings import Listing
    from wattboard.ratings import Rating

    Subject = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """A board's choices. `left_out` says of a model why it is none of them.

    query: what one query is. recommended: the frozen quality level, None where there is none. metric and margin are
    None on boards of imported results. edition: None where nothing is frozen. source: whose imported results they are,
    and what their task is called there.
    """

    board: str
    task: str
    title: str
    query: str
    kind: Literal["measured", "estimated", "imported"]
    edition: str | None
    metric: Metric | None
    recommended: float | None
    choices: tuple[Choice, ...]
    left_out: dict[str, str]
    source: str | None = None
    source_task: str | None = None

    @property
    def higher_is_better(self) -> bool:
        """The direction of the metric; without one it decides nothing."""
        return self.metric is None or self.metric.higher_is_better

    def find(self, model: str) -> Choice | None:
        """Give the choice of a model's name."""
        return next((one for one in self.choices if one.model == model), None)


def of(listing: Listing, latencies: Mapping[Subject, float]) -> Offer:
    """Give the choices of a measured or estimated board: what it rates, or all that is sound where it rates nothing."""
    choices, left = [], {}
    for one in listing.all:
        if (why := why_not(one)) or one.wh is None:
            left[one.model] = why or REASONS["no-energy"]
        else:
            choices.append(choice(one, one.wh, latencies.get((one.board, one.model, one.revision))))
    return Offer(
        board=listing.board.name,
        task=listing.board.task,
        title=listing.task.title,
        query=listing.task.query,
        kind=listing.board.kind,
        edition=listing.edition.id if listing.edition else None,
        metric=listing.task.metric,
        recommended=listing.frozen.quality.recommended if listing.frozen else None,
        choices=tuple(choices),
        left_out=dict(sorted(left.items())),
    )


def imported(board: ImportedBoard) -> Offer:
    """Give the choices of an imported board: single values without a quality. A model with two rows has their mean.

    It is the geometric mean, as in the board's cohort.
    """
    rows = sorted(board.rows, key=lambda row: row.model)
    choices = []
    for model, group in groupby(rows, key=lambda row: row.model):
        own = list(group)
        wh = exp(fsum(log(row.wh_per_1000) for row in own) / len(own))
        stars = own[0].stars if len(own) == 1 else None
        choices.append(Choice(model, float(f"{wh:.{DIGITS}g}"), stars=stars, status=board.status))
    return Offer(
        board=board.board,
        task=board.task or board.source_task,
        title=board.title,
        query=board.query,
        kind="imported",
        edition=board.edition,
        metric=None,
        recommended=None,
        choices=tuple(choices),
        left_out={},
        source=board.source.attribution,
        source_task=board.source_task,
    )


def why_not(one: Rating) -> str | None:
    """Say why a result is not to be chosen: no star where the board has thresholds, or unsound where it has none."""
    return "; ".join(REASONS[name] for name in against(one.reasons))


def choice(one: Rating, wh: float, latency: float | None = None) -> Choice:
    """Give a rating as a choice. `latency` is the 95th percentile of a batch's time, in s."""
    return Choice(
        model=one.model,
        wh=wh,
        wh_low=one.wh_low,
        wh_high=one.wh_high,
        quality=one.quality,
        quality_low=one.quality_low,
        quality_high=one.quality_high,
        seconds_per_query=one.seconds_per_query,
        latency_p95_seconds=latency,
        stars=one.stars,
        status=one.standing,
        revision=one.revision,
    )


def latencies(passes: pl.LazyFrame) -> dict[Subject, float]:
    """Give the median over all passes of the 95th percentile of a batch's time, in s, by board, model and revision."""
    told = pl.col("latency_p95_seconds")
    middle = passes.filter(told.is_not_null()).group_by(*SUBJECT).agg(rounded(told.sort().median())).sort(*SUBJECT)
    return {(board, model, revision): value for board, model, revision, value in middle.collect().iter_rows()}


def purposes(offers: Sequence[Offer]) -> dict[str, int]:
    """Count the tasks that each model has results for, on boards of ours.

    Nobody declares what a model is for. So "general-purpose" means here: measured on two tasks or more.
    """
    found: dict[str, set[str]] = {}
    for offer in offers:
        for one in offer.choices if offer.kind != "imported" else ():
            found.setdefault(one.model, set()).add(offer.task)
    return {model: len(tasks) for model, tasks in sorted(found.items())}
