"""What was run: every family of tiny models through the measured process's own path, and the page that tells of it.

    python tests/families.py [--write]

`run` loads a family as the measured process does, answers rows in batches of one and of three, counts, grades and
scores them. `--write` puts the tasks, and the table of what was run, between the marks of site/pages/tasks.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import family_rows
import tiny_grader
import tiny_models

from wattbench import tasks, worker, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.tasks import Task

PAGE = Path(__file__).parents[1] / "site" / "pages" / "tasks.md"
TASKS = ("<!-- tasks -->", "<!-- end of tasks -->")
FAMILIES = ("<!-- families -->", "<!-- end of families -->")
HEAD = "| Task | Family | Model class | Library | Precisions | Graded by |\n|---|---|---|---|---|---|"
# Tiny models write nonsense: a little of it tells as much as a lot.
SHORT: dict[str, dict[str, int]] = {
    "text-generation": {"CAP": 8, "REASONING_CAP": 12},
    "text-generation-fixed": {"TOKENS": 12},
    "summarization": {"CAP": 8},
    "image-captioning": {"CAP": 8},
    "automatic-speech-recognition": {"CAP": 8},
    "image-generation": {"STEPS": 2, "SIZE": 32},
}
# Untrained, these end every answer at once: they are forbidden the tokenizer's special tokens.
TALKING = {"t5": 3, "bart": 4, "vit_gpt2": 8}
OTHERS = ("bf16", "int8", "int4")  # for the first family of a task; fp32 for all
BATCHES = (1, 3)


class Ran(NamedTuple):
    """One family that did a task. ways: the ways of reasoning that it was asked in. metric: what graded it."""

    task: str
    family: str
    model_class: str
    library: str
    precisions: tuple[str, ...]
    ways: tuple[str, ...]
    metric: str

    def line(self) -> str:
        """Give its line of the table."""
        reasoned = f" (reasoning {', '.join(self.ways)})" if tasks.find(self.task).reasoning else ""
        cells = (self.task, self.family.replace("_", " ") + reasoned, f"`{self.model_class}`")
        return f"| {' | '.join((*cells, self.library, ', '.join(self.precisions), self.metric))} |"


def everything() -> list[tuple[str, str]]:
    """Name every task and family that is to be run."""
    return [(task, family) for task, families in tiny_models.FAMILIES.items() for family in families]


def precisions_of(task: str, family: str) -> tuple[str, ...]:
    """Name the precisions that a family is run in."""
    return ("fp32", *OTHERS) if family == tiny_models.FAMILIES[task][0] else ("fp32",)


@contextlib.contextmanager
def short(task: str) -> Iterator[None]:
    """Let a task write less for a while, and leave the process as free to read files as it was."""
    module = importlib.import_module(tasks.find(task).predict.__module__)
    changed: list[tuple[Any, str, Any]] = [(module, name, value) for name, value in SHORT.get(task, {}).items()]
    changed.append((worker, "read_only", lambda _paths: False))  # a process that gave that up cannot take it back
    before = [getattr(owner, name) for owner, name, _ in changed]
    for owner, name, value in changed:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(changed, before, strict=True):
            setattr(owner, name, value)


def run(task: str, family: str, folder: Path) -> Ran:
    """Take a family through the measured process's path in all its precisions. Raises where anything is amiss."""
    model = tiny_models.build(family, folder / "model")
    if family in TALKING:
        settings = model / "generation_config.json"
        forbidden = {"suppress_tokens": list(range(TALKING[family])), "forced_eos_token_id": None}
        settings.write_text(json.dumps(json.loads(settings.read_text()) | forbidden))
    found = tasks.find(task)
    graders = {name: str(tiny_grader.build(folder / name)) for name in found.graders}
    rows = family_rows.rows(task)
    workloads.save_rows(rows, folder)
    ways = ("off", "on") if family == "qwen3" else ("off",)
    done = []
    with short(task):
        for precision in precisions_of(task, family):
            for way in ways if precision == "fp32" else ("off",):
                order = {
                    "task": task,
                    "workload": str(folder),
                    "model": str(model),
                    "backend": "optimum",
                    "precision": precision,
                    "device": "cpu",
                    "options": {"reasoning": way},
                    "graders": graders,
                }
                done.append(one_model(order, len(rows)))
    (classes,), (metrics,) = ({one[i] for one in done} for i in range(2))
    return Ran(task, family, classes, found.library, precisions_of(task, family), ways, metrics)


