"""The control chart of a host: does its reference model still cost what it cost? Pure.

An EWMA (lambda 0.2, 3 sigma) of ln R, R being the geometric mean of the reference model before and after a session, in
J a query. The first ten sessions of a device on a board are its base: their mean is the centre, and sigma is METHOD's
u_sess or their own spread, whichever is larger. The limit allows for what ten sessions leave unknown of the centre.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wattbench.runs import Run

LAMBDA = 0.2
SIGMAS = 3.0
BASE = 10  # sessions
U_SESS = 0.005
FACTOR_LIMIT = 0.10  # METHOD's gate "session factor": beyond, every session of the host would fail


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """What the reference model cost in one session: `level` is ln R, R in J a query."""

    at: str
    session: str
    device: str
    board: str
    level: float


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs of a session's reference model."""

    role: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class Point:
    """One session on the chart. `ewma` and `limit` lie around the centre; None while the base is being laid."""

    reference: Reference
    ewma: float | None
    limit: float | None

    @property
    def out(self) -> bool:
        """Whether the host was out of control here."""
        return self.ewma is not None and self.limit is not None and abs(self.ewma) > self.limit


@dataclass(frozen=True, slots=True)
class Chart:
    """A device on a board: centre and sigma of its base (None before there is one), and every session since."""

    device: str
    board: str
    centre: float | None
    sigma: float
    points: tuple[Point, ...]

    @property
    def why_out(self) -> str | None:
        """Say why the host is out of control now; None where it is not."""
        last = self.points[-1] if self.points else None
        if last is None or last.ewma is None or last.limit is None or not last.out:
            return None
        way = "up" if last.ewma > 0 else "down"
        return (
            f"its reference model has drifted {way} by {100 * abs(exp(last.ewma) - 1):.2f} % on {self.board}, "
            f"beyond {100 * (exp(last.limit) - 1):.2f} % (EWMA, {SIGMAS:g} sigma, {len(self.points)} sessions)"
        )


def references(runs: Iterable[Run]) -> list[Reference]:
    """Read what the reference model cost from run files: one a session that has it whole, before and after."""
    return paired(side for run in runs if (side := side_of(run)) is not None)


def side_of(run: Run) -> Side | None:
    """Read one of the two runs of a reference model; None for any other run, and for one that lacks an energy."""
    if run.role == "candidate":
        return None
    level = level_of([(one.joules, one.queries) for one in run.passes])
    if level is None:
        return None
    return Side(run.role, Reference(run.measured_at, run.session, device_of(run), run.board, level))


def level_of(passes: Sequence[tuple[float | None, int]]) -> float | None:
    """The mean of ln J a query over passes; None where one has no energy."""
    energies = [joules / queries for joules, queries in passes if joules is not None]
    return fmean(map(log, energies)) if energies and len(energies) == len(passes) else None


def paired(sides: Iterable[Side]) -> list[Reference]:
    """Join what the reference model cost before and after, session by session."""
    sessions: dict[tuple[str, str], dict[str, Side]] = defaultdict(dict)
    for side in sides:
        sessions[side.reference.session, side.reference.board][side.role] = side
    found = []
    for both in sessions.values():
        levels = [side.reference.level for side in both.values()]
        if len(levels) == 2:  # noqa: PLR2004 - before and after
            first = min(side.reference for side in both.values())
            found.append(replace(first, level=fmean(levels)))
    return sorted(found)


def device_of(run: Run) -> str:
    """What a run knows its host by: its GPUs' UUIDs, else what kind of device it was."""
    return run.device.uuid or run.device.sku


def charts(found: Iterable[Reference], since: Mapping[str, str] | None = None) -> Iterator[Chart]:
    """Draw up a chart for each device and board. `since` begins a device's charts anew, after it was mended."""
    lines: dict[tuple[str, str], list[Reference]] = defaultdict(list)
    for one in sorted(found):
        if one.at >= (since or {}).get(one.device, ""):
            lines[one.device, one.board].append(one)
    for (device, board), line in sorted(lines.items()):
        yield chart(device, board, line)


def chart(device: str, board: str, line: Sequence[Reference], u_sess: float = U_SESS) -> Chart:
    """Draw up the chart of one device on one board, from its sessions in the order of time."""
    base = [one.level for one in line[:BASE]]
    if len(base) < BASE:
        return Chart(device, board, None, u_sess, tuple(Point(one, None, None) for one in line))
    centre, sigma = fmean(base), max(u_sess, stdev(base))
    points = [Point(one, None, None) for one in line[:BASE]]
    ewma = 0.0
    for number, one in enumerate(line[BASE:], 1):
        ewma = LAMBDA * (one.level - centre) + (1 - LAMBDA) * ewma
        weight = 1 - (1 - LAMBDA) ** (2 * number)
        spread = LAMBDA / (2 - LAMBDA) * weight + (1 - (1 - LAMBDA) ** number) ** 2 / BASE
        points.append(Point(one, ewma, SIGMAS * sigma * sqrt(spread)))
    return Chart(device, board, centre, sigma, tuple(points))


def miscalibrated(found: Iterable[Reference]) -> dict[tuple[str, str], str]:
    """Say which devices cost so much more or less than the others on a board that the session factor would fail.

    The board's level is the median of its devices; a single device has nobody to differ from.
    """
    by_board: dict[str, dict[str, float]] = defaultdict(dict)
    for one in sorted(found):
        by_board[one.board][one.device] = one.level  # the newest stays
    told = {}
    for board, levels in by_board.items():
        middle = median(levels.values())
        for device, level in levels.items():
            if abs(level - middle) > log(1 + FACTOR_LIMIT):
                told[device, board] = (
                    f"its reference model costs {100 * (exp(level - middle) - 1):+.0f} % of the board's level, "
                    f"and {100 * FACTOR_LIMIT:.0f} % are allowed"
                )
    return told
