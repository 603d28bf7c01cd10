"""What the parts of a site are made of, as keys: a part whose key is as before is as before.

A board's files come from its runs, from what editions say of it, and from what else of the site stands on its pages. A
model's come from its boards, and from those of its family. All else is made anew in every build.
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import wattboard
from wattboard.gathering import cache
from wattboard.life import notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.api.documents import Shared
    from wattboard.listings import Listing, Profile, Site
    from wattboard.profiles import Atlas
    from wattboard.publishing.stamping import Shell


TEMPLATES = Path(wattboard.__file__).parent / "templates"


def key(*told: object) -> str:
    """Name what can be said as JSON, by its hash."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


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


def models(site: Site, atlas: Atlas, shared: Shared, of_boards: dict[str, str]) -> dict[str, str]:
    """Give each model's key."""
    said = notes.by_model(site.life)
    return {one.id: key(repr(said.get(one.id)), *_model(one, atlas, shared, of_boards)) for one in site.profiles}


def _model(profile: Profile, atlas: Atlas, shared: Shared, of_boards: dict[str, str]) -> Iterator[object]:
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
