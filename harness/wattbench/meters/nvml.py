"""The `nvml` meter: the energy counter of NVIDIA GPUs, cross-checked with sampled power.

The counter moves in steps of 20-100 ms. So a window opens on a step, and once it has closed the meter waits for the
next two, to tell how much of the step in which the work ended belongs to it. Power is sampled at 10 Hz by a process
of its own and integrated over exactly the same window. A GPU without a counter is read by its sampled power alone,
and says so. Every reading states its own uncertainty, and is worked out by `replay_nvml` from what the trace holds.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from wattbench.meters import MeterUnavailable, nvml_device, replay_nvml
from wattbench.meters.nvml_device import DeviceFailed, Driver, Gpu
from wattbench.meters.nvml_edges import Beat, await_edges
from wattbench.meters.nvml_recording import NvmlRecording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from wattbench.meters import Reading
    from wattbench.meters.nvml_counter import Edge
    from wattbench.runs import Kind

ROWS_BEFORE_SECONDS = 1.0  # of those before the window, what its reading rests on too
CLOSING_EDGES = 2  # the step in which the work ends, and the next one for the level of power after it


@dataclass(frozen=True, slots=True)
class Nvml:
    """Some GPUs, metered together; the total is the sum of those that a window names.

    counters: UUIDs of those with an energy counter. processes_before: by UUID, what ran on them when the meter was
    opened; None where that cannot be read.
    """

    driver: Driver
    gpus: tuple[Gpu, ...]
    chosen: str
    counters: frozenset[str]
    processes_before: Mapping[str, list[int] | None]
    name: Literal["nvml"] = "nvml"
    kind: Kind = "measured"
    beats: dict[str, Beat] = field(default_factory=dict, compare=False, repr=False)  # of the counters, as learnt
    _open: list[NvmlRecording] = field(default_factory=list, compare=False, repr=False)

    def facts(self) -> dict[str, Any]:
        """What is metered and how it is set now; `failed` says why a GPU no longer answers."""
        return {
            "name": self.name,
            "kind": self.kind,
            "method": self.method,
            "driver": self.driver.version,
            "nvml": self.driver.nvml_version,
            "chosen": self.chosen,
            "fake": any(gpu.fake for gpu in self.gpus),
            "gpus": [
                _facts(gpu)
                | {"counter": gpu.uuid in self.counters, "processes_before": self.processes_before[gpu.uuid]}
                for gpu in self.gpus
            ],
        }

    @property
    def method(self) -> str:
        """How the joules come about."""
        if len(self.counters) == len(self.gpus):
            return "energy counter between two of its steps"
        return "sampled power integrated by trapezoids, for want of an energy counter"

    @contextlib.contextmanager
    def record(self) -> Iterator[NvmlRecording]:
        """Sample every GPU from a process of its own. Raises MeterUnavailable where that cannot be started."""
        with NvmlRecording([gpu.uuid for gpu in self.gpus]) as recording:
            self._open.append(recording)
            try:
                yield recording
            finally:
                self._open.remove(recording)

    def start(
        self,
        cpu_seconds: Callable[[], float],  # noqa: ARG002 - a GPU's energy is no CPU's
        gpus: Sequence[str] | None = None,
    ) -> NvmlWindow:
        """Open a window at a step of the counter; waits for it, 1 s at most. `gpus` are UUIDs: those that count.

        Raises MeterUnavailable where no recording is open and none can be started.
        """
        counted = tuple(dict.fromkeys(gpus or [gpu.uuid for gpu in self.gpus]))
        watched = [gpu for gpu in self.gpus if gpu.uuid in counted and gpu.uuid in self.counters]
        own = contextlib.ExitStack()
        recording = self._open[-1] if self._open else own.enter_context(self.record())
        try:
            began = time.monotonic()
            edges, failures = await_edges(watched, 1, self.beats)
        except BaseException:
            own.close()
            raise
        opened = max((seen[-1].at for seen in edges.values() if seen), default=time.monotonic())
        return NvmlWindow(self, recording, counted, edges, failures, began, opened, own)


@dataclass(frozen=True, slots=True)
class NvmlWindow:
    """An open window: its recording, the GPUs that count, the counters' steps before it, when it opened, in s."""

    meter: Nvml
    recording: NvmlRecording
    gpus: tuple[str, ...]
    first: Mapping[str, list[Edge]]
    failures: Mapping[str, str]
    began: float
    opened: float
    own_recording: contextlib.ExitStack

    def stop(self) -> Reading:
        """Close the window now, then wait for the counter's next steps. A reading that failed is None."""
        closed = time.monotonic()
        with self.own_recording:
            # A counter that failed at the start has nothing to count to: its reason stands.
            watched = [gpu for gpu in self.meter.gpus if gpu.uuid in self.first and gpu.uuid not in self.failures]
            last, failures = await_edges(watched, CLOSING_EDGES, self.meter.beats)
            silent = not self.recording.wait_past(closed)  # most often there is one by now: the steps took longer
            since = self.opened - ROWS_BEFORE_SECONDS
            rows = self.recording.rows(since)
        until = rows[-1]["seconds"] if rows else closed
        failures |= self.failures
        gpus = {}
        for uuid in self.gpus:
            failure = self.recording.failure(uuid, self.began, until) or failures.get(uuid)
            if all(gpu.uuid != uuid for gpu in self.meter.gpus):
                failure = "it is not among the metered GPUs"
            elif silent and failure is None:
                failure = self.recording.failures.get("sampler", "no sample came after the window had closed")
            gpus[uuid] = {
                "counter": uuid in self.meter.counters,
                "first_edges": [asdict(edge) for edge in self.first.get(uuid, ())],
                "last_edges": [asdict(edge) for edge in last.get(uuid, ())],
                "failure": failure,
            }
        observed = (self.opened, closed, since, until, self.recording.period)
        return replay_nvml.reading(rows, {**dict(zip(replay_nvml.OF_WINDOW, observed, strict=True)), "gpus": gpus})


