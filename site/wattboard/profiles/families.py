"""Families: a base model with what was made from it, and one model in several precisions. Pure.

Whose fine-tune, distillation or quantised copy a model is stands in its run files as `base_model`; nothing is guessed
from names. Nothing is ranked across boards: each board of a family is a table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wattboard.advising.gains import ORDER
from wattboard.founding import cohorts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wattboard.listings import Listing, Profile, Result


@dataclass(frozen=True, slots=True)
class Family:
    """What has one root. `measured`: whether the root itself has a result. `tables`: board by board, by energy.

    `made_from` says of each model what it was made from, None of one that names nothing.
    """

    root: str
    measured: bool
    models: tuple[str, ...]
    made_from: dict[str, str | None]
    tables: tuple[tuple[Listing, tuple[Result, ...]], ...]

    @property
    def precisions(self) -> int:
        """How many precisions it was measured in."""
        return len({listing.board.precision for listing, _ in self.tables})


def families(profiles: Iterable[Profile]) -> dict[str, Family]:
    """Give every family of two models or more, or of one model in two precisions or more, by each model in it."""
    by_name = {one.id: one for one in profiles}
    bases = {name: _base(one) for name, one in by_name.items()}
    groups: dict[str, list[str]] = {}
    for name, root in cohorts.lineages(bases).items():
        groups.setdefault(root, []).append(name)
    found = {}
    for root, names in groups.items():
        if len(names) > 1 or _several(by_name[names[0]]):
            family = _family(root, sorted(names), bases, by_name)
            found.update(dict.fromkeys(names, family))
    return found


def largest(known: Mapping[str, Family]) -> list[Family]:
    """Give each family once, that with the most models first."""
    once = {one.root: one for one in known.values()}
    return sorted(once.values(), key=lambda one: (-len(one.models), -one.precisions, one.root))


def _family(root: str, names: list[str], bases: Mapping[str, str | None], by_name: Mapping[str, Profile]) -> Family:
    results = [one for name in names for one in by_name[name].results]
    boards: dict[str, list[Result]] = {}
    for one in results:
        boards.setdefault(one.listing.board.name, []).append(one)
    ordered = sorted(boards.values(), key=lambda group: _place(group[0].listing))
    tables = tuple(
        (group[0].listing, tuple(sorted(group, key=lambda one: (one.rating.wh is None, one.rating.wh or 0.0))))
        for group in ordered
    )
    return Family(root, root in by_name, tuple(names), {name: bases[name] for name in names}, tables)


def _place(listing: Listing) -> tuple[str, str, int]:
    """Boards that differ in their precision alone stand together, the widest first."""
    board = listing.board
    return (listing.task.title, replace(board, precision=ORDER[0]).name, ORDER.index(board.precision))


def _base(profile: Profile) -> str | None:
    return next(_named(profile), None)


def _named(profile: Profile) -> Iterator[str]:
    newest = sorted(profile.results, key=lambda one: one.rating.measured_at, reverse=True)
    return (one.rating.base_model for one in newest if one.rating.base_model)


def _several(profile: Profile) -> bool:
    """Tell whether a model was measured in several precisions on boards that are alike in all else."""
    if len(profile.results) == 1:  # as most models are
        return False
    alike = [replace(one.listing.board, precision=ORDER[0]).name for one in profile.results]
    return len(alike) > len(set(alike))
