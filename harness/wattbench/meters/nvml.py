"""The `nvml` meter: the energy counter of NVIDIA GPUs, cross-checked with sampled power.

The counter moves in steps of 20-100 ms. So a window waits for a step before it opens and for another after it closes,
takes the energy between the two, and bills out what lies between each step and the window at sampled power. Power is
sampled at 10 Hz in this, the measuring, process and integrated over exactly the same window. A GPU without a counter
is read by its sampled power alone, and says so.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from wattbench.meters import MeterUnavailable, Reading, nvml_device
from wattbench.meters.nvml_device import EVENT_REASONS, DeviceFailed, Driver, Gpu
from wattbench.meters.nvml_samples import SOURCES, Edge, Sampler, await_edges, curve, gaps, integrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wattbench.meters.nvml_samples import Sample
    from wattbench.runs import Kind


@dataclass(frozen=True, slots=True)
class Nvml:
    """Some GPUs, metered together; the total is their sum.

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

    def start(self, cpu_seconds: Callable[[], float]) -> NvmlWindow:  # noqa: ARG002 - a GPU's energy is no CPU's
        """Open a window at a step of the counter. Waits for it, 1 s at most."""
        sampler = Sampler(self.gpus)
        sampler.start()
        try:
            edges = await_edges(gpu for gpu in self.gpus if gpu.uuid in self.counters)
            sampler.now()
        except BaseException:
            sampler.stop()
            raise
        return NvmlWindow(self, sampler, edges, time.monotonic())


@dataclass(frozen=True, slots=True)
class NvmlWindow:
    """An open window: its sampler, the counters' steps before it, and when it opened, in s."""

    meter: Nvml
    sampler: Sampler
    first: Mapping[str, Edge | str]
    opened: float

    def stop(self) -> Reading:
        """Close the window now, then wait for the counter's next step. A reading that failed is None."""
        closed = time.monotonic()
        try:
            self.sampler.now()
            # A counter that failed at the start has nothing to count to: its reason stands.
            last = {**self.first, **await_edges(gpu for gpu in self.meter.gpus if self._has_edge(gpu))}
            self.sampler.now()
        finally:
            self.sampler.stop()
        devices = {}
        for gpu in self.meter.gpus:
            edges = None
            if gpu.uuid in self.meter.counters:
                edges = self.first[gpu.uuid], last[gpu.uuid]
            failure = self.sampler.failures.get(gpu.uuid)
            samples = self.sampler.samples(gpu)
            devices[gpu.uuid] = _account(samples, edges, failure, self.opened, closed, self.sampler.period)
        return _total(devices, self.opened, closed, self.sampler.period)

    def _has_edge(self, gpu: Gpu) -> bool:
        return isinstance(self.first.get(gpu.uuid), Edge)


def _account(
    samples: Sequence[Sample],
    edges: tuple[Edge | str, Edge | str] | None,
    failure: str | None,
    opened: float,
    closed: float,
    period: float,
) -> dict[str, Any]:
    """Work out what one GPU used between `opened` and `closed`, JSON-able."""
    integrals = {source: integrate(curve(samples, source), opened, closed) for source in SOURCES}
    counted, reason = None, failure
    if edges is not None and failure is None:
        counted, reason = _count(samples, edges, opened, closed)
    sampled = {source: joules for source, joules in integrals.items() if joules is not None}
    nearest = min(sampled, key=lambda source: abs(sampled[source] - counted) if counted else 0, default=None)
    joules = sampled.get(nearest) if edges is None and nearest is not None else counted
    if reason is None and joules is None:
        reason = "its power could not be sampled"
    inside = [sample for sample in samples if opened <= sample.at <= closed]
    powered = [sample for sample in samples if any(getattr(sample.power, source) for source in SOURCES)]
    missing, longest = gaps((sample.at for sample in powered), opened, closed, period)
    return {
        "joules": None if reason else joules,
        "reason": reason,
        "counter_joules": counted,
        "sampled_joules": None if nearest is None else sampled[nearest],
        "sampled_by": nearest,
        **{f"{source}_joules": joules for source, joules in integrals.items()},
        "edge_uncertainty_seconds": _uncertainty(edges),
        "samples": sum(opened <= sample.at <= closed for sample in powered),
        "missing_samples": missing,
        "longest_gap_seconds": longest,
        "event_reasons": _shares(inside or samples),
        "max_celsius": max((sample.celsius for sample in samples if sample.celsius is not None), default=None),
        "processes": _union(sample.processes for sample in samples),
    }


def _count(
    samples: Sequence[Sample], edges: tuple[Edge | str, Edge | str], opened: float, closed: float
) -> tuple[float | None, str | None]:
    """Give the counter's joules of the window, or None and the reason."""
    first, last = edges
    if isinstance(first, str):
        return None, first
    if isinstance(last, str):
        return None, last
    seen = [sample.joules for sample in samples if sample.joules is not None and first.at < sample.at < last.at]
    if any(later < earlier for earlier, later in pairwise([first.joules, *seen, last.joules])):
        return None, "its energy counter went backwards: it was reset"
    between = last.joules - first.joules
    points = next(filter(None, (curve(samples, source) for source in SOURCES)), None)
    if points is None:  # nothing else to bill the ends at: the counter's own mean power
        counted = between * (closed - opened) / (last.at - first.at)
    else:
        head = integrate(points, first.at, opened) or 0.0
        tail = integrate(points, closed, last.at) or 0.0
        counted = between - head - tail
    if counted <= 0:
        return None, "its energy counter is too coarse for so short a window"
    return counted, None


def _total(devices: dict[str, dict[str, Any]], opened: float, closed: float, period: float) -> Reading:
    reasons = [f"{uuid}: {one['reason']}" for uuid, one in devices.items() if one["reason"]]
    return Reading(
        joules=_sum(one["joules"] for one in devices.values()),
        seconds=closed - opened,
        reason="; ".join(reasons) or None,
        counter_joules=_sum(one["counter_joules"] for one in devices.values()),
        sampled_joules=_sum(one["sampled_joules"] for one in devices.values()),
        samples=min(one["samples"] for one in devices.values()),
        notes={
            "opened_monotonic_seconds": opened,
            "closed_monotonic_seconds": closed,
            "sample_seconds": period,
            "gpus": devices,
        },
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """Add up; one absent value makes the sum absent."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _shares(samples: Sequence[Sample]) -> dict[str, float] | None:
    """Give the share of the samples in which each event reason was seen; None where none could be read."""
    read = [sample.reasons for sample in samples if sample.reasons is not None]
    if not read:
        return None
    counts = {name: sum(bool(bits & bit) for bits in read) for bit, name in EVENT_REASONS.items()}
    return {name: count / len(read) for name, count in counts.items() if count}


def _union(lists: Iterable[frozenset[int] | None]) -> list[int] | None:
    read = [pids for pids in lists if pids is not None]
    return sorted(frozenset().union(*read)) if read else None


def _uncertainty(edges: tuple[Edge | str, Edge | str] | None) -> float | None:
    if edges is None or isinstance(edges[0], str) or isinstance(edges[1], str):
        return None
    return edges[0].uncertainty + edges[1].uncertainty


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
            before[gpu.uuid] = _union([gpu.processes()])
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
