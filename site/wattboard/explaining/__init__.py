"""Why a model has its star, in plain sentences and as data. Pure: runs and editions in, an Explanation out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log
from typing import TYPE_CHECKING, Any

from wattbench.boards import Board
from wattbench.problems import refuse
from wattboard import formats, frame, ratings
from wattboard.life import trust
from wattboard.ratings import calibration, thresholds
from wattboard.ratings.reasons import FACTOR_FLAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.ledger import Event
    from wattbench.runs import Gate
    from wattboard.editions import FrozenBoard, Opened
    from wattboard.frame import Filed
    from wattboard.ratings import Rating

BEST, WORST = 5, 1


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate of one of the model's runs that did not pass."""

    session: str
    digest: str
    gate: Gate


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rating and what it rests on.

    `less` is by how many per cent the worse end of the interval must fall for one star more, `more` how many per cent
    it may rise before one is lost; None where there is no such star. `without` gives the star with each lineage of the
    founding cohort left out. `because` says why a star is not confirmed, `confirm` what would confirm it.
    """

    rating: Rating
    frozen: FrozenBoard | None
    demo: bool
    judged: tuple[Judged, ...]
    less: float | None
    more: float | None
    without: dict[str, int]
    because: tuple[str, ...]
    confirm: tuple[str, ...]


def explain(
    filed: Sequence[Filed], editions: Sequence[Opened], model: str, wanted: str, events: Sequence[Event] = ()
) -> Explanation:
    """Explain the star of a model's newest revision on a board, or on the headline board of a task.

    Raises Refusal where the model was not measured there.
    """
    name = _board(filed, editions, model, wanted)
    opened = next((one for one in reversed(editions) if name in one.boards), None)
    frozen = opened.boards[name] if opened else None
    own = [one for one in filed if one.run.board == name]
    passes = frame.frame(own)
    rows = ratings.rate(passes, opened.edition if opened else None, [frozen] if frozen else [])
    rated = [one for one in trust.of(own, events, passes)(rows) if one.model == model]
    rating = max(rated, key=lambda one: (one.measured_at, one.revision))
    judged = tuple(
        Judged(one.run.session, one.digest, gate)
        for one in sorted(own, key=lambda one: (one.run.measured_at, one.digest))
        if (one.run.model.id, one.run.model.revision) == (model, rating.revision)
        for gate in one.run.gates
        if gate.verdict != "pass"
    )
    return of(rating, frozen, judged, demo=opened is not None and opened.edition.kind == "demo")


def of(rating: Rating, frozen: FrozenBoard | None, judged: tuple[Judged, ...], *, demo: bool) -> Explanation:
    """Explain a rating by the board that it was rated with."""
    less, more = _distances(rating, frozen)
    because = _because(rating, frozen, demo=demo)
    confirm = _confirm(rating, frozen, demo=demo)
    return Explanation(rating, frozen, demo, judged, less, more, _without(rating, frozen), because, confirm)


def _board(filed: Sequence[Filed], editions: Sequence[Opened], model: str, wanted: str) -> str:
    """Find the board that is meant: a board's own name, a task's headline board, or the one board of that task."""
    measured = sorted({one.run.board for one in filed if one.run.model.id == model})
    if not measured:
        raise refuse("", model, "was not measured", "Name a model as its folder below submissions/ is called: ORG/NAME")
    if wanted in measured:
        return wanted
    of_task = [name for name in measured if Board.parse(name).task == wanted]
    headlines = [one.edition.headline.get(wanted) for one in reversed(editions)]
    chosen = next((name for name in headlines if name in of_task), None)
    if chosen or len(of_task) == 1:
        return chosen or of_task[0]
    remedy = f"Name one of its boards: {', '.join(of_task or measured)}"
    raise refuse("", wanted, f"is not one board on which {model} was measured", remedy)


def _distances(one: Rating, frozen: FrozenBoard | None) -> tuple[float | None, float | None]:
    if one.stars is None or one.wh_high is None or frozen is None:
        return None, None
    limits = frozen.thresholds_wh
    less = 100 * (1 - limits[4 - one.stars] / one.wh_high) if one.stars < BEST else None
    more = 100 * (limits[5 - one.stars] / one.wh_high - 1) if one.stars > WORST else None
    return less, more


def _without(one: Rating, frozen: FrozenBoard | None) -> dict[str, int]:
    """Item 9: the star with each lineage in turn left out of the founding cohort."""
    if one.stars is None or one.wh_high is None or frozen is None:
        return {}
    return {name: BEST - sum(one.wh_high > limit for limit in limits) for name, *limits in _without_each(frozen)}


@lru_cache(64)  # boards: all models of one ask for the same
def _without_each(frozen: FrozenBoard) -> tuple[tuple[Any, ...], ...]:
    """Give each lineage with the four thresholds that the board would have without it."""
    return tuple(thresholds.without_each([frozen]).select("left_out", *thresholds.T).collect().iter_rows())


def _because(one: Rating, frozen: FrozenBoard | None, *, demo: bool) -> tuple[str, ...]:
    """Say why a star is provisional or borderline. Every cause, not only the first."""
    if one.stars is None or frozen is None:
        return ()
    causes = {
        "this is a demo edition": demo,
        f"the board is anchored on its reference model, {frozen.reference.id}": frozen.anchor == "reference",
        f"the founding cohort has {len(frozen.cohort)} lineages, and {ratings.MIN_COHORT} are needed": (
            frozen.anchor == "cohort" and len(frozen.cohort) < ratings.MIN_COHORT
        ),
        "a gate is flagged": one.verdict == "flag",
        "a gate is flagged for the reference model of a session": one.reference_flags,
        "it was measured in one session": one.sessions == 1,
        "in a session the reference model was more than 5 % off the board's": (one.factor or 0) > FACTOR_FLAGS,
        "the two ends of its interval earn different stars": one.borderline,
    }
    return tuple(words for words, holds in causes.items() if holds)


def _confirm(one: Rating, frozen: FrozenBoard | None, *, demo: bool) -> tuple[str, ...]:
    """Say what would confirm a star."""
    if one.stars is None or frozen is None or one.status == "confirmed":
        return ()
    if demo:
        return ("nothing: stars of a demo edition are never confirmed",)
    needed = []
    if frozen.anchor == "reference" or len(frozen.cohort) < ratings.MIN_COHORT:
        needed.append(f"an edition in which this board has a founding cohort of {ratings.MIN_COHORT} lineages or more")
    if one.verdict == "flag" or one.reference_flags or (one.factor or 0) > FACTOR_FLAGS:
        needed.append("a measurement without a flag")
    if one.borderline:
        needed.append(_narrower(one, frozen))
    elif one.sessions == 1:
        needed.append("a second session")
    return tuple(needed)


def _narrower(one: Rating, frozen: FrozenBoard) -> str:
    """Say how many sessions would bring the interval to one side of the threshold it crosses, all else being alike."""
    if one.y is None or one.h is None:
        return "an interval"
    distance = min(abs(one.y - log(limit)) for limit in frozen.thresholds_wh)
    z = calibration.coverage_factor(frozen.u_sess_sessions)
    left = distance**2 - (z * frozen.u_cal) ** 2
    if left <= 0:
        return f"no number of sessions: {formats.significant(one.wh)} Wh is too near a threshold to tell"
    sessions = ceil((one.h**2 - (z * frozen.u_cal) ** 2) * one.sessions / left)
    return f"some {max(sessions, one.sessions + 1)} sessions in all, if they agree as those so far do"
