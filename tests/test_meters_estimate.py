"""The estimate: CPU seconds x declared watts, and always called an estimate."""

from __future__ import annotations

import pytest

from wattbench.meters import MeterUnavailable
from wattbench.meters.estimate import DEFAULT_SOURCE, open_meter


def test_joules_are_cpu_seconds_times_declared_watts() -> None:
    used = iter([10.0, 12.5])
    reading = open_meter(watts_per_core=6).start(lambda: next(used)).stop()
    assert reading.joules == pytest.approx(15)
    assert reading.notes["cpu_seconds"] == pytest.approx(2.5)


def test_an_estimate_is_never_called_measured() -> None:
    facts = open_meter().facts()
    assert (facts["kind"], facts["watts_per_core"], facts["source"]) == ("estimated", 4, DEFAULT_SOURCE)


def test_watts_of_ones_own_do_not_borrow_the_default_source() -> None:
    assert open_meter(watts_per_core=5).facts()["source"] != DEFAULT_SOURCE
    assert open_meter(watts_per_core=5, source="a wall meter").facts()["source"] == "a wall meter"


def test_no_cpu_time_is_no_reading_and_never_0() -> None:
    reading = open_meter().start(lambda: 7.0).stop()
    assert reading.joules is None
    assert "did not advance" in (reading.reason or "")


def test_an_estimate_has_no_counter_and_no_samples() -> None:
    used = iter([0.0, 1.0])
    reading = open_meter().start(lambda: next(used)).stop()
    assert (reading.counter_joules, reading.sampled_joules, reading.samples) == (None, None, 0)


@pytest.mark.parametrize("watts", [0, -1, float("inf"), float("nan")])
def test_watts_that_cannot_be_are_refused(watts: float) -> None:
    with pytest.raises(MeterUnavailable):
        open_meter(watts_per_core=watts)
