"""The annotated template, the loader and the published schema say the same of a submission."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hostile
import jsonschema
import pytest
import yaml

from wattbench import drafts, submissions, tasks
from wattbench.problems import Refusal
from wattbench.submissions import strict_yaml
from wattboard.api import openapi, places

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = (ROOT / "submissions/README.md").read_text(encoding="utf-8")
TEMPLATE = README.split("```yaml\n")[1].split("```")[0]
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", README.split("## In the browser")[0], re.MULTILINE))


def published() -> dict[str, Any]:
    """The schema as the site has it."""
    return openapi.schemas("https://stars.example/")[places.SUBMISSION]


def fields(schema: dict[str, Any], part: dict[str, Any], before: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of the schema by its path, down to the values."""
    for name, told in part["properties"].items():
        inner = [one["$ref"] for one in [told, *told.get("anyOf", []), *told.get("allOf", [])] if "$ref" in one]
        if inner:
            yield from fields(schema, schema["$defs"][inner[0].rsplit("/", 1)[1]], f"{before}{name}.")
        else:
            yield before + name, told


FIELDS = dict(fields(published(), published()))


def test_the_template_is_a_good_submission_that_holds_every_field_but_the_demos(tmp_path: Path) -> None:
    path = tmp_path / "template.yml"
    path.write_text(TEMPLATE, encoding="utf-8")
    submissions.load(path)
    jsonschema.validate(strict_yaml.load(path), published())
    held: set[str] = set()
    for name, value in yaml.safe_load(TEMPLATE).items():
        held |= {f"{name}.{inner}" for inner in value} if isinstance(value, dict) else {name}
    assert held == {name for name in FIELDS if not name.startswith("model.package.")}


def test_every_field_is_explained_and_no_other() -> None:
    assert set(ROWS) == {name.split("package.")[0] + "package" if "package." in name else name for name in FIELDS}
    for words in ("`name`", "`version`", "`sha256`"):
        assert words in ROWS["model.package"]


def test_every_example_is_taken(tmp_path: Path) -> None:
    for name, row in ROWS.items():
        if name == "model.package":
            continue
        example = row.rsplit(" | ", 1)[1].strip("` ")
        told = yaml.safe_load(TEMPLATE)
        *outer, last = name.split(".")
        (told[outer[0]] if outer else told)[last] = yaml.safe_load(example)
        path = tmp_path / "example.yml"
        path.write_text(json.dumps(told))
        submissions.load(path)


def test_every_choice_is_named() -> None:
    assert re.findall(r"`([a-z-]+)`", ROWS["tasks"].rsplit(" | ", 1)[0]) == tasks.names()
    for name in ("precisions", "scenarios", "reasoning"):
        choices = FIELDS[name]["items"]["enum"]
        line = next(line for line in TEMPLATE.splitlines() if line.startswith(name))
        assert all(choice in line for choice in choices)


def test_the_first_line_is_where_the_site_publishes_the_schema() -> None:
    address = drafts.site_address(ROOT / "submissions")
    assert address is not None
    assert TEMPLATE.splitlines()[0] == f"# yaml-language-server: $schema={address}{places.SUBMISSION}"
    assert places.SUBMISSION == drafts.SCHEMA


def test_every_field_of_the_schema_has_a_description() -> None:
    assert [name for name, told in FIELDS.items() if not told.get("description")] == []
    jsonschema.Draft202012Validator.check_schema(published())


# What a schema cannot see: places, bytes, the YAML itself, letters that nobody sees; and what a validator in Python
# does not see either, for which `$` also stands before a last line break.
UNSEEN = {
    *("a revision and a line more", "a name with a line break", "tags of Unicode", "half a letter", "a private letter"),
    "UTF-16",
    *("a key given twice", "a key given twice inside", "a key given twice, once in quotes"),
    *("a key given twice, once escaped", "an alias to a field", "an anchor alone", "a binary tag", "a set"),
    *("a merge key", "a base model that is itself", "one with a point"),
}


@pytest.mark.parametrize("name", hostile.FILES)
def test_what_the_loader_refuses_the_schema_refuses_too(tmp_path: Path, name: str) -> None:
    if name in UNSEEN or len(hostile.FILES[name]) > strict_yaml.LARGEST:
        path = tmp_path / "x.yml"
        path.write_bytes(hostile.FILES[name])
        with pytest.raises(Refusal):
            submissions.load(path)
        return
    try:
        told = yaml.safe_load(hostile.FILES[name])
    except (yaml.YAMLError, ValueError, UnicodeDecodeError, RecursionError):
        return  # no editor gets so far
    good = jsonschema.Draft202012Validator(published()).is_valid(told)
    assert not good, told


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"notes": "plain words, of anybody's: \u00e9t\u00e9, 42 %"},
        {"scenarios": ["single", "saturated"]},
        {"tasks": tasks.names()},
        {"reasoning": ["off", "on", "low", "medium", "high"]},
    ],
)
def test_what_the_schema_takes_the_loader_takes(tmp_path: Path, change: dict[str, Any]) -> None:
    told = yaml.safe_load(hostile.GOOD) | change
    jsonschema.validate(told, published())
    path = tmp_path / "x.yml"
    path.write_text(json.dumps(told))
    assert submissions.load(path).model.id == "org/quick"
