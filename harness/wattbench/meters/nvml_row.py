"""One row of the trace, read with few calls into memory that is used again, and taken apart elsewhere.

What a sampler costs is mostly what it touches when it wakes, so nothing is allocated, wrapped or converted there: the
functions come once from the library that pynvml has loaded, energy and both powers come by one call, and the raw
record goes out as it is. `values` makes a row of it later, in the process that asks.
"""

from __future__ import annotations

import ctypes
import struct
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from wattbench.meters import nvml_device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattbench.meters.nvml_device import Gpu

ENERGY, INSTANT, AVERAGE = 83, 186, 185  # of nvmlDeviceGetFieldValues: mJ, mW, mW
UNSIGNED_LONG_LONG = 3  # the type of a field's value
SUCCESS, NOT_SUPPORTED, FUNCTION_NOT_FOUND = 0, 3, 13
_FINE = (SUCCESS,) * 6 + (NOT_SUPPORTED,)  # the codes where all answer: the older call for power is not asked then


class _Field(ctypes.Structure):
    """NVML's nvmlFieldValue_t."""

    _fields_ = (
        ("field", ctypes.c_uint),
        ("scope", ctypes.c_uint),
        ("timestamp", ctypes.c_int64),
        ("latency", ctypes.c_int64),
        ("kind", ctypes.c_uint),
        ("code", ctypes.c_uint),
        ("value", ctypes.c_uint64),
    )


class _Temperature(ctypes.Structure):
    """NVML's nvmlTemperature_v1_t."""

    _fields_ = (("version", ctypes.c_uint), ("sensor", ctypes.c_uint), ("celsius", ctypes.c_int))


class Record(ctypes.Structure):
    """What one GPU said, as NVML wrote it: `began` and `ended`, in s, are around the reading of energy and power."""

    _fields_ = (
        ("began", ctypes.c_double),
        ("ended", ctypes.c_double),
        ("fields", _Field * 3),
        ("reasons", ctypes.c_uint64),
        ("temperature", _Temperature),
        ("sm_mhz", ctypes.c_uint),
        ("memory_mhz", ctypes.c_uint),
        ("utilisation", ctypes.c_uint * 2),
        ("usage", ctypes.c_uint),
        ("codes", ctypes.c_uint * 7),  # of the calls: fields, reasons, temperature, two clocks, utilisation, usage
    )


# Of a record what makes a row; of its fields the code and the value.
LAYOUT = struct.Struct("@dd" + 3 * "28xIQ" + "Q" + "8xi" + "II" + "I4x" + "I" + "7I" + "0d")
ENERGY_CODE, _, INSTANT_CODE, INSTANT_WATTS, AVERAGE_CODE, AVERAGE_WATTS = (
    (Record.fields.offset + number * ctypes.sizeof(_Field) + part.offset) // 4
    for number in range(3)
    for part in (_Field.code, _Field.value)
)


