"""Which ratings changed on which day, worked out again from the dates of runs and of frozen boards. Pure.

The state of a day is what the runs measured until its end give against the boards frozen until then. A session joins
whole, on the day of the model's last run in it. A board's reference model is measured in every session; it is followed
from freeze to freeze only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid5

import polars as pl

from wattboard import frame, ratings
from wattboard.ratings.facts import SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattboard.listings import Site
    from wattboard.ratings import Rating

    Subject = tuple[str, str, str]  # board, model, revision

Cause = Literal["first-result", "measured-again", "new-revision", "new-thresholds"]
_OURS = UUID("5f0c5d51-6c5f-5b0e-9e0a-3f7d0c6f8d11")
_CUT = "\x1f"  # between a revision and how many of its sessions count


@dataclass(frozen=True, slots=True)
class Event:
    """A rating that changed on a day; `before` is None for a first result."""

    on: str
    cause: Cause
    before: Rating | None
    after: Rating

    @property
    def id(self) -> str:
        """Its permanent name: of its day, its board and its model."""
        return permanent(self.on, self.after.board, self.after.model)


@dataclass(frozen=True, slots=True)
class _Point:
    """A subject on a day: how many of its sessions count, and in which edition, as its place among all."""

    subject: Subject
    on: str
    sessions: int
    edition: int | None


def permanent(*parts: str) -> str:
    """Name something for good, by what it is."""
    return f"urn:uuid:{uuid5(_OURS, chr(10).join(parts))}"


def events(site: Site) -> tuple[Event, ...]:
    """Give every change of a rating, the newest first, then by board and model."""
    passes = frame.frame(site.filed)
    sessions = _sessions(passes)
    points = [point for subject, own in sessions.items() for point in _points(subject, own, site)]
    rated = _rated(site, passes, sessions, points)
    found: list[Event] = []
    points.sort(key=lambda one: (one.subject[:2], one.on))
    for _, own in groupby(points, key=lambda one: one.subject[:2]):
        found += _followed(own, rated)
    return tuple(sorted(found, key=lambda one: (_reversed(one.on), one.after.board, one.after.model)))


def by_month(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Sort events by their months, the newest first."""
    return {month: list(own) for month, own in groupby(events, key=lambda one: one.on[:7])}


def told(event: Event) -> tuple[object, ...]:
    """Give all that is published of an event: two that are alike in it are one."""
    before, after = event.before, event.after
    states = [None if one is None else (*_shown(one), one.kind) for one in (before, after)]
    return (event.on, event.cause, after.board, after.model, *states)


def _sessions(passes: pl.LazyFrame) -> dict[Subject, tuple[tuple[str, str, bool], ...]]:
    """Give each subject's sessions in their order: the day of its last run in it, its name, whether as a candidate."""
    told = (
        passes.group_by(*SUBJECT, "session")
        .agg(
            day=pl.col("measured_at").max().str.head(10),
            began=pl.col("measured_at").min(),
            candidate=(pl.col("role") == "candidate").any(),
        )
        .sort(*SUBJECT, "day", "began", "session")
        .select(*SUBJECT, "day", "session", "candidate")
        .collect()
    )
    groups = groupby(told.iter_rows(), key=lambda row: row[:3])
    return {subject: tuple((row[3], row[4], row[5]) for row in rows) for subject, rows in groups}


def _points(subject: Subject, sessions: tuple[tuple[str, str, bool], ...], site: Site) -> Iterator[_Point]:
    """Give the days on which a subject's rating may change."""
    freezes = [
        (one.boards[subject[0]].frozen_on, place) for place, one in enumerate(site.editions) if subject[0] in one.boards
    ]
    first = sessions[0][0]
    measured = {day for day, _, candidate in sessions if candidate} or {first}
    for day in sorted(measured | {on for on, _ in freezes if on > first}):
        counting = sum(on <= day for on, _, _ in sessions)
        in_force = max((place for on, place in freezes if on <= day), default=None)
        yield _Point(subject, day, counting, in_force)


