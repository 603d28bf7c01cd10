"""What comment.yml asks of GitHub: the check's artifact, and one comment that is put in place of the last one.

    python deploy/pull_request.py fetch OUT     the artifact, where the event's pull request is still at that commit
    python deploy/pull_request.py say FILE      the comment

Runs on main's code, in the event of a check that ended, with `gh` and its token in GH_TOKEN. A fork decides what lies
in the artifact and how its branch is called. So the pull request is found from the event, by the repository and commit
that GitHub names there; the artifact is taken only up to a size; and nothing of either reaches a shell.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

MARKER = "<!-- wattstar: what was found in this pull request -->"
AUTHOR = "github-actions[bot]"  # anybody can write the marker into a comment of their own
NAME = "check"
LARGEST = 256 * 1024  # bytes of the artifact
LONGEST = 65_536  # characters that GitHub takes in a comment


def main(arguments: list[str]) -> int:
    """Fetch or say; 0 also where there is nothing to do, with a line that says so."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    repository, run = os.environ["GITHUB_REPOSITORY"], event["workflow_run"]
    match arguments:
        case ["fetch", out]:
            return fetch(repository, run, Path(out))
        case ["say", file]:
            return say(repository, run, Path(file))
    print(__doc__)
    return 2


def fetch(repository: str, run: dict[str, Any], out: Path) -> int:
    """Fetch the artifact of a check, and tell the next step that there is one for a pull request."""
    number = pull_request(repository, run)
    if number is None:
        print("No open pull request is at this commit: there is nobody to tell.")
        return 0
    asked = urlencode({"name": NAME, "per_page": 100})
    listed = ask(f"repos/{repository}/actions/runs/{int(run['id'])}/artifacts?{asked}")["artifacts"]
    found = [one for one in listed if one["name"] == NAME and not one["expired"]]
    if len(found) != 1:
        print(f"The check left {len(found)} artifacts named {NAME}: there is nothing to tell.")
        return 0
    data = None if found[0]["size_in_bytes"] > LARGEST else download(repository, int(found[0]["id"]))
    if data is None:
        print(f"The artifact is larger than {LARGEST // 1024} KiB: no check of ours writes that.")
        return 1
    out.write_bytes(data)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"pull_request={number}\n")
    return 0


def say(repository: str, run: dict[str, Any], file: Path) -> int:
    """Post the comment, or put it in place of the one that is there."""
    body = file.read_text(encoding="utf-8")
    if not body.startswith(MARKER) or len(body) > LONGEST:
        print(f"{file} is no comment of ours.")
        return 1
    number = pull_request(repository, run)
    if number is None:
        print("The pull request has moved on: the check of its new commit will tell it.")
        return 0
    mine = f'.[] | select(.user.login == "{AUTHOR}" and (.body | startswith("{MARKER}"))) | .id'
    comments = f"repos/{repository}/issues/{number}/comments"
    there = gh("api", "--paginate", f"{comments}?per_page=100", "--jq", mine).split()
    if there:
        ask(f"repos/{repository}/issues/comments/{int(there[0])}", "PATCH", {"body": body})
    else:
        ask(comments, "POST", {"body": body})
    return 0


def pull_request(repository: str, run: dict[str, Any]) -> int | None:
    """Find the one open pull request whose head is the very commit that was checked, in the very repository."""
    home = run["head_repository"]
    asked = urlencode({"state": "open", "head": f"{home['owner']['login']}:{run['head_branch']}", "per_page": 100})
    found = [
        int(one["number"])
        for one in ask(f"repos/{repository}/pulls?{asked}")
        if one["head"]["sha"] == run["head_sha"]
        and (one["head"]["repo"] or {}).get("id") == home["id"]
        and one["base"]["repo"]["full_name"] == repository
    ]
    return found[0] if len(found) == 1 else None


def ask(path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON is any
    """Ask GitHub for JSON."""
    given = ["--input", "-"] if body is not None else []
    return json.loads(gh("api", "--method", method, path, *given, stdin=json.dumps(body) if body else None))


def download(repository: str, artifact: int) -> bytes | None:
    """Download an artifact's archive; None where more comes than is read."""
    command = ["gh", "api", f"repos/{repository}/actions/artifacts/{artifact}/zip"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None  # noqa: S101 - asked for above
        data = running.stdout.read(LARGEST + 1)
        if len(data) > LARGEST:
            running.kill()
            return None
    if running.returncode:
        raise SystemExit(running.returncode)
    return data


def gh(*arguments: str, stdin: str | None = None) -> str:
    """Run gh; what it says goes wrong is shown, and ends this."""
    done = subprocess.run(["gh", *arguments], input=stdin, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
