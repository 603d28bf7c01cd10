"""The gates of a run on GPUs: steady state, idle power, settings. Pure; `gates` puts them into the table's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.window_gates import missing_gate, verdict_gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattbench.gates import Evidence
    from wattbench.limits import Limits
    from wattbench.runs import Gate

# What must be the same before and after a run.
SETTINGS = (
    "power_limit_watts",
    "default_power_limit_watts",
    "persistence",
    "ecc",
    "mig",
    "max_sm_mhz",
    "max_memory_mhz",
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
        if gpu["power_limit_watts"] != gpu["default_power_limit_watts"]:
            value = f"{gpu['power_limit_watts']:g} W, default {gpu['default_power_limit_watts']:g} W"
            return verdict_gate("settings", value, "fail", "a power limit of one's own choosing earns stars", limits)
    return verdict_gate("settings", "default, unchanged", "pass", "power limit, persistence and ECC stayed", limits)
