"""Whether the Hub has a newer revision of a model than those measured: a file, so that a site can say so offline.

    {"heads": {"ORG/NAME": {"revision": "40 hexadecimal digits", "same": ["40 digits", ...]}, ...}, "schema": 1}

`revision` is the head of the main branch; `same` are measured revisions that differ from it in nothing but its card,
pictures and licence: a commit that adds a badge makes no newer model. Of a model that is not named nothing is known.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from wattbench.passes import Frozen
from wattbench.problems import Problem, Refusal
from wattbench.submissions import ModelId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from wattbench.hub import Repository

SCHEMA = 1
REMEDY = "Write the file anew: wattbench heads submissions"
COMMIT = r"^[0-9a-f]{40}$"
Commit = Annotated[str, Field(pattern=COMMIT)]
# Files that change nothing of what a model does.
_BESIDE = re.compile(
    r"(\.eval_results/.*|\.git(attributes|ignore)|.*\.(md|png|jpe?g|gif|svg|webp|pdf)|licen[cs]e.*|notice.*)",
    re.IGNORECASE,
)


class Head(Frozen):
    """The newest revision of a model, and the measured ones that are the same but for what stands beside it."""

    revision: Commit
    same: tuple[Commit, ...] = Field(default=(), strict=False)

    def passes(self, revision: str) -> bool:
        """Tell whether a measured revision is older than this one, and not the same."""
        return revision != self.revision and revision not in self.same


class Heads(Frozen):
    """What the Hub said of each model."""

    schema_: Literal[1] = Field(alias="schema")
    heads: dict[ModelId, Head]


def read(path: Path) -> dict[str, Head]:
    """Read the file. Raises Refusal with everything that is wrong."""
    try:
        return dict(Heads.model_validate_json(path.read_bytes()).heads)
    except ValidationError as error:
        found = [
            Problem(str(path), ".".join(map(str, one["loc"])), one["msg"], REMEDY)
            for one in error.errors(include_url=False)
        ]
        raise Refusal(found) from None
    except OSError as error:
        raise Refusal([Problem(str(path), "", f"cannot be read: {error.strerror}", REMEDY)]) from None


def to_bytes(heads: Mapping[str, Head]) -> bytes:
    """Give the file's bytes: sorted, one newline at the end."""
    told = {name: one.model_dump(mode="json") for name, one in heads.items()}
    return (json.dumps({"heads": told, "schema": SCHEMA}, sort_keys=True, indent=1) + "\n").encode()


def measured(folders: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """Give the revisions on the Hub that were measured of each model, from the run files below some folders."""
    form = TypeAdapter[str](ModelId)
    found: dict[str, set[str]] = {}
    for path in sorted(one for folder in folders for one in folder.glob("*/*/runs/*.json")):
        try:
            model: Any = json.loads(path.read_bytes())["model"]
            name, revision = form.validate_python(model["id"]), str(model["revision"])
        except (ValueError, KeyError, TypeError, OSError):  # no run file, or one that others will refuse
            continue
        if re.fullmatch(COMMIT, revision):
            found.setdefault(name, set()).add(revision)
    return {name: tuple(sorted(some)) for name, some in sorted(found.items())}


def look_up(
    revisions: Mapping[str, Iterable[str]], ask: Callable[[str, str | None], Repository]
) -> tuple[dict[str, Head], list[Problem]]:
    """Ask for the head of each model and for the revisions measured; and say what kept others from being known."""
    heads: dict[str, Head] = {}
    problems: list[Problem] = []
    for name, some in revisions.items():
        try:
            head = ask(name, None)
            older = [ask(name, revision) for revision in some if revision != head.commit]
        except Refusal as refusal:
            problems += refusal.problems
        else:
            same = tuple(one.commit for one in older if _matter(one) == _matter(head))
            heads[name] = Head(revision=head.commit, same=same)
    return heads, problems


def _matter(repository: Repository) -> dict[str, str | None]:
    """Give the hash of every file that a model is made of."""
    return {name: one.sha256 or one.git_sha1 for name, one in repository.files.items() if not _BESIDE.fullmatch(name)}
