"""The gates of a run on GPUs: steady state, idle power, settings. Pure; `gates` puts them into the table's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench.gates.window_gates import missing_gate, verdict_gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattbench.gates import Evidence
    from wattbench.gates.limits import Limits
    from wattbench.runs import Gate

# What must be the same before and after a run.
SETTINGS = (
    "power_limit_watts",
    "default_power_limit_watts",
    "persistence",
    "ecc",
    "mig",
    "application_sm_mhz",
    "max_sm_mhz",
    "max_memory_mhz",
)
# Nothing reads back clocks that were locked. But a GPU at work that never came near its highest clock, while nothing
# is said to have held it back, was told to stay low; boards differ in how near they come.
NEAR_MAX = 0.85
HOLDS_BACK = frozenset({"power-cap", "hardware-slowdown", "software-thermal", "hardware-thermal", "power-brake"})

_CHOICES = (
    ("power_limit_watts", "default_power_limit_watts", "W", "a power limit"),
    ("application_sm_mhz", "default_application_sm_mhz", "MHz", "a clock"),
)


def gpu_gates(evidence: Evidence, limits: Limits) -> Iterator[Gate]:
    """Judge what only GPUs tell of."""
    yield _steady(evidence, limits)
    yield _above_idle(evidence, limits)
    yield _settings(evidence, limits)


def _steady(evidence: Evidence, limits: Limits) -> Gate:
    steady = evidence.warm_up.get("steady")
    if steady is None:
        return missing_gate("warm-up", "no power was sampled while warming up", limits)
    value = f"after {evidence.warm_up.get('seconds', 0.0):.4g} s"
    if not steady:
        return verdict_gate("warm-up", f"not {value}", "flag", "power or temperature had not settled", limits)
    return verdict_gate("warm-up", value, "pass", "power and temperature had settled", limits)


def _above_idle(evidence: Evidence, limits: Limits) -> Gate:
    bare = [one.mean_watts for one in evidence.phases if one.name.startswith("bare-") and one.mean_watts is not None]
    drawn = [one.mean_watts for one in evidence.passes]
    if not bare or not drawn or None in drawn:
        return missing_gate("above idle", "a baseline or the power of a pass is absent", limits)
    least = min(watts for watts in drawn if watts is not None)
    value = f"{least:.4g} W, idle {min(bare):.4g} W"
    if float(f"{least:.4g}") < float(f"{min(bare):.4g}"):
        return verdict_gate("above idle", value, "fail", "work cannot draw less than idling does", limits)
    return verdict_gate("above idle", value, "pass", "the passes drew more than the idle board", limits)


def _settings(evidence: Evidence, limits: Limits) -> Gate:
    before, after = evidence.meter.get("gpus", ()), (evidence.meter_after or {}).get("gpus", ())
    if not before or len(before) != len(after):
        return missing_gate("settings", "the settings were not read before and after", limits)
    changed = sorted(
        {key for one, two in zip(before, after, strict=True) for key in SETTINGS if one.get(key) != two.get(key)}
    )
    if changed:
        return verdict_gate("settings", f"changed: {', '.join(changed)}", "fail", "they changed during the run", limits)
    for gpu in before:
        if gpu.get("power_limit_watts") is None or gpu.get("default_power_limit_watts") is None:
            return missing_gate("settings", "the power limit of a GPU is absent", limits)
        for chosen, usual, unit, what in _CHOICES:
            if gpu.get(chosen) != gpu.get(usual) and None not in {gpu.get(chosen), gpu.get(usual)}:
                value = f"{gpu[chosen]:g} {unit}, default {gpu[usual]:g} {unit}"
                return verdict_gate("settings", value, "fail", f"{what} of one's own choosing earns stars", limits)
    for gpu in before:
        if low := _stays_low(gpu, [notes.get("gpus", {}).get(gpu.get("uuid"), {}) for notes in evidence.notes]):
            return verdict_gate("settings", low, "flag", "nothing is said to hold the clocks back: locked?", limits)
    return verdict_gate(
        "settings", "default, unchanged", "pass", "power limit, clocks, persistence and ECC stayed", limits
    )


def _stays_low(gpu: Mapping[str, Any], passes: Sequence[Mapping[str, Any]]) -> str | None:
    """Say how high a GPU's clock went in the passes, where that is too low without a reason; else None."""
    seen = [one["max_sm_mhz"] for one in passes if one.get("max_sm_mhz")]
    excused = any(HOLDS_BACK & (one.get("event_reasons") or {}).keys() for one in passes)
    if not seen or not gpu.get("max_sm_mhz") or excused or max(seen) >= NEAR_MAX * gpu["max_sm_mhz"]:
        return None
    return f"at most {max(seen)} of {gpu['max_sm_mhz']} MHz"
