"""Pages -> a folder of Markdown -> MkDocs -> a static site, swapped in whole at the end.

MkDocs renders the boards and the prose with empty slots, and one shell for models. Filling the slots and stamping the
models into the shell afterwards costs less than rendering every page (tests/perf/perf_site.py), and any other
generator could do its part.
"""

from __future__ import annotations

import gzip
import html
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import heads as known_heads
from wattbench.problems import Problem, Refusal, refuse
from wattboard import api, editions, listings, pages, publishing
from wattboard.advising import scores
from wattboard.badges import examples, pictures, twins
from wattboard.gathering import left_out
from wattboard.imports import files as imported_editions
from wattboard.life import counting
from wattboard.life.counting import Places
from wattboard.pages import choosing, imported_pages
from wattboard.publishing import Press, imported_files, searching, stamping
from wattboard.publishing.removing import remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wattboard.imports import Imported
    from wattboard.listings import Site
    from wattboard.pages import Pages, Stamp
    from wattboard.pages.imported_pages import ImportedPages
    from wattboard.publishing import Make

LIGHT = 20_000  # models; above, their pages are of a light layout of our own: a site may not pass 1 GB
MARKER = "api/v1/index.json"
SUBMITTING = "submissions/README.md"  # stands in a page where its name stands there as a comment
_LINE = re.compile(r"^(WARNING|ERROR|CRITICAL)\b\s*-?\s*(.*)$")


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
    """Build the site into `out` and give what it shows. A killed or failed build leaves the old site as it was.

    Run files that do not hold are left out and listed on a page of their own. `kept_in` is the folder of the cache;
    `imported` are folders of imported editions, which get pages of their own; `heads` is a file of the newest revisions
    on the Hub; with `png` badges are drawn as PNG too, and kept in that folder. `ledger` and `trust` are the ledger
    and the trusted keys, where they do not lie beside the submissions. Raises Refusal with every problem of editions,
    ledger and pages, of run files without which results would be wrong, and if `strict` of all run files.
    """
    root = _root()
    out = out.absolute()
    fresh, old = out.with_name(f"{out.name}.new"), out.with_name(f"{out.name}.old")
    if out.exists() and any(out.iterdir()) and not (out / MARKER).exists():
        raise refuse(out, "", "is no site that wattboard built", "Choose another --out, or remove it yourself")
    if old.exists() and not out.exists():
        old.rename(out)  # the last build was killed between its two renames
    for left in (fresh, old):
        remove(left)

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
    with publishing.ready(Press(site, _address(root), publishing.beside(site))) as make:
        _make(site, others, make, fresh, root, say)
    if png:
        say("drawing badges as PNG")
        say(twins.line(twins.make(fresh, png)))

    if out.exists():
        out.rename(old)
    fresh.rename(out)
    remove(old)
    return site


def _make(
    site: Site, others: Sequence[Imported], make: Make, fresh: Path, root: Path, say: Callable[[str], object]
) -> None:
    """Make the whole site in a fresh folder: what MkDocs renders, what is stamped into it, what machines read."""
    address, epoch = _address(root), _epoch(site)
    pairing = scores.pairing(site.filed)
    rendered = pages.render(site, address, None, pairing)
    rendered, apart = _apart(rendered, imported_pages.render(others, [one.id for one in site.profiles], address))
    say(f"rendering {len(site.listings)} boards and {len(site.profiles)} models")
    docs = fresh.with_name("docs")
    _write_docs(rendered, root / "site" / "pages", docs)
    _mkdocs(rendered, root, docs, fresh, epoch)
    _fill(rendered, fresh, address)
    stamped = _stamp(fresh, [one.id for one in site.profiles], rendered, apart, make, address)
    _map(fresh, rendered.canonical, stamped, address)
    for path, data in chain(api.everything(site, address, pairing), imported_files.files(others)):
        _write(fresh / path, data)
    texts = (choosing.files(site, pairing).items(), searching.files(site, others).items(), examples.files().items())
    for path, text in chain(*texts, pictures.imported(others)):
        _write(fresh / path, text)


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


def _epoch(site: Site) -> int:
    """Give the time that the site is of: the newest run's day, never now."""
    day = datetime.fromisoformat(site.newest) if site.newest else datetime(2000, 1, 1)  # noqa: DTZ001 - set to UTC next
    return int(day.replace(tzinfo=UTC).timestamp())


