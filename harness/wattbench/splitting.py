"""Where the energy of a generation goes: prefill until the first new token, decode from there. Pure.

Both come from one generation, split by a mark at its first token: two runs, one of them stopped at one token, would
measure two different things. The joules of a pass are shared out by sampled power, where power is sampled (the mean
power of each phase, over the samples that fell into it, times its seconds), else by the CPU seconds of each phase.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.runs import Pass
    from wattbench.trace import Row

    Mark = tuple[float, float, float]

ENOUGH_SAMPLES = 10  # of each phase; with fewer, its mean power is not known


def split(one: Pass, marks: Sequence[Mark], rows: Sequence[Row]) -> Pass:
    """Give a pass its `prefill_joules` and `decode_joules`; None in both where they cannot be told."""
    share = _share_by_power(marks, rows) if rows else _share_by_cpu(one.notes)
    if share is None or one.joules is None or one.prefill_seconds is None:
        return one.model_copy(update={"prefill_joules": None, "decode_joules": None})
    return one.model_copy(update={"prefill_joules": one.joules * share, "decode_joules": one.joules * (1 - share)})


def _share_by_cpu(notes: Mapping[str, object]) -> float | None:
    prefill, decode = notes.get("prefill_cpu_seconds"), notes.get("decode_cpu_seconds")
    if not isinstance(prefill, float) or not isinstance(decode, float) or prefill + decode <= 0:
        return None
    return prefill / (prefill + decode)


def _share_by_power(marks: Sequence[Mark], rows: Sequence[Row]) -> float | None:
    """Share by the mean sampled power of both phases. A sample's power is that of all GPUs at its time."""
    if not marks:
        return None
    began = [mark[0] for mark in marks]
    watts: dict[bool, list[float]] = {True: [], False: []}
    for seconds, power in _power(rows, marks[0][0], marks[-1][2]):
        _, first, ended = marks[bisect_right(began, seconds) - 1]
        if seconds < ended:
            watts[seconds < first].append(power)
    if min(len(some) for some in watts.values()) < ENOUGH_SAMPLES:
        return None
    seconds_of = {
        True: sum(first - start for start, first, _ in marks),
        False: sum(ended - first for _, first, ended in marks),
    }
    joules = {phase: sum(some) / len(some) * seconds_of[phase] for phase, some in watts.items()}
    whole = joules[True] + joules[False]
    return joules[True] / whole if whole > 0 else None


def _power(rows: Sequence[Row], start: float, end: float) -> list[tuple[float, float]]:
    """Give time and power of every sample from start to end: instant power, summed over the GPUs of one sample."""
    at: dict[float, float] = {}
    for row in rows:
        if start <= row["seconds"] < end and row.get("instant_watts") is not None:
            at[row["seconds"]] = at.get(row["seconds"], 0.0) + row["instant_watts"]
    return sorted(at.items())
