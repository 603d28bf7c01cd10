"""Intervals of quality: Wilson for proportions, resampled queries for everything else. Shared by all tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.runs import Quality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from wattbench.tasks import Metric

RESAMPLES = 1000
SEED = 20260101


def proportion(metric: Metric, right: float, n: int) -> Quality:
    """Give a proportion with Wilson's 95 % interval. Raises ValueError where nothing was graded."""
    from math import sqrt

    if n < 1:
        raise ValueError("no row has a reference: nothing can be graded")
    share, z = right / n, 1.959963984540054
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return quality(metric, share, max(0.0, middle - half), min(1.0, middle + half), n)


def bootstrapped(metric: Metric, scores: Sequence[float | None], weights: Sequence[float] | None = None) -> Quality:
    """Give the weighted mean of scores with a 95 % percentile interval over resampled queries.

    A None is a query that is not graded. Raises ValueError where nothing was graded.
    """
    import numpy as np

    graded = [(one, weights[i] if weights else 1.0) for i, one in enumerate(scores) if one is not None]
    if not graded:
        raise ValueError("no row has a reference: nothing can be graded")
    values, shares = (np.array(column, dtype=float) for column in zip(*graded, strict=True))

    if values.min() == values.max() and 0 <= values[0] <= 1:
        return proportion(metric, float(values.sum()), len(values))  # nothing varies: resampling would claim certainty

    def mean(chosen: np.ndarray) -> float:
        return float(values[chosen] @ shares[chosen] / shares[chosen].sum())

    return resampled(metric, mean, len(values))


def resampled(metric: Metric, value_of: Callable[[np.ndarray], float], n: int, graded: int | None = None) -> Quality:
    """Give `value_of` all n queries with a 95 % percentile interval over 1,000 seeded draws with replacement.

    `value_of` is given row numbers (int array); `graded` is what to call n, where that is no number of queries. Draws
    without a finite value are left out. Raises ValueError where all the queries have none.
    """
    import numpy as np

    value = value_of(np.arange(n))
    if not np.isfinite(value):
        raise ValueError("the outputs are all alike: they cannot be graded")
    draw = np.random.default_rng(SEED)
    spread = [value_of(draw.integers(0, n, n)) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    return quality(metric, value, float(low), float(high), graded or n)


def quality(metric: Metric, value: float, low: float, high: float, n: int) -> Quality:
    """Give a Quality with its figures rounded to 6 decimals."""
    return Quality(
        metric=metric.name,
        value=round(value, 6),
        low=round(min(low, value), 6),
        high=round(max(high, value), 6),
        n=n,
        higher_is_better=metric.higher_is_better,
    )
