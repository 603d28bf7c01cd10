"""The sampler: a process of its own that reads some GPUs at 10 Hz and writes what they say to its standard output.

    python -P -m wattbench.meters.nvml_sampler UUID...

A sample is a head of two numbers, its own and how many bytes of JSON follow its records; a Record a GPU, in the order
of the command line; and once a second that JSON: their processes. One that cannot sample at all writes a head of
STOPPED and the reason in place of all that and ends, as it does without a word once its parent is gone.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time
from ctypes import sizeof
from typing import TYPE_CHECKING

from wattbench.meters import MeterUnavailable, nvml_device
from wattbench.meters.nvml_device import DeviceFailed
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
PROCESSES_EVERY = 10  # samples: a list of processes costs more than all the rest of a sample
HEAD = struct.Struct("@QQ")
STOPPED = 2**64 - 1  # in place of a sample's number
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
    """Some GPUs, each read into its part of one buffer, which goes out as it is."""

    def __init__(self, gpus: Sequence[Gpu]) -> None:
        """Lay out the buffer and take the functions to read with."""
        self._gpus = gpus
        self._buffer = bytearray(HEAD.size + len(gpus) * sizeof(Record))
        records = [Record.from_buffer(self._buffer, HEAD.size + n * sizeof(Record)) for n in range(len(gpus))]
        self._head = memoryview(self._buffer)[: HEAD.size].cast("Q")
        self._reads = [RowReader(gpu, record).read for gpu, record in zip(gpus, records, strict=True)]

    def sample(self, number: int, *, processes: bool) -> bytes | bytearray:
        """Read every GPU once, in their order."""
        for read in self._reads:
            read()
        listed = _processes(self._gpus) if processes else b""
        self._head[0], self._head[1] = number, len(listed)
        return self._buffer + listed if listed else self._buffer


def _processes(gpus: Sequence[Gpu]) -> bytes:
    """List the processes of every GPU, as JSON; null for one that does not tell or has failed."""
    said: list[list[int] | None] = []
    for gpu in gpus:
        try:
            listed = gpu.processes()
        except DeviceFailed:  # its record says so too
            listed = None
        said.append(None if listed is None else sorted(listed))
    return json.dumps(said).encode()


def run(uuids: Sequence[str], parent: int) -> None:
    """Sample until the parent is gone. Raises MeterUnavailable."""
    known = {gpu.uuid: gpu for gpu in nvml_device.load().gpus}
    if lost := [uuid for uuid in uuids if uuid not in known]:
        raise MeterUnavailable(f"the driver no longer shows {', '.join(lost)}")
    sample = Sampler([known[uuid] for uuid in uuids]).sample
    began, number, listed_at = time.monotonic(), 0, 0
    while True:
        listing = number >= listed_at
        if listing:
            if os.getppid() != parent:
                return
            listed_at = number + PROCESSES_EVERY
        os.write(OUT, sample(number, processes=listing))
        # Late by more than a period: those samples are missing, and are counted so; none is made up for.
        now = time.monotonic() - began
        number = max(number + 1, int(now / SAMPLE_SECONDS))
        wait = due(number) * SAMPLE_SECONDS - now
        if wait > 0:
            time.sleep(wait)


def main() -> None:
    """Sample the GPUs named on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us when it is done
    try:
        run(sys.argv[1:], os.getppid())
    except MeterUnavailable as unavailable:
        said = str(unavailable).encode()
        os.write(OUT, HEAD.pack(STOPPED, len(said)) + said)


if __name__ == "__main__":
    main()
