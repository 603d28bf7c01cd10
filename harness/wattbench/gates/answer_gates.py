"""The gates of what was asked and answered: the workload, its batches, and answers that only look like work. Pure."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from wattbench.gates.window_gates import missing_gate, number_gate, verdict_gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.gates import Evidence
    from wattbench.gates.limits import Limits
    from wattbench.runs import Gate, Pass

FEWEST_ROWS = 8  # with fewer, answers may be all alike by chance
MOST_ECHOES = 0.5


def answer_gates(evidence: Evidence, limits: Limits) -> Iterator[Gate]:
    """Judge workload, batches, inputs, answers, their length, and the private rows; what does not apply is left out."""
    yield _workload(evidence, limits)
    yield _batches(evidence, limits)
    yield from _share(evidence, limits, "inputs", [one.truncated for one in evidence.passes], _CUT)
    yield _answers(evidence, limits)
    yield from _reasoning(evidence, limits)
    yield from _share(evidence, limits, "output length", [one.capped for one in evidence.passes], _CAPPED)
    yield from _private_rows(evidence, limits)


_CUT = "what a model did not read it cannot answer"
_CAPPED = "a model that does not come to an end was not measured to its end"


def _workload(evidence: Evidence, limits: Limits) -> Gate:
    if not evidence.workload.pinned:
        why = "a data set that can change is no workload: it can be tried, never rated"
        return verdict_gate("workload", "not pinned", "fail", why, limits)
    return verdict_gate("workload", "pinned", "pass", "everybody is asked the same rows", limits)


def _batches(evidence: Evidence, limits: Limits) -> Gate:
    """Judge whether rows were asked as the scenario says: one by one, or in the batch that the ladder ended with."""
    used = sorted({one.batch for one in evidence.passes})
    if evidence.options is None or len(used) != 1:
        return missing_gate("batches", "nobody said how the rows were asked", limits)
    sorted_rows = bool(evidence.options.get("by_length"))
    value = f"{used[0]} at a time" + (", sorted by length" if sorted_rows else "")
    if evidence.scenario == "single":
        fits = used == [1] and not sorted_rows
        return verdict_gate("batches", value, "pass" if fits else "fail", "a single query at a time", limits)
    measured = [rung for rung in evidence.ladder if rung.window is not None and rung.window.joules is not None]
    if used[0] not in {rung.batch for rung in measured}:
        return verdict_gate("batches", value, "fail", "this batch size is not on the ladder", limits)
    last = evidence.ladder[-1]
    if last.window is not None and last.window.joules is None:
        return verdict_gate("batches", value, "flag", f"the ladder broke off: {last.window.reason}", limits)
    if not sorted_rows:
        return verdict_gate("batches", value, "flag", "the rows were not sorted by length", limits)
    why = last.exhausted or "the next batch size gained too little, or there were no more rows"
    return verdict_gate("batches", value, "pass", why, limits)


def _share(evidence: Evidence, limits: Limits, name: str, counted: Sequence[int | None], why: str) -> Iterator[Gate]:
    """Judge a share of the queries, in %, where it was counted in every pass."""
    known = [one for one in counted if one is not None]
    asked = sum(one.queries for one in evidence.passes)
    if known and len(known) == len(counted) and asked:
        yield number_gate(name, 100 * sum(known) / asked, "%", limits, why, "")


def _answers(evidence: Evidence, limits: Limits) -> Gate:
    """Judge whether answers depend on what was asked: not all alike, not the input said again."""
    rows = evidence.workload.rows
    distinct = [one.distinct for one in evidence.passes if one.distinct is not None]
    echoed = [one.echoed for one in evidence.passes if one.echoed is not None]
    if not distinct or not echoed:
        return missing_gate("answers", "nobody looked at the answers", limits)
    if min(distinct) == 1 and rows >= FEWEST_ROWS:
        why = "a model that ignores what it is asked does no work"
        return verdict_gate("answers", "all alike", "fail", why, limits)
    if max(echoed) > MOST_ECHOES * rows:
        why = "a model that repeats its input does no work"
        return verdict_gate("answers", f"{max(echoed)} of {rows} echo the input", "fail", why, limits)
    value = f"{min(distinct)} different of {rows}"
    return verdict_gate("answers", value, "pass", "answers depend on what was asked", limits)


def _reasoning(evidence: Evidence, limits: Limits) -> Iterator[Gate]:
    """Judge whether a model reasoned where its board says so, and nowhere else; where outputs tell."""
    reasoned = evidence.more.get("reasoned")
    if reasoned is None:
        return
    wanted = (evidence.options or {}).get("reasoning", "off")
    value = f"{100 * reasoned:.0f} % of the answers"
    if (wanted == "off") == (reasoned > 0):
        why = f"the board says {wanted}: this model did other work than its neighbours"
        yield verdict_gate("reasoning", value, "fail", why, limits)
        return
    yield verdict_gate("reasoning", value, "pass", f"the board says {wanted}", limits)


def _private_rows(evidence: Evidence, limits: Limits) -> Iterator[Gate]:
    if not evidence.workload.private_rows:
        return
    name = "private rows"
    energies = [_joules_a_query(evidence.parts.get(part)) for part in ("public", "private")]
    if energies[0] is None or energies[1] is None:
        yield missing_gate(name, "a part of the workload has no valid window", limits)
        return
    apart = 100 * abs(log(energies[1] / energies[0]))
    yield number_gate(name, apart, "%", limits, "rows that nobody has seen should cost as much as the published", "")


def _joules_a_query(one: Pass | None) -> float | None:
    return one.joules / one.queries if one is not None and one.joules is not None else None
