"""The pages that MkDocs rendered, filled: slots, descriptions, addresses, the notice; and the sitemap."""

from __future__ import annotations

import gzip
import html
import re
from typing import TYPE_CHECKING

from wattbench.problems import refuse
from wattboard.publishing import rendering, stamping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattboard.pages import Pages
    from wattboard.publishing.rendering import Rendered
    from wattboard.publishing.stamping import Shell

NEVER = "2000-01-01"  # the day that a site without runs is of
_MAPS = ("sitemap.xml", "sitemap.xml.gz")


def shell(theme: Rendered, place: str, notice: str) -> Shell:
    """Give the shell that was rendered at a place."""
    path = f"{place}/index.html"
    return stamping.shell(stamping.put(theme.text(path), "notice", notice, path), place)


def filled(rendered: Pages, theme: Rendered, address: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Fill every slot of pages, and the notice. Raises Refusal for a slot that its page lacks."""
    for path in paths:
        if not path.endswith(".html") or "/_org/" in path:
            continue
        text, home = theme.text(path), path.removesuffix("/index.html")
        for doc in (f"{home}.md", f"{home}/index.md"):
            if doc in rendered.docs:
                text = rendering.described(text, rendered.docs[doc])
        for name, value in rendered.slots.get(path, {}).items():
            text = stamping.put(text, name, value, path)
        if home in rendered.canonical:
            there = f'<link rel="canonical" href="{address}{rendered.canonical[home]}/"'
            text = re.sub(r'<link rel="canonical" href="[^"]*"', there, text)
        yield path, stamping.put(text, "notice", rendered.notice, path)


def plain(theme: Rendered) -> Iterator[tuple[str, bytes]]:
    """Give the files that need no filling: styles, scripts, the search of the prose."""
    for path in theme.paths():
        if not path.endswith(".html") and path not in _MAPS:
            yield path, (theme.folder / path).read_bytes()


def mapped(
    theme: Rendered,
    canonical: Iterable[str],
    stamped: Mapping[str, Sequence[str]],
    address: str,
    newest: str | None,
) -> Iterator[tuple[str, bytes]]:
    """Put the models into the sitemap, in place of their shells, and the day of the newest run into all of it.

    The search index has the prose: names lie apart.
    """
    text = theme.text("sitemap.xml").replace(rendering.DATE, newest or NEVER)
    for moving in canonical:
        text = text.replace(_entry(text, address, moving), "")
    for place, models in stamped.items():
        if not (theme.folder / place).is_dir():
            continue
        home, entry = place.rsplit("/", 2)[0], _entry(text, address, place)
        entries = (entry.replace(place, f"{home}/{html.escape(model)}") for model in models)
        text = text.replace(entry, "".join(entries))
    yield "sitemap.xml", text.encode()
    yield "sitemap.xml.gz", gzip.compress(text.encode(), mtime=0)
    yield "robots.txt", f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n".encode()


def _entry(sitemap: str, address: str, place: str) -> str:
    """Give a page's entry in the sitemap, with the line break before it."""
    found = re.search(rf"\s*<url>\s*<loc>{re.escape(address + place)}/</loc>.*?</url>", sitemap, re.DOTALL)
    if found is None:
        raise refuse("sitemap.xml", "", f"has no entry for {place}", "Tell the maintainers: the theme has changed")
    return found[0]
