"""The whole circle on one machine: a pull request, its check, its comment, the measurement, the result, the badge.

    make rehearse

A bare git repository stands in for GitHub. Steps of workflows are read from .github/workflows and run as they stand
there, by bash; the GPU host's script is the host's own.
What is measured is a stand-in for a model, in windows of half a second, with energy estimated: nothing of it could be
rated, and its badge says so. Then come the refusals. `tests/test_rehearsal.py` holds what is told here to be true.
"""

from __future__ import annotations

import contextlib
import html
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
import shelf_factory
import yaml

from wattbench import environment, meters
from wattbench.evidence import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[1]
MODEL, TASK = "demo/quick", "sentence-similarity"
# The public data sets of rated workloads are not pinned yet; what comes from a package is asked the demo's rows.
PACKAGE = "rehearsal-quick==1.0.0"
SUBMISSION = f"""\
schema: 1
model:
  id: {MODEL}
  package: {{name: rehearsal-quick, version: 1.0.0, sha256: "{"0" * 64}"}}
tasks: [{TASK}]
precisions: [fp32]
submitter: {{github: octocat, relationship: user}}
attestations: {{no_benchmark_specific_tuning: true, license_permits_publication: true}}
"""
FOLDERS = ("submissions/README.md", "ledger", "keys", "site/editions", ".github")
QUICKER = """\
#!{python}
# wattbench, its quick protocol in windows of half a second
import dataclasses, sys
from wattbench import protocol
protocol.PROTOCOLS["quick"] = dataclasses.replace(
    protocol.QUICK, warm_up_seconds=0.2, window_seconds=0.6, passes=3, more_passes=3, baseline_seconds=0.2
)
from wattbench.cli import main
sys.exit(main())
"""
SHORTER = re.compile(r"[\w./-]+~[\w~-]+(--\d)")  # a run's file by its date: the board's name is a line of its own
QUIET_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@wattstar.example",
    "GIT_COMMITTER_NAME": "Rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@wattstar.example",
    # a `gh` that is signed in here has no part in it
    "GH_CONFIG_DIR": os.devnull,
    "GH_TOKEN": "",
    "GITHUB_TOKEN": "",
}


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ran: its exit status and all that it said."""

    status: int
    said: str


@dataclass(slots=True)
class Stage:
    """Where the rehearsal plays: a bare repository `origin.git`, and a clone for everybody who takes part."""

    folder: Path
    tell: Callable[[str], None] = lambda _words: None
    told: dict[str, Done] = field(default_factory=dict)

    @property
    def origin(self) -> Path:
        """The repository that stands in for GitHub's."""
        return self.folder / "origin.git"

    def run(self, *command: object, cwd: Path | None = None, **environment: str) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            [str(one) for one in command],
            cwd=cwd or self.folder,
            env=os.environ | QUIET_GIT | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        return Done(done.returncode, done.stdout)

    def must(self, *command: object, cwd: Path | None = None) -> str:
        """Run a command that has to work."""
        done = self.run(*command, cwd=cwd)
        if done.status:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.status}:\n{done.said}")
        return done.said

    def ours(self, package: str, *arguments: object, cwd: Path | None = None) -> Done:
        """Run wattbench or wattboard, in this process: a dozen starts would take half the time."""
        command, said, status = importlib.import_module(f"{package}.cli").main, io.StringIO(), 0
        before, sys.argv = sys.argv, [package, *map(str, arguments)]
        try:
            with (
                contextlib.chdir(cwd or self.folder),
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                command()
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            sys.argv = before
        return Done(status, said.getvalue())

    def clone(self, name: str) -> Path:
        """Give somebody's fresh clone."""
        self.must("git", "clone", "--quiet", self.origin, self.folder / name)
        return self.folder / name

    def commit(self, where: Path, branch: str, words: str) -> None:
        """Commit all that a clone holds on a branch of its own, and push it."""
        self.must("git", "switch", "--quiet", "--create", branch, cwd=where)
        self.must("git", "add", "--all", cwd=where)
        self.must("git", "commit", "--quiet", "--message", words, cwd=where)
        self.must("git", "push", "--quiet", "origin", branch, cwd=where)

    def workspace(self, branch: str) -> Path:
        """Give what GitHub hands a workflow: main in `trusted`, and in `change` the branch merged into it."""
        where = self.folder / f"workspace-{branch.replace('/', '-')}"
        where.mkdir()
        self.clone(f"{where.name}/trusted")
        change = self.clone(f"{where.name}/change")
        self.must("git", "merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}", cwd=change)
        return where

    def step(self, workflow: str, name: str, where: Path, **environment: str) -> Done:
        """Run a step of a workflow as it stands there; what it takes from an event is given by name."""
        told = yaml.safe_load((ROOT / ".github/workflows" / workflow).read_text(encoding="utf-8"))
        (found,) = (one for job in told["jobs"].values() for one in job["steps"] if one.get("name") == name)
        own = {key: value for key, value in found.get("env", {}).items() if "${{" not in value}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        set_ = own | environment | {"PATH": path, "GITHUB_OUTPUT": str(where / "output.txt")}
        cwd = where / found.get("working-directory", ".")
        return self.run("bash", "-e", "-c", found["run"], cwd=cwd, **set_)

    def merge(self, where: Path) -> None:
        """Merge what was checked: a maintainer's click."""
        self.must("git", "push", "--quiet", "origin", "HEAD:main", cwd=where)

    def scene(self, title: str, done: Done | None = None, shown: Sequence[str] = ()) -> None:
        """Tell a step: what happened, and the lines worth reading of what was said."""
        if done is not None:
            self.told[title] = done
        self.tell(f"\n{len(self.told):2}. {title}")
        for line in shown:
            told = textwrap.shorten(SHORTER.sub(r"...\1", line), 170, placeholder=" ...")
            self.tell(f"      {told}")


def rehearse(folder: Path, tell: Callable[[str], None] = lambda _words: None) -> Stage:
    """Play it all in an empty folder."""
    stage = Stage(folder, tell)
    set_up(stage)
    submit(stage)
    first = badge(stage, "before")
    measure(stage)
    verify(stage)
    second = badge(stage, "after")
    done = Done(int(first == second), f"before: {first}\nafter: {second}")
    stage.scene("The site is built again, and the badge has changed", done, done.said.splitlines())
    refusals(stage)
    return stage


def set_up(stage: Stage) -> None:
    """Make the repository with the folders that the circle needs, the host's keys, and its Shelf."""
    seed = stage.folder / "seed"
    for name in FOLDERS:
        source, target = ROOT / name, seed / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)
    trust(stage, seed)
    stage.must("git", "init", "--quiet", "--bare", "--initial-branch=main", stage.origin)
    stage.must("git", "init", "--quiet", "--initial-branch=main", seed)
    stage.must("git", "add", "--all", cwd=seed)
    stage.must("git", "commit", "--quiet", "--message", "A house without results", cwd=seed)
    stage.must("git", "push", "--quiet", stage.origin, "main", cwd=seed)
    models = stage.folder / "shelf"
    shelf_factory.echo_shelf(models)
    shelf_factory.put_model(models, MODEL, f"package:{PACKAGE}", shelf_factory.echo(1))
    quicker = stage.folder / "wattbench"
    quicker.write_text(QUICKER.format(python=sys.executable), encoding="utf-8")
    quicker.chmod(0o755)


