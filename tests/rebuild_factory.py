"""A checkout's inputs and its site, to build again after a change and to hold against a build of everything."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import site_factory as make

from wattbench import evidence, runs
from wattboard import build

if TYPE_CHECKING:
    from pathlib import Path

MODELS = 150
ROOTS = ("mkdocs.yml", "site/pages", "site/theme", "keys", "submissions/README.md")


class Place:
    """Submissions, editions and a checkout of one's own, built with a cache; `whole` builds the same without one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.kept = folder, folder / "site" / "html", folder / "cache"

    def build(self) -> dict[str, str]:
        build.build([self.folder / "s"], [self.folder / "e"], self.out, lambda _: None, kept_in=self.kept)
        return digests(self.out)

    def whole(self) -> dict[str, str]:
        """Make all of it anew in another place, where only the reading of runs and MkDocs' work are kept."""
        out = self.folder / "whole" / "html"
        shutil.rmtree(out, ignore_errors=True)
        build.build([self.folder / "s"], [self.folder / "e"], out, lambda _: None, kept_in=self.folder / "other")
        return digests(out)

    def run_of(self, model: str) -> Path:
        return next(path for path in (self.folder / "s" / model / "runs").glob("*.json") if ".dsse" not in path.name)


def checkout(root: Path) -> Path:
    """Copy what a build reads of a checkout."""
    for name in ROOTS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        here = build._root() / name
        (shutil.copytree if here.is_dir() else shutil.copy)(here, root / name)
    return root


def digests(folder: Path) -> dict[str, str]:
    every = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in every}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Give each file's inode and time of change: a file that is written anew has another."""
    every = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in every}


def a_model(place: Place) -> str:
    """Name a model that was measured once, on the measured board."""
    return next("/".join(path.parts[-4:-2]) for path in sorted((place.folder / "s").glob("*/*-v1[0-9]/runs/*.json")))


def edited(place: Place, model: str, factor: float) -> None:
    """Measure a model anew, in the same sessions."""
    old = place.run_of(model)
    run = runs.from_bytes(old.read_bytes(), old)
    passes = tuple(one.model_copy(update={"joules": round(one.joules * factor, 4)}) for one in run.passes if one.joules)
    for path in (old, evidence.envelope_of(old)):
        path.unlink()
    runs.write(run.model_copy(update={"passes": passes}), place.folder / "s")
    make.seal(place.folder / "s", {make.GPU})
