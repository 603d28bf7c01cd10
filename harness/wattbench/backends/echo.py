"""A backend without a model, for tests: it answers with what `answer` in its settings file says, at a set pace.

Its folder holds `echo.json`: {"milliseconds": CPU work a query, "milliseconds_a_batch": and a batch, "answer": value,
"batch_at_most": a larger batch is out of memory}; without `answer` it echoes the row.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.backends import Loaded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.tasks import Task


@dataclass(frozen=True, slots=True)
class Echo:
    """A stand-in for a sentence encoder: it spins for a while and gives the answer."""

    milliseconds: float = 1.0
    milliseconds_a_batch: float = 0.0
    answer: object = None
    batch_at_most: int | None = None

    def encode(self, texts: Sequence[str], **_options: object) -> list[object]:
        """Answer as a sentence encoder would: the answer, or a small vector made of each text."""
        if self.batch_at_most is not None and len(texts) > self.batch_at_most:
            raise MemoryError(f"a batch of {len(texts)} does not fit")
        until = time.perf_counter() + (self.milliseconds * len(texts) + self.milliseconds_a_batch) / 1000
        while time.perf_counter() < until:
            pass
        if self.answer is not None:
            return [self.answer for _ in texts]
        return [[len(text) / 1000, text.count("e") / 100, 1.0] for text in texts]


def load(folder: Path, task: Task, *, precision: str, device: str) -> Loaded:
    """Load the settings. The facts say that there is no model, and no rating accepts them."""
    settings = json.loads((folder / "echo.json").read_text(encoding="utf-8"))
    facts = {"name": "echo", "library": task.library, "dtype": [precision], "attention": None, "device": device}
    facts["placement"] = [device]
    return Loaded(Echo(**settings), None, device, facts, 0)
