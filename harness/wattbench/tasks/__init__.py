"""Tasks: what models are asked to do. One small file a task, found by its file name, registered nowhere.

A task file holds `TASK = Task(...)`: plain data plus two functions. `predict` answers a batch of rows with a loaded
model; `grade` says how good the outputs of a whole round are. What several tasks share lies outside this package.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wattbench.backends import Loaded
    from wattbench.runs import Quality

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Output:
    """What a model answered to one row: a JSON-able value and how many tokens it took and gave, where it counts.

    value: None, an empty text or an empty list is no answer, unless the task's `answers` says otherwise.
    capped: generation was stopped by the cap of new tokens. truncated: the input was cut to the model's context.
    kept: what grading needs besides (a picture, say); neither hashed nor stored.
    """

    value: Any
    input_tokens: int | None = None
    output_tokens: int | None = None
    capped: bool | None = None
    truncated: bool | None = None
    kept: Any = None


@dataclass(frozen=True, slots=True)
class Metric:
    """How the outputs are graded, in the field's own terms.

    name: as people say it (`Spearman's rho`); unit: printed behind the value (`%` shows value x 100), or empty.
    floor: worse than this and a model does not do the task: the minimum of its boards.
    margin: two models this close are "not worse" than one another.
    """

    name: str
    unit: str
    higher_is_better: bool
    floor: float
    margin: float


@dataclass(frozen=True, slots=True)
class Graded:
    """What grading a round gives.

    scores: one a row, in the metric's unit and direction; None where a row has no reference.
    weights: for ratios of sums (word errors by words), so that the weighted mean of the scores is the value.
    more: secondary figures, by the names that the field uses.
    """

    quality: Quality
    scores: Sequence[float | None]
    weights: Sequence[float] | None = None
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One public data set of a rated workload, read as Parquet from the Hub.

    revision: the data set's commit, 40 hex; None is not pinned: such a workload can be tried, never rated.
    files: which Parquet files of the repository, as a glob. row: one row of the data set -> one of ours, or None.
    columns: which columns `row` looks at, the others are not read; empty for all.
    """

    dataset: str
    config: str | None
    split: str
    revision: str | None
    licence: str
    files: str
    row: Callable[[Row], Row | None]
    columns: tuple[str, ...] = ()


def _is_answer(value: Any) -> bool:  # noqa: ANN401 - whatever a task answers with
    return value not in (None, "", [])


@dataclass(frozen=True, slots=True)
class Task:
    """A task as plain data plus two functions.

    optimum: the task's name in Optimum's TasksManager; library: which library loads its models.
    processor: what turns rows into tensors. query: what one query is, in words for people.
    references: workload version -> (id, revision) of the reference model of the boards of that version.
    predict: a batch of rows in, as many outputs out, in their order; a batch of one in the scenario `single`.
    grade: the outputs of a round, outside any window; it may use the loaded model and its graders.
    sources: what rated workloads are drawn from. length: how long a row's input is, to sort by (only `saturated`).
    reasoning: whether there is a board for each way of reasoning. cap: new tokens at most.
    graders: models that grading needs, as name -> (id, revision), from the Shelf.
    audio_seconds: how much audio a row holds, in s. answers: whether a value is an answer at all.
    check: raises Refusal for a model that loads but cannot do these rows (another set of labels, say).
    mean: whether the metric is the weighted mean of the scores (no rank correlation, no mAP).
    step: the factor of one star on reference-anchored boards (METHOD section 5.7).
    """

    name: str
    title: str
    query: str
    optimum: str
    library: Literal["transformers", "sentence_transformers", "diffusers"]
    processor: Literal["tokenizer", "image", "processor", "none"]
    metric: Metric
    references: Mapping[int, tuple[str, str]]
    predict: Callable[[Loaded, Sequence[Row]], list[Output]]
    grade: Callable[[Sequence[Output], Sequence[Row], Loaded], Graded]
    sources: tuple[Source, ...] = ()
    length: Callable[[Row], int] | None = None
    reasoning: bool = False
    cap: int | None = None
    graders: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    audio_seconds: Callable[[Row], float] | None = None
    answers: Callable[[Any], bool] = _is_answer
    check: Callable[[Loaded, Sequence[Row]], None] | None = None
    mean: bool = True
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
