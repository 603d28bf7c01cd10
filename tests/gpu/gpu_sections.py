"""The questions of the check, one function each: a card and some seconds in, what was found out as plain values."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, quantiles, stdev
from typing import TYPE_CHECKING, Any

from gpu_card import MODEL, STEADY, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gpu_card import Card, Load

Found = dict[str, Any]

PERIOD = 0.1  # s between two samples, as the harness takes them
SHIFTS = 8  # phases that shifted sampling goes through
POLL_SECONDS = 0.001  # between two reads of the counter
SETTLE = 0.1  # of a section's time passes before a load is looked at
STEADY_PERCENT = 1.0  # two means this close are a steady state (METHOD section 3)
WINDOWS = (1.0, 2.0, 5.0, 10.0, 20.0)  # s, of a recording of 100 s
RECORDING = 100.0
SHORTEST = 0.5  # s of warm-up that a mean is taken over
ENOUGH = 3  # edges that a period can be told from


@dataclass(frozen=True, slots=True)
class Edge:
    """The counter showed `joules` from `at` on, known to within +- `half` s."""

    at: float
    joules: float
    half: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Instant and average power in W at a time."""

    at: float
    instant: float | None
    average: float | None


def baseline(card: Card, seconds: float) -> Found:
    """How much does the card draw while nothing runs, by its counter and by its sensors?"""
    return _compare(card, seconds, shifted=False)


def baseline_with_context(card: Card, seconds: float) -> Found:
    """How much does the card draw while a context is open and nothing runs?"""
    if not card.connected:
        raise Unavailable("there is no context")
    return _compare(card, seconds, shifted=False)


def connect(card: Card, seconds: float) -> Found:
    """Which loads can be put on, and how long does a CUDA context take to open?"""
    began = card.clock()
    return card.connect(seconds) | {"seconds_to_open": card.clock() - began}


def warm_up(card: Card, seconds: float) -> Found:
    """How long until two consecutive means of power are within 1 %, in windows of a twelfth of the time?"""
    length, means, began = max(seconds / 12, SHORTEST), list[float](), card.clock()
    heat = [card.celsius()]
    with card.work(STEADY):
        while card.clock() - began < seconds:
            means.append(_mean(_edges(card, length)))
            heat.append(card.celsius())
            if len(means) > 1 and abs(means[-1] / means[-2] - 1) * 100 < STEADY_PERCENT:
                break
    known = [one for one in heat if one is not None]
    return {
        "window_seconds": length,
        "mean_watts": means,
        "steady": len(means) > 1 and abs(means[-1] / means[-2] - 1) * 100 < STEADY_PERCENT,
        "seconds_to_steady": card.clock() - began,
        "celsius_before": known[0] if known else None,
        "celsius_after": known[-1] if known else None,
    }


def counter(card: Card, seconds: float) -> Found:
    """How often does the energy counter step, how evenly, and how often do the power sensors change?"""
    with card.work(STEADY):
        edges = _edges(card, seconds * 2 / 3)
        polls = _poll_power(card, seconds / 3)
    steps = [later.at - earlier.at for earlier, later in pairwise(edges)]
    middle = median(steps)
    even = sum(abs(step / middle - 1) <= 0.1 for step in steps) / len(steps)
    return {
        "edges": len(edges),
        "step_seconds": _spread(steps),
        "step_joules": _spread([later.joules - earlier.joules for earlier, later in pairwise(edges)]),
        "edge_uncertainty_seconds": _spread([2 * edge.half for edge in edges]),
        "percent_of_steps_within_a_tenth_of_the_median": 100 * even,
        "instant_changes_every_seconds": _changes(polls, "instant"),
        "average_changes_every_seconds": _changes(polls, "average"),
    }


def agreement(load: Load, *, shifted: bool = False) -> Callable[[Card, float], Found]:
    """Ask: under a load, how far are the integrated instant and average power from the counter?"""

    def ask(card: Card, seconds: float) -> Found:
        with card.work(load):
            card.sleep(SETTLE * seconds)
            return _compare(card, (1 - SETTLE) * seconds, shifted=shifted)

    return ask


def windows(card: Card, seconds: float) -> Found:
    """How much does the energy of equal windows of a steady load vary, by their length?"""
    with card.work(STEADY):
        card.sleep(0.05 * seconds)
        edges = _edges(card, 0.95 * seconds)
    rows = []
    first, length = edges[0].at, edges[-1].at - edges[0].at
    for wanted in WINDOWS:
        window = wanted / RECORDING * length
        marks = [first + index * window for index in range(int(length / window + 1e-9) + 1)]
        rows.append(
            {
                "window_seconds": window,
                "windows": len(marks) - 1,
                "cv_percent_at_edges": _cv([_between(edges, mark) for mark in marks]),
                "cv_percent_of_plain_reads": _cv([_shown(edges, mark) for mark in marks]),
            }
        )
    return {"recorded_seconds": length, "rows": rows}


def polling(card: Card, seconds: float) -> Found:
    """What does each NVML call cost, and all that the harness asks ten times a second?"""
    calls, cost = card.calls(), {}
    for name, call in calls.items():
        began, used, count = card.clock(), card.cpu_seconds(), 0
        while card.clock() - began < seconds / len(calls):
            call()
            count += 1
        cost[name] = {
            "calls": count,
            "seconds_a_call": (card.clock() - began) / count,
            "cpu_seconds_a_call": (card.cpu_seconds() - used) / count,
        }
    often = sum(one["cpu_seconds_a_call"] for name, one in cost.items() if name != "processes")
    sample = often + cost["processes"]["cpu_seconds_a_call"] / 10  # processes are listed in every tenth sample
    return {"calls": cost, "cpu_seconds_a_sample": sample, "percent_of_a_core_at_10_hz": 100 * sample / PERIOD}


