"""One contestant in a process of its own: loads a model, then answers rounds of a workload as it is told.

    python harness_arms.py ARM TASK WORKLOAD MODEL

It prints one JSON object when it is ready, and one for every line that it reads: a number of rounds to answer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import polars as pl


def main() -> None:
    """Answer as the command line and then standard input say."""
    out = os.fdopen(os.dup(1), "w")  # some libraries print
    os.dup2(2, 1)
    arm, task, workload, model = sys.argv[1:5]
    rows = pl.read_parquet(Path(workload) / "rows.parquet").to_dicts()
    ready: dict[str, Any] = {}
    if arm == "bare":
        from harness_bare import BARE, forward

        ready["parameters"], answer = BARE[task](Path(model))
        answers = lambda chosen: [answer(row) for row in chosen]  # noqa: E731 - the peers' give one too
    else:
        from harness_bare import forward
        from harness_peers import ENGINES, PIPELINE

        answers = (PIPELINE if arm == "pipeline" else ENGINES)[task](Path(model))
    print(json.dumps(ready), file=out, flush=True)
    for line in sys.stdin:
        before, values = forward.seconds, []
        for _ in range(int(line)):
            values = answers(rows)
        told = {"forward": forward.seconds - before, "values": values}
        print(json.dumps(told), file=out, flush=True)


if __name__ == "__main__":
    main()
