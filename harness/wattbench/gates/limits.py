"""The limits of every gate, as one table a protocol: METHOD's own, and the demo's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattbench.runs import Verdict


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number that passes from `good` on, is flagged from `fair` on, and fails below."""

    good: float
    fair: float
    unit: str = ""

    def verdict(self, value: float) -> Verdict:
        """Judge a value."""
        return "pass" if value >= self.good else "flag" if value >= self.fair else "fail"

    def __str__(self) -> str:
        """Give the limit of a pass, as people read it."""
        return f">= {self.good:g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number that passes up to `good`, is flagged up to `fair`, and fails beyond."""

    good: float
    fair: float
    unit: str = ""

    def verdict(self, value: float) -> Verdict:
        """Judge a value."""
        return "pass" if value <= self.good else "flag" if value <= self.fair else "fail"

    def __str__(self) -> str:
        """Give the limit of a pass, as people read it."""
        return f"<= {self.good:g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Limits:
    """A protocol's limits, by gate. What is text here allows no degree: the gate passes or it does not."""

    protocol: str
    of: Mapping[str, AtLeast | AtMost | str]


# METHOD's table. Its order is the order in which gates are listed.
OFFICIAL = Limits(
    "official",
    {
        "window": AtLeast(60, 30, "s"),
        "passes": AtLeast(5, 3),
        "warm-up": "a steady state within the cap",
        "reading": "a valid reading",
        "energy spread": AtMost(2, 5, "%"),
        "counter and power": AtMost(2, 10, "%"),
        "mean power": AtMost(105, 110, "% of the power limit"),
        "above idle": "not below the bare idle power",
        "reference drift": AtMost(2, 2, "%"),
        "hardware throttling": "none",
        "software thermal": AtMost(0, 1, "% of the time"),
        "other processes": "none",
        "settings": "default and unchanged",
        "network": "none, by the kernel",
        "missing samples": AtMost(1, 5, "%"),
        "workload": "every source pinned",
        "batches": "as the scenario has them",
        "queries": "100 %",
        "inputs": AtMost(5, 100, "% cut to the model's context"),
        "answers": "not all alike, no echo of the input",
        "reasoning": "as the board says",
        "output length": AtMost(5, 5, "% stopped by the cap"),
        "outputs": "the same in every pass",
        "private rows": AtMost(5, 5, "% from the public ones"),
        "quality": "graded",
        "weights": "real, hashes verified",
        "placement": "the model is on what is metered",
        "device": "real",
    },
)
# What `wattbench demo` asks: minutes instead of hours on whatever machine there is, and never a rating.
QUICK = Limits(
    "quick",
    {
        **OFFICIAL.of,
        "window": AtLeast(2, 0.5, "s"),
        "passes": AtLeast(3, 3),
        "energy spread": AtMost(10, 25, "%"),
        "reference drift": AtMost(20, 50, "%"),
        "network": "none, by the kernel or by settings",
    },
)
