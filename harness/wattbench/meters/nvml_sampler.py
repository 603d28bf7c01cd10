"""The sampler: a process of its own that reads some GPUs at 10 Hz and writes what they say to its standard output.

    python -P -m wattbench.meters.nvml_sampler UUID...

A line of JSON a sample: {"rows": [[...] a GPU], "failed": {UUID: reason}}, a row being the values of COLUMNS. A GPU
that does not answer has a row of nulls. One that cannot sample at all writes {"stopped": reason} and ends, as it does
without a word once its parent is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from wattbench.meters import MeterUnavailable, nvml_device
from wattbench.meters.nvml_device import DeviceFailed

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
SPREAD = 0.4  # of a period: how far apart the shifted times of two samples may lie
GOLDEN = 0.6180339887498949


def due(number: int) -> float:
    """When a sample is due, in periods since the first.

    Shifted by up to a fifth of a period either way, evenly spread (multiples of the golden ratio), so that a load
    which repeats with the period is not always met at the same point; the mean rate stays.
    """
    return number + SPREAD * (number * GOLDEN % 1 - 0.5)


def row(gpu: Gpu, *, processes: bool) -> list[Any]:
    """Read one GPU, as the values of COLUMNS. Raises DeviceFailed."""
    before = time.monotonic()
    joules, power = gpu.energy(), gpu.power()
    at = (before + time.monotonic()) / 2
    sm_mhz, memory_mhz = gpu.clocks()
    listed = gpu.processes() if processes else None
    return [
        at,
        gpu.uuid,
        power.instant,
        power.average,
        power.usage,
        joules,
        gpu.event_reasons(),
        gpu.celsius(),
        sm_mhz,
        memory_mhz,
        gpu.utilisation(),
        None if listed is None else sorted(listed),
    ]


def sample(gpus: Sequence[Gpu], *, processes: bool) -> dict[str, Any]:
    """Read every GPU once; the reasons of those that failed come beside their empty rows."""
    rows, failed = [], {}
    for gpu in gpus:
        try:
            rows.append(row(gpu, processes=processes))
        except DeviceFailed as failure:
            failed[gpu.uuid] = str(failure)
            rows.append([time.monotonic(), gpu.uuid, *[None] * (len(COLUMNS) - 2)])
    return {"rows": rows, "failed": failed} if failed else {"rows": rows}


def run(uuids: Sequence[str], parent: int) -> None:
    """Sample until the parent is gone. Raises MeterUnavailable."""
    known = {gpu.uuid: gpu for gpu in nvml_device.load().gpus}
    if lost := [uuid for uuid in uuids if uuid not in known]:
        raise MeterUnavailable(f"the driver no longer shows {', '.join(lost)}")
    gpus = [known[uuid] for uuid in uuids]
    began, number = time.monotonic(), 0
    while os.getppid() == parent:
        _say(sample(gpus, processes=number % PROCESSES_EVERY == 0))
        # Late by more than a period: those samples are missing, and are counted so; none is made up for.
        number = max(number + 1, int((time.monotonic() - began) / SAMPLE_SECONDS))
        time.sleep(max(0.0, began + due(number) * SAMPLE_SECONDS - time.monotonic()))


def _say(what: dict[str, Any]) -> None:
    line = json.dumps(what, separators=(",", ":"), allow_nan=False) + "\n"
    os.write(sys.stdout.fileno(), line.encode())


def main() -> None:
    """Sample the GPUs named on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us when it is done
    try:
        run(sys.argv[1:], os.getppid())
    except MeterUnavailable as unavailable:
        _say({"stopped": str(unavailable)})


if __name__ == "__main__":
    main()
