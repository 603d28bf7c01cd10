"""The frontier of energy and quality, and what a point of quality costs along it."""

from __future__ import annotations

import time
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import advice_oracle as oracle
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_advice import BOARD, choice

from wattboard.advice import Choice
from wattboard.advising.prices import prices
from wattboard.frontiers import frontier
from wattboard.intervals import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = settings(max_examples=200, deadline=None)


def test_a_model_with_more_energy_and_less_quality_leaves() -> None:
    rows = [*BOARD, choice("bad", 5.0, 0.70)]
    assert frontier(rows, higher_is_better=True) == ("tiny", "small", "middle", "big")


def test_less_energy_does_not_count_where_the_intervals_overlap() -> None:
    rows = [choice("a", 1.00, 0.8), choice("b", 1.02, 0.8)]
    assert frontier(rows, higher_is_better=True) == ("a", "b")
    apart = [choice("a", 1.00, 0.8), choice("b", 1.03, 0.8)]
    assert frontier(apart, higher_is_better=True) == ("a",)


def test_less_energy_does_not_make_up_for_a_quality_that_may_be_worse() -> None:
    rows = [choice("a", 1.0, 0.799), choice("b", 9.0, 0.8)]
    assert frontier(rows, higher_is_better=True) == ("a", "b")
    shaky = replace(choice("a", 1.0, 0.81), quality_low=0.70)
    assert frontier([shaky, choice("b", 9.0, 0.8)], higher_is_better=True) == ("a", "b")


def test_a_lower_error_rate_is_the_better_one() -> None:
    rows = [choice("a", 1.0, 0.10), choice("b", 2.0, 0.30), choice("c", 3.0, 0.02)]
    assert frontier(rows, higher_is_better=False) == ("a", "c")
    assert frontier(rows, higher_is_better=True) == ("a", "b")


def test_without_a_quality_a_model_is_not_on_it_and_without_an_interval_it_decides_nothing() -> None:
    rows = [choice("a", 1.0, None), choice("b", 2.0, 0.8), Choice("c", 0.1, quality=0.9), Choice("d", 9.0, quality=0.1)]
    assert frontier(rows, higher_is_better=True) == ("c", "b", "d")


def test_single_values_can_be_ordered_when_that_is_asked_for() -> None:
    rows = [Choice("a", 1.0, quality=0.5), Choice("b", 2.0, quality=0.4), Choice("c", 3.0, quality=0.6), Choice("d", 1)]
    assert frontier(rows, higher_is_better=True, values_only=True) == ("a", "c")


# Numbers on a grid, so that no test hangs on the last bit of a logarithm.
END = st.sampled_from((0.0, 0.01, 0.03, 0.1, 0.3))
POINT = st.tuples(st.integers(1, 12), END, END, st.integers(0, 12), END, END)
POINTS = st.lists(POINT, min_size=1, max_size=9)
Told = tuple[int, float, float, int, float, float]


def rows_of(points: Sequence[Told]) -> list[Choice]:
    return [row_of(f"m{i}", point) for i, point in enumerate(points)]


def row_of(name: str, told: Told) -> Choice:
    step, down, up, good, below, above = told
    wh, quality = 1.07**step, good / 20
    return Choice(name, wh, wh * (1 - down), wh * (1 + up), quality, quality - below, quality + above)


def kept(rows: Sequence[Choice], *, up: bool) -> set[str]:
    return set(frontier(rows, higher_is_better=up))


@QUICK
@given(points=POINTS, up=st.booleans(), rng=st.randoms())
def test_it_is_the_oracles_in_any_order_of_rows(points: Any, *, up: bool, rng: Any) -> None:
    rows = rows_of(points)
    found = frontier(rows, higher_is_better=up)
    assert set(found) == oracle.frontier(rows, up=up)
    rng.shuffle(rows)
    assert frontier(rows, higher_is_better=up) == found
    assert found


@QUICK
@given(points=POINTS, point=POINT, up=st.booleans())
def test_adding_a_model_that_does_not_stay_changes_nothing_for_the_others(points: Any, point: Any, *, up: bool) -> None:
    rows = rows_of(points)
    before, after = kept(rows, up=up), kept([*rows, row_of("new", point)], up=up)
    if "new" not in after:
        assert after == before
    assert after - {"new"} <= before


@QUICK
@given(points=POINTS, data=st.data(), up=st.booleans())
def test_taking_away_what_left_changes_nothing_for_the_others(points: Any, data: Any, *, up: bool) -> None:
    rows = rows_of(points)
    stays = kept(rows, up=up)
    gone = sorted({row.model for row in rows} - stays)
    out = set(data.draw(st.lists(st.sampled_from(gone)))) if gone else set()
    assert kept([row for row in rows if row.model not in out], up=up) == stays


