"""Whether an edition may or must roll over, and what every star would become: METHOD section 5, item 10. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from wattboard import frame, ratings
from wattboard.editions import FrozenBoard
from wattboard.founding import anchors, cohorts, drafting
from wattboard.ratings import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattboard.editions import Opened
    from wattboard.ratings import Rating

LIFE_MONTHS, LEAST_MONTHS = 12, 6
CHECK_DAY = 1  # the fixed day of a month on which the early rule is looked at
LEAST_LINEAGES = 30
LEVEL = 0.01  # of the one-sided lower bound of Clopper and Pearson
BEST = 5


@dataclass(frozen=True, slots=True)
class Crowding:
    """How many of the lineages admitted to a board since its freeze have five stars, on a day.

    `bound` is the 99 % lower bound of their share, None where fewer than 30 were admitted; `founding` is the share in
    the founding cohort. A board without one has nothing to compare with.
    """

    board: str
    on: str
    admitted: int
    best: int
    bound: float | None
    founding: float

    @property
    def crowded(self) -> bool:
        """Whether the edition must roll over on account of this board."""
        return self.bound is not None and self.bound > self.founding


@dataclass(frozen=True, slots=True)
class Change:
    """A model's star on a board: what it is, and what it would become."""

    board: str
    model: str
    revision: str
    stars: int | None
    status: str
    new_stars: int | None
    new_status: str


@dataclass(frozen=True, slots=True)
class Rollover:
    """What the rules say of an edition on a day. `due`: it is 12 months old. `early`: a board is crowded.

    `boards` holds what the early rule saw on the last of its days; `changes` every star, moved or not.
    """

    edition: str
    on: str
    opened: str
    months: int
    due: bool
    early: bool
    boards: tuple[Crowding, ...]
    changes: tuple[Change, ...]

    @property
    def must(self) -> bool:
        """Whether the edition must roll over. It may not before it must."""
        return self.due or self.early


def consider(opened: Opened, passes: pl.LazyFrame, on: date) -> Rollover:
    """Apply the rules to an edition as of a day; what was measured after it does not count."""
    known = frame.only(passes, opened.boards).filter(pl.col("measured_at").str.slice(0, 10) <= on.isoformat())
    current = _rated(opened, known)
    began = date.fromisoformat(opened.edition.opened)
    months = _months(began, on)
    days = [day for day in _check_days(began, on) if _months(began, day) >= LEAST_MONTHS]
    looked = {day: _crowding(opened, known, day) for day in days}
    crowded_on = next((day for day, seen in looked.items() if any(one.crowded for one in seen)), None)
    return Rollover(
        edition=opened.edition.id,
        on=on.isoformat(),
        opened=opened.edition.opened,
        months=months,
        due=months >= LIFE_MONTHS,
        early=crowded_on is not None,
        boards=looked[crowded_on or days[-1]] if days else (),
        changes=_changes(current, _rated(_successor(opened, known), known)),
    )


def lower_bound(successes: int, trials: int) -> float:
    """Give the 99 % lower Clopper-Pearson bound of a share."""
    from scipy.stats import beta

    return float(beta.ppf(LEVEL, successes, trials - successes + 1)) if successes else 0.0


def _crowding(opened: Opened, known: pl.LazyFrame, day: date) -> tuple[Crowding, ...]:
    """Count, by board with a cohort, the lineages admitted since its freeze and up to a day, and their five stars.

    A lineage is admitted once a result of it passes the rule by which the cohort was founded.
    """
    until = known.filter(pl.col("measured_at").str.slice(0, 10) <= day.isoformat())
    rated = _rated(opened, until)
    lineage = cohorts.lineages(cohorts.declared(until))
    seen = []
    for name, board in sorted(opened.boards.items()):
        if not board.founders:
            continue
        old = {one.lineage for one in board.founders}
        own = [one for one in rated if one.board == name]
        later = [one for one in cohorts.representatives(own, lineage) if lineage[one.model] not in old]
        best = sum(one.stars == BEST for one in later)
        bound = lower_bound(best, len(later)) if len(later) >= LEAST_LINEAGES else None
        seen.append(Crowding(name, day.isoformat(), len(later), best, bound, founding_share(board)))
    return tuple(seen)


def founding_share(board: FrozenBoard) -> float:
    """Give the share of the founding cohort that was shown five stars."""
    limits = dict(zip(thresholds.T, board.thresholds_wh, strict=True))
    worse_ends = pl.DataFrame({"y": [one.y for one in board.founders], "h": [one.h for one in board.founders]})
    shown = worse_ends.with_columns(ratings.worse_end(), **{name: pl.lit(t) for name, t in limits.items()})
    return float(shown.select((ratings.stars("wh_high") == BEST).mean()).item())


def _successor(opened: Opened, known: pl.LazyFrame) -> Opened:
    """Draft the edition that would follow: the same boards, frozen anew from all that is known."""
    demo = opened.edition.kind == "demo"
    bases = anchors.anchors(known)
    found = {} if demo else cohorts.foundings(known, bases, opened.edition.id)
    boards: dict[str, FrozenBoard] = {}
    for name in sorted(opened.boards):
        if name in found and found[name].enough:
            boards[name] = found[name].board()
        elif isinstance(draft := drafting.anchored(name, bases.get(name), opened.edition.id, demo=demo), FrozenBoard):
            boards[name] = draft
    edition = opened.edition.model_copy(update={"rule_version": drafting.RULE_VERSION})
    return opened.model_copy(update={"edition": edition, "boards": boards})


def _rated(opened: Opened, passes: pl.LazyFrame) -> tuple[Rating, ...]:
    return ratings.collect(
        ratings.rate(passes, opened.edition, [opened.boards[name] for name in sorted(opened.boards)])
    )


def _changes(current: Sequence[Rating], new: Iterable[Rating]) -> tuple[Change, ...]:
    after = {(one.board, one.model, one.revision): one for one in new}
    told = []
    for one in current:
        then = after[one.board, one.model, one.revision]
        told.append(Change(one.board, one.model, one.revision, one.stars, one.status, then.stars, then.status))
    return tuple(told)


def _months(began: date, on: date) -> int:
    """Count whole months from one day to another; a month that lacks the day ends on its last."""
    whole = (on.year - began.year) * 12 + on.month - began.month
    last = _last_day(on)
    return whole if on.day >= began.day or on.day == last else whole - 1


def _last_day(day: date) -> int:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - date(day.year, day.month, 1)).days


def _check_days(began: date, on: date) -> list[date]:
    """Give every check day after an edition opened, up to a day."""
    days = []
    year, month = began.year, began.month
    while (day := date(year, month, CHECK_DAY)) <= on:
        if day > began:
            days.append(day)
        year, month = year + month // 12, month % 12 + 1
    return days
