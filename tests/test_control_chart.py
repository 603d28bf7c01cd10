"""The control chart of a host: how soon it sees a drift, how often it sees one that is not there; by simulation."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import pytest
import site_factory

from wattbench.fleet import control_chart
from wattbench.fleet.control_chart import BASE, U_SESS, Reference, chart, charts, miscalibrated, references

if TYPE_CHECKING:
    from collections.abc import Callable

BOARD = site_factory.run().board
NEVER = 2000  # sessions after which a chart has not given an alarm


def line(levels: list[float], device: str = "GPU-1", board: str = BOARD) -> list[Reference]:
    return [Reference(f"{number:06d}", f"s{number}", device, board, level) for number, level in enumerate(levels)]


def run_length(levels: list[float]) -> int:
    """How many sessions after its base a chart gives its first alarm."""
    alarms = [number for number, point in enumerate(chart("GPU-1", BOARD, line(levels)).points) if point.out]
    return alarms[0] - BASE + 1 if alarms else NEVER


def average(drift: Callable[[int], float], trials: int, sessions: int) -> float:
    """The average run length under a drift, given as a multiple of sigma by the session since the base."""
    chance = np.random.default_rng(11)
    lengths = []
    for _ in range(trials):
        noise = chance.normal(0, U_SESS, BASE + sessions)
        shift = [0.0] * BASE + [U_SESS * drift(number) for number in range(sessions)]
        lengths.append(min(run_length([a + b for a, b in zip(noise, shift, strict=True)]), sessions))
    return fmean(lengths)


def test_a_host_that_does_not_drift_is_left_alone_for_hundreds_of_sessions() -> None:
    assert average(lambda _number: 0, 150, 1000) > 400


@pytest.mark.parametrize(("sigmas", "at_most"), [(1.5, 25), (2, 12), (3, 6), (4, 4)])
def test_a_step_is_seen_within_a_few_sessions(sigmas: float, at_most: float) -> None:
    assert average(lambda _number: sigmas, 200, 300) < at_most
    assert average(lambda _number: -sigmas, 200, 300) < at_most


def test_a_slow_drift_of_a_tenth_of_a_sigma_a_session_is_seen_before_it_has_cost_three() -> None:
    assert average(lambda number: number / 10, 200, 300) < 30


def test_the_first_ten_sessions_are_the_base_and_give_no_alarm() -> None:
    short = chart("GPU-1", BOARD, line([0.0, 5.0] * 4))
    assert short.centre is None
    assert short.why_out is None
    assert all(point.ewma is None and not point.out for point in short.points)


def test_it_says_by_how_much_where_and_by_which_rule() -> None:
    drifted = chart("GPU-1", BOARD, line([0.0] * BASE + [0.02] * 6))
    assert drifted.why_out is not None
    assert drifted.why_out.startswith("its reference model has drifted up by 1.49 % on ")
    assert "EWMA, 3 sigma, 16 sessions" in drifted.why_out
    assert chart("GPU-1", BOARD, line([0.0] * BASE + [0.02] * 6 + [-0.02] * 9)).why_out is not None
    assert chart("GPU-1", BOARD, line([0.0] * BASE + [0.02] * 6 + [0.0] * 9)).why_out is None


def test_the_ewma_is_the_textbook_one() -> None:
    levels = [0.001, 0.004, -0.002, 0.03]
    points = chart("GPU-1", BOARD, line([0.0] * BASE + levels)).points[BASE:]
    expected = 0.0
    for point, level in zip(points, levels, strict=True):
        expected = 0.2 * level + 0.8 * expected
        assert point.ewma == pytest.approx(expected)
    # one session: 0.2 sigma from the new point, and a fifth of what ten sessions leave unknown of the centre
    assert points[0].limit == pytest.approx(3 * U_SESS * (0.2**2 + 0.2**2 / BASE) ** 0.5)


def test_a_host_that_was_taken_back_begins_a_new_chart() -> None:
    drifted = line([0.0] * BASE + [0.02] * 20)
    (old,) = charts(drifted)
    (new,) = charts(drifted, {"GPU-1": f"{BASE:06d}"})
    assert old.why_out is not None
    assert new.why_out is None
    assert new.centre == pytest.approx(0.02)


def test_the_level_of_a_session_is_the_mean_of_both_reference_runs() -> None:
    before, after = (
        site_factory.run(role=role, session="s1", joules=[joules] * 5)
        for role, joules in (("reference-before", 100.0), ("reference-after", 121.0))
    )
    alone = site_factory.run(role="reference-before", session="s2", joules=[5.0] * 5)
    (found,) = references([after, before, alone])
    queries = before.passes[0].queries
    assert found.level == pytest.approx(np.log(110.0 / queries))
    assert found.device == control_chart.device_of(before)


def test_a_session_of_which_one_reference_run_lacks_an_energy_is_on_no_chart() -> None:
    before, after = (
        site_factory.run(role=role, session="s1", joules=[100.0] * 5)
        for role in ("reference-before", "reference-after")
    )
    unread = after.passes[0].model_copy(update={"joules": None})
    assert len(references([before, after])) == 1
    assert references([before, after.model_copy(update={"passes": (unread, *after.passes[1:])})]) == []


def test_a_host_far_from_the_others_is_no_host_for_that_board() -> None:
    found = [*line([0.0], "GPU-1"), *line([0.01], "GPU-2"), *line([0.2], "GPU-3")]
    told = miscalibrated(found)
    assert list(told) == [("GPU-3", BOARD)]
    assert "costs +21 % of the board's level" in told["GPU-3", BOARD]
    assert miscalibrated(line([0.0, 0.5], "GPU-1")) == {}
