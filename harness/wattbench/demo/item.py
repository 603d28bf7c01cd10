"""What the demo puts on the Shelf is a list of items: a folder, the archives that it needs, and what makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench import shelf as shelves
from wattbench import workloads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wattbench.demo.packages import Archive
    from wattbench.tasks import Row

    Get = Callable[[Archive], Path]
    Make = Callable[[Path, Get], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Item:
    """One folder of the Shelf: what it holds, which archives it needs (its own first), and what makes it.

    `make(folder, get)` fills a folder from the archives that `get` gives, and returns the sha256 of weight files as
    they were fetched, by the name under which they are stored.
    """

    folder: Path
    title: str
    archives: tuple[Archive, ...]
    manifest: dict[str, Any]
    make: Make


def model(
    shelf: Path,
    name: str,
    archives: tuple[Archive, ...],
    about: str,
    make: Make,
    *,
    base: str | None = None,
    licence: str = "apache-2.0",
) -> Item:
    """Describe a model; the first archive names its revision."""
    model_id, revision = f"demo/{name}", f"package:{archives[0].requirement}"
    manifest = {
        "kind": "model",
        "name": model_id,
        "revision": revision,
        "weights": "real",
        "licence": licence,
        "base_model": base,
        "about": about,
    }
    return Item(shelves.model_folder(shelf, model_id, revision), name, archives, manifest, make)


def workload(
    shelf: Path, task: str, title: str, about: str, archives: tuple[Archive, ...], read: Callable[..., list[Row]]
) -> Item:
    """Describe a workload, version 0 of its task: `read` turns the archives into rows."""

    def make(folder: Path, get: Get) -> dict[str, str]:
        workloads.save_rows(read(*(get(archive) for archive in archives)), folder)
        return {}

    manifest = {
        "kind": "workload",
        "name": task,
        "revision": "v0",
        "weights": None,
        "licence": None,
        "base_model": None,
        "about": about,
    }
    return Item(shelves.workload_folder(shelf, task, 0), title, archives, manifest, make)
