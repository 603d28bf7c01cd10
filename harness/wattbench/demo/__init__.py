"""The embedded default: fill the Shelf with real trained models and data from the Python index, without a Hub."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

from wattbench import shelf as shelves
from wattbench.demo import data, models, packages
from wattbench.problems import refuse

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.demo.item import Item
    from wattbench.demo.packages import Archive
    from wattbench.submissions import Submission

FETCHED = "packages"


def items(shelf: Path) -> tuple[Item, ...]:
    """Everything that the demo puts on the Shelf, models first."""
    return (
        *models.sentence_models(shelf),
        *models.image_models(shelf),
        *models.text_models(shelf),
        *models.speech_models(shelf),
        *data.workloads(shelf),
    )


def fill(item: Item, shelf: Path) -> bool:
    """Put one item on the Shelf; False where it is there already. Raises Refusal, and then leaves nothing half-made."""
    if (item.folder / shelves.MANIFEST).is_file():
        return False
    cache = shelf / FETCHED
    with shelves.place(item.folder) as folder:
        with contextlib.redirect_stderr(io.StringIO()):  # the libraries' own bars of progress; errors are raised
            fetched = item.make(folder, lambda archive: packages.fetch(archive, cache))
        source = ", ".join(f"Python index, {archive.requirement}" for archive in item.archives)
        shelves.write_manifest(folder, item.manifest, {**fetched}, source)
    return True


def missing_archives(shelf: Path) -> list[Archive]:
    """The archives that `fill` would still have to download."""
    wanted = {
        archive.name: archive
        for item in items(shelf)
        if not (item.folder / shelves.MANIFEST).is_file()
        for archive in item.archives
    }
    return [archive for archive in wanted.values() if packages.cached(archive, shelf / FETCHED) is None]


def find(submission: Submission, path: Path, shelf: Path) -> Item:
    """Find the item that a demo submission asks for. Raises Refusal where its package is none of the demo's."""
    package, model = submission.model.package, submission.model
    for item in items(shelf):
        if package and (item.manifest["name"], item.manifest["revision"]) == (model.id, model.key):
            if item.archives[0].sha256 != package.sha256:
                remedy = f"The demo was checked with {item.archives[0].sha256}"
                raise refuse(path, "model.package.sha256", "is not the archive that the demo knows", remedy)
            return item
    known = ", ".join(item.manifest["name"] for item in items(shelf) if item.manifest["kind"] == "model")
    raise refuse(path, "model.package", f"{model.id} from {model.key} is no model of the demo", f"It knows {known}")
