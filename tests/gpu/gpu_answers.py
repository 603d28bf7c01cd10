"""What was found out, for people: one sentence a question, and a page of Markdown with every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DIGITS = 6


def answer(name: str, told: Mapping[str, Any]) -> str:
    """Say in one sentence what a section found, or why it found nothing."""
    if "skipped" in told:
        return f"Skipped: {told['skipped']}."
    if "failed" in told:
        return f"Failed: {told['failed']}."
    return SENTENCES[name](told["found"])


def page(known: Mapping[str, Any]) -> str:
    """Write everything as Markdown."""
    card = known["card"]
    lines = [
        f"# {card['name']}, {known['measured_at'][:10]}",
        "",
        f"Driver {card['driver']}; {known['seconds']:.0f} s of a budget of {known['budget_seconds']:.0f} s. Written by",
        "`make gpu-check`; every number is what this card said. The JSON beside this page has them all.",
    ]
    if card["fake"]:
        lines += ["", "**This is a stand-in for a card, made for tests: nothing here was measured.**"]
    for name, told in known["sections"].items():
        lines += ["", f"## {told['title']}", "", answer(name, told)]
        if "found" in told:
            lines += ["", "| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in _flat(told["found"]))]
    return "\n".join(lines) + "\n"


def rounded(value: Any) -> Any:
    """Round every number to 6 significant digits, however deep."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _flat(found: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield from _flat(value, f"{name} {key}".strip().replace("_", " "))
    elif isinstance(found, list) and found and isinstance(found[0], dict):
        for index, value in enumerate(found, 1):
            yield from _flat(value, f"{name} {index}")
    elif isinstance(found, list):
        yield name, ", ".join(_number(one) for one in found)
    else:
        yield name, _number(found)


def _number(value: Any) -> str:
    if value is None:
        return "absent"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")


def _percent(value: float | None) -> str:
    return "absent" if value is None else f"{value:+.2f} %"


def _idle(found: Mapping[str, Any]) -> str:
    instant, average = _percent(found["instant_percent_off"]), _percent(found["average_percent_off"])
    watts = found["counter_watts"]
    return f"{watts:.1f} W by the counter; the instant sensor is {instant} off it, the average {average}."


def _off(found: Mapping[str, Any]) -> str:
    return (
        f"Against the counter's {found['counter_watts']:.1f} W over {found['seconds']:.1f} s (edges known to "
        f"{found['edge_uncertainty_percent']:.2f} %), integrated instant power is "
        f"{_percent(found['instant_percent_off'])} off, average power {_percent(found['average_percent_off'])}."
    )


def _opened(found: Mapping[str, Any]) -> str:
    return f"A context and the first loads took {found['seconds_to_open']:.1f} s on {found['device']}."


def _warmed(found: Mapping[str, Any]) -> str:
    state = "steady" if found["steady"] else "still not steady"
    last = found["mean_watts"][-1]
    return f"The load was {state} after {found['seconds_to_steady']:.0f} s, at {last:.1f} W."


def _stepped(found: Mapping[str, Any]) -> str:
    low, middle, high = (1000 * found["step_seconds"][name] for name in ("p5", "median", "p95"))
    edge = 1000 * found["edge_uncertainty_seconds"]["median"]
    return (
        f"The counter steps every {middle:.1f} ms ({low:.1f} to {high:.1f} in nine of ten steps); an edge can be told "
        f"to within {edge:.1f} ms."
    )


def _varied(found: Mapping[str, Any]) -> str:
    told = ", ".join(
        f"{_number(row['cv_percent_at_edges'])} % at {row['window_seconds']:.3g} s" for row in found["rows"]
    )
    return f"The CV of equal windows between edges is {told}."


def _cost(found: Mapping[str, Any]) -> str:
    return (
        f"A sample costs {1000 * found['cpu_seconds_a_sample']:.3f} ms of a core, "
        f"{found['percent_of_a_core_at_10_hz']:.2f} % of it at 10 Hz."
    )


def _ran(found: Mapping[str, Any]) -> str:
    through = found["about"].get("instead_of_optimum")
    how = f"without Optimum ({through})" if through else "through Optimum"
    joules = found["joules_a_query"]
    cost = "no query was answered" if joules is None else f"{found['queries']:,} queries at {joules:.4g} J each"
    return f"{found['about'].get('model', 'a model')} ran {how}: {cost}."


SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "bare": _idle,
    "connect": _opened,
    "context": _idle,
    "warm_up": _warmed,
    "counter": _stepped,
    "steady": _off,
    "square": _off,
    "square_shifted": _off,
    "bursts": _off,
    "windows": _varied,
    "polling": _cost,
    "model": _ran,
}
