"""METHOD section 5, case by case: who has a star, what it is worth, and why not."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import polars as pl
import pytest
import site_factory as make
from hypothesis import given, settings
from hypothesis import strategies as st
from rating_oracle import six
from rating_rows import (
    MODEL,
    REFERENCE,
    Row,
    board,
    bracket,
    edition,
    founded_board,
    frame_of,
    passes,
    rate,
    star,
)
from scipy.special import stdtrit

from wattbench.problems import Refusal
from wattboard import ratings
from wattboard.editions import Levels
from wattboard.ratings import calibration, facts
from wattboard.ratings.pool_gates import pool_gates

QUICK = settings(max_examples=25, deadline=None)


@QUICK
@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=9))
def test_rounding_gives_the_very_float_that_six_digits_are_written_as(values: list[float]) -> None:
    rounded = pl.DataFrame({"x": [*values, 8.67076e-18 * (1 + 1e-9), None]}).select(facts.rounded(pl.col("x")))
    assert rounded["x"].to_list() == [*(six(one) for one in values), 8.67076e-18, None]


@pytest.mark.parametrize("energy", [nan, inf, 0.0, -1.0])
def test_what_is_no_energy_has_no_star(energy: float) -> None:
    assert star(energy, board()) is None


@pytest.mark.parametrize(
    ("gain", "kind", "status"),
    [
        (1.04, "rated", "confirmed"),
        (0.93, "rated", "provisional"),
        (1.07, "rated", "provisional"),
        (1.12, "rated", "unrated"),
        (0.88, "rated", "unrated"),
        (1.5, "demo", "provisional"),
    ],
)
def test_a_session_whose_reference_is_far_off_the_boards_is_flagged_or_fails(
    gain: float, kind: str, status: str
) -> None:
    two = [*bracket(gain), *passes(0.6, 0.61, 0.59), *bracket(1.0, "b"), *passes(0.6, 0.61, 0.59, session="b")]
    found = rate(two, founded_board(), kind)
    assert found.status == status
    assert ("session-factor" in found.reasons) == (status == "unrated")
    sessions, factor = pool_gates(found)
    assert (sessions.value, sessions.verdict) == ("2", "pass")
    assert factor.verdict == ("fail" if status == "unrated" else "flag" if status == "provisional" else "pass")
    assert all(one.value and one.limit and one.why for one in (sessions, factor))


def test_the_gates_of_all_sessions_flag_a_single_one_and_fail_without_a_reference() -> None:
    (sessions, factor) = pool_gates(rate([*bracket(), *passes(0.6, 0.61, 0.59)], founded_board()))
    assert (sessions.verdict, factor.verdict, factor.value) == ("flag", "pass", "0 %")
    (_, factor) = pool_gates(rate(passes(0.6, 0.61, 0.59), founded_board()))
    assert (factor.verdict, factor.value) == ("fail", None)
    not_frozen = replace(rate(passes(0.6, 0.61, 0.59)), factor=None, reasons=("no-thresholds",))
    assert [one.name for one in pool_gates(not_frozen)] == ["sessions"]


def test_the_star_shown_is_that_of_the_worse_end_and_says_where_the_better_end_differs() -> None:
    t2 = board().thresholds_wh[1]
    near = rate(bracket() + passes(t2 * 0.999, t2 * 0.999, t2 * 1.0))
    assert (near.stars, near.stars_at_best, near.borderline) == (3, 4, True)
    clear = rate(bracket() + passes(t2 * 0.8, t2 * 0.8, t2 * 0.801))
    assert (clear.stars, clear.stars_at_best, clear.borderline) == (4, 4, False)


def test_a_founded_board_with_two_sessions_confirms_or_says_borderline() -> None:
    frozen = founded_board()
    sessions = ("a", "b")
    brackets = [row for session in sessions for row in bracket(session=session)]
    t2 = frozen.thresholds_wh[1]
    clear = [row for session in sessions for row in passes(0.9, 0.91, 0.9, session=session)]
    near = [row for session in sessions for row in passes(t2, t2, t2 * 1.001, session=session)]
    assert rate(brackets + clear, frozen).status == "confirmed"
    assert rate(brackets + near, frozen).status == "borderline"
    assert rate(bracket() + passes(0.9, 0.91, 0.9), frozen).status == "provisional"
    flagged = [row for s in sessions for row in passes(0.9, 0.91, session=s, verdict="flag")]
    assert rate(brackets + flagged, frozen).status == "provisional"
    bad_day = [replace(row, verdict="flag") if row.session == "a" else row for row in brackets]
    assert rate(bad_day + clear, frozen).status == "provisional"


def test_a_board_anchored_on_its_reference_is_provisional() -> None:
    assert rate(bracket() + passes(0.9, 0.91, 0.9)).status == "provisional"


@pytest.mark.parametrize(
    ("reason", "rows"),
    [
        ("no-reference", passes(0.9, 0.9, 0.9)),
        ("no-reference", [*bracket()[:3], *passes(0.9, 0.9, 0.9)]),
        ("no-reference", bracket(session="b") + passes(0.9, 0.9, 0.9)),
        ("reference-failed", bracket(verdict="fail") + passes(0.9, 0.9, 0.9)),
        ("gate-failed", bracket() + passes(0.9, 0.9, 0.9, verdict="fail")),
        ("no-interval", bracket() + passes(0.9)),
        ("no-energy", bracket() + passes(None)),
        ("no-quality", bracket() + passes(0.9, 0.9, quality=None)),
        ("below-minimum", bracket() + passes(0.9, 0.9, quality=0.19)),
        ("synthetic-weights", bracket() + passes(0.9, 0.9, extra=(("weights", "synthetic"),))),
        ("fake-device", bracket() + passes(0.9, 0.9, extra=(("fake", True),))),
        ("quick-protocol", bracket() + passes(0.9, 0.9, extra=(("protocol", "quick"),))),
        ("packaged-weights", bracket() + passes(0.9, 0.9, extra=(("revision", "package:a==1"),))),
    ],
)
def test_a_result_without_a_star_says_why(reason: str, rows: list[Row]) -> None:
    one = rate(rows)
    assert one.stars is None
    assert one.status == "unrated"
    assert reason in one.reasons


def test_an_estimate_has_stars_in_a_demo_edition_only_and_they_are_provisional() -> None:
    rows = bracket() + passes(0.9, 0.9, 0.91, extra=(("protocol", "quick"),))
    name = make.SIMILARITY
    assert rate(rows, board(name=name), "rated", name).reasons == ("estimated", "quick-protocol")
    demo = rate(rows, board(name=name), "demo", name)
    assert (demo.status, demo.reasons) == ("provisional", ())
    assert demo.stars == 3


def test_a_quality_equal_to_a_level_reaches_it() -> None:
    one = rate(bracket() + passes(0.9, 0.9, quality=0.2))
    assert one.stars is not None
    assert not one.recommended
    assert rate(bracket() + passes(0.9, 0.9, quality=0.7)).recommended


def test_a_metric_where_lower_is_better_gates_the_other_way() -> None:
    levels = Levels(metric="WER", higher_is_better=False, minimum=0.5, recommended=0.1)
    frozen = board(quality=levels)
    lower = (("higher_is_better", False),)
    assert rate(bracket() + passes(0.9, 0.9, quality=0.6, extra=lower), frozen).reasons == ("below-minimum",)
    assert rate(bracket() + passes(0.9, 0.9, quality=0.1, extra=lower), frozen).recommended


def test_the_reference_model_is_rated_from_its_own_runs_in_the_session() -> None:
    rated = ratings.collect(ratings.rate(frame_of(bracket(1.0)), edition("demo"), [board()]))
    assert [(one.model, one.passes, one.stars, one.index) for one in rated] == [(REFERENCE, 6, 3, 100.0)]


def test_a_board_that_is_not_frozen_keeps_its_energy_and_has_no_star() -> None:
    rated = ratings.rate(frame_of(bracket() + passes(0.9, 0.9, 0.9)), None, [])
    one = next(one for one in ratings.collect(rated) if one.model == MODEL)
    assert (one.wh, one.stars, one.reasons) == (0.9, None, ("no-thresholds",))


@pytest.mark.parametrize("wrong", [{"edition": "other"}, {"rule_version": 2}])
def test_thresholds_of_another_edition_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="one edition at a time"):
        ratings.rate(frame_of(bracket()), edition(), [board(**wrong)])


def test_a_board_given_twice_is_refused() -> None:
    with pytest.raises(Refusal, match="given twice"):
        ratings.rate(frame_of(bracket()), edition(), [board(), board()])


def test_students_t_is_scipys_for_every_number_of_degrees_of_freedom() -> None:
    told = pl.DataFrame({"df": [*range(calibration.MOST_DF + 2), None]}).select(calibration.quantile(pl.col("df")))
    none, *values, beyond, null = told["df"].to_list()
    assert (none, beyond, null) == (None, None, None)
    assert values == [float(stdtrit(df, 0.975)) for df in range(1, calibration.MOST_DF + 1)]
    assert calibration.coverage_factor(10) == float(stdtrit(9, 0.975))
