"""Pages -> a folder of Markdown -> MkDocs -> a static site, put into place at the end.

MkDocs renders the boards and the prose with empty slots, and one shell for models. Filling the slots and stamping the
models into the shell afterwards costs less than rendering every page (tests/perf/perf_site.py), and any other
generator could do its part. What is made of the same as last time keeps its files (publishing/).
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import heads as known_heads
from wattbench.problems import refuse
from wattboard import api, editions, listings, pages, profiles, publishing
from wattboard.advising import scores
from wattboard.badges import pictures, twins
from wattboard.gathering import left_out
from wattboard.imports import files as imported_editions
from wattboard.life import counting
from wattboard.life.counting import Places
from wattboard.pages import filling, imported_pages
from wattboard.publishing import (
    built,
    finishing,
    keying,
    parts,
    press,
    rendering,
    stamping,
    swapping,
    tally,
)
from wattboard.publishing.built import Built
from wattboard.publishing.removing import remove
from wattboard.publishing.staging import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattboard.imports import Imported
    from wattboard.listings import Site
    from wattboard.pages import Pages, Stamp
    from wattboard.pages.imported_pages import ImportedPages

LIGHT = 20_000  # models; above, their pages are of a light layout of our own: a site may not pass 1 GB
MARKER = "api/v1/index.json"


def build(
    submissions: Sequence[Path],
    edition_folders: Sequence[Path],
    out: Path,
    say: Callable[[str], object] = print,
    *,
    strict: bool = False,
    kept_in: Path | None = None,
    imported: Sequence[Path] = (),
    heads: Path | None = None,
    png: Path | None = None,
    ledger: Path | None = None,
    trust: Path | None = None,
) -> Site:
    """Build the site into `out` and give what it shows. A failed or killed build leaves the old site as it was.

    Run files that do not hold are left out and listed on a page of their own. `kept_in` is the folder of the cache, by
    which only what differs from the last build is made; `imported` are folders of imported editions, which get pages of
    their own; `heads` is a file of the newest revisions on the Hub; with `png` badges are drawn as PNG too, and kept in
    that folder. `ledger` and `trust` are the ledger and the trusted keys, where they do not lie beside the submissions.
    Raises Refusal with every problem of editions, ledger and pages, of run files without which results would be wrong,
    and if `strict` of all run files.
    """
    root = _root()
    out = out.absolute()
    if out.exists() and any(out.iterdir()) and not (out / MARKER).exists():
        raise refuse(out, "", "is no site that wattboard built", "Choose another --out, or remove it yourself")
    swapping.settle(out)
    if kept_in:
        filling.keep(kept_in / "templates")
    before = built.load(kept_in, out) if kept_in and out.exists() else None
    summing = tally.start(out) if before else None  # beside the reading

    with publishing.growing():
        opened = editions.read_all(edition_folders)
        others = imported_editions.read_all(imported)
        newest = known_heads.read(heads) if heads else {}
        say("reading runs")
        places = Places(tuple(submissions), ledger, trust)
        counted = counting.count(places, counting.signed_boards(opened), kept_in)
        if counted.unkept:
            say(f"the cache {kept_in} cannot be written: {counted.unkept}")
        left_out.check(counted.left_out, strict=strict)
        lived, uncounted = counting.lived(places, counted, opened)
        site = listings.assemble(counted.filed, opened, sorted([*counted.left_out, *uncounted]), lived)
        site = replace(site, heads=newest)
    if before and summing and tally.end(summing) != before.tally:
        say(f"{out} was touched since it was built: all of it is made anew")
        before = None
    with publishing.seldom():
        basis, stage = _make(site, others, before, out, root, kept_in, say, png=png is not None)
    if png:
        say("drawing badges as PNG")
        say(twins.line(twins.make(stage.fresh, png, whole=stage.before is None)))
        stage.add(twins.place)
    _place(out, stage, basis, kept_in)
    return site


def _place(out: Path, stage: Stage, basis: str, kept_in: Path | None) -> None:
    """Put what was made into place, and remember it for the next build."""
    if kept_in:
        built.forget(kept_in, out)
    if stage.before is None:
        swapping.whole(out)
        total = (tally.of(str(out)) if stage.tally is None else stage.tally) if kept_in else 0
    else:
        total = (stage.before.tally + swapping.piecewise(out, stage.gone())) % tally.WIDE
    if kept_in:
        built.save(kept_in, out, Built(basis, total, stage.parts))


def _make(
    site: Site,
    others: Sequence[Imported],
    before: Built | None,
    out: Path,
    root: Path,
    kept_in: Path | None,
    say: Callable[[str], object],
    *,
    png: bool,
) -> tuple[str, Stage]:
    """Make the whole site, or what differs from the one before; give what all of it shares, and its parts."""
    address = _address(root)
    pairing = scores.pairing(site.filed)
    atlas = profiles.atlas(site, pairing)
    rendered = pages.render(site, address, None, pairing, atlas)
    rendered, apart = _apart(rendered, imported_pages.render(others, [one.id for one in site.profiles], address))
    say(f"rendering {len(site.listings)} boards and {len(site.profiles)} models")
    theme = rendering.render(rendered.docs, rendered.nav, root, out, kept_in)
    shell = finishing.shell(theme, pages.SHELL, rendered.notice)
    if len(site.profiles) > LIGHT:
        shell = stamping.light(shell, pages.light_shell(address, rendered.notice))
    basis = keying.basis(
        address, shell, [len(site.profiles) > limit for limit in (LIGHT, pages.LIGHT_FROM, pictures.FLAT_FROM)] + [png]
    )
    if before and before.basis != basis:
        say("code, layout or theme are others than last time: all pages are made anew")
        before = None
    stage = Stage(swapping.fresh_of(out), out, before)

    draft = parts.Draft(site, atlas, api.shared(site), others, rendered, apart, theme, shell, address)
    of_boards = keying.boards(site, atlas)
    whole = press.whole(site, atlas, address, draft.shared, shell, stage)
    of_models, own = keying.models(whole, of_boards), keying.Own(whole)
    wanted = [
        place
        for place, one in enumerate(site.profiles)
        if not stage.keep(one.id, of_models[one.id], partial(own.of, one))
    ]
    with publishing.making(whole, wanted) as finish:
        parts.boards(draft, stage, of_boards)
        parts.rest(draft, stage)
        made = finish()
        for model, (told, paths) in made.files.items():
            stage.note(model, f"{of_models[model]} {told}" if told else of_models[model], paths)
        stage.note(parts.REST, "", (), made.tally)
    if kept_in is None:
        remove(theme.folder.parent)
    return basis, stage


def site_address() -> str:
    """Give the site's public address, with a slash at its end. Raises Refusal outside a checkout."""
    return _address(_root())


def _root() -> Path:
    """Find the checkout: the site's prose and theme are no part of the installed package."""
    for root in (Path(__file__).parents[2], Path.cwd()):
        if (root / "mkdocs.yml").exists() and (root / "site" / "pages").exists():
            return root
    raise refuse("mkdocs.yml", "", "is not here", "Run this in a checkout of the repository")


def _address(root: Path) -> str:
    found = re.search(r"^site_url:\s*(\S+)", (root / "mkdocs.yml").read_text(), re.MULTILINE)
    return f"{found[1].rstrip('/')}/" if found else "/"


def _apart(rendered: Pages, imported: ImportedPages) -> tuple[Pages, tuple[Stamp, ...]]:
    """Put imported pages beside the others, in the navigation as the last of the leaderboards."""
    if not imported.docs:
        return rendered, ()
    first, *rest = rendered.nav
    nav = ({"Leaderboards": [*first["Leaderboards"], {"Imported results": "imported/index.md"}]}, *rest)
    docs, slots = rendered.docs | imported.docs, rendered.slots | imported.slots
    return replace(rendered, docs=docs, slots=slots, nav=nav), imported.models
