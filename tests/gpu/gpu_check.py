"""Ask a real NVIDIA card what METHOD leaves open, in under eight minutes, and keep the answers: `make gpu-check`.

Needs Python 3.11 and nvidia-ml-py; with torch and CUDA it puts loads on, with transformers and Optimum it runs a tiny
model. No network, no installed project. Every number is what this card said.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gpu_answers
import gpu_sections as ask
from gpu_card import BURSTS, SQUARE, STEADY, NvmlCard, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gpu_card import Card

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("results")
BUDGET = 450.0  # s: with what it takes to start and stop, under eight minutes
LEAST = 0.25  # of its time, below which a section is left out


@dataclass(frozen=True, slots=True)
class Section:
    """One question: its name, its title, its seconds of a whole budget, and who asks.

    scales: whether a smaller budget shortens it; libraries load no faster for it.
    """

    name: str
    title: str
    seconds: float
    ask: Callable[[Card, float], dict[str, Any]]
    scales: bool = True


SECTIONS = (
    Section("bare", "Idle without a context (P_bare)", 15, ask.baseline),
    Section("connect", "A CUDA context", 45, ask.connect, scales=False),
    Section("context", "Idle with a context (P_context)", 15, ask.baseline_with_context),
    Section("warm_up", "Warm-up to a steady state", 60, ask.warm_up),
    Section("counter", "Steps of the energy counter", 20, ask.counter),
    Section("steady", "Counter against power, steady load", 20, ask.agreement(STEADY)),
    Section("square", "The same, on and off every 100 ms", 20, ask.agreement(SQUARE)),
    Section("square_shifted", "The same, sampled with shifted phases", 20, ask.agreement(SQUARE, shifted=True)),
    Section("bursts", "The same, in bursts", 20, ask.agreement(BURSTS)),
    Section("windows", "Variation against window length", 100, ask.windows),
    Section("polling", "Cost of asking", 15, ask.polling),
    Section("model", "A tiny model", 60, ask.model),
)


def check(
    card: Card, budget: float, say: Callable[[str], object], keep: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """Ask everything within `budget` s. `keep` gets all that is known after each section: a kill loses one section."""
    from wattbench.meters.nvml_device import DeviceFailed

    began = card.clock()
    known: dict[str, Any] = {"schema": 1, "card": card.facts(), "budget_seconds": budget, "sections": {}}
    for number, section in enumerate(SECTIONS, 1):
        elapsed = card.clock() - began
        wanted = section.seconds * budget / BUDGET
        seconds = min(wanted if section.scales else section.seconds, budget - elapsed)
        say(f"[{elapsed:5.0f} s] {number}/{len(SECTIONS)} {section.title}: {max(seconds, 0):.0f} s")
        told: dict[str, Any] = {"title": section.title}
        if seconds < LEAST * wanted:
            told["skipped"] = "the time budget is used up"
        else:
            try:
                told["found"] = section.ask(card, seconds)
            except Unavailable as reason:
                told["skipped"] = str(reason)
            except DeviceFailed as failure:
                told["failed"] = str(failure)
        known["sections"][section.name] = told
        known["seconds"] = card.clock() - began
        say(f"          {gpu_answers.answer(section.name, told)}")
        keep(known)
    return known


def sku(name: str) -> str:
    """Give a card's name as a slug: `NVIDIA H200` is `nvidia-h200`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check on one card. Exits 1 where there is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=BUDGET, help=f"seconds for everything (default {BUDGET:.0f})")
    parser.add_argument("--gpu", type=int, default=0, help="NVML index of the card (default 0)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the answers")
    chosen = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT / "harness"))
    from wattbench.meters import MeterUnavailable, nvml_device

    try:
        driver = nvml_device.load()
    except MeterUnavailable as reason:
        sys.stderr.write(f"There is no card to check: {reason}.\n")
        return 1
    if not 0 <= chosen.gpu < len(driver.gpus):
        sys.stderr.write(f"There is no GPU {chosen.gpu}: NVML shows {len(driver.gpus)}.\n")
        return 1
    gpu = driver.gpus[chosen.gpu]
    now = datetime.now(UTC)
    place = chosen.out / f"{now:%Y-%m-%d}-{sku(gpu.name)}"

    def keep(known: dict[str, Any]) -> None:
        dated = known | {"measured_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_name(f"{place.name}.json").write_text(
            json.dumps(gpu_answers.rounded(dated), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        place.with_name(f"{place.name}.md").write_text(gpu_answers.page(dated), encoding="utf-8")

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    card = NvmlCard(driver, gpu)
    began = time.monotonic()
    say(f"{gpu.name}, driver {driver.version}: {len(SECTIONS)} questions in {chosen.budget:.0f} s at most")
    try:
        check(card, chosen.budget, say, keep)
    finally:
        card.close()
    say(f"[{time.monotonic() - began:5.0f} s] The answers are in {place}.json and {place.name}.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