def trust(stage: Stage, seed: Path) -> None:
    """Make four keys: the host's, one that ended, one that begins much later, and one that nobody trusts."""
    import datetime as dt

    dates = {
        "host": (dt.date(2026, 1, 1), None),
        "ended": (dt.date(2020, 1, 1), dt.date(2020, 12, 31)),
        "early": (dt.date(2099, 1, 1), None),
    }
    entries = []
    for name, (begins, ends) in dates.items():
        entry = keys.create(stage.folder / f"{name}.pem", f"rehearsal-{name}", begins)
        entries.append(entry.model_copy(update={"valid_until": ends}).model_dump(mode="json"))
    keys.create(stage.folder / "unknown.pem", "rehearsal-unknown", dt.date(2026, 1, 1))
    text = json.dumps({"schema": 1, "keys": entries}, indent=1)
    (seed / "keys/trusted.json").write_text(text + "\n", encoding="utf-8")


def submit(stage: Stage) -> None:
    """Submit a model as a stranger, check it as check.yml does, comment as comment.yml does, merge it."""
    fork = stage.clone("fork")
    file = fork / "submissions" / MODEL / "submission.yml"
    file.parent.mkdir(parents=True)
    file.write_text(SUBMISSION, encoding="utf-8")
    stage.commit(fork, "please-measure", f"Measure {MODEL}")
    stage.scene("A stranger submits a model: one file, on a branch", Done(0, ""), SUBMISSION.splitlines()[2:4])
    where = stage.workspace("please-measure")
    found = check(stage, where)
    said = [one["message"] for one in found["notes"]] or ["nothing is wrong"]
    stage.scene("It is checked with main's own code (check.yml)", Done(int(not found["ok"]), json.dumps(found)), said)
    main = stage.clone("main")
    with zipfile.ZipFile(main / "check.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(where / "check.json", "check.json")
    done = stage.step("comment.yml", "Write the comment", main)
    comment = (main / "comment.md").read_text(encoding="utf-8")
    told = [one for one in comment.splitlines()[1:] if one]
    stage.scene("The pull request is told (comment.yml)", Done(done.status, done.said + comment), told)
    stage.merge(where / "change")
    stage.scene("A maintainer merges it", Done(0, ""))


def check(stage: Stage, where: Path) -> dict[str, Any]:
    """Check a stranger's change as check.yml does, and give what it hands to the comment."""
    done = stage.step("check.yml", "Check", where, ROLE="person")
    if done.status:
        raise RuntimeError(done.said)
    found: dict[str, Any] = json.loads((where / "check.json").read_text(encoding="utf-8"))
    return found


def host(stage: Stage) -> Done:
    """Call the GPU host's own script once."""
    sku = environment.device_of(meters.find("estimate").facts()).sku
    place = stage.folder / "host"
    where = ("--repository", stage.origin, "--work", place / "clone", "--shelf", stage.folder / "shelf")
    which = (
        "--sku",
        sku,
        "--meter",
        "estimate",
        "--protocol",
        "quick",
        "--key",
        stage.folder / "host.pem",
        "--packages",
    )
    script = (sys.executable, ROOT / "deploy/host/measure_next.py", "--wattbench", stage.folder / "wattbench")
    return stage.run(*script, *where, *which, "--", "--backend=echo", "--workload-version=0")


def measure(stage: Stage) -> None:
    """Let the host look before and after a maintainer approves (measure.yml)."""
    done = host(stage)
    stage.scene("The GPU host looks: nothing was approved yet", done, done.said.splitlines())
    stage.must("git", "push", "--quiet", stage.origin, "origin/main:refs/heads/approved", cwd=stage.clone("approver"))
    done = host(stage)
    lines = done.said.splitlines()
    shown = [one for one in lines if one.startswith(("Next", "Pushed", "Open")) or "signed by" in one]
    stage.scene("A maintainer approves (measure.yml), and the host measures, signs, pushes", done, shown)


def results_branch(stage: Stage) -> str:
    """Name the branch that the host has pushed."""
    told = stage.must("git", "for-each-ref", "--format=%(refname:short)", "refs/heads/results", cwd=stage.origin)
    if not told:
        raise RuntimeError("\n".join(done.said for done in stage.told.values()))
    return told.split()[-1]


def verify(stage: Stage) -> None:
    """Verify the host's branch as results.yml does, and merge it."""
    where = stage.workspace(results_branch(stage))
    title = "Only runs and the ledger change"
    stage.scene(f"{title} (results.yml)", stage.step("results.yml", title, where))
    title = "Every run is signed and follows from its trace"
    done = stage.step("results.yml", title, where)
    stage.scene(f"{title} (results.yml)", done, done.said.splitlines())
    stage.merge(where / "change")
    stage.scene("A maintainer merges the result", Done(0, ""))
    done = stage.step("publish.yml", "Check the submissions, verify the runs", stage.clone("published"))
    stage.scene("Before it is published all is checked and verified once more (publish.yml)", done)


def badge(stage: Stage, when: str) -> str:
    """Build the site from main as publish.yml does, and read what the model's badge says."""
    main = stage.clone(f"site-{when}")
    done = stage.step("publish.yml", "Build", main)
    if done.status:
        raise RuntimeError(done.said)
    found = sorted((main / "build/html/badges/v1" / MODEL).glob(f"{TASK}.svg"))
    titles = [one.read_text(encoding="utf-8").split("<title>")[1].split("</title>")[0] for one in found]
    return html.unescape(titles[0]) if titles else "none"


def refusals(stage: Stage) -> None:
    """Play what must not get through."""
    fork = stage.clone("hostile")
    for path in (run_of(fork), fork / "keys/trusted.json", fork / ".github/workflows/check.yml"):
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (fork / "site/editions/2026-12").mkdir()
    (fork / "site/editions/2026-12/edition.json").write_text("{}", encoding="utf-8")
    stage.commit(fork, "five-stars", f"Five stars for {MODEL}")
    found = check(stage, stage.workspace("five-stars"))
    shown = [f"{one['file']}: {one['message']}" for one in found["problems"]]
    told = Done(int(not found["ok"]), "\n".join(shown))
    stage.scene("A fork edits a run, the keys, an edition, a workflow: each path is told", told, shown)
    for name, what in (
        ("unknown", "a key that nobody trusts"),
        ("ended", "a key that has ended"),
        ("early", "a key that is not valid yet"),
    ):
        stage.scene(f"A result signed by {what}", *forged(stage, name))
    stage.scene("A run of which one figure was changed", *tampered(stage))


def run_of(where: Path) -> Path:
    """Give the candidate's run in a clone."""
    below = where / "submissions" / MODEL / "runs"
    (found,) = (one for one in below.glob("*.json") if not one.name.endswith(".dsse.json"))
    return found


def forged(stage: Stage, name: str) -> tuple[Done, list[str]]:
    """Sign main's run again with another key, and verify it."""
    where = stage.clone(f"forged-{name}")
    run = run_of(where)
    run.with_suffix(".dsse.json").unlink()
    signed = stage.ours("wattbench", "sign", run, "--key", stage.folder / f"{name}.pem", cwd=where)
    if signed.status:
        raise RuntimeError(signed.said)
    done = stage.ours("wattbench", "verify", "submissions", cwd=where)
    return done, [one for one in done.said.splitlines() if "signatures" in one]


def tampered(stage: Stage) -> tuple[Done, list[str]]:
    """Take a tenth off the energy of main's run, and verify it."""
    where = stage.clone("tampered")
    run = run_of(where)
    told = json.loads(run.read_text(encoding="utf-8"))
    next(one for one in told["passes"] if one["joules"])["joules"] *= 0.9
    run.write_text(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    done = stage.ours("wattbench", "verify", "submissions", cwd=where)
    return done, [one for one in done.said.splitlines() if one.startswith("submissions")]


def main() -> None:
    """Play it in a temporary folder and tell it."""
    with tempfile.TemporaryDirectory(prefix="wattstar-rehearsal-") as folder:
        rehearse(Path(folder), lambda words: print(words, flush=True))
    print("\nThat is the whole circle. None of it has run on GitHub: site/pages/maintain.md says what was never seen.")


if __name__ == "__main__":
    main()
