"""Tasks: what models are asked to do. One small file a task, found by its file name, registered nowhere.

A task file holds `TASK = Task(...)`: plain data plus two functions. `predict` answers one row with a loaded model;
`grade` says how good the outputs of a whole round are.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wattbench.backends import Loaded
    from wattbench.runs import Quality

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Output:
    """What a model answered to one row: a JSON-able value and how many tokens it took and gave, where it counts."""

    value: Any
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """How the outputs are graded, in the field's own terms.

    name: as people say it (`Spearman's rho`); unit: printed behind the value (`%` shows value x 100), or empty.
    floor: worse than this and a model does not do the task: the minimum of a reference-anchored board.
    margin: two models this close are "not worse" than one another.
    """

    name: str
    unit: str
    higher_is_better: bool
    floor: float
    margin: float


@dataclass(frozen=True, slots=True)
class Task:
    """A task as plain data plus two functions.

    optimum: the task's name in Optimum's TasksManager; library: which library loads its models.
    processor: what turns rows into tensors. query: what one query is, in words for people.
    references: workload version -> (id, revision) of the reference model of the boards of that version.
    step: the factor of one star on reference-anchored boards (METHOD section 5.7).
    """

    name: str
    title: str
    query: str
    optimum: str
    library: Literal["transformers", "sentence_transformers", "diffusers"]
    processor: Literal["tokenizer", "image", "none"]
    metric: Metric
    references: Mapping[int, tuple[str, str]]
    predict: Callable[[Loaded, Row], Output]
    grade: Callable[[Sequence[Output], Sequence[Row]], Quality]
    step: float = 1.6


def names() -> list[str]:
    """Every task there is, by name, sorted."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def find(name: str) -> Task:
    """Find a task by name. Raises Refusal for a name that no file has."""
    if name not in names():
        raise refuse("", "task", f"there is no task {name!r}", f"Choose one of: {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    task: Task = module.TASK
    return task
