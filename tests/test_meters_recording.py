"""The sampler in a process of its own, the recording it feeds, and readings worked out again from what it left."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from fake_nvml import fixtures

from wattbench import trace
from wattbench.meters import MeterUnavailable, estimate, nvml_device, nvml_processes, nvml_row, replay_nvml
from wattbench.meters.nvml import open_meter
from wattbench.meters.nvml_sampler import COLUMNS, ROOM, due

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_nvml.fixtures import FakeNvml

FIRST = "GPU-fa4e0000-0000-0000-0000-000000000000"
SECOND = "GPU-fa4e0000-0000-0000-0000-000000000001"
WATTS = ("instant_watts", "average_watts", "usage_watts")
VARIED = {"seconds", "gpu", "celsius", "sm_mhz", "memory_mhz", "utilisation_percent"}


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_so()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_recording_gives_the_rows_of_a_trace(nvml: FakeNvml) -> None:
    nvml.add_gpu(watts=100)
    nvml.change(compute=[77], reasons=4, celsius=61, utilization=93)
    with open_meter().record() as recording:
        time.sleep(0.5)
        rows = recording.rows()
        later = recording.rows(rows[-2]["seconds"])
    assert tuple(rows[0]) == COLUMNS == tuple(trace.COLUMNS)
    assert [row["gpu"] for row in rows[:4]] == [FIRST, SECOND, FIRST, SECOND]
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    assert all(row["seconds"] >= rows[-2]["seconds"] for row in later)
    assert rows[0]["average_watts"] == pytest.approx(300, abs=0.002)  # a mean over time, cut to whole milliwatts
    assert rows[0] | {"seconds": 0, "counter_joules": 0, "average_watts": 300.0} == {
        "seconds": 0,
        "gpu": FIRST,
        "instant_watts": 300.0,
        "average_watts": 300.0,
        "usage_watts": None,
        "counter_joules": 0,
        "event_reasons": 4,
        "celsius": 61.0,
        "sm_mhz": 1980,
        "memory_mhz": 2619,
        "utilisation_percent": 93.0,
        "processes": [77],
    }
    assert rows[2]["processes"] is None  # they are listed once a second only
    assert dict(recording.failures) == {}


def test_the_records_are_laid_out_as_nvml_lays_them_out() -> None:
    import pynvml

    assert ctypes.sizeof(nvml_row._Field) == ctypes.sizeof(pynvml.c_nvmlFieldValue_t)
    assert ctypes.sizeof(nvml_row._Temperature) == ctypes.sizeof(pynvml.c_nvmlTemperature_v1_t)
    assert nvml_row._Field.value.offset == pynvml.c_nvmlFieldValue_t.value.offset
    assert nvml_row._Field.code.offset == pynvml.c_nvmlFieldValue_t.nvmlReturn.offset
    assert nvml_row.LAYOUT.size == ctypes.sizeof(nvml_row.Record)
    fields = (nvml_row.ENERGY, nvml_row.INSTANT, nvml_row.AVERAGE)
    assert fields == (
        pynvml.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION,
        pynvml.NVML_FI_DEV_POWER_INSTANT,
        pynvml.NVML_FI_DEV_POWER_AVERAGE,
    )
    assert ctypes.sizeof(nvml_processes.Process) == ctypes.sizeof(pynvml.c_nvmlProcessInfo_v3_t)
    assert nvml_processes.Process.pid.offset == pynvml.c_nvmlProcessInfo_v3_t.pid.offset
    absent = {pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND}
    assert absent == nvml_device.ABSENT


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"energy_field_return": fixtures.NOT_SUPPORTED}, {}),  # then the counter itself is read
        ({"energy_return": fixtures.NOT_SUPPORTED}, {"counter_joules": None}),
        ({"reasons_return": fixtures.NOT_SUPPORTED}, {"event_reasons": None}),
        ({"instant_return": fixtures.UNKNOWN}, {"instant_watts": None, "usage_watts": 300.0}),
        (
            {"instant_return": fixtures.NOT_SUPPORTED, "average_return": fixtures.NOT_SUPPORTED},
            {"instant_watts": None, "average_watts": None, "usage_watts": 300.0},
        ),
        ({"processes_return": fixtures.NO_PERMISSION}, {"processes": None}),
    ],
)
def test_what_a_gpu_does_not_tell_is_null_and_the_rest_is_read(
    nvml: FakeNvml, settings: dict[str, int], changed: dict[str, float | None]
) -> None:
    nvml.change(step_nanoseconds=3_600 * fixtures.NANOSECONDS, base_millijoules=5000, reasons=4, **settings)
    with open_meter().record() as recording:
        (row, *_) = recording.rows()
    expected = dict.fromkeys(COLUMNS, None) | {
        "instant_watts": 300.0,
        "average_watts": 300.0,
        "counter_joules": 5.0,
        "event_reasons": 4,
        "processes": [],
    }
    row |= {name: round(row[name]) for name in WATTS if row[name] is not None}  # the stand-in cuts off within mW
    assert {name: row[name] for name in COLUMNS if name not in VARIED} == {
        name: value for name, value in (expected | changed).items() if name not in VARIED
    }


@pytest.mark.parametrize(
    ("settings", "listed"),
    [
        ({}, []),
        ({"compute": [11], "graphics": [7, 11], "mps": [12]}, [7, 11, 12]),
        ({"compute": list(range(1, 13))}, list(range(1, 13))),  # more than a prebuilt call has room for
        ({"compute": [11], "processes_return": fixtures.NO_PERMISSION}, None),
    ],
)
def test_the_quick_list_of_processes_is_the_one_that_the_binding_gives(
    nvml: FakeNvml, settings: dict[str, object], listed: list[int] | None
) -> None:
    (gpu,) = nvml_device.load().gpus
    reader = nvml_processes.ProcessReader(gpu)
    assert reader.read() == []
    nvml.change(**settings)
    assert reader.read() == listed
    through_binding = gpu.processes()
    assert listed == (None if through_binding is None else sorted(through_binding))


def test_a_recording_that_is_too_long_for_its_memory_ends_with_its_reason(
    nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nvml.gpus
    monkeypatch.setattr("wattbench.meters.nvml_recording.GPU_BYTES", ROOM + 2048)
    with open_meter().record() as recording:
        assert wait_until(lambda: bool(recording.failures))
        assert len(recording.rows()) > 5
    assert "memory for its samples is full" in recording.failures["sampler"]


def test_a_sample_counts_once_it_has_been_there_for_a_millisecond(nvml: FakeNvml) -> None:
    assert nvml.gpus
    with open_meter().record() as recording:
        seen = len(recording.rows())
        assert not recording._take(0.0)
        assert len(recording._rows) == seen
        assert wait_until(lambda: len(recording.rows()) > seen)


def test_a_driver_without_the_newer_calls_is_read_by_the_older_ones(
    nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {
        "nvmlDeviceGetFieldValues",
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetMPSComputeRunningProcesses_v3",
    }
    known = nvml_device.function
    monkeypatch.setattr(nvml_device, "function", lambda gpu, name: None if name in newer else known(gpu, name))
    nvml.change(reasons=4, celsius=61, compute=[77])
    (gpu,) = nvml_device.load().gpus
    record = nvml_row.Record()
    nvml_row.RowReader(gpu, record).read()
    _, (instant, average, usage, counted, reasons, celsius, *clocks, _), failed = nvml_row.values(bytes(record))
    assert (instant, average, reasons, failed) == (None, None, None, None)
    assert (round(usage), celsius, clocks) == (300, 61.0, [1980, 2619])
    assert counted == pytest.approx(1e6, rel=0.01)
    assert nvml_processes.ProcessReader(gpu).read() == [77]


def test_a_field_that_goes_away_is_null_and_not_its_last_value(nvml: FakeNvml) -> None:
    (gpu,) = nvml_device.load().gpus
    record = nvml_row.Record()
    reader = nvml_row.RowReader(gpu, record)
    reader.read()
    assert nvml_row.values(bytes(record))[1][3] is not None
    reader._fields = lambda: nvml_row.NOT_SUPPORTED
    reader._read_with_codes()
    assert nvml_row.values(bytes(record))[1][:4] == [None, None, pytest.approx(300, abs=1), None]
    assert nvml.gpus


def test_a_reading_that_fails_and_comes_back_is_null_just_as_long(nvml: FakeNvml) -> None:
    with open_meter().record() as recording:
        nvml.change(reasons_return=fixtures.NOT_SUPPORTED)
        assert wait_until(lambda: recording.rows()[-1]["event_reasons"] is None)
        nvml.change(reasons_return=0, reasons=64)
        assert wait_until(lambda: recording.rows()[-1]["event_reasons"] == 64)
        assert all(row["instant_watts"] == 300 for row in recording.rows())
    assert dict(recording.failures) == {}


def test_rows_go_through_the_traces_parquet_unchanged(nvml: FakeNvml) -> None:
    nvml.change(instant_return=fixtures.UNKNOWN)
    with open_meter().record() as recording:
        time.sleep(0.3)
        rows = recording.rows()
    assert trace.from_bytes(trace.to_bytes(rows)) == rows


def test_a_reading_is_worked_out_again_to_the_last_bit_from_the_trace_and_its_notes(nvml: FakeNvml) -> None:
    time.sleep(0.03)
    nvml.add_gpu(watts=150)
    meter = open_meter()
    with meter.record() as recording:
        windows = []
        for watts in (500, 200):
            window = meter.start(lambda: 0.0)
            nvml.change(watts=watts)
            time.sleep(0.33)
            windows.append(window.stop())
        time.sleep(0.2)  # rows that come later must not matter
        rows = recording.rows()
    for reading in windows:
        assert reading.joules is not None
        stored = json.loads(json.dumps(reading.notes))
        assert replay_nvml.reading(trace.from_bytes(trace.to_bytes(rows)), stored) == reading
        observed = {name: stored[name] for name in replay_nvml.OF_WINDOW}
        gpus = {uuid: {name: gpu[name] for name in replay_nvml.OF_GPU} for uuid, gpu in stored["gpus"].items()}
        assert replay_nvml.reading(rows, {**observed, "gpus": gpus}) == reading
        assert abs(reading.joules - truth(nvml, reading.notes)) <= reading.notes["uncertainty_joules"]


def truth(nvml: FakeNvml, notes: object) -> float:
    assert isinstance(notes, dict)
    opened, closed = notes["opened_monotonic_seconds"], notes["closed_monotonic_seconds"]
    order = {FIRST: 0, SECOND: 1}
    return sum(nvml.true_joules(opened, closed, order[uuid]) for uuid in notes["gpus"])


def test_only_the_gpus_that_the_model_sits_on_count(nvml: FakeNvml) -> None:
    nvml.add_gpu(watts=60)
    meter = open_meter()
    with meter.record() as recording:
        window = meter.start(lambda: 0.0, [FIRST])
        time.sleep(0.4)
        reading = window.stop()
        assert {row["gpu"] for row in recording.rows()} == {FIRST, SECOND}
    assert list(reading.notes["gpus"]) == [FIRST]
    assert reading.mean_watts == pytest.approx(300, rel=0.01)


def test_a_gpu_that_is_not_metered_gives_no_joules_for_a_model_on_it(nvml: FakeNvml) -> None:
    nvml.add_gpu()
    window = open_meter([FIRST]).start(lambda: 0.0, [SECOND])
    reading = window.stop()
    assert reading.joules is None
    assert "not among the metered" in (reading.reason or "")


def test_a_gpu_that_fails_is_told_with_its_reason_and_leaves_empty_rows(nvml: FakeNvml) -> None:
    meter = open_meter()
    with meter.record() as recording:
        window = meter.start(lambda: 0.0)
        nvml.change(lost=1)
        assert wait_until(lambda: bool(recording.failures))
        reading = window.stop()
        rows = recording.rows()
    assert "stopped answering" in recording.failures[FIRST]
    assert reading.joules is None
    assert "stopped answering" in (reading.reason or "")
    assert [rows[-1][name] for name in COLUMNS[2:]] == [None] * 10
    assert replay_nvml.reading(rows, reading.notes) == reading


def test_a_gpu_that_answers_again_is_read_again(nvml: FakeNvml) -> None:
    meter = open_meter()
    with meter.record() as recording:
        nvml.change(lost=1)
        assert wait_until(lambda: bool(recording.failures))
        nvml.change(lost=0)
        assert wait_until(lambda: recording.rows()[-1]["instant_watts"] == 300)
        window = meter.start(lambda: 0.0)
        time.sleep(0.3)
        assert window.stop().joules is not None


def test_a_sampler_that_dies_makes_the_reading_absent_and_says_so(nvml: FakeNvml) -> None:
    assert nvml.gpus
    meter = open_meter()
    with meter.record() as recording:
        window = meter.start(lambda: 0.0)
        os.kill(recording._process.pid, signal.SIGKILL)
        time.sleep(0.2)
        reading = window.stop()
    assert reading.joules is None
    assert "ended before its time" in (reading.reason or "")
    assert "ended before its time" in recording.failures["sampler"]


def test_a_sampler_that_falls_silent_makes_the_reading_absent(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    assert nvml.gpus
    monkeypatch.setattr("wattbench.meters.nvml_recording.SAMPLE_TIMEOUT_SECONDS", 0.1)
    meter = open_meter()
    with meter.record() as recording:
        window = meter.start(lambda: 0.0)
        os.kill(recording._process.pid, signal.SIGSTOP)
        time.sleep(0.3)
        reading = window.stop()
        rows = recording.rows()
        os.kill(recording._process.pid, signal.SIGCONT)
    assert reading.joules is None
    assert "no sample came" in (reading.reason or "")
    assert replay_nvml.reading(rows, reading.notes) == reading


def test_the_sampler_ends_with_the_recording_and_with_its_parent(nvml: FakeNvml) -> None:
    with open_meter().record() as recording:
        process = recording._process
        assert process.poll() is None
    assert process.poll() is not None
    code = (
        "import os, time\n"
        "from wattbench.meters.nvml import open_meter\n"
        "with open_meter().record() as recording:\n"
        "    print(recording._process.pid, flush=True)\n"
        "    time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], env=nvml.environment(), stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not runs(pid))


def test_a_sampler_that_cannot_start_says_why(nvml: FakeNvml) -> None:
    meter = open_meter()
    nvml.change_driver(init_return=fixtures.DRIVER_NOT_LOADED)
    with pytest.raises(MeterUnavailable, match="not loaded"), meter.record():
        pass
    nvml.change_driver(init_return=0)
    nvml.add_gpu()
    both = open_meter()
    nvml.gpus.pop()
    nvml.write()
    with pytest.raises(MeterUnavailable, match=f"no longer shows {SECOND}"), both.record():
        pass


def test_samples_are_shifted_against_the_period_and_keep_the_rate() -> None:
    times = [due(number) for number in range(10_001)]
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert (times[-1] - times[0]) / 10_000 == pytest.approx(1, abs=1e-4)
    assert 0.8 < min(steps) < max(steps) < 1.3
    # Against a load that repeats with the period, a tenth of the span is met by a tenth of the samples.
    shifts = [time - number for number, time in enumerate(times)]
    tenths = [sum(0.04 * k <= shift + 0.2 < 0.04 * (k + 1) for shift in shifts) for k in range(10)]
    assert min(tenths) > 980
    assert max(tenths) < 1020


def test_the_sampler_costs_little_and_loads_little(nvml: FakeNvml) -> None:
    code = (
        "import sys, wattbench.meters.nvml_sampler\n"
        "print({'pydantic', 'polars', 'typer', 'rich', 'psutil', 'pynvml'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
    assert nvml.gpus
    with open_meter().record() as recording:
        used = cpu_seconds(recording._process.pid)
        time.sleep(2)
        used = cpu_seconds(recording._process.pid) - used
    assert used / 2 < 0.02  # some 0.003 of a core; a noisy machine may show more


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:  # noqa: PTH123 - no file of ours
        return int(file.read().split()[0]) / 1e9


def test_a_meter_without_sensors_has_a_recording_without_rows() -> None:
    meter = estimate.open_meter()
    with meter.record() as recording:
        window = meter.start(time.process_time, ["GPU-1"])
        assert sum(range(100_000))
        assert window.stop().joules is not None
        assert recording.rows() == recording.rows(0.0) == []
        assert dict(recording.failures) == {}
