"""What the Hub says of a submission's model: there at that commit, safe to load, licensed, of a size that fits.

Trouble with the Hub itself is raised as hub_trouble.Unreachable and never becomes a problem of the submission.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wattbench import fetching, hub, tasks
from wattbench.checking.report import Remote
from wattbench.hub_trouble import Gated, Unreachable
from wattbench.legible import legible
from wattbench.loading import architectures, memory, preflight
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattbench.hub import Repository
    from wattbench.loading.preflight import Outline
    from wattbench.submissions import Submission

# What the harness takes its models from besides, and never runs.
CODE = (".py", ".so", ".sh", ".dll", ".exe")


@dataclass(frozen=True, slots=True)
class Device:
    """The class of device that submissions are measured on, as board names have it; its memory by its name."""

    sku: str

    @property
    def bytes(self) -> int | None:
        """The memory in bytes, None for a name that does not tell it."""
        found = re.search(r"-(\d+)gb$", self.sku)
        return int(found[1]) * 10**9 if found else None


def look(path: str, submission: Submission, device: Device) -> tuple[Remote | None, list[Problem], list[Problem]]:
    """Ask the Hub about a model: what it says, what is wrong, what is worth knowing. Raises Unreachable."""
    model = submission.model
    try:
        found = hub.look_up("model", model.id, model.revision)
    except Unreachable:
        raise
    except Gated:
        return None, [], [_gated(path, model.id)]
    except Refusal as refusal:
        return None, [_placed(path, model.id, one) for one in refusal.problems], []
    problems = list(_as_listed(path, submission, found))
    notes = list(_worth_knowing(path, submission, found))
    if device.bytes is None:
        notes.append(Problem(path, "precisions", f"whether it fits a {device.sku} is not known", ""))
    outline: Outline | None = None
    try:
        outline = fetching.outline_of(found)
        problems += _judged(path, submission, outline, device)
    except Unreachable:
        raise
    except Gated:
        notes.append(_gated(path, model.id))
    except Refusal as refusal:
        problems += [_placed(path, model.id, one) for one in refusal.problems]
    weights = [found.files[name].sha256 for name in preflight.weight_files(found.files)]
    remote = Remote(
        licence=found.licence,
        gated=found.gated,
        parameters=_parameters(found, outline),
        weights=tuple(one for one in weights if one),
    )
    return remote, list(dict.fromkeys(problems)), list(dict.fromkeys(notes))


def _gated(path: str, identity: str) -> Problem:
    what = f"{identity} is gated: what lies in it was not looked at"
    return Problem(path, "model.id", what, "It waits until the maintainers may read it; ask its owner to let them")


def _as_listed(path: str, submission: Submission, found: Repository) -> Iterator[Problem]:
    """Find what is wrong by the list of files alone."""
    asked = submission.model.id
    if found.name and found.name != asked:
        what = f"the Hub calls it {legible(found.name, 200)}, and not {asked}"
        yield Problem(path, "model.id", what, "Write the name and the folder as the Hub does")
    if found.private:
        yield Problem(path, "model.id", f"{asked} is private: nobody could repeat a result", "Make it public first")
    if not preflight.weight_files(found.files):
        what = f"{asked} holds no safetensors that could be loaded"
        yield Problem(path, "model", what, "Ask the owner for safetensors; pickles are not run")


def _worth_knowing(path: str, submission: Submission, found: Repository) -> Iterator[Problem]:
    model = submission.model
    if not found.licence:
        remedy = "Ask the owner to state one in the model card"
        yield Problem(path, "attestations.license_permits_publication", f"{model.id} states no licence", remedy)
    if found.gated:
        what = f"{model.id} is gated: whoever measures it has to accept its owner's terms"
        yield Problem(path, "model.id", what, "It waits until the maintainers have")
    if any(name.endswith(CODE) for name in found.files):
        yield Problem(path, "model", f"{model.id} holds code, which is neither fetched nor run", "")
    told = [one for one in found.base_models if one != model.id]
    if told and model.base_model not in told:
        what = f"the model card names {legible(', '.join(told), 200)} as what it was made from"
        remedy = "Take it over as base_model: relatives count as one lineage"
        yield Problem(path, "model.base_model", what, remedy)
    if not architectures.are_known():
        what = "its architecture was not looked at: transformers is not installed here"
        yield Problem(path, "tasks", what, "")


def _judged(path: str, submission: Submission, outline: Outline, device: Device) -> Iterator[Problem]:
    """Find what would keep the model from its boards, by its small files and the headers of its weights."""
    for name in submission.tasks:
        for precision in submission.precisions:
            wish = preflight.Wish(tasks.find(name), precision, device.bytes, device.sku)
            for one in preflight.judge(outline, wish):
                if one.field != "weights":  # said by the list of files
                    yield _placed(path, submission.model.id, one)


_FIELDS = {
    "id": "model.id",
    "revision": "model.revision",
    "memory": "precisions",
    "precision": "precisions",
    "architectures": "tasks",
    "model_type": "tasks",
}


def _placed(path: str, identity: str, found: Problem) -> Problem:
    """Say of the submission what is wrong with the model that it names: the file at fault stays in the message."""
    inside = found.file.removeprefix(identity).lstrip("/")
    where = ": ".join(filter(None, (inside, "" if found.field in _FIELDS else found.field)))
    message = f"{identity}: {where}: {found.message}" if where else f"{identity} {found.message}"
    return replace(found, file=path, field=_FIELDS.get(found.field, "model"), message=message)


def _parameters(found: Repository, outline: Outline | None) -> int | None:
    """Count parameters: by the headers, else as the Hub counted them."""
    if outline is not None and outline.tensors:
        return memory.parameters(outline.tensors)
    return sum(found.parameters.values()) or None
