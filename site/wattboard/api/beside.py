"""What pages say of a result beside others, for programs: every number of a claim, rounded as everywhere."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Any

from wattboard.advising import savings
from wattboard.api.results import named, six
from wattboard.profiles import standing, sweeps, wheres

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.runs import Run
    from wattboard.advising.comparisons import Switch
    from wattboard.listings import Listing
    from wattboard.profiles import Atlas
    from wattboard.profiles.standing import Better
    from wattboard.profiles.wheres import Part
    from wattboard.ratings import Rating

PERCENT = 100


def switch(one: Switch, kind: str) -> dict[str, Any]:
    """Give a switch."""
    shares = (one.less, one.less_low, one.less_high)
    less, low, high = (None if share is None else six(PERCENT * share) for share in shares)
    paired = None
    if one.paired is not None:
        told = one.paired
        ends = {name: six(getattr(told, name)) for name in ("difference", "low", "high")}
        paired = {"n": told.n, "is_mean": told.is_mean, **ends}
    energies = {"energy_percent_less": less, "energy_percent_less_low": low, "energy_percent_less_high": high}
    return {
        "kind": kind,
        "from": one.a,
        "to": one.b,
        "paired_quality": paired,
        "margin": one.margin,
        "not_worse": one.not_worse,
        "claimed": one.claimed,
        "reasons": list(one.reasons),
        **named(kind, energies),
    }


def place(model: str, listing: Listing, known: Atlas) -> dict[str, Any] | None:
    """Count the models that use more, and those of worse quality; None where the model is not to be chosen."""
    among = known.fields[listing.board.name]
    own = among.own.get(model)
    if own is None:
        return None
    told = standing.counts(own, among)

    def share(count: int | None) -> float | None:
        return None if count is None or not told.others else six(PERCENT * count / told.others)

    return {
        "others": told.others,
        "use_more": told.more,
        "use_more_percent": share(told.more),
        "surely_use_more": told.surely_more,
        "surely_use_more_percent": share(told.surely_more),
        "graded": told.graded,
        "are_worse": told.lower,
        "are_worse_percent": share(told.lower),
        "surely_are_worse": told.surely_lower,
        "surely_are_worse_percent": share(told.surely_lower),
    }


def others(listing: Listing, known: Atlas) -> Iterator[dict[str, Any]]:
    """Give, for each model of a board, the median model against it and what could take its place."""
    among, kind = known.fields[listing.board.name], listing.board.kind
    for own in among.offer.choices:
        median = standing.against_median(own, among, known.pairing)
        found = standing.alternatives(own, among, known.pairing)
        yield {
            "model": own.model,
            "against_median": None if median is None else switch(median, kind),
            "alternatives": {
                "less": [switch(one, kind) for one in found.less],
                "better": None if found.better is None else _better(found.better, kind),
                "nearest": None if found.nearest is None else switch(found.nearest, kind),
            },
        }


def saving(listing: Listing, known: Atlas) -> dict[str, Any] | None:
    """Give what a board's pick saves, and against which model."""
    among = known.fields[listing.board.name]
    told = savings.saving(listing, among, known.purposes, known.pairing)
    if told is None:
        return None
    return {"against": told.against, "tasks": told.tasks, "switch": switch(told.switch, listing.board.kind)}


def spent(runs: Sequence[Run], kind: str) -> dict[str, Any]:
    """Give where the energy of some runs goes, and the newest ladder of batch sizes."""
    told = wheres.where(runs)
    climbed = sweeps.climbed(runs)
    steps = [] if climbed is None else zip(sweeps.steps(climbed), sweeps.ladder(climbed), strict=True)
    return {
        "spent": {
            "idle": [_part(one, kind) for one in told.idle],
            "split": [_part(one, kind) for one in told.split],
            "idle_percent": None if told.static is None else six(PERCENT * told.static),
        },
        "batches": [
            {
                "kind": kind,
                "batch": step.batch,
                **named(kind, {"wh_per_1000_queries": six(step.wh)}),
                "quality": six(column.quality),
                "latency_p50_seconds": six(step.latency_p50_seconds),
                "left_out": step.why,
                "rated": column.chosen,
            }
            for step, column in steps
        ],
    }


def past(told: Sequence[Rating]) -> list[dict[str, Any]]:
    """Give a model's ratings on a board in all editions and revisions; nothing where there is but one."""
    return [_past(one) for one in told] if len(told) > 1 else []


def _past(one: Rating) -> dict[str, Any]:
    energies = {
        "wh_per_1000_queries": six(one.wh),
        "wh_interval_percent": None if one.h is None else six(PERCENT * (exp(one.h) - 1)),
        "energy_percent_of_reference": six(one.index),
    }
    return {
        "kind": one.kind,
        "edition": one.edition,
        "revision": one.revision,
        "measured_at": one.measured_at,
        "status": one.status,
        "stars": one.stars,
        "quality": six(one.quality),
        "quality_low": six(one.quality_low),
        "quality_high": six(one.quality_high),
        **named(one.kind, energies),
    }


def _better(one: Better, kind: str) -> dict[str, Any]:
    return {"model": one.model, "uses": one.energy, "switch": switch(one.switch, kind)}


def _part(one: Part, kind: str) -> dict[str, Any]:
    energies = {"energy_percent": six(PERCENT * one.share), "joules_per_query": six(one.joules)}
    return {"kind": kind, "part": one.kind, "name": one.name, **named(kind, energies)}
