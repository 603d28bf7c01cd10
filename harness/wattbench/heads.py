"""Which revision of a model is the newest on the Hub: a file, so that a site can say so without a network.

    {"heads": {"ORG/NAME": "40 hexadecimal digits", ...}, "schema": 1}

A model that is not named is one of which nothing is known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from wattbench.passes import Frozen
from wattbench.problems import Problem, Refusal
from wattbench.submissions import ModelId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

SCHEMA = 1
REMEDY = "Write the file anew: wattbench heads submissions"
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Heads(Frozen):
    """The newest revision of each model, as the Hub said."""

    schema_: Literal[1] = Field(alias="schema")
    heads: dict[ModelId, Commit]


def read(path: Path) -> dict[str, str]:
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


def to_bytes(heads: Mapping[str, str]) -> bytes:
    """Give the file's bytes: sorted, one newline at the end."""
    return (json.dumps({"heads": dict(heads), "schema": SCHEMA}, sort_keys=True, indent=1) + "\n").encode()


def models(folders: Iterable[Path]) -> tuple[str, ...]:
    """Name the models that some folders of submissions hold, ORG/NAME each."""
    form = TypeAdapter[str](ModelId)
    found: set[str] = set()
    for place in (one for folder in folders for one in folder.glob("*/*")):
        if (place / "submission.yml").is_file() or (place / "runs").is_dir():
            try:
                found.add(form.validate_python(f"{place.parent.name}/{place.name}"))
            except ValidationError:  # no name that the Hub could have
                continue
    return tuple(sorted(found))


def look_up(names: Iterable[str], ask: Callable[[str], str]) -> tuple[dict[str, str], list[Problem]]:
    """Ask for the newest revision of each model; those found, and what kept the others from it."""
    heads: dict[str, str] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            heads[name] = ask(name)
        except Refusal as refusal:
            problems += refusal.problems
    return heads, problems
