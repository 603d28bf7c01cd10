"""Fuzz what reads bytes of strangers, for so many seconds: `make fuzz`, or FUZZ_SECONDS=60 make fuzz.

Targets take turns; what fails is made small, printed, and kept in build/fuzz for the next time.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import fuzz_targets
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase

KEPT = Path("build/fuzz")
TURN = 300  # examples


def turn(name: str, number: int) -> bool:
    """Give a target one turn; whether it held."""
    strategy, target = fuzz_targets.TARGETS[name]

    @seed(number)
    @settings(
        max_examples=TURN,
        deadline=None,
        database=DirectoryBasedExampleDatabase(KEPT / name.replace(" ", "-")),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        print_blob=True,
    )
    @given(strategy)
    def some(one: Any) -> None:
        target(one)

    try:
        some()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        print(f"== {name}")
        traceback.print_exc()
        return False
    return True


def main() -> int:
    """Fuzz until the time is over; 1 where something was found."""
    budget = float(os.environ.get("FUZZ_SECONDS") or 600)
    wanted = sys.argv[1:] or list(fuzz_targets.TARGETS)
    started, number, failed = time.monotonic(), int(time.time()), dict.fromkeys(wanted, 0)
    turns = dict.fromkeys(wanted, 0)
    while time.monotonic() - started < budget:
        number += 1
        for name in wanted:
            if time.monotonic() - started < budget:
                turns[name] += 1
                failed[name] += not turn(name, number)
        print(f"{time.monotonic() - started:6.0f} s: {sum(turns.values()) * TURN} examples", flush=True)
    for name in wanted:
        print(f"{name:12} {turns[name] * TURN:8} examples  {'FAILED' if failed[name] else 'held'}")
    return 1 if any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