def model(card: Card, seconds: float) -> Found:
    """Does a tiny model run on the card, and what does a query cost? Loading it may take two thirds of the time."""
    ends = card.clock() + seconds
    with card.work(MODEL, within=seconds * 2 / 3) as about:
        left = max(seconds / 3, ends - card.clock())
        began = card.clock()
        found = _compare(card, left, shifted=False)
        lasted = card.clock() - began
    # Rounds are counted from the load's beginning to its end; the window lies within, at the same pace.
    queries = (about.get("rounds") or 0) * about.get("queries_a_round", 1)
    joules = found["counter_watts"] * lasted / queries if queries else None
    return {"about": about, "queries": queries, "joules_a_query": joules} | found


def _compare(card: Card, seconds: float, *, shifted: bool) -> Found:
    """Measure a window between two edges of the counter, and integrate sampled power over the same time."""
    from wattbench.meters.nvml_power import integrate

    first = _next_edge(card)
    samples = _sample(card, seconds, shifted=shifted)
    last = _next_edge(card)
    joules, length = last.joules - first.joules, last.at - first.at
    found: Found = {
        "seconds": length,
        "samples": len(samples),
        "counter_joules": joules,
        "counter_watts": joules / length,
        "edge_uncertainty_percent": 100 * (first.half + last.half) / length,
    }
    for source in ("instant", "average"):
        points = [(one.at, watts) for one in samples if (watts := getattr(one, source)) is not None]
        integral = integrate(points, first.at, last.at)
        found[f"{source}_joules"] = integral
        found[f"{source}_percent_off"] = None if integral is None or not joules else 100 * (integral / joules - 1)
    return found


def _sample(card: Card, seconds: float, *, shifted: bool) -> list[Sample]:
    """Sample power at 10 Hz; shifted, each sample falls on another eighth of the period."""
    began, found = card.clock(), list[Sample]()
    for index in range(max(2, round(seconds / PERIOD))):
        due = began + PERIOD * (index + (index % SHIFTS / SHIFTS if shifted else 0))
        card.sleep(max(0.0, due - card.clock()))
        before = card.clock()
        instant, average = card.power()
        found.append(Sample((before + card.clock()) / 2, instant, average))
    return found


def _next_edge(card: Card, timeout: float = 2.0) -> Edge:
    return _edges(card, timeout, most=1)[0]


def _edges(card: Card, seconds: float, most: int | None = None) -> list[Edge]:
    """Poll the counter and list its steps. Raises Unavailable where it stands still or cannot be read."""
    found: list[Edge] = []
    began = before = card.clock()
    last = card.energy()
    while card.clock() - began < seconds and (most is None or len(found) < most):
        card.sleep(POLL_SECONDS)
        asked = card.clock()
        joules = card.energy()
        after = card.clock()
        if joules is None or last is None:
            raise Unavailable("the card has no energy counter")
        if joules != last:
            found.append(Edge((before + after) / 2, joules, (after - before) / 2))
        last, before = joules, asked
    if len(found) < (most or ENOUGH):
        raise Unavailable(f"the energy counter stepped {len(found)} times within {seconds:.1f} s")
    return found


def _poll_power(card: Card, seconds: float) -> list[Sample]:
    began, found = card.clock(), list[Sample]()
    while card.clock() - began < seconds:
        instant, average = card.power()
        found.append(Sample(card.clock(), instant, average))
        card.sleep(POLL_SECONDS)
    return found


def _changes(polls: Sequence[Sample], source: str) -> float | None:
    """Give the median time between two changes of a sensor; None where it changed too seldom to tell."""
    pairs = pairwise(polls)
    times = [later.at for earlier, later in pairs if getattr(earlier, source) != getattr(later, source)]
    return median(later - earlier for earlier, later in pairwise(times)) if len(times) >= ENOUGH else None


def _mean(edges: Sequence[Edge]) -> float:
    return (edges[-1].joules - edges[0].joules) / (edges[-1].at - edges[0].at)


def _between(edges: Sequence[Edge], at: float) -> float:
    """Give the counter at a time as a straight line between its edges."""
    after = min(max(1, bisect_right(edges, at, key=lambda edge: edge.at)), len(edges) - 1)
    low, high = edges[after - 1], edges[after]
    return low.joules + (high.joules - low.joules) * (at - low.at) / (high.at - low.at)


def _shown(edges: Sequence[Edge], at: float) -> float:
    """Give what the counter shows at a time: its last step."""
    return edges[max(0, bisect_right(edges, at, key=lambda edge: edge.at) - 1)].joules


def _cv(marks: Sequence[float]) -> float | None:
    energies = [later - earlier for earlier, later in pairwise(marks)]
    return 100 * stdev(energies) / fmean(energies) if len(energies) > 1 and fmean(energies) else None


def _spread(values: Sequence[float]) -> Found:
    ordered = sorted(values)
    cuts = quantiles(ordered, n=20, method="inclusive") if len(ordered) > 1 else ordered * 19
    return {"least": ordered[0], "p5": cuts[0], "median": median(ordered), "p95": cuts[-1], "most": ordered[-1]}
