"""Numbers for people: 3 significant digits, the interval beside them, units in words. Jinja filters, all pure."""

from __future__ import annotations

from datetime import date
from math import exp, floor, log10
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from wattbench.boards import Board
    from wattbench.tasks import Metric

DIGITS = 3
LED_WATTS = 10


def significant(value: float | None, digits: int = DIGITS) -> str:
    """Give a number with `digits` significant digits, never as an exponent: 0.0164147 is `0.0164`."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    places = digits - 1 - floor(log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{round(value, places):,.{max(places, 0)}f}"


def plus_minus(h: float | None) -> str:
    """Give the half width of an interval `exp(y +- h)` in per cent: `±6.2 %`; empty without one."""
    if h is None:
        return ""
    percent = 100 * (exp(h) - 1)
    return f"±{percent:.1f} %" if percent < 10 else f"±{percent:.0f} %"  # noqa: PLR2004 - two digits either way


def quality(value: float | None, metric: Metric) -> str:
    """Give a quality in its metric's unit: `76.0 %` or `0.613`."""
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if metric.unit == "%" else f"{value:.3f}{metric.unit and ' ' + metric.unit}"


def quality_spread(interval: tuple[float | None, float | None], value: float | None, metric: Metric) -> str:
    """Give a quality's interval: `±4.0` points where it is about even, else `79.6 to 100.0`; empty where absent."""
    low, high = interval
    if low is None or high is None or value is None:
        return ""
    scale, places = (100, 1) if metric.unit == "%" else (1, 3)
    half = (high - low) / 2
    if abs((high + low) / 2 - value) > half / 2:
        return f"{scale * low:.{places}f} to {scale * high:.{places}f}"
    return f"±{scale * half:.{places}f}"


def tick(value: float, metric: Metric) -> str:
    """Name a tick of a quality axis: `76 %` or `0.55`."""
    return f"{trim_zeros(f'{100 * value:.2f}')} %" if metric.unit == "%" else trim_zeros(f"{value:.4f}")


def trim_zeros(number: str) -> str:
    """Drop the zeros behind a decimal point: `0.0300` is `0.03`."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def capitalize_first(text: str) -> str:
    """Write the first letter large and leave the others: `top-1 accuracy`, `Spearman's rho`."""
    return text[:1].upper() + text[1:]


def count(value: float) -> str:
    """Give a count of parameters: `17.4 M`, `8.03 B`."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{significant(value / size)} {letter}"
    return f"{value:,}"


def led(wh: float) -> str:
    """Say how long an energy keeps a 10 W LED alight: 1 Wh is 6 minutes."""
    seconds = wh * 3600 / LED_WATTS
    for size, word in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second")):
        if seconds >= 2 * size or size == 1:
            return f"{significant(seconds / size, 2)} {word}s"
    raise AssertionError  # the last size always answers


def joules_per_query(wh_per_1000: float) -> float:
    """Turn Wh per 1,000 queries into J per query."""
    return wh_per_1000 * 3.6


def clock(seconds: float) -> str:
    """Write a time out as minutes and seconds, with hours where there are any: `9:05`, `1:00:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def day(text: str) -> str:
    """Write a date out: `2026-11-20` is `20 November 2026`."""
    when = date.fromisoformat(text[:10])
    return f"{when.day} {when:%B %Y}"


def scenario(board: Board) -> str:
    """Say a board's scenario in words."""
    return {"single": "one query at a time", "saturated": "batches as large as pay off"}[board.scenario]


def held(text: str) -> str:
    """Hold each number and its per cent on one line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def path(text: str) -> str:
    """Quote a part of a URL, slashes kept."""
    return quote(text, safe="/~")


FILTERS = {
    "significant": significant,
    "plus_minus": plus_minus,
    "quality": quality,
    "quality_spread": quality_spread,
    "tick": tick,
    "trim_zeros": trim_zeros,
    "capitalize_first": capitalize_first,
    "count": count,
    "led": led,
    "joules_per_query": joules_per_query,
    "day": day,
    "scenario": scenario,
    "held": held,
    "path": path,
}
