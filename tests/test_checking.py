"""`wattbench check`: what it looks at, what it says in its four forms, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import checkouts
import jsonschema
import pytest
import shelf_factory

from wattbench import cli
from wattbench.boards import Board
from wattbench.checking import forms, touching
from wattbench.checking.report import Report
from wattbench.problems import Problem
from wattbench.submissions import claims

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[..., tuple[int, str, str]]

TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "properties": dict.fromkeys(("file", "field", "message", "remedy"), TEXT),
    "required": ["file", "field", "message", "remedy"],
    "additionalProperties": False,
}
LIST = {"type": "array", "items": TEXT}
MAYBE = {"type": ["string", "null"]}
ASKED = {
    "path": TEXT,
    "good": {"type": "boolean"},
    "model": TEXT,
    "revision": MAYBE,
    "package": MAYBE,
    "base_model": MAYBE,
    "tasks": LIST,
    "precisions": LIST,
    "scenarios": LIST,
    "reasoning": LIST,
    "submitter": TEXT,
    "relationship": TEXT,
    "boards": LIST,
    "hub": {"type": ["object", "null"]},
}
DOCUMENT = {
    "type": "object",
    "properties": {
        "schema": {"const": 1},
        "ok": {"type": "boolean"},
        "hub": {"enum": ["asked", "not asked", "unreachable"]},
        "submissions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": ASKED,
                "required": list(ASKED),
                "additionalProperties": False,
            },
        },
        "problems": {"type": "array", "items": PROBLEM},
        "notes": {"type": "array", "items": PROBLEM},
    },
    "required": ["schema", "ok", "hub", "submissions", "problems", "notes"],
    "additionalProperties": False,
}


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Check:
    """Call `wattbench check --offline` in a folder of its own; its status, and what it said on both sides."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, offline: bool = True) -> tuple[int, str, str]:
        rest = ["--offline"] if offline else []
        monkeypatch.setattr(sys, "argv", ["wattbench", "check", *map(str, arguments), *rest])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return call


def told(check: Check, *arguments: object) -> dict[str, object]:
    """The document of a check, held against its form."""
    _, out, _ = check(*arguments, "--format", "json")
    document = json.loads(out)
    jsonschema.validate(document, DOCUMENT)
    assert out == json.dumps(document, sort_keys=True, indent=1) + "\n"
    return document  # type: ignore[no-any-return]


def test_a_good_submission_ends_with_0_and_names_the_boards_that_it_would_enter(check: Check, tmp_path: Path) -> None:
    path = shelf_factory.submission(tmp_path)
    text = path.read_text().replace("[fp32]", "[fp32, bf16]") + "scenarios: [single, saturated]\n"
    path.write_text(text)
    document = told(check)
    assert (document["ok"], document["hub"], document["problems"], document["notes"]) == (True, "not asked", [], [])
    (one,) = document["submissions"]  # type: ignore[misc]
    assert one["path"] == "submissions/org/quick/submission.yml"
    assert [Board.parse(name).precision for name in one["boards"]] == ["fp32", "fp32", "bf16", "bf16"]
    assert all(name.startswith("sentence-similarity-v1~h100-sxm5-80gb~") for name in one["boards"])
    assert check()[0] == 0


def test_boards_are_of_the_device_that_is_named(check: Check, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path)
    (one,) = told(check, "--device", "h200-sxm5-141gb")["submissions"]  # type: ignore[misc]
    assert one["boards"] == ["sentence-similarity-v1~h200-sxm5-141gb~fp32~single~off~nvml"]


def test_reasoning_makes_boards_only_of_tasks_that_know_it(check: Check, tmp_path: Path) -> None:
    path = shelf_factory.submission(tmp_path)
    path.write_text(
        path.read_text().replace("[sentence-similarity]", "[text-generation, summarization]")
        + 'reasoning: ["off", high]\n'
    )
    (one,) = told(check)["submissions"]  # type: ignore[misc]
    assert [name.split("~")[0] + name.split("~")[4] for name in one["boards"]] == [
        "text-generation-v1off",
        "text-generation-v1high",
        "summarization-v1off",
    ]


