"""What a run is measured with, as interfaces: the protocol is given a clock, a meter, sensors and a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattbench.meters import Meter
    from wattbench.runs import Pass


class MemoryEnded(Exception):  # noqa: N818 - it ends a ladder, not a run
    """A batch does not fit into memory; smaller ones may."""


class Model(Protocol):
    """What the protocol needs of a model; `session` makes one of a process."""

    def load(self) -> None:
        """Load the model; before, the device holds nothing of ours."""
        ...

    def answer(self, rounds: int, batch: int, part: str) -> None:
        """Answer the workload, or a part of it, `rounds` times in batches. Raises MemoryEnded."""
        ...

    def count(self, *, keep: bool) -> dict[str, Any]:
        """Count and hash the outputs of the last answer; kept, they can be graded."""
        ...

    def grade(self, number: int) -> dict[str, Any]:
        """Grade the outputs of a counted pass, by its number from 0; negative from the last."""
        ...

    def cpu_seconds(self) -> float:
        """CPU seconds used so far, in s."""
        ...

    def gpus(self) -> Sequence[str] | None:
        """UUIDs of the GPUs that the loaded model sits on: those that count. None where it sits on none."""
        ...

    def unload(self) -> None:
        """Leave the device."""
        ...


class Sensors(Protocol):
    """What was sampled so far; None where nothing was. `reads` tells whether anything is sampled at all."""

    @property
    def reads(self) -> bool:
        """Whether this meter samples power."""
        ...

    def mean_watts(self, start: float, end: float) -> float | None:
        """Mean power of all metered devices between two times, in W."""
        ...

    def celsius_a_minute(self, start: float, end: float) -> float | None:
        """How fast the hottest metered device warmed between two times, in degrees Celsius a minute."""
        ...


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that a run is measured with, so that a test can bring its own."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    meter: Meter
    sensors: Sensors
    model: Model
    tell: Callable[[str, int, int], None] = lambda _step, _done, _of: None
    keep: Callable[[Pass], None] = lambda _one: None
