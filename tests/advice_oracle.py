"""Right-sizing in plain Python, written from the rule and not from the code: only math and statistics."""

from __future__ import annotations

from math import log, sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.advice import Choice


def removes(b: Choice, a: Choice, *, up: bool) -> bool:
    """b is better beyond doubt on one axis and not worse on the other, by estimate and by the worse end."""
    more_energy = _apart(b.wh, b.wh_high, a.wh, a.wh_low, logs=True)
    sign = 1 if up else -1
    assert b.quality is not None
    assert a.quality is not None
    ends_b = (b.quality_low, b.quality_high) if up else (b.quality_high, b.quality_low)
    ends_a = (a.quality_low, a.quality_high) if up else (a.quality_high, a.quality_low)
    assert ends_b[0] is not None
    assert ends_a[0] is not None
    assert ends_a[1] is not None
    assert b.wh_high is not None
    assert a.wh_high is not None
    gap = sign * (b.quality - a.quality)
    better = gap > sqrt((b.quality - ends_b[0]) ** 2 + (ends_a[1] - a.quality) ** 2)
    fine_energy = b.wh <= a.wh and b.wh_high <= a.wh_high
    fine_quality = gap >= 0 and sign * (ends_b[0] - ends_a[0]) >= 0
    return (more_energy and fine_quality) or (better and fine_energy)


def _apart(low: float, its_end: float | None, high: float, other_end: float | None, *, logs: bool) -> bool:
    assert its_end is not None
    assert other_end is not None
    one, end, two, other = (log(x) if logs else x for x in (low, its_end, high, other_end))
    return two - one > sqrt((end - one) ** 2 + (two - other) ** 2)


def frontier(rows: Sequence[Choice], *, up: bool) -> set[str]:
    """Everything that nothing removes, looked for in every pair."""
    return {a.model for a in rows if not any(removes(b, a, up=up) for b in rows)}


def cheapest(rows: Sequence[Choice], *, up: bool, bar: float | None, limit: float | None) -> str | None:
    """The lowest energy of what is good and fast enough."""
    found = []
    for row in rows:
        if bar is not None and (row.quality is None or (row.quality < bar if up else row.quality > bar)):
            continue
        latency = row.latency_p95_seconds if row.latency_p95_seconds is not None else row.seconds_per_query
        if limit is not None and (latency is None or latency > limit):
            continue
        found.append(row)
    return min(found, key=lambda row: row.wh).model if found else None


def paired(a: Sequence[float], b: Sequence[float], t: float) -> tuple[float, float, float]:
    """The mean of the differences with its interval by Student's t."""
    gaps = [y - x for x, y in zip(a, b, strict=True)]
    half = t * stdev(gaps) / sqrt(len(gaps))
    return fmean(gaps), fmean(gaps) - half, fmean(gaps) + half
