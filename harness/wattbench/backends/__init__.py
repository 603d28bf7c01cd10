"""Backends: what loads a model. One file a backend; each has `load(...) -> Loaded`.

`optimum` (PyTorch through Optimum's TasksManager) is the reference; `echo` answers without a model, for tests.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from wattbench.tasks import Task

BACKENDS = ("optimum", "echo")


def _no_mark() -> None:
    """Note nothing: nobody asked when the first token was there."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded model, what prepares its inputs, and the facts that a run file keeps about both.

    options: how to ask it (`reasoning`). mark: called once a batch, when the first new token is there.
    graders: folders of the models that grading needs, by name.
    """

    model: Any
    processor: Any
    device: str
    facts: Mapping[str, Any]
    parameters: int
    options: Mapping[str, Any] = field(default_factory=dict)
    mark: Callable[[], None] = _no_mark
    graders: Mapping[str, Path] = field(default_factory=dict)


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
