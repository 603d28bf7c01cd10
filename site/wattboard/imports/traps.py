"""What is odd in ML.ENERGY's table: readings that disagree, answers that drift, rungs off their curve. Pure.

Each rule is robust: medians, so that what is odd does not decide what is far.
"""

from __future__ import annotations

from itertools import combinations, groupby
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from wattboard.imports import Finding
from wattboard.imports.ladders import FAR, off_curve, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattboard.imports.ladders import Ladder, Reading, Rung

# Modified z-scores beyond 3.5 are outliers (Iglewicz and Hoaglin, 1993).
FAR_SCORE = 3.5
LEAST_PAIRS = 20  # what is usual is not known from fewer
# MLPerf's gate for language models: an answer of 90 to 110 % of the reference's tokens is the same work.
SHORTER, LONGER = 0.9, 1.1


def findings(file: str, many: Sequence[Ladder]) -> list[Finding]:
    """Find everything that a reader of these ladders should know."""
    return [
        *_duplicates(file, many),
        *_lengths_between_gpus(file, many),
        *_lengths_on_ladders(file, many),
        *_off_curve(file, many),
        *_between_gpus(file, many),
    ]


def _duplicates(file: str, many: Sequence[Ladder]) -> Iterator[Finding]:
    for ladder in many:
        for rung in ladder.rungs:
            if len(rung.readings) == 1:
                continue
            told = [one.joules_per_token or one.joules for one in rung.readings]
            unit = _unit(rung.readings[0])
            apart = 100 * (max(told) / min(told) - 1)
            yield Finding(
                file=file,
                rows=rung.rows,
                field=_field(rung.readings[0]),
                kind="duplicate",
                what=f"{ladder.name}, batch {rung.batch}: {len(told)} rows of one configuration disagree by "
                f"{apart:.1f} % ({' and '.join(f'{one:.4g}' for one in told)} {unit})",
                consequence="both readings are kept; the point is their geometric mean",
            )


def _lengths_between_gpus(file: str, many: Sequence[Ladder]) -> Iterator[Finding]:
    for (task, model), readings in _by_model(many):
        gpus = sorted({one.gpu for one in readings})
        for one, other in combinations(gpus, 2):
            lengths = {gpu: median(r.tokens or 0 for r in readings if r.gpu == gpu) for gpu in (one, other)}
            ratio = lengths[one] / lengths[other]
            if not SHORTER <= ratio <= LONGER:
                yield Finding(
                    file=file,
                    rows=tuple(sorted(r.row for r in readings if r.gpu in {one, other})),
                    field="avg_output_len",
                    kind="output-length",
                    what=f"{task}, {model} answers with {lengths[one]:,.0f} tokens on {one} and {lengths[other]:,.0f} "
                    f"on {other} (medians): not the same work",
                    consequence="energy a request is of two different works: the two GPUs are not compared by it; "
                    "energy a token stands beside it",
                )


def _lengths_on_ladders(file: str, many: Sequence[Ladder]) -> Iterator[Finding]:
    for (task, model), readings in _by_model(many):
        for gpu in sorted({one.gpu for one in readings}):
            here = [one for one in readings if one.gpu == gpu]
            usual = median(one.tokens or 0 for one in here)
            odd = [one for one in here if not SHORTER <= (one.tokens or 0) / usual <= LONGER]
            if odd:
                told = ", ".join(f"{one.tokens:,.0f} tokens at batch {one.batch}" for one in odd)
                yield Finding(
                    file=file,
                    rows=tuple(one.row for one in odd),
                    field="avg_output_len",
                    kind="output-length",
                    what=f"{task}, {model} on {gpu} answers with {told}; its median is {usual:,.0f}",
                    consequence="the rows are kept; energy a token stands beside energy a request",
                )


