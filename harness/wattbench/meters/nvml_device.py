"""NVIDIA GPUs through NVML: the only module that touches `pynvml`, and only once `load` is called.

What a device does not support is None. What it fails to answer raises DeviceFailed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wattbench.meters import MeterUnavailable

# Why clocks were held back, by bit of nvmlDeviceGetCurrentClocksEventReasons.
EVENT_REASONS = {
    0x001: "idle",
    0x002: "application-clocks",
    0x004: "power-cap",
    0x008: "hardware-slowdown",
    0x010: "sync-boost",
    0x020: "software-thermal",
    0x040: "hardware-thermal",
    0x080: "power-brake",
    0x100: "display-clock",
}
# NVML's codes for what a device does not support, does not permit, or a library does not have: such readings are None.
FUNCTION_NOT_FOUND = 13
ABSENT = frozenset({3, 4, FUNCTION_NOT_FOUND})
_VIRTUALIZATION = {0: "none", 1: "passthrough", 2: "vgpu", 3: "host-vgpu", 4: "host-vsga"}


class DeviceFailed(Exception):  # noqa: N818 - the device failed, not this program
    """A GPU did not answer; the message is a clause that says how."""


# Reads the energy counter into a number, in mJ, and gives NVML's code. A window polls it, so it is made once.
Counter = tuple[Callable[[], int], ctypes.c_uint64]


@dataclass(frozen=True, slots=True)
class Power:
    """What a GPU's power sensors say, in W.

    instant: field 186. average: field 185, over about 1 s. usage: nvmlDeviceGetPowerUsage, an average on Ampere and
    newer (GA100 apart); read only where one of the fields is absent.
    """

    instant: float | None
    average: float | None
    usage: float | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. `index` is NVML's own, which need not be CUDA's: UUIDs are what maps between them."""

    nvml: Any = field(compare=False, repr=False)
    handle: Any = field(compare=False, repr=False)
    index: int
    uuid: str
    name: str
    counter: Counter = field(compare=False, repr=False)

    @property
    def fake(self) -> bool:
        """Whether this is a stand-in for tests, which no rating accepts."""
        return "FAKE" in self.name.upper() or self.uuid.lower().startswith("gpu-fa4e")

    def energy(self) -> float | None:
        """Read the energy counter: J since the driver was loaded, in steps of 20-100 ms."""
        read, millijoules = self.counter
        code = read()
        if code in ABSENT:
            return None
        if code:
            raise DeviceFailed(failure(code))
        return millijoules.value / 1000

    def power(self) -> Power:
        """Read the power sensors. Each field has its own return code; 0 W is no reading of a board that answers."""
        fields = self._ask(
            "nvmlDeviceGetFieldValues", [self.nvml.NVML_FI_DEV_POWER_INSTANT, self.nvml.NVML_FI_DEV_POWER_AVERAGE]
        )
        instant, average = (_watts(self._field(one)) for one in fields or (None, None))
        usage = None
        if instant is None or average is None:
            usage = _watts(self._ask("nvmlDeviceGetPowerUsage"))
        return Power(instant, average, usage)

    def event_reasons(self) -> int | None:
        """Read why the clocks are held back now, as bits (EVENT_REASONS)."""
        reasons = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        return None if reasons is None else int(reasons)

    def celsius(self) -> float | None:
        """Read the temperature of the die, in degrees Celsius."""
        celsius = self._ask("nvmlDeviceGetTemperatureV", self.nvml.NVML_TEMPERATURE_GPU)
        if celsius is None:  # a driver older than the call
            celsius = self._ask("nvmlDeviceGetTemperature", self.nvml.NVML_TEMPERATURE_GPU)
        return None if celsius is None else float(celsius)

    def clocks(self) -> tuple[int | None, int | None]:
        """Read the clocks of the multiprocessors and of the memory, in MHz."""
        kinds = (self.nvml.NVML_CLOCK_SM, self.nvml.NVML_CLOCK_MEM)
        sm_mhz, memory_mhz = (self._ask("nvmlDeviceGetClockInfo", kind) for kind in kinds)
        return sm_mhz, memory_mhz

    def utilisation(self) -> float | None:
        """Read for how much of the time just past some kernel ran, in per cent."""
        rates = self._ask("nvmlDeviceGetUtilizationRates")
        return None if rates is None else float(rates.gpu)

    def processes(self) -> frozenset[int] | None:
        """List the processes on the GPU (compute, graphics and MPS). In containers the numbers may be another's."""
        compute = self._ask("nvmlDeviceGetComputeRunningProcesses")
        if compute is None:
            return None
        graphics = self._ask("nvmlDeviceGetGraphicsRunningProcesses") or ()
        mps = self._ask("nvmlDeviceGetMPSComputeRunningProcesses_v3") or ()
        return frozenset(int(process.pid) for process in (*compute, *graphics, *mps))

    def mig(self) -> bool | None:
        """Whether the GPU is split into instances; None where it cannot be."""
        modes = self._ask("nvmlDeviceGetMigMode")
        return None if modes is None else bool(modes[0])

    def facts(self) -> dict[str, Any]:
        """What the GPU is and how it is set, JSON-able. Raises DeviceFailed."""
        nvml = self.nvml
        ecc = self._ask("nvmlDeviceGetEccMode")
        persistence = self._ask("nvmlDeviceGetPersistenceMode")
        virtualization = self._ask("nvmlDeviceGetVirtualizationMode")
        sm_mhz, memory_mhz = self.clocks()
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        return {
            "index": self.index,
            "uuid": self.uuid,
            "name": self.name,
            "fake": self.fake,
            "power_limit_watts": _watts(self._ask("nvmlDeviceGetEnforcedPowerLimit")),
            "default_power_limit_watts": _watts(self._ask("nvmlDeviceGetPowerManagementDefaultLimit")),
            "persistence": None if persistence is None else bool(persistence),
            "ecc": None if ecc is None else bool(ecc[0]),
            "mig": self.mig(),
            "virtualization": None if virtualization is None else _VIRTUALIZATION.get(int(virtualization)),
            "sm_mhz": sm_mhz,
            "memory_mhz": memory_mhz,
            "application_sm_mhz": self._ask("nvmlDeviceGetApplicationsClock", nvml.NVML_CLOCK_SM),
            "default_application_sm_mhz": self._ask("nvmlDeviceGetDefaultApplicationsClock", nvml.NVML_CLOCK_SM),
            "max_sm_mhz": self._ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM),
            "max_memory_mhz": self._ask("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_MEM),
            "celsius": self.celsius(),
            "memory_bytes": None if memory is None else int(memory.total),
        }

    def _field(self, one: Any) -> int | None:  # noqa: ANN401 - a ctypes structure of pynvml
        if one is None or one.nvmlReturn != self.nvml.NVML_SUCCESS:
            return None
        return int(one.value.uiVal)

    def _ask(self, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever that NVML call answers
        """Call NVML on this GPU; None for what it does not support, does not know or does not permit."""
        nvml = self.nvml
        try:
            return getattr(nvml, function)(self.handle, *arguments)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound, nvml.NVMLError_NoPermission):
            return None
        except nvml.NVMLError as error:
            raise DeviceFailed(failure(error.value)) from None


