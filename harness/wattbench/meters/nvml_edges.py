"""Waiting for the energy counters of GPUs to step. Times are seconds of the monotonic clock.

Every look at a counter wakes this process, and that is most of what a short window costs. So a counter whose beat is
known is left alone until its next step is near. Whatever a beat foretells, an edge is only what was seen.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wattbench.meters.nvml_counter import STEP_SECONDS, Edge
from wattbench.meters.nvml_device import DeviceFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattbench.meters.nvml_device import Gpu

EDGE_TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 0.001
HUNT_SECONDS = 0.005  # between two looks at a counter of which nothing is known
EDGE_TRIES = 4  # edges more than wanted, of a counter that was polled too late around the others
GUESS_DOUBT = 0.001  # of STEP_SECONDS, for a counter that stepped but once
SUREST_SHARE = 0.1  # of a step: a beat that is less sure foretells nothing
GAIN = 0.25  # how much of the last surprise a beat expects to see again


@dataclass(frozen=True, slots=True)
class Beat:
    """When a counter last stepped and how often it does, each +- a doubt, in s.

    jitter: how uneven it was found. guessed: the step is what most cards have, and was never seen here.
    """

    at: float
    at_doubt: float
    step: float | None = None
    step_doubt: float = 0.0
    jitter: float = 0.0
    guessed: bool = False

    def next_after(self, now: float) -> tuple[float, float] | None:
        """Foretell the first step that may still lie after `now`, +- a doubt; None where that is not worth much."""
        if self.step is None:
            return None
        steps = max(1, math.ceil((now - self.at - self._doubt(1)) / self.step))
        doubt = self._doubt(steps)
        return (self.at + steps * self.step, doubt) if doubt < SUREST_SHARE * self.step else None

    def allows(self, edge: Edge) -> bool:
        """Whether an edge that was seen late may have come when it was foretold."""
        foretold = self.next_after(edge.at - edge.uncertainty)
        return foretold is not None and foretold[0] - foretold[1] <= edge.at + edge.uncertainty

    def _doubt(self, steps: int) -> float:
        return self.at_doubt + steps * self.step_doubt + self.jitter + POLL_SECONDS

    def after(self, edge: Edge, *, next_one: bool) -> Beat:
        """Learn from another edge that was seen well; `next_one`: none lay between."""
        found = Beat(edge.at, edge.uncertainty, self.step, self.step_doubt, self.jitter)
        passed, doubt = edge.at - self.at, edge.uncertainty + self.at_doubt
        steps = 1 if next_one and self.step is None else 0
        if self.step is not None:
            near = round(passed / self.step)
            sure = near >= 1 and near * self.step_doubt + doubt < self.step / 4
            steps = near if sure and abs(passed - near * self.step) < self.step / 4 else 0
        if not steps:
            return found
        surprise = 0.0 if self.step is None else abs(passed - steps * self.step) - doubt - steps * self.step_doubt
        jitter = max(surprise, (1 - GAIN) * self.jitter, 0.0)
        better = self.step is None or doubt / steps <= self.step_doubt or surprise > 0
        step, step_doubt = (passed / steps, doubt / steps) if better else (self.step, self.step_doubt)
        return Beat(edge.at, edge.uncertainty, step, step_doubt, jitter)


def await_edges(
    gpus: Sequence[Gpu],
    wanted: int,
    beats: dict[str, Beat] | None = None,
    timeout: float = EDGE_TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, list[Edge]], dict[str, str]]:
    """Wait until every counter stepped `wanted` times in a row; gives, by UUID, the edges seen and the failures.

    beats: what is known of the counters, by UUID; learnt here, for the next time. All counters are watched until the
    last is done, so the latest edge of each is less than a step old.
    """
    watches = [_Watch(gpu, wanted, {} if beats is None else beats, clock) for gpu in gpus]
    began = clock()
    while not all(watch.is_done for watch in watches) and clock() < began + wanted * timeout:
        for watch in watches:
            watch.poll()
            if not watch.edges and watch.failure is None and clock() > began + timeout:
                watch.failure = f"its energy counter did not advance within {timeout:g} s"
        if all(watch.is_done for watch in watches):
            break
        now = clock()
        sleep(max(POLL_SECONDS, min(watch.look_at for watch in watches) - now))
    edges = {watch.gpu.uuid: watch.edges for watch in watches}
    return edges, {watch.gpu.uuid: watch.failure for watch in watches if watch.failure is not None}


class _Watch:
    """Polls one counter. An edge lies between the last read that was old and the first that was new."""

    def __init__(self, gpu: Gpu, wanted: int, beats: dict[str, Beat], clock: Callable[[], float]) -> None:
        self.gpu = gpu
        self.wanted = wanted
        self.edges: list[Edge] = []
        self.failure: str | None = None
        self.look_at = 0.0  # when the next look is worth it
        self._beats = beats
        self._clock = clock
        self._last: float | None = None
        self._last_began = 0.0
        self._first_seen = 0.0
        self._late = 0  # edges that were seen late, though this process looked when it meant to
        self._came_late = False  # whether it looked later than that
        self._quickest = float("inf")  # s: the quickest read so far

    def poll(self) -> None:
        """Read once if it is time, and keep the edge if there was one."""
        began = self._clock()
        if self.failure is not None or began < self.look_at - POLL_SECONDS / 2:
            return
        try:
            joules = self.gpu.energy()
        except DeviceFailed as failure:
            self._fail(str(failure))
            return
        ended = self._clock()
        self._quickest = min(self._quickest, ended - began)
        self._came_late = ended - self.look_at > 2 * POLL_SECONDS + self._quickest
        if joules is None:
            self._fail("its energy counter stopped being supported")
            return
        if joules != self._last:
            if self._last is not None:
                middle, half = (self._last_began + ended) / 2, (ended - self._last_began) / 2
                self.edges.append(Edge(middle, half, joules, self._last, self._first_seen))
                self._learn()
            self._first_seen = (began + ended) / 2
        self._last, self._last_began = joules, began
        self._plan(ended)

    def _fail(self, why: str) -> None:
        self.failure, self.look_at = why, float("inf")

    def _learn(self) -> None:
        """Keep what the latest edge tells of the beat; one that was seen late tells little."""
        edge, beat = self.edges[-1], self._beats.get(self.gpu.uuid)
        in_a_row = len(self.edges) > 1
        if beat is None:
            self._beats[self.gpu.uuid] = Beat(edge.at, edge.uncertainty, STEP_SECONDS, GUESS_DOUBT, guessed=True)
        elif beat.step is not None and not self._is_tight(edge):
            self._late += not self._came_late
            if self._late <= 1 and beat.allows(edge):  # the counter was on time, and this process late
                return
            known = Beat(edge.at, edge.uncertainty)
            self._beats[self.gpu.uuid] = (
                known if beat.guessed else replace(known, step=beat.step, step_doubt=beat.step_doubt)
            )
        else:
            self._beats[self.gpu.uuid] = beat.after(edge, next_one=in_a_row)

    def _plan(self, now: float) -> None:
        """Say when to look again: just before a step that is foretold, else soon."""
        beat = self._beats.get(self.gpu.uuid)
        if beat is None:
            self.look_at = now + HUNT_SECONDS
            return
        foretold = beat.next_after(now)
        soon = now + (POLL_SECONDS if beat.step is not None or self._last is None else HUNT_SECONDS)
        self.look_at = soon if foretold is None else max(soon, foretold[0] - foretold[1])

    def _is_tight(self, edge: Edge) -> bool:
        return edge.uncertainty <= POLL_SECONDS + 1.5 * self._quickest

    @property
    def is_done(self) -> bool:
        """Whether enough edges are known as tightly as this driver allows, or no more can be hoped for."""
        # A busy machine may have kept us from polling around an edge: then the next ones are worth waiting for.
        latest = self.edges[-self.wanted :]
        enough = len(latest) == self.wanted and all(self._is_tight(edge) for edge in latest)
        return self.failure is not None or enough or len(self.edges) >= self.wanted + EDGE_TRIES
