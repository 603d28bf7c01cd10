"""What the parts of a site are made of, as keys: a part whose key is as before is as before.

A board's files come from its runs, from what editions say of it, and from what else of the site stands on its pages. A
model's come from its boards, and from those of its family; where a board is another one, a model has a key of its own.
All else is made anew in every build.
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import wattboard
from wattboard import pages, profiles
from wattboard.api import history
from wattboard.gathering import cache
from wattboard.ratings import Rating

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wattboard.api.history import Event
    from wattboard.listings import Listing, Profile, Site
    from wattboard.profiles import Atlas
    from wattboard.publishing.press import Press
    from wattboard.publishing.stamping import Shell


TEMPLATES = Path(wattboard.__file__).parent / "templates"
_VALUES = attrgetter(*Rating.__slots__)


def key(*told: object) -> str:
    """Name what can be said as JSON, by its hash."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _hash(told: Iterable[str]) -> str:
    """Name some words, each a line."""
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def basis(address: str, shell: Shell, layouts: list[bool], templates: Path = TEMPLATES) -> str:
    """Name what all parts of a site share: code, templates, settings, the shell of models."""
    told = hashlib.sha256(f"{cache.code()} {metadata.version('jinja2')} {address} {layouts}".encode())
    for path in sorted(templates.glob("*")):
        told.update(f"{path.name}\0".encode() + path.read_bytes())
    told.update(json.dumps(shell.parts).encode())
    return told.hexdigest()


def boards(site: Site, atlas: Atlas) -> dict[str, str]:
    """Give each board's key."""
    runs: dict[str, list[tuple[str, str | None]]] = {}
    for filed in site.filed:
        runs.setdefault(filed.board, []).append((filed.digest, filed.signer))
    beside = {
        task: [_beside(one) for one in site.listings if one.task.name == task]
        for task in {one.task.name for one in site.listings}
    }
    trusted: dict[str, list[tuple[str, str, str, str]]] = {}
    for edition, rated in site.archive.items():
        for rating in rated:
            trusted.setdefault(rating.board, []).append((edition, rating.model, rating.revision, rating.trust))
    return {
        one.board.name: key(
            sorted(runs[one.board.name]),
            list(_editions(one.board.name, site)),
            beside[one.task.name],
            sorted((rating.model, rating.revision, rating.trust) for rating in one.all),
            sorted(trusted.get(one.board.name, ())),
            [atlas.purposes.get(rating.model) for rating in one.all],
        )
        for one in site.listings
    }


def names(*told: object) -> str:
    """Name what the search offers."""
    return _hash(map(repr, told))


def changes(events: Iterable[Event]) -> str:
    """Name changes of ratings."""
    return _hash(repr(history.told(one)) for one in events)


def models(whole: Press, of_boards: dict[str, str]) -> dict[str, str]:
    """Give each model's key."""
    said = whole.notes
    return {one.id: _hash(map(repr, (said.get(one.id), *_model(one, whole, of_boards)))) for one in whole.site.profiles}


class Own:
    """Keys of models as they are themselves: where a board has changed, most of its models' files have not.

    Only the light layout is told so closely. Any other shows so much of other models that its keys are empty.
    """

    def __init__(self, whole: Press) -> None:
        """Say once what models' files show of each board."""
        self.press = whole
        self.closely = whole.site.many > pages.LIGHT_FROM
        self.boards = {one.board.name: key(*_shown(one)) for one in whole.site.listings} if self.closely else {}

    def of(self, profile: Profile) -> str:
        """Give a model's own key; none where there is no telling."""
        return _hash(self._told(profile)) if self.closely else ""

    def _told(self, profile: Profile) -> Iterator[str]:
        """Say all that a model's files are made of: a page's words for its place among others stand for the others."""
        whole, name = self.press, profile.id
        for one in profile.results:
            board = one.listing.board.name
            yield self.boards[board]
            yield repr(_VALUES(one.rating))
            yield repr([_VALUES(past) for past in whole.atlas.past.get((name, board), ())])
            yield from profiles.brief(one, whole.atlas)
        yield repr([_VALUES(one) for one in profile.earlier])
        yield repr([(one.digest, one.signer) for one in whole.runs.get(name, ())])
        yield repr((whole.shared.bases.get(name), whole.shared.lineage.get(name), whole.shared.said.get(name)))
        yield repr((whole.notes.get(name), whole.superseded.get(name), whole.site.heads.get(name)))


def _model(profile: Profile, whole: Press, of_boards: dict[str, str]) -> Iterator[object]:
    shared, atlas = whole.shared, whole.atlas
    yield [(one.listing.board.name, of_boards[one.listing.board.name]) for one in profile.results]
    yield from (shared.bases.get(profile.id), shared.lineage.get(profile.id), repr(atlas.site.heads.get(profile.id)))
    if family := atlas.families.get(profile.id):
        yield from (family.root, family.measured, family.made_from)
        yield [of_boards[listing.board.name] for listing, _ in family.tables]


def _editions(board: str, site: Site) -> Iterator[str]:
    for one in site.editions:
        if board in one.boards:
            yield one.edition.model_dump_json(exclude={"boards"})
            yield one.boards[board].model_dump_json()


def _beside(listing: Listing) -> list[object]:
    """Say what stands of a board on the pages of the others of its task."""
    frozen = listing.frozen.model_dump_json() if listing.frozen else None
    edition = listing.edition.id if listing.edition else None
    return [listing.board.name, listing.headline, edition, listing.all[0].device, len(listing.all), frozen]


def _shown(listing: Listing) -> list[object]:
    """Say what stands of a board on the pages of its models, apart from the words for each one's place."""
    told = listing.edition.model_dump_json(exclude={"boards"}) if listing.edition else None
    return [*_beside(listing), told, listing.reach]