@dataclass(frozen=True, slots=True)
class Driver:
    """A loaded NVIDIA driver with every GPU that it shows, in NVML's order."""

    version: str
    nvml_version: str
    gpus: tuple[Gpu, ...]


def load() -> Driver:
    """Load NVML and list the GPUs. Raises MeterUnavailable, saying why, where there is nothing to load."""
    try:
        import pynvml as nvml
    except ImportError:
        raise MeterUnavailable("the Python package nvidia-ml-py is not installed") from None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError_LibraryNotFound:
        raise MeterUnavailable("no NVIDIA driver is installed: libnvidia-ml.so.1 was not found") from None
    except nvml.NVMLError_DriverNotLoaded:
        raise MeterUnavailable("the NVIDIA driver is not loaded") from None
    except nvml.NVMLError as error:
        raise MeterUnavailable(f"the NVIDIA driver did not start: {error}") from None
    try:
        gpus = tuple(_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount()))
        driver = Driver(nvml.nvmlSystemGetDriverVersion(), nvml.nvmlSystemGetNVMLVersion(), gpus)
    except nvml.NVMLError as error:
        raise MeterUnavailable(f"the NVIDIA driver does not list its GPUs: {error}") from None
    if not gpus:
        raise MeterUnavailable("the NVIDIA driver shows no GPU")
    return driver


def function(gpu: Gpu, name: str) -> Any:  # noqa: ANN401 - a function of ctypes
    """Give a function of the loaded library itself, which answers NVML's code; None where it lacks that."""
    return _function(gpu.nvml, name)


def failure(code: int) -> str:
    """Say in a clause how a GPU failed, by NVML's code."""
    import pynvml as nvml

    return f"it stopped answering ({nvml.NVMLError(code)})"


def _gpu(nvml: Any, index: int) -> Gpu:  # noqa: ANN401 - the module pynvml
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    millijoules = ctypes.c_uint64()
    read = _function(nvml, "nvmlDeviceGetTotalEnergyConsumption")
    counter = (lambda: FUNCTION_NOT_FOUND) if read is None else partial(read, handle, ctypes.byref(millijoules))
    return Gpu(
        nvml, handle, index, nvml.nvmlDeviceGetUUID(handle), nvml.nvmlDeviceGetName(handle), (counter, millijoules)
    )


def _function(nvml: Any, name: str) -> Any:  # noqa: ANN401 - the module pynvml, and a function of ctypes
    try:
        return nvml.nvmlLib[name]
    except AttributeError:
        return None


def _watts(milliwatts: int | None) -> float | None:
    return milliwatts / 1000 if milliwatts else None
