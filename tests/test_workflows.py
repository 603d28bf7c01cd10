"""The workflows as text: pinned, with the least rights, and with nothing of a stranger's where a shell would read it.

They have never run on GitHub; what can be held without it is held here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
WRITES = {
    ("comment.yml", "comment"): {"pull-requests"},
    ("measure.yml", "approve"): {"contents"},
    ("publish.yml", "deploy"): {"pages", "id-token"},
}


def read(file: Path) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for true
    found: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file in FILES:
        for name, job in read(file)["jobs"].items():
            yield file.name, name, job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for file, _, job in jobs():
        for step in job["steps"]:
            yield file, step


def test_every_workflow_is_there() -> None:
    assert {file.stem for file in FILES} == {"check", "comment", "measure", "results", "publish", "tests"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_a_commit_with_its_version_beside_it(file: Path) -> None:
    used = re.findall(r"uses:(.*)", file.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r" actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in used), used


def test_one_action_has_one_pin() -> None:
    told = "\n".join(file.read_text(encoding="utf-8") for file in FILES)
    pins = dict.fromkeys(re.findall(r"uses: (actions/[a-z-]+)@(.+)", told))
    assert len({name for name, _ in pins}) == len(pins)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_permitted_that_no_job_asks_for(file: Path) -> None:
    told = read(file)
    assert told["permissions"] == {}
    assert told["concurrency"]
    for name, job in told["jobs"].items():
        writes = {what for what, right in job["permissions"].items() if right == "write"}
        assert writes == WRITES.get((file.name, name), set())
        assert set(job["permissions"].values()) <= {"read", "write"}
        assert 0 < job["timeout-minutes"] <= 60
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"])  # never a runner of our own


def test_no_workflow_gives_a_forks_code_the_rights_of_main() -> None:
    triggers = {file.name: set(read(file)["on"]) for file in FILES}
    assert not [name for name, on in triggers.items() if on & {"pull_request_target", "issue_comment"}]
    assert {name for name, on in triggers.items() if "workflow_run" in on} == {"comment.yml"}
    told = (FOLDER / "comment.yml").read_text(encoding="utf-8")
    (checkout,) = [step for file, step in steps() if file == "comment.yml" and "checkout" in step.get("uses", "")]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert "head_sha" not in told
    assert "download-artifact" not in told


def test_code_that_a_pull_request_brings_is_never_installed_by_its_check() -> None:
    for file, step in steps():
        if file in {"check.yml", "results.yml"} and "pip install" in step.get("run", ""):
            assert step["run"].endswith("--constraint trusted/constraints.txt ./trusted")
            assert "working-directory" not in step


def test_what_checks_a_pull_request_comes_from_main() -> None:
    for name in ("check.yml", "results.yml"):
        own = [step for file, step in steps() if file == name]
        trusted, change = [step["with"] for step in own if "checkout" in step.get("uses", "")]
        assert (trusted["path"], trusted["ref"]) == ("trusted", "main")
        assert (change["path"], "ref" in change) == ("change", False)


def test_no_secret_is_named_and_the_token_goes_where_it_is_needed() -> None:
    for file in FILES:
        assert not re.search(r"secrets[.\[]", file.read_text(encoding="utf-8"))
    held = {(file, step.get("run", "").split()[0]) for file, step in steps() if "github.token" in str(step)}
    assert {file for file, _ in held} == {"comment.yml", "measure.yml"}


def test_nothing_is_put_into_a_script_by_an_expression() -> None:
    assert [step["run"] for _, step in steps() if "${{" in step.get("run", "")] == []
    assert [step for _, step in steps() if "github-script" in step.get("uses", "")] == []


def test_checkouts_leave_no_token_behind() -> None:
    found = [step for _, step in steps() if "actions/checkout" in step.get("uses", "")]
    assert found
    assert all(step["with"]["persist-credentials"] is False for step in found)


def test_measuring_waits_for_a_maintainer_and_runs_nothing_of_anybodys() -> None:
    ((_, _, job),) = [one for one in jobs() if one[0] == "measure.yml"]
    assert job["environment"] == "measure"
    assert [step for step in job["steps"] if "uses" in step] == []
    assert "force=false" in job["steps"][0]["run"]


@pytest.mark.parametrize(
    ("there", "asked", "status"),
    [
        ("exit 0", "--method PATCH repos/o/r/git/refs/heads/approved --raw-field sha=abc --field force=false", 0),
        ("echo 'gh: Not Found (HTTP 404)' >&2; exit 1", "--method POST repos/o/r/git/refs", 0),
        ("echo 'gh: Bad credentials (HTTP 401)' >&2; exit 1", None, 1),
    ],
    ids=["moved", "made", "trouble"],
)
def test_approving_moves_a_branch_or_makes_it(tmp_path: Path, there: str, asked: str | None, status: int) -> None:
    ((_, _, job),) = [one for one in jobs() if one[0] == "measure.yml"]
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\necho "$@" >> asked.txt\ncase "$*" in *"git/ref/heads/approved") {there};; esac\n')
    gh.chmod(0o755)
    told = {"GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "abc", "GITHUB_STEP_SUMMARY": "summary.md"}
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", **told}
    done = subprocess.run(["bash", "-e", "-c", job["steps"][0]["run"]], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == status
    second = (tmp_path / "asked.txt").read_text().splitlines()[1:]
    assert len(second) == (asked is not None)
    assert all(asked in line for line in second if asked)


def test_what_maintainers_alone_may_change_is_owned_by_them() -> None:
    owned = dict(
        line.split(maxsplit=1)
        for line in (ROOT / ".github/CODEOWNERS").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    paths = {"*", "/ledger/", "/keys/", "/site/editions/", "/.github/", "/.ci/", "/deploy/", "/submissions/**/runs/"}
    assert paths <= set(owned)
    assert all(re.fullmatch(r"(@[\w-]+/[\w-]+ ?)+", owners) for owners in owned.values())


def test_the_forms_of_issues_are_forms() -> None:
    for file in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        if file.name == "config.yml":
            assert set(told) == {"blank_issues_enabled"}
            continue
        assert set(told) == {"name", "description", "labels", "body"}
        assert {one["type"] for one in told["body"]} <= {"markdown", "input", "textarea", "dropdown", "checkboxes"}
        assert len({one["id"] for one in told["body"]}) == len(told["body"])
        assert all(one["attributes"]["label"] for one in told["body"])


@pytest.mark.parametrize("tool", ["actionlint", "zizmor"])
def test_linters_of_workflows_find_nothing(tool: str) -> None:
    path = Path(sys.executable).with_name(tool)
    found = str(path) if path.exists() else shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed: `make` installs it from the Python index, where that carries it")
    options = {"actionlint": ["-no-color"], "zizmor": ["--offline", "--no-progress", "--color=never"]}[tool]
    done = subprocess.run([found, *options, *FILES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
