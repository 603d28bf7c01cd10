"""The ladder of a saturated run: batch sizes 1, 2, 4, ... until the gain is small or memory ends (METHOD section 4).

The whole ladder is published: it is the energy-versus-batch curve. Pure, as the protocol is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wattbench import windows
from wattbench.bench import MemoryEnded
from wattbench.runs import Rung

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.bench import Bench
    from wattbench.protocol import Protocol
    from wattbench.runs import Phase


def climb(protocol: Protocol, bench: Bench, phases: list[Phase], largest: int) -> tuple[Rung, ...]:
    """Measure batch after batch, each warmed up by a round of its own; the last rung is the one that ended it.

    Raises MemoryEnded where not even one query at a time fits.
    """
    rungs: list[Rung] = []
    batch = 1
    while batch <= largest:
        bench.tell(f"batch {batch}", 0, 1)
        try:
            rung, opened, closed = _rung(protocol, bench, batch)
        except MemoryEnded as ended:
            if not rungs:
                raise
            rungs.append(Rung(batch=batch, window=None, exhausted=str(ended)))
            break
        phases.append(windows.phase(f"batch-{batch}", opened, closed, bench))
        rungs.append(rung)
        gain = gain_percent(rungs)
        if len(rungs) > 1 and (gain is None or gain < protocol.rung_gain_percent):
            break
        batch *= 2
    return tuple(rungs)


def _rung(protocol: Protocol, bench: Bench, batch: int) -> tuple[Rung, float, float]:
    """Measure one batch size; gives it with the times at which its window opened and closed."""
    before = bench.clock()
    bench.model.answer(1, batch, "all")
    took = max(bench.clock() - before, 1e-6)
    rounds = max(1, math.ceil(protocol.rung_seconds / took))
    one = windows.measure(rounds, bench, batch=batch, keep=False)
    return Rung(batch=batch, window=one.one, exhausted=None), one.opened, one.closed


def gain_percent(rungs: Sequence[Rung]) -> float | None:
    """Tell how much less energy a query costs on the last rung than on the one before, in %; None if unknown."""
    energies = [_joules_a_query(rung) for rung in rungs[-2:]]
    if len(energies) < len("ab") or energies[0] is None or energies[1] is None:
        return None
    return 100 * (1 - energies[1] / energies[0])


def batch_of(rungs: Sequence[Rung], protocol: Protocol) -> int:
    """Choose the batch size that is measured: the last that gained enough; 1 without a ladder."""
    chosen = 1
    for upto in range(2, len(rungs) + 1):
        gain = gain_percent(rungs[:upto])
        if gain is None or gain < protocol.rung_gain_percent:
            break
        chosen = rungs[upto - 1].batch
    return chosen


def _joules_a_query(rung: Rung) -> float | None:
    if rung.window is None or rung.window.joules is None:
        return None
    return rung.window.joules / rung.window.queries