def one_model(order: dict[str, Any], rows: int) -> tuple[str, str]:
    """Load, answer, count, grade and score; gives the model's class and the metric."""
    measured = worker.Worker(order, "open")
    ready = measured.ready()
    assert ready["rows"] == rows
    assert ready["parameters"] > 0
    assert (ready["backend"]["quantised"] is not None) == (order["precision"] in {"int8", "int4"})
    for number, batch in enumerate(BATCHES):
        assert measured.answer(1, batch, "all", by_length=False) == {}
        counted = measured.count(keep=True)
        assert counted["queries"] == rows
        assert 0 < counted["answered"] <= rows
        assert 0 < counted["distinct"] <= rows
        graded = measured.grade(number)
        assert [one["query"] for one in graded["scores"]] == list(range(rows))
        low, value, high = (graded["quality"][name] for name in ("low", "value", "high"))
        assert low <= value <= high
    return ready["backend"]["model_class"], graded["quality"]["metric"]


def tasks_text() -> str:
    """Say of every task what it asks, how it is graded and where its rows come from, as its file has it."""
    return "\n\n".join(_task_text(tasks.find(name)) for name in tiny_models.FAMILIES)


def _task_text(task: Task) -> str:
    module = inspect.getdoc(importlib.import_module(task.predict.__module__)) or ""
    asked = " ".join(module.split("\n\n")[0].split()).partition(": ")[2]
    metric = task.metric
    better, least = ("higher", "At least") if metric.higher_is_better else ("lower", "At most")
    floor, margin = _shown(metric.floor, metric.unit), _shown(metric.margin, metric.unit, points=True)
    facts = [
        f"A query is {task.query}. Graded by {metric.name}: {better} is better.",
        f"{least} {floor} earns stars; two models are equally good within {margin}.",
    ]
    if task.cap is not None:
        facts.append(f"{task.cap:,} new tokens at most.")
    if task.reasoning:
        facts.append("Each way of reasoning that a model's chat template has is a board of its own.")
    for name, (grader, revision) in task.graders.items():
        facts.append(f"Its grader {name} is {grader} at `{revision[:12]}`.")
    if task.references:
        version, (reference, revision) = max(task.references.items())
        facts.append(f"The reference model of version {version} is {reference} (`{revision}`).")
    else:
        facts.append("It has no reference model yet, so no board.")
    head = "| Data set | Config | Split | Licence | Pinned to |\n|---|---|---|---|---|"
    lines = [
        f"| {one.dataset} | {one.config or '-'} | {one.split} | {one.licence} | "
        f"{f'`{one.revision[:12]}`' if one.revision else 'no revision yet'} |"
        for one in task.sources
    ]
    said = f"{asked[:1].upper()}{asked[1:]}"
    return "\n\n".join([f"### {task.title}", said, " ".join(facts), "\n".join([head, *lines])])


def _shown(value: float, unit: str, *, points: bool = False) -> str:
    """Write a figure of a metric as people do."""
    if unit == "%":
        return f"{100 * value:g} {'points' if points else '%'}"
    return f"{value:g}"


def families_text(found: Sequence[Ran]) -> str:
    """Lay out the table of what was run."""
    return "\n".join([HEAD, *(one.line() for one in found)])


def between(page: str, marks: tuple[str, str]) -> str:
    """Give what stands between two marks of a page."""
    return page.partition(marks[0])[2].partition(marks[1])[0].strip()


def put(page: str, marks: tuple[str, str], text: str) -> str:
    """Give a page with a text between two of its marks."""
    return f"{page.partition(marks[0])[0]}{marks[0]}\n\n{text}\n\n{marks[1]}{page.partition(marks[1])[2]}"


def main() -> None:
    """Run all families and tell."""
    parser = argparse.ArgumentParser(description="Take every family of tiny models through every task.")
    parser.add_argument("--write", action="store_true", help="put tasks and table into site/pages/tasks.md")
    wanted = parser.parse_args()
    found = []
    for task, family in everything():
        with tempfile.TemporaryDirectory() as folder:
            found.append(run(task, family, Path(folder)))
        sys.stdout.write(found[-1].line() + "\n")
    if wanted.write:
        page = put(PAGE.read_text(encoding="utf-8"), TASKS, tasks_text())
        PAGE.write_text(put(page, FAMILIES, families_text(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
