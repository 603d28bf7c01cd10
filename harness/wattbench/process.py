"""The measured process as its parent sees it: start it isolated, give it orders, read its CPU seconds from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from wattbench.bench import MemoryEnded
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What the measured process may keep of its parent's environment: no token, no proxy, no endpoint.
KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
KEPT_PREFIXES = ("FAKE_NVML",)
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # Else glibc learns from its first allocations which memory to give back after every query, by chance: with models
    # on the CPU that made one process up to 15 % dearer than the next. Set, memory once taken is kept.
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What the measured process is to load, and how: `options` for the task, `graders` for grading."""

    task: str
    workload: Path
    model: Path
    backend: str
    precision: str
    device: str
    options: Mapping[str, Any] = field(default_factory=dict)
    graders: Mapping[str, Path] = field(default_factory=dict)


class WorkerFailed(Exception):  # noqa: N818 - it is the measured model that failed
    """The measured process died or raised; the message carries the last lines that it printed."""


class Process:
    """A running worker. Use as a context manager: it is ended when the block ends, however that comes about."""

    def __init__(self, threads: int) -> None:
        """Start the process with a clean environment, an empty home for caches and so many CPU threads."""
        self._home = tempfile.TemporaryDirectory(prefix="wattbench-")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        kept = {key: value for key, value in os.environ.items() if key in KEPT or key.startswith(KEPT_PREFIXES)}
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "wattbench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env={
                **kept,
                **OFFLINE,
                "HF_HOME": self._home.name,
                "HOME": self._home.name,
                "TMPDIR": self._home.name,
                "OMP_NUM_THREADS": str(threads),
            },
        )

    def __enter__(self) -> Self:
        """Nothing to do: the process runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and remove what it had for itself."""
        self.close()
        self._log.close()
        self._home.cleanup()

    def close(self) -> None:
        """End the process; it may be ended twice."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._child.pid

    def load(self, order: Order) -> dict[str, Any]:
        """Load a model and its rows. Raises Refusal for what cannot be loaded, WorkerFailed for anything else."""
        return self._ask(
            {
                "do": "load",
                "task": order.task,
                "workload": str(order.workload),
                "model": str(order.model),
                "backend": order.backend,
                "precision": order.precision,
                "device": order.device,
                "options": dict(order.options),
                "graders": {name: str(folder) for name, folder in order.graders.items()},
            }
        )

    def answer(self, rounds: int, batch: int = 1, part: str = "all", *, by_length: bool = False) -> None:
        """Answer the workload, or a part of it, `rounds` times. Raises MemoryEnded for a batch that does not fit."""
        reply = self._ask({"do": "answer", "rounds": rounds, "batch": batch, "part": part, "by_length": by_length})
        if "exhausted" in reply:
            raise MemoryEnded(reply["exhausted"])

    def count(self, *, keep: bool = True) -> dict[str, Any]:
        """Count and hash the outputs of the last answer; kept, they can be graded."""
        return self._ask({"do": "count", "keep": keep})

    def grade(self, number: int) -> dict[str, Any]:
        """Grade the outputs of a counted pass, by its number from 0; negative from the last."""
        return self._ask({"do": "grade", "number": number})

    def cpu_seconds(self) -> float:
        """CPU seconds that the process tree has used so far, user and system, in s; read from outside."""
        import psutil

        try:
            root = psutil.Process(self.pid)
            times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
        except psutil.NoSuchProcess:
            raise WorkerFailed(self._last_words()) from None
        # children_user of a process holds the children that it has reaped already
        return float(sum(t.user + t.system + t.children_user + t.children_system for t in times))

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._child.stdin is None or self._child.stdout is None:
            raise WorkerFailed("the measured process has no pipes")
        try:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerFailed(self._last_words())
        reply: dict[str, Any] = json.loads(line)
        if "refused" in reply:
            raise Refusal(Problem(*fields) for fields in reply["refused"])
        if "failed" in reply:
            raise WorkerFailed(reply["failed"])
        return reply

    def _last_words(self) -> str:
        """What the process printed last, for the message about its end."""
        status = self._child.poll()
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
        return f"the measured process ended (status {status}): " + (" / ".join(lines) or "it printed nothing")
