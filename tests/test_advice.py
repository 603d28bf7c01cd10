"""The pick: the lowest energy that is good and fast enough, and what cannot be told from it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import advice_oracle as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattboard import intervals
from wattboard.advice import Choice, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = settings(max_examples=120, deadline=None)


def choice(model: str, wh: float, quality: float | None = 0.8, percent: float = 2.0, **more: Any) -> Choice:
    """A model whose energy is known to some per cent and whose quality to four points."""
    known = {} if quality is None else {"quality_low": quality - 0.02, "quality_high": quality + 0.02}
    told = {"wh_low": wh / (1 + percent / 100), "wh_high": wh * (1 + percent / 100), "quality": quality} | known
    return Choice(model, wh, **told | more)


BOARD = (
    choice("big", 10.0, 0.90, seconds_per_query=0.5),
    choice("middle", 4.0, 0.88, seconds_per_query=0.2),
    choice("small", 1.0, 0.80, seconds_per_query=0.1),
    choice("tiny", 0.2, 0.60, seconds_per_query=0.05),
)


def test_within_some_points_of_the_best_the_lowest_energy_is_picked() -> None:
    assert pick(BOARD, higher_is_better=True, within=0.02).model == "middle"
    assert pick(BOARD, higher_is_better=True, within=0.01).model == "big"
    assert pick(BOARD, higher_is_better=True, within=0.10).model == "small"


def test_a_quality_that_equals_the_bar_is_enough_although_decimals_are_not_exact() -> None:
    rows = [choice("a", 1.0, 0.7), choice("b", 2.0, 0.8)]
    assert 0.8 - 0.1 > 0.7
    assert pick(rows, higher_is_better=True, within=0.1).model == "a"


def test_without_a_wish_the_lowest_energy_of_all_is_picked() -> None:
    told = pick(BOARD, higher_is_better=True)
    assert (told.model, told.best, told.bar, told.passed_over) == ("tiny", "big", None, {})


def test_what_is_passed_over_says_every_reason() -> None:
    told = pick(BOARD, higher_is_better=True, min_quality=0.85, max_latency=0.3)
    assert told.model == "middle"
    assert told.passed_over == {"big": ("too-slow",), "small": ("below-quality",), "tiny": ("below-quality",)}


def test_where_nothing_meets_the_wish_nothing_is_picked() -> None:
    told = pick(BOARD, higher_is_better=True, min_quality=0.95)
    assert told.model is None
    assert told.met == ()
    assert set(told.passed_over) == {row.model for row in BOARD}


def test_a_lower_error_rate_is_the_better_one() -> None:
    rows = [choice("a", 1.0, 0.20), choice("b", 2.0, 0.06), choice("c", 9.0, 0.05)]
    assert pick(rows, higher_is_better=False, within=0.01).model == "b"
    assert pick(rows, higher_is_better=False, min_quality=0.25).model == "a"
    assert pick(rows, higher_is_better=False).best == "c"


def test_the_95th_percentile_decides_over_the_mean_and_an_unknown_latency_is_no_fast_one() -> None:
    rows = [
        choice("a", 1.0, seconds_per_query=0.1, latency_p95_seconds=0.9),
        choice("b", 2.0),
        choice("c", 3.0, seconds_per_query=0.4),
    ]
    told = pick(rows, higher_is_better=True, max_latency=0.5)
    assert told.model == "c"
    assert told.passed_over == {"a": ("too-slow",), "b": ("no-latency",)}


def test_an_absent_quality_meets_no_bar_and_is_fine_without_one() -> None:
    rows = [choice("a", 1.0, None), choice("b", 2.0, 0.8)]
    assert pick(rows, higher_is_better=True, min_quality=0.5).passed_over == {"a": ("no-quality",)}
    assert pick(rows, higher_is_better=True).model == "a"


def test_models_that_cannot_be_told_from_the_pick_are_named() -> None:
    rows = [choice("a", 1.0), choice("b", 1.02), choice("c", 1.2), choice("d", 1.01, 0.1)]
    told = pick(rows, higher_is_better=True, min_quality=0.5)
    assert (told.model, told.alike) == ("a", ("b",))


def test_single_values_give_an_order_and_are_alike_to_nothing() -> None:
    told = pick([Choice("a", 1.0), Choice("b", 1.0000001)], higher_is_better=True)
    assert (told.model, told.order_only, told.alike) == ("a", True, ())
    assert not pick(BOARD, higher_is_better=True).order_only


def test_a_quality_is_asked_for_once() -> None:
    with pytest.raises(ValueError, match="once"):
        pick(BOARD, higher_is_better=True, min_quality=0.5, within=0.1)


def test_the_ratio_of_two_energies_has_both_intervals_in_quadrature() -> None:
    told = intervals.ratio(choice("a", 10.0, percent=3.0), choice("b", 4.0, percent=4.0))
    assert told is not None
    assert told.value == pytest.approx(0.4)
    from math import exp, log, sqrt

    half = sqrt(log(1.03) ** 2 + log(1.04) ** 2)
    assert (told.low, told.high) == pytest.approx((0.4 * exp(-half), 0.4 * exp(half)))
    assert intervals.ratio(choice("a", 10.0), Choice("b", 4.0)) is None


ROWS = st.lists(
    st.builds(
        lambda wh, quality, slow: (wh, quality, slow),
        st.integers(1, 40),
        st.none() | st.integers(0, 20),
        st.none() | st.integers(1, 9),
    ),
    max_size=12,
)


def rows_of(told: Sequence[tuple[int, int | None, int | None]]) -> list[Choice]:
    return [
        choice(f"m{i}", wh / 4 + i / 1e4, None if q is None else q / 20, seconds_per_query=slow)
        for i, (wh, q, slow) in enumerate(told)
    ]


@QUICK
@given(
    told=ROWS,
    bar=st.none() | st.integers(0, 20),
    limit=st.none() | st.integers(1, 9),
    up=st.booleans(),
    rng=st.randoms(),
)
def test_the_pick_is_the_oracles_in_any_order_of_rows(
    told: Any, bar: int | None, limit: int | None, *, up: bool, rng: Any
) -> None:
    rows = rows_of(told)
    asked: dict[str, Any] = {"min_quality": None if bar is None else bar / 20, "max_latency": limit}
    found = pick(rows, higher_is_better=up, **asked)
    assert found.model == oracle.cheapest(rows, up=up, bar=asked["min_quality"], limit=limit)
    rng.shuffle(rows)
    assert pick(rows, higher_is_better=up, **asked) == found
    assert sorted([*found.met, *found.passed_over]) == sorted(row.model for row in rows)


@QUICK
@given(ROWS, st.integers(0, 20), st.integers(0, 20))
def test_a_lower_bar_never_costs_more_energy(told: Any, one: int, other: int) -> None:
    rows = rows_of(told)
    low, high = sorted((one, other))
    energy = {row.model: row.wh for row in rows}
    strict = pick(rows, higher_is_better=True, min_quality=high / 20).model
    loose = pick(rows, higher_is_better=True, min_quality=low / 20).model
    if strict is not None:
        assert loose is not None
        assert energy[loose] <= energy[strict]


def test_rows_and_pick_survive_a_trip_through_json() -> None:
    rows = [Choice(**one) for one in json.loads(json.dumps([asdict(row) for row in BOARD]))]
    assert tuple(rows) == BOARD
    told = pick(rows, higher_is_better=True, within=0.02).as_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert set(told) == {"model", "alike", "order_only", "best", "bar", "met", "passed_over"}
