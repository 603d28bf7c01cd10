"""The sampler: a process of its own that reads some GPUs at 10 Hz into memory that it shares with its parent.

    python -P -m wattbench.meters.nvml_sampler UUID...

Its standard output is that memory: a file, mapped by both. Samples follow each other there. Each is a head (when it
was written, in s of the monotonic clock; its number; how many bytes of JSON follow its records), a Record a GPU in the
order of the command line, and once a second that JSON: their processes. When it was written is written last: until
then there is no sample. One that cannot go on writes a head of STOPPED and the reason in place of all that and ends,
as it does without a word once its parent is gone.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import signal
import struct
import sys
import time
from ctypes import sizeof
from typing import TYPE_CHECKING

from wattbench.meters import MeterUnavailable, nvml_device
from wattbench.meters.nvml_device import DeviceFailed
from wattbench.meters.nvml_processes import ProcessReader
from wattbench.meters.nvml_row import Record, RowReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.meters.nvml_device import Gpu

# Those of a trace, in its order: `wattbench.trace` itself would load pydantic into this small process.
COLUMNS = (
    "seconds",
    "gpu",
    "instant_watts",
    "average_watts",
    "usage_watts",
    "counter_joules",
    "event_reasons",
    "celsius",
    "sm_mhz",
    "memory_mhz",
    "utilisation_percent",
    "processes",
)
SAMPLE_SECONDS = 0.1
PROCESSES_EVERY = 10  # samples
HEAD = struct.Struct("@dQQ")
STOPPED = 2**64 - 1  # in place of a sample's number
WORD = 8  # bytes: every sample begins on a word
ROOM = 1 << 16  # bytes that have to be left for the samples until the next look
OUT = 1  # the standard output
SPREAD = 0.4  # of a period: how far apart the shifted times of two samples may lie
GOLDEN = 0.6180339887498949


def due(number: int) -> float:
    """When a sample is due, in periods since the first.

    Shifted by up to a fifth of a period either way, evenly spread (multiples of the golden ratio), so that a load
    which repeats with the period is not always met at the same point; the mean rate stays.
    """
    return number + SPREAD * (number * GOLDEN % 1 - 0.5)


class Sampler:
    """Some GPUs, each read into its part of one buffer, which is copied into memory that others see."""

    def __init__(self, gpus: Sequence[Gpu], memory: mmap.mmap) -> None:
        """Lay out the buffer and take the functions to read with."""
        self.memory, self.place = memory, 0
        self._buffer = bytearray(HEAD.size + len(gpus) * sizeof(Record))
        records = [Record.from_buffer(self._buffer, HEAD.size + n * sizeof(Record)) for n in range(len(gpus))]
        self._reads = [RowReader(gpu, record).read for gpu, record in zip(gpus, records, strict=True)]
        self._processes = [ProcessReader(gpu) for gpu in gpus]
        self._listed: list[list[int] | None] | None = None
        self._json = b""

    def sample(self, began: float, parent: int) -> None:
        """Read every GPU at 10 Hz, in their order, until the parent is gone. Raises MeterUnavailable.

        Everything is in this one function for the reason that `RowReader` has: each call, attribute and name that is
        met after a tenth of a second's sleep is paid for.
        """
        memory, place, buffer, size = self.memory, self.place, self._buffer, len(self._buffer)
        head, times = memoryview(buffer)[: HEAD.size].cast("Q"), memoryview(memory).cast("d")
        reads, clock, sleep, when = self._reads, time.monotonic, time.sleep, due
        number, listed_at, period = 0, 0, SAMPLE_SECONDS
        while True:
            for read in reads:
                read()
            head[1], head[2] = number, 0
            end = place + size
            if number >= listed_at:
                if os.getppid() != parent:
                    return
                listed_at = number + PROCESSES_EVERY
                listed = self._list()
                head[2] = len(listed)
                end += len(listed)
                if end + ROOM > len(memory):
                    self.place = place
                    raise MeterUnavailable("the memory for its samples is full: measure for a shorter time")
                memory[place + size : end] = listed
            memory[place : place + size] = buffer
            now = times[place // WORD] = clock()
            place = end
            # Late by more than a period: those samples are missing, and are counted so; none is made up for.
            now -= began
            number = max(number + 1, int(now / period))
            now = when(number) * period - now
            if now > 0:
                sleep(now)

    def _list(self) -> bytes:
        """List the processes of every GPU, as JSON; null for one that does not tell or has failed."""
        said: list[list[int] | None] = []
        for reader in self._processes:
            try:
                said.append(reader.read())
            except DeviceFailed:  # its record says so too
                said.append(None)
        if said != self._listed:
            self._listed, self._json = said, _in_words(json.dumps(said))
        return self._json


def _in_words(text: str) -> bytes:
    data = text.encode()
    return data + b" " * (-len(data) % WORD)


def open_sampler(uuids: Sequence[str], memory: mmap.mmap) -> Sampler:
    """Open a sampler of these GPUs. Raises MeterUnavailable where they cannot be had."""
    known = {gpu.uuid: gpu for gpu in nvml_device.load().gpus}
    if lost := [uuid for uuid in uuids if uuid not in known]:
        raise MeterUnavailable(f"the driver no longer shows {', '.join(lost)}")
    return Sampler([known[uuid] for uuid in uuids], memory)


def run(uuids: Sequence[str], parent: int, memory: mmap.mmap) -> None:
    """Sample until the parent is gone, or say in the memory why that cannot be."""
    sampler = None
    try:
        sampler = open_sampler(uuids, memory)
        gc.disable()  # nothing here goes in circles, and a search for what does touches all there is
        sampler.sample(time.monotonic(), parent)
    except MeterUnavailable as unavailable:
        place, said = sampler.place if sampler else 0, _in_words(str(unavailable))
        memory[place : place + HEAD.size + len(said)] = HEAD.pack(0.0, STOPPED, len(said)) + said
        memory[place : place + WORD] = struct.pack("@d", time.monotonic())


def main() -> None:
    """Sample the GPUs named on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us when it is done
    run(sys.argv[1:], os.getppid(), mmap.mmap(OUT, 0))


if __name__ == "__main__":
    main()