def _off_curve(file: str, many: Sequence[Ladder]) -> Iterator[Finding]:
    for off in off_curve(many):
        unit = _unit(off.rung.readings[0])
        factor = max(off.rung.work / off.expected, off.expected / off.rung.work)
        side = "above" if off.rung.work > off.expected else "below"
        yield Finding(
            file=file,
            rows=off.rung.rows,
            field=_field(off.rung.readings[0]),
            kind="off-curve",
            what=f"{off.ladder.name}, batch {off.rung.batch}: {off.rung.work:.3g} {unit}, a factor of {factor:.2f} "
            f"{side} the {off.expected:.3g} of its ladder's curve, and beyond {FAR:g} is far: readings of one "
            "configuration have been 1.19 apart",
            consequence="drawn on the curve and marked, never taken for the best of its ladder while another is there",
        )


class _Pair(NamedTuple):
    """The same model, task and batch on two GPU models: the logarithm of the first's energy over the second's."""

    task: str
    model: str
    gpus: tuple[str, str]
    query: str
    batch: int
    ratio: float
    rows: tuple[int, ...]


def _between_gpus(file: str, many: Sequence[Ladder]) -> Iterator[Finding]:
    """Find models that one GPU model serves dearer or cheaper, against another, than it does most at that batch."""
    odd: dict[tuple[str, str, str], list[tuple[_Pair, str]]] = {}
    pairs = sorted(_pairs(many), key=_field_of)
    for (_query, gpus, batch), group in groupby(pairs, key=_field_of):
        alike = list(group)
        middle, wide = spread([one.ratio for one in alike])
        if len(alike) < LEAST_PAIRS or wide == 0:
            continue
        for one in alike:
            if abs(one.ratio - middle) > FAR_SCORE * wide:
                far = f"{exp(middle - FAR_SCORE * wide):.2f} to {exp(middle + FAR_SCORE * wide):.2f}"
                told = (
                    f"{exp(one.ratio):.2f} at batch {batch} (median of {len(alike)} pairs {exp(middle):.2f}, far {far})"
                )
                odd.setdefault((one.task, one.model, f"{gpus[0]} against {gpus[1]}"), []).append((one, told))
    for (task, model, gpus_named), found in sorted(odd.items()):
        query = found[0][0].query
        what = "a token" if query == "request" else f"one {query}"
        yield Finding(
            file=file,
            rows=tuple(sorted(row for one, _ in found for row in one.rows)),
            field="energy_per_token_joules" if query == "request" else f"energy_per_{query}_joules",
            kind="between-gpus",
            what=f"{task}, {model}: {gpus_named}, times the energy of {what}: {'; '.join(told for _, told in found)}",
            consequence="off what this GPU model does for the others: the rows count on their boards and are marked",
        )


def _field_of(one: _Pair) -> tuple[str, tuple[str, str], int]:
    return one.query, one.gpus, one.batch


def _pairs(many: Sequence[Ladder]) -> list[_Pair]:
    best: dict[tuple[str, str, str, int], dict[str, Rung]] = {}
    for ladder in many:
        for rung in ladder.rungs:
            place = best.setdefault((ladder.task, ladder.model, ladder.query, rung.batch), {})
            if ladder.gpu not in place or rung.work < place[ladder.gpu].work:
                place[ladder.gpu] = rung
    return [
        _Pair(task, model, gpus, query, batch, log(one.work / other.work), one.rows + other.rows)
        for (task, model, query, batch), on in sorted(best.items())
        for gpus in combinations(sorted(on), 2)
        for one, other in [(on[gpus[0]], on[gpus[1]])]
    ]


def _by_model(many: Sequence[Ladder]) -> Iterator[tuple[tuple[str, str], list[Reading]]]:
    readings = [one for ladder in many for rung in ladder.rungs for one in rung.readings if one.tokens is not None]

    def place(one: Reading) -> tuple[str, str]:
        return one.task, one.model

    for key, group in groupby(sorted(readings, key=lambda one: (*place(one), one.row)), key=place):
        yield key, list(group)


def _field(one: Reading) -> str:
    return "energy_per_token_joules" if one.joules_per_token else f"energy_per_{one.query}_joules"


def _unit(one: Reading) -> str:
    return "J a token" if one.joules_per_token else f"J for one {one.query}"
