"""The scores of single queries beside runs, read to compare two models query by query: right-sizing's edge to disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from math import fsum, isfinite
from typing import TYPE_CHECKING

from wattbench import tables, tasks
from wattbench.problems import refuse
from wattboard.advising import comparisons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wattboard.advising.comparisons import Paired, Score, Why
    from wattboard.frame import Filed

    Subject = tuple[str, str, str | None]  # board, model, revision
    Pairing = Callable[[Subject, Subject], Paired | Why]

ROUNDED = 2e-6  # a quality and its scores are each rounded to 6 decimals


@dataclass(frozen=True, slots=True)
class Scores:
    """What each query of a run's workload got: query -> (score, weight), without those that cannot be graded.

    workload: the sha256 of its rows. is_mean: whether the run's quality is the weighted mean of the scores.
    """

    workload: str
    by_query: dict[int, Score]
    higher_is_better: bool
    is_mean: bool


def pairing(filed: Iterable[Filed]) -> Pairing:
    """Give what pairs two models query by query, or says why it cannot. Each file is read once, when it is asked for.

    Of several runs of a model on a board, the newest that has scores speaks. It raises Refusal as `read` does.
    """
    runs: dict[Subject, list[Filed]] = {}
    scored = (one for one in filed if "scores" in dict(one.beside))  # others are not read to learn that they have none
    for one in sorted(scored, key=lambda one: (one.measured_at, one.digest), reverse=True):
        runs.setdefault((one.board, one.model, one.revision), []).append(one)

    @cache
    def scores(subject: Subject) -> Scores | Why:
        told = (read(one) for one in runs.get(subject, ()))
        return next((one for one in told if one != "no-scores"), "no-scores")

    @cache  # a page, the API and the pages in the browser ask for the same pairs
    def pair(a: Subject, b: Subject) -> Paired | Why:
        first, second = scores(a), scores(b)
        if isinstance(first, str):
            return first
        if isinstance(second, str):
            return second
        if first.workload != second.workload:
            return "other-workload"
        means = first.is_mean and second.is_mean
        return comparisons.pair(first.by_query, second.by_query, higher_is_better=first.higher_is_better, is_mean=means)

    # Where runs have no scores, thousands of models are asked about in pairs, and there is nothing to remember.
    return lambda a, b: pair(a, b) if a in runs else "no-scores"


def read(filed: Filed) -> Scores | Why:
    """Read the scores beside a run. Raises Refusal for a file that is not the run's; one elsewhere is no mistake."""
    run = filed.run
    if run.scores is None or run.quality is None:
        return "no-scores"
    place = filed.path.parent / f"{run.scores.sha256}.parquet"
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        return "scores-elsewhere"
    except OSError as error:
        message = f"the scores of {filed.name} cannot be read: {error.strerror or error}"
        raise refuse(place, "", message, "Make the file readable, or fetch it again") from None
    if hashlib.sha256(data).hexdigest() != run.scores.sha256:
        message = f"is not the scores of {filed.name}: its bytes differ"
        raise refuse(place, "sha256", message, "Fetch the scores again: they belong beside the run file")
    by_query: dict[int, Score] = {
        row["query"]: (row["score"], 1.0 if row["weight"] is None else row["weight"])
        for row in tables.from_bytes(data, tables.SCORES, place)
        if row["score"] is not None
    }
    weight = fsum(one for _, one in by_query.values())
    if not all(isfinite(score) for score, _ in by_query.values()) or not isfinite(weight) or weight <= 0:
        return "no-scores"
    mean = fsum(score * one for score, one in by_query.values()) / weight
    is_mean = tasks.find(run.workload.task).mean and abs(mean - run.quality.value) <= ROUNDED
    return Scores(run.workload.sha256, by_query, run.quality.higher_is_better, is_mean)
