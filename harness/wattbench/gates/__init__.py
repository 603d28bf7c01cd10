"""The gates: every check that a window or a run must pass. Their limits are one table a protocol (`limits`).

Pure: evidence in, `Gate` values out, in the order of the table. A gate that does not apply is not in the list: an
estimate has no counter to compare with power, a CPU package has no clock event reasons, a plain command has no
weights. A gate that applies but lacks its input fails; it never passes for want of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from wattbench.gates.answer_gates import answer_gates
from wattbench.gates.gpu_gates import gpu_gates
from wattbench.gates.limits import OFFICIAL, QUICK, Limits
from wattbench.gates.window_gates import device_gate, is_fake, missing_gate, number_gate, verdict_gate, window_gates
from wattbench.meters import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wattbench.runs import Device, Gate, Model, Pass, Phase, Quality, Rung, Verdict, Workload

__all__ = ["OFFICIAL", "QUICK", "Evidence", "Limits", "judge_run", "judge_window"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run is judged by.

    notes: what the meter noted of each pass (`Reading.notes`), in the order of `passes`.
    meter: the meter's facts, taken before the model was loaded.
    weights_verified: whether the weights on disk had the hashes of their revision; None if nobody looked.
    placement: where the model was: UUIDs of GPUs, or ("cpu",); empty if unknown.
    pass_qualities: the quality of each pass, where each was graded on its own.
    warm_up: what the warm-up found (`steady`); phases: the baselines and their power.
    meter_after: the meter's facts when the passes had ended.
    network: how the measured process was kept off the network: `kernel`, `settings`, or None if nobody said.
    ladder: the batch sizes of a saturated run; parts: windows of the public and the private rows alone.
    options: how the rows were asked (`by_length`, `reasoning`), None if nobody said. more: secondary figures of the
        quality; `reasoned` is a share of the outputs. synthetic: why the weights look untrained.
    """

    passes: Sequence[Pass]
    notes: Sequence[Mapping[str, Any]]
    meter: Mapping[str, Any]
    device: Device
    model: Model
    workload: Workload
    quality: Quality | None
    weights_verified: bool | None
    placement: Sequence[str]
    pass_qualities: Sequence[float] | None = None
    warm_up: Mapping[str, Any] = field(default_factory=dict)
    phases: Sequence[Phase] = ()
    meter_after: Mapping[str, Any] | None = None
    network: str | None = None
    ladder: Sequence[Rung] = ()
    parts: Mapping[str, Pass] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None
    scenario: str = "single"
    more: Mapping[str, float] = field(default_factory=dict)
    synthetic: str | None = None

    def readings(self) -> list[Reading]:
        """Give the passes as readings. Raises ValueError where a pass lacks its notes."""
        return [
            Reading(one.joules, one.seconds, one.reason, one.counter_joules, one.sampled_joules, one.samples, notes)
            for one, notes in zip(self.passes, self.notes, strict=True)
        ]


def judge_window(reading: Reading, facts: Mapping[str, Any], limits: Limits = OFFICIAL) -> tuple[Gate, ...]:
    """Judge one window of any command."""
    return _ordered([*window_gates([reading], facts, limits), device_gate(fake=is_fake(facts), limits=limits)], limits)


def judge_run(evidence: Evidence, limits: Limits = OFFICIAL) -> tuple[Gate, ...]:
    """Judge a run: its windows, and what was measured in them."""
    gates = list(window_gates(evidence.readings(), evidence.meter, limits))
    gates += [judge(evidence, limits) for judge in _RUN]
    gates += answer_gates(evidence, limits)
    if evidence.meter.get("name") == "nvml":
        gates += gpu_gates(evidence, limits)
    return _ordered(gates, limits)


def judge_drift(before: Sequence[Pass], after: Sequence[Pass], limits: Limits) -> Gate:
    """Judge how far the reference model drifted over a session: |ln| of the ratio of its mean energies, in %."""
    name, first, last = "reference drift", _mean_energy(before), _mean_energy(after)
    if not before and not after:
        return missing_gate(name, "no reference model is pinned for this board", limits)
    if first is None or last is None:
        return missing_gate(name, "a run of the reference model has a pass without energy", limits)
    drift = 100 * abs(log(last / first))
    return number_gate(name, drift, "%", limits, "the same model, before and after, should cost the same", "")


def with_gate(gates: Sequence[Gate], one: Gate, limits: Limits) -> tuple[Gate, ...]:
    """Put a gate that is known later into its place, instead of one of its name."""
    return _ordered([*(gate for gate in gates if gate.name != one.name), one], limits)


def _mean_energy(passes: Sequence[Pass]) -> float | None:
    """Geometric mean of J a query; None where a pass lacks its energy."""
    energies = [one.joules / one.queries for one in passes if one.joules is not None]
    return exp(fmean(log(energy) for energy in energies)) if energies and len(energies) == len(passes) else None


def _ordered(gates: Sequence[Gate], limits: Limits) -> tuple[Gate, ...]:
    order = list(limits.of)
    return tuple(sorted(gates, key=lambda gate: order.index(gate.name)))


def _passes(evidence: Evidence, limits: Limits) -> Gate:
    why = "the interval of a mean needs repeats"
    return number_gate("passes", len(evidence.passes), "", limits, why, "nothing was measured")