def test_a_submission_that_is_wrong_ends_with_1_in_every_form(check: Check, tmp_path: Path) -> None:
    path = shelf_factory.submission(tmp_path)
    path.write_text(path.read_text().replace("fp32", "fp12"))
    for form, words in {
        "rich": "submissions/org/quick/submission.yml: precisions.0: is 'fp12'",
        "json": '"field": "precisions.0"',
        "github": "::error file=submissions/org/quick/submission.yml,title=precisions.0::is 'fp12'",
        "markdown": "- `submissions/org/quick/submission.yml` `precisions.0`: is 'fp12', expected 'fp32'",
    }.items():
        status, out, err = check("--format", form)
        assert status == 1
        assert words in out + err, form
        assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "nowhere: PATH: is not there"),
        (["--submissions", "nowhere"], "nowhere: --submissions: is no folder"),
        (["empty"], "empty: PATH: holds no submission.yml"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--role", "king"], "'king' is not one of"),
        (["--device", "Big One"], "'Big One' is no SKU"),
        (["--base", "nowhere"], "nowhere: --base: is no commit of this checkout"),
        (["--base", "--output=x"], "--output=x: --base: is no commit of this checkout"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(check: Check, tmp_path: Path, arguments: list[str], says: str) -> None:
    (checkouts.start(tmp_path) / "empty").mkdir()
    status, out, err = check(*arguments)
    assert (status, out) == (2, "")
    assert says in " ".join(err.replace("│", " ").split())


def test_a_folder_outside_of_any_checkout_has_no_base(check: Check, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path)
    status, _, err = check("--base", "main")
    assert status == 2
    assert "not a git repository" in err


def test_only_what_the_branch_adds_or_changes_is_checked(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "main")
    old = shelf_factory.submission(tmp_path, "org/old")
    old.write_text("schema: 2\n")
    checkouts.commit(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "-b", "new")
    shelf_factory.submission(tmp_path)
    (old.parent / "self-reported").mkdir()
    (old.parent / "self-reported/one.json").write_text(json.dumps(CLAIM | {"model": "org/old"}))
    checkouts.commit(tmp_path)
    document = told(check, "--base", "main")
    assert document["problems"] == []
    assert [one["model"] for one in document["submissions"]] == ["org/quick"]  # type: ignore[attr-defined]
    assert told(check)["ok"] is False


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("submissions/org/quick/runs/x.json", "the harness's: results are measured, never sent"),
        ("submissions/org/quick/runs", "the harness's"),
        ("submissions/org/quick/notes.md", "no place of a submission"),
        ("submissions/submission.yml", "no place of a submission"),
        ("submissions/a/b/c/submission.yml", "no place of a submission"),
        ("submissions/org/quick/self-reported/deep/x.json", "no place of a submission"),
        ("submissions/.hidden/x/submission.yml", "no place of a submission"),
        ("submissions/README.md", "no place of a submission"),
        ("Submissions/org/quick/submission.yml", "the project's own"),
        ("ledger/opt-outs.json", "the harness's and the maintainers'"),
        ("keys/trusted.json", "the maintainers': keys decide"),
        ("site/editions/2026/edition.json", "nobody's to edit: thresholds are frozen once"),
        (".github/workflows/check.yml", "the maintainers': workflows run with rights"),
        (".ci/run", "the maintainers'"),
        ("harness/wattbench/gates.py", "the project's own"),
        (".gitattributes", "the project's own"),
        ("submissions/org/qu\nick/submission.yml", "no place of a submission"),
        ("submissions/org/\u202equick/submission.yml", "no place of a submission"),
        ("submissions/org/qu\u0456ck/submission.yml", "no place of a submission"),
        ("::error::x", "the project's own"),
    ],
)
def test_a_path_that_is_not_ones_own_is_told_with_whose_it_is(
    check: Check, tmp_path: Path, path: str, whose: str
) -> None:
    checkouts.start(tmp_path)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("mine\n", encoding="utf-8")
    checkouts.commit(tmp_path)
    status, out, _ = check("--base", "main", "--format", "json")
    assert status == 1
    (problem,) = [one for one in json.loads(out)["problems"] if "touch" in one["message"]]
    assert whose in problem["message"]
    assert problem["remedy"]
    assert problem["file"].isprintable()
    said = "".join(check("--base", "main")[1:])
    assert not [line for line in said.splitlines() if line.lstrip().startswith(("::", "##["))]


