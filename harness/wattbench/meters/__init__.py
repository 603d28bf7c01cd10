"""Meters: what reads energy. One file a meter; each yields a Reading for a window of time.

A meter is used like this, always from outside the measured process:

    with meter.record() as recording:       # samples, from a process of its own, until the end of the block
        window = meter.start(cpu_seconds)   # waits for an edge of the counter where there is one
        ...                                 # the work
        reading = window.stop()             # joules, or None with the reason
        recording.rows()                    # what was sampled up to now, as a trace has it

For a single window the recording may be left out; a meter that samples then makes one for it. `cpu_seconds` is a
function that gives the CPU seconds that the measured process tree has used so far; only `estimate` looks at it. A
reading that failed is None with its reason, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from wattbench.boards import MeterName
    from wattbench.runs import Kind


class MeterUnavailable(Exception):  # noqa: N818 - not an error: this machine simply lacks the meter
    """This machine cannot use that meter; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The energy of one window.

    joules: what the window cost, in J, or None; then `reason` says why.
    seconds: how long the window lasted, in s.
    counter_joules: from the hardware's energy counter, in J; None where there is none.
    sampled_joules: sampled power integrated over the same window (the nearer of instant and average), in J.
    samples: how many samples the integral rests on.
    notes: whatever else the meter knows (per device joules, clock event reasons seen, processes seen, ...).
    """

    joules: float | None
    seconds: float
    reason: str | None = None
    counter_joules: float | None = None
    sampled_joules: float | None = None
    samples: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mean_watts(self) -> float | None:
        """Mean power over the window, in W; None without joules."""
        return self.joules / self.seconds if self.joules is not None and self.seconds > 0 else None


class Window(Protocol):
    """A window that is open."""

    def stop(self) -> Reading:
        """Close the window; the work has ended when this is called."""
        ...


class Recording(Protocol):
    """What a meter samples between entering and leaving `Meter.record()`."""

    @property
    def failures(self) -> Mapping[str, str]:
        """How each device first failed, by its UUID; under "sampler", why sampling ended before its time."""
        ...

    def rows(self, since: float | None = None) -> list[dict[str, Any]]:
        """List the rows up to now as `wattbench.trace` has them, in the order of time; only those from `since` on."""
        ...


class NothingSampled:
    """The recording of a meter that has no sensors to sample."""

    failures: Mapping[str, str] = MappingProxyType({})

    def rows(self, since: float | None = None) -> list[dict[str, Any]]:  # noqa: ARG002 - there are none anyway
        """List no rows."""
        return []


class Meter(Protocol):
    """Anything that can read the energy of a window of time."""

    @property
    def name(self) -> MeterName:
        """The meter's name, as boards carry it."""
        ...

    @property
    def kind(self) -> Kind:
        """Whether its joules are measured or estimated."""
        ...

    def facts(self) -> dict[str, Any]:
        """What the meter reads and with which settings: JSON-able, kept in every run file."""
        ...

    def record(self) -> AbstractContextManager[Recording]:
        """Sample whatever can be sampled, outside this process and the measured one."""
        ...

    def start(self, cpu_seconds: Callable[[], float], gpus: Sequence[str] | None = None) -> Window:
        """Open a window. `gpus` are the UUIDs of those that count; None counts every one that is metered."""
        ...


def find(name: MeterName | None = None, **options: Any) -> Meter:  # noqa: ANN401 - handed on to the meter's own open()
    """Open the meter called `name`, or the best that this machine has: nvml, then rapl, then estimate.

    Raises MeterUnavailable where the one asked for cannot be had.
    """
    openers = _openers()
    if name is not None:
        if name not in openers:
            raise MeterUnavailable(f"the meter {name} is not part of this installation")
        return openers[name](**options)
    for opener in openers.values():
        try:
            return opener()
        except MeterUnavailable:
            continue
    raise MeterUnavailable("no meter works on this machine")


def passed_over(name: MeterName) -> list[tuple[str, str]]:
    """Say why each meter better than `name` is not used here; one that would work is not in the list."""
    found: list[tuple[str, str]] = []
    for better, opener in _openers().items():
        if better == name:
            break
        try:
            opener()
        except MeterUnavailable as unavailable:
            found.append((better, str(unavailable)))
    return found


def _openers() -> dict[str, Callable[..., Meter]]:
    """Every meter's own open(), the best first."""
    from wattbench.meters import estimate, nvml, rapl

    return {"nvml": nvml.open_meter, "rapl": rapl.open_meter, "estimate": estimate.open_meter}
