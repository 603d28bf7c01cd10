"""What the GPU host does, once a call: measure what was approved and waits longest, and bring the result.

    python deploy/host/measure_next.py --repository URL --work DIR --key FILE [--shelf DIR] [-- OPTION OF run ...]

The host asks; nobody can ask anything of it. It takes submissions from main, and of those only what stands unchanged
on the branch `approved`, which a maintainer moved (measure.yml). The code that measures is the one that this file lies
beside, updated by hand; nothing of a clone is ever run. Results go to a branch results/... that holds runs and ledger
entries and nothing else. Branches of results that are not merged yet count as measured, so nothing is measured twice.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = ("submissions/*/*/runs", "ledger")
NAME = ("-c", "user.name=Wattstar GPU host", "-c", "user.email=gpu-host@wattstar.example")


class Trouble(Exception):  # noqa: N818 - it is no error of ours: the words say what a maintainer does
    """What stops a call; the next one tries again."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where the host keeps its clone, its Shelf and its key, and how it measures."""

    work: Path
    shelf: Path
    key: Path
    wattbench: str
    device: tuple[str, ...]
    run: tuple[str, ...]

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git in the clone. No hook runs, and nothing is asked."""
        command = ["git", "-C", str(self.work), "-c", "core.hooksPath=/dev/null", *NAME, *arguments]
        return finished(command, check=check)

    def ask(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run wattbench in the clone."""
        return finished([self.wattbench, *arguments], cwd=self.work, check=check)


def main(arguments: list[str]) -> int:
    """Measure what is next and bring it; 0 also where nothing waits."""
    given = options().parse_args(arguments)
    device = [f"--{name}={getattr(given, name)}" for name in ("sku", "meter", "protocol") if getattr(given, name)]
    device += ["--packages"] if given.packages else []
    work, shelf, key = (one.expanduser().resolve() for one in (given.work, given.shelf, given.key))
    host = Host(work, shelf, key, given.wattbench, tuple(device), tuple(one for one in given.run if one != "--"))
    try:
        refresh(host, given.repository)
        chosen: dict[str, Any] | None = {}
        if not new_files(host):  # else a call was cut off before it had brought what it measured
            chosen = following(host)
            if chosen is None:
                print("Nothing that was approved waits.")
                return 0
            measure(host, chosen, given)
        return bring(host, str(chosen.get("submitter", "")))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1


def options() -> argparse.ArgumentParser:
    """Say what a call may hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", required=True, help="where submissions come from and results go to")
    parser.add_argument("--work", type=Path, required=True, help="the clone that this host keeps")
    parser.add_argument("--key", type=Path, required=True, help="the private key that signs (wattbench keygen)")
    parser.add_argument("--shelf", type=Path, default=Path("build/shelf"), help="models and workloads")
    for name in ("sku", "meter", "protocol"):
        parser.add_argument(f"--{name}", help=f"as `wattbench queue --{name}` has it")
    parser.add_argument("--packages", action="store_true", help="also models from packages, which are never rated")
    parser.add_argument("--wattbench", default=str(Path(sys.executable).with_name("wattbench")))
    parser.add_argument("run", nargs="*", help="after --: options of `wattbench run`")
    return parser


def refresh(host: Host, repository: str) -> None:
    """Put main into the clone, and over it every branch of results that is not merged yet."""
    if not (host.work / ".git").exists():
        host.work.parent.mkdir(parents=True, exist_ok=True)
        finished(["git", "clone", "--quiet", "--no-checkout", repository, str(host.work)])
    host.git("fetch", "--quiet", "--prune", "origin")
    host.git("switch", "--quiet", "--detach", "--discard-changes", "origin/main")
    told = host.git("for-each-ref", "--format=%(refname)", "--no-merged=origin/main", "refs/remotes/origin/results")
    for branch in told.stdout.split():
        if host.git("merge", "--quiet", "--no-edit", branch, check=False).returncode:
            host.git("merge", "--abort", check=False)
            raise Trouble(f"{branch} does not fit main: merge it or delete it, then the queue goes on")


def following(host: Host) -> dict[str, Any] | None:
    """Give the first of the queue whose submission stands on `approved` as it stands here."""
    if host.git("rev-parse", "--quiet", "--verify", "origin/approved", check=False).returncode:
        return None
    told = json.loads(host.ask("queue", "--json", *host.device).stdout)
    for waiting in told["waiting"]:
        places = (f"{at}:{waiting['submission']}" for at in ("HEAD", "origin/approved"))
        blobs = [host.git("rev-parse", place, check=False) for place in places]
        if all(one.returncode == 0 for one in blobs) and len({one.stdout for one in blobs}) == 1:
            found: dict[str, Any] = waiting
            return found
    return None


def measure(host: Host, chosen: dict[str, Any], given: argparse.Namespace) -> None:
    """Fetch the model, with the network and without a key; then measure, with the key and, in its process, no network.

    What fails is noted in the ledger by the run, with whose fault it was.
    """
    print(f"Next: {chosen['model']} on {chosen['board']}.", flush=True)
    file, shelf = chosen["submission"], f"--shelf={host.shelf}"
    host.ask("prefetch", file, shelf, check=False)
    how = [f"--{name}={getattr(given, name)}" for name in ("meter", "protocol") if getattr(given, name)]
    where = [f"--board={chosen['board']}", "--ledger=ledger", "--out=submissions", f"--key={host.key}"]
    done = host.ask("run", file, shelf, *where, *how, *host.run, check=False)
    print(done.stdout, done.stderr, sep="", end="", flush=True)


def bring(host: Host, submitter: str) -> int:
    """Push what is new as a branch of its own, from main; open the pull request where `gh` may, and tell who asked."""
    new = new_files(host)
    if not new:
        raise Trouble("The run left neither a result nor an entry in the ledger: `wattbench doctor` says more")
    digest = hashlib.sha256("\n".join(new).encode()).hexdigest()
    branch = f"results/{digest[:12]}"
    host.git("switch", "--quiet", "--force-create", branch, "origin/main")
    host.git("add", "--", *new)
    models = sorted({"/".join(one.split("/")[1:3]) for one in new})
    title = f"Results: {', '.join(models)}"
    host.git("commit", "--quiet", "--message", title)
    host.git("push", "--quiet", "origin", f"{branch}:refs/heads/{branch}")
    host.git("switch", "--quiet", "--detach", "origin/main")
    print(f"Pushed {branch}: {len(new)} files.")
    who = f"@{submitter}" if re.fullmatch(r"[a-zA-Z0-9-]{1,39}", submitter) else "whoever submitted"
    if shutil.which("gh") and not finished(["gh", "auth", "status"], check=False).returncode:
        body = f"Measured by the GPU host and signed. Asked for by {who}, who may answer here before it counts."
        command = ["gh", "pr", "create", "--head", branch, "--base", "main", "--title", title, "--body", body]
        print(finished(command, cwd=host.work).stdout, end="")
    else:
        print(f"Open a pull request from it, and tell {who}: this host has no right to.")
    return 0


def new_files(host: Host) -> list[str]:
    """List results that the clone holds and no branch has."""
    told = host.git("ls-files", "-z", "--others", "--exclude-standard", "--", *(f":(glob){one}/**" for one in RESULTS))
    return sorted(one for one in told.stdout.split("\0") if one)


def finished(command: list[str], *, cwd: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises Trouble with its own words."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise Trouble(f"{' '.join(command[:6])} ...: {done.stderr.strip() or done.stdout.strip()}")
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
