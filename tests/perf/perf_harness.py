"""What our own loop costs: the harness beside the bare call, transformers' pipeline and AI Energy Score's engine.

    python tests/perf/perf_harness.py [--only TASK] [--shelf FOLDER] [--write]

Each in a process of its own with one thread, all on the same model and rows in batches of one, in turns. The engine
is installed into build/peers-harness at the first time. Results go to build/perf/; --write puts them into
site/pages/harness.md too, between its two marks. Some six minutes; the demo's Shelf is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import harness_cases as cases
from harness_peers import ENGINES, PIPELINE
from harness_report import Outcome, Turn, read, table, text, verdicts

from wattbench import workloads
from wattbench.answering import digest
from wattbench.process import KEPT, OFFLINE, Order, Process
from wattbench.tasks import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness_cases import Case

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers-harness"
KEPT_AS = ROOT / "build" / "perf" / "harness.json"
PAGE = ROOT / "site" / "pages" / "harness.md"
MARKS = ("<!-- harness -->", "<!-- end of harness -->")
# Not all that they ask for: datasets and CodeCarbon are left out, which the engine's backend does not use.
NEEDS = (
    "ai_energy_benchmarks==0.0.7",
    "omegaconf==2.3.0",
    "antlr4-python3-runtime==4.9.3",
    "pandas==2.3.3",
    "python-dateutil==2.9.0.post0",
    "six==1.17.0",
    "pytz==2025.2",
)
GENERATIONS = 2  # processes of each contestant: where its memory happens to lie makes some difference of its own
TURN = 0.3  # CPU seconds of a turn, or one round
SPAN = 2.5  # CPU seconds of all turns of one process, about
LEAST, MOST = 3, 8  # turns of one process


class Contestant(NamedTuple):
    """A process that answers. rounds: answer so many rounds; gives the CPU seconds of the model's own call."""

    pid: int
    rounds: Callable[[int], float]
    values: Callable[[], Any]
    parameters: int | None


def install() -> None:
    """Put the engine into a folder of its own, unless it is there."""
    ready = PEERS / ".ready"
    if ready.exists() and ready.read_text() == "\n".join(NEEDS):
        return
    print(f"Installing {NEEDS[0]} into {PEERS}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--upgrade", "--target", PEERS, *NEEDS], check=True)
    ready.write_text("\n".join(NEEDS))


@contextlib.contextmanager
def harness(case: Case, workload: Path, model: Path) -> Iterator[Contestant]:
    """Start the measured process as a run starts it."""
    with Process(threads=1) as process:
        graders = {"clip": model} if case.task == "image-generation" else {}  # it is asked for, and grades nothing here
        order = Order(case.task, workload, model, "optimum", "fp32", "cpu", {"reasoning": "off"}, graders)
        ready = process.load(order)

        def rounds(number: int) -> float:
            process.answer(number)
            return 0.0

        yield Contestant(process.pid, rounds, lambda: process.count(keep=False), ready["parameters"])


@contextlib.contextmanager
def other(arm: str, case: Case, workload: Path, model: Path) -> Iterator[Contestant]:
    """Start the bare call or a peer, with the measured process' environment."""
    kept = {key: value for key, value in os.environ.items() if key in KEPT}
    script = str(Path(__file__).with_name("harness_arms.py"))
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as log:
        child = subprocess.Popen(
            [sys.executable, script, arm, case.task, str(workload), str(model)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**kept, **OFFLINE, "HOME": home, "OMP_NUM_THREADS": "1", "HARNESS_PEERS": str(PEERS)},
        )
        told: dict[str, Any] = {}

        def hear() -> dict[str, Any]:
            assert child.stdout is not None
            if not (line := child.stdout.readline()):
                log.seek(0)
                sys.exit(f"{arm} failed at {case.task}:\n{log.read()[-3000:]}")
            heard: dict[str, Any] = json.loads(line)
            return heard

        def rounds(number: int) -> float:
            assert child.stdin is not None
            child.stdin.write(f"{number}\n")
            child.stdin.flush()
            told.update(hear())
            return float(told["forward"])

        try:
            yield Contestant(child.pid, rounds, lambda: told["values"], hear().get("parameters"))
        finally:
            child.kill()
            child.communicate()


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its threads by the kernel's scheduler, which counts ns; the clock ticks at 10 ms."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


def turn(one: Contestant, rounds: int, queries: int) -> Turn:
    """Let a contestant answer so many rounds, and give what a query cost."""
    cpu, wall = cpu_seconds(one.pid), time.monotonic()
    inner = one.rounds(rounds)
    wall, cpu = time.monotonic() - wall, cpu_seconds(one.pid) - cpu
    return Turn(*(figure / rounds / queries for figure in (cpu, wall, inner)))


