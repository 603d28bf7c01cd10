"""Prefill and decode: two shares of one generation, by sampled power or by CPU time."""

from __future__ import annotations

from typing import Any

import pytest
from test_gates import one_pass

from wattbench import tables
from wattbench.splitting import split


def power(prefill_watts: float, decode_watts: float, marks: list[tuple[float, float, float]]) -> list[dict[str, Any]]:
    """Sample at 10 Hz what a card draws that works through these marks."""
    rows = []
    for began, first, ended in marks:
        time = began + 0.05
        while time < ended:
            rows.append({"seconds": time, "gpu": "g", "instant_watts": prefill_watts if time < first else decode_watts})
            time += 0.1
    return rows


MARKS = [(10.0 + 4 * i, 11.0 + 4 * i, 14.0 + 4 * i) for i in range(10)]
GENERATED = one_pass(9000.0, prefill_seconds=10.0, decode_seconds=30.0)


def test_power_that_is_higher_in_prefill_gives_it_more_than_its_time() -> None:
    found = split(GENERATED, MARKS, power(600.0, 200.0, MARKS))
    # 10 s at 600 W and 30 s at 200 W: half of the energy each
    assert found.prefill_joules == pytest.approx(4500.0, rel=0.01)
    assert (found.prefill_joules or 0) + (found.decode_joules or 0) == pytest.approx(9000.0)


def test_without_sampled_power_cpu_time_shares_the_energy_out() -> None:
    one = GENERATED.model_copy(update={"notes": {"prefill_cpu_seconds": 1.0, "decode_cpu_seconds": 3.0}})
    found = split(one, MARKS, [])
    assert (found.prefill_joules, found.decode_joules) == (2250.0, 6750.0)


def test_what_cannot_be_told_is_absent() -> None:
    few = power(600.0, 200.0, MARKS[:1])[:3]
    assert split(GENERATED, MARKS, few).prefill_joules is None
    assert split(GENERATED, [], power(600.0, 200.0, MARKS)).decode_joules is None
    assert split(GENERATED, MARKS, []).decode_joules is None
    assert split(one_pass(None), MARKS, power(600.0, 200.0, MARKS)).prefill_joules is None


def test_marks_survive_their_table_to_the_last_bit() -> None:
    marks = [[(0.1 + 0.2, 1 / 3, 2 / 3)], [], [(5.0, 6.0, 7.0), (7.0, 8.0, 9.0)]]
    data = tables.to_bytes(tables.mark_rows(marks), tables.MARKS)
    assert tables.marks_by_pass(tables.from_bytes(data, tables.MARKS), 3) == marks
    assert tables.to_bytes(tables.mark_rows(marks), tables.MARKS) == data
