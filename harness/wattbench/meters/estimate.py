"""The `estimate` meter: measured CPU seconds of the process tree x declared watts per core. No hardware reading.

Honest about what it is: every number it yields is "estimated", and the watts are a declared assumption. It orders
models on one machine; it says nothing across machines.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wattbench.meters import MeterUnavailable, NothingSampled, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from wattbench.runs import Kind

DEFAULT_WATTS_PER_CORE = 4.0
DEFAULT_SOURCE = "4 W per hardware thread, what codecarbon 3.3 assumes for a CPU that it does not know"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Declared watts per busy core, and where that figure comes from."""

    watts_per_core: float = DEFAULT_WATTS_PER_CORE
    source: str = DEFAULT_SOURCE
    clock: Callable[[], float] = time.monotonic
    name: Literal["estimate"] = "estimate"
    kind: Kind = "estimated"

    def facts(self) -> dict[str, Any]:
        """The assumption that every number of this meter rests on."""
        return {
            "name": self.name,
            "kind": self.kind,
            "method": "CPU seconds of the process tree x declared watts per core",
            "watts_per_core": self.watts_per_core,
            "source": self.source,
        }

    def record(self) -> AbstractContextManager[NothingSampled]:
        """Record nothing: there is nothing to sample."""
        return nullcontext(NothingSampled())

    def start(
        self,
        cpu_seconds: Callable[[], float],
        gpus: Sequence[str] | None = None,  # noqa: ARG002 - a CPU's estimate knows none
    ) -> EstimateWindow:
        """Open a window."""
        return EstimateWindow(self, cpu_seconds, cpu_seconds(), self.clock())


@dataclass(frozen=True, slots=True)
class EstimateWindow:
    """An open window: the CPU seconds and the clock, in s, at its start."""

    meter: Estimate
    cpu_seconds: Callable[[], float]
    cpu_at_start: float
    started: float

    def stop(self) -> Reading:
        """Close the window. CPU seconds that did not advance are an invalid reading, not 0 J."""
        seconds = self.meter.clock() - self.started
        used = self.cpu_seconds() - self.cpu_at_start
        notes = {"cpu_seconds": used, "watts_per_core": self.meter.watts_per_core}
        if used <= 0:
            return Reading(None, seconds, "the CPU time of the process tree did not advance", notes=notes)
        return Reading(used * self.meter.watts_per_core, seconds, notes=notes)


def open_meter(watts_per_core: float = DEFAULT_WATTS_PER_CORE, source: str | None = None) -> Estimate:
    """Open the estimate. Raises MeterUnavailable for watts that are not above 0."""
    if not 0 < watts_per_core < float("inf"):
        raise MeterUnavailable(f"{watts_per_core} W per core is no assumption to estimate with: give a number above 0")
    default = watts_per_core == DEFAULT_WATTS_PER_CORE
    return Estimate(watts_per_core, source or (DEFAULT_SOURCE if default else "declared by whoever ran it"))
