"""Measure any command: run it under a meter, and judge the window."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wattbench.gates import OFFICIAL, judge_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from wattbench.gates import Limits
    from wattbench.meters import Meter, Reading
    from wattbench.runs import Gate

NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as shells have it


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command used and how it ended.

    status: its exit status, or 128 + the signal that killed it; 126 and 127 if it could not be started.
    """

    command: tuple[str, ...]
    meter: Mapping[str, Any]
    reading: Reading
    status: int
    gates: tuple[Gate, ...]


def measure_command(command: Sequence[str], meter: Meter, limits: Limits = OFFICIAL) -> Measured:
    """Run a command to its end under a meter. Its input and output are left alone; signals are passed on to it."""
    facts = meter.facts()  # before the command: what was on the device without it
    child: list[subprocess.Popen[bytes]] = []
    problem = None
    with _passing_on(child):
        window = meter.start(children_cpu_seconds)
        try:
            child.append(subprocess.Popen(list(command)))
            status = child[0].wait()
            status = 128 - status if status < 0 else status
        except OSError as error:
            status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
            problem = f"the command did not start: {error.strerror or error}: {command[0]}"
        finally:
            reading = window.stop()
    if problem is not None:
        reading = replace(reading, joules=None, counter_joules=None, sampled_joules=None, reason=problem)
    return Measured(tuple(command), facts, reading, status, judge_window(reading, facts, limits))


def children_cpu_seconds() -> float:
    """Add up the CPU seconds of the children that have ended, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def _passing_on(child: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Pass SIGINT and SIGTERM on to the child instead of dying of them: the reading is still wanted."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield
        return

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if not child:  # still waiting for the counter: there is nothing to measure yet
            raise KeyboardInterrupt
        # From a terminal, Ctrl-C reaches the child without us; twice, it would be killed while it cleans up.
        if not (number == signal.SIGINT and _in_foreground()):
            child[0].send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Whether this process and its children are what the terminal sends its signals to."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:  # noqa: PTH123 - a device, not a path of ours
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
