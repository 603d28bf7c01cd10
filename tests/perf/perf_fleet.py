"""A fleet on simulated time: 10,000 submissions on eight boards, placed by the real placement on 1, 8 and 64 hosts.

    python tests/perf/perf_fleet.py [--write]      a minute and a half; with --write into site/pages/fleet.md

Durations come from the official protocol; what it does not say (loading, warm-up beyond its least, the power of a host,
how often one is lost) is declared below and printed with the result.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.boards import Board, Precision, Scenario
from wattbench.fleet import Host, placement
from wattbench.ledger.states import SESSIONS
from wattbench.protocol import OFFICIAL, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from wattbench.fleet import Assignment
    from wattbench.fleet.placement import Who

PAGE = Path(__file__).parents[2] / "site" / "pages" / "fleet.md"
MARKS = ("<!-- fleet -->", "<!-- end of the fleet -->")
DAY, YEAR = 86_400.0, 365.25 * 86_400.0
SUBMISSIONS = 10_000
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8", "int4")
SCENARIOS: tuple[Scenario, ...] = ("single", "saturated")
FLEETS = (1, 8, 64)

# Declared, not measured.
LOADING_SECONDS = 60.0  # hashing and loading a model, counting and grading its answers
WARM_UP_SECONDS = 120.0  # until power and temperature are steady: at least two means of 30 s
RUNGS = 8  # batch sizes of a ladder
FETCHING_SECONDS = 60.0  # a model onto the Shelf, while nothing is measured
IDLE_WATTS, MEASURING_WATTS = 250.0, 650.0  # a whole host with one GPU
HOURS_BETWEEN_LOSSES, HOURS_AWAY = 720.0, 1.0  # each host, by chance


@dataclass(frozen=True, slots=True)
class Waits:
    """A submission on a board, of which nothing is there."""

    model: str
    board: Board
    revision: str = ""
    sessions_wanted: int = SESSIONS
    sessions_there: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a fleet: s of all hosts together but for the makespan; joules."""

    hosts: int
    candidates: int
    makespan: float
    measuring: float
    references: float
    fetching: float
    wasted: float
    away: float
    sessions: int
    apart: float

    @property
    def idle(self) -> float:
        """Share of the hosts' time in which they had nothing to do, away ones apart."""
        there = self.hosts * self.makespan - self.away
        return 1 - (self.measuring + self.references + self.fetching + self.wasted) / there

    @property
    def joules(self) -> float:
        """What all hosts used until the last session had ended."""
        at_work = self.measuring + self.references + self.wasted
        return at_work * MEASURING_WATTS + (self.hosts * self.makespan - self.away - at_work) * IDLE_WATTS


def run_seconds(scenario: Scenario, protocol: Protocol = OFFICIAL) -> float:
    """How long one run takes under a protocol: four baselines, warm-up, passes; a ladder where there is one."""
    seconds = 4 * protocol.baseline_seconds + LOADING_SECONDS + WARM_UP_SECONDS
    seconds += protocol.passes * 1.05 * protocol.window_seconds
    return seconds + (WARM_UP_SECONDS + RUNGS * protocol.rung_seconds if scenario == "saturated" else 0)


def boards() -> list[Board]:
    """Eight boards of one device."""
    return [
        Board("text-generation", 1, "h100-sxm5-80gb", precision, scenario)
        for precision, scenario in itertools.product(PRECISIONS, SCENARIOS)
    ]


def queue(submissions: int) -> Iterator[Waits]:
    """Give the queue: each submission asks for every board."""
    for number in range(submissions):
        yield from (Waits(f"org/m{number:05d}", board) for board in boards())


def simulate(hosts: int, submissions: int = SUBMISSIONS, candidates: int = placement.CANDIDATES) -> Outcome:
    """Play a fleet through to the end of the queue; hosts are lost by chance in mid-session."""
    fleet = [Host(str(n), f"h{n}", f"G{n}", "h100-sxm5-80gb", 1, "nvml", "580", "", 0.0) for n in range(hosts)]
    chance = random.Random(hosts)  # noqa: S311 - who is lost when is no secret
    backlog = placement.shuffled(placement.slots_of(queue(submissions), {}, {}), "study")
    used: dict[Who, set[str]] = defaultdict(set)
    out = dict.fromkeys(("measuring", "references", "fetching", "wasted", "away"), 0.0)
    # (when, order, host, what it has just measured and whether that came through)
    ends: list[tuple[float, int, Host, Assignment | None, bool]] = []
    order, now, sessions = itertools.count(), 0.0, 0
    free: list[Host] = list(fleet)

    def used_by(who: Who) -> Collection[str]:
        return used[who]

    def fits(_board: Board, _host: Host) -> Sequence[str]:
        return ()

    while True:
        for one in placement.place(backlog, free, fleet, used_by, fits, candidates):
            host = next(host for host in free if host.name == one.host)
            free.remove(host)
            seconds = run_seconds(one.board.scenario)
            fetch = FETCHING_SECONDS * len(one.slots)
            took = seconds * (len(one.slots) + 2)
            lost = chance.expovariate(1 / (HOURS_BETWEEN_LOSSES * 3600))
            for slot in one.slots:
                used[slot.who].add(host.device)
            out["fetching"] += min(fetch, lost)
            if lost < fetch + took:
                out["wasted"] += max(0.0, lost - fetch)
                out["away"] += HOURS_AWAY * 3600
                heapq.heappush(ends, (now + lost + HOURS_AWAY * 3600, next(order), host, one, False))
                continue
            out["measuring"] += seconds * len(one.slots)
            out["references"] += seconds * 2
            heapq.heappush(ends, (now + fetch + took, next(order), host, one, True))
        if not ends:
            break
        now, _, host, ended, came = heapq.heappop(ends)
        free.append(host)
        sessions += came
        if ended is not None and not came:
            for slot in ended.slots:
                used[slot.who].discard(host.device)
            placement.put_back(backlog, ended.slots)
    apart = sum(len(devices) > 1 for devices in used.values()) / len(used)
    return Outcome(hosts, candidates, now, **out, sessions=sessions, apart=apart)


