"""Synthetic traces with their runs: a ramp of warm-up, passes, a throttled stretch and a gap; measured by nobody."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import site_factory as make

from wattbench import runs, trace
from wattbench.runs import Device, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Run, Trace

BOARD = "sentence-similarity-v0~nvidia-h100-80gb-hbm3~bf16~single~off~nvml"
BEGUN = 86_400.0  # s of the monotonic clock: no trace begins at 0
PERIOD = 0.1
HARDWARE_THERMAL = 0x40
BARE, CONTEXT, LOAD, SLOWED = 74.0, 118.0, 405.0, 340.0


DEVICE = Device(name="NVIDIA H100 80GB HBM3", uuid="GPU-aaaa", sku="nvidia-h100-80gb-hbm3", count=1, fake=False)


def phases(seconds: float = 60.0, passes: int = 5) -> list[tuple[str, float, float, float]]:
    """Lay a run out: (name, start, end, W), pauses of a second between passes."""
    plan = [("bare-before", 0.5 * seconds, BARE), ("context-before", 0.5 * seconds, CONTEXT)]
    plan += [("warm-up", 1.5 * seconds, LOAD)]
    plan += [(f"pass-{number}", seconds, LOAD) for number in range(1, passes + 1)]
    plan += [("context-after", 0.5 * seconds, CONTEXT), ("bare-after", 0.5 * seconds, BARE)]
    found, at = [], BEGUN
    for name, length, watts in plan:
        found.append((name, at, at + length, watts))
        at += length + seconds / 60
    return found


def rows(
    plan: Sequence[tuple[str, float, float, float]],
    gpus: Sequence[str] = ("GPU-aaaa",),
    *,
    throttled: tuple[float, float] | None = None,
    missing: tuple[float, float] | None = None,
) -> list[dict[str, Any]]:
    """Sample a plan at 10 Hz; `throttled` and `missing` are seconds from the beginning."""
    noise = random.Random(7)  # noqa: S311 - noise, not secrets
    ended, found = plan[-1][2], []
    celsius, average, joules = 36.0, BARE, 1e6
    for step in range(round((ended - BEGUN) / PERIOD)):
        at = BEGUN + step * PERIOD
        name, start, _, watts = next((one for one in plan if at < one[2]), plan[-1])
        if name == "warm-up":
            watts *= 1 - 0.3 * math.exp(-(at - start) / 20)
        slow = throttled is not None and throttled[0] <= at - BEGUN < throttled[1]
        watts = SLOWED if slow else watts
        joules += watts * PERIOD
        average += (watts - average) * PERIOD
        celsius += (24 + watts / 9 - celsius) * PERIOD / 25
        if missing is not None and missing[0] <= at - BEGUN < missing[1]:
            continue
        for index, gpu in enumerate(gpus):
            found.append(
                {
                    "seconds": round(at + 0.001 * index, 4),
                    "gpu": gpu,
                    "instant_watts": round(watts * (1 - 0.1 * index) + noise.gauss(0, 9 if watts > 200 else 1), 3),
                    "average_watts": round(average * (1 - 0.1 * index), 3),
                    "usage_watts": None,
                    "counter_joules": round(joules, 3),
                    "event_reasons": HARDWARE_THERMAL if slow else 0,
                    "celsius": float(round(celsius - 2 * index)),
                    "sm_mhz": 1410 if slow else 1980 if watts > 200 else 345,
                    "memory_mhz": 2619 if watts > 100 else 1593,
                    "utilisation_percent": 97.0 if watts > 200 else 0.0,
                    "processes": None,
                }
            )
    return found


def run(plan: Sequence[tuple[str, float, float, float]], told: Trace | None = None, **changes: Any) -> Run:
    """Give the run of a plan, with its phases and the passes' windows."""
    windows = [one for one in plan if one[0].startswith("pass-")]
    joules = [round(watts * (end - start), 3) for _, start, end, watts in windows]
    made = make.run(BOARD, "demo/paraphrase-MiniLM-L3-v2", joules, protocol="official", **changes)
    passes = tuple(
        one.model_copy(
            update={"opened_seconds": start, "closed_seconds": end, "seconds": end - start, "mean_watts": watts}
        )
        for one, (_, start, end, watts) in zip(made.passes, windows, strict=True)
    )
    found = tuple(
        Phase(name=name, started_seconds=start, ended_seconds=end, mean_watts=watts) for name, start, end, watts in plan
    )
    return made.model_copy(update={"phases": found, "passes": passes, "trace": told, "device": DEVICE})


def write(folder: Path, gpus: Sequence[str] = ("GPU-aaaa",), seconds: float = 60.0, **changes: Any) -> Path:
    """Write a run with its trace below a submissions folder; a throttled stretch in pass 3 and a gap in pass 4."""
    plan = phases(seconds)
    third, fourth = plan[5][1] - BEGUN, plan[6][1] - BEGUN
    sampled = rows(
        plan,
        gpus,
        throttled=(third + 0.3 * seconds, third + 0.45 * seconds),
        missing=(fourth + 0.5 * seconds, fourth + 0.58 * seconds),
    )
    unfinished = run(plan, **changes)
    told = trace.write(sampled, runs.path_of(unfinished, folder).parent)
    return runs.write(unfinished.model_copy(update={"trace": told}), folder)
