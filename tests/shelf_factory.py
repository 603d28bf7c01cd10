"""Small Shelves for tests: echo models that answer at a set pace, and tiny models built from configs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wattbench import shelf as shelves
from wattbench import tasks, workloads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REVISION = "a" * 40
TEXTS = (
    "the cat sat",
    "a cat was sitting on the mat",
    "stocks fell sharply today",
    "markets lost value",
    "rain is wet",
)


def put_model(
    shelf: Path, model_id: str, revision: str, fill: Callable[[Path], None], weights: str = "synthetic"
) -> None:
    """Put a model on a Shelf; `fill` writes its files."""
    with shelves.place(shelves.model_folder(shelf, model_id, revision)) as folder:
        fill(folder)
        manifest = {
            "kind": "model",
            "name": model_id,
            "revision": revision,
            "weights": weights,
            "licence": None,
            "base_model": None,
            "about": "built for a test",
        }
        shelves.write_manifest(folder, manifest, {}, "a test")


def put_workload(shelf: Path, task: str, rows: list[dict[str, Any]]) -> None:
    """Put version 0 of a task's workload on a Shelf."""
    with shelves.place(shelves.workload_folder(shelf, task, 0)) as folder:
        workloads.save_rows(rows, folder)
        manifest = {
            "kind": "workload",
            "name": task,
            "revision": "v0",
            "weights": None,
            "licence": None,
            "base_model": None,
            "about": "rows of a test",
        }
        shelves.write_manifest(folder, manifest, {}, "a test")


def texts() -> list[dict[str, Any]]:
    """Give a few texts with similarities that grade."""
    size = len(TEXTS)
    return [
        {"id": f"t{i}", "text": text, "similarities": [1.0 if i == j else 1 / (1 + abs(i - j)) for j in range(size)]}
        for i, text in enumerate(TEXTS)
    ]


def echo(milliseconds: float = 1.0, **settings: Any) -> Callable[[Path], None]:
    """Give a filler for a model of the backend `echo`."""

    def fill(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"none")
        (folder / "echo.json").write_text(json.dumps({"milliseconds": milliseconds} | settings))

    return fill


def echo_shelf(shelf: Path, *, milliseconds: float = 1.0, reference_milliseconds: float = 2.0) -> Path:
    """Fill a Shelf with an echo reference, an echo candidate org/quick, and texts to answer."""
    reference, revision = tasks.find("sentence-similarity").references[0]
    put_model(shelf, reference, revision, echo(reference_milliseconds))
    put_model(shelf, "org/quick", REVISION, echo(milliseconds))
    put_workload(shelf, "sentence-similarity", texts())
    return shelf


def submission(folder: Path, model_id: str = "org/quick", task: str = "sentence-similarity") -> Path:
    """Write a submission into submissions/ORG/NAME/ below `folder`."""
    path = folder / "submissions" / model_id / "submission.yml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f"""\
schema: 1
model: {{id: {model_id}, revision: "{REVISION}"}}
tasks: [{task}]
precisions: [fp32]
submitter: {{github: octocat, relationship: user}}
attestations: {{no_benchmark_specific_tuning: true, license_permits_publication: true}}
""",
        encoding="utf-8",
    )
    return path
