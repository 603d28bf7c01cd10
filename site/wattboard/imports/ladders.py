"""Readings of one configuration at several batches -> a ladder; and which of its rungs lie off the curve. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, groupby, pairwise
from math import exp, fsum, log
from statistics import fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Two readings of one configuration are up to a factor of 1.19 apart in ML.ENERGY's table: less is no outlier.
FAR = 1.2
LEAST_RUNGS = 5  # three are fitted by any curve
EXPONENTS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
NORMAL_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of the table. Joules are those of one query: a request, an image, a video. `tokens` are of its answer."""

    row: int
    task: str
    gpu: str
    model: str
    precision: str
    gpus: int
    layout: str
    batch: int
    query: str
    joules: float
    joules_per_token: float | None
    tokens: float | None


@dataclass(frozen=True, slots=True)
class Rung:
    """All readings of one configuration at one batch: one, or several that disagree."""

    batch: int
    readings: tuple[Reading, ...]

    @property
    def joules(self) -> float:
        """The energy of a query, in J: the geometric mean."""
        return exp(fmean(log(one.joules) for one in self.readings))

    @property
    def work(self) -> float:
        """The energy that the curve is judged by, in J: of a token where there are tokens, else of a query."""
        return exp(fmean(log(one.joules_per_token or one.joules) for one in self.readings))

    @property
    def rows(self) -> tuple[int, ...]:
        """The lines of the file."""
        return tuple(one.row for one in self.readings)


@dataclass(frozen=True, slots=True)
class Ladder:
    """One configuration of one model on one GPU model, its rungs from the smallest batch up."""

    task: str
    gpu: str
    model: str
    precision: str
    gpus: int
    layout: str
    query: str
    rungs: tuple[Rung, ...]

    @property
    def name(self) -> str:
        """How a finding names it."""
        return f"{self.task}, {self.model} on {self.gpus} x {self.gpu}"


@dataclass(frozen=True, slots=True)
class Off:
    """A rung off its curve, and what the curve gives there, in J."""

    ladder: Ladder
    rung: Rung
    expected: float


def ladders(readings: Iterable[Reading]) -> tuple[Ladder, ...]:
    """Sort readings into ladders, by task, GPU model, model and configuration. The order of the rows is irrelevant."""

    def place(one: Reading) -> tuple[str, str, str, str, int, str, str]:
        return one.task, one.gpu, one.model, one.precision, one.gpus, one.layout, one.query

    found = []
    for key, group in groupby(sorted(readings, key=lambda one: (place(one), one.batch, one.row)), key=place):
        rungs = tuple(Rung(batch, tuple(same)) for batch, same in groupby(group, key=lambda one: one.batch))
        found.append(Ladder(*key, rungs))
    return tuple(found)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Give the median of some values, and 1.4826 times their median absolute deviation from it.

    Half of the values may be odd before either is; where all are normal the second is a standard deviation.
    """
    middle = median(values)
    return middle, NORMAL_MAD * median(abs(value - middle) for value in values)


def off_curve(many: Iterable[Ladder]) -> list[Off]:
    """Find the rungs more than a factor of 1.2 off the curve of their ladder, either way; ladders of five and more."""
    found = []
    for ladder in many:
        curve = bend(ladder.rungs) if len(ladder.rungs) >= LEAST_RUNGS else ()
        found += [
            Off(ladder, rung, expected)
            for rung, expected in zip(ladder.rungs, curve, strict=False)
            if abs(log(rung.work / expected)) > log(FAR)
        ]
    return found


def bend(rungs: Sequence[Rung]) -> list[float]:
    """Fit `a + b * batch^-g` with a, b >= 0, and give what it says at every rung, in J.

    A batch has a cost of its own that its queries share (b), and every query one that nobody shares (a). Of all such
    curves through two rungs, for every g of EXPONENTS, the one is taken from which all rungs together are least far,
    in sums of absolute logarithms: some odd rungs leave it where it is, as they would not leave a fit by squares.
    An odd rung within a ladder is found; at an end of it one may pass for a bend.
    """
    energies = [rung.work for rung in rungs]
    flat = median(energies)
    curves = [[flat] * len(rungs)]
    for exponent in EXPONENTS:
        shares = [rung.batch**-exponent for rung in rungs]
        for (x1, e1), (x2, e2) in combinations(zip(shares, energies, strict=True), 2):
            b = (e1 - e2) / (x1 - x2)
            a = e1 - b * x1
            if a >= 0 and b >= 0:
                curves.append([a + b * x for x in shares])
    return min(curves, key=lambda curve: fsum(abs(log(e / c)) for e, c in zip(energies, curve, strict=True)))


def rising(many: Iterable[Ladder]) -> dict[str, tuple[int, int]]:
    """Count, by kind of query, the ladders of three rungs and more, and those on which energy rises with the batch."""
    found: dict[str, tuple[int, int]] = {}
    for ladder in many:
        if len(ladder.rungs) > 2:  # noqa: PLR2004 - two rungs are no curve
            long, up = found.get(ladder.query, (0, 0))
            rises = any(high.work > low.work for low, high in pairwise(ladder.rungs))
            found[ladder.query] = long + 1, up + rises
    return found


def lowest(many: Sequence[Ladder], left_out: Mapping[tuple[int, ...], str]) -> tuple[Ladder, Rung]:
    """Give the rung with the lowest energy of a query among some ladders, those left out apart if others are there."""
    every = [(ladder, rung) for ladder in many for rung in ladder.rungs]
    rungs = [(ladder, rung) for ladder, rung in every if rung.rows not in left_out] or every
    return min(rungs, key=lambda one: (one[1].joules, one[1].batch, one[0].gpus, one[0].layout))
