"""The study of star rules: its rules, what befalls them, and that its page is what the script yields."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import polars as pl
import published
import pytest

from wattboard.ratings import legacy

sys.path.insert(0, str(Path(__file__).parent / "perf"))

import perf_stars
import star_rules as rules
import stars_report as report

ENERGIES = {"a": [1.0, 1.3, 2.0, 2.2, 3.1, 4.0, 5.5, 9.0, 30.0], "b": [10.0, 11.0, 12.0, 14.0, 19.0, 21.0, 26.0, 60.0]}


@pytest.fixture
def rows() -> pl.DataFrame:
    """Two boards of made-up models."""
    told = [(board, f"m{i}", wh) for board, energies in ENERGIES.items() for i, wh in enumerate(energies)]
    return pl.DataFrame(told, schema=perf_stars.SCHEMA, orient="row")


def starred(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    return rules.stars(rows, rules.RULES[rule](rows, ["board"]), ["board"])


@published.needs_tables
def test_the_page_is_what_the_script_yields_now() -> None:
    page = perf_stars.PAGE.read_text(encoding="utf-8")
    assert perf_stars.between(page) == report.text(perf_stars.studies()), "run tests/perf/perf_stars.py --write"


def test_the_page_names_whose_data_it_shows_and_holds_no_row_of_it() -> None:
    page = perf_stars.PAGE.read_text(encoding="utf-8")
    assert "AI Energy Score leaderboard (Hugging Face, Salesforce and others)" in page
    assert "ML.ENERGY Leaderboard v3" in page
    assert "distil-whisper" not in page
    assert page.count('<svg role="img" aria-label="') == 2


def test_thresholds_of_equal_width_are_the_incumbents_rule(rows: pl.DataFrame) -> None:
    by_rule = rows.select(stars=legacy.stars("wh", over=["board"]))["stars"].to_list()
    assert starred(rows, "equal width")["stars"].to_list() == by_rule


def test_thresholds_of_min_max_log_are_the_incumbents_rule_on_logarithms(rows: pl.DataFrame) -> None:
    by_rule = rows.select(stars=legacy.equal_width(pl.col("wh").log(), over=["board"]))["stars"].to_list()
    assert starred(rows, "min-max log")["stars"].to_list() == by_rule


def test_quintiles_give_each_number_of_stars_to_about_a_fifth(rows: pl.DataFrame) -> None:
    counts = starred(rows, "quintiles").group_by("board", "stars").len()
    assert counts["len"].is_between(1, 2).all()
    assert len(counts) == 10


@pytest.mark.parametrize("rule", list(rules.RULES))
def test_what_is_frozen_moves_with_noise_alone(rule: str, rows: pl.DataFrame) -> None:
    frozen = perf_stars.outcome(rule, rows, frozen=True)
    assert (frozen.worst, frozen.stuffing, frozen.raised) == (0.0, 0.0, 0.0)
    assert frozen.noise > 0.0
    assert math.fsum(frozen.shares) == pytest.approx(100.0)


def test_recomputed_equal_width_moves_when_the_worst_leaves(rows: pl.DataFrame) -> None:
    assert perf_stars.outcome("equal width", rows, frozen=False).worst > 0.0


def test_noise_is_seeded_and_of_the_size_that_it_says(rows: pl.DataFrame) -> None:
    noisy = rules.noisy(rows, 200)
    assert noisy.equals(rules.noisy(rows, 200))
    deviations = noisy.join(rows, on=["board", "model"]).select((pl.col("wh") / pl.col("wh_right")).log())["wh"]
    assert float(deviations.std() or 0) == pytest.approx(rules.NOISE, rel=0.05)  # type: ignore[arg-type]


def test_a_quarter_is_added_and_the_worst_is_dropped(rows: pl.DataFrame) -> None:
    assert rules.stuffed(rows).group_by("board").len().sort("board")["len"].to_list() == [12, 10]
    assert rules.without_worst(rows).group_by("board").len().sort("board")["len"].to_list() == [8, 7]
    assert rules.without_each(rows).group_by("board", "draw").len().sort("board")["len"].to_list() == [8] * 9 + [7] * 8


def test_a_share_counts_the_moved_among_those_that_were_there(rows: pl.DataFrame) -> None:
    before = starred(rows, "ours")
    after = before.with_columns(stars=pl.when(pl.col("model") == "m0").then(1).otherwise("stars"))
    assert rules.moved(before, after) == pytest.approx(100 * 2 / 17)
    assert rules.raised(before, after) == 0.0


def test_a_star_is_sure_where_two_per_cent_either_way_change_nothing() -> None:
    rows = pl.DataFrame(
        [("a", name, wh) for name, wh in (("far", 1.5), ("near", 2.01), ("at", 1.981))],
        schema=perf_stars.SCHEMA,
        orient="row",
    )
    found = pl.DataFrame({"board": ["a"], "t1": [1.0], "t2": [2.0], "t3": [4.0], "t4": [8.0]})
    assert rules.confirmed(rows, found) == pytest.approx(100 / 3)