def _rated(
    site: Site,
    passes: pl.LazyFrame,
    sessions: Mapping[Subject, tuple[tuple[str, str, bool], ...]],
    points: Iterable[_Point],
) -> dict[tuple[Subject, int, int | None], Rating]:
    """Give the rating of every state. That of all sessions is known; others are rated, one call an edition.

    A state is a revision of its own to the rating.
    """
    known = _known(site)
    found: dict[tuple[Subject, int, int | None], Rating] = {}
    wanted: dict[int | None, set[tuple[Subject, int]]] = {}
    for one in points:
        whole = known.get((one.subject, one.edition)) if one.sessions == len(sessions[one.subject]) else None
        if whole is not None:
            found[one.subject, one.sessions, one.edition] = whole
        else:
            wanted.setdefault(one.edition, set()).add((one.subject, one.sessions))
    references = passes.filter(pl.col("role").str.starts_with("reference-"))
    columns = passes.collect_schema().names()
    for place in sorted(wanted, key=lambda one: -1 if one is None else one):
        states = [
            (*subject, name, f"{subject[2]}{_CUT}{count}")
            for subject, count in sorted(wanted[place])
            for _, name, _ in sessions[subject][:count]
        ]
        told = pl.LazyFrame(states, schema=dict.fromkeys((*SUBJECT, "session", "state"), pl.String), orient="row")
        copies = passes.join(told, on=(*SUBJECT, "session")).with_columns(revision="state").select(columns)
        opened = None if place is None else site.editions[place]
        boards = sorted({subject[0] for subject, _ in wanted[place]})
        rows = frame.only(pl.concat([copies, references]), boards)
        frozen = [opened.boards[name] for name in boards] if opened else []
        for rating in ratings.collect(ratings.rate(rows, opened.edition if opened else None, frozen)):
            own, cut, count = rating.revision.rpartition(_CUT)
            if cut:
                found[(rating.board, rating.model, own), int(count), place] = rating
    return found


def _known(site: Site) -> dict[tuple[Subject, int | None], Rating]:
    """Give the ratings that pages show, by subject and edition."""
    rated: list[tuple[int | None, Rating]] = []
    for place, opened in enumerate(site.editions):
        rated += [(place, one) for one in site.archive[opened.edition.id]]
    every = chain.from_iterable((*(result.rating for result in one.results), *one.earlier) for one in site.profiles)
    rated += [(None, one) for one in every if one.edition is None]
    return {((one.board, one.model, one.revision), place): one for place, one in rated}


def _followed(points: Iterable[_Point], rated: Mapping[tuple[Subject, int, int | None], Rating]) -> Iterator[Event]:
    """Follow a model on a board from day to day. Of several revisions the one measured last is the rating."""
    known: dict[str, Rating] = {}
    before: Rating | None = None
    for day, own in groupby(points, key=lambda one: one.on):
        for one in own:
            known[one.subject[2]] = rated[one.subject, one.sessions, one.edition]
        revision = max(known, key=lambda name: (known[name].measured_at, name))
        after = known[revision]
        if before is None or _shown(before) != _shown(after):
            yield Event(day, _cause(before, after), before, after)
            before = after


def _cause(before: Rating | None, after: Rating) -> Cause:
    if before is None:
        return "first-result"
    if revision(before) != revision(after):
        return "new-revision"
    return "measured-again" if before.edition == after.edition else "new-thresholds"


def revision(one: Rating) -> str:
    """Give the revision of a state, or of a rating that is shown."""
    own, cut, _ = one.revision.rpartition(_CUT)
    return own if cut else one.revision


def _shown(one: Rating) -> tuple[object, ...]:
    return revision(one), one.edition, one.status, one.stars, one.wh


def _reversed(day: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in day)
