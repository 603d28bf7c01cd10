"""The files of a site that are no model's own: those of boards, each a part with a key, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from wattboard import api, frame, pages
from wattboard.advising import choices
from wattboard.api import history
from wattboard.badges import examples, pictures
from wattboard.pages import choosing, imported_pages
from wattboard.publishing import finishing, imported_files, keying, searching

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattboard.api.documents import Shared
    from wattboard.imports import Imported
    from wattboard.listings import Site
    from wattboard.pages import Pages, Stamp
    from wattboard.profiles import Atlas
    from wattboard.publishing.rendering import Rendered
    from wattboard.publishing.staging import Stage
    from wattboard.publishing.stamping import Shell

NAMES = "the names"  # that the search box offers
DESCRIPTIONS = "the descriptions"  # of the API: made of the code and the address alone
REST = "the rest"  # of the site: made in every build, and written where it differs


@dataclass(frozen=True, slots=True)
class Draft:
    """A site before it is written: what it shows, and its pages as MkDocs rendered them.

    `shared` is what the API's documents share, `apart` are the pages of imported models.
    """

    site: Site
    atlas: Atlas
    shared: Shared
    others: Sequence[Imported]
    rendered: Pages
    apart: Sequence[Stamp]
    theme: Rendered
    shell: Shell
    address: str


def boards(draft: Draft, stage: Stage, keys: Mapping[str, str]) -> None:
    """Put every page that MkDocs rendered, and every board's files, where they are not as before."""
    site = draft.site
    kept = {name for name, key in keys.items() if stage.keep(name, key)}
    of = {path: _board_of(path, site) for path in draft.theme.paths()}
    wanted = [path for path, name in of.items() if name not in kept]
    for path, text in finishing.filled(draft.rendered, draft.theme, draft.address, wanted):
        stage.put(of[path], keys.get(of[path], ""), [(path, text.encode())])
    others = [one for one in site.listings if one.board.name not in kept]
    passes = frame.frame([one for one in site.filed if one.board not in kept])
    known = choices.latencies(passes) if others else {}
    for listing in others:
        name = listing.board.name
        rows = _encoded(choosing.of_board(listing, known, draft.atlas).items())
        stage.put(name, keys[name], chain(api.of_board(listing, draft.shared, draft.atlas), rows))


def rest(draft: Draft, stage: Stage) -> None:
    """Put what is of no single board or model."""
    site, theme, others = draft.site, draft.theme, draft.others
    stage.put(REST, "", finishing.plain(theme))
    if draft.apart:
        theirs = finishing.shell(theme, imported_pages.SHELL, draft.rendered.notice)
        stage.put(REST, "", _encoded((theirs.place(one), theirs.page(one)) for one in draft.apart))
    absent = draft.rendered.absent
    stage.put(REST, "", _encoded((draft.shell.place(one), draft.shell.page(one)) for one in absent))
    stamped = {
        pages.SHELL: [*(one.id for one in site.profiles), *(one.id for one in absent)],
        imported_pages.SHELL: [one.id for one in draft.apart],
    }
    stage.put(REST, "", finishing.mapped(theme, draft.rendered.canonical, stamped, draft.address, site.newest))
    tables = api.read_boards(site, stage.read)
    events = history.events(site)
    stage.put(REST, "", api.of_site(site, draft.address, draft.shared, events, tables))
    for month, own in history.by_month(events).items():
        if not stage.keep(part := f"the changes of {month}", key := keying.changes(own)):
            stage.put(part, key, [api.of_month(month, own)])
    stage.put(REST, "", imported_files.files(others))
    badges = chain(examples.files().items(), pictures.imported(others), pictures.apart(site))
    stage.put(REST, "", _encoded(chain(choosing.index(site).items(), badges)))
    if not stage.keep(DESCRIPTIONS, draft.address):
        stage.put(DESCRIPTIONS, draft.address, api.descriptions(draft.address))
    if not stage.keep(NAMES, offered := keying.names(*searching.entries(site, others))):
        stage.put(NAMES, offered, _encoded(searching.files(site, others).items()))


def _board_of(path: str, site: Site) -> str:
    """Name the board that a page is of; else the page is of the rest."""
    first, second, *_ = [*path.split("/"), ""]
    if first == "tasks":
        return next((one.board.name for one in site.headlines if one.task.name == second), REST)
    return second if first == "boards" else REST


def _encoded(files: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    return ((path, text.encode()) for path, text in files)
