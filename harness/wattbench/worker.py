"""The measured process: loads one model and answers rounds of its workload. Started by `session`, never by people.

It speaks one JSON object a line over its original standard input and output; whatever libraries print goes to
standard error. It reads only the Shelf, has no token, and never sees a meter.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from wattbench import backends, tasks, workloads
from wattbench.isolation import leave_network, read_only
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded
    from wattbench.isolation import Network
    from wattbench.tasks import Output, Row, Task


class Worker:
    """One loaded model with its rows, the outputs it gave last, and the last round of every pass that was counted."""

    def __init__(self, order: dict[str, Any], network: Network) -> None:
        """Load the rows and the model; `network` tells what keeps them offline. Raises Refusal."""
        self.network = network
        self.files = read_only([order["workload"], order["model"]])
        self.task: Task = tasks.find(order["task"])
        self.rows: list[Row] = workloads.open_rows(Path(order["workload"]))
        backend = backends.find(order["backend"])
        self.loaded: Loaded = backend.load(
            Path(order["model"]), self.task, precision=order["precision"], device=order["device"]
        )
        self.outputs: list[Output] = []
        self.passes: list[list[Output]] = []

    def ready(self) -> dict[str, Any]:
        """Say what was loaded, and with what."""
        return {
            "rows": len(self.rows),
            "parameters": self.loaded.parameters,
            "backend": dict(self.loaded.facts),
            "versions": _versions(),
            "network": self.network,
            "files": "kernel" if self.files else "unconfined",
        }

    def answer(self, rounds: int) -> dict[str, Any]:
        """Answer every row, `rounds` times. Nothing but the queries happens here: this is what is measured."""
        self.outputs = [self.task.predict(self.loaded, row) for _ in range(rounds) for row in self.rows]
        return {}

    def count(self) -> dict[str, Any]:
        """Count and hash the outputs of the last rounds, after their window has closed."""
        size = len(self.rows)
        rounds = [self.outputs[start : start + size] for start in range(0, len(self.outputs), size)]
        digests = [_digest(one) for one in rounds]
        self.passes.append(rounds[-1])
        return {
            "queries": len(self.outputs),
            "answered": sum(output.value not in (None, "", []) for output in self.outputs),
            "input_tokens": _total([output.input_tokens for output in self.outputs]),
            "output_tokens": _total([output.output_tokens for output in self.outputs]),
            # Rounds that agree share one hash; rounds that do not give a hash that no agreeing pass has.
            "outputs_sha256": digests[0]
            if len(set(digests)) == 1
            else hashlib.sha256("".join(digests).encode()).hexdigest(),
        }

    def grade(self, number: int) -> dict[str, Any]:
        """Grade a pass by its last round: the outputs that cost the energy are the ones graded."""
        return {"quality": self.task.grade(self.passes[number], self.rows).model_dump()}


def _digest(outputs: Sequence[Output]) -> str:
    values = json.dumps([output.value for output in outputs], separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(values.encode()).hexdigest()


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _versions() -> dict[str, str]:
    """The versions of what takes part in answering, of those that are loaded."""
    from importlib import metadata

    wanted = ("torch", "transformers", "optimum", "sentence-transformers", "diffusers", "tokenizers", "numpy", "pillow")
    return {
        name: metadata.version(name) for name in wanted if name.replace("-", "_") in sys.modules or name == "pillow"
    }


def serve(orders: TextIO, replies: TextIO, network: Network) -> None:
    """Carry out orders until they end: load, answer, count, grade."""
    worker: Worker | None = None
    for line in orders:
        order = json.loads(line)
        try:
            if order["do"] == "load":
                worker = Worker(order, network)
                reply = worker.ready()
            elif worker is None:
                reply = {"failed": "nothing is loaded"}
            elif order["do"] == "answer":
                reply = worker.answer(order["rounds"])
            elif order["do"] == "count":
                reply = worker.count()
            else:
                reply = worker.grade(order["number"])
        except Refusal as refusal:
            reply = {"refused": [[p.file, p.field, p.message, p.remedy] for p in refusal.problems]}
        except Exception as error:  # noqa: BLE001 - whatever a model raises is told, with its traceback on stderr
            traceback.print_exc()
            reply = {"failed": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def main() -> None:
    """Keep standard output for replies; send everything that libraries print to standard error."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, replies, leave_network())


if __name__ == "__main__":
    main()