def _facts(gpu: Gpu) -> dict[str, Any]:
    try:
        return gpu.facts()
    except DeviceFailed as failure:
        return {"index": gpu.index, "uuid": gpu.uuid, "name": gpu.name, "fake": gpu.fake, "failed": str(failure)}


def devices() -> list[dict[str, Any]]:
    """Describe every GPU of this machine, metered or not. Raises MeterUnavailable where there is none."""
    return [_facts(gpu) for gpu in nvml_device.load().gpus]


def open_meter(gpus: Sequence[str] | None = None) -> Nvml:
    """Open the meter on the GPUs named by UUID or NVML index, or on those that CUDA will see.

    Raises MeterUnavailable, in one sentence, where their energy cannot be had.
    """
    driver = nvml_device.load()
    chosen, why = choose(driver.gpus, gpus, os.environ)
    counters, before = set(), {}
    for gpu in chosen:
        try:
            if gpu.mig():
                raise MeterUnavailable(f"GPU {gpu.index} is split by MIG, and an instance has no power of its own")
            if gpu.energy() is not None:
                counters.add(gpu.uuid)
            elif gpu.power() == nvml_device.Power(None, None, None):
                raise MeterUnavailable(f"GPU {gpu.index} ({gpu.name}) reports neither energy nor power")
            listed = gpu.processes()
            before[gpu.uuid] = None if listed is None else sorted(listed)
        except DeviceFailed as failure:
            raise MeterUnavailable(f"GPU {gpu.index} cannot be metered: {failure}") from None
    return Nvml(driver, chosen, why, frozenset(counters), before)


def choose(
    gpus: Sequence[Gpu], wanted: Sequence[str] | None, environ: Mapping[str, str]
) -> tuple[tuple[Gpu, ...], str]:
    """Choose which GPUs to meter, and say why those. Raises MeterUnavailable for a GPU that is not there.

    Without a wish: those of CUDA_VISIBLE_DEVICES, if it names them by UUID, or by index where CUDA counts as NVML does
    (one GPU, or CUDA_DEVICE_ORDER=PCI_BUS_ID); else every GPU.
    """
    if wanted:
        return tuple(dict.fromkeys(_named(gpus, name) for name in wanted)), "named by the caller"
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple(gpus), "every GPU of this machine"
    names = [name.strip() for name in visible.split(",")]
    if names[0] in {"", "-1"}:
        raise MeterUnavailable("CUDA_VISIBLE_DEVICES hides every GPU")
    if any(name.startswith("MIG-") for name in names):
        raise MeterUnavailable("CUDA_VISIBLE_DEVICES names a MIG instance, which has no power of its own")
    same_order = len(gpus) == 1 or environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    if not same_order and not all(name.startswith("GPU-") for name in names):
        return tuple(gpus), "every GPU: CUDA_VISIBLE_DEVICES counts in an order that need not be NVML's"
    return tuple(dict.fromkeys(_named(gpus, name) for name in names)), "named by CUDA_VISIBLE_DEVICES"


def _named(gpus: Sequence[Gpu], name: str) -> Gpu:
    """Find a GPU by its index, its UUID or the beginning of its UUID."""
    by_index = [gpu for gpu in gpus if name == str(gpu.index)]
    found = by_index or [gpu for gpu in gpus if len(name) > len("GPU-") and gpu.uuid.startswith(name)]
    if len(found) != 1:
        there = ", ".join(f"{gpu.index} ({gpu.uuid})" for gpu in gpus)
        raise MeterUnavailable(f"{name!r} names {'several GPUs' if found else 'no GPU'}: there is {there}")
    return found[0]
