"""Audit: do two runs of one model on one board agree? METHOD section 6.

With x the natural logarithms of a run's joules per query, pass by pass, the ratio of B to A is exp(d), and

    d = mean(x_B) - mean(x_A)            v = s_B^2 / n_B + s_A^2 / n_A
    interval = exp(d +- t_{0.975, f} sqrt(v))      f = v^2 / sum((s^2 / n)^2 / (n - 1))      (Welch)

Where the reference model's runs before and after are known for both sessions, each session's mean of them is taken
off its own run, so that what the two cards and days do to every model cancels; with R the mean of a reference run,

    d = mean(x_B) - (R_B,before + R_B,after) / 2 - mean(x_A) + (R_A,before + R_A,after) / 2

and its terms enter v and f in the same way, each with the square of its factor. The verdict looks at |d| alone: at
most 2 % on the same card, 3 % on another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING, Any, Literal

from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from wattbench.runs import Run

    Named = tuple[Path, Run]

SAME_CARD = 0.02  # of |ln ratio|
OTHER_CARD = 0.03
DIGITS = 9  # of a logarithm: 1.02 is 2 % although its logarithm's last bit may lie beyond
MEASURE_AGAIN = "Name two runs of one model on one board, each sound"


@dataclass(frozen=True, slots=True)
class Audit:
    """How B compares with A: `ratio` of their joules per query with its 95 % interval, and what follows."""

    ratio: float
    low: float
    high: float
    same_card: bool
    corrected: bool

    @property
    def limit(self) -> float:
        """How large |ln ratio| may be."""
        return SAME_CARD if self.same_card else OTHER_CARD

    @property
    def log_ratio(self) -> float:
        """The natural logarithm of the ratio."""
        return round(math.log(self.ratio), DIGITS)

    @property
    def verdict(self) -> Literal["reproduced", "differs"]:
        """Whether B reproduces A."""
        return "reproduced" if abs(self.log_ratio) <= self.limit else "differs"


def compare(a: Named, b: Named, brackets: tuple[Sequence[Run], Sequence[Run]] = ((), ())) -> Audit:
    """Compare two runs; `brackets` are the reference runs of their sessions, used where both are whole.

    Raises Refusal with every reason why the two cannot be compared.
    """
    problems = list(_incomparable(a, b))
    if problems:
        raise Refusal(problems)
    terms = [(1.0, _logarithms(b[1])), (-1.0, _logarithms(a[1]))]
    corrected = all(one.role == "candidate" and _whole(of) for (_, one), of in zip((a, b), brackets, strict=True))
    corrected = corrected and len({str(one.model.weights_sha256) for one in (*brackets[0], *brackets[1])}) == 1
    if corrected:
        terms += [(0.5, _logarithms(one)) for one in brackets[0]] + [(-0.5, _logarithms(one)) for one in brackets[1]]
    difference, half = _contrast(terms)
    return Audit(
        ratio=math.exp(difference),
        low=math.exp(difference - half),
        high=math.exp(difference + half),
        same_card=same_card(a[1], b[1]),
        corrected=corrected,
    )


def same_card(a: Run, b: Run) -> bool:
    """Whether two runs were metered on one device: by its UUID, without one by all that the run files say of it.

    Two machines of one kind look alike without a UUID; then the tighter limit holds.
    """
    if a.device.uuid is not None or b.device.uuid is not None:
        return a.device.uuid == b.device.uuid
    host = ("cpu", "threads", "memory_bytes")
    return a.device == b.device and all(a.environment.get(name) == b.environment.get(name) for name in host)


def as_dict(audit: Audit, a: Path, b: Path) -> dict[str, Any]:
    """For programs: numbers with 6 significant digits."""

    def rounded(value: float) -> float:
        return float(f"{value:.6g}")

    return {
        "schema": 1,
        "a": str(a),
        "b": str(b),
        "ratio": rounded(audit.ratio),
        "ratio_low": rounded(audit.low),
        "ratio_high": rounded(audit.high),
        "log_ratio": rounded(audit.log_ratio),
        "limit": audit.limit,
        "same_card": audit.same_card,
        "corrected_by_reference": audit.corrected,
        "verdict": audit.verdict,
    }


def _incomparable(a: Named, b: Named) -> Iterator[Problem]:
    (_, first), (file, second) = a, b
    bound = {
        "board": (first.board, second.board),
        "model.id": (first.model.id, second.model.id),
        "model.revision": (first.model.revision, second.model.revision),
        "model.weights_sha256": (first.model.weights_sha256, second.model.weights_sha256),
        "workload.sha256": (first.workload.sha256, second.workload.sha256),
        "protocol.name": (first.protocol.get("name"), second.protocol.get("name")),
    }
    for field, (one, other) in bound.items():
        if one != other:
            told = f"is {other}, the first run's {one}" if isinstance(one, str) else "is not the first run's"
            yield Problem(str(file), field, told, MEASURE_AGAIN)
    if first == second:
        yield Problem(str(file), "", "is the first run again: it says nothing about it", MEASURE_AGAIN)
    for path, one in (a, b):
        for number, each in enumerate(one.passes, 1):
            if each.joules is None:
                yield Problem(str(path), f"passes.{number}.joules", f"is absent: {each.reason}", MEASURE_AGAIN)
        if len(one.passes) < 2:  # noqa: PLR2004 - one pass has no spread
            yield Problem(str(path), "passes", "are fewer than two: there is no interval", MEASURE_AGAIN)
        for gate in one.gates:
            if gate.verdict == "fail":
                what = f"the gate {gate.name!r} failed, so that the run neither confirms nor contradicts"
                yield Problem(str(path), "gates", what, MEASURE_AGAIN)


def _whole(bracket: Sequence[Run]) -> bool:
    """Whether a session's reference runs are one before and one after, both sound and with every reading."""
    roles = sorted(one.role for one in bracket)
    read = all(len(one.passes) > 1 and all(each.joules for each in one.passes) for one in bracket)
    return roles == ["reference-after", "reference-before"] and read and all(one.verdict != "fail" for one in bracket)


def _logarithms(run: Run) -> list[float]:
    return [math.log(each.joules / each.queries) for each in run.passes if each.joules]


def _contrast(terms: Sequence[tuple[float, Sequence[float]]]) -> tuple[float, float]:
    """Sum means with factors; half the 95 % interval after Welch and Satterthwaite. Both in ln."""
    from scipy import stats

    difference = math.fsum(factor * fmean(values) for factor, values in terms)
    parts = [(factor**2 * variance(values) / len(values), len(values) - 1) for factor, values in terms]
    total = math.fsum(part for part, _ in parts)
    if total == 0:
        return difference, 0.0
    freedom = total**2 / math.fsum(part**2 / degrees for part, degrees in parts)
    return difference, float(stats.t.ppf(0.975, freedom)) * math.sqrt(total)
