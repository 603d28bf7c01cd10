"""Rated results -> pages, as text: Markdown with slots for MkDocs, the slots' HTML, and the models' pages. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, overload

from wattboard import profiles
from wattboard.badges import faces
from wattboard.founding.cohorts import RULE
from wattboard.life import notes
from wattboard.pages import board_table, chronicle, filling, happenings, lives, navigation
from wattboard.pages.filling import filled
from wattboard.pages.slots import Slots, markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wattboard.advising.scores import Pairing
    from wattboard.charts.timelines import Timeline
    from wattboard.life.notes import Notes
    from wattboard.listings import Listing, Profile, Site
    from wattboard.pages.slots import Slot
    from wattboard.profiles import Atlas

    # What a model's traces look like, by their sha256: each in several forms.
    Drawn = Callable[[Profile], Mapping[str, Sequence[Timeline]]]

# The page that MkDocs renders once; every model page is stamped into it. As deep as they are, so links agree.
SHELL = "models/_org/_name"
SHELL_TITLE = "@@TITLE@@"
SHELL_DESCRIPTION = "@@DESCRIPTION@@"
LATELY = 5  # changes on the home page
LIGHT_FROM = 3_000  # models: beyond, a page has what the model is worth, and the rest is in its files
MOST_LISTED = 500  # models on the page of models


@dataclass(frozen=True, slots=True)
class Stamp:
    """A model's page: what goes into the shell."""

    id: str
    title: str
    description: str
    body: str


@dataclass(frozen=True, slots=True)
class Stamps(Sequence[Stamp]):
    """The models' pages, each rendered when it is asked for: all at once would fill the memory."""

    profiles: Sequence[Profile]
    of: Callable[[Profile], Stamp]

    def __len__(self) -> int:
        """Count the models."""
        return len(self.profiles)

    @overload
    def __getitem__(self, index: int) -> Stamp: ...
    @overload
    def __getitem__(self, index: slice) -> Stamps: ...
    def __getitem__(self, index: int | slice) -> Stamp | Stamps:
        """Render one model's page; a slice renders none."""
        if isinstance(index, slice):
            return Stamps(self.profiles[index], self.of)
        return self.of(self.profiles[index])


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything to publish as HTML: Markdown by path, slots by page and name, models, the navigation.

    `canonical` says of which page another shows the same, `absent` are models without a result of which something is
    said.
    """

    docs: dict[str, str]
    slots: dict[str, Mapping[str, str]]
    models: Sequence[Stamp]
    nav: tuple[Any, ...]
    notice: str
    canonical: dict[str, str]
    absent: tuple[Stamp, ...] = ()


def render(
    site: Site,
    address: str,
    drawn: Drawn | None = None,
    pairing: Pairing | None = None,
    atlas: Atlas | None = None,
) -> Pages:
    """Render a site whose public address is `address` (with a slash at its end); `drawn` are its newest traces.

    `pairing` compares two models query by query; without it nothing is claimed of two models. `atlas` is the site's,
    where somebody has it.
    """
    atlas = atlas or profiles.atlas(site, pairing)
    docs = {
        "index.md": markdown(
            "Wattstar", "The energy that AI models use, in stars, with watt-hours beside them.", "home"
        ),
        "models/index.md": markdown("Models", "Every model with a result.", "models"),
        "queue/index.md": markdown("The queue", "What waits to be measured, and what failed.", "queue"),
        "left-out/index.md": markdown("Left out", "Run files that do not count, and why.", "left-out", search=False),
        f"{SHELL}.md": markdown(SHELL_TITLE, SHELL_DESCRIPTION, "model", search=False),
    }
    slots: dict[str, Mapping[str, str]] = {
        "index.html": Slots({"home": lambda: _home(site, atlas)}),
        "models/index.html": Slots({"models": partial(filled, "models.j2", site=site, most=MOST_LISTED, base="../")}),
        "queue/index.html": Slots({"queue": partial(lives.queue, site)}),
        "corrections/index.html": Slots({"corrections": partial(lives.log, site)}),
        "left-out/index.html": Slots({"left-out": partial(filled, "left_out.j2", site=site, base="../")}),
        "fleet/index.html": Slots({"hosts": partial(lives.hosts, site)}),
        "cite/index.html": Slots({"badge": partial(filled, "cite.j2", site=site, base="../", address=address)}),
        "api/index.html": Slots({"files": partial(filled, "api.j2", site=site, base="../")}),
        "method/index.html": Slots(
            {
                "founding": lambda: f"<blockquote><p>{escape(RULE.words)}</p></blockquote>",
                "sessions": partial(filled, "sessions.j2", site=site, base="../"),
            }
        ),
    }
    canonical = {}
    for listing in site.listings:
        place = f"boards/{listing.board.name}"
        about = f"{listing.task.title}: {len(listing.all)} models by energy and quality on {filling.device(listing)}."
        docs[f"{place}.md"] = markdown(listing.task.title, about, "board")
        slots[f"{place}/index.html"] = Slots({"board": partial(_board, site, atlas, listing, moving=False)})
        if listing.headline:
            # The task's page is its headline board, short to link to; the board's own page stays the canonical one.
            moving = f"tasks/{listing.task.name}"
            docs[f"{moving}.md"] = markdown(listing.task.title, about, "board", search=False)
            slots[f"{moving}/index.html"] = Slots({"board": partial(_board, site, atlas, listing, moving=True)})
            canonical[moving] = place
    for place, doc, slot, html in _choosing(site):
        docs[f"{place}.md"], slots[f"{place}/index.html"] = doc, Slots({slot: html})
    for place, doc, slot, html in chronicle.pages(site, atlas):
        docs[f"{place}.md"], slots[f"{place}.html"] = doc, Slots({slot: html})
    models = stamps(site, address, atlas, drawn)
    return Pages(docs, slots, models, navigation.nav(site), filled("notice.j2", site=site), canonical, absent(site))


def stamps(
    site: Site, address: str, atlas: Atlas, drawn: Drawn | None = None, told: Mapping[str, Notes] | None = None
) -> Stamps:
    """Give every model's page, rendered when it is asked for; `told` are the notes, where somebody has them."""
    told = notes.by_model(site.life) if told is None else told
    return Stamps(
        site.profiles, lambda profile: _stamp(profile, address, atlas, told.get(profile.id, notes.NONE), drawn)
    )


