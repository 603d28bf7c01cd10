"""What the pages show, as values: a Listing is a board as a list, a Profile is a model with all its boards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from wattbench import tasks
from wattbench.boards import Board
from wattboard import charts, frame, frontiers, ratings
from wattboard.life import NO_LIFE, Life, trust
from wattboard.ratings.reasons import against

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wattbench.heads import Head
    from wattbench.tasks import Task
    from wattboard.editions import Edition, FrozenBoard, Opened
    from wattboard.gathering.filed import Filed
    from wattboard.gathering.left_out import LeftOut
    from wattboard.ratings import Rating


@dataclass(frozen=True, slots=True)
class Listing:
    """A board as a list: each group sorted by energy, and `frontier` the models that nothing beats beyond doubt.

    `headline` marks the one board of its task that a badge or page means which names only the task; `reach` is from
    the least to the most energy of all intervals, in Wh per 1,000 queries.
    """

    board: Board
    task: Task
    edition: Edition | None
    frozen: FrozenBoard | None
    recommended: tuple[Rating, ...]
    below: tuple[Rating, ...]
    unrated: tuple[Rating, ...]
    frontier: frozenset[str]
    headline: bool = False
    reach: tuple[float, float] | None = None

    @property
    def all(self) -> tuple[Rating, ...]:
        """Every result of the board, in the order of the page."""
        return self.recommended + self.below + self.unrated

    @property
    def pick(self) -> Rating | None:
        """The model with the lowest energy at or above the recommended quality."""
        return self.recommended[0] if self.recommended else None

    @property
    def demo(self) -> bool:
        """Whether this board is rated in a demo edition."""
        return self.edition is not None and self.edition.kind == "demo"


@dataclass(frozen=True, slots=True)
class Result:
    """A model's rating on a board, the board's listing, and the runs that the rating pools."""

    rating: Rating
    listing: Listing
    runs: tuple[Filed, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A model and its results, headline boards first; `earlier` are revisions that a newer one replaced."""

    id: str
    results: tuple[Result, ...]
    earlier: tuple[Rating, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is published. `newest` is the date of the newest run, None without runs.

    `left_out` are the run files that do not count; `heads` are the newest revisions on the Hub, as far as known; `life`
    is what the ledger and the submissions say. `models_in_all` counts them where `profiles` are but a part.
    """

    editions: tuple[Opened, ...]
    listings: tuple[Listing, ...]
    profiles: tuple[Profile, ...]
    archive: dict[str, tuple[Rating, ...]]
    filed: tuple[Filed, ...]
    newest: str | None
    left_out: tuple[LeftOut, ...] = ()
    heads: Mapping[str, Head] = field(default_factory=dict)
    life: Life = NO_LIFE
    models_in_all: int | None = None

    @property
    def many(self) -> int:
        """How many models the site has, in this part and all others."""
        return len(self.profiles) if self.models_in_all is None else self.models_in_all

    @property
    def headlines(self) -> tuple[Listing, ...]:
        """One listing a task: its headline board."""
        return tuple(one for one in self.listings if one.headline)


def assemble(
    filed: Sequence[Filed], editions: Iterable[Opened], left_out: Sequence[LeftOut] = (), life: Life = NO_LIFE
) -> Site:
    """Rate every run against every edition and sort the results for the pages."""
    editions = tuple(editions)
    passes = frame.frame(filed)
    vouch = trust.of(filed, life.events, passes)
    names = sorted({one.board for one in filed})
    archive = {
        one.edition.id: vouch(
            ratings.rate(frame.only(passes, one.boards), one.edition, [one.boards[name] for name in sorted(one.boards)])
        )
        for one in editions
    }
    listings = []
    earlier: list[Rating] = []
    for name in names:
        current = next((one for one in reversed(editions) if name in one.boards), None)
        if current:
            rated = tuple(one for one in archive[current.edition.id] if one.board == name)
        else:
            rated = vouch(ratings.rate(frame.only(passes, [name]), None, []))
        now = _newest(rated)
        newest_ones = {(one.model, one.revision) for one in now}
        earlier += [one for one in rated if (one.model, one.revision) not in newest_ones]
        listings.append(_listing(name, now, current))
    ordered = _headlines_first(listings)
    newest = max((one.measured_at for one in filed), default=None)
    profiles = _profiles(ordered, earlier, filed)
    day = newest[:10] if newest else None
    return Site(editions, ordered, profiles, archive, tuple(filed), day, tuple(left_out), life=life)


def frontier(rated: Iterable[Rating], *, higher_is_better: bool) -> frozenset[str]:
    """Name the models of a board that none beats beyond doubt on energy and quality: of those that may be chosen."""
    known = [one for one in rated if not against(one.reasons)]
    exact = frontiers.exact(known)
    return frozenset(frontiers.frontier(known, higher_is_better=higher_is_better, values_only=not exact))


def _headlines_first(listings: Iterable[Listing]) -> tuple[Listing, ...]:
    """Sort boards by task, and mark each task's headline: what a rated edition names, else a demo, else the first."""

    def place(one: Listing) -> tuple[str, bool, bool, str]:
        named = one.edition is not None and one.edition.headline.get(one.board.task) == one.board.name
        return (one.task.title, not named, one.demo, one.board.name)

    by_task = groupby(sorted(listings, key=place), key=lambda one: one.task.title)
    return tuple(replace(one, headline=rank == 0) for _, group in by_task for rank, one in enumerate(group))


def _newest(rated: Iterable[Rating]) -> tuple[Rating, ...]:
    """Keep the revision of each model that was measured last."""
    newest: dict[str, Rating] = {}
    for one in sorted(rated, key=lambda one: (one.measured_at, one.revision)):
        newest[one.model] = one
    return tuple(newest.values())


def _listing(name: str, rated: Sequence[Rating], current: Opened | None) -> Listing:
    board = Board.parse(name)
    task = tasks.find(board.task)
    ordered = sorted(rated, key=lambda one: (one.wh is None, one.wh or 0.0, one.model))
    return Listing(
        board=board,
        task=task,
        edition=current.edition if current else None,
        frozen=current.boards[name] if current else None,
        recommended=tuple(one for one in ordered if not one.reasons and one.recommended),
        below=tuple(one for one in ordered if not one.reasons and not one.recommended),
        unrated=tuple(one for one in ordered if one.reasons),
        frontier=frontier(rated, higher_is_better=task.metric.higher_is_better),
        reach=charts.reach(rated),
    )


def _profiles(listings: Iterable[Listing], earlier: Sequence[Rating], filed: Sequence[Filed]) -> tuple[Profile, ...]:
    results: dict[str, list[Result]] = {}
    runs: dict[tuple[str, str, str], list[Filed]] = {}
    for one in filed:
        runs.setdefault((one.board, one.model, one.revision), []).append(one)
    for listing in listings:
        for rating in listing.all:
            own = runs.get((rating.board, rating.model, rating.revision), [])
            own.sort(key=lambda one: (one.measured_at, one.digest))
            results.setdefault(rating.model, []).append(Result(rating, listing, tuple(own)))
    replaced: dict[str, list[Rating]] = {}
    for rating in earlier:
        replaced.setdefault(rating.model, []).append(rating)
    return tuple(Profile(name, tuple(results[name]), tuple(replaced.get(name, ()))) for name in sorted(results))
