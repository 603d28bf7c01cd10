"""A simulated host: clock, GPU, meter, sensors and model in one, so that an official run takes milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wattbench.bench import Bench, MemoryEnded
from wattbench.meters import Reading
from wattbench.protocol import Asked, Measured, Protocol, measure
from wattbench.sensors import celsius_a_minute, mean_watts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UUID = "GPU-51000000-0000-0000-0000-000000000000"
IDLE, CONTEXT, BUSY = 70.0, 120.0, 400.0
STEP = 0.1


@dataclass
class World:
    """A round takes `round_seconds` and draws `busy(seconds since the work began)` watts; samples come at 10 Hz.

    Tests change: `busy` (power while working), `celsius` (temperature by time), `at` (called before each pass with its
    number: faults happen here), `readings` (what the meter says instead of the truth), `memory` (the largest batch),
    `speed_up` (time of a round by batch), `private_cost` (of private rows, against public ones), `digests`, `limit`.
    """

    now: float = 1000.0
    round_seconds: float = 7.0
    rows_a_round: int = 100
    busy: Callable[[float], float] = lambda _t: BUSY
    celsius: Callable[[float], float] = lambda _t: 60.0
    at: Callable[[World, int], None] = lambda _world, _number: None
    loaded: bool = False
    worked: float = 0.0
    started_working: float | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    passes_begun: int = 0
    told: list[tuple[str, int, int]] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    reasons: dict[str, float] = field(default_factory=dict)
    processes: list[int] = field(default_factory=lambda: [4242])
    failure: str | None = None
    counter_factor: float = 1.0
    factor: Callable[[int], float] = lambda _number: 1.0
    skip_samples: bool = False
    answered: Callable[[int], int] = lambda queries: queries
    digests: list[str] = field(default_factory=list)
    limit: float = 700.0
    name: str = "nvml"
    kind: str = "measured"
    reads: bool = True
    graded: int = 0
    memory: int | None = None
    speed_up: Callable[[int], float] = lambda _batch: 1.0
    private_cost: float = 1.0
    part: str = "all"
    counted_to_keep: int = 0

    def clock(self) -> float:
        return self.now

    def advance(self, seconds: float, watts: Callable[[float], float]) -> float:
        """Let time pass; power is sampled on the way. Gives the joules used."""
        joules, end = 0.0, self.now + seconds
        while self.now < end - 1e-9:
            step = min(STEP, end - self.now)
            power = watts(self.now)
            joules += power * step
            self.now += step
            self.rows.append(
                {
                    "seconds": self.now,
                    "gpu": UUID,
                    "instant_watts": power,
                    "average_watts": power,
                    "usage_watts": None,
                    "celsius": self.celsius(self.now),
                }
            )
        return joules

    def sleep(self, seconds: float) -> None:
        self.advance(seconds, lambda _t: CONTEXT if self.loaded else IDLE)

    def mean_watts(self, start: float, end: float) -> float | None:
        return mean_watts(self.rows, start, end) if self.reads else None

    def celsius_a_minute(self, start: float, end: float) -> float | None:
        return celsius_a_minute(self.rows, start, end) if self.reads else None

    def load(self) -> None:
        self.now += 20
        self.loaded = True

    def unload(self) -> None:
        self.now += 2
        self.loaded = False

    def answer(self, rounds: int, batch: int, part: str) -> None:
        if self.memory is not None and batch > self.memory:
            raise MemoryEnded(f"memory ended in a batch of {batch}")
        if self.started_working is None:
            self.started_working = self.now
        began = self.started_working
        self.rounds, self.part = rounds, part
        share = {"all": 1.0, "public": 0.9, "private": 0.1 * self.private_cost}[part]
        seconds = rounds * self.round_seconds * share * self.speed_up(batch)
        self.worked = self.advance(seconds, lambda t: self.busy(t - began))

    def count(self, *, keep: bool) -> dict[str, Any]:
        self.now += 3  # whatever counting costs lies in no window
        self.counted_to_keep += keep
        queries = round(self.rounds * self.rows_a_round * {"all": 1.0, "public": 0.9, "private": 0.1}[self.part])
        return {
            "queries": queries,
            "answered": self.answered(queries),
            "input_tokens": None,
            "output_tokens": None,
            "distinct": self.rows_a_round,
            "echoed": 0,
            "outputs_sha256": self.digests.pop(0) if self.digests else "0" * 64,
        }

    def grade(self, _number: int) -> dict[str, Any]:
        self.graded += 1
        self.now += 30
        quality = {"metric": "accuracy", "value": 0.9, "low": 0.88, "high": 0.92, "n": 100, "higher_is_better": True}
        return {"quality": quality, "more": {}, "scores": []}

    def cpu_seconds(self) -> float:
        return self.now

    def facts(self) -> dict[str, Any]:
        gpu = {
            "uuid": UUID,
            "name": "NVIDIA H100 80GB HBM3",
            "counter": True,
            "fake": False,
            "power_limit_watts": self.limit,
            "default_power_limit_watts": 700.0,
            "persistence": True,
            "ecc": True,
            "mig": False,
            "processes_before": [],
        }
        return {"name": "nvml", "kind": "measured", "fake": False, "gpus": [gpu]}

    def gpus(self) -> list[str]:
        return [UUID]

    def start(self, _cpu_seconds: Callable[[], float], gpus: Sequence[str] | None = None) -> WorldWindow:
        assert gpus == [UUID]
        self.at(self, self.passes_begun)
        self.passes_begun += 1
        return WorldWindow(self, self.now, self.passes_begun)


@dataclass
class WorldWindow:
    world: World
    opened: float
    number: int

    def stop(self) -> Reading:
        world = self.world
        seconds = world.now - self.opened
        joules = world.worked * world.factor(self.number)
        counted = None if world.failure else joules * world.counter_factor
        gpu = {
            "joules": counted,
            "reason": world.failure,
            "counter_joules": counted,
            "sampled_joules": joules,
            "missing_samples": round(seconds / STEP / 3) if world.skip_samples else 0,
            "longest_gap_seconds": 0.1,
            "event_reasons": dict(world.reasons),
            "processes": list(world.processes),
        }
        notes = {
            "opened_monotonic_seconds": self.opened,
            "closed_monotonic_seconds": world.now,
            "sample_seconds": STEP,
            "gpus": {UUID: gpu},
        }
        return Reading(counted, seconds, world.failure, counted, joules, round(seconds / STEP), notes)


def play(world: World, protocol: Protocol, passes: int | None = None, **asked: Any) -> Measured:
    """Play a run through on a simulated host."""
    bench = Bench(
        clock=world.clock,
        sleep=world.sleep,
        meter=world,  # type: ignore[arg-type] # a whole host is more than a meter
        sensors=world,
        model=world,
        tell=lambda *step: world.told.append(step),
        keep=world.kept.append,
    )
    return measure(protocol, bench, Asked(passes=passes, **asked))
