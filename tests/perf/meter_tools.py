"""One tool of the bake-off in a process of its own: measures windows as it is told and prints what it read.

    python meter_tools.py TOOL '[[GPU, SECONDS], ...]'

Prints "ready", waits for a line, then measures one window after the other and prints them as JSON. Peers run in an
environment of their own, so nothing but the standard library is imported for all.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wattbench.meters import Window

    # Begins a window, and ends it: its joules, and what else the tool says of it.
    Tool = tuple[Callable[[], None], Callable[[], dict[str, Any]]]


@contextlib.contextmanager
def naive(gpu: int) -> Iterator[Tool]:
    """Read the counter at the start and at the end."""
    import pynvml

    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(gpu)
    at_start = 0

    def begin() -> None:
        nonlocal at_start
        at_start = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)

    def end() -> dict[str, Any]:
        return {"joules": (pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) - at_start) / 1000}

    yield begin, end


@contextlib.contextmanager
def wattbench(gpu: int) -> Iterator[Tool]:
    """Measure as a run does: within one recording."""
    from wattbench.meters.nvml import open_meter

    meter = open_meter([str(gpu)])
    window: list[Window] = []
    with meter.record():

        def begin() -> None:
            window[:] = [meter.start(time.process_time)]

        def end() -> dict[str, Any]:
            reading = window[0].stop()
            notes = reading.notes
            return {
                "joules": reading.joules,
                "uncertainty": notes["uncertainty_joules"],
                "opened": notes["opened_monotonic_seconds"],
                "closed": notes["closed_monotonic_seconds"],
            }

        yield begin, end


@contextlib.contextmanager
def zeus(gpu: int) -> Iterator[Tool]:
    """Measure with Zeus' monitor of windows, which reads the counter."""
    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor(gpu_indices=[gpu], cpu_indices=[])

    def begin() -> None:
        monitor.begin_window("w", sync_execution=False)

    def end() -> dict[str, Any]:
        return {"joules": monitor.end_window("w", sync_execution=False).gpu_energy[gpu]}

    yield begin, end


@contextlib.contextmanager
def zeus_power(gpu: int) -> Iterator[Tool]:
    """Measure with Zeus' sampler of power, at our rate."""
    from zeus.monitor import PowerMonitor

    monitor = PowerMonitor(gpu_indices=[gpu], update_period=0.1, power_domains=["device_instant"])
    time.sleep(0.5)
    began = 0.0

    def begin() -> None:
        nonlocal began
        began = time.time()

    def end() -> dict[str, Any]:
        energy = monitor.get_energy(began, time.time())
        return {"joules": energy[gpu] if energy else None}

    yield begin, end
    monitor.stop()


@contextlib.contextmanager
def codecarbon(gpu: int) -> Iterator[Tool]:
    """Measure with CodeCarbon: one tracker, a task a window."""
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        country_iso_code="USA", gpu_ids=[gpu], save_to_file=False, log_level="critical", allow_multiple_runs=True
    )
    tracker.start_task("first")  # what it sets up at its first task is no window's cost
    tracker.stop_task("first")

    def begin() -> None:
        tracker.start_task("w")

    def end() -> dict[str, Any]:
        data = tracker.stop_task()
        return {"joules": data.gpu_energy * 3.6e6}

    yield begin, end


@contextlib.contextmanager
def child(command: Sequence[str]) -> Iterator[Tool]:
    """Measure nothing, while a process does nothing but wake ten times a second."""
    waking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert waking.stdout is not None
    assert waking.stdout.readline() == "ready\n"
    try:
        yield (lambda: None), (lambda: {"joules": None})
    finally:
        waking.kill()
        waking.communicate()


WAKE = """
import time
print("ready", flush=True)
at = time.monotonic()
while True:
    at += 0.1
    time.sleep(max(0.0, at - time.monotonic()))
"""


def wake_python(_gpu: int) -> contextlib.AbstractContextManager[Tool]:
    """Wake in Python."""
    return child([sys.executable, "-c", WAKE])


def wake_c(_gpu: int) -> contextlib.AbstractContextManager[Tool]:
    """Wake in C."""
    return child([os.environ["WAKE"]])


def row_c(_gpu: int) -> contextlib.AbstractContextManager[Tool]:
    """Wake in C and read a row of ours."""
    return child([os.environ["WAKE"], "read"])


TOOLS = {one.__name__: one for one in (wattbench, zeus, zeus_power, codecarbon, naive, wake_python, wake_c, row_c)}


def calls() -> int:
    """How often a device was asked something so far, by all that this tool runs; 0 where nobody counts."""
    counted = os.environ.get("FAKE_NVML_CALLS")
    return int.from_bytes(Path(counted).read_bytes(), sys.byteorder) if counted else 0


def cpu_seconds() -> float:
    """CPU seconds of this process, of its children that live, and of those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = time.process_time() + ended.ru_utime + ended.ru_stime
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread or a child that ended just now
            for child in (task / "children").read_text().split():
                used += int(Path(f"/proc/{child}/schedstat").read_text().split()[0]) / 1e9
    return used


def measure(tool: str, windows: list[tuple[int, float]]) -> list[dict[str, Any]]:
    """Measure every window; those of one GPU follow each other and share what the tool keeps open."""
    found: list[dict[str, Any]] = []
    for gpu in dict.fromkeys(gpu for gpu, _ in windows):
        with TOOLS[tool](gpu) as (begin, end):
            for seconds in (seconds for one, seconds in windows if one == gpu):
                asked, before = calls(), cpu_seconds()
                begin()
                opened = time.monotonic()
                # A little longer or shorter each time, so that the end meets the counter's step anywhere.
                time.sleep(seconds + 0.06 * (len(found) * 0.618034 % 1 - 0.5))
                closed = time.monotonic()
                said = end()
                cost = cpu_seconds() - before
                one = {"gpu": gpu, "seconds": seconds, "opened": opened, "closed": closed, "cpu": cost}
                found.append({**one, "calls": calls() - asked, **said})
    return found


def main() -> None:
    """Measure what the command line says."""
    tool, windows = sys.argv[1], [(int(gpu), float(seconds)) for gpu, seconds in json.loads(sys.argv[2])]
    out = os.fdopen(os.dup(1), "w")  # some tools print
    os.dup2(2, 1)
    with TOOLS[tool](windows[0][0]):  # import and set up before the start
        pass
    print("ready", file=out, flush=True)
    sys.stdin.readline()
    print(json.dumps(measure(tool, windows)), file=out, flush=True)


if __name__ == "__main__":
    main()
