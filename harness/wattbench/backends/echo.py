"""A backend without a model, for tests: it answers with what `answer` in its settings file says, at a set pace.

Its folder holds `echo.json`: {"milliseconds": CPU work a query, "answer": value}; without `answer` it echoes the row.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from wattbench.backends import Loaded

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.tasks import Task


class Echo:
    """A stand-in for a model: `encode` and `__call__` spin for a while and give the answer."""

    def __init__(self, milliseconds: float, answer: object) -> None:
        """Keep the pace, in ms of CPU work a query, and the answer."""
        self.milliseconds, self.answer = milliseconds, answer

    def encode(self, text: str, **_options: object) -> object:
        """Answer as a sentence encoder would: the answer, or a small vector made of the text."""
        until = time.perf_counter() + self.milliseconds / 1000
        while time.perf_counter() < until:
            pass
        return self.answer if self.answer is not None else [len(text) / 1000, text.count("e") / 100, 1.0]


def load(folder: Path, task: Task, *, precision: str, device: str) -> Loaded:
    """Load the settings. The facts say that there is no model, and no rating accepts them."""
    settings = json.loads((folder / "echo.json").read_text(encoding="utf-8"))
    facts = {"name": "echo", "library": task.library, "dtype": [precision], "attention": None, "device": device}
    facts["placement"] = [device]
    return Loaded(Echo(settings.get("milliseconds", 1), settings.get("answer")), None, device, facts, 0)