def arms_of(case: Case) -> list[str]:
    """Name the contestants that can do a case."""
    peers = [name for name, known in (("pipeline", PIPELINE), ("engine", ENGINES)) if case.task in known]
    return ["bare", "harness", *peers]


def measure(case: Case, shelf: Path, scratch: Path) -> Outcome | None:
    """Let all contestants answer one case in turns; None where the Shelf lacks the model."""
    model = cases.model_folder(case, shelf, scratch)
    if model is None:
        return None
    workload = scratch / f"{case.task}-{case.model}-rows"
    workload.mkdir()
    rows = cases.rows_of(case, shelf)
    workloads.save_rows(rows, workload)
    arms, same, parameters = arms_of(case), {}, 0
    turns: list[dict[str, Turn]] = []
    for _ in range(GENERATIONS):
        with contextlib.ExitStack() as stack:
            running = {
                arm: stack.enter_context(
                    harness(case, workload, model) if arm == "harness" else other(arm, case, workload, model)
                )
                for arm in arms
            }
            parameters = running["bare"].parameters or 0
            warm = {arm: turn(one, 1, len(rows)) for arm, one in running.items()}
            same = agreement({arm: one.values() for arm, one in running.items()})
            cost = min(one.cpu for one in warm.values()) * len(rows)
            number = max(1, round(TURN / cost))
            times = max(LEAST, min(MOST, round(SPAN / (number * cost))))
            # Always in the same order: who has just answered is a little faster than who has waited long.
            turns += [{arm: turn(running[arm], number, len(rows)) for arm in arms} for _ in range(times)]
    return Outcome(case.task, case.model, case.trained, parameters, len(rows), tuple(turns), same)


def agreement(values: dict[str, Any]) -> dict[str, float]:
    """Give the share of rows that each contestant answers as the bare call does; ours by the hash of all answers."""
    bare = values["bare"]
    shares = {
        arm: sum(a == b for a, b in zip(bare, told, strict=True)) / len(bare)
        for arm, told in values.items()
        if arm not in {"bare", "harness"}
    }
    return {**shares, "harness": float(values["harness"]["outputs_sha256"] == digest([Output(one) for one in bare]))}


def main() -> None:
    """Install, measure, report."""
    parser = argparse.ArgumentParser(description="What our own loop costs beside the bare call and its peers.")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TASK",
        help="this task alone, the others as last time; may be repeated",
    )
    parser.add_argument("--shelf", type=Path, default=ROOT / "build" / "shelf", help="where the demo's models are")
    parser.add_argument("--write", action="store_true", help="put the figures into site/pages/harness.md")
    wanted = parser.parse_args()
    install()
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in (one for one in cases.CASES if not wanted.only or one.task in wanted.only):
            outcome = measure(case, wanted.shelf, Path(scratch))
            if outcome is None:
                print(f"{case.task}: {case.model} is not on the Shelf {wanted.shelf}; run make demo first")
            else:
                found.append(outcome)
                print(table([outcome]).splitlines()[-1], flush=True)
    if wanted.only:
        found = together(kept(), found)
    keep(found)
    print(f"\n{table(found)}", *verdicts(found), sep="\n\n")
    if wanted.write:
        write_page(PAGE, text(found, machine(), dt.datetime.now(dt.UTC)))
        print(f"\nThe figures are in {PAGE}.")


def machine() -> str:
    """Name the processor and the libraries."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("torch", "transformers", "sentence-transformers")
    )
    return f"{names[0] if names else 'an unnamed processor'} ({versions}, {NEEDS[0].replace('==', ' ')})"


def kept() -> list[Outcome]:
    """Read what the last run kept."""
    return [read(one) for one in json.loads(KEPT_AS.read_text())] if KEPT_AS.exists() else []


def together(before: Sequence[Outcome], now: Sequence[Outcome]) -> list[Outcome]:
    """Put what was measured again in the place of what was measured before, in the order of the cases."""
    by_case = {(one.task, one.model): one for one in (*before, *now)}
    return [by_case[case.task, case.model] for case in cases.CASES if (case.task, case.model) in by_case]


def keep(found: Sequence[Outcome]) -> None:
    """Write every turn as JSON."""
    KEPT_AS.parent.mkdir(parents=True, exist_ok=True)
    plain = [
        one._asdict() | {"turns": [{arm: each._asdict() for arm, each in turns.items()} for turns in one.turns]}
        for one in found
    ]
    KEPT_AS.write_text(json.dumps(plain, indent=1) + "\n")


def write_page(page: Path, words: str) -> None:
    """Put the figures between the two marks of a page."""
    before = page.read_text(encoding="utf-8")
    head, tail = before.split(MARKS[0])[0], before.split(MARKS[1])[1]
    page.write_text(f"{head}{MARKS[0]}\n\n{words}\n\n{MARKS[1]}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
