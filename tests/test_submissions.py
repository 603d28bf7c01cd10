from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench import submissions
from wattbench.problems import Refusal

GOOD = """\
schema: 1
model:
  id: HuggingFaceTB/SmolLM3-3B
  revision: "a07cc9a04f16550a088caea529712d1d335b0ac1"
tasks: [sentence-similarity]
precisions: [fp32, bf16]
submitter: {github: octocat, relationship: user}
attestations: {no_benchmark_specific_tuning: true, license_permits_publication: true}
"""


def problems_of(folder: Path, text: str | bytes) -> list[tuple[str, str]]:
    path = folder / "asked.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Refusal) as refused:
        submissions.load(path)
    for problem in refused.value.problems:
        assert problem.file == str(path)
        assert problem.message
        assert problem.remedy
    return [(problem.field, problem.message) for problem in refused.value.problems]


def test_a_good_submission_is_read(tmp_path: Path) -> None:
    path = tmp_path / "asked.yml"
    path.write_text(GOOD)
    read = submissions.load(path)
    assert read.model.key == "a07cc9a04f16550a088caea529712d1d335b0ac1"
    assert read.precisions == ("fp32", "bf16")
    assert read.reasoning == ("off",)


def test_every_problem_is_listed_at_once_with_field_and_remedy(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        """\
schema: 2
model: {id: no-slash, revision: main}
tasks: [poetry, sentence-similarity]
precisions: [fp12]
submitter: {github: octocat}
attestations: {no_benchmark_specific_tuning: false, license_permits_publication: true}
colour: red
""",
    )
    assert {field for field, _ in found} == {
        "schema",
        "model.id",
        "model.revision",
        "tasks",
        "precisions.0",
        "submitter.relationship",
        "attestations.no_benchmark_specific_tuning",
        "colour",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [1]\nb: *x\n", "anchors"),
        ("a: 1\na: 2\n", "given twice"),
        ("model: {id: a/b, id: c/d}\n", "given twice"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("a: !custom 1\n", "tag"),
        ("<<: {a: 1}\n", "merge"),
        ("- a\n- b\n", "not one mapping"),
        ("a: 1\n---\nb: 2\n", "not one mapping"),
        ("", "not one mapping"),
        ("a: [1, 2\n", "not readable as YAML"),
        ("a: \x07\n", "not readable as YAML"),
        ("1: 2\n", "not text"),
        ("a: 2026-13-45\n", "cannot be read"),
        ("{" * 50 + "}" * 50, "nested deeper"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a: " + b"x" * 9000, "larger than"),
        (b"a: \x00\n", "not readable as YAML"),
    ],
)
def test_hostile_yaml_is_refused_in_words(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert any(says in message for _, message in problems_of(tmp_path, text))


def test_a_revision_of_digits_only_is_told_to_be_quoted(tmp_path: Path) -> None:
    number = "1234567890123456789012345678901234567890"
    text = GOOD.replace('"a07cc9a04f16550a088caea529712d1d335b0ac1"', number)
    path = tmp_path / "asked.yml"
    path.write_text(text)
    with pytest.raises(Refusal) as refused:
        submissions.load(path)
    (problem,) = refused.value.problems
    assert problem.field == "model.revision"
    assert "number" in problem.message
    assert "quotes" in problem.remedy


def test_revision_and_package_exclude_each_other(tmp_path: Path) -> None:
    both = GOOD.replace("tasks:", f'  package: {{name: x, version: "1.0", sha256: {"a" * 64}}}\ntasks:')
    assert problems_of(tmp_path, both) == [("model", "needs exactly one of revision and package")]


@pytest.mark.parametrize("notes", ["<script>", "a | b", "`x`", "a\\nb", "x" * 281])
def test_notes_hold_plain_words_only(tmp_path: Path, notes: str) -> None:
    assert problems_of(tmp_path, GOOD + f'notes: "{notes}"\n')[0][0] == "notes"


def test_place_and_content_must_agree(tmp_path: Path) -> None:
    path = tmp_path / "submissions/somebody/else/submission.yml"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD)
    with pytest.raises(Refusal, match="in the place of somebody/else"):
        submissions.load(path)
    right = tmp_path / "submissions/HuggingFaceTB/SmolLM3-3B/submission.yml"
    right.parent.mkdir(parents=True)
    right.write_text(GOOD)
    assert submissions.load(right).model.id == "HuggingFaceTB/SmolLM3-3B"


def test_the_projects_own_submissions_are_good() -> None:
    good, problems = submissions.check([Path(__file__).parents[1] / "submissions"])
    assert problems == []
    assert len(good) >= 6


def test_a_path_that_holds_nothing_is_a_problem(tmp_path: Path) -> None:
    assert [p.field for p in submissions.check([tmp_path])[1]] == [""]
    assert "cannot be read" in submissions.check([tmp_path / "absent.yml"])[1][0].message


@given(text=st.text(max_size=300) | st.binary(max_size=300))
def test_no_text_whatever_ends_in_anything_but_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "asked.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(Refusal):
        submissions.load(path)
