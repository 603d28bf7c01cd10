"""The figures of the harness beside its peers: ratios with intervals, a table, and what came of expectations."""

from __future__ import annotations

import math
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

NAMES = {"pipeline": "pipeline", "engine": "AI Energy Score's engine"}
BOUND = 1.02  # the harness over the bare call, in CPU seconds, for models of at least this many parameters
LARGE = 20_000_000
ENOUGH = 0.999  # of rows answered alike


class Turn(NamedTuple):
    """What one query cost in one turn, in s: CPU time, time passed, CPU time in the model's own call."""

    cpu: float
    wall: float
    inner: float


class Outcome(NamedTuple):
    """One task and model. turns: each contestant's turn, by its name. same: the share of rows answered as barely."""

    task: str
    model: str
    trained: bool
    parameters: int
    rows: int
    turns: tuple[Mapping[str, Turn], ...]
    same: Mapping[str, float]

    def mean(self, arm: str, figure: str = "cpu") -> float:
        """Give the mean of a contestant's figure over the turns, in s a query."""
        return fmean(getattr(one[arm], figure) for one in self.turns)

    def ratio(self, above: str, below: str) -> Ratio:
        """Give what one contestant cost over another: mean of the turns' ratios, 95 % interval (Student's t)."""
        from scipy.stats import t

        logs = [math.log(one[above].cpu / one[below].cpu) for one in self.turns]
        half = float(t.ppf(0.975, len(logs) - 1)) * stdev(logs) / math.sqrt(len(logs))
        return Ratio(*(math.exp(fmean(logs) + side) for side in (0, -half, half)))


def read(told: Mapping[str, Any]) -> Outcome:
    """Give an outcome back from what was kept of it as JSON."""
    turns = tuple({arm: Turn(**one) for arm, one in each.items()} for each in told["turns"])
    return Outcome(**{**told, "turns": turns})


class Ratio(NamedTuple):
    """A ratio with its 95 % interval."""

    value: float
    low: float
    high: float


def percent(one: Ratio) -> str:
    """Say how much more than the other, as people do, in per cent."""
    return f"{100 * (one.value - 1):+.1f} % ({100 * (one.low - 1):+.1f} to {100 * (one.high - 1):+.1f})"


def table(found: Sequence[Outcome]) -> str:
    """Lay out one row a task and model."""
    head = (
        "Task",
        "Model",
        "Parameters",
        "Bare call",
        "of it the model",
        "Harness over bare",
        *(f"{NAMES[arm]} over harness" for arm in NAMES),
    )
    rows = [
        (
            one.task,
            one.model + ("" if one.trained else " *"),
            f"{one.parameters / 1e6:.1f} M",
            f"{1000 * one.mean('bare'):,.1f} ms",
            f"{100 * one.mean('bare', 'inner') / one.mean('bare'):.1f} %",
            percent(one.ratio("harness", "bare")),
            *(percent(one.ratio(arm, "harness")) if arm in one.turns[0] else "-" for arm in NAMES),
        )
        for one in found
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def pooled(found: Sequence[Outcome]) -> Ratio:
    """Give what the harness costs over the bare call in all cases together, each counting once, with its interval."""
    from scipy.stats import t

    logs = [math.log(one.ratio("harness", "bare").value) for one in found]
    half = float(t.ppf(0.975, len(logs) - 1)) * stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.inf
    return Ratio(*(math.exp(fmean(logs) + side) for side in (0, -half, half)))


def verdicts(found: Sequence[Outcome]) -> list[str]:
    """Say of every expectation whether it is met, where not, and where this run cannot tell."""
    said = []
    large = [one for one in found if one.parameters >= LARGE]
    ratios = [(one, one.ratio("harness", "bare")) for one in large]
    claim = f"at most 2 % over the bare call for models of 20 million parameters and more ({len(large)} of them)"
    over = [f"{one.task} {percent(ratio)}" for one, ratio in ratios if ratio.low > BOUND]
    unsure = [f"{one.task} {percent(ratio)}" for one, ratio in ratios if ratio.low <= BOUND < ratio.high]
    said.append(f"NOT MET: {claim}: {'; '.join(over)}" if over else f"met: {claim}")
    if unsure:
        said.append(f"not shown by this run, whose interval reaches beyond 2 %: {'; '.join(unsure)}")
    if len(large) > 1:
        said.append(f"all of these together: {percent(pooled(large))} over the bare call")
    pairs = [(one, arm, one.ratio(arm, "harness")) for one in found for arm in NAMES if arm in one.turns[0]]
    slower = [f"{NAMES[arm]}, {one.task} {percent(ratio)}" for one, arm, ratio in pairs if ratio.high < 1]
    level = [(one, arm, ratio) for one, arm, ratio in pairs if ratio.low <= 1 <= ratio.high]
    claim = f"dearer than ours in the {len(pairs)} comparisons with peers that there are"
    if slower:
        said.append(f"NOT MET: {claim}; cheaper: {'; '.join(slower)}")
    elif not level:
        said.append(f"met: {claim}")
    if level:
        told = "; ".join(f"{NAMES[arm]}, {one.task} {percent(ratio)}" for one, arm, ratio in level)
        said.append(f"not told apart from a peer by this run: {told}")
    other = [
        f"{one.task} ({'ours' if arm == 'harness' else NAMES[arm]}: {100 * share:.0f} % of rows alike)"
        for one in found
        for arm, share in one.same.items()
        if share < ENOUGH
    ]
    said.append(f"answers differ from the bare call's: {'; '.join(other)}" if other else "all gave the same answers")
    return said


def text(found: Sequence[Outcome], machine: str, when: dt.datetime) -> str:
    """Give what stands between the page's marks."""
    told = f"Measured on {when.day} {when:%B %Y}, on one thread of {machine}, in fp32 and batches of one."
    star = "\\* Built from a config, with random weights: what it answers means nothing, what it costs does."
    counts = ", ".join(f"{one.task} ({one.model}) {one.rows}" for one in found)
    turns = sorted(len(one.turns) for one in found)
    rows = f"Rows a round: {counts}. Turns of each contestant: {turns[0]} to {turns[-1]}, in two processes each."
    lines = "\n".join(f"- {one[:1].upper()}{one[1:]}." for one in verdicts(found))
    return "\n\n".join([told, table(found), star, rows, lines])
