"""The gates of measured windows, and how a gate is made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench.gates.limits import AtMost
from wattbench.runs import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattbench.gates.limits import Limits
    from wattbench.meters import Reading
    from wattbench.runs import Verdict

LONGEST_GAP_SECONDS = 1.0
HARDWARE_THROTTLING = ("hardware-slowdown", "hardware-thermal", "power-brake")


def window_gates(readings: Sequence[Reading], facts: Mapping[str, Any], limits: Limits) -> Iterator[Gate]:
    """Judge what every window is judged by; each gate tells of the worst one."""
    shortest = min((reading.seconds for reading in readings), default=None)
    yield number_gate("window", shortest, "s", limits, "a short window is mostly edges", "nothing was measured")
    yield _reading(readings, limits)
    if facts.get("name") != "nvml":
        return
    gpus = [gpu for reading in readings for gpu in reading.notes.get("gpus", {}).values()]
    if facts.get("gpus") and all(gpu.get("counter") for gpu in facts["gpus"]):
        yield _counter_and_power(gpus, limits)
    yield _mean_power(readings, facts, limits)
    yield _hardware_throttling(gpus, limits)
    yield _software_thermal(gpus, limits)
    yield _other_processes(gpus, facts, limits)
    yield _missing_samples(readings, limits)


def _reading(readings: Sequence[Reading], limits: Limits) -> Gate:
    failed = [reading.reason or "no reason was given" for reading in readings if not reading.joules]
    if failed or not readings:
        value = f"{len(failed)} of {len(readings)} failed"
        return verdict_gate("reading", value, "fail", failed[0] if failed else "nothing was measured", limits)
    return verdict_gate("reading", "valid", "pass", "every window has its joules", limits)


def _counter_and_power(gpus: Sequence[Mapping[str, Any]], limits: Limits) -> Gate:
    apart: list[float] = []
    for gpu in gpus:
        counted, sampled = gpu.get("counter_joules"), gpu.get("sampled_joules")
        if not counted or not sampled:
            return missing_gate("counter and power", "the counter or the sampled power of a GPU is absent", limits)
        apart.append(100 * abs(sampled / counted - 1))
    return number_gate(
        "counter and power",
        max(apart, default=None),
        "%",
        limits,
        "two ways to read the same energy should agree",
        "no GPU was read",
    )


def _mean_power(readings: Sequence[Reading], facts: Mapping[str, Any], limits: Limits) -> Gate:
    # The lower bound, the power of the idle board, is judged where a protocol measures baselines.
    caps = {gpu.get("uuid"): gpu.get("power_limit_watts") for gpu in facts.get("gpus", ())}
    shares: list[float] = []
    for reading in readings:
        for uuid, gpu in reading.notes.get("gpus", {}).items():
            if not caps.get(uuid) or not gpu.get("joules") or reading.seconds <= 0:
                return missing_gate("mean power", "the power limit or the energy of a GPU is absent", limits)
            shares.append(100 * gpu["joules"] / reading.seconds / caps[uuid])
    why = "a board cannot draw more than its limit for long"
    return number_gate("mean power", max(shares, default=None), "%", limits, why, "no GPU was read")


def _hardware_throttling(gpus: Sequence[Mapping[str, Any]], limits: Limits) -> Gate:
    name = "hardware throttling"
    if not gpus or any(gpu.get("event_reasons") is None for gpu in gpus):
        return missing_gate(name, "the clock event reasons could not be read", limits)
    seen = sorted({reason for gpu in gpus for reason in gpu["event_reasons"] if reason in HARDWARE_THROTTLING})
    if seen:
        return verdict_gate(
            name, ", ".join(seen), "fail", "the hardware held the clocks back: cool it or feed it", limits
        )
    return verdict_gate(name, "none", "pass", "the hardware never held the clocks back", limits)


def _software_thermal(gpus: Sequence[Mapping[str, Any]], limits: Limits) -> Gate:
    name = "software thermal"
    if not gpus or any(gpu.get("event_reasons") is None for gpu in gpus):
        return missing_gate(name, "the clock event reasons could not be read", limits)
    share = 100 * max(gpu["event_reasons"].get(name.replace(" ", "-"), 0.0) for gpu in gpus)
    gate = number_gate(name, share, "%", limits, "the driver holds the clocks of a hot GPU back", "")
    # Here the fair limit itself fails: METHOD flags below 1 %.
    limit = limits.of[name]
    at_edge = isinstance(limit, AtMost) and limit.fair == share > limit.good
    return gate.model_copy(update={"verdict": "fail"}) if at_edge else gate


def _other_processes(gpus: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], limits: Limits) -> Gate:
    """Nothing on the GPU before, and at most one process after: in containers the numbers say no more than that."""
    name = "other processes"
    before: list[Any] = [gpu.get("processes_before") for gpu in facts.get("gpus", ())]
    during: list[Any] = [gpu.get("processes") for gpu in gpus]
    if not before or not during or None in before or None in during:
        return missing_gate(name, "the processes on the GPU could not be listed", limits)
    for gpu in facts["gpus"]:
        if gpu.get("mig") or gpu.get("virtualization") == "vgpu":
            return verdict_gate(name, "a shared GPU", "fail", "MIG or vGPU shares the board with others", limits)
    already, most = max(map(len, before)), max(map(len, during))
    if already or most > 1:
        value = f"{already} before, {most} during"
        return verdict_gate(name, value, "fail", "energy of other processes cannot be told apart", limits)
    return verdict_gate(name, "none", "pass", "nothing else used the GPU", limits)


def _missing_samples(readings: Sequence[Reading], limits: Limits) -> Gate:
    name = "missing samples"
    shares, longest = [], 0.0
    for reading in readings:
        period, gpus = reading.notes.get("sample_seconds"), reading.notes.get("gpus")
        if not period or not gpus:
            return missing_gate(name, "the meter tells of no samples", limits)
        expected = max(1, round(reading.seconds / period))
        shares += [100 * gpu["missing_samples"] / expected for gpu in gpus.values()]
        longest = max([longest, *(gpu["longest_gap_seconds"] for gpu in gpus.values())])
    gate = number_gate(name, max(shares, default=None), "%", limits, "what was not sampled is guessed", "no window")
    if gate.verdict == "pass" and longest > LONGEST_GAP_SECONDS:
        why = f"for {longest:.1f} s nothing was sampled"
        return gate.model_copy(update={"verdict": "flag", "why": why})
    return gate


def is_fake(facts: Mapping[str, Any]) -> bool | None:
    """Whether the meter reads a stand-in; None where a meter of devices does not say."""
    fake = facts.get("fake", None if facts.get("name") in {"nvml", "zeus"} else False)
    return None if fake is None else bool(fake)


def device_gate(*, fake: bool | None, limits: Limits) -> Gate:
    """Judge whether the device is real: a stand-in never passes, and neither does silence."""
    if fake is None:
        return missing_gate("device", "the meter does not say whether its device is real", limits)
    if fake:
        return verdict_gate("device", "FAKE", "fail", "a stand-in for tests: its numbers mean nothing", limits)
    return verdict_gate("device", "real", "pass", "no stand-in is involved", limits)


def number_gate(name: str, value: float | None, unit: str, limits: Limits, why: str, absent: str) -> Gate:
    """Judge a number by the table; None fails, because of `absent`."""
    limit = limits.of[name]
    if value is None or isinstance(limit, str):
        return missing_gate(name, absent, limits)
    # What is judged is what is shown: "2 %" beside "<= 2 %" passes.
    shown = f"{value:.4g}"
    return verdict_gate(name, f"{shown} {unit}".strip(), limit.verdict(float(shown)), why, limits)


def missing_gate(name: str, why: str, limits: Limits) -> Gate:
    """Fail a gate whose input is absent."""
    return Gate(name=name, value=None, limit=str(limits.of[name]), verdict="fail", why=why)


def verdict_gate(name: str, value: str, verdict: Verdict, why: str, limits: Limits) -> Gate:
    """Make a gate whose verdict is known."""
    return Gate(name=name, value=value, limit=str(limits.of[name]), verdict=verdict, why=why)
