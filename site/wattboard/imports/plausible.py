"""What a GPU can have used: readings beyond it have a wrong unit, and are refused.

A query costs no more than its GPUs at full power for the longest that is thinkable, and no less than an idle GPU draws
in the shortest. Both ends are wide: a factor of 3 and more beyond every result that was published. A table that is
1,000 times off, either way, has rows beyond them on every board.
"""

from __future__ import annotations

from dataclasses import dataclass

FULL_WATTS = 1000.0  # no GPU of these tables draws more
IDLE_WATTS = 50.0  # no data-centre GPU with a model on it draws less
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Span:
    """The shortest and the longest that one query may take, in GPU-seconds, and why."""

    shortest: float
    longest: float
    why: str

    @property
    def low(self) -> float:
        """The least energy of a query, in J."""
        return IDLE_WATTS * self.shortest

    @property
    def high(self) -> float:
        """The most energy of a query, in J."""
        return FULL_WATTS * self.longest

    def wrong(self, joules: float) -> str | None:
        """Say in words why a query cannot have used so many joules; None where it can."""
        if joules > self.high:
            seconds = joules / FULL_WATTS
            return (
                f"{joules:,.0f} J a query: a GPU would be at {FULL_WATTS:,.0f} W for {seconds:,.0f} s, "
                f"and {self.why}, takes at most {self.longest:g} GPU-seconds"
            )
        if joules < self.low:
            micro = 1e6 * joules / IDLE_WATTS
            return (
                f"{joules:.2g} J a query: what an idle GPU of {IDLE_WATTS:.0f} W draws in {micro:,.3g} us, "
                f"and {self.why}, takes at least {1e6 * self.shortest:,.0f} us"
            )
        return None


PASS = Span(0.0002, 2, "one pass through a model")  # some hundred kernels of 2 us each
BOXES = Span(0.001, 2, "one pass, over a picture in full")
TOKENS = Span(0.002, 5, "a short answer, token by token")
CAPTION = Span(0.03, 20, "a sentence on a picture, token by token")
PICTURE = Span(0.1, 60, "a picture in tens of steps")
LARGE = Span(0.05, 60, "an answer of a model that fills a GPU")
HUGE = Span(0.4, 480, "an answer of a model that fills several GPUs")

# The limit of each GPU model, in W. A mean over a run may read some 5 to 10 % more (METHOD section 3).
LIMIT_WATTS = {"H100": 700.0, "B200": 1000.0}
UNKNOWN_LIMIT_WATTS = 1500.0
TOLERANCE = 1.1
LEAST_WATTS = 20.0


def power(watts: float, gpus: int, gpu: str) -> str | None:
    """Say in words why so many GPUs of a model cannot have drawn a mean of `watts`; None where they can."""
    each, limit = watts / gpus, LIMIT_WATTS.get(gpu, UNKNOWN_LIMIT_WATTS)
    if each > TOLERANCE * limit:
        return f"{each:,.0f} W on each {gpu}, whose limit is {limit:,.0f} W"
    if each < LEAST_WATTS:
        return f"{each:.3g} W on each {gpu}: less than an idle one draws"
    return None
