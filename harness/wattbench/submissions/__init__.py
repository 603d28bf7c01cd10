"""Submissions: what people ask to have measured, as strict YAML. Every problem of a file is reported at once."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wattbench import tasks
from wattbench.legible import quoted
from wattbench.problems import Problem, Refusal, refuse
from wattbench.submissions import strict_yaml
from wattbench.submissions.submission_form import (
    Attestations,
    ModelId,
    ModelRef,
    Package,
    Submission,
    Submitter,
    json_schema,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic_core import ErrorDetails

__all__ = ["Attestations", "ModelId", "ModelRef", "Package", "Submission", "Submitter", "json_schema"]

FILE = "submission.yml"
MOST = 40  # problems of one file that are named; the rest are counted
_REMEDIES = {
    "model.id": "Write ORG/NAME as the Hub spells it",
    "model.revision": "Give the commit as 40 hex digits in quotes; a branch or tag can move",
    "model": 'Give `revision: "<40 hex>"` for a model of the Hub',
    "schema": "Write `schema: 1`",
    "submitter.github": "Write your name on GitHub, without @",
    "attestations.no_benchmark_specific_tuning": "Write true where it is so; without it nothing is measured",
    "attestations.license_permits_publication": "Write true where it is so; without it nothing is measured",
    "submitter.relationship": "Write owner, user or maintainer",
    "notes": "Plain words, 280 characters at most, without < > ` | [ ] and line breaks",
    "precisions": "Choose from fp32, bf16, fp16, int8, int4",
    "scenarios": "Choose from single, saturated",
    "reasoning": "Choose from off, on, low, medium, high",
}


def homes(folder: Path) -> list[str]:
    """List the folders of models below a submissions folder."""
    return [home for org in _folders(str(folder)) for home in _folders(org)]


def lying(homes: Iterable[str], name: str) -> list[Path]:
    """List what has a name in the folders of models: ORG/NAME/`name`, by their paths."""
    return sorted(Path(home, name) for home in homes if os.access(f"{home}/{name}", os.F_OK))  # most are not there


def _folders(folder: str) -> list[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [one.path for one in entries if one.is_dir()]
    return []


def load(path: Path) -> Submission:
    """Read a submission and check that its place and its content agree. Raises Refusal with every problem."""
    return _of(strict_yaml.load(path), path)


def parse(data: bytes, path: Path) -> Submission:
    """Read a submission from bytes that lie, or lay, at a path. Raises Refusal with every problem."""
    return _of(strict_yaml.parse(data, path), path)


def _of(data: dict[str, Any], path: Path) -> Submission:
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
    problems += _its_own_base(path, data.get("model"))
    if len(problems) > MOST:
        more = Problem(str(path), "", f"and {len(problems) - MOST} problems more", "Begin with the annotated template")
        problems = [*problems[:MOST], more]
    if problems or submission is None:
        raise Refusal(problems)
    return submission


def _translate(path: Path, issue: ErrorDetails) -> Problem:
    """Turn one of pydantic's findings into file, field, message and remedy."""
    field = ".".join(str(part) for part in issue["loc"])
    message, remedy = _words(issue, field)
    known = _REMEDIES.get(re.sub(r"\.\d+$", "", field))
    return Problem(str(path), field, message, remedy or known or "See submissions/README.md")


def _words(issue: ErrorDetails, field: str) -> tuple[str, str | None]:
    """Say what is wrong, and what to do where the field does not tell that."""
    given = issue["input"]
    message, remedy = issue["msg"].removeprefix("Value error, "), None
    match issue["type"]:
        case "missing":
            message, remedy = "is missing", _REMEDIES.get(field, f"Add `{field.rsplit('.', maxsplit=1)[-1]}:`")
        case "extra_forbidden":
            message, remedy = "is not a field of a submission", "Remove it, or check its spelling"
        case _ if given is None:
            message = "is left empty"
        case "string_type" if isinstance(given, int | float | date):
            what = {bool: "true or false", int: "the number", float: "the number"}.get(type(given), "a date")
            message, remedy = f"was read as {what} {quoted(given)}", "Put the value in quotes"
        case "literal_error":
            message = f"is {quoted(given)}, expected {issue.get('ctx', {}).get('expected', 'another value')}"
        case "string_pattern_mismatch":
            message = f"{quoted(given)} is not of its form"
    return message[:1].lower() + message[1:], remedy


def _unknown_tasks(path: Path, wanted: object) -> Iterator[Problem]:
    known = tasks.names()
    for name in wanted[:MOST] if isinstance(wanted, list) else []:
        if isinstance(name, str) and name not in known:
            yield Problem(str(path), "tasks", f"there is no task {quoted(name)}", f"Choose from {', '.join(known)}")


def _misplaced(path: Path, model: object) -> Iterator[Problem]:
    """Check submissions/ORG/NAME/submission.yml against model.id; files elsewhere are nobody's place."""
    *_, root, org, name, file = ("", "", "", *path.resolve().parts)
    if file != FILE or root != "submissions" or not isinstance(model, dict):
        return
    expected = f"{org}/{name}"
    if isinstance(model.get("id"), str) and model["id"] != expected:
        remedy = f"Move it to submissions/{model['id']}/{FILE}, or correct the id"
        yield Problem(str(path), "model.id", f"is {quoted(model['id'])} in the place of {expected}", remedy)


def _its_own_base(path: Path, model: object) -> Iterator[Problem]:
    if isinstance(model, dict) and isinstance(model.get("id"), str) and model["id"] == model.get("base_model"):
        yield Problem(str(path), "model.base_model", "names the model itself", "Leave it out")


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