def test_the_harness_brings_results_and_writes_the_ledger_and_nothing_else(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    for name in ("submissions/org/quick/runs/x.json", "submissions/org/quick/runs/x.dsse.json", "ledger/queue/x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    checkouts.commit(tmp_path)
    assert check("--base", "main", "--role", "harness")[0] == 0
    assert check("--base", "main", "--role", "person")[0] == 1
    shelf_factory.submission(tmp_path, "org/more")
    (tmp_path / "keys/trusted.json").write_text("mine")
    checkouts.commit(tmp_path)
    problems = told(check, "--base", "main", "--role", "harness")["problems"]
    assert {one["file"] for one in problems} == {  # type: ignore[attr-defined]
        "keys/trusted.json",
        "submissions/org/more/submission.yml",
    }
    assert check("--base", "main", "--role", "maintainer")[0] == 0


def test_links_programs_and_deletions_are_told(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "main")
    gone = shelf_factory.submission(tmp_path, "org/gone")
    checkouts.commit(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "-b", "new")
    gone.unlink()
    program = shelf_factory.submission(tmp_path, "org/program")
    program.chmod(0o755)
    link = tmp_path / "submissions/org/link/submission.yml"
    link.parent.mkdir()
    link.symlink_to("/etc/passwd")
    checkouts.commit(tmp_path)
    problems = told(check, "--base", "main")["problems"]
    said = {(one["file"].split("/")[2], one["message"]) for one in problems}  # type: ignore[attr-defined]
    assert ("gone", "is taken away") in said
    assert ("program", "is executable, and nothing here is run") in said
    assert ("link", "is a symbolic link, and links are not followed") in said
    assert "root:" not in json.dumps(problems)


def test_the_second_of_two_that_submit_one_model_is_told(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    shelf_factory.submission(tmp_path, "Org/Quick")
    checkouts.commit(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "main")
    shelf_factory.submission(tmp_path, "org/quick")
    checkouts.commit(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "mine")
    (problem,) = told(check, "--base", "main")["problems"]  # type: ignore[misc]
    assert problem["message"] == ("was submitted meanwhile: submissions/org/quick/submission.yml is there already")
    assert "Merge the main branch" in problem["remedy"]


def test_a_name_that_differs_in_case_alone_is_the_same_model(check: Check, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path, "org/quick")
    mine = shelf_factory.submission(tmp_path, "Org/quick")
    (problem,) = told(check, mine)["problems"]  # type: ignore[misc]
    assert problem["field"] == "model.id"
    assert "differs in case alone from org/quick" in problem["message"]


def test_an_owner_who_does_not_want_it_is_respected(check: Check, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path, "Org/quick")
    shelf_factory.submission(tmp_path, "organ/quick")
    (tmp_path / "ledger").mkdir()
    file = tmp_path / "ledger/opt-outs.json"
    file.write_text('{"schema": 1, "opt_outs": [{"model": "org/*", "since": "2026-11-27", "note": "issue 12"}]}')
    (problem,) = told(check)["problems"]  # type: ignore[misc]
    assert problem["message"] == "Org/quick is not measured: its owner asked so on 2026-11-27"
    file.write_text('{"schema": 1, "opt_outs": [{"model": "org", "since": "yesterday"}]}')
    fields = {one["field"] for one in told(check)["problems"]}  # type: ignore[attr-defined]
    assert fields == {"opt_outs.0.model", "opt_outs.0.since", "opt_outs.0.note"}


def test_a_link_to_a_folder_is_told_and_not_followed(check: Check, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path / "elsewhere")
    (tmp_path / "submissions").mkdir()
    (tmp_path / "submissions/org").symlink_to(tmp_path / "elsewhere/submissions/org")
    document = told(check)
    assert document["submissions"] == []
    (problem,) = document["problems"]  # type: ignore[misc]
    assert problem["file"] == "submissions/org"
    assert "links are not followed" in problem["message"]


def test_trusted_code_checks_a_checkout_that_it_does_not_lie_in(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    checkouts.start(theirs)
    shelf_factory.submission(theirs)
    checkouts.commit(theirs)
    script = "from wattbench.cli import main; main()"
    options = ["--base", "main", "--offline", "--submissions", str(theirs / "submissions"), "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-c", script, "check", *options],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(done.stdout)["submissions"]
    assert one["path"] == "submissions/org/quick/submission.yml"


def test_what_was_measured_at_this_revision_is_noted(check: Check, tmp_path: Path) -> None:
    path = shelf_factory.submission(tmp_path)
    board = "sentence-similarity-v1~h100-sxm5-80gb~fp32~single~off~nvml"
    run = {"role": "candidate", "board": board, "model": {"id": "org/quick", "revision": shelf_factory.REVISION}}
    runs = path.parent / "runs"
    runs.mkdir()
    (runs / "one.json").write_text(json.dumps(run | {"model": {**run["model"], "weights_sha256": {}}}))  # type: ignore[dict-item]
    for name, text in {"broken.json": "{", "list.json": "[]", "deep.json": "[" * 100_000}.items():
        (runs / name).write_text(text)
    (runs / "link.json").symlink_to("/dev/zero")
    document = told(check)
    assert document["ok"] is True
    (note,) = document["notes"]  # type: ignore[misc]
    assert note["message"] == f"was measured at this revision already: {board}"


def test_many_foreign_paths_are_counted_and_not_all_named(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    for number in range(30):
        (tmp_path / f"keys/{number}.json").write_text("{}")
    checkouts.commit(tmp_path)
    problems = told(check, "--base", "main")["problems"]
    assert len(problems) == touching.MOST + 1  # type: ignore[arg-type]
    assert problems[-1]["message"] == "and 10 paths more are not this change's to touch"  # type: ignore[index]


def test_a_comment_never_grows_past_what_github_takes() -> None:
    problems = [Problem("f" * 1000, "x" * 1000, "m" * 1000, "r" * 1000)] * 100
    text = forms.to_markdown(Report((), problems, ()))
    assert len(text) < 65_000
    assert text.endswith("`wattbench check` says all of it.\n")


def test_no_git_is_said_in_one_line(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkouts.start(tmp_path)
    monkeypatch.setenv("PATH", os.devnull)
    status, _, err = check("--base", "main")
    assert status == 2
    assert "git: is not installed here" in err


def test_a_change_to_somebody_elses_submission_is_noted(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "main")
    path = shelf_factory.submission(tmp_path)
    checkouts.commit(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "-b", "new")
    path.write_text(path.read_text().replace("octocat", "somebody").replace("a" * 40, "b" * 40))
    checkouts.commit(tmp_path)
    document = told(check, "--base", "main")
    assert document["ok"] is True
    assert [one["message"] for one in document["notes"]] == ["was submitted by octocat before"]  # type: ignore[attr-defined]


def test_a_change_that_asks_for_nothing_new_is_noted(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "main")
    path = shelf_factory.submission(tmp_path)
    checkouts.commit(tmp_path)
    checkouts.git(tmp_path, "checkout", "--quiet", "-b", "new")
    path.write_text(path.read_text() + "notes: again\n")
    checkouts.commit(tmp_path)
    (note,) = told(check, "--base", "main")["notes"]  # type: ignore[misc]
    assert note["message"] == "asks for nothing that was not asked for before"
    path.write_text(path.read_text() + "scenarios: [single, saturated]\n")
    checkouts.commit(tmp_path)
    assert told(check, "--base", "main")["notes"] == []


CLAIM = {
    "schema": 1,
    "model": "org/quick",
    "revision": "a" * 40,
    "task": "sentence-similarity",
    "precision": "fp16",
    "scenario": "single",
    "wh_per_1000_queries": 0.5,
    "hardware": "NVIDIA L4, 24 GB",
    "how": "wattbench run, five passes",
    "on": "2026-11-27",
    "github": "octocat",
}


def test_results_of_ones_own_are_read_strictly(check: Check, tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    folder = tmp_path / "submissions/org/quick/self-reported"
    folder.mkdir(parents=True)
    for name, text in {
        "good.json": json.dumps(CLAIM),
        "other.json": json.dumps(CLAIM | {"model": "org/other"}),
        "stars.json": json.dumps(CLAIM | {"stars": 5}),
        "nothing.json": json.dumps(CLAIM | {"wh_per_1000_queries": 0}),
        "deep.json": "[" * 8000,
        "huge.json": " " * 5_000_000,
        "evil.py": "print()",
    }.items():
        (folder / name).write_text(text)
    checkouts.commit(tmp_path)
    for arguments in (["--base", "main"], [folder.parent]):
        problems = told(check, *arguments)["problems"]
        said = {one["file"].rsplit("/", 1)[1] for one in problems}  # type: ignore[attr-defined]
        assert said == {"other.json", "stars.json", "nothing.json", "deep.json", "huge.json", "evil.py"}
        assert all(one["file"].startswith("submissions/org/quick/self-reported/") for one in problems)  # type: ignore[attr-defined]


def test_the_claim_in_the_guide_is_one(check: Check, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[1] / "submissions/README.md").read_text(encoding="utf-8")
    text = next(one.split("```")[0] for one in guide.split("```json\n") if "wh_per_1000_queries" in one.split("```")[0])
    folder = tmp_path / "submissions" / json.loads(text)["model"] / "self-reported"
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text(text)
    shelf_factory.submission(tmp_path, "org/other")
    assert check()[0] == 0
    assert set(json.loads(text)) == {"schema" if name == "schema_" else name for name in claims.Claim.model_fields}