def absent(site: Site) -> tuple[Stamp, ...]:
    """Give the page of every model without a result of which something is said."""
    return tuple(Stamp(model, model, about, body) for model, about, body in lives.absent(site))


def _stamp(profile: Profile, address: str, atlas: Atlas, told: Notes, drawn: Drawn | None = None) -> Stamp:
    faced = [faces.result(one, atlas.site) for one in profile.results]
    about = faces.words(faced[0])
    if atlas.site.many > LIGHT_FROM:
        lines = [profiles.brief(one, atlas) for one in profile.results]
        body = filled("model_light.j2", profile=profile, base="../../../", lines=lines, faced=faced, notes=told)
        return Stamp(profile.id, profile.id, about, body)
    body = filled(
        "model.j2",
        profile=profile,
        notes=told,
        base="../../../",
        address=address,
        faced=faced,
        power=drawn(profile) if drawn else {},
        stories=[profiles.story(one, atlas) for one in profile.results],
        precisions=profiles.precision_curves(profile),
        family=atlas.families.get(profile.id),
    )
    return Stamp(profile.id, profile.id, about, body)


def light_shell(address: str, notice: str) -> str:
    """Give the light layout, with marks where a model goes."""
    sheets = ("assets/light.css", "assets/wattstar.css", "assets/pages.css")
    return filled("light.j2", address=address, notice=notice, sheets=sheets)


def _home(site: Site, atlas: Atlas) -> str:
    told = happenings.happenings(site, LATELY)
    return filled("home.j2", site=site, base="", atlas=atlas, happenings=told)


def _board(site: Site, atlas: Atlas, listing: Listing, *, moving: bool) -> str:
    others = [one for one in site.listings if one.task.name == listing.task.name and one is not listing]
    return filled("board.j2", listing=listing, atlas=atlas, others=others, moving=moving, base="../../")


def _choosing(site: Site) -> Iterator[tuple[str, str, str, Slot]]:
    """Give the pages to choose on, and the further pages of long boards: place, Markdown, slot, what goes into it."""
    about = "Two to five models side by side: energy, stars, quality, speed."
    html = partial(filled, "compare.j2", site=site, base="../")
    yield "compare", markdown("Compare", about, "compare"), "compare", html
    about = "The model with the lowest energy that is good and fast enough, and what it saves in a year."
    html = partial(filled, "right_size.j2", site=site, base="../")
    yield "right-size", markdown("Right-size", about, "form"), "form", html
    for listing in site.listings:
        for page in board_table.pages(listing)[1:]:
            title = f"{listing.task.title}, page {page.number}"
            about = f"{listing.task.title}: models {page.first} to {page.last} by energy and quality."
            html = partial(filled, "board_more.j2", listing=listing, page=page, base="../../../")
            yield (
                f"boards/{listing.board.name}/{page.number}",
                markdown(title, about, "rows", search=False),
                "rows",
                html,
            )
