"""A recording: what the sampler, a process of its own, writes while it is open.

The sampler writes to memory that both have mapped, and this side reads it only when asked: nothing runs here while a
model is measured, and no full pipe can ever hold the sampler up.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import subprocess
import sys
import time
from bisect import bisect_left
from ctypes import sizeof
from typing import TYPE_CHECKING, Any, Self

from wattbench.meters import MeterUnavailable
from wattbench.meters.nvml_row import Record, values
from wattbench.meters.nvml_sampler import COLUMNS, HEAD, SAMPLE_SECONDS, STOPPED, due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

START_TIMEOUT_SECONDS = 30.0  # a driver without persistence takes its time
SAMPLE_TIMEOUT_SECONDS = 2.0
LOOK_SECONDS = 0.005  # how often to look for a sample that is late
LATE_SECONDS = 0.002  # how long after a sample was due it can be read as a rule
# Two processes see each other's writes in no certain order, but after a millisecond they see them all.
SETTLED_SECONDS = 0.001
GPU_BYTES = 1 << 28  # room for some 30 hours of samples of one GPU; memory is only taken as it is written


class NvmlRecording:
    """Runs the sampler for some GPUs, from entering to leaving it, and keeps what it says."""

    def __init__(self, uuids: Sequence[str]) -> None:
        """Prepare to record; nothing is started yet."""
        self.uuids = tuple(uuids)
        self.period = SAMPLE_SECONDS
        self._rows: list[list[Any]] = []
        self._failed: list[tuple[float, str, str]] = []  # s, UUID, reason
        self._stopped: str | None = None
        self._place = 0  # where in memory the next sample begins
        self._number = 0  # of the latest sample
        self._none_listed = (None,) * len(self.uuids)
        self._closed = False

    def __enter__(self) -> Self:
        """Start the sampler and wait for its first sample. Raises MeterUnavailable."""
        file = os.memfd_create("wattbench-samples")
        # -P: nothing in the current folder may stand in for a module. A group of its own: no Ctrl-C from terminals.
        command = [sys.executable, "-P", "-m", "wattbench.meters.nvml_sampler", *self.uuids]
        null = subprocess.DEVNULL
        try:
            os.ftruncate(file, GPU_BYTES * len(self.uuids))
            self._memory = mmap.mmap(file, 0, prot=mmap.PROT_READ)
            self._process = subprocess.Popen(command, stdin=null, stdout=file, stderr=null, process_group=0)
        except OSError as error:
            raise MeterUnavailable(f"its samples have no memory: {error.strerror}") from None
        finally:
            os.close(file)
        try:
            started = self.wait_past(0.0, START_TIMEOUT_SECONDS)
            reason = self.failures.get("sampler", f"no sample came within {START_TIMEOUT_SECONDS:g} s")
        except BaseException:
            self._stop()
            raise
        if not started:
            self._stop()
            raise MeterUnavailable(reason)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the sampler; what it wrote stays."""
        self._stop()

    @property
    def failures(self) -> dict[str, str]:
        """How each GPU first failed, by UUID; under "sampler", why the sampler itself ended before its time."""
        self._read()
        if not self._closed and self._process.poll() is not None:
            self._stopped = self._stopped or "the sampler's process ended before its time"
        first = {uuid: reason for _, uuid, reason in reversed(self._failed)}
        return first | ({"sampler": self._stopped} if self._stopped else {})

    def failure(self, uuid: str, since: float, until: float) -> str | None:
        """Say how a GPU first failed between two times, in s; None if it did not."""
        self._read()
        return next((why for at, who, why in self._failed if who == uuid and since <= at <= until), None)

    def rows(self, since: float | None = None) -> list[dict[str, Any]]:
        """List the rows up to now, as a trace has them, in the order of time; only those from `since` on, in s."""
        self._read()
        start = 0 if since is None else bisect_left(self._rows, since, key=lambda row: row[0])
        return [dict(zip(COLUMNS, row, strict=True)) for row in self._rows[start:]]

    def wait_past(self, at: float, timeout: float | None = None) -> bool:
        """Wait until every GPU was sampled after `at`, in s; False if the sampler ended or fell silent."""
        deadline = time.monotonic() + (SAMPLE_TIMEOUT_SECONDS if timeout is None else timeout)
        while not (reached := self._reaches(at)) and time.monotonic() < deadline and "sampler" not in self.failures:
            time.sleep(self._until_next())
        return reached or self._reaches(at)

    def _reaches(self, at: float) -> bool:
        self._read()
        # A sample's rows come together, the GPUs in their order: past `at` are all once the first of them is.
        return len(self._rows) >= len(self.uuids) and self._rows[-len(self.uuids)][0] >= at

    def _until_next(self) -> float:
        """When to look for the next sample, in s from now: when it is due, for each look costs as much as a sample."""
        if not self._rows:
            return LOOK_SECONDS
        latest: float = self._rows[-len(self.uuids)][0]
        coming = latest + (due(self._number + 1) - due(self._number)) * self.period + LATE_SECONDS
        return max(LOOK_SECONDS, coming - time.monotonic())

    def _read(self) -> None:
        """Take in what the sampler wrote since the last time, as far as its samples are whole."""
        if not self._closed:
            settled = time.monotonic() - SETTLED_SECONDS
            while self._take(settled):
                pass

    def _take(self, settled: float) -> bool:
        """Take in the next sample if it was written before `settled`, in s; whether it was."""
        memory, place = self._memory, self._place
        if place + HEAD.size > len(memory):
            return False
        number: int
        more: int
        written, number, more = HEAD.unpack_from(memory, place)
        if not 0 < written <= settled:
            return False
        place += HEAD.size
        end = place + (0 if number == STOPPED else len(self.uuids) * sizeof(Record))
        self._place = end + more
        if number == STOPPED:
            self._stopped = memory[end : end + more].decode().rstrip()
            return True
        listed = json.loads(memory[end : end + more]) if more else self._none_listed
        for uuid, processes in zip(self.uuids, listed, strict=True):
            at, row, failed = values(memory, place)
            place += sizeof(Record)
            self._rows.append([at, uuid, *row, None if failed else processes])
            if failed:
                self._failed.append((at, uuid, failed))
        self._number = number
        return True

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        while self._take(math.inf):  # nobody writes any more
            pass
        self._closed = True
        self._memory.close()