def _write_docs(rendered: Pages, prose: Path, docs: Path) -> None:
    shutil.rmtree(docs, ignore_errors=True)
    for path, text in rendered.docs.items():
        _write(docs / path, text)
    template = (prose.parents[1] / SUBMITTING).read_text().split("\n", 1)[1]  # one source: this file, less its heading
    for page in sorted(prose.glob("*.md")):
        _write(docs / page.name, page.read_text().replace(f"<!-- {SUBMITTING} -->", template.strip()))


def _mkdocs(rendered: Pages, root: Path, docs: Path, out: Path, epoch: int) -> None:
    """Run MkDocs in a process of its own, with the repository's mkdocs.yml, our folders and our navigation."""
    settings = {
        "INHERIT": str(root / "mkdocs.yml"),
        "docs_dir": str(docs),
        "site_dir": str(out),
        "theme": {"custom_dir": str(root / "site" / "theme")},
        "nav": rendered.nav,
    }
    config = docs.with_name("mkdocs.generated.yml")
    _write(config, json.dumps(settings, indent=1) + "\n")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "NO_MKDOCS_2_WARNING": "1", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", str(config)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines()
        found = [line for line in lines if _LINE.match(line)] or lines[-5:] or ["it said nothing"]
        raise Refusal(Problem("mkdocs", "", line, "Mend the page that it names") for line in found)


def _fill(rendered: Pages, out: Path, address: str) -> None:
    """Fill every slot, and the notice on every page. Raises Refusal for a slot that its page lacks."""
    for path, slots in rendered.slots.items():
        text = (out / path).read_text()
        for name, value in slots.items():
            text = stamping.put(text, name, value, path)
        _write(out / path, text)
    for path, canonical in rendered.canonical.items():
        page = out / path / "index.html"
        _write(page, re.sub(r'(<link rel="canonical" href=")[^"]*"', rf'\g<1>{address}{canonical}/"', page.read_text()))
    for page in sorted(out.rglob("*.html")):
        _write(page, stamping.put(page.read_text(), "notice", rendered.notice, str(page)))


def _apart(rendered: Pages, imported: ImportedPages) -> tuple[Pages, tuple[Stamp, ...]]:
    """Put imported pages beside the others, in the navigation as the last of the leaderboards."""
    if not imported.docs:
        return rendered, ()
    first, *rest = rendered.nav
    nav = ({"Leaderboards": [*first["Leaderboards"], {"Imported results": "imported/index.md"}]}, *rest)
    docs, slots = rendered.docs | imported.docs, rendered.slots | imported.slots
    return replace(rendered, docs=docs, slots=slots, nav=nav), imported.models


def _stamp(
    out: Path, models: list[str], rendered: Pages, apart: Sequence[Stamp], make: Make, address: str
) -> dict[str, list[str]]:
    """Stamp models into the shells that MkDocs rendered, and give their names by shell.

    Where there are very many models the layout is our own, `light`.
    """
    shell = stamping.read(out, pages.SHELL)
    if len(models) > LIGHT:
        shell = stamping.light(shell, pages.light_shell(address, rendered.notice))
    make(shell, out)
    for model in rendered.absent:
        _write(out / shell.place(model), shell.page(model))
    stamped = {pages.SHELL: [*models, *(one.id for one in rendered.absent)]}
    if apart:
        shell = stamping.read(out, imported_pages.SHELL)
        for model in apart:
            _write(out / shell.place(model), shell.page(model))
        stamped[imported_pages.SHELL] = [model.id for model in apart]
    return stamped


def _map(out: Path, canonical: Iterable[str], stamped: Mapping[str, Sequence[str]], address: str) -> None:
    """Put the models into the sitemap, in place of the shells. The search index has the prose: names lie apart."""
    path = out / "sitemap.xml"
    text = path.read_text()
    for moving in canonical:
        text = text.replace(_entry(text, address, moving), "")
    for place, models in stamped.items():
        home, entry = place.rsplit("/", 2)[0], _entry(text, address, place)
        entries = (entry.replace(place, f"{home}/{html.escape(model)}") for model in models)
        text = text.replace(entry, "".join(entries))
    _write(path, text)
    (out / "sitemap.xml.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    _write(out / "robots.txt", f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n")


def _entry(sitemap: str, address: str, place: str) -> str:
    """Give a page's entry in the sitemap, with the line break before it."""
    found = re.search(rf"\s*<url>\s*<loc>{re.escape(address + place)}/</loc>.*?</url>", sitemap, re.DOTALL)
    if found is None:
        raise refuse("sitemap.xml", "", f"has no entry for {place}", "Tell the maintainers: the theme has changed")
    return found[0]


def _write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
