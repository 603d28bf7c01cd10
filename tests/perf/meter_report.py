"""The bake-off's results as tables, sentences, and verdicts on what is expected of our meter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OURS = "wattbench"
NAMES = {
    "wattbench": "wattbench",
    "zeus": "Zeus",
    "codecarbon": "CodeCarbon",
    "naive": "start/stop",
    "zeus_power": "Zeus PowerMonitor",
    "wake_python": "Python that only wakes",
    "wake_c": "C that only wakes",
    "row_c": "C that reads our row",
}
FLOORS = ("wake_python", "wake_c", "row_c")  # no tools: what ten wakings a second cost whoever does it
RATES = {
    "wattbench": 10,
    "codecarbon": 1,
    "zeus_power": 10,
    **dict.fromkeys(FLOORS, 10),
}  # samples a second of those that sample
# What the waveforms are, and which are slower than the counter's step.
TITLES = {
    "constant": "Constant 412 W",
    "stepped": "Stepped 150/550 W, 2.4 s",
    "square-10-hz": "Square 150/550 W, 10 Hz",
    "bursty": "Bursts of 55 and 210 ms",
    "drifting": "Drifting 250-550 W",
}
LEAST_COVERED = 0.95
STEADY = ("constant", "drifting")


class Cell(NamedTuple):
    """One tool, waveform and length of window: errors in % of the truth, cost in % of a core, calls a second.

    covered: in which share of the windows the truth lay within the tool's own uncertainty; None if it states none.
    simulated: the same of `trials` windows on simulated time.
    """

    tool: str
    waveform: str
    seconds: float
    windows: int
    error: float
    worst: float
    cost: float
    calls: float
    covered: float | None
    simulated: float | None = None
    trials: int = 0


def table(cells: Sequence[Cell]) -> str:
    """Tabulate the median error of every tool by waveform and window."""
    tools = list(dict.fromkeys(cell.tool for cell in cells))
    head = ["Load", "Window", *(NAMES[tool] for tool in tools), "within the stated uncertainty", "so on simulated time"]
    rows = []
    for waveform in dict.fromkeys(cell.waveform for cell in cells):
        for seconds in dict.fromkeys(cell.seconds for cell in cells):
            row = {one.tool: one for one in _of(cells, None, seconds) if one.waveform == waveform}
            best = min(one.error for one in row.values())
            errors = [f"**{one.error:.2f} %**" if one.error == best else f"{one.error:.2f} %" for one in row.values()]
            ours = row[OURS]
            shares = [_share(ours.covered, ours.windows), _share(ours.simulated, ours.trials)]
            rows.append([TITLES[waveform], f"{seconds:g} s", *errors, *shares])
    return _markdown("Median error", head, rows)


def tried(cells: Sequence[Cell]) -> str:
    """Say how many windows a cell has."""
    ours = {one.seconds: one for one in cells if one.tool == OURS}
    each = ", ".join(f"{one.windows} of {seconds:g} s" for seconds, one in ours.items())
    trials = max((one.trials for one in ours.values()), default=0)
    return f"Windows a cell: {each}." + (f" On simulated time: {trials} of each." if trials else "")


def _share(share: float | None, of: int) -> str:
    return "" if share is None else f"{round(share * of)} of {of}"


def costs(cells: Sequence[Cell]) -> str:
    """Tabulate what each tool costs by window, and in the longest a sample of its own, and its calls."""
    tools = [tool for tool in dict.fromkeys(cell.tool for cell in cells) if tool not in FLOORS]
    lengths = list(dict.fromkeys(cell.seconds for cell in cells))
    rows = [
        [f"{seconds:g} s", *(f"{_mean(one.cost for one in _of(cells, tool, seconds)):.2f} %" for tool in tools)]
        for seconds in lengths
    ]
    rows.append(["a sample", *(_each(cells, tool) if tool in RATES else "" for tool in tools)])
    calls = [_mean(one.calls for one in _of(cells, tool, max(lengths))) for tool in tools]
    rows.append(["calls of NVML a second", *(f"{one:.1f}" for one in calls)])
    title = "CPU seconds per second measured; samples and calls are those of the longest window"
    return _markdown(title, ["Window", *(NAMES[tool] for tool in tools)], rows)


def _each(cells: Sequence[Cell], tool: str) -> str:
    return f"{_sample(cells, tool):.0f} µs"


def _sample(cells: Sequence[Cell], tool: str) -> float:
    """What a sample of a tool costs, all told, in the longest window, in µs."""
    longest = max(cell.seconds for cell in cells)
    return 1e4 * _mean(one.cost for one in _of(cells, tool, longest)) / RATES[tool]


def finding(cells: Sequence[Cell]) -> str:
    """Say where the price of ours comes from, and what it is beside the cheapest that samples; in sentences."""
    there = {cell.tool for cell in cells}
    peers = {tool: _sample(cells, tool) for tool in RATES if tool in there - {OURS, *FLOORS}}
    if not peers or not there.issuperset({OURS, *FLOORS}):
        return ""
    cheapest = min(peers, key=lambda tool: peers[tool] * RATES[tool])
    ours, python, bare, read = (_sample(cells, tool) for tool in (OURS, *FLOORS))
    times = ours * RATES[OURS] / (peers[cheapest] * RATES[cheapest])
    rest = ours - python - (read - bare)
    return (
        f"So a sample of ours costs {ours:.0f} µs: {python:.0f} µs to wake a Python process at all, "
        f"{read - bare:.0f} µs to ask for the row from C, and {rest:.0f} µs for asking from Python, keeping the row, "
        f"and a share of the ends of the window. A sample of {NAMES[cheapest]} costs {peers[cheapest]:.0f} µs. It "
        f"takes {RATES[cheapest]} a second and we take {RATES[OURS]}, so that in all we cost {times:.2g} times as much."
    )


def floors(cells: Sequence[Cell]) -> str:
    """Tabulate what ten wakings a second cost without a meter, beside ours; nothing where that was not measured."""
    tools = [tool for tool in (*FLOORS, OURS) if any(cell.tool == tool for cell in cells)]
    if tools == [OURS]:
        return ""
    longest = max(cell.seconds for cell in cells)
    rows = [
        [NAMES[tool], f"{_mean(one.cost for one in _of(cells, tool, longest)):.3f} %", _each(cells, tool)]
        for tool in tools
    ]
    title = "What ten wakings a second cost at least, measured beside the others"
    return _markdown(title, ["Ten wakings a second", "of a core", "each time"], rows)


def _markdown(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"**{title}**", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _of(cells: Iterable[Cell], tool: str | None, seconds: float) -> list[Cell]:
    return [cell for cell in cells if cell.tool == (tool or cell.tool) and cell.seconds == seconds]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def verdicts(cells: Sequence[Cell], costs: Sequence[Cell]) -> Iterator[str]:
    """Say of each expectation whether it was met, and where it was not; `costs` has one tool more."""
    ours = [cell for cell in cells if cell.tool == OURS]
    peers: dict[tuple[str, float], float] = {}
    for cell in cells:
        if cell.tool != OURS:
            place = cell.waveform, cell.seconds
            peers[place] = min(cell.error, peers.get(place, cell.error))
    yield _verdict("under 0.3 % from 5 s on", [one for one in ours if one.seconds >= 5 and one.error >= 0.3])
    yield _verdict(
        "under 1 % at half a second on steady and drifting loads",
        [one for one in ours if one.seconds < 1 and one.waveform in STEADY and one.error >= 1],
    )
    yield _verdict(
        "never worse than the best peer by more than 0.1 points",
        [one for one in ours if one.error > peers[one.waveform, one.seconds] + 0.1],
    )
    shares = [(one.covered or 0, one.windows) for one in ours]
    share = sum(share * windows for share, windows in shares) / sum(windows for _, windows in shares)
    met = "met" if share >= LEAST_COVERED else "NOT MET"
    yield f"{met}: within the stated uncertainty in 95 % of windows ({share:.1%})"
    seldom = [one for one in ours if one.covered is not None and one.covered < LEAST_COVERED]
    where = "; ".join(f"{one.waveform} {one.seconds:g} s: {one.covered:.0%} of {one.windows}" for one in seldom)
    yield f"NOT MET: so in every cell ({where})" if seldom else "met: so in every cell"
    tried = [one for one in ours if one.simulated is not None]
    few = [one for one in tried if (one.simulated or 0) < LEAST_COVERED]
    where = "; ".join(f"{one.waveform} {one.seconds:g} s: {one.simulated:.0%}" for one in few)
    if tried:
        met = (
            f"NOT MET: so in every cell on simulated time ({where})"
            if few
            else "met: so in every cell on simulated time"
        )
        yield met
    yield from _costs(costs)


def _costs(cells: Sequence[Cell]) -> Iterator[str]:
    """Compare what we cost with the cheapest tool that samples, by window."""
    for seconds in dict.fromkeys(one.seconds for one in cells):
        tools = {one.tool for one in cells if one.tool not in FLOORS}
        cost = {tool: _mean(one.cost for one in _of(cells, tool, seconds)) for tool in tools}
        peers = [cost[tool] for tool in RATES if tool not in {OURS, *FLOORS} and tool in cost]
        told = ", ".join(f"{NAMES[tool]} {cost[tool]:.3f}" for tool in sorted(cost) if tool in RATES)
        met = "cost" if not peers else "met: cost" if cost[OURS] <= min(peers) else "NOT MET: cost"
        yield f"{met} at {seconds:g} s at most the cheapest sampler's, in % of a core ({told})"


def _verdict(what: str, failed: Sequence[Cell]) -> str:
    where = "; ".join(f"{one.waveform} {one.seconds:g} s: {one.error:.3f} %" for one in failed)
    return f"NOT MET: {what} ({where})" if failed else f"met: {what}"
