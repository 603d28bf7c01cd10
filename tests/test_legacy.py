"""The incumbent's rule, as it is: its published stars come out, and so do its weaknesses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
import published
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattboard.imports import aienergyscore
from wattboard.ratings import legacy

if TYPE_CHECKING:
    from collections.abc import Sequence

energies = st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=2, max_size=20).filter(
    lambda values: max(values) > min(values)
)


def stars(values: Sequence[float | None], groups: Sequence[str] | None = None) -> list[int | None]:
    rows = pl.DataFrame(
        {"e": values, "group": groups or ["a"] * len(values)}, schema={"e": pl.Float64, "group": pl.String}
    )
    return rows.select(stars=legacy.stars("e", over=["group"]))["stars"].to_list()


def oracle(values: Sequence[float]) -> list[int]:
    """METHOD's formula, in plain Python."""
    low, high = min(values), max(values)
    return [5 - min(max(math.ceil(5 * (e - low) / (high - low)) - 1, 0), 4) for e in values]


@published.needs_tables
def test_all_166_published_stars_of_february_2025_come_out() -> None:
    imported = aienergyscore.read(published.SCORE)
    rows = [row for board in imported.boards.values() for row in board.rows]
    assert len(rows) == 166
    assert [row.legacy_stars for row in rows] == [row.published_stars for row in rows]


@given(energies)
def test_the_rule_is_the_formula(values: list[float]) -> None:
    assert stars(values) == oracle(values)


@given(energies)
def test_the_lowest_has_five_stars_the_highest_one_and_none_in_between_is_out_of_order(values: list[float]) -> None:
    found = [star for _, star in sorted(zip(values, stars(values), strict=True))]
    assert (found[0], found[-1]) == (5, 1)
    assert found == sorted(found, key=lambda star: -(star or 0))


@given(energies, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_irrelevant(values: list[float], shuffle: object) -> None:
    places = list(range(len(values)))
    shuffle.shuffle(places)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    found = stars(values)
    assert stars([values[place] for place in places]) == [found[place] for place in places]


@given(energies, st.integers(min_value=-20, max_value=20))
def test_the_unit_is_irrelevant(values: list[float], power: int) -> None:
    assert stars([value * 2.0**power for value in values]) == stars(values)


@given(energies, energies)
def test_classes_do_not_see_each_other(some: list[float], others: list[float]) -> None:
    together = stars([*some, *others], ["a"] * len(some) + ["b"] * len(others))
    assert together == stars(some) + stars(others)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 0.0, -1.0, None])
def test_what_is_no_energy_has_no_star_and_moves_none(wrong: float | None) -> None:
    assert stars([1.0, 2.0, 3.0, wrong]) == [*stars([1.0, 2.0, 3.0]), None]


def test_a_board_of_equals_has_no_stars_since_the_rule_divides_by_nothing() -> None:
    assert stars([2.0, 2.0, 2.0]) == [None, None, None]
    assert stars([2.0]) == [None]


def test_one_heavy_model_gives_all_others_five_stars_and_its_leaving_takes_them() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert stars([*values, 1000.0]) == [5, 5, 5, 5, 5, 1]
    assert stars(values) == [5, 4, 3, 2, 1]
