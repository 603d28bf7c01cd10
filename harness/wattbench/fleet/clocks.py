"""How far a host's clock is off the driver's, by round trips. Pure: both clocks are arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUND_TRIPS = 7
LIMIT_SECONDS = 0.2


def skew(ask: Callable[[], float], now: Callable[[], float], trips: int = ROUND_TRIPS) -> tuple[float, float]:
    """Give the skew in s (positive: the host is ahead) and its uncertainty, by the quickest of some round trips.

    The answer was given between sending and hearing, so half the trip is what the figure can be off.
    """
    best = (0.0, float("inf"))
    for _ in range(trips):
        sent = now()
        theirs = ask()
        heard = now()
        half = (heard - sent) / 2
        if half < best[1]:
            best = (theirs - (sent + half), half)
    return best


def why_refused(skew_seconds: float) -> str | None:
    """Say why a host with such a clock is refused; None where it is not."""
    if abs(skew_seconds) <= LIMIT_SECONDS:
        return None
    way = "ahead of" if skew_seconds > 0 else "behind"
    return (
        f"its clock is {1000 * abs(skew_seconds):.0f} ms {way} the driver's, and {1000 * LIMIT_SECONDS:.0f} ms are "
        "allowed: let chrony or ntpd set it"
    )
