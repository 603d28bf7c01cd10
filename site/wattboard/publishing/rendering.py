"""The prose and the boards' empty pages by MkDocs, in a process of its own, kept for the next build.

MkDocs is given nothing that changes with a run: the dates of the sitemap and the descriptions of pages are put in
afterwards. So it runs again only where Markdown, theme, navigation, settings or its own version are others.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem, Refusal
from wattboard.publishing.removing import remove

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SUBMITTING = "submissions/README.md"  # stands in a page where its name stands there as a comment
DATE = "2000-01-01"  # of every page in the sitemap that MkDocs writes
EPOCH = 946684800  # its start, as seconds
MOST = 4  # kept at once: for as many sites, and the one before
WITH = ("mkdocs", "mkdocs-material", "Markdown", "Jinja2", "pymdown-extensions", "Pygments")
_LINE = re.compile(r"^(WARNING|ERROR|CRITICAL)\b\s*-?\s*(.*)$")
_DESCRIPTION = re.compile(r'^description: (".*")$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What MkDocs made, and by what it is known again."""

    folder: Path
    key: str

    def paths(self) -> Iterator[str]:
        """Name every file, below the folder."""
        yield from sorted(str(one.relative_to(self.folder)) for one in self.folder.rglob("*") if one.is_file())

    def text(self, path: str) -> str:
        """Read a page."""
        return (self.folder / path).read_text()


def render(docs: Mapping[str, str], nav: Sequence[Any], root: Path, out: Path, kept_in: Path | None) -> Rendered:
    """Render Markdown pages and the repository's prose. Raises Refusal for what MkDocs says of them.

    The Markdown and the settings lie beside `out`, for any other generator; what was made lies in the cache's folder,
    and without one beside `out`.
    """
    whole = {**docs, **_prose(root / "site" / "pages")}
    home = out.with_name("docs")
    shutil.rmtree(home, ignore_errors=True)
    for path, text in whole.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(text.encode())
    key = _key(whole, nav, root)
    kept = kept_in / "mkdocs" if kept_in else out.with_name(f"{out.name}.mkdocs")
    for found in kept.glob(f"{key}-*"):
        if found.name == f"{key}-{_digest(found)}":  # what was damaged since is made again
            os.utime(found)
            return Rendered(found, key)
        remove(found)
    making = kept / "making"
    _mkdocs(nav, root, home, making)
    for other in sorted(kept.glob("*-*"), key=lambda one: one.stat().st_mtime_ns)[: 1 - MOST]:
        remove(other)
    return Rendered(making.rename(kept / f"{key}-{_digest(making)}"), key)


def _digest(folder: Path) -> str:
    told = hashlib.sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        told.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return told.hexdigest()[:32]


def described(html: str, markdown: str) -> str:
    """Put the description that a page's Markdown has now into the page."""
    found = _DESCRIPTION.search(markdown)
    told = json.loads(found[1]) if found else ""
    return re.sub(r'(<meta name="description" content=")[^"]*"', lambda m: f'{m[1]}{told}"', html, count=1)


def _prose(folder: Path) -> dict[str, str]:
    template = (folder.parents[1] / SUBMITTING).read_text().split("\n", 1)[1]  # one source: this file, less its heading
    comment = f"<!-- {SUBMITTING} -->"
    return {one.name: one.read_text().replace(comment, template.strip()) for one in sorted(folder.glob("*.md"))}


def _key(docs: Mapping[str, str], nav: Sequence[Any], root: Path) -> str:
    told = hashlib.sha256(f"{sys.version} {[metadata.version(name) for name in WITH]}".encode())
    for path, text in sorted(docs.items()):
        if 'data-slot="' in text:
            text = _DESCRIPTION.sub("", text, count=1)  # noqa: PLW2901 - it is put in afterwards
        told.update(f"{path}\0{text}\0".encode())
    told.update(f"{json.dumps(nav)}\0{(root / 'mkdocs.yml').read_text()}\0".encode())
    told.update(_digest(root / "site" / "theme").encode())
    return told.hexdigest()[:32]


def _mkdocs(nav: Sequence[Any], root: Path, docs: Path, out: Path) -> None:
    """Run MkDocs with the repository's mkdocs.yml, our folders and our navigation."""
    settings = {
        "INHERIT": str(root / "mkdocs.yml"),
        "docs_dir": str(docs),
        "site_dir": str(out.absolute()),
        "theme": {"custom_dir": str(root / "site" / "theme")},
        "nav": nav,
    }
    config = docs.with_name("mkdocs.generated.yml")
    config.write_text(json.dumps(settings, indent=1) + "\n")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "NO_MKDOCS_2_WARNING": "1", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", str(config)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines()
        found = [line for line in lines if _LINE.match(line)] or lines[-5:] or ["it said nothing"]
        raise Refusal(Problem("mkdocs", "", line, "Mend the page that it names") for line in found)
