"""An Explanation as people read it, one sentence a line, and as programs do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench import tasks
from wattbench.boards import Board
from wattboard.explaining import BEST, WORST
from wattboard.formats import quality, significant
from wattboard.ratings.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.explaining import Explanation


def sentences(told: Explanation) -> list[str]:
    """Give the explanation in plain sentences."""
    return [*_star(told), *_energy(told), *_thresholds(told), *_quality(told), *_gates(told), *_standing(told)]


def as_dict(told: Explanation) -> dict[str, Any]:
    """Give the explanation for programs. Energies in Wh per 1,000 queries, absent ones null."""
    one, frozen = told.rating, told.frozen
    prefix = "estimated_" if one.kind == "estimated" else ""
    return {
        "schema": 1,
        "model": one.model,
        "revision": one.revision,
        "board": one.board,
        "edition": one.edition,
        "kind": one.kind,
        "status": one.status,
        "trust": one.trust,
        "stars": one.stars,
        "stars_at_best": one.stars_at_best,
        "reasons": [{"name": name, "text": REASONS[name]} for name in one.reasons],
        f"{prefix}wh_per_1000_queries": one.wh,
        f"{prefix}wh_per_1000_queries_low": one.wh_low,
        f"{prefix}wh_per_1000_queries_high": one.wh_high,
        f"{prefix}thresholds_wh_per_1000_queries": [_six(t) for t in frozen.thresholds_wh] if frozen else None,
        "percent_less_for_one_star_more": _six(told.less),
        "percent_more_for_one_star_less": _six(told.more),
        "founding_lineages": len(frozen.cohort) if frozen else None,
        "stars_with_each_lineage_left_out": told.without or None,
        "stars_least": one.stars_least,
        "stars_most": one.stars_most,
        "not_confirmed_because": list(told.because),
        "would_confirm": list(told.confirm),
        "gates": [
            {
                "session": each.session,
                "run_sha256": each.digest,
                **each.gate.model_dump(mode="json"),
            }
            for each in told.judged
        ],
        "sentences": sentences(told),
    }


def _star(told: Explanation) -> Iterator[str]:
    one = told.rating
    where = f"on {one.board}" + (f" in edition {one.edition}" if one.edition and told.frozen else "")
    if one.stars is None:
        yield f"{one.model} has no star {where}: {'; '.join(REASONS[name] for name in one.reasons)}."
    else:
        yield f"{one.model} has {_stars(one.stars)} of 5 {where}, {one.status}."


def _energy(told: Explanation) -> Iterator[str]:
    one = told.rating
    if one.wh is None:
        yield "No energy is known."
        return
    estimated = "an estimated " if one.kind == "estimated" else ""
    interval = f" ({significant(one.wh_low)} to {significant(one.wh_high)} Wh)" if one.wh_low is not None else ""
    passes = f"{one.passes} passes in {one.sessions} {'session' if one.sessions == 1 else 'sessions'}"
    yield f"1,000 queries take {estimated}{significant(one.wh)} Wh{interval}, from {passes}."
    if one.index is not None and told.frozen:
        yield f"That is {significant(one.index)} % of what the reference model takes, {told.frozen.reference.id}."


def _thresholds(told: Explanation) -> Iterator[str]:
    one, frozen = told.rating, told.frozen
    if one.stars is None or frozen is None:
        return
    limits = [significant(limit) for limit in frozen.thresholds_wh]
    wh = "Wh (estimated)" if one.kind == "estimated" else "Wh"
    if one.stars == BEST:
        span = f"up to {limits[0]} {wh}"
    elif one.stars == WORST:
        span = f"above {limits[3]} {wh}"
    else:
        span = f"above {limits[4 - one.stars]} and up to {limits[5 - one.stars]} {wh}"
    yield f"The star is that of the interval's worse end, {significant(one.wh_high)} {wh}: {_stars(one.stars)} {span}."
    if one.borderline and one.stars_at_best is not None:
        yield f"The better end, {significant(one.wh_low)} {wh}, would earn {_stars(one.stars_at_best)}."
    if told.less is not None:
        goal = limits[4 - one.stars]
        yield f"One star more takes {significant(told.less, 2)} % less energy: {goal} {wh} at the worse end."
    if told.more is not None:
        yield f"One star is lost with {significant(told.more, 2)} % more energy."
    yield f"One star is a factor of {frozen.r:.2f}; the thresholds were frozen on {frozen.frozen_on}."


def _quality(told: Explanation) -> Iterator[str]:
    one, frozen = told.rating, told.frozen
    if one.quality is None or frozen is None:
        return
    metric = tasks.find(Board.parse(one.board).task).metric
    reached = "reaches the recommended" if one.recommended else "is below the recommended"
    level = quality(frozen.quality.recommended, metric)
    least = quality(frozen.quality.minimum, metric)
    yield f"Its {metric.name}, {quality(one.quality, metric)}, {reached} {level}; {least} is needed for any star."


def _gates(told: Explanation) -> Iterator[str]:
    for each in told.judged:
        gate = each.gate
        verdict = "failed" if gate.verdict == "fail" else "is flagged"
        value = f"{gate.value}, the limit is {gate.limit}" if gate.value is not None else f"the limit is {gate.limit}"
        yield f"The gate {gate.name!r} {verdict} in session {each.session}: {value}; {gate.why}."


def _standing(told: Explanation) -> Iterator[str]:
    if told.rating.disputed:
        yield "The result is disputed: a second measurement disagrees, and a third decides."
    if told.because:
        yield f"The star is {told.rating.status} because {'; '.join(told.because)}."
    if told.confirm:
        yield f"What would confirm it: {'; '.join(told.confirm)}."
    if told.without:
        least, most = min(told.without.values()), max(told.without.values())
        if least == most:
            yield "Leaving any one lineage out of the founding cohort changes nothing."
        else:
            decisive = sorted(name for name, star in told.without.items() if star != told.rating.stars)
            yield (
                f"Leaving one lineage out of the founding cohort gives {least} to {most} stars: "
                f"it hinges on {', '.join(decisive)}."
            )


def _stars(count: int) -> str:
    return "1 star" if count == WORST else f"{count} stars"


def _six(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
