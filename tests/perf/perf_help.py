"""How long `wattbench --help` takes, against a command that imports what loads models at start-up, in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 7
OURS = "import sys; sys.argv = ['wattbench', '--help']\nfrom wattbench.cli import main\nmain()"
EAGER = "import optimum.exporters.tasks\n" + OURS


def seconds(script: str) -> float:
    """Run a script in a fresh interpreter and give its wall time, in s."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Alternate the two, so that a busy machine disturbs both alike."""
    pairs = [(seconds(OURS), seconds(EAGER)) for _ in range(ROUNDS)]
    ours, eager = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"wattbench --help: {ours:.2f} s (median of {ROUNDS}); importing Optimum at start-up: {eager:.2f} s")
    print(f"ratio {eager / ours:.1f}")


if __name__ == "__main__":
    main()
