"""The bake-off: how far meters are from the truth, and what they cost, side by side on the same simulated card.

    python tests/perf/perf_meter.py [--short] [--write]

The card is the stand-in library of the tests, with sensors as published of an H100 and waveforms whose energy is known
exactly. Zeus and CodeCarbon run from an environment of their own, build/peers, made here at the first time. Results go
to build/perf/; --write puts them into site/pages/meter.md too, between its two marks.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fake_nvml.fixtures import NANOSECONDS, SONAME, SOURCE, FakeNvml
from fake_nvml.trials import WAVEFORMS, gpu_of, trial
from meter_chart import chart
from meter_report import FLOORS, OURS, STEADY, Cell, costs, finding, floors, table, tried, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers"
PAGE = ROOT / "site" / "pages" / "meter.md"
MARKS = ("<!-- bake-off -->", "<!-- end of the bake-off -->")
NEEDS = ("zeus==0.16.0", "codecarbon==3.3.2", "nvidia-ml-py>=13,<14")
TOOLS = {
    "wattbench": sys.executable,
    "zeus": str(PEERS / "bin" / "python"),
    "codecarbon": str(PEERS / "bin" / "python"),
    "naive": sys.executable,
    "zeus_power": str(PEERS / "bin" / "python"),
    **dict.fromkeys(FLOORS, sys.executable),
}
# Zeus' sampler drops readings equal to the last, so a load without any noise leaves it nothing.
COST_ONLY = {"zeus_power", *FLOORS}
# s of a window, +- 0.03: how many of them a cell. No multiple of the counter's 0.1 s, which would hide its steps. To
# say whether 95 % hold takes 20.
FULL = {0.53: 32, 1.27: 20, 5.03: 20, 20.07: 4, 59.93: 2}
SHORT = {0.53: 12, 5.03: 6}
CARDS = 8  # devices a waveform: the same load with other phases of counter, sensor and load
PAUSE = 0.11
BUSY = 0.05  # in which share of its wakings a simulated process comes late
SIMULATED = 200  # windows a cell on simulated time, every phase drawn anew
LEAST_SIMULATED = 40  # with --short
# It stands below the table of costs.
COUNTED = (
    "Counted are CPU seconds, not the time that passed, of all that a tool runs: its process with every thread, and "
    "the processes it starts. They are taken from just before a window is asked for until its joules are told, and "
    "divided by the seconds that the window was to last: the mean over windows and loads. A sample of ours is a row of "
    "ten readings, one of the others a power or an energy. What a real driver takes for a call is in none of them: "
    "the last row says how many calls there are."
)


def install() -> None:
    """Make the peers' environment, unless it is there."""
    if (PEERS / ".ready").exists() and (PEERS / ".ready").read_text() == "\n".join(NEEDS):
        return
    print(f"Installing {', '.join(NEEDS)} into {PEERS}")
    subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([str(PEERS / "bin" / "python"), *pip, *NEEDS], check=True)
    (PEERS / ".ready").write_text("\n".join(NEEDS))


