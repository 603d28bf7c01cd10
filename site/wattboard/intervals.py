"""Two estimates with their 95 % intervals: their ratio or difference with its own. Pure.

Both intervals enter in quadrature: from a and b to each other it is sqrt(d_a^2 + d_b^2), d being how far each reaches
towards the other. For energies, in logarithms, that is h^2 = h_a^2 + h_b^2. What two results of one host share has
gone from both with the session factor; what METHOD section 5.2 leaves in h, `u_cal` and `u_sess`, is each model's own.
Nothing is taken off for models of one session, whose reference runs are the same: the interval is rather too wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, log
from typing import Protocol


class Row(Protocol):
    """A model's energy in Wh per 1,000 queries and its quality, with their intervals where they are known."""

    @property
    def model(self) -> str:
        """Its name."""

    @property
    def wh(self) -> float | None:
        """Its energy."""

    @property
    def wh_low(self) -> float | None:
        """The lower end of its interval."""

    @property
    def wh_high(self) -> float | None:
        """The upper end."""

    @property
    def quality(self) -> float | None:
        """Its quality."""

    @property
    def quality_low(self) -> float | None:
        """The lower end of its interval."""

    @property
    def quality_high(self) -> float | None:
        """The upper end."""


@dataclass(frozen=True, slots=True)
class End:
    """An estimate on an axis where less is better, and the two ends of its interval."""

    value: float
    better: float
    worse: float


@dataclass(frozen=True, slots=True)
class Span:
    """A ratio or a difference with its 95 % interval."""

    value: float
    low: float
    high: float


def energy(row: Row) -> End | None:
    """Give the logarithm of a row's energy; None without an interval."""
    if row.wh is None or row.wh_low is None or row.wh_high is None:
        return None
    return End(log(row.wh), log(row.wh_low), log(row.wh_high))


def quality(row: Row, *, higher_is_better: bool) -> End | None:
    """Give a row's quality, turned so that less is better; None without an interval."""
    if row.quality is None or row.quality_low is None or row.quality_high is None:
        return None
    if higher_is_better:
        return End(-row.quality, -row.quality_high, -row.quality_low)
    return End(row.quality, row.quality_low, row.quality_high)


def beats(b: End, a: End) -> bool:
    """Tell whether b is better than a beyond doubt: the interval of their difference lies on one side of 0."""
    return a.value - b.value > hypot(b.worse - b.value, a.value - a.better)


def not_worse(b: End, a: End) -> bool:
    """Tell whether neither b's estimate nor the worse end of its interval is worse than a's."""
    return b.value <= a.value and b.worse <= a.worse


def difference(a: End, b: End) -> Span:
    """Give `b - a`, positive where b is worse."""
    gap = b.value - a.value
    low = gap - hypot(b.value - b.better, a.worse - a.value)
    return Span(gap, low, gap + hypot(b.worse - b.value, a.value - a.better))


def ratio(a: Row, b: Row, apart: float = 0.0) -> Span | None:
    """Give the energy of b over that of a; None where either has no interval.

    apart: half the 95 % interval, in ln, of what may lie between the two besides.
    """
    first, second = energy(a), energy(b)
    if first is None or second is None:
        return None
    told = difference(first, second)
    down, up = hypot(told.value - told.low, apart), hypot(told.high - told.value, apart)
    return Span(exp(told.value), exp(told.value - down), exp(told.value + up))


def alike(a: Row, b: Row) -> bool:
    """Tell whether two energies cannot be told apart: the interval of their ratio holds 1. False without intervals."""
    told = ratio(a, b)
    return told is not None and told.low <= 1 <= told.high
