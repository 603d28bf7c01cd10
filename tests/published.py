"""Tables as others publish them, made up for tests; and where the real ones lie, for tests that need them."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wattboard.imports import mlenergy
from wattboard.imports.aienergyscore import COLUMNS, TASKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("WATTSTAR_DATA") or ROOT.parent / "shared" / "data")
WHY = "the published tables of others are not here: they are no part of this project (WATTSTAR_DATA names their folder)"
needs_tables = pytest.mark.skipif(not FOLDER.exists(), reason=WHY)
SCORE = FOLDER / "aienergyscore-2025-02.csv"
ML = FOLDER / "mlenergy-v3.csv"

# kWh per 1,000 queries in the middle of what each of AI Energy Score's boards was published with.
MIDDLE = {
    ("asr", ""): 0.02,
    ("image_captioning", ""): 0.09,
    ("image_classification", ""): 0.0008,
    ("image_generation", ""): 0.5,
    ("object_detection", ""): 0.003,
    ("question_answering", ""): 0.001,
    ("sentence_similarity", ""): 0.0008,
    ("summarization", ""): 0.004,
    ("text_classification", ""): 0.002,
    ("text_generation", "A"): 0.01,
    ("text_generation", "B"): 0.1,
    ("text_generation", "C"): 2.0,
}
assert set(MIDDLE) == set(TASKS)


def score_rows(
    energies: Iterable[float], task: str = "text_classification", size: str = "", stars: object = 3
) -> list[list[object]]:
    """Rows of AI Energy Score's form, a model each, in kWh per 1,000 queries."""
    return [[task, size, f"org/model-{number}", energy, stars] for number, energy in enumerate(energies)]


def score(path: Path, rows: Iterable[Sequence[object]], columns: Sequence[str] = COLUMNS) -> Path:
    """Write a table of AI Energy Score's form."""
    return _write(path, columns, rows)


def request(
    model: str = "org/model", batch: int = 8, joules_per_token: float = 0.5, tokens: float = 400.0, **more: Any
) -> dict[str, Any]:
    """A row of ML.ENERGY's form for a language model, its columns in accord with each other."""
    watts = 400.0
    row: dict[str, Any] = {
        "task": "lm-arena-chat",
        "model_id": model,
        "gpu_model": "H100",
        "num_gpus": 1,
        "weight_precision": "bfloat16",
        "avg_power_watts": watts,
        "energy_per_request_joules": joules_per_token * tokens,
        "energy_per_token_joules": joules_per_token,
        "avg_output_len": tokens,
        "max_num_seqs": batch,
        "output_throughput_tokens_per_sec": watts / joules_per_token,
        "tensor_parallel": 1,
        "expert_parallel": 1,
        "data_parallel": 1,
    }
    return row | more


def image(model: str = "org/painter", batch: int = 1, joules: float = 2000.0, **more: Any) -> dict[str, Any]:
    """A row of ML.ENERGY's form for a model that paints."""
    row: dict[str, Any] = {
        "task": "text-to-image",
        "model_id": model,
        "gpu_model": "H100",
        "num_gpus": 1,
        "weight_precision": "bfloat16",
        "avg_power_watts": 600.0,
        "energy_per_image_joules": joules,
        "batch_size": batch,
        "throughput_images_per_sec": 600.0 / joules,
        "ulysses_degree": 1,
        "ring_degree": 1,
    }
    return row | more


def ladder(
    model: str = "org/model", batches: Sequence[int] = (8, 16, 32, 64, 128, 256), scale: float = 1.0, **more: Any
) -> list[dict[str, Any]]:
    """A ladder of rows on a curve: a cost of each token, and one of each batch that its queries share."""
    return [request(model, batch, scale * (0.05 + 4.0 / batch), **more) for batch in batches]


def ml(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write a table of ML.ENERGY's form."""
    return _write(path, mlenergy.COLUMNS, ([row.get(column, "") for column in mlenergy.COLUMNS] for row in rows))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path
