"""Models of the Hub: what their small files say before anything is fetched, then onto the Shelf, checked by hash."""

from __future__ import annotations

import re
import shutil
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from wattbench import hub, tasks
from wattbench import shelf as shelves
from wattbench.loading import preflight
from wattbench.problems import ModelRefused, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wattbench.hub import Repository, Tell
    from wattbench.loading.preflight import Outline
    from wattbench.submissions import Submission
    from wattbench.tasks import Task

# What a model needs to be loaded besides its weights; never pickles, never code.
LARGEST_JSON = 10_000_000  # bytes of a file that is read whole before anything is fetched
WANTED = ("*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken")


def needed(name: str) -> Iterator[tuple[str, str]]:
    """Give id and revision of what the sessions of a task need besides candidates: its reference, models that grade."""
    task: Task = tasks.find(name)
    reference = task.references.get(max(task.references, default=0))
    for identity, revision in (*([reference] if reference else []), *task.graders.values()):
        if re.fullmatch("[0-9a-f]{40}", revision):  # the demo's come from packages
            yield identity, revision


def outline(identity: str, revision: str) -> tuple[Repository, Outline]:
    """Read what a model's small files and the headers of its weights say, without fetching it. Raises Refusal."""
    found = hub.look_up("model", identity, revision)
    return found, outline_of(found)


def outline_of(found: Repository) -> Outline:
    """Read what the small files and the headers of the weights of a model that was looked up say. Raises Refusal."""
    identity = found.id
    small = sorted(name for name in found.files if preflight.is_small(name))
    for name in small:
        if found.files[name].bytes > LARGEST_JSON:
            what = f"has {found.files[name].bytes / 1e6:.0f} MB, where a few kB are usual"
            raise refuse(f"{identity}/{name}", "", what, "Ask the owner to mend it")
    texts = {name: preflight.parse(f"{identity}/{name}", hub.read(found, name)) for name in small}
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name in preflight.weight_files(found.files):
        start = hub.read(found, name, preflight.HEADER_START)
        size = preflight.header_size(f"{identity}/{name}", start) + 8
        text = (start if size <= len(start) else hub.read(found, name, size))[8:size]
        tensors |= {f"{name}:{key}": one for key, one in preflight.header(f"{identity}/{name}", text).items()}
    return preflight.Outline(identity, frozenset(found.files), texts, tensors or None)


def prefetch(submission: Submission, shelf: Path, tell: Tell | None = None) -> bool:
    """Fetch a submission's model onto the Shelf; False where it is there already. Raises Refusal."""
    return prefetch_model(submission.model.id, submission.model.key, shelf, submission.model.base_model, tell)


def prefetch_model(
    identity: str, revision: str, shelf: Path, base_model: str | None = None, tell: Tell | None = None
) -> bool:
    """Fetch a model at a commit onto the Shelf; False where it is there already.

    Raises Refusal where the Hub refuses, the model is gated, its safetensors are missing, or a hash differs.
    """
    folder = shelves.model_folder(shelf, identity, revision)
    if (folder / shelves.MANIFEST).is_file():
        return False
    found = hub.look_up("model", identity, revision)
    weights = preflight.weight_files(found.files)
    if not weights:
        what = "holds no safetensors"
        raise ModelRefused(refuse(identity, "revision", what, "Ask for safetensors; pickles are not run").problems)
    names = [*weights, *sorted(name for name in found.files if any(fnmatch(name, one) for one in WANTED))]
    waiting = hub.downloads(shelf, found)
    hashes = hub.fetch(found, names, waiting, tell)
    for name in weights:
        with (waiting / name).open("rb") as file:
            preflight.header_size(f"{identity}/{name}", file.read(preflight.HEADER_START))
    with shelves.place(folder) as temporary:
        for name in names:
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (waiting / name).rename(temporary / name)
        manifest = {
            "kind": "model",
            "name": identity,
            "revision": revision,
            "weights": "real",
            "licence": found.licence,
            "base_model": base_model,
            "about": f"{identity} at {revision} from the Hub.",
        }
        shelves.write_manifest(temporary, manifest, dict(hashes), f"Hub, {identity}@{revision}")
    shutil.rmtree(waiting, ignore_errors=True)
    return True