class RowReader:
    """Reads one GPU into a record of its own: `read` reads everything once, energy and power first."""

    def __init__(self, gpu: Gpu, record: Record) -> None:
        """Take the functions from the library once. What it lacks is as if not supported."""
        self._record, self._codes = record, record.codes
        self._words = memoryview(record).cast("B").cast("I")
        self._times = memoryview(record).cast("B")[:16].cast("d")
        for field, number in zip(record.fields, (ENERGY, INSTANT, AVERAGE), strict=True):
            field.field = number

        def at(place: Any, within: int = 0) -> Any:  # noqa: ANN401 - a field of ctypes, and a pointer
            return ctypes.byref(record, place.offset + within)

        def bind(name: str, *arguments: Any) -> Callable[[], int]:  # noqa: ANN401 - whatever that call takes
            function = nvml_device.function(gpu, name)
            return _absent if function is None else partial(function, gpu.handle, *arguments)

        self._fields = bind("nvmlDeviceGetFieldValues", ctypes.c_int(3), at(Record.fields))
        self._energy = None
        direct = bind("nvmlDeviceGetTotalEnergyConsumption", at(Record.fields, _Field.value.offset))
        if not self._field_is(direct):
            self._energy = direct
            powers = at(Record.fields, ctypes.sizeof(_Field))
            self._fields = bind("nvmlDeviceGetFieldValues", ctypes.c_int(2), powers)
        self._usage = bind("nvmlDeviceGetPowerUsage", at(Record.usage))
        record.temperature.version = ctypes.sizeof(_Temperature) | 1 << 24
        celsius = bind("nvmlDeviceGetTemperatureV", at(Record.temperature))
        if celsius() in nvml_device.ABSENT:  # a driver older than the call
            place = at(Record.temperature, _Temperature.celsius.offset)
            celsius = bind("nvmlDeviceGetTemperature", ctypes.c_uint(0), place)
        self._calls = (
            bind("nvmlDeviceGetCurrentClocksEventReasons", at(Record.reasons)),
            celsius,
            bind("nvmlDeviceGetClockInfo", ctypes.c_uint(1), at(Record.sm_mhz)),
            bind("nvmlDeviceGetClockInfo", ctypes.c_uint(2), at(Record.memory_mhz)),
            bind("nvmlDeviceGetUtilizationRates", at(Record.utilisation)),
        )
        self.read = self._quick_read()

    def _quick_read(self) -> Callable[[], None]:
        """Give a function for the rows in which all answer: the codes are written once, and then only looked at.

        Whatever it touches has left the processor's caches since the last row, so it touches little: no loop, no
        attribute, no global name.
        """
        words, times, codes, with_codes = self._words, self._times, self._codes, self._read_with_codes
        fields, energy, clock = self._fields, self._energy, monotonic
        reasons, celsius, sm_mhz, memory_mhz, utilisation = self._calls
        instant_code, instant, average_code, average = INSTANT_CODE, INSTANT_WATTS, AVERAGE_CODE, AVERAGE_WATTS
        coded = True  # whether the record's codes are those of a row in which something was absent

        def read() -> None:
            nonlocal coded
            times[0] = clock()
            bad = fields() if energy is None else energy() or fields()
            times[1] = clock()
            # The first that fails ends this, as all is read once more then. A field that says 0 W of a board that
            # answers is no reading either.
            if (
                (bad or reasons() or celsius() or sm_mhz() or memory_mhz() or utilisation())
                or (words[instant_code] or words[average_code])
                or not (words[instant] and words[average])
            ):
                with_codes()
                coded = True
            elif coded:
                codes[:] = _FINE
                if energy is not None:
                    words[ENERGY_CODE] = SUCCESS
                coded = False

        return read

    def _read_with_codes(self) -> None:
        """Read once more and keep the code of each call. The older call for power is asked where a field has none."""
        words, times = self._words, self._times
        began = monotonic()
        if self._energy is not None:
            words[ENERGY_CODE] = self._energy()
        failed = self._fields()
        if self._energy is None and failed:  # else its own code says more
            words[ENERGY_CODE] = failed
        times[0], times[1] = began, monotonic()
        usage = NOT_SUPPORTED
        if failed or words[INSTANT_CODE] or words[AVERAGE_CODE] or not (words[INSTANT_WATTS] and words[AVERAGE_WATTS]):
            usage = self._usage()
        self._codes[:] = (failed, *[call() for call in self._calls], usage)

    def _field_is(self, direct: Callable[[], int]) -> bool:
        """Whether the field of energy is the counter itself: it lies between two readings of that."""
        field = self._record.fields[0]
        if direct() != SUCCESS:
            return False
        before = field.value
        if self._fields() != SUCCESS or field.code != SUCCESS or field.kind != UNSIGNED_LONG_LONG:
            return False
        between = field.value
        return direct() == SUCCESS and before <= between <= field.value


def values(records: Any, place: int = 0) -> tuple[float, list[Any], str | None]:  # noqa: ANN401 - memory
    """Make a row of a record: when, the values of COLUMNS from power on (without processes), how the GPU failed."""
    said: Sequence[Any] = LAYOUT.unpack_from(records, place)
    began, ended, energy_code, energy, instant_code, instant, average_code, average = said[:8]
    reasons, celsius, sm_mhz, memory_mhz, utilisation, usage, *codes = said[8:]
    at = (began + ended) / 2
    bad, *rest, no_usage = codes
    failed = [code for code in (bad, energy_code, *rest, no_usage) if code and code not in nvml_device.ABSENT]
    if failed:
        return at, [None] * 9, nvml_device.failure(failed[0])
    readings = (reasons, float(celsius), sm_mhz, memory_mhz, float(utilisation))
    return (
        at,
        [
            None if bad or instant_code else _watts(instant),
            None if bad or average_code else _watts(average),
            None if no_usage else _watts(usage),
            None if energy_code else energy / 1000,
            *(None if code else value for code, value in zip(rest, readings, strict=True)),
        ],
        None,
    )


def _watts(milliwatts: int) -> float | None:
    return (milliwatts & 0xFFFFFFFF) / 1000 or None


def _absent() -> int:
    return FUNCTION_NOT_FOUND
