"""The processes on a GPU, listed with prebuilt calls: through pynvml a list costs more than a row of the trace."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import TYPE_CHECKING

from wattbench.meters import nvml_device

if TYPE_CHECKING:
    from wattbench.meters.nvml_device import Gpu

ROOM = 8  # processes that a prebuilt call has room for; more are listed the long way
FUNCTION_NOT_FOUND = 13
KINDS = ("Compute", "Graphics", "MPSCompute")


class Process(ctypes.Structure):
    """NVML's nvmlProcessInfo_t of the third versions."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("memory", ctypes.c_uint64),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class ProcessReader:
    """Lists the processes of one GPU; `read` gives what `Gpu.processes` gives."""

    def __init__(self, gpu: Gpu) -> None:
        """Take the functions from the library once."""
        self._gpu = gpu
        counts = (ctypes.c_uint * len(KINDS))()
        self._counts = memoryview(counts).cast("B").cast("I")
        self._calls, self._pids = [], []
        for number, kind in enumerate(KINDS):
            listed = (Process * ROOM)()
            function = nvml_device.function(gpu, f"nvmlDeviceGet{kind}RunningProcesses_v3")
            count = ctypes.byref(counts, number * ctypes.sizeof(ctypes.c_uint))
            self._calls.append(partial(function or _absent, gpu.handle, count, ctypes.byref(listed)))
            self._pids.append(memoryview(listed).cast("B").cast("I")[:: ctypes.sizeof(Process) // 4])

    def read(self) -> list[int] | None:
        """List the numbers, in order; None where the GPU does not tell. Raises DeviceFailed."""
        counts = self._counts
        counts[0] = counts[1] = counts[2] = ROOM
        if any(call() for call in self._calls):  # too many, not permitted, not known, failed: pynvml tells apart
            listed = self._gpu.processes()
            return None if listed is None else sorted(listed)
        return sorted({pid for pids, count in zip(self._pids, counts, strict=True) if count for pid in pids[:count]})


def _absent(*_arguments: object) -> int:
    return FUNCTION_NOT_FOUND
