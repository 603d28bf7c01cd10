"""The reading of an nvml window, worked out from the trace's rows and the notes of the window. Pure.

The meter itself uses this function, so whoever has the trace and the notes gets the same numbers to the last bit.
The notes are of two kinds: what was observed (times, edges, failures), which is all that is read here, and what
follows from it and the rows, which is written anew.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from wattbench.meters import Reading
from wattbench.meters.nvml_counter import Counted, Edge, count
from wattbench.meters.nvml_device import EVENT_REASONS
from wattbench.meters.nvml_power import SOURCES, curve, gaps, integrate, uncertainty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = Mapping[str, Any]

# What was observed, of the window and of each GPU in it.
OF_WINDOW = (
    "opened_monotonic_seconds",
    "closed_monotonic_seconds",
    "rows_from_seconds",
    "rows_until_seconds",
    "sample_seconds",
)
OF_GPU = ("counter", "first_edges", "last_edges", "failure")


def reading(rows: Iterable[Row], notes: Mapping[str, Any]) -> Reading:
    """Work out the reading of a window. `rows` may be those of a whole trace, in the order of time."""
    opened, closed, since, until, period = (notes[name] for name in OF_WINDOW)
    by_gpu: dict[str, list[Row]] = {uuid: [] for uuid in notes["gpus"]}
    for row in rows:
        if since <= row["seconds"] <= until and row["gpu"] in by_gpu:
            by_gpu[row["gpu"]].append(row)
    gpus = {
        uuid: {name: observed[name] for name in OF_GPU} | _account(by_gpu[uuid], observed, opened, closed, period)
        for uuid, observed in notes["gpus"].items()
    }
    reasons = [f"{uuid}: {one['reason']}" for uuid, one in gpus.items() if one["reason"]]
    return Reading(
        joules=None if reasons else _sum(gpus, "joules"),
        seconds=closed - opened,
        reason="; ".join(reasons) or None,
        counter_joules=_sum(gpus, "counter_joules"),
        sampled_joules=_sum(gpus, "sampled_joules"),
        samples=min(one["samples"] for one in gpus.values()),
        notes={
            **{name: notes[name] for name in OF_WINDOW},
            "uncertainty_joules": _sum(gpus, "uncertainty_joules"),
            "gpus": gpus,
        },
    )


def _account(
    rows: Sequence[Row], observed: Mapping[str, Any], opened: float, closed: float, period: float
) -> dict[str, Any]:
    """Work out what one GPU used between `opened` and `closed`, JSON-able."""
    curves = {source: curve(rows, source) for source in SOURCES}
    integrals = {
        source: joules for source, points in curves.items() if (joules := integrate(points, opened, closed)) is not None
    }
    counted = _count(rows, observed, opened, closed)
    nearest = min(
        integrals,
        key=lambda source: abs(integrals[source] - counted.joules) if counted.joules else 0,
        default=None,
    )
    sampled = None if nearest is None else integrals[nearest]
    joules, error, reason = counted.joules, counted.uncertainty, counted.reason
    if not observed["counter"] and reason is None and nearest is not None:
        joules, error = sampled, uncertainty(integrals, curves[nearest], nearest, period)
    if reason is None and not joules:
        reason = "its power could not be sampled"
    powered = [row for row in rows if row["instant_watts"] or row["average_watts"] or row["usage_watts"]]
    inside = [row for row in rows if opened <= row["seconds"] <= closed]
    missing, longest = gaps((row["seconds"] for row in powered), opened, closed, period)
    return {
        "joules": None if reason else joules,
        "reason": reason,
        "uncertainty_joules": None if reason else error,
        "counter_joules": counted.joules,
        "sampled_joules": sampled,
        "sampled_by": nearest,
        **{f"{source}_joules": integrals.get(source) for source in SOURCES},
        "samples": sum(opened <= row["seconds"] <= closed for row in powered),
        "missing_samples": missing,
        "longest_gap_seconds": longest,
        "event_reasons": _shares(inside or rows),
        "max_celsius": _highest(rows, "celsius"),
        "max_sm_mhz": _highest(inside, "sm_mhz"),
        "processes": _union(row["processes"] for row in rows),
    }


def _count(rows: Sequence[Row], observed: Mapping[str, Any], opened: float, closed: float) -> Counted:
    if observed["failure"] is not None or not observed["counter"]:
        return Counted(None, reason=observed["failure"])
    first, last = ([Edge(**edge) for edge in observed[name]] for name in ("first_edges", "last_edges"))
    return count(rows, first, last, opened, closed)


def _sum(gpus: Mapping[str, Mapping[str, Any]], name: str) -> float | None:
    """Add up; one absent value makes the sum absent."""
    values = [gpu[name] for gpu in gpus.values()]
    return None if None in values else float(sum(values))


def _highest(rows: Sequence[Row], name: str) -> float | None:
    return max((row[name] for row in rows if row[name] is not None), default=None)


def _shares(rows: Sequence[Row]) -> dict[str, float] | None:
    """Give the share of the samples in which each event reason was seen; None where none could be read."""
    read = [row["event_reasons"] for row in rows if row["event_reasons"] is not None]
    if not read:
        return None
    each = Counter(read)  # few different ones, as a rule
    counts = {name: sum(n for bits, n in each.items() if bits & bit) for bit, name in EVENT_REASONS.items()}
    return {name: count / len(read) for name, count in counts.items() if count}


def _union(lists: Iterable[Sequence[int] | None]) -> list[int] | None:
    read = [pids for pids in lists if pids is not None]
    return sorted(set().union(*read)) if read else None
