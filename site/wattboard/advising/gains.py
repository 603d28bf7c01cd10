"""What batching and precision gain: the only comparisons across boards, and always of a model with itself.

Boards that differ in nothing but the scenario or the precision are told apart by name. Each board's energies are those
of the card that its reference model was frozen on, and two cards may be some 5 % apart (METHOD section 2): that enters
the interval of every ratio here. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from wattbench.boards import Board, Precision
from wattboard.advising import comparisons

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wattbench.runs import Run, Rung
    from wattboard.advice import Choice
    from wattboard.advising.choices import Offer
    from wattboard.advising.comparisons import Switch
    from wattboard.advising.scores import Pairing
    from wattboard.imports import Curve

ORDER = get_args(Precision)  # from the widest to the narrowest
JOULES_PER_WH = 3600.0
CARDS = 0.05  # of ln: what may lie between the sensors of two cards


@dataclass(frozen=True, slots=True)
class Gain:
    """One model on two boards that differ in one thing: `what`. `switch` goes from board `a` to board `b`.

    a: one query at a time, or the wider precision; b: in batches, or the narrower one.
    """

    what: Literal["batching", "precision"]
    model: str
    a: str
    b: str
    first: Choice
    second: Choice
    switch: Switch


@dataclass(frozen=True, slots=True)
class Step:
    """One batch size: a single window, no interval. `wh` is None where there is none, and `why` says why.

    latency_p50_seconds: how long a batch took, in s, by the median.
    """

    batch: int
    wh: float | None
    latency_p50_seconds: float | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Energy against batch for one model in one configuration, the smallest batch first. Single values: an order."""

    model: str
    board: str
    what: str
    steps: tuple[Step, ...]

    @property
    def lowest(self) -> Step | None:
        """The batch size with the lowest energy of those that are sound."""
        sound = [(one.wh, one.batch, one) for one in self.steps if one.wh is not None and one.why is None]
        return min(sound, key=lambda one: one[:2])[2] if sound else None


def gains(model: str, board: str, offers: Mapping[str, Offer], pairing: Pairing) -> tuple[Gain, ...]:
    """Compare a model on a board with itself in batches, and at every other precision. Only boards of one name match.

    A revision is another model: what was measured at two revisions is not compared.
    """
    here = Board.parse(board)
    pairs: list[tuple[Literal["batching", "precision"], Board, Board]] = [
        ("batching", replace(here, scenario="single"), replace(here, scenario="saturated"))
    ]
    for other in ORDER:
        if other != here.precision:
            wide, narrow = sorted((here.precision, other), key=ORDER.index)
            pairs.append(("precision", replace(here, precision=wide), replace(here, precision=narrow)))
    found = []
    for what, a, b in pairs:
        if a.name not in offers or b.name not in offers:
            continue
        first, second = offers[a.name].find(model), offers[b.name].find(model)
        if first is None or second is None or first.revision != second.revision:
            continue
        found.append(_gain(what, offers[a.name], offers[b.name], first, second, pairing))
    return tuple(found)


def _gain(
    what: Literal["batching", "precision"], a: Offer, b: Offer, first: Choice, second: Choice, pairing: Pairing
) -> Gain:
    paired = pairing((a.board, first.model, first.revision), (b.board, second.model, second.revision))
    told = comparisons.switch(
        first,
        second,
        paired,
        margin=a.metric.margin if a.metric else None,
        higher_is_better=a.higher_is_better,
        apart=CARDS,
    )
    return Gain(what, first.model, a.board, b.board, first, second, told)


def ladder(runs: Iterable[Run]) -> Ladder | None:
    """Give the ladder of the newest of a model's runs that has one."""
    climbed = [run for run in runs if run.ladder]
    if not climbed:
        return None
    run = max(climbed, key=lambda one: (one.measured_at, one.session))
    return Ladder(run.model.id, run.board, "one window a batch size", tuple(map(_step, run.ladder)))


def _step(rung: Rung) -> Step:
    window = rung.window
    if window is None:
        return Step(rung.batch, None, None, rung.exhausted)
    if not window.joules:
        return Step(rung.batch, None, window.latency_p50_seconds, window.reason)
    wh = window.joules / window.queries * 1000 / JOULES_PER_WH
    return Step(rung.batch, float(f"{wh:.6g}"), window.latency_p50_seconds, None)


def imported(board: str, curves: Iterable[Curve], model: str) -> tuple[Ladder, ...]:
    """Give a model's imported curves as ladders, one a configuration."""
    return tuple(
        Ladder(
            model,
            board,
            f"{one.precision} on {one.gpus} {'GPU' if one.gpus == 1 else 'GPUs'}",
            tuple(Step(point.batch, point.wh_per_1000, None, point.left_out) for point in one.points),
        )
        for one in curves
        if one.model == model
    )
