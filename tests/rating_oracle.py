"""METHOD section 5 in plain Python, written from the page and not from the code: only math and statistics."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan, ceil, comb, cos, exp, fsum, isfinite, log, pi, sin, sqrt
from statistics import fmean, quantiles, variance
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def six(value: float) -> float:
    return float(f"{value:.6g}")


def student(df: int) -> float:
    """t with 97.5 % below it, from the finite series for whole degrees of freedom, by bisection."""

    def inside(t: float) -> float:
        angle = atan(t / sqrt(df))
        terms, term = [], 1.0
        if df % 2:
            for k in range(1, df - 1, 2):
                term = cos(angle) if k == 1 else term * cos(angle) ** 2 * (k - 1) / k
                terms.append(term)
            return 2 / pi * (angle + sin(angle) * fsum(terms))
        for k in range(0, df - 1, 2):
            term = 1.0 if k == 0 else term * cos(angle) ** 2 * (k - 1) / k
            terms.append(term)
        return sin(angle) * fsum(terms)

    low, high = 1.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < 0.95 else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Session:
    """A session's passes of a model, and of the reference before and after, all in Wh per 1,000 queries."""

    passes: Sequence[float]
    before: Sequence[float]
    after: Sequence[float]

    def reference(self) -> float:
        """ln R_s"""
        return (fmean(map(log, self.before)) + fmean(map(log, self.after))) / 2


@dataclass(frozen=True)
class Estimate:
    y: float
    h: float

    @property
    def energies(self) -> tuple[float, float, float]:
        return six(exp(self.y)), six(exp(self.y - self.h)), six(exp(self.y + self.h))


def estimate(
    sessions: Sequence[Session], r_board: float, u_cal: float = 0.005, u_sess: float = 0.005, z: float = 1.96
) -> Estimate:
    """Items 1 and 2."""
    ys = [[log(e) + log(r_board) - one.reference() for e in one.passes] for one in sessions]
    means = [fsum(values) / len(values) for values in ys]
    count, n = len(ys), sum(map(len, ys))
    within = fsum(fsum((y - mean) ** 2 for y in values) for values, mean in zip(ys, means, strict=True)) / (n - count)
    shares = fsum(1 / len(values) for values in ys)
    h2 = student(n - count) ** 2 * within * shares / count**2 + z**2 * (u_cal**2 + u_sess**2 / count)
    return Estimate(fsum(means) / count, sqrt(h2))


def star(energy: float, limits: Sequence[float]) -> int | None:
    """Item 5."""
    if not isfinite(energy) or energy <= 0:
        return None
    return 5 - sum(energy > limit for limit in limits)


def thresholds(ys: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """Item 4: r and T. statistics' inclusive quantiles are type 7."""
    q20, _, _, q80 = quantiles(ys, n=5, method="inclusive")
    w = max((q80 - q20) / 3, log(1.25))
    r = ceil(float(f"{100 * exp(w):.11g}")) / 100
    return r, tuple(exp((q20 + q80) / 2 + (k - 2.5) * log(r)) for k in (1, 2, 3, 4))


def recommended(qualities: Sequence[float], *, higher: bool) -> float:
    """Item 8: the strictest of the cohort's own qualities that three quarters of it meet."""

    def met(level: float) -> int:
        return sum(one >= level if higher else one <= level for one in qualities)

    fit = [level for level in qualities if 4 * met(level) >= 3 * len(qualities)]
    return max(fit) if higher else min(fit)


@dataclass(frozen=True)
class Candidate:
    """What the rule of item 3 looks at."""

    model: str
    y: float
    weights: str
    base: str | None = None
    first: str = "2026-06-01T10:00:00Z"
    quality: float = 0.7
    sound: bool = True


def cohort(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """Item 3: one candidate a lineage, by the mechanical rule."""
    bases = {one.model: one.base for one in candidates}

    def lineage(model: str) -> str:
        walked: list[str] = []
        here: str | None = model
        while here is not None and here not in walked:
            walked.append(here)
            here = bases.get(here)
        return walked[-1] if here is None else min(walked[walked.index(here) :])

    chosen: dict[str, Candidate] = {}
    seen: set[str] = set()
    for one in sorted((c for c in candidates if c.sound), key=lambda c: (c.first, c.model)):
        if one.weights in seen:
            continue
        seen.add(one.weights)
        if lineage(one.model) not in chosen:
            chosen[lineage(one.model)] = one
    return chosen


def session_term(sides: Sequence[tuple[float, float]]) -> float:
    """u_sess from ln of the reference before and after each session: three quarters of the variance of the drift."""
    return sqrt(3 * variance([after - before for before, after in sides]) / 4)


def lower_bound(successes: int, trials: int) -> float:
    """99 % lower Clopper-Pearson bound: the share at which so many successes or more have 1 % of chance."""
    if successes == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(100):
        p = (low + high) / 2
        tail = fsum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(successes, trials + 1))
        low, high = (p, high) if tail < 0.01 else (low, p)
    return (low + high) / 2
