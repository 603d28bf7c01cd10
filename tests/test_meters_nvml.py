"""The nvml meter, through the real pynvml, on the stand-in library."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from fake_nvml import fixtures

from wattbench.meters import MeterUnavailable
from wattbench.meters.nvml import choose, devices, open_meter
from wattbench.meters.nvml_device import Gpu
from wattbench.meters.nvml_power import gaps, integrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_nvml.fixtures import FakeNvml

    from wattbench.meters import Reading

FIRST = "GPU-fa4e0000-0000-0000-0000-000000000000"
SECOND = "GPU-fa4e0000-0000-0000-0000-000000000001"


def measure(seconds: float = 0.4, midway: Callable[[], None] = lambda: None, gpus: list[str] | None = None) -> Reading:
    window = open_meter(gpus).start(lambda: 0.0)
    time.sleep(seconds / 2)
    midway()
    time.sleep(seconds / 2)
    return window.stop()


def truth(nvml: FakeNvml, reading: Reading, gpu: int = 0) -> float:
    opened, closed = reading.notes["opened_monotonic_seconds"], reading.notes["closed_monotonic_seconds"]
    return nvml.true_joules(opened, closed, gpu)


def of(reading: Reading, uuid: str = FIRST) -> dict[str, Any]:
    found: dict[str, Any] = reading.notes["gpus"][uuid]
    return found


def test_importing_the_meter_does_not_import_pynvml() -> None:
    code = "import sys, wattbench.meters.nvml; sys.exit('pynvml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_counter_agrees_with_what_was_really_integrated(nvml: FakeNvml) -> None:
    reading = measure(0.5)
    assert reading.reason is None
    assert reading.joules == pytest.approx(truth(nvml, reading), rel=0.005)
    assert reading.counter_joules == reading.joules
    assert reading.sampled_joules == pytest.approx(truth(nvml, reading), rel=0.005)
    assert reading.seconds == pytest.approx(0.5, abs=0.1)
    assert reading.samples >= 4


def test_a_change_of_power_within_the_window_is_counted_as_it_was(nvml: FakeNvml) -> None:
    reading = measure(1.0, lambda: nvml.change(watts=600))
    assert 300 < truth(nvml, reading) / reading.seconds < 600
    assert reading.joules == pytest.approx(truth(nvml, reading), rel=0.005)


def test_what_is_drawn_after_the_work_is_not_billed_to_it(nvml: FakeNvml) -> None:
    window = open_meter().start(lambda: 0.0)
    time.sleep(0.63)
    nvml.change(watts=100)
    reading = window.stop()
    assert reading.joules == pytest.approx(truth(nvml, reading), rel=0.01)


def test_several_gpus_are_metered_over_the_same_window_and_summed(nvml: FakeNvml) -> None:
    time.sleep(0.03)  # so that the second counter steps at other times
    nvml.add_gpu(watts=150)
    reading = measure(0.6)
    assert of(reading)["joules"] == pytest.approx(truth(nvml, reading, 0), rel=0.005)
    assert of(reading, SECOND)["joules"] == pytest.approx(truth(nvml, reading, 1), rel=0.005)
    assert reading.joules == pytest.approx(of(reading)["joules"] + of(reading, SECOND)["joules"])


def test_only_the_gpus_that_were_named_are_metered(nvml: FakeNvml) -> None:
    nvml.add_gpu(watts=150)
    reading = measure(0.3, gpus=[SECOND])
    assert list(reading.notes["gpus"]) == [SECOND]
    assert reading.mean_watts == pytest.approx(150, rel=0.02)


def test_two_processes_see_the_same_counter(nvml: FakeNvml) -> None:
    code = "import pynvml as n; n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(0); print([f(h) for f in (%s)])"
    code %= "n.nvmlDeviceGetTotalEnergyConsumption, n.nvmlDeviceGetName"
    nvml.change(step_nanoseconds=3_600 * fixtures.NANOSECONDS)  # one value an hour
    there = subprocess.run(
        [sys.executable, "-c", code], env=nvml.environment(), check=True, capture_output=True, text=True
    ).stdout
    joules, name = json.loads(there.replace("'", '"'))
    gpu = open_meter().gpus[0]
    assert (gpu.energy(), gpu.name) == (joules / 1000, name)


def test_a_gpu_without_a_counter_is_read_by_its_power_and_says_so(nvml: FakeNvml) -> None:
    nvml.change(energy_return=fixtures.NOT_SUPPORTED)
    assert "sampled power" in open_meter().facts()["method"]
    reading = measure()
    assert reading.counter_joules is None
    assert reading.joules == reading.sampled_joules == pytest.approx(truth(nvml, reading), rel=0.005)


@pytest.mark.parametrize(
    ("absent", "source"),
    [
        ({}, "instant"),
        ({"instant_return": fixtures.NOT_SUPPORTED}, "average"),
        ({"instant_return": fixtures.NOT_SUPPORTED, "average_return": fixtures.UNKNOWN}, "usage"),
    ],
)
def test_each_power_field_is_believed_only_by_its_own_return_code(
    nvml: FakeNvml, absent: dict[str, int], source: str
) -> None:
    nvml.change(energy_return=fixtures.NOT_SUPPORTED, **absent)
    reading = measure()
    assert of(reading)["sampled_by"] == source
    assert reading.joules == pytest.approx(truth(nvml, reading), rel=0.005)


def test_without_any_power_the_counter_still_counts(nvml: FakeNvml) -> None:
    refused = dict.fromkeys(("instant_return", "average_return", "usage_return"), fixtures.NOT_SUPPORTED)
    nvml.change(**refused)
    reading = measure(0.5)
    assert reading.joules == pytest.approx(truth(nvml, reading), rel=0.005)
    assert (reading.sampled_joules, reading.samples) == (None, 0)


def test_a_gpu_lost_in_the_window_gives_no_joules_but_the_reason(nvml: FakeNvml) -> None:
    reading = measure(0.4, lambda: nvml.change(lost=1))
    assert reading.joules is None
    assert reading.reason is not None
    assert "stopped answering" in reading.reason


def test_one_gpu_lost_of_two_makes_the_total_absent(nvml: FakeNvml) -> None:
    nvml.add_gpu()
    reading = measure(0.4, lambda: nvml.change(gpu=1, lost=1))
    assert reading.joules is None
    assert of(reading)["joules"] > 0
    assert reading.reason is not None
    assert reading.reason.startswith(SECOND)


def test_a_counter_that_was_reset_gives_no_joules(nvml: FakeNvml) -> None:
    reading = measure(0.5, lambda: nvml.change(reset_at=time.monotonic_ns()))
    assert reading.joules is None
    assert "reset" in (reading.reason or "")


def test_a_reset_is_seen_although_the_counter_ends_higher_than_it_began(nvml: FakeNvml) -> None:
    nvml.change(base_millijoules=100_000)  # so much takes the new load 0.2 s to reach again
    meter = open_meter()
    nvml.gpus[0].loads = [(time.monotonic_ns(), 10.0)]
    nvml.write()
    window = meter.start(lambda: 0.0)
    time.sleep(0.3)
    nvml.change(watts=500, reset_at=time.monotonic_ns())
    time.sleep(0.5)
    reading = window.stop()
    assert reading.joules is None
    assert "reset" in (reading.reason or "")


def test_a_frozen_counter_gives_no_joules_and_never_0(nvml: FakeNvml) -> None:
    nvml.change(frozen_at=time.monotonic_ns())
    reading = measure(0.1)
    assert reading.joules is None
    assert "did not advance" in (reading.reason or "")
    assert (reading.sampled_joules or 0) > 0


def test_a_counter_that_freezes_in_the_window_gives_no_joules(nvml: FakeNvml) -> None:
    reading = measure(0.3, lambda: nvml.change(frozen_at=time.monotonic_ns()))
    assert reading.joules is None
    assert "did not advance" in (reading.reason or "")


def test_clock_event_reasons_heat_and_processes_are_kept_with_the_share_of_time(nvml: FakeNvml) -> None:
    reading = measure(0.8, lambda: nvml.change(reasons=0x44, celsius=83, compute=[11, 12], graphics=[12, 13], mps=[14]))
    seen = of(reading)
    assert set(seen["event_reasons"]) == {"power-cap", "hardware-thermal"}
    assert 0.2 < seen["event_reasons"]["hardware-thermal"] < 0.9
    assert seen["max_celsius"] == 83
    assert seen["processes"] == [11, 12, 13, 14]


def test_what_cannot_be_read_is_none_and_not_empty(nvml: FakeNvml) -> None:
    nvml.change(reasons_return=fixtures.NOT_SUPPORTED, processes_return=fixtures.NO_PERMISSION)
    seen = of(measure(0.3))
    assert seen["event_reasons"] is None
    assert seen["processes"] is None
    assert open_meter().facts()["gpus"][0]["processes_before"] is None


def test_the_facts_say_what_is_metered_and_how_it_is_set(nvml: FakeNvml) -> None:
    nvml.change(limit_milliwatts=500_000, ecc=0, compute=[77])
    facts = open_meter().facts()
    gpu = facts["gpus"][0]
    assert (facts["name"], facts["kind"], facts["driver"], facts["fake"]) == ("nvml", "measured", "615.71.00", True)
    assert (gpu["power_limit_watts"], gpu["default_power_limit_watts"]) == (500, 700)
    assert (gpu["ecc"], gpu["persistence"], gpu["mig"], gpu["counter"]) == (False, True, False, True)
    assert (gpu["max_sm_mhz"], gpu["max_memory_mhz"], gpu["processes_before"]) == (1980, 2619, [77])
    assert (gpu["application_sm_mhz"], gpu["default_application_sm_mhz"]) == (1980, 1980)
    assert json.loads(json.dumps(facts)) == facts
    nvml.change(application_sm_mhz=1200)
    assert open_meter().facts()["gpus"][0]["application_sm_mhz"] == 1200
    nvml.change(application_return=fixtures.NOT_SUPPORTED)
    assert open_meter().facts()["gpus"][0]["application_sm_mhz"] is None


def test_how_high_the_clock_went_is_kept_of_a_window(nvml: FakeNvml) -> None:
    nvml.change(sm_mhz=1410)
    assert of(measure(0.3))["max_sm_mhz"] == 1410


def test_a_stand_in_cannot_hide_that_it_is_one(nvml: FakeNvml) -> None:
    nvml.change(name="NVIDIA H200", uuid="GPU-12345678-0000-0000-0000-000000000000")
    (device,) = devices()
    assert device["name"] == "NVIDIA H200 (FAKE)"
    assert device["uuid"].startswith("GPU-fa4e")
    assert device["fake"] is True


def test_a_gpu_split_by_mig_is_refused(nvml: FakeNvml) -> None:
    nvml.change(mig=1, mig_devices=2)
    with pytest.raises(MeterUnavailable, match="split by MIG"):
        open_meter()


def test_a_gpu_that_knows_no_mig_is_fine(nvml: FakeNvml) -> None:
    nvml.change(mig_return=fixtures.NOT_SUPPORTED)
    assert open_meter().facts()["gpus"][0]["mig"] is None


def test_a_gpu_with_neither_energy_nor_power_is_refused(nvml: FakeNvml) -> None:
    keys = ("energy_return", "instant_return", "average_return", "usage_return")
    nvml.change(**dict.fromkeys(keys, fixtures.NOT_SUPPORTED))
    with pytest.raises(MeterUnavailable, match="neither energy nor power"):
        open_meter()


@pytest.mark.parametrize(
    ("init", "reason"),
    [(fixtures.DRIVER_NOT_LOADED, "not loaded"), (fixtures.VERSION_MISMATCH, "did not start")],
)
def test_a_driver_that_does_not_start_is_told_apart(nvml: FakeNvml, init: int, reason: str) -> None:
    nvml.change_driver(init_return=init)
    with pytest.raises(MeterUnavailable, match=reason):
        open_meter()


def test_a_driver_without_a_gpu_is_refused(nvml: FakeNvml) -> None:
    nvml.gpus.clear()
    nvml.write()
    with pytest.raises(MeterUnavailable, match="shows no GPU"):
        open_meter()


def gpu(index: int) -> Gpu:
    return Gpu(None, None, index, f"GPU-{index}{index}{index}", "a GPU", (lambda: 0, ctypes.c_uint64()))


TWO = (gpu(0), gpu(1))


@pytest.mark.parametrize(
    ("wanted", "environ", "chosen"),
    [
        (None, {}, [0, 1]),
        (["1"], {"CUDA_VISIBLE_DEVICES": "0"}, [1]),
        (["GPU-11", "GPU-111"], {}, [1]),
        (None, {"CUDA_VISIBLE_DEVICES": "GPU-11"}, [1]),
        (None, {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, [1]),
        (None, {"CUDA_VISIBLE_DEVICES": "1"}, [0, 1]),  # CUDA may count the fastest first
    ],
)
def test_gpus_are_chosen_by_name_or_as_cuda_will_see_them(
    wanted: list[str] | None, environ: dict[str, str], chosen: list[int]
) -> None:
    assert [one.index for one in choose(TWO, wanted, environ)[0]] == chosen


@pytest.mark.parametrize(
    ("wanted", "visible", "reason"),
    [
        (["7"], None, "names no GPU"),
        (["GPU-"], None, "names no GPU"),
        (None, "", "hides every GPU"),
        (None, "-1", "hides every GPU"),
        (None, "MIG-1234", "MIG instance"),
    ],
)
def test_a_gpu_that_is_not_there_is_refused(wanted: list[str] | None, visible: str | None, reason: str) -> None:
    with pytest.raises(MeterUnavailable, match=reason):
        choose(TWO, wanted, {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})


def test_power_is_a_straight_line_between_samples_and_held_outside_them() -> None:
    points = [(1.0, 100.0), (2.0, 200.0)]
    assert integrate(points, 1.0, 2.0) == pytest.approx(150)
    assert integrate(points, 1.5, 2.0) == pytest.approx(87.5)
    assert integrate(points, 0.0, 3.0) == pytest.approx(100 + 150 + 200)
    assert integrate([], 0.0, 1.0) is None


def test_missing_samples_are_counted_from_the_gaps() -> None:
    times = [0.1, 0.2, 0.3, 0.7, 0.8, 0.9]
    missing, longest = gaps(times, 0.0, 1.0, 0.1)
    assert missing == 3
    assert longest == pytest.approx(0.4)
