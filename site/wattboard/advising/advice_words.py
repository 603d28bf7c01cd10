"""How a model, a saving and a difference in quality are said: METHOD section 7 has the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattboard import formats
from wattboard.advising.comparisons import WHY
from wattboard.formats import significant

if TYPE_CHECKING:
    from wattbench.tasks import Metric
    from wattboard.advice import Choice
    from wattboard.advising.choices import Offer
    from wattboard.advising.comparisons import Switch


def told(one: Choice, offer: Offer) -> str:
    """Say a model's energy, stars and quality: never the one without the others."""
    estimated = "an estimated " if offer.kind == "estimated" else ""
    parts = [f"{estimated}{significant(one.wh)} Wh per 1,000 queries{interval(one)}"]
    if one.stars is not None:
        parts.append(f"{one.stars} of 5 stars ({one.status})")
    if one.quality is not None and offer.metric is not None:
        spread = ""
        if one.quality_low is not None and one.quality_high is not None:
            low, high = (formats.quality(end, offer.metric) for end in (one.quality_low, one.quality_high))
            spread = f" ({low} to {high})"
        parts.append(f"{offer.metric.name} {formats.quality(one.quality, offer.metric)}{spread}")
    else:
        parts.append("quality not known")
    return ", ".join(parts)


def interval(one: Choice) -> str:
    """Give an energy's interval in brackets; empty without one."""
    return "" if one.wh_low is None else f" ({significant(one.wh_low)} to {significant(one.wh_high)})"


def points(value: float, metric: Metric) -> str:
    """Say a difference of qualities: `2 points` of a percentage, or a number in the metric's unit."""
    if metric.unit == "%":
        return f"{formats.trim_zeros(f'{100 * value:.1f}')} points"
    return formats.trim_zeros(f"{value:.4f}") + (f" {metric.unit}" if metric.unit else "")


def claim(one: Switch, offer: Offer) -> str:
    """Say what a switch saves. Only for one that is `claimed`."""
    return f"Switch from {one.a} to {one.b}: it {less(one, offer)}, and its quality is not worse{paired(one, offer)}."


def less(one: Switch, offer: Offer) -> str:
    """Say a saving as METHOD does: `uses 63 % less energy (60-66 %)`, with as many digits as its interval supports."""
    if one.less is None or one.less_low is None or one.less_high is None:
        return "uses less energy"
    low, value, high = (100 * share for share in (one.less_low, one.less, one.less_high))
    width = high - low
    places = 0 if width >= 2 else 1 if width >= 0.2 else 2  # noqa: PLR2004 - a digit more where the interval is narrow
    estimated = "an estimated " if offer.kind == "estimated" else ""
    return f"uses {estimated}{value:.{places}f} % less energy ({low:.{places}f}-{high:.{places}f} %)"


def paired(one: Switch, offer: Offer) -> str:
    """Give the paired difference: `(0.4 points worse; 1.1 worse to 0.3 better, over 1,000 queries, ...)`."""
    if one.paired is None or one.margin is None or offer.metric is None:
        return ""
    percent = offer.metric.unit == "%"
    scale, places, unit = (100, 1, " points") if percent else (1, 3, f" {offer.metric.unit}".rstrip())

    def side(gap: float, unit: str = "") -> str:
        size = f"{abs(scale * gap):.{places}f}"
        return f"{size}{unit} {'worse' if gap < 0 else 'better'}" if float(size) else f"{size}{unit}"

    what = "" if one.paired.is_mean else "as each query alone was graded, "
    span = f"{side(one.paired.low)} to {side(one.paired.high)}"
    over = f"over {one.paired.n:,} queries, with a margin of {points(one.margin, offer.metric)}"
    return f" ({what}{side(one.paired.difference, unit)}; {span}, {over})"


def why(one: Switch) -> str:
    """Say why a switch is not claimed."""
    return "; ".join(WHY[name] for name in one.reasons)
