"""Submissions: what people ask to have measured, as strict YAML. Every problem of a file is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wattbench import strict_yaml, tasks
from wattbench.boards import Precision, Reasoning, Scenario
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic_core import ErrorDetails

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
ModelId = Annotated[str, Field(pattern=rf"^{_NAME}/{_NAME}$")]
FILE = "submission.yml"
LONGEST_QUOTE = 60


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)


class Package(_Strict):
    """A package on the Python index that carries weights: the demo's stand-in for a revision. Never rated."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+!-]{0,31}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelRef(_Strict):
    """Which model, at which revision (or, in the demo, from which package)."""

    id: ModelId
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    base_model: ModelId | None = None
    package: Package | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.revision is None) == (self.package is None):
            raise ValueError("needs exactly one of revision and package")
        return self

    @property
    def key(self) -> str:
        """The revision as run files and the Shelf name it: 40 hex, or `package:NAME==VERSION`."""
        return self.revision or (f"package:{self.package.name}=={self.package.version}" if self.package else "")


class Submitter(_Strict):
    """Who asks, and how they stand to the model."""

    github: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$")]
    relationship: Literal["owner", "user", "maintainer"]


class Attestations(_Strict):
    """What the submitter vouches for."""

    no_benchmark_specific_tuning: Literal[True]
    license_permits_publication: Literal[True]


class Submission(_Strict):
    """What people ask for: one model, its tasks, precisions, scenarios and ways of reasoning."""

    schema_: Literal[1] = Field(alias="schema")
    model: ModelRef
    tasks: Annotated[tuple[str, ...], Field(min_length=1, max_length=11, strict=False)]
    precisions: Annotated[tuple[Precision, ...], Field(min_length=1, max_length=5, strict=False)]
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=2, strict=False)] = ("single",)
    reasoning: Annotated[tuple[Reasoning, ...], Field(min_length=1, max_length=5, strict=False)] = ("off",)
    submitter: Submitter
    attestations: Attestations
    notes: Annotated[str, Field(max_length=280, pattern=r"^[^<>`|\x00-\x1f\x7f]*$")] | None = None


_REMEDIES = {
    "model.id": "Write ORG/NAME as the Hub spells it",
    "model.revision": "Give the commit as 40 hex digits in quotes; a branch or tag can move",
    "model": 'Give `revision: "<40 hex>"` for a model of the Hub',
    "schema": "Write `schema: 1`",
    "submitter.relationship": "Write owner, user or maintainer",
    "notes": "Plain words, 280 characters at most, without < > ` | and line breaks",
    "precisions": "Choose from fp32, bf16, fp16, int8, int4",
    "scenarios": "Choose from single, saturated",
    "reasoning": "Choose from off, on, low, medium, high",
}


def load(path: Path) -> Submission:
    """Read a submission and check that its place and its content agree. Raises Refusal with every problem."""
    data = strict_yaml.load(path)
    problems: list[Problem] = []
    submission: Submission | None = None
    try:
        submission = Submission.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        within = {issue["loc"][:-1] for issue in found}  # a list whose items are all wrong is not also too short
        problems += [
            _translate(path, issue) for issue in found if not (issue["type"] == "too_short" and issue["loc"] in within)
        ]
    problems += _unknown_tasks(path, data.get("tasks"))
    problems += _misplaced(path, data.get("model"))
    if problems or submission is None:
        raise Refusal(problems)
    return submission


def _translate(path: Path, issue: ErrorDetails) -> Problem:
    """Turn one of pydantic's findings into file, field, message and remedy."""
    field = ".".join(str(part) for part in issue["loc"])
    trunk = field.rsplit(".", 1)[0] if field.rsplit(".", 1)[-1].isdigit() else field
    match issue["type"]:
        case "missing":
            return Problem(str(path), field, "is missing", _REMEDIES.get(trunk, f"Add `{field.rsplit('.')[-1]}:`"))
        case "extra_forbidden":
            return Problem(str(path), field, "is not a field of a submission", "Remove it, or check its spelling")
        case "string_type" if isinstance(issue["input"], int | float | bool):
            return Problem(str(path), field, f"was read as the number {issue['input']}", "Put the value in quotes")
        case "literal_error":
            expected = issue.get("ctx", {}).get("expected", "another value")
            remedy = _REMEDIES.get(trunk, f"Write {expected}")
            return Problem(str(path), field, f"is {issue['input']!r}, expected {expected}", remedy)
        case "string_pattern_mismatch":
            return Problem(
                str(path),
                field,
                f"{_short(issue['input'])} is not of its form",
                _REMEDIES.get(trunk, "See submissions/README.md"),
            )
    message = issue["msg"].removeprefix("Value error, ")
    return Problem(
        str(path), field, message[:1].lower() + message[1:], _REMEDIES.get(trunk, "See submissions/README.md")
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}..."


def _unknown_tasks(path: Path, wanted: object) -> Iterator[Problem]:
    known = tasks.names()
    for name in wanted if isinstance(wanted, list) else []:
        if isinstance(name, str) and name not in known:
            yield Problem(str(path), "tasks", f"there is no task {_short(name)}", f"Choose from {', '.join(known)}")


def _misplaced(path: Path, model: object) -> Iterator[Problem]:
    """Check submissions/ORG/NAME/submission.yml against model.id; files elsewhere are nobody's place."""
    place = path.resolve()
    if place.name != FILE or place.parents[2].name != "submissions" or not isinstance(model, dict):
        return
    expected = f"{place.parents[1].name}/{place.parents[0].name}"
    if isinstance(model.get("id"), str) and model["id"] != expected:
        remedy = f"Move it to submissions/{model['id']}/{FILE}, or correct the id"
        yield Problem(str(path), "model.id", f"is {_short(model['id'])} in the place of {expected}", remedy)


def collect(paths: list[Path]) -> list[Path]:
    """Find the submission files that paths name: files as they are, folders searched. Raises Refusal for none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob(FILE)) if path.is_dir() else [path]
        if not inside:
            raise refuse(path, "", f"holds no {FILE}", "Name a submission file, or a folder that holds some")
        found += inside
    return found


def check(paths: list[Path]) -> tuple[list[tuple[Path, Submission]], list[Problem]]:
    """Load every submission that paths name; the good ones, and every problem of the others."""
    good: list[tuple[Path, Submission]] = []
    problems: list[Problem] = []
    try:
        files = collect(paths)
    except Refusal as refusal:
        return [], list(refusal.problems)
    for path in files:
        try:
            good.append((path, load(path)))
        except Refusal as refusal:
            problems += refusal.problems
    return good, problems


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a submission, for editors and checks."""
    return Submission.model_json_schema(by_alias=True)
