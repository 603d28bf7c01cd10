"""The measured process: loads one model and answers rounds of its workload. Started by `session`, never by people.

It speaks one JSON object a line over its original standard input and output; whatever libraries print goes to
standard error. It reads only the Shelf, has no token, and never sees a meter.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from wattbench import answering, backends, tasks, workloads
from wattbench.answering import Answered, Clock, now
from wattbench.isolation import leave_network, read_only
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from wattbench.backends import Loaded
    from wattbench.isolation import Network
    from wattbench.tasks import Output, Row, Task


class Worker:
    """One loaded model with its rows, the outputs it gave last, and the last round of every pass that was counted."""

    def __init__(self, order: dict[str, Any], network: Network) -> None:
        """Load the rows and the model; `network` tells what keeps them offline. Raises Refusal."""
        self.network = network
        graders = {name: Path(folder) for name, folder in order.get("graders", {}).items()}
        self.files = read_only([order["workload"], order["model"], *map(str, graders.values())])
        self.task: Task = tasks.find(order["task"])
        self.rows: list[Row] = workloads.open_rows(Path(order["workload"]))
        backend = backends.find(order["backend"])
        loaded = backend.load(Path(order["model"]), self.task, precision=order["precision"], device=order["device"])
        self.first: Clock | None = None
        self.loaded: Loaded = replace(loaded, options=order.get("options", {}), mark=self._mark, graders=graders)
        if self.task.check is not None:
            self.task.check(self.loaded, self.rows)
        self.answered = Answered([])
        self.asked: list[int] = []
        self.passes: list[list[Output]] = []

    def _mark(self) -> None:
        """Note that the first new token of this batch is there."""
        self.first = now()

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

    def answer(self, rounds: int, batch: int, part: str, *, by_length: bool) -> dict[str, Any]:
        """Answer every row of a part, `rounds` times. Nothing but the queries happens here: this is what is measured.

        Says so where a batch does not fit into memory.
        """
        private = [bool(row.get("private", False)) for row in self.rows]
        self.asked = [i for i, hidden in enumerate(private) if part == "all" or hidden == (part == "private")]
        groups = answering.batches(self.task, self.rows, self.asked, batch, by_length=by_length)
        size, predict, place = len(self.asked), self.task.predict, {row: i for i, row in enumerate(self.asked)}
        answered = Answered([None] * (rounds * size))  # type: ignore[list-item] # every place is filled below
        try:
            for number in range(rounds):
                for group in groups:
                    self.first, began = None, now()
                    outputs = predict(self.loaded, [self.rows[i] for i in group])
                    answered.marks.append((began, self.first, now()))
                    for row, output in zip(group, outputs, strict=True):
                        answered.outputs[number * size + place[row]] = output
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            exhausted = f"memory ended in a batch of {batch} ({type(error).__name__})"
        else:
            self.answered = answered
            return {}
        _free()
        return {"exhausted": exhausted}

    def count(self, *, keep: bool) -> dict[str, Any]:
        """Count and hash the outputs of the last rounds, after their window has closed; keep them to grade a pass."""
        asked = [self.rows[i] for i in self.asked]
        if keep:
            outputs, same = self.answered.outputs[-len(asked) :], answering.digest
            # Passes that agree are one in memory: what grading needs of them (pictures, say) can be large.
            self.passes.append(next((one for one in self.passes[-1:] if same(one) == same(outputs)), outputs))
        return answering.counts(self.task, self.answered, asked, len(asked)) | {
            "marks": answering.marks_of(self.answered)
        }

    def grade(self, number: int) -> dict[str, Any]:
        """Grade a pass by its last round: the outputs that cost the energy are the ones graded."""
        outputs = self.passes[number]
        graded = self.task.grade(outputs, self.rows, self.loaded)
        told = {"scores": list(graded.scores), "weights": list(graded.weights) if graded.weights else None}
        return {
            "quality": graded.quality.model_dump(),
            "more": dict(graded.more),
            "scores": answering.scores_of(told, outputs, self.rows),
        }


def _is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ended, on the host or on a device."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error)


def _free() -> None:
    """Give back what a batch that did not fit has left on the device."""
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


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
                gc.collect()
                gc.freeze()  # what is loaded stays: to look through it again and again would be paid for in the windows
                reply = worker.ready()
            elif worker is None:
                reply = {"failed": "nothing is loaded"}
            elif order["do"] == "answer":
                reply = worker.answer(order["rounds"], order["batch"], order["part"], by_length=order["by_length"])
            elif order["do"] == "count":
                reply = worker.count(keep=order["keep"])
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
