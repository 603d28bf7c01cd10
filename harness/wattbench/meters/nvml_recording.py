"""A recording: what the sampler, a process of its own, writes while it is open.

The sampler writes to a file in memory, and this side reads it only when asked: nothing runs here while a model is
measured, and no full pipe can ever hold the sampler up.
"""

from __future__ import annotations

import json
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
LATE_SECONDS = 0.001  # how long after a sample was due it can be read as a rule
CHUNK_BYTES = 1 << 20


class NvmlRecording:
    """Runs the sampler for some GPUs, from entering to leaving it, and keeps what it says."""

    def __init__(self, uuids: Sequence[str]) -> None:
        """Prepare to record; nothing is started yet."""
        self.uuids = tuple(uuids)
        self.period = SAMPLE_SECONDS
        self._rows: list[list[Any]] = []
        self._failed: list[tuple[float, str, str]] = []  # s, UUID, reason
        self._stopped: str | None = None
        self._unread = b""
        self._offset = 0
        self._number = 0  # of the latest sample
        self._none_listed = (None,) * len(self.uuids)
        self._closed = False

    def __enter__(self) -> Self:
        """Start the sampler and wait for its first sample. Raises MeterUnavailable."""
        self._file = os.memfd_create("wattbench-samples")
        # -P: nothing in the current folder may stand in for a module. A group of its own: no Ctrl-C from terminals.
        command = [sys.executable, "-P", "-m", "wattbench.meters.nvml_sampler", *self.uuids]
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=null, stdout=self._file, stderr=null, process_group=0)
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
        while not self._closed and (chunk := os.pread(self._file, CHUNK_BYTES, self._offset)):
            self._offset += len(chunk)
            self._unread += chunk
            place = 0
            while (size := self._sample_at(place)) is not None:
                place += size
            self._unread = self._unread[place:]

    def _sample_at(self, place: int) -> int | None:
        """Take in one sample; gives its length, or None if it is not whole yet."""
        data = self._unread
        if len(data) < place + HEAD.size:
            return None
        number: int
        more: int
        number, more = HEAD.unpack_from(data, place)
        records = place + HEAD.size
        rest = records + (0 if number == STOPPED else len(self.uuids) * sizeof(Record))
        if len(data) < rest + more:
            return None
        if number == STOPPED:
            self._stopped = data[rest : rest + more].decode()
            return rest + more - place
        listed = json.loads(data[rest : rest + more]) if more else self._none_listed
        for uuid, processes in zip(self.uuids, listed, strict=True):
            at, row, failed = values(data, records)
            records += sizeof(Record)
            self._rows.append([at, uuid, *row, None if failed else processes])
            if failed:
                self._failed.append((at, uuid, failed))
        self._number = number
        return rest + more - place

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._read()
        self._closed = True
        os.close(self._file)
