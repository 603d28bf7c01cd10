"""Claims: what people measured themselves, `submissions/ORG/NAME/self-reported/WORD.json`. Grey, and never a star.

A claim is shown beside the model until the model is measured here. It is in nobody's pool, ranking or threshold.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wattbench import tasks
from wattbench.boards import Precision, Reasoning, Scenario
from wattbench.problems import Problem, Refusal, refuse
from wattbench.submissions import ModelId, lying

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "self-reported"
LARGEST = 8 * 1024
FIELDS = "submissions/README.md says what a self-reported result holds"


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("holds what does not print, or nothing at all")
    return text


def _a_task(text: str) -> str:
    if text not in tasks.names():
        raise ValueError(f"there is no such task; choose from {', '.join(tasks.names())}")
    return text


def _a_day(text: str) -> str:
    return dt.date.fromisoformat(text).isoformat()


Words = Annotated[str, Field(min_length=3, max_length=280, pattern=r"^[^<>`|]*$"), AfterValidator(_printable)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(_a_day)]


class Claim(BaseModel):
    """One result of somebody's own: of which model, asked how, on what, measured how, by whom and when."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)
    schema_: Literal[1] = Field(alias="schema")
    model: ModelId
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    task: Annotated[str, AfterValidator(_a_task)]
    precision: Precision
    scenario: Scenario
    reasoning: Reasoning = "off"
    wh_per_1000_queries: Annotated[float, Field(gt=0, le=1e9)]
    hardware: Words
    how: Words
    on: Day
    github: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$")]


def load(path: Path) -> Claim:
    """Read a claim and hold it against its place. Raises Refusal with every problem."""
    try:
        if path.is_symlink() or not path.is_file():
            raise refuse(path, "", "is no regular file", "Put a copy there: links are not followed")
        with path.open("rb") as handle:
            data = handle.read(LARGEST + 1)
    except OSError as error:
        raise refuse(path, "", f"cannot be read: {error.strerror}", "Check the path") from None
    if len(data) > LARGEST:
        raise refuse(path, "", f"is larger than {LARGEST} bytes", FIELDS)
    try:
        told = json.loads(data.decode(), object_pairs_hook=_once)
        claim = Claim.model_validate(told)
    except ValidationError as error:
        raise Refusal(
            Problem(str(path), ".".join(map(str, issue["loc"])), _said(issue["msg"]), FIELDS)
            for issue in error.errors()
        ) from None
    except (ValueError, RecursionError) as error:
        raise refuse(path, "", f"is no JSON: {error}", FIELDS) from None
    place = path.absolute().parents
    expected = f"{place[2].name}/{place[1].name}"
    if place[0].name == FOLDER and claim.model != expected:
        raise refuse(path, "model", f"is {claim.model!r}, but it lies in {expected}", "Move it, or correct the model")
    return claim


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        found[name] = value
    return found


def _said(message: str) -> str:
    words = message.removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def read(homes: Iterable[str]) -> tuple[tuple[tuple[Path, Claim], ...], tuple[tuple[Path, Refusal], ...]]:
    """Read every claim in the folders of models; and those that do not hold, each with its Refusal."""
    good: list[tuple[Path, Claim]] = []
    bad: list[tuple[Path, Refusal]] = []
    for path in sorted(one for home in lying(homes, FOLDER) for one in home.glob("*.json")):
        try:
            good.append((path, load(path)))
        except Refusal as refusal:
            bad.append((path, refusal))
    return tuple(good), tuple(bad)
