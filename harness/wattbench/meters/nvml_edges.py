"""Waiting for the energy counters of GPUs to step. Times are seconds of the monotonic clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wattbench.meters.nvml_counter import Edge
from wattbench.meters.nvml_device import DeviceFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.meters.nvml_device import Gpu

EDGE_TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 0.001
EDGE_TRIES = 3


def await_edges(
    gpus: Sequence[Gpu], wanted: int, timeout: float = EDGE_TIMEOUT_SECONDS
) -> tuple[dict[str, list[Edge]], dict[str, str]]:
    """Wait until every counter stepped `wanted` times in a row; gives, by UUID, the edges seen and the failures.

    All are polled until the last is done, so the latest edge of each is less than a step old.
    """
    watches = [_Watch(gpu, wanted) for gpu in gpus]
    began = time.monotonic()
    while not all(watch.is_done for watch in watches) and time.monotonic() < began + wanted * timeout:
        for watch in watches:
            watch.poll()
            if not watch.edges and watch.failure is None and time.monotonic() > began + timeout:
                watch.failure = f"its energy counter did not advance within {timeout:g} s"
        time.sleep(POLL_SECONDS)
    edges = {watch.gpu.uuid: watch.edges for watch in watches}
    return edges, {watch.gpu.uuid: watch.failure for watch in watches if watch.failure is not None}


class _Watch:
    """Polls one counter. An edge lies between the last read that was old and the first that was new."""

    def __init__(self, gpu: Gpu, wanted: int) -> None:
        self.gpu = gpu
        self.wanted = wanted
        self.edges: list[Edge] = []
        self.failure: str | None = None
        self._last: float | None = None
        self._last_began = 0.0
        self._first_seen = 0.0
        self._quickest = float("inf")  # s: the quickest read so far

    def poll(self) -> None:
        """Read once, and keep the edge if there was one."""
        if self.failure is not None:
            return
        began = time.monotonic()
        try:
            joules = self.gpu.energy()
        except DeviceFailed as failure:
            self.failure = str(failure)
            return
        ended = time.monotonic()
        self._quickest = min(self._quickest, ended - began)
        if joules is None:
            self.failure = "its energy counter stopped being supported"
            return
        if joules != self._last:
            if self._last is not None:
                middle, half = (self._last_began + ended) / 2, (ended - self._last_began) / 2
                self.edges.append(Edge(middle, half, joules, self._last, self._first_seen))
            self._first_seen = (began + ended) / 2
        self._last, self._last_began = joules, began

    @property
    def is_done(self) -> bool:
        """Whether enough edges are known as tightly as this driver allows, or no more can be hoped for."""
        # A busy machine may have kept us from polling around an edge: then the next ones are worth waiting for.
        tight = POLL_SECONDS + 1.5 * self._quickest
        latest = self.edges[-self.wanted :]
        enough = len(latest) == self.wanted and all(edge.uncertainty <= tight for edge in latest)
        return self.failure is not None or enough or len(self.edges) >= self.wanted + EDGE_TRIES - 1
