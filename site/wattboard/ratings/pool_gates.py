"""The gates of all sessions of a result together (METHOD section 3): no run knows of the others, so they stand here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.runs import Gate
from wattboard.ratings.reasons import FACTOR_FLAGS

if TYPE_CHECKING:
    from wattbench.runs import Verdict
    from wattboard.ratings import Rating

SESSIONS = 2


def pool_gates(rating: Rating) -> tuple[Gate, ...]:
    """Judge how many sessions a result has, and how far their reference model was from the board's.

    As in a run, a gate that does not apply is not in the list: nothing is far from a board that is not frozen.
    """
    factor = _session_factor(rating)
    return (_sessions(rating), *((factor,) if factor is not None else ()))


def _sessions(rating: Rating) -> Gate:
    verdict: Verdict = "pass" if rating.sessions >= SESSIONS else "flag" if rating.sessions else "fail"
    why = "what differs from session to session shows in several only"
    return Gate(name="sessions", value=f"{rating.sessions}", limit=f">= {SESSIONS}", verdict=verdict, why=why)


def _session_factor(rating: Rating) -> Gate | None:
    name, limit = "session factor", f"<= {100 * FACTOR_FLAGS:g} %"
    if rating.factor is None:
        if "no-reference" not in rating.reasons:
            return None
        return Gate(name=name, value=None, limit=limit, verdict="fail", why="a session lacks its reference model")
    failed, flagged = "session-factor" in rating.reasons, rating.factor > FACTOR_FLAGS
    verdict: Verdict = "fail" if failed else "flag" if flagged else "pass"
    why = "the same reference model should cost what it cost when the board was frozen"
    return Gate(name=name, value=f"{100 * rating.factor:.3g} %", limit=limit, verdict=verdict, why=why)
