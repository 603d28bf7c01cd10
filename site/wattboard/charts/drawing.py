"""The traces of a model's newest runs, laid out for its page: one trace at a time is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import trace
from wattbench.problems import Refusal
from wattboard.charts import timelines, traces
from wattboard.gathering.filed import trace_of

if TYPE_CHECKING:
    from wattbench.problems import Problem
    from wattboard.charts.timelines import Timeline
    from wattboard.listings import Profile

FORMS = (timelines.WIDE, timelines.TALL)


def drawings(profile: Profile, problems: list[Problem]) -> dict[str, tuple[Timeline, ...]]:
    """Lay out the trace of each result's newest run, by its sha256. What is wrong with traces goes to `problems`."""
    drawn: dict[str, tuple[Timeline, ...]] = {}
    for filed in (result.runs[-1] for result in profile.results):
        if filed.run.trace is None:
            continue
        try:
            told = traces.tell(filed.run, trace.from_bytes(trace_of(filed.path, filed.run.trace), filed.path))
        except Refusal as refusal:
            problems += refusal.problems
            continue
        drawn[filed.run.trace.sha256] = tuple(timelines.timeline(filed.run, told, form) for form in FORMS)
    return drawn
