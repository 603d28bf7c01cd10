"""Where the energy of a model goes: idle and work, prefill and decode, as shares of whole passes. Pure.

Idle is what the board would have drawn over the passes' seconds anyway: `P_bare` without a context, `P_context` with
the model loaded (METHOD section 3.3), each the mean of before and after. What was not measured is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wattbench.runs import Run


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the energy: its share of the whole and its joules a query; `kind` is how it is drawn."""

    kind: str
    name: str
    share: float
    joules: float


@dataclass(frozen=True, slots=True)
class Where:
    """The energy of whole passes split twice, each from the passes that have what it takes; empty where none has.

    idle: bare board, loaded model, work. split: prefill, decode, the rest of a generation.
    """

    idle: tuple[Part, ...]
    split: tuple[Part, ...]

    @property
    def static(self) -> float | None:
        """The static share: idle with the model loaded, over the energy of the passes."""
        return 1 - self.idle[-1].share if self.idle else None


def where(runs: Iterable[Run]) -> Where:
    """Split the energy of some runs of one model on one board."""
    runs = tuple(runs)
    return Where(_idle(runs), _split(runs))


def _idle(runs: Sequence[Run]) -> tuple[Part, ...]:
    bare, loaded, whole, queries = list[float](), list[float](), list[float](), 0
    for run in runs:
        context = _watts(run, "context")
        lowest = _watts(run, "bare")
        for one in run.passes:
            if context is None or not one.joules or context * one.seconds >= one.joules:
                continue
            idle = context if lowest is None else min(lowest, context)
            bare.append(idle * one.seconds)
            loaded.append((context - idle) * one.seconds)
            whole.append(one.joules)
            queries += one.queries
    if not whole:
        return ()
    told = [("idle", "idle board", fsum(bare)), ("loaded", "model loaded, waiting", fsum(loaded))]
    return _parts([*told, ("work", "work", fsum(whole) - fsum(bare) - fsum(loaded))], fsum(whole), queries)


def _split(runs: Sequence[Run]) -> tuple[Part, ...]:
    known = [
        (one.prefill_joules, one.decode_joules, one.joules, one.queries)
        for run in runs
        for one in run.passes
        if one.joules and one.prefill_joules is not None and one.decode_joules is not None
    ]
    if not known:
        return ()
    prefill, decode, whole = (fsum(one[k] for one in known) for k in (0, 1, 2))
    told = [("prefill", "prefill: reading the input", prefill), ("decode", "decode: writing the output", decode)]
    rest = max(0.0, whole - prefill - decode)
    return _parts([*told, ("rest", "between generations", rest)], whole, sum(one[3] for one in known))


def _parts(told: Iterable[tuple[str, str, float]], whole: float, queries: int) -> tuple[Part, ...]:
    """Leave out what is nothing: less than a thousandth of the whole is not shown, and the last part stays."""
    parts = [Part(kind, name, joules / whole, joules / queries) for kind, name, joules in told]
    return tuple(one for one in parts if one.share >= 0.001 or one.kind == "work")  # noqa: PLR2004 - said above


def _watts(run: Run, name: str) -> float | None:
    told = [one.mean_watts for one in run.phases if one.name in {f"{name}-before", f"{name}-after"}]
    known = [one for one in told if one is not None]
    return fmean(known) if known else None