def cards(folder: Path) -> dict[str, FakeNvml]:
    """Build the stand-in and lay out a set of devices for every waveform."""
    library = folder / SONAME
    flags = ["-shared", "-fPIC", "-O1", f"-Wl,-soname,{SONAME}"]
    subprocess.run(["cc", *flags, "-o", library, SOURCE], check=True)
    wake = Path(__file__).with_name("wake.c")
    subprocess.run(["cc", "-O1", "-o", folder / "wake", wake, "-ldl"], check=True)
    smi = folder / "nvidia-smi"  # CodeCarbon asks for one before it looks for GPUs
    smi.write_text("#!/bin/sh\nexit 0\n")
    smi.chmod(0o755)
    draw = random.Random(3)  # noqa: S311 - phases, not secrets
    found = {}
    for waveform in WAVEFORMS:
        fake = FakeNvml(library, folder / f"{waveform}.state")
        began = time.monotonic_ns() - 5 * NANOSECONDS
        for _ in range(CARDS):
            phases = {f"{one}_phase_nanoseconds": draw.randrange(NANOSECONDS // 10) for one in ("step", "sensor")}
            fake.gpus.append(gpu_of(waveform, began, draw.uniform(0, 100), **phases))
        fake.write()
        found[waveform] = fake
    return found


def start(tool: str, fake: FakeNvml, plan: list[tuple[int, float]]) -> subprocess.Popen[str]:
    """Start one tool on one waveform; it waits for a line."""
    environment = fake.environment()
    environment["PATH"] = f"{fake.library.parent}{os.pathsep}{environment['PATH']}"
    environment["WAKE"] = str(fake.library.parent / "wake")
    counted = fake.state.with_suffix(f".{tool}.calls")
    counted.write_bytes(bytes(8))
    environment["FAKE_NVML_CALLS"] = str(counted)
    command = [TOOLS[tool], str(Path(__file__).with_name("meter_tools.py")), tool, json.dumps(plan)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with log_of(tool, fake).open("w") as log:
        return subprocess.Popen(command, env=environment, text=True, stderr=log, **pipes)


def log_of(tool: str, fake: FakeNvml) -> Path:
    """Where a tool's complaints go."""
    return fake.state.with_suffix(f".{tool}.log")


def measure(windows: dict[float, int], folder: Path) -> list[Cell]:
    """Run every tool on every waveform at once, and give what each made of each length of window."""
    by_waveform = cards(folder)
    lengths = [seconds for seconds, count in windows.items() for _ in range(count)]
    plan = sorted((number % CARDS, seconds) for number, seconds in enumerate(lengths))
    running: dict[tuple[str, str], subprocess.Popen[str]] = {}
    try:
        for waveform, fake in by_waveform.items():
            for tool in TOOLS:
                if tool in FLOORS and waveform != STEADY[0]:  # what waking costs is no matter of the load
                    continue
                # One device is enough for what a tool costs: Zeus' sampler takes seconds to start anew.
                own = [(0, seconds) for _, seconds in plan] if tool in COST_ONLY else plan
                process = running[waveform, tool] = start(tool, fake, own)
                assert process.stdout is not None
                if process.stdout.readline() != "ready\n":  # one at a time: two cores
                    sys.exit(complaint(tool, fake))
        print(f"{len(running)} tools measure {len(plan)} windows each: {sum(lengths) / 60:.1f} minutes and some")
        for process in running.values():
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            time.sleep(PAUSE)  # so that not all poll at once
        cells = []
        for (waveform, tool), process in running.items():
            out, _ = process.communicate()
            if process.returncode:
                sys.exit(complaint(tool, by_waveform[waveform]))
            found = json.loads(out)
            for seconds in windows:
                alike = [one for one in found if one["seconds"] == seconds]
                cells += [cell(tool, waveform, seconds, alike, by_waveform[waveform])]
        return cells
    finally:
        for process in running.values():
            process.kill()


def complaint(tool: str, fake: FakeNvml) -> str:
    """Say how a tool failed, in its own last words."""
    words = log_of(tool, fake).read_text()[-2000:].strip()
    return f"{tool} failed on {fake.state.stem}. Nothing was written. Its last words:\n{words}"


def cell(tool: str, waveform: str, seconds: float, found: list[dict[str, Any]], fake: FakeNvml) -> Cell:
    """Compare the windows of one tool, waveform and length with the truth."""
    os.environ["FAKE_NVML_STATE"] = str(fake.state)  # the truth is asked in this process
    errors, covered = [], []
    for one in found:
        truth = fake.true_joules(one["opened"], one["closed"], one["gpu"])
        error = (one["joules"] or 0) - truth
        errors.append(100 * abs(error) / truth)
        if "uncertainty" in one:
            covered.append(abs(error) <= one["uncertainty"])
    cost = 100 * fmean(one["cpu"] / one["seconds"] for one in found)
    calls = fmean(one["calls"] / one["seconds"] for one in found)
    share = fmean(covered) if covered else None
    return Cell(tool, waveform, seconds, len(found), median(errors), max(errors), cost, calls, share)


def simulate(cells: Sequence[Cell], trials: int, folder: Path) -> list[Cell]:
    """Ask of many more windows of ours, on simulated time, in how many the truth lies within what is stated."""
    fake = FakeNvml(folder / SONAME, folder / "simulated.state")
    os.environ["FAKE_NVML_STATE"] = str(fake.state)

    def share(waveform: str, seconds: float) -> float:
        return fmean(trial(fake, waveform, seconds, seed, BUSY).covered for seed in range(trials))

    return [
        one._replace(simulated=share(one.waveform, one.seconds), trials=trials) if one.tool == OURS else one
        for one in cells
    ]


def main() -> None:
    """Install, measure, report."""
    parser = argparse.ArgumentParser(description="How far meters are from the truth, on a simulated card.")
    parser.add_argument("--short", action="store_true", help="two lengths of window only, under two minutes")
    parser.add_argument("--write", action="store_true", help="put the figures into site/pages/meter.md")
    wanted = parser.parse_args()
    install()
    with tempfile.TemporaryDirectory() as folder:
        cells = measure(SHORT if wanted.short else FULL, Path(folder))
        cells = simulate(cells, LEAST_SIMULATED if wanted.short else SIMULATED, Path(folder))
    text = keep(cells, ROOT / "build" / "perf")
    errors = [one for one in cells if one.tool not in COST_ONLY]
    print(table(errors), costs(cells), floors(cells), finding(cells), *verdicts(errors, cells), sep="\n\n")
    if wanted.write:
        write_page(PAGE, text)


def keep(cells: Sequence[Cell], folder: Path) -> str:
    """Write the figures into a folder, as Markdown and as JSON; gives the Markdown."""
    errors = [one for one in cells if one.tool not in COST_ONLY]
    expected = "\n".join(f"- {one}" for one in verdicts(errors, cells))
    parts = [tried(cells), table(errors), chart(errors), costs(cells), COUNTED, floors(cells), finding(cells)]
    parts += ["**What was expected**", expected]
    found = "\n\n".join(part for part in parts if part)
    when = dt.datetime.now(dt.UTC)
    text = f"Measured on {when.day} {when:%B %Y}, on a simulated card ({', '.join(NEEDS[:2])}).\n\n{found}\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meter.md").write_text(text)
    (folder / "meter.json").write_text(json.dumps([one._asdict() for one in cells], indent=1) + "\n")
    return text


def write_page(page: Path, text: str) -> None:
    """Put the figures between the two marks of a page."""
    before = page.read_text()
    head, tail = before.split(MARKS[0])[0], before.split(MARKS[1])[1]
    page.write_text(f"{head}{MARKS[0]}\n\n{text}\n{MARKS[1]}{tail}")


if __name__ == "__main__":
    main()
