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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import runs, trace
from wattbench.problems import Problem, Refusal, refuse
from wattboard import api, editions, frame, listings, pages, timelines, traces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattboard.listings import Site
    from wattboard.pages import Pages
    from wattboard.timelines import Timeline

MARKER = "api/v1/index.json"
# Search stays quick up to here; beyond, models are found by their boards.
MOST_SEARCHED = 2000
_LINE = re.compile(r"^(WARNING|ERROR|CRITICAL)\b\s*-?\s*(.*)$")


def build(
    submissions: Sequence[Path], edition_folders: Sequence[Path], out: Path, say: Callable[[str], object] = print
) -> Site:
    """Build the site into `out` and give what it shows. A killed or failed build leaves the old site as it was.

    Raises Refusal with every problem of runs, editions and pages.
    """
    root = _root()
    out = out.absolute()
    fresh, old = out.with_name(f"{out.name}.new"), out.with_name(f"{out.name}.old")
    if out.exists() and any(out.iterdir()) and not (out / MARKER).exists():
        raise refuse(out, "", "is no site that wattboard built", "Choose another --out, or remove it yourself")
    if old.exists() and not out.exists():
        old.rename(out)  # the last build was killed between its two renames
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)

    opened = editions.read_all(edition_folders)
    say("reading runs")
    site = listings.assemble(frame.gather(submissions), opened)
    rendered = pages.render(site, _address(root), _draw(site))
    docs = out.with_name("docs")
    say(f"rendering {len(site.listings)} boards and {len(site.profiles)} models")
    _write_docs(rendered, root / "site" / "pages", docs)
    _mkdocs(rendered, root, docs, fresh, _epoch(site))
    _fill(rendered, fresh, _address(root))
    _stamp(rendered, fresh)
    for path, text in {**api.files(site), **pages.pictures(site)}.items():
        _write(fresh / path, text)
    for filed in site.filed:
        target = fresh / "runs" / filed.run.model.id / filed.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(runs.to_bytes(filed.run))
        if filed.run.trace is not None:
            trace.path_of(target, filed.run.trace).write_bytes(frame.trace_of(filed.path, filed.run.trace))
    _map(fresh, rendered, _address(root), _epoch(site))

    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return site


def _draw(site: Site) -> dict[str, tuple[Timeline, ...]]:
    """Lay out the trace of every result's newest run, wide and tall. Raises Refusal naming every bad trace.

    One trace at a time is in memory; what stays is its drawing.
    """
    drawn, problems = {}, list[Problem]()
    newest = (result.runs[-1] for profile in site.profiles for result in profile.results)
    for filed in newest:
        if filed.run.trace is None:
            continue
        try:
            rows = trace.from_bytes(frame.trace_of(filed.path, filed.run.trace), filed.path)
        except Refusal as refusal:
            problems += refusal.problems
            continue
        told = traces.tell(filed.run, rows)
        forms = (timelines.WIDE, timelines.TALL)
        drawn[filed.run.trace.sha256] = tuple(timelines.timeline(filed.run, told, form) for form in forms)
    if problems:
        raise Refusal(problems)
    return drawn


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
    for page in sorted(prose.glob("*.md")):
        _write(docs / page.name, page.read_text())


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
            text = _put(text, name, value, path)
        _write(out / path, text)
    for path, canonical in rendered.canonical.items():
        page = out / path / "index.html"
        _write(page, re.sub(r'(<link rel="canonical" href=")[^"]*"', rf'\g<1>{address}{canonical}/"', page.read_text()))
    for page in sorted(out.rglob("*.html")):
        _write(page, _put(page.read_text(), "notice", rendered.notice, str(page)))


def _put(text: str, name: str, value: str, path: str) -> str:
    slot = f'<div data-slot="{name}"></div>'
    if slot not in text:
        raise refuse(path, name, "has no such slot", f"Put {slot} into the page")
    return text.replace(slot, value.strip())


def _stamp(rendered: Pages, out: Path) -> None:
    """Stamp every model's page into the shell that MkDocs rendered, its whitespace collapsed once."""
    place = out / pages.SHELL
    shell = _put((place / "index.html").read_text(), "model", "@@BODY@@", pages.SHELL)
    shell = re.sub(r">\s*\n\s*<", ">\n<", shell).replace(f"{pages.SHELL}/", "models/@@ID@@/")
    shell = re.sub(r'<div data-md-component="skip">\s*</div>', _SKIP, shell)
    parts = re.split(r"@@(TITLE|DESCRIPTION|BODY|ID)@@", shell)
    shutil.rmtree(place.parent)
    for model in rendered.models:
        told = {
            "TITLE": html.escape(model.title),
            "DESCRIPTION": html.escape(model.description),
            "BODY": model.body.strip(),
            "ID": html.escape(model.id),
        }
        page = "".join(told[part] if index % 2 else part for index, part in enumerate(parts))
        _write(out / "models" / model.id / "index.html", page)


_SKIP = '<div data-md-component="skip"><a href="#top" class="md-skip">Skip to content</a></div>'


def _map(out: Path, rendered: Pages, address: str, epoch: int) -> None:
    """Put the models into the sitemap and into the search index, in place of the shell."""
    path = out / "sitemap.xml"
    text = path.read_text()
    for moving in rendered.canonical:
        text = text.replace(_entry(text, moving), "")
    entry = _entry(text, pages.SHELL)
    entries = (entry.replace(pages.SHELL, f"models/{html.escape(model.id)}") for model in rendered.models)
    _write(path, text.replace(entry, "".join(entries)))
    (out / "sitemap.xml.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=epoch))
    index = out / "search" / "search_index.json"
    searched = json.loads(index.read_text())
    searched["docs"] += [
        {"location": f"models/{model.id}/", "title": html.escape(model.title), "text": html.escape(model.description)}
        for model in rendered.models[:MOST_SEARCHED]
    ]
    _write(index, json.dumps(searched, sort_keys=True, separators=(",", ":")))
    _write(out / "robots.txt", f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n")


def _entry(sitemap: str, place: str) -> str:
    """Give a page's entry in the sitemap, with the line break before it."""
    found = re.search(rf"\s*<url>\s*<loc>[^<]*/{re.escape(place)}/</loc>.*?</url>", sitemap, re.DOTALL)
    if found is None:
        raise refuse("sitemap.xml", "", f"has no entry for {place}", "Tell the maintainers: the theme has changed")
    return found[0]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
