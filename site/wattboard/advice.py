"""Right-sizing: the model with the lowest energy that is good enough and fast enough. Pure, from plain values.

`pick` is all that the page in the browser does too; it is tested there on the same inputs. It takes `rows`, each with

    model                    its name
    wh                       Wh per 1,000 queries; `wh_low` to `wh_high` is the 95 % interval, null where there is none
    quality                  in the unit of the metric, a percentage as a fraction; with `quality_low`, `quality_high`
    seconds_per_query        the mean time of a query, in s
    latency_p95_seconds      the 95th percentile of the time of a batch, in s
    stars, status, revision  as published; they decide nothing here

of one board, all but `model` and `wh` null where they are not known, and what is asked for: `higher_is_better`, at
most one of `min_quality` and `within` (both in the unit of the metric), and `max_latency` in s.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from wattboard import intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAR = 1e-9  # a bar is a difference of two decimals: what reaches it to nine places reaches it

Passed = Literal["no-quality", "below-quality", "no-latency", "too-slow"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A model on a board, as advice sees it: the fields are told in this module's head."""

    model: str
    wh: float
    wh_low: float | None = None
    wh_high: float | None = None
    quality: float | None = None
    quality_low: float | None = None
    quality_high: float | None = None
    seconds_per_query: float | None = None
    latency_p95_seconds: float | None = None
    stars: int | None = None
    status: str | None = None
    revision: str | None = None

    @property
    def latency(self) -> float | None:
        """What a limit on latency is held against, in s: the 95th percentile where it is known, else the mean."""
        return self.seconds_per_query if self.latency_p95_seconds is None else self.latency_p95_seconds


@dataclass(frozen=True, slots=True)
class Pick:
    """What meets the wishes with the lowest energy: `model`, None where nothing does.

    alike: the other models that meet them and whose energy cannot be told apart from the pick's: the interval of the
    ratio holds 1. order_only: the pick is a single value, so that its energy is lower and no more can be said.
    best: the model with the best quality of the board. bar: the quality that was asked for, in the metric's unit.
    met: all that meet the wishes, the lowest energy first. passed_over: all others, each with every reason.
    """

    model: str | None
    alike: tuple[str, ...]
    order_only: bool
    best: str | None
    bar: float | None
    met: tuple[str, ...]
    passed_over: dict[str, tuple[Passed, ...]]

    def as_dict(self) -> dict[str, Any]:
        """Give it for programs."""
        told = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()} | {
            "passed_over": {model: list(why) for model, why in self.passed_over.items()}
        }


def pick(
    rows: Sequence[Choice],
    *,
    higher_is_better: bool,
    min_quality: float | None = None,
    within: float | None = None,
    max_latency: float | None = None,
) -> Pick:
    """Find the lowest energy of a board among what is good and fast enough. Equality is enough; estimates decide.

    Raises ValueError where both `min_quality` and `within` are given.
    """
    if min_quality is not None and within is not None:
        raise ValueError("a quality is asked for once: by min_quality or by within")
    top = best(rows, higher_is_better=higher_is_better)
    sign = 1 if higher_is_better else -1
    bar = min_quality
    if within is not None and top is not None and top.quality is not None:
        bar = top.quality - sign * within
    asked = bar is not None or within is not None
    passed: dict[str, tuple[Passed, ...]] = {}
    met = []
    for row in sorted(rows, key=order(higher_is_better=higher_is_better)):
        why: list[Passed] = []
        if asked and row.quality is None:
            why.append("no-quality")
        elif bar is not None and row.quality is not None and sign * (row.quality - bar) < -NEAR:
            why.append("below-quality")
        if max_latency is not None and row.latency is None:
            why.append("no-latency")
        elif max_latency is not None and row.latency is not None and row.latency > max_latency:
            why.append("too-slow")
        if why:
            passed[row.model] = tuple(why)
        else:
            met.append(row)
    chosen = met[0] if met else None
    return Pick(
        model=chosen.model if chosen else None,
        alike=tuple(row.model for row in met[1:] if chosen and intervals.alike(chosen, row)),
        order_only=chosen is not None and intervals.energy(chosen) is None,
        best=top.model if top else None,
        bar=bar,
        met=tuple(row.model for row in met),
        passed_over=dict(sorted(passed.items())),
    )


def best(rows: Sequence[Choice], *, higher_is_better: bool) -> Choice | None:
    """Give the row with the best quality, by its estimate; of equals the one with the lower energy."""
    sign = 1 if higher_is_better else -1
    graded = [(-sign * row.quality, row.wh, row.model, row) for row in rows if row.quality is not None]
    return min(graded, key=lambda one: one[:3])[3] if graded else None


def order(*, higher_is_better: bool) -> Any:  # noqa: ANN401 - a key for sorted
    """Give the order of every list: by energy, of equals the better quality first, then by name."""
    sign = 1 if higher_is_better else -1

    def key(row: Choice) -> tuple[float, bool, float, str]:
        return row.wh, row.quality is None, -sign * (row.quality or 0.0), row.model

    return key