def _energy_spread(evidence: Evidence, limits: Limits) -> Gate:
    """Judge the coefficient of variation of the energy per query, as passes may hold different numbers of rounds."""
    name = "energy spread"
    per_query = [one.joules / one.queries for one in evidence.passes if one.joules and one.queries]
    if len(per_query) < max(2, len(evidence.passes)):
        return missing_gate(name, "it takes two passes or more, each with its energy", limits)
    spread = 100 * stdev(per_query) / fmean(per_query)
    return number_gate(name, spread, "%", limits, "passes of the same work should cost the same", "")


def _queries(evidence: Evidence, limits: Limits) -> Gate:
    asked = sum(one.rounds for one in evidence.passes) * evidence.workload.rows
    answered = sum(one.answered for one in evidence.passes)
    short = any(one.answered != one.rounds * evidence.workload.rows for one in evidence.passes)
    verdict: Verdict = "fail" if short or not asked else "pass"
    why = "a model that answers nothing is fast and thrifty" if short else "every query was answered"
    return verdict_gate("queries", f"{answered} of {asked}", verdict, why, limits)


def _outputs(evidence: Evidence, limits: Limits) -> Gate:
    hashes = {one.outputs_sha256 for one in evidence.passes}
    if len(hashes) == 1:
        return verdict_gate("outputs", "the same", "pass", "every pass gave the same outputs", limits)
    value = f"{len(hashes)} different"
    if hashes and _tokens_agree(evidence.passes) and _qualities_agree(evidence):
        return verdict_gate("outputs", value, "flag", "outputs differ, but not in length or quality", limits)
    return verdict_gate("outputs", value, "fail", "passes that answer differently did different work", limits)


def _tokens_agree(passes: Sequence[Pass]) -> bool:
    """Whether output tokens per query agree within 1 %. Where no pass has any (vectors, labels) length says nothing."""
    if all(one.output_tokens is None for one in passes):
        return True
    counts = [one.output_tokens / one.queries for one in passes if one.output_tokens and one.queries]
    return len(counts) == len(passes) and max(counts) <= 1.01 * min(counts)


def _qualities_agree(evidence: Evidence) -> bool:
    quality, each = evidence.quality, evidence.pass_qualities
    if quality is None or each is None or len(each) != len(evidence.passes):
        return False
    return all(quality.low <= one <= quality.high for one in each)


def _quality(evidence: Evidence, limits: Limits) -> Gate:
    if evidence.quality is None:
        return missing_gate("quality", "energy without quality ranks nothing", limits)
    value = f"{evidence.quality.metric} {evidence.quality.value:.4g}"
    return verdict_gate("quality", value, "pass", "the measured outputs were graded", limits)


def _weights(evidence: Evidence, limits: Limits) -> Gate:
    if evidence.model.weights != "real":
        return verdict_gate("weights", "synthetic", "fail", "a model without training answers nothing", limits)
    if evidence.synthetic is not None:
        return verdict_gate("weights", "synthetic", "fail", evidence.synthetic, limits)
    if evidence.weights_verified is None:
        return missing_gate("weights", "nobody compared the hashes of the weights", limits)
    if not evidence.weights_verified or not evidence.model.weights_sha256:
        return verdict_gate("weights", "differ", "fail", "these are not the weights of that revision", limits)
    return verdict_gate("weights", "real, verified", "pass", "the weights are those of the revision", limits)


def _placement(evidence: Evidence, limits: Limits) -> Gate:
    if not evidence.placement:
        return missing_gate("placement", "nobody said where the model was", limits)
    metered = {str(gpu.get("uuid")) for gpu in evidence.meter.get("gpus", ())} or {"cpu"}
    value = ", ".join(sorted(evidence.placement))
    if set(evidence.placement) != metered:
        why = f"what was metered is {', '.join(sorted(metered))}"
        return verdict_gate("placement", value, "fail", why, limits)
    empty = [gpu for notes in evidence.notes for gpu in notes.get("gpus", {}).values() if gpu.get("processes") == []]
    if empty:
        return verdict_gate("placement", value, "fail", "no process was on the GPU in a pass", limits)
    return verdict_gate("placement", value, "pass", "the model was on what was metered", limits)


def _run_device(evidence: Evidence, limits: Limits) -> Gate:
    fake = is_fake(evidence.meter)
    return device_gate(fake=True if evidence.device.fake else fake, limits=limits)


def _network(evidence: Evidence, limits: Limits) -> Gate:
    if evidence.network is None:
        return missing_gate("network", "nobody said how the measured process was kept off the network", limits)
    why = "the measured process could reach nothing"
    if evidence.network == "kernel":
        return verdict_gate("network", "none, by the kernel", "pass", why, limits)
    verdict: Verdict = "pass" if "settings" in str(limits.of["network"]) else "flag"
    return verdict_gate("network", "by settings only", verdict, "the kernel allowed no closed namespace here", limits)


_RUN: tuple[Callable[[Evidence, Limits], Gate], ...] = (
    _passes,
    _energy_spread,
    _queries,
    _outputs,
    _quality,
    _weights,
    _placement,
    _network,
    _run_device,
)
