"""What models' own files are made with; and a cut of it, which has what some of the models need and no more.

A cut is what another process is given: some models, their boards whole, and of all else what concerns them.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from wattbench import tasks
from wattbench.tasks import Task
from wattboard import pages
from wattboard import profiles as profiles_of
from wattboard.advice import Choice
from wattboard.advising import scores
from wattboard.api.results import Known
from wattboard.badges import pictures
from wattboard.gathering import rows
from wattboard.gathering.filed import Filed
from wattboard.life import NO_LIFE, notes
from wattboard.listings import Profile, Result
from wattboard.ratings import Rating

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from wattboard.api.documents import Shared
    from wattboard.badges.faces import Face
    from wattboard.life.notes import Notes
    from wattboard.listings import Site
    from wattboard.profiles import Atlas
    from wattboard.publishing.staging import Stage
    from wattboard.publishing.stamping import Shell

_MANY = (Rating, Choice, Filed, Result, Profile)  # of which there are thousands in a cut
K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Press:
    """What models' files are made with and where they go: below `fresh`, unless `old` has the same.

    `shared` is what the API's documents share. `runs`, `notes` and `superseded` have by model its runs, what is said of
    it, and the faces of its results that an edition has taken the place of.
    """

    site: Site
    atlas: Atlas
    shared: Shared
    runs: Mapping[str, Sequence[Filed]]
    notes: Mapping[str, Notes]
    superseded: Mapping[str, Mapping[str, Face]]
    address: str
    shell: Shell
    fresh: Path
    old: Path | None


def whole(site: Site, atlas: Atlas, address: str, shared: Shared, shell: Shell, stage: Stage) -> Press:
    """Give the press of a site, with what its models' files share sorted once."""
    runs: dict[str, list[Filed]] = {}
    for one in site.filed:
        runs.setdefault(one.model, []).append(one)
    told, later = notes.by_model(site.life), pictures.superseded(site)
    return Press(site, atlas, shared, runs, told, later, address, shell, stage.fresh, stage.old)


class Cutter:
    """Cuts a press: what is asked of every cut is sorted once."""

    def __init__(self, press: Press) -> None:
        """Sort the runs that have scores."""
        self.press = press
        self.scored: dict[str, list[Filed]] = {}
        for one in press.site.filed:
            if any(what == "scores" for what, _ in one.beside):
                self.scored.setdefault(one.board, []).append(one)

    def cut(self, places: Iterable[int]) -> Press:
        """Give what the models at some places need. Others' runs are there where their scores may be asked for."""
        press, site, atlas, shared = self.press, self.press.site, self.press.atlas, self.press.shared
        profiles = tuple(site.profiles[place] for place in places)
        models = [one.id for one in profiles]
        listings = {one.listing.board.name: one.listing for profile in profiles for one in profile.results}
        own = chain.from_iterable(press.runs[model] for model in models)
        beside = chain.from_iterable(self.scored.get(name, ()) for name in listings)
        subjects = [(one.board, one.model, one.revision) for profile in profiles for one in _ratings(profile)]
        part = replace(
            site,
            editions=(),
            listings=tuple(listings.values()),
            profiles=profiles,
            archive={},
            filed=tuple({one.digest: one for one in (*own, *beside)}.values()),
            left_out=(),
            heads=_some(site.heads, models),
            life=NO_LIFE,
            models_in_all=site.many,
        )
        return replace(
            press,
            site=part,
            atlas=replace(
                atlas,
                site=part,
                fields=_some(atlas.fields, listings),
                purposes={},
                # the light layout shows no families, and each of them brings boards of its own
                families={} if site.many > pages.LIGHT_FROM else _some(atlas.families, models),
                past=_some(atlas.past, [(model, board) for board, model, _ in subjects]),
                pairing=profiles_of.unpaired,
            ),
            shared=replace(
                shared,
                known=Known(_some(shared.known.speeds, subjects), shared.known.limits),
                bases=_some(shared.bases, models),
                lineage=_some(shared.lineage, models),
                notes=(),
                claims=(),
                said=_some(shared.said, models),
            ),
            runs=_some(press.runs, models),
            notes=_some(press.notes, models),
            superseded=_some(press.superseded, models),
        )


def to_bytes(press: Press) -> bytes:
    """Pickle a cut: tasks by their names, rows of passes not at all."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {  # of the types that are met
        Task: lambda task: (tasks.find, (task.name,)),
        pl.DataFrame: lambda _: (_no_rows, ()),
        **{form: partial(_plainly, form, attrgetter(*form.__slots__)) for form in _MANY},
    }
    pickler.dump(press)
    return buffer.getvalue()


def from_bytes(data: bytes) -> Press:
    """Read a cut that this very program wrote."""
    press: Press = pickle.loads(data)  # noqa: S301 - it came from the process that started this one
    return replace(press, atlas=replace(press.atlas, pairing=scores.pairing(press.site.filed)))


def _ratings(profile: Profile) -> Iterator[Rating]:
    yield from (one.rating for one in profile.results)
    yield from profile.earlier


def _some(known: Mapping[K, V], names: Iterable[K]) -> dict[K, V]:
    return {name: known[name] for name in names if name in known}


def _plainly(form: type, values: Callable[[object], Any], one: object) -> tuple[type, Any]:
    """Pickle a value by its fields: for itself a dataclass with slots would look them up one by one."""
    return form, values(one)


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema=rows.SCHEMA)
