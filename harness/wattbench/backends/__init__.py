"""Backends: what loads a model. One file a backend; each has `load(...) -> Loaded`.

`optimum` (PyTorch through Optimum's TasksManager) is the reference; `echo` answers without a model, for tests.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wattbench.tasks import Output, Row, Task

BACKENDS = ("optimum", "echo")


class Predict(Protocol):
    """Rows in, outputs out: one query, on a model that is loaded."""

    def __call__(self, row: Row) -> Output:
        """Answer one row."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded model, what prepares its inputs, and the facts that a run file keeps about both."""

    model: Any
    processor: Any
    device: str
    facts: Mapping[str, Any]
    parameters: int


class Backend(Protocol):
    """What a backend's module offers."""

    def load(self, folder: Path, task: Task, *, precision: str, device: str) -> Loaded:
        """Load the model in `folder` for a task. Raises Refusal for a model that it cannot load."""
        ...


def find(name: str) -> Backend:
    """Find a backend by name. Raises Refusal for a name that no file has."""
    if name not in BACKENDS:
        raise refuse("", "backend", f"there is no backend {name!r}", f"Choose one of: {', '.join(BACKENDS)}")
    module: Backend = importlib.import_module(f"{__name__}.{name}")
    return module