def span(seconds: float) -> str:
    """A time as people say it."""
    return f"{seconds / YEAR:.1f} years" if seconds > 2 * YEAR else f"{seconds / DAY:.0f} days"


def table(found: Sequence[Outcome]) -> str:
    """Lay out what came of each fleet, as HTML that can be scrolled by keyboard."""
    head = (
        "Hosts",
        "Models a session",
        "Sessions",
        "Until all is measured",
        "Idle",
        "Reference runs",
        "Fetching",
        "Lost",
        "On two hosts",
        "Energy",
        "of it waiting",
    )
    lines = ["".join(f'<th scope="col" class="ws-num">{name}</th>' for name in head)]
    lines += ["".join(f'<td class="ws-num">{cell}</td>' for cell in cells(one)) for one in found]
    rows = "\n".join(f"<tr>{line}</tr>" for line in lines)
    where = '<div class="ws-tablewrap" tabindex="0" role="region" aria-label="Fleets on simulated time">'
    return f'{where}<table class="ws-mini">\n{rows}\n</table></div>'


def cells(one: Outcome) -> tuple[str, ...]:
    """Say what came of a fleet, cell by cell."""
    there = one.hosts * one.makespan - one.away
    waiting = (there - one.measuring - one.references - one.wasted) * IDLE_WATTS / one.joules
    shares = [f"{100 * part / there:.2f} %" for part in (one.references, one.fetching, one.wasted)]
    return (
        str(one.hosts),
        str(one.candidates),
        f"{one.sessions:,}",
        span(one.makespan),
        f"{100 * one.idle:.2f} %",
        *shares,
        f"{100 * one.apart:.1f} %",
        f"{one.joules / 3.6e9:,.0f} MWh",
        f"{100 * waiting:.1f} %",
    )


def text(found: Sequence[Outcome]) -> str:
    """Say what was assumed and what came out."""
    single, saturated = run_seconds("single"), run_seconds("saturated")
    return f"""\
{SUBMISSIONS:,} submissions, each on eight boards of one device (four precisions, both scenarios), {SESSIONS} sessions \
each: {SUBMISSIONS * 8 * SESSIONS:,} runs besides those of the reference model.

{table(found)}

Idle: nothing to do, until the last session had ended. Reference runs, fetching, lost: shares of the hosts' time; lost \
is what was measured and had to be measured again. On two hosts: submissions whose two sessions ran on different ones.

Assumed, none of it measured: a run takes {single / 60:.1f} minutes with single queries, {saturated / 60:.1f} with a \
ladder of batches (the official protocol's baselines, passes and rungs, {WARM_UP_SECONDS:.0f} s of warm-up, \
{LOADING_SECONDS:.0f} s to hash, load and grade); a model is fetched in {FETCHING_SECONDS:.0f} s, anew for every \
session; a host with one GPU draws {IDLE_WATTS:.0f} W while it waits or fetches and {MEASURING_WATTS:.0f} W while it \
measures; each is lost once in {HOURS_BETWEEN_LOSSES:.0f} hours, by chance, and back after {HOURS_AWAY:.0f} hour, with \
nothing of its session kept."""


def main() -> None:
    """Simulate, report."""
    parser = argparse.ArgumentParser(description="A fleet on simulated time.")
    parser.add_argument("--write", action="store_true", help="put the figures into site/pages/fleet.md")
    wanted = parser.parse_args()
    found = [simulate(hosts) for hosts in FLEETS] + [simulate(8, candidates=1)]
    print(text(found))
    if wanted.write:
        before = PAGE.read_text(encoding="utf-8")
        head, tail = before.split(MARKS[0])[0], before.split(MARKS[1])[1]
        PAGE.write_text(f"{head}{MARKS[0]}\n\n{text(found)}\n\n{MARKS[1]}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