@QUICK
@given(points=POINTS, data=st.data(), up=st.booleans())
def test_widening_an_interval_never_removes_another_model(points: Any, data: Any, *, up: bool) -> None:
    rows = rows_of(points)
    which = data.draw(st.integers(0, len(rows) - 1))
    one = rows[which]
    factor, extra = data.draw(st.sampled_from((1.0, 1.02, 1.5))), data.draw(st.sampled_from((0.0, 0.02, 0.5)))
    wider = replace(
        one,
        wh_low=(one.wh_low or 0) / factor,
        wh_high=(one.wh_high or 0) * factor,
        quality_low=(one.quality_low or 0) - extra,
        quality_high=(one.quality_high or 0) + extra,
    )
    after = kept([*rows[:which], wider, *rows[which + 1 :]], up=up)
    assert kept(rows, up=up) - {one.model} <= after


@QUICK
@given(points=POINTS, up=st.booleans(), scale=st.sampled_from((1e-6, 0.5, 3600.0)))
def test_the_unit_of_energy_changes_nothing(points: Any, *, up: bool, scale: float) -> None:
    rows = rows_of(points)
    ends = {name: [(getattr(row, name) or 0) * scale for row in rows] for name in ("wh", "wh_low", "wh_high")}
    scaled = [replace(row, **{name: ends[name][i] for name in ends}) for i, row in enumerate(rows)]
    # A logarithm may differ in its last bit: equal energies may then come out unequal, and are left out here.
    assume(len({row.wh for row in rows}) == len(rows))
    assert kept(scaled, up=up) == kept(rows, up=up)


@QUICK
@given(points=POINTS, up=st.booleans())
def test_whoever_left_was_removed_by_somebody_who_stays(points: Any, *, up: bool) -> None:
    rows = rows_of(points)
    stays = kept(rows, up=up)
    for a in rows:
        assert a.model in stays or any(oracle.removes(b, a, up=up) for b in rows if b.model in stays)


def test_ten_thousand_models_take_seconds_not_minutes() -> None:
    rows = [choice(f"m{i}", 1 + (i * 7919 % 10_007) / 100, (i * 104_729 % 9973) / 9973) for i in range(10_000)]
    began = time.perf_counter()
    assert frontier(rows, higher_is_better=True)
    assert time.perf_counter() - began < 20


def test_a_point_of_quality_has_a_price_between_neighbours() -> None:
    rows = [choice("a", 1.0, 0.70), choice("b", 3.0, 0.80), choice("c", 9.0, 0.90)]
    one, two = prices(rows, ["a", "b", "c"], higher_is_better=True, point=0.01)
    assert (one.cheaper, one.better, two.cheaper, two.better) == ("a", "b", "b", "c")
    assert one.points == pytest.approx(10)
    assert one.wh_per_point == pytest.approx(0.2)
    assert two.wh_per_point == pytest.approx(0.6)
    assert (one.low or inf) < 0.2 < (one.high or 0)


def test_there_is_no_price_where_the_qualities_or_the_energies_overlap() -> None:
    near = prices([choice("a", 1.0, 0.79), choice("b", 3.0, 0.80)], ["a", "b"], higher_is_better=True, point=0.01)
    assert [(one.wh_per_point, one.told_apart) for one in near] == [(None, False)]
    same = prices([choice("a", 1.0, 0.5), choice("b", 1.01, 0.8)], ["a", "b"], higher_is_better=True, point=0.01)
    assert [one.told_apart for one in same] == [False]


def test_the_difference_query_by_query_prices_what_two_intervals_leave_open() -> None:
    rows = [choice("a", 1.0, 0.79), choice("b", 3.0, 0.80)]
    paired = {("a", "b"): Span(0.01, 0.005, 0.015)}
    (one,) = prices(rows, ["a", "b"], higher_is_better=True, point=0.01, paired=paired)
    assert one.wh_per_point == pytest.approx(2.0)


def test_a_step_goes_up_in_quality_also_where_less_is_better() -> None:
    rows = [choice("a", 1.0, 0.30), choice("b", 1.01, 0.32), choice("c", 3.0, 0.10)]
    (one,) = prices(rows, ["a", "b", "c"], higher_is_better=False, point=0.01)
    assert (one.cheaper, one.better) == ("a", "c")
    assert one.points == pytest.approx(20)
