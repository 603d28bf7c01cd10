"""Advice as programs read it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wattboard.advising.advice_sentences import sentences
from wattboard.advising.comparisons import WHY

if TYPE_CHECKING:
    from wattboard.advising import Advice
    from wattboard.advising.comparisons import Switch

SCHEMA = 1


def as_dict(told: Advice) -> dict[str, Any]:
    """Give the advice for programs. Energies in Wh per 1,000 queries, on estimated boards called `estimated_...`."""
    offer, metric = told.offer, told.offer.metric
    found = {
        "schema": SCHEMA,
        "board": offer.board,
        "task": offer.task,
        "edition": offer.edition,
        "kind": offer.kind,
        "source": offer.source,
        "metric": None
        if metric is None
        else {
            "name": metric.name,
            "unit": metric.unit,
            "higher_is_better": metric.higher_is_better,
            "margin": metric.margin,
        },
        "asked": {
            "min_quality": told.wish.min_quality,
            "within": told.wish.within,
            "max_latency_seconds": told.wish.max_latency,
            "from": told.wish.model,
            "recommended_quality": told.recommended,
        },
        "rows": [asdict(one) for one in offer.choices],
        "pick": told.pick.as_dict(),
        "frontier": list(told.frontier),
        "frontier_respects_intervals": told.exact,
        "switches": [_switch_dict(one) for one in told.switches],
        "prices": [asdict(one) for one in told.prices],
        "gains": [{**asdict(one), "switch": _switch_dict(one.switch)} for one in told.gains],
        "ladders": [asdict(one) for one in told.ladders],
        "purpose": None
        if told.purpose is None
        else {**asdict(told.purpose), "switch": _switch_dict(told.purpose.switch)},
        "left_out": offer.left_out,
        "sentences": sentences(told),
    }
    named: dict[str, Any] = _named(found, estimated=offer.kind == "estimated")
    return named


def _named(value: Any, *, estimated: bool) -> Any:  # noqa: ANN401 - JSON
    """Round to 6 significant digits and call estimated energies so."""
    if isinstance(value, dict):
        return {
            f"estimated_{name}" if estimated and str(name).startswith("wh") else name: _named(one, estimated=estimated)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_named(one, estimated=estimated) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _switch_dict(one: Switch) -> dict[str, Any]:
    told = asdict(one)
    told["from"], told["to"] = told.pop("a"), told.pop("b")
    told["reasons"] = [{"name": name, "text": WHY[name]} for name in one.reasons]
    return told
