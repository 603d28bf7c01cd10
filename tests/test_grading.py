"""Intervals of quality: what a handful of queries can say, and what they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from wattbench import grading
from wattbench.tasks import Metric

ACCURACY = Metric("accuracy", "%", higher_is_better=True, floor=0.1, margin=0.02)
ERRORS = Metric("WER", "%", higher_is_better=False, floor=0.5, margin=0.01)


@pytest.mark.parametrize(("right", "n"), [(0, 5), (3, 7), (50, 100), (999, 1000), (7, 7)])
def test_a_proportion_has_wilsons_interval(right: int, n: int) -> None:
    found = grading.proportion(ACCURACY, right, n)
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == (pytest.approx(expected.low, abs=1e-6), pytest.approx(expected.high, abs=1e-6))
    assert found.value == pytest.approx(right / n, abs=1e-6)


def test_a_weighted_mean_is_the_ratio_of_sums_and_its_interval_holds_it() -> None:
    found = grading.bootstrapped(ERRORS, [0.5, 0.0, None, 0.1], [2.0, 10.0, 99.0, 10.0])
    assert found.value == pytest.approx(2 / 22, abs=1e-6)
    assert found.low <= found.value <= found.high
    assert found.n == 3
    assert not found.higher_is_better


def test_resampling_covers_the_truth_as_often_as_it_says() -> None:
    draw, held, trials = np.random.default_rng(7), 0, 120
    for _ in range(trials):
        found = grading.bootstrapped(ACCURACY, list(draw.beta(2, 5, 200)))
        held += found.low <= 2 / 7 <= found.high
    assert 0.88 <= held / trials <= 1.0


def test_queries_that_all_score_alike_are_not_certainty() -> None:
    found = grading.bootstrapped(ERRORS, [0.0] * 5, [7.0] * 5)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high > 0.3


def test_the_same_scores_give_the_same_interval() -> None:
    scores: list[float | None] = [0.1, 0.9, 0.4, 0.4]
    assert grading.bootstrapped(ACCURACY, scores) == grading.bootstrapped(ACCURACY, scores)


def test_nothing_graded_is_no_quality() -> None:
    with pytest.raises(ValueError, match="no row has a reference"):
        grading.bootstrapped(ACCURACY, [None, None])
    with pytest.raises(ValueError, match="all alike"):
        grading.resampled(ACCURACY, lambda _chosen: float("nan"), 4)
