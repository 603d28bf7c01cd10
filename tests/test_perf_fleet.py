"""The study of fleets: what the simulation keeps, and that the page has what it printed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "perf"))

import perf_fleet


def test_nothing_is_lost_and_twice_the_hosts_take_half_the_time() -> None:
    one, two = (perf_fleet.simulate(hosts, submissions=64) for hosts in (2, 4))
    for found in (one, two):
        runs = 64 * 4 * 2 * (perf_fleet.run_seconds("single") + perf_fleet.run_seconds("saturated"))
        assert found.measuring == pytest.approx(runs)
        assert found.apart == 1
        assert 0 <= found.idle < 0.1
    assert two.makespan == pytest.approx(one.makespan / 2, rel=0.1)


def test_a_single_host_measures_both_sessions_itself() -> None:
    found = perf_fleet.simulate(1, submissions=8)
    assert (found.apart, found.idle) == (0, pytest.approx(0, abs=1e-9))
    assert found.sessions == 2 * 8


def test_models_that_share_a_session_share_its_reference_runs() -> None:
    alone, together = (perf_fleet.simulate(2, 16, candidates).references for candidates in (1, 8))
    assert alone == pytest.approx(8 * together)


def test_the_page_has_the_figures_of_every_fleet() -> None:
    page = perf_fleet.PAGE.read_text(encoding="utf-8")
    figures = page.split(perf_fleet.MARKS[0])[1].split(perf_fleet.MARKS[1])[0]
    rows = [f'{hosts}</td><td class="ws-num">8</td><td class="ws-num">20,000<' for hosts in perf_fleet.FLEETS]
    assert [row in figures for row in rows] == [True] * 3
    assert f"{perf_fleet.IDLE_WATTS:.0f} W while it waits" in figures
