"""Rated results -> pages, as text: Markdown with slots for MkDocs, the slots' HTML, and the models' pages.

The one door to Jinja. Pure: touches no disk but the templates of this package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from wattboard import badges, charts, formats
from wattboard.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattboard.frame import Filed
    from wattboard.listings import Listing, Profile, Result, Site
    from wattboard.timelines import Timeline

    Drawn = Mapping[str, Sequence[Timeline]]  # by a trace's sha256: the same trace in several forms

# The page that MkDocs renders once; every model page is stamped into it. As deep as they are, so links agree.
SHELL = "models/_org/_name"
SHELL_TITLE = "@@TITLE@@"
SHELL_DESCRIPTION = "@@DESCRIPTION@@"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A model's page: what goes into the shell."""

    id: str
    title: str
    description: str
    body: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything to publish as HTML: Markdown by path, slots by page and name, models, the navigation.

    `canonical` says of which page another shows the same.
    """

    docs: dict[str, str]
    slots: dict[str, dict[str, str]]
    models: tuple[Stamp, ...]
    nav: tuple[Any, ...]
    notice: str
    canonical: dict[str, str]


def render(site: Site, address: str, drawn: Drawn | None = None) -> Pages:
    """Render a site whose public address is `address` (with a slash at its end); `drawn` are its newest traces."""
    docs = {
        "index.md": _doc("Wattstar", "The energy that AI models use, in stars, with watt-hours beside them.", "home"),
        "models/index.md": _doc("Models", "Every model with a result.", "models"),
        f"{SHELL}.md": _doc(SHELL_TITLE, SHELL_DESCRIPTION, "model", search=False),
    }
    slots: dict[str, dict[str, str]] = {
        "index.html": {"home": _html("home.j2", site=site, base="", address=address)},
        "models/index.html": {"models": _html("models.j2", site=site, base="../")},
        "cite/index.html": {"badge": _html("cite.j2", site=site, base="../", address=address)},
        "api/index.html": {"files": _html("api.j2", site=site, base="../")},
    }
    canonical = {}
    for listing in site.listings:
        place = f"boards/{listing.board.name}"
        about = f"{listing.task.title}: {len(listing.all)} models by energy and quality on {_device(listing)}."
        docs[f"{place}.md"] = _doc(listing.task.title, about, "board")
        slots[f"{place}/index.html"] = {"board": _board(site, listing, moving=False)}
        if listing.headline:
            # The task's page is its headline board, short to link to; the board's own page stays the canonical one.
            moving = f"tasks/{listing.task.name}"
            docs[f"{moving}.md"] = _doc(listing.task.title, about, "board", search=False)
            slots[f"{moving}/index.html"] = {"board": _board(site, listing, moving=True)}
            canonical[moving] = place
    headlines = [{one.task.title: f"tasks/{one.task.name}.md"} for one in site.headlines]
    nav = (
        {"Leaderboards": ["index.md", *headlines, {"Models": "models/index.md"}]},
        {"Method": ["method.md", {"The meter": "meter.md"}]},
        {"Cite": "cite.md"},
        {"API": "api.md"},
        {"About": "about.md"},
    )
    models = tuple(_stamp(profile, address, drawn) for profile in site.profiles)
    return Pages(docs, slots, models, nav, _html("notice.j2", site=site), canonical)


def pictures(site: Site) -> dict[str, str]:
    """Draw every badge: by task (the headline board), by board, and for good below each edition."""
    drawn: dict[str, str] = {}
    by_name = {one.board.name: one for one in site.listings}
    for profile in site.profiles:
        for one in profile.results:
            picture = badges.badge(one.rating, one.listing.task, one.listing.edition)
            drawn[f"badges/v1/{profile.id}/{one.rating.board}.svg"] = picture
            if one.listing.headline:
                drawn[f"badges/v1/{profile.id}/{one.listing.task.name}.svg"] = picture
    for opened in site.editions:
        # Revisions are in the order of their measurement, so the newest one names the badge.
        for rating in sorted(site.archive[opened.edition.id], key=lambda one: (one.measured_at, one.revision)):
            path = f"editions/{opened.edition.id}/badges/{rating.model}/{rating.board}.svg"
            drawn[path] = badges.badge(rating, by_name[rating.board].task, opened.edition)
    return drawn


def trace(timeline: Timeline) -> str:
    """Draw a trace as an SVG file that stands alone."""
    return str(_environment().get_template("trace.j2").make_module().trace(timeline, alone=True)).strip() + "\n"  # type: ignore[attr-defined] # a macro


def told(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten a run's facts for people: nested names joined by a dot, nulls left out."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(facts.items()):
        if isinstance(value, dict):
            rows += [(f"{name}.{inner}", text) for inner, text in told(value)]
        elif value is not None:
            rows.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return rows


def snippet(result: Result, address: str) -> str:
    """Give the Markdown that shows a result's permanent badge and links to its page."""
    rating, listing = result.rating, result.listing
    alt = badges.words(rating, listing.task, listing.edition).replace("[", "(").replace("]", ")")
    where = f"editions/{listing.edition.id}/badges" if listing.edition else "badges/v1"
    picture = f"{address}{where}/{formats.path(rating.model)}/{rating.board}.svg"
    return f"[![{alt}]({picture})]({address}models/{formats.path(rating.model)}/)"


def _stamp(profile: Profile, address: str, drawn: Drawn | None = None) -> Stamp:
    body = _html("model.j2", profile=profile, base="../../../", address=address, power=drawn or {})
    best = profile.results[0]
    return Stamp(profile.id, profile.id, badges.words(best.rating, best.listing.task, best.listing.edition), body)


def _doc(title: str, description: str, slot: str, *, search: bool = True) -> str:
    """Give a Markdown page that is one slot.

    Front matter is JSON inside YAML, and escaped because MkDocs does not: nothing can break out of it.
    """
    matter: dict[str, Any] = {"title": escape(title), "description": escape(description), "hide": ["navigation", "toc"]}
    if not search:
        matter["search"] = {"exclude": True}
    lines = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in matter.items())
    return f'---\n{lines}\n---\n\n<div data-slot="{slot}"></div>\n'


def _board(site: Site, listing: Listing, *, moving: bool) -> str:
    others = [one for one in site.listings if one.task.name == listing.task.name and one is not listing]
    return _html("board.j2", listing=listing, others=others, moving=moving, base="../../")


def _device(listing: Listing) -> str:
    return listing.all[0].device


def _newest(runs: Sequence[Filed]) -> Filed:
    return runs[-1]


def _html(template: str, **values: object) -> str:
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("wattboard"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({**formats.FILTERS, "newest": _newest})
    environment.globals.update(
        REASONS=REASONS,
        STAR=charts.STAR,
        words=badges.words,
        strip=charts.strip,
        plot=charts.plot,
        pass_dots=charts.passes,
        snippet=snippet,
        told=told,
        device=_device,
    )
    return environment
