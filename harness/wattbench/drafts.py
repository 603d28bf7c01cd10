"""Drafts a submission from what the Hub says of a model. What a person vouches for is never filled in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from wattbench import fetching, hub, tasks
from wattbench.boards import Precision, Scenario
from wattbench.hub_trouble import Gated
from wattbench.legible import legible
from wattbench.loading import memory
from wattbench.problems import refuse
from wattbench.submissions import FILE
from wattbench.submissions.submission_form import MODEL_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattbench.hub import Repository

SCHEMA = "api/v1/submission.schema.json"  # where the site has it
PRECISIONS = {"F32": "fp32", "BF16": "bf16", "F16": "fp16"}
# Pipeline tags of the Hub that our tasks go by another name than Optimum's.
_TAGS = {"feature-extraction": "sentence-similarity", "image-text-to-text": "image-captioning"}
LEFT = (
    ("submitter.github", "your name on GitHub"),
    ("submitter.relationship", "owner, user or maintainer"),
    ("attestations", "true for each that you vouch for; nobody does it for you"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A submission that a person has yet to finish: its text, and what is left to fill, by field."""

    model: str
    text: str
    left: tuple[tuple[str, str], ...]


def draft(identity: str, chosen: Sequence[str], address: str | None) -> Draft:
    """Draft a submission of a model at its newest commit. Raises Refusal.

    `chosen` are its tasks, by default what the Hub says that it does; `address` is the site's, None where nobody knows.
    """
    if not re.fullmatch(MODEL_ID, identity):
        raise refuse("", "MODEL", f"{legible(repr(identity), 100)} is no name of a model", "Write ORG/NAME")
    unknown = sorted(set(chosen) - set(tasks.names()))
    if unknown:
        known = ", ".join(tasks.names())
        raise refuse("", "--task", f"there is no task {', '.join(map(repr, unknown))}", f"Choose from {known}")
    found = hub.look_up("model", identity, None)
    if not re.fullmatch(MODEL_ID, found.name):
        raise refuse(identity, "id", f"the Hub calls it {legible(found.name, 100)}", "Submit a model that is ORG/NAME")
    counted = _counted(found)
    asked = list(dict.fromkeys(chosen)) or _proposed(found.task)
    precision = _precision(counted)
    left = [*LEFT]
    if not precision:
        left.insert(0, ("precisions", ", ".join(get_args(Precision))))
    if not asked:
        left.insert(0, ("tasks", ", ".join(tasks.names())))
    return Draft(found.name, "\n".join(_lines(found, counted, asked, precision, address)) + "\n", tuple(left))


def write(one: Draft, folder: Path) -> Path:
    """Write a draft below a folder of submissions; nothing is ever overwritten. Raises Refusal."""
    path = folder / one.model / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise refuse(path, "", "is there already, and is never overwritten", "Change that file, or remove it") from None
    except OSError as error:
        raise refuse(path, "", f"cannot be written: {error.strerror}", "Choose another folder with --out") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(one.text)
    return path


def site_address(folder: Path) -> str | None:
    """The site's address, as mkdocs.yml of the checkout that a folder lies in has it."""
    for root in (folder.resolve().parent, Path(__file__).parents[2]):
        try:
            found = re.search(r"^site_url:\s*(\S+)", (root / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
        except OSError:
            continue
        if found:
            return found[1].rstrip("/") + "/"
    return None


def _lines(
    found: Repository, counted: Mapping[str, int], asked: Sequence[str], precision: str | None, address: str | None
) -> Iterator[str]:
    if address:
        yield f"# yaml-language-server: $schema={address}{SCHEMA}"
    yield f"# Each field is explained in submissions/README.md. Check it: wattbench check submissions/{found.name}"
    yield f"# The Hub says: {'; '.join(_told(found, counted))}."
    yield "schema: 1"
    yield "model:"
    yield f"  id: {found.name}"
    yield f'  revision: "{found.commit}" # the newest commit when this was written'
    base = [one for one in found.base_models if re.fullmatch(MODEL_ID, one) and one != found.name]
    if len(base) == 1:
        yield f"  base_model: {base[0]} # as the model card says"
    yield f"tasks: [{', '.join(asked)}] # {'as the Hub says' if asked else 'choose'}; one or more"
    own = "the format of the weights" if precision else "choose"
    yield f"precisions: [{precision or ''}] # {own}; each of {', '.join(get_args(Precision))} is a board of its own"
    yield f"scenarios: [single] # {', '.join(get_args(Scenario))}"
    if any(tasks.find(name).reasoning for name in asked):
        yield 'reasoning: ["off"] # off, on, low, medium, high: those that the model knows'
    yield "submitter:"
    yield "  github: # your name on GitHub, without @"
    yield "  relationship: # owner, user or maintainer"
    yield "attestations: # write true for what you vouch for"
    yield "  no_benchmark_specific_tuning: false"
    yield "  license_permits_publication: false"


def _told(found: Repository, counted: Mapping[str, int]) -> Iterator[str]:
    """What the Hub says, in words that cannot leave a comment."""
    if counted:
        total = sum(counted.values())
        yield f"{memory.count(total)} parameters in {', '.join(sorted(legible(one, 20) for one in counted))}"
    yield f"licence {legible(found.licence, 60)}" if found.licence else "no licence stated"
    yield f"task {legible(found.task, 60)}" if found.task else "no task stated"
    if found.gated:
        yield "gated: it waits until the maintainers may read it"


def _counted(found: Repository) -> Mapping[str, int]:
    """Count parameters by dtype: as the Hub did, else by the headers of the weights."""
    if found.parameters:
        return {name: count for name, count in found.parameters.items() if isinstance(count, int) and count > 0}
    try:
        tensors = fetching.outline_of(found).tensors or {}
    except Gated:
        return {}
    kinds = {dtype for dtype, _ in tensors.values()}
    every = {kind: memory.parameters({name: one for name, one in tensors.items() if one[0] == kind}) for kind in kinds}
    return {kind: count for kind, count in sorted(every.items()) if count}


def _precision(counted: Mapping[str, int]) -> str | None:
    """The precision of the format that most parameters are in, None where that is none of ours."""
    return PRECISIONS.get(max(counted, key=counted.__getitem__)) if counted else None


def _proposed(tag: str | None) -> list[str]:
    able = [name for name in tasks.names() if tag is not None and tasks.find(name).optimum == _TAGS.get(tag, tag)]
    named = [name for name in tasks.names() if name == _TAGS.get(tag or "", tag)]
    return (named or able)[:1]
