"""The script that comment.yml runs, against a stand-in for `gh` that answers what a file says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from wattboard import comment as comments

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "deploy/pull_request.py"
STAND_IN = """\
#!{python} -IS
import json, pathlib, sys
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
told = sys.stdin.read() if "--input" in arguments else None
with (here / "asked.jsonl").open("a") as log:
    log.write(json.dumps([arguments, told]) + "\\n")
answers = json.loads((here / "answers.json").read_text())
path = next(one for one in arguments if one.startswith("repos/"))
method = arguments[arguments.index("--method") + 1] if "--method" in arguments else "GET"
found = answers.get(method + " " + path.split("?")[0])
if found is None:
    sys.exit("gh: Not Found (HTTP 404)")
if isinstance(found, dict) and "bytes" in found:
    sys.stdout.buffer.write(b"P" * found["bytes"])
elif isinstance(found, dict) and "lines" in found:
    sys.stdout.write(found["lines"])
else:
    sys.stdout.write(json.dumps(found))
"""
SHA = "1" * 40
HOSTILE_BRANCH = "x$(touch pwned);`id`&head=a:b"


@dataclass
class GitHub:
    """A repository on GitHub with a pull request from a fork, as `gh api` tells of it."""

    folder: Path
    answers: dict[str, Any] = field(default_factory=dict)
    head_sha: str = SHA
    fork: int = 77

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        gh = self.folder / "gh"
        gh.write_text(STAND_IN.format(python=sys.executable))
        gh.chmod(0o755)
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        home = {"id": self.fork, "owner": {"login": "stranger"}}
        run = {"id": 5, "head_sha": self.head_sha, "head_branch": HOSTILE_BRANCH, "head_repository": home}
        (self.folder / "event.json").write_text(json.dumps({"workflow_run": run}))
        environment = os.environ | {
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_REPOSITORY": "wattstar/wattstar",
            "GITHUB_OUTPUT": str(self.folder / "output"),
        }
        command = [sys.executable, "-IS", str(SCRIPT), *arguments]
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )

    def asked(self) -> list[tuple[list[str], str | None]]:
        lines = (self.folder / "asked.jsonl").read_text().splitlines()
        return [(arguments, told) for arguments, told in map(json.loads, lines)]


def pull(number: int = 12, sha: str = SHA, fork: int = 77, base: str = "wattstar/wattstar") -> dict[str, Any]:
    return {"number": number, "head": {"sha": sha, "repo": {"id": fork}}, "base": {"repo": {"full_name": base}}}


def artifact(**changes: Any) -> dict[str, Any]:
    return {"artifacts": [{"id": 9, "name": "check", "expired": False, "size_in_bytes": 500} | changes]}


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    answers = {
        "GET repos/wattstar/wattstar/pulls": [pull()],
        "GET repos/wattstar/wattstar/actions/runs/5/artifacts": artifact(),
        "GET repos/wattstar/wattstar/actions/artifacts/9/zip": {"bytes": 500},
        "GET repos/wattstar/wattstar/issues/12/comments": {"lines": ""},
        "POST repos/wattstar/wattstar/issues/12/comments": {"id": 1},
        "PATCH repos/wattstar/wattstar/issues/comments/31": {"id": 31},
    }
    (tmp_path / "comment.md").write_text(f"{comments.MARKER}\nwords\n")
    return GitHub(tmp_path, answers)


def test_the_artifact_is_fetched_for_the_pull_request_of_the_event(github: GitHub) -> None:
    done = github.run("fetch", "check.zip")
    assert done.returncode == 0, done.stderr
    assert (github.folder / "check.zip").read_bytes() == b"P" * 500
    assert (github.folder / "output").read_text() == "pull_request=12\n"


def test_the_name_of_a_branch_stays_one_value_of_the_question(github: GitHub) -> None:
    github.run("fetch", "check.zip")
    (first, _), *_ = github.asked()
    asked = next(one for one in first if "pulls?" in one)
    assert asked.count("&") == 2
    assert "head=stranger%3Ax%24%28touch+pwned%29%3B%60id%60%26head%3Da%3Ab" in asked
    assert not (github.folder / "pwned").exists()


@pytest.mark.parametrize(
    "pulls",
    [
        [],
        [pull(sha="2" * 40)],
        [pull(fork=78)],
        [pull(base="stranger/wattstar")],
        [pull(), pull(13)],
        [pull() | {"head": {"sha": SHA, "repo": None}}],
    ],
    ids=["none", "moved on", "another fork", "into a fork", "two", "fork is gone"],
)
def test_nobody_is_told_where_the_event_names_no_one_pull_request(github: GitHub, pulls: list[dict[str, Any]]) -> None:
    github.answers["GET repos/wattstar/wattstar/pulls"] = pulls
    for arguments in (("fetch", "check.zip"), ("say", "comment.md")):
        assert github.run(*arguments).returncode == 0
    assert not (github.folder / "output").exists()
    assert not [one for one, _ in github.asked() if "POST" in one or "PATCH" in one]


@pytest.mark.parametrize(
    ("told", "sent", "status"),
    [
        (artifact(size_in_bytes=10**9), 10, 1),
        (artifact(), 10**6, 1),  # it says 500 bytes
        (artifact(expired=True), 10, 0),
        (artifact(name="other"), 10, 0),
        ({"artifacts": []}, 10, 0),
    ],
    ids=["says it is large", "is large", "expired", "another", "none"],
)
def test_an_artifact_that_is_none_of_ours_is_not_taken(
    github: GitHub, told: dict[str, Any], sent: int, status: int
) -> None:
    github.answers["GET repos/wattstar/wattstar/actions/runs/5/artifacts"] = told
    github.answers["GET repos/wattstar/wattstar/actions/artifacts/9/zip"] = {"bytes": sent}
    assert github.run("fetch", "check.zip").returncode == status
    assert not (github.folder / "check.zip").exists()
    assert not (github.folder / "output").exists()


def test_the_first_comment_is_posted_and_the_next_put_in_its_place(github: GitHub) -> None:
    assert github.run("say", "comment.md").returncode == 0
    assert json.loads(github.asked()[-1][1] or "") == {"body": f"{comments.MARKER}\nwords\n"}
    assert "POST" in github.asked()[-1][0]
    github.answers["GET repos/wattstar/wattstar/issues/12/comments"] = {"lines": "31\n45\n"}
    assert github.run("say", "comment.md").returncode == 0
    assert "PATCH" in github.asked()[-1][0]
    assert "repos/wattstar/wattstar/issues/comments/31" in github.asked()[-1][0]


def test_only_a_comment_of_the_workflow_itself_is_replaced(github: GitHub) -> None:
    github.run("say", "comment.md")
    (listing,) = [one for one, _ in github.asked() if "--paginate" in one]
    assert '.user.login == "github-actions[bot]"' in listing[-1]
    assert comments.MARKER in listing[-1]


def test_what_is_no_comment_is_not_posted(github: GitHub) -> None:
    for body in ("words", f"{comments.MARKER}\n{'x' * 70_000}"):
        (github.folder / "comment.md").write_text(body)
        assert github.run("say", "comment.md").returncode == 1
    assert not (github.folder / "asked.jsonl").exists()


def test_trouble_with_github_fails_the_step(github: GitHub) -> None:
    github.answers.clear()
    done = github.run("fetch", "check.zip")
    assert done.returncode != 0
    assert "HTTP 404" in done.stderr
