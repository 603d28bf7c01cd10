"""The script of the GPU host, against a bare repository and a stand-in for wattbench that leaves files behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "deploy/host/measure_next.py"
FILE = "submissions/org/quick/submission.yml"
RUN = "submissions/org/quick/runs/board--2026-11-27-0123456789ab.json"
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GH_CONFIG_DIR": os.devnull,  # a `gh` that is signed in here has no part in it
    "GH_TOKEN": "",
    "GITHUB_TOKEN": "",
    **{f"GIT_{who}_{what}": "t@t.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
# Waits for whatever has no run yet; a run leaves what `leaves.json` says, and something that is nobody's to bring.
STAND_IN = """\
#!{python} -IS
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked.jsonl").open("a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "queue":
    found = sorted(str(one) for one in pathlib.Path().glob("submissions/*/*/submission.yml"))
    wait = [one for one in found if not list((pathlib.Path(one).parent / "runs").glob("*.json"))]
    names = ["/".join(one.split("/")[1:3]) for one in wait]
    told = [dict(submission=one, model=name, board="a-board", submitter="octocat") for one, name in zip(wait, names)]
    print(json.dumps(dict(schema=1, waiting=told)))
elif sys.argv[1] == "run":
    pathlib.Path("stray.txt").write_text("x")
    for name, text in json.loads((here / "leaves.json").read_text()).items():
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sys.exit(json.loads((here / "status.json").read_text()))
"""


@dataclass
class Place:
    """A bare repository with a submission on main, and a host."""

    folder: Path
    leaves: dict[str, str] = field(default_factory=lambda: {RUN: "{}", "ledger/org/quick/a.json": "{}"})
    status: int = 0

    def git(self, *arguments: str, at: str = "seed") -> str:
        command = ["git", "-C", str(self.folder / at), *arguments]
        return subprocess.run(command, env=os.environ | GIT, capture_output=True, text=True, check=True).stdout

    def put(self, name: str, text: str, branch: str = "main") -> None:
        """Commit a file on a branch of the repository."""
        path = self.folder / "seed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")

    def approve(self) -> None:
        self.git("push", "--quiet", "origin", "HEAD:approved")

    def call(self) -> tuple[int, str]:
        (self.folder / "leaves.json").write_text(json.dumps(self.leaves))
        (self.folder / "status.json").write_text(json.dumps(self.status))
        where = ["--repository", str(self.folder / "origin"), "--work", str(self.folder / "clone")]
        which = ["--key", str(self.folder / "key.pem"), "--wattbench", str(self.folder / "wattbench")]
        command = [sys.executable, "-IS", str(SCRIPT), *where, *which, "--protocol", "quick", "--", "--backend=echo"]
        done = subprocess.run(
            command,
            env=os.environ | GIT | {"PATH": f"{self.folder}/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def branches(self) -> list[str]:
        told = self.git("for-each-ref", "--format=%(refname:short)", "refs/heads/results", at="origin")
        return told.split()

    def asked(self, command: str) -> list[list[str]]:
        file = self.folder / "asked.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [one for one in map(json.loads, lines) if one[0] == command]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    here = Place(tmp_path)
    for arguments in (("--bare", "origin"), ("seed",)):
        subprocess.run(
            ["git", "init", "--quiet", "--initial-branch=main", *arguments],
            cwd=tmp_path,
            env=os.environ | GIT,
            check=True,
        )
    here.git("remote", "add", "origin", str(tmp_path / "origin"))
    here.put(FILE, "asked")
    (tmp_path / "wattbench").write_text(STAND_IN.format(python=sys.executable))
    (tmp_path / "wattbench").chmod(0o755)
    return here


def test_nothing_is_measured_before_a_maintainer_has_approved(place: Place) -> None:
    assert place.call() == (0, "Nothing that was approved waits.\n")
    assert place.asked("run") == []


def test_what_was_approved_is_measured_and_brought_as_runs_and_ledger_alone(place: Place) -> None:
    place.approve()
    status, said = place.call()
    assert status == 0, said
    (branch,) = place.branches()
    changed = place.git("diff", "--name-only", f"main...{branch}", at="origin").split()
    assert changed == ["ledger/org/quick/a.json", RUN]
    assert place.git("log", "-1", "--format=%s", branch, at="origin") == "Results: org/quick\n"
    assert "Open a pull request from it, and tell @octocat" in said


def test_the_key_is_given_to_the_run_and_to_nothing_before_it(place: Place) -> None:
    place.approve()
    place.call()
    ((_, *told),) = place.asked("run")
    assert f"--key={place.folder / 'key.pem'}" in told
    assert told[0] == FILE
    assert {"--board=a-board", "--ledger=ledger", "--protocol=quick", "--backend=echo"} <= set(told)
    assert "key" not in str(place.asked("prefetch"))


def test_where_gh_may_it_opens_the_pull_request_and_tells_who_asked(place: Place) -> None:
    place.approve()
    gh = place.folder / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\nfor one in "$@"; do echo "$one"; done >> {place.folder}/gh.txt\n')
    gh.chmod(0o755)
    assert place.call()[0] == 0
    asked = (place.folder / "gh.txt").read_text().splitlines()
    assert asked[:4] == ["auth", "status", "pr", "create"]
    assert asked[asked.index("--head") + 1] == place.branches()[0]
    assert "Asked for by @octocat" in asked[-1]


def test_a_submission_that_changed_since_it_was_approved_waits_for_approval_again(place: Place) -> None:
    place.approve()
    place.put(FILE, "asked for something else")
    assert place.call() == (0, "Nothing that was approved waits.\n")
    place.approve()
    assert place.call()[0] == 0
    assert len(place.branches()) == 1


def test_one_that_was_not_approved_does_not_hold_up_the_next(place: Place) -> None:
    place.approve()
    place.put("submissions/a/first/submission.yml", "asked")  # first in the queue
    place.call()
    assert [one[1] for one in place.asked("run")] == [FILE]


def test_results_that_are_not_merged_yet_count_as_measured(place: Place) -> None:
    place.approve()
    place.call()
    assert place.call() == (0, "Nothing that was approved waits.\n")
    place.git("push", "--quiet", "origin", f":{place.branches()[0]}")  # refused: a maintainer deletes the branch
    assert place.call()[0] == 0
    assert len(place.asked("run")) == 2


def test_a_call_that_was_cut_off_brings_what_it_had_measured_at_the_next(place: Place) -> None:
    place.approve()
    place.put("README.md", "x")
    assert place.call()[0] == 0
    place.git("push", "--quiet", "origin", f":{place.branches()[0]}")
    left = place.folder / "clone" / RUN
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text("{}")
    status, said = place.call()
    assert (status, "Next:" in said) == (0, False)
    (branch,) = place.branches()
    assert place.git("diff", "--name-only", f"main...{branch}", at="origin").split() == [RUN]


def test_a_failure_that_the_ledger_notes_is_brought_too(place: Place) -> None:
    place.approve()
    place.leaves, place.status = {"ledger/org/quick/failed.json": "{}"}, 1
    assert place.call()[0] == 0
    assert len(place.branches()) == 1


def test_a_run_that_leaves_nothing_is_trouble_for_a_maintainer(place: Place) -> None:
    place.approve()
    place.leaves, place.status = {}, 1
    status, said = place.call()
    assert status == 1
    assert "wattbench doctor" in said
    assert "Traceback" not in said


def test_results_that_do_not_fit_main_are_named(place: Place) -> None:
    place.put(RUN, "one", "results/one")
    place.git("reset", "--quiet", "--hard", "HEAD~")
    place.put(RUN, "two")
    status, said = place.call()
    assert status == 1
    assert "refs/remotes/origin/results/one does not fit main: merge it or delete it" in said
    assert place.call()[0] == 1  # and the clone is as sound as before


def test_a_repository_that_is_not_there_is_said_in_words(place: Place) -> None:
    (place.folder / "origin").rename(place.folder / "away")
    status, said = place.call()
    assert status == 1
    assert "Traceback" not in said
    assert "origin" in said


def test_nothing_that_lies_in_the_clone_is_run(place: Place) -> None:
    place.approve()
    place.call()
    hook = place.folder / "clone/.git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {place.folder}/hooked\n")
    hook.chmod(0o755)
    place.call()
    assert not (place.folder / "hooked").exists()
