"""A switch from A to B: how much less energy, and whether the quality is not worse (METHOD sections 5.8, 7). Pure.

The paired difference, query by query, of n queries that both models were graded on: with the weights w of a query (1,
or the words of a reference) and m the weighted mean of the scores s of a model,

    D = m_B - m_A      psi_i = w_Bi (s_Bi - m_B) / mean(w_B) - w_Ai (s_Ai - m_A) / mean(w_A)
    interval = D +- t_{0.975, n-1} sd(psi) / sqrt(n)

Where all scores are right or wrong (1 or 0, weighed alike) sd(psi) may be 0 by luck; there the interval is that of
Agresti and Min (2005), who add half a query to each of the four outcomes. "Not worse" is D's worse end above minus the
margin of the task's metric. Fewer than 100 queries say too little for either.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING, Literal

from wattboard import intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattboard.advice import Choice

    Score = tuple[float, float]  # a query's score and weight

LEAST_QUERIES = 100
NORMAL = 1.96

Why = Literal[
    "no-interval",
    "not-told-apart",
    "more-energy",
    "no-scores",
    "scores-elsewhere",
    "other-workload",
    "few-queries",
    "quality-open",
    "quality-worse",
]
# Why a switch is not recommended. The first part of a reason is its name in JSON.
WHY: dict[Why, str] = {
    "no-interval": "an energy is a single value without an interval",
    "not-told-apart": "the two energies cannot be told apart: the interval of their ratio holds 1",
    "more-energy": "it uses more energy, not less",
    "no-scores": "a result has no scores of single queries, so that the qualities cannot be paired",
    "scores-elsewhere": "the scores of single queries do not lie beside the runs",
    "other-workload": "the two were graded on different rows",
    "few-queries": f"fewer than {LEAST_QUERIES} queries were graded for both, which says too little",
    "quality-open": "the quality may be worse by more than the margin",
    "quality-worse": "the quality is worse by more than the margin",
}


@dataclass(frozen=True, slots=True)
class Paired:
    """B's quality less A's over n queries, positive where B is better, with its 95 % interval; in the metric's unit.

    is_mean: whether the qualities are the means of these scores; of a mAP, say, a picture's score is only a stand-in.
    """

    n: int
    difference: float
    low: float
    high: float
    is_mean: bool = True


@dataclass(frozen=True, slots=True)
class Switch:
    """What is known of a switch from `a` to `b`. Shares: 0.63 is 63 % less energy, with its 95 % interval.

    claimed: whether METHOD section 7 lets us say so; if not, `reasons` are names of WHY. margin: in the metric's unit.
    """

    a: str
    b: str
    less: float | None
    less_low: float | None
    less_high: float | None
    paired: Paired | None
    margin: float | None
    not_worse: bool | None
    claimed: bool
    reasons: tuple[Why, ...]


def switch(
    a: Choice,
    b: Choice,
    paired: Paired | Why,
    *,
    margin: float | None,
    higher_is_better: bool | None,
    apart: float = 0.0,
) -> Switch:
    """Judge a switch from a to b. `paired` is the comparison query by query, or why there is none.

    apart: as in `intervals.ratio`.
    """
    reasons: list[Why] = []
    told = intervals.ratio(a, b, apart)
    if told is None:
        reasons.append("no-interval")
    elif told.low <= 1 <= told.high:
        reasons.append("not-told-apart")
    elif told.low > 1:
        reasons.append("more-energy")
    known = None if isinstance(paired, str) else paired
    fine = None
    if isinstance(paired, str):
        reasons.append(paired)
    elif margin is None:
        reasons.append("no-scores")
    elif paired.n < LEAST_QUERIES:
        reasons.append("few-queries")
    else:
        fine = paired.low > -margin and (paired.is_mean or _near(a, b, margin, higher_is_better=higher_is_better))
        if not fine:
            reasons.append("quality-worse" if paired.high < -margin else "quality-open")
    return Switch(
        a=a.model,
        b=b.model,
        less=None if told is None else 1 - told.value,
        less_low=None if told is None else 1 - told.high,
        less_high=None if told is None else 1 - told.low,
        paired=known,
        margin=margin,
        not_worse=fine,
        claimed=not reasons,
        reasons=tuple(reasons),
    )


def _near(a: Choice, b: Choice, margin: float, *, higher_is_better: bool | None) -> bool:
    """Whether b's own quality is not below a's by the margin: asked where the paired scores are only a stand-in."""
    if a.quality is None or b.quality is None or higher_is_better is None:
        return False
    return (b.quality - a.quality) * (1 if higher_is_better else -1) > -margin


def pair(
    a: Mapping[int, Score], b: Mapping[int, Score], *, higher_is_better: bool, is_mean: bool = True
) -> Paired | Why:
    """Pair the scores of two models by query. A query that either was not graded on does not count."""
    both = sorted(set(a) & set(b))
    if len(both) < 2 or not all(fsum(one[i][1] for i in both) > 0 for one in (a, b)):  # noqa: PLR2004 - no spread
        return "few-queries"
    sign = 1 if higher_is_better else -1
    n = len(both)
    first, second = [a[i] for i in both], [b[i] for i in both]
    gap = sign * (_mean(second) - _mean(first))
    if all(score in {0.0, 1.0} and weight == 1 for score, weight in (*first, *second)):
        gained = sum(sign * (y - x) > 0 for (x, _), (y, _) in zip(first, second, strict=True))
        lost = sum(sign * (y - x) < 0 for (x, _), (y, _) in zip(first, second, strict=True))
        middle, half = _counted(gained, lost, n)
    else:
        from scipy.stats import t

        psi = [y - x for x, y in zip(_influence(first), _influence(second), strict=True)]
        middle, half = gap, float(t.ppf(0.975, n - 1)) * sqrt(fsum(one**2 for one in psi) / (n - 1) / n)
    return Paired(n, gap, min(middle - half, gap), max(middle + half, gap), is_mean)


def _counted(gained: int, lost: int, n: int) -> tuple[float, float]:
    """Agresti and Min's interval of a difference of paired proportions: its middle and half its width."""
    more, less, size = gained + 0.5, lost + 0.5, n + 2
    middle = (more - less) / size
    return middle, NORMAL * sqrt(more + less - (more - less) ** 2 / size) / size


def _mean(scores: Sequence[Score]) -> float:
    return fsum(score * weight for score, weight in scores) / fsum(weight for _, weight in scores)


def _influence(scores: Sequence[Score]) -> list[float]:
    """How much each query moves the weighted mean, times n; they sum to 0."""
    mean, weight = _mean(scores), fsum(weight for _, weight in scores) / len(scores)
    return [w * (score - mean) / weight for score, w in scores]
