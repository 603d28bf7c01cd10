"""Tiny models, loaded as a run loads them, and what tests ask of every task that answers with them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import tiny_models

from wattbench import answering, backends, tasks
from wattbench.answering import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.backends import Loaded
    from wattbench.tasks import Output, Row, Task


def load(task: str, family: str, folder: Path) -> tuple[Task, Loaded]:
    """Build a tiny model and load it on the CPU, with weights wide enough apart to give different answers."""
    import torch

    torch.set_num_threads(1)  # on tiny models, several only wait for one another
    found = tasks.find(task)
    loaded = backends.find("optimum").load(
        tiny_models.build(family, folder / family), found, precision="fp32", device="cpu"
    )
    draw = torch.Generator().manual_seed(1)
    if isinstance(loaded.model, torch.nn.Module):
        for parameter in loaded.model.parameters():
            if parameter.dim() > 1:
                parameter.data.normal_(0, 0.3, generator=draw)
    return found, loaded


def answer(task: Task, loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Answer all rows in one batch, and hold that against answering them one by one."""
    outputs = task.predict(loaded, rows)
    assert len(outputs) == len(rows)
    alone = [task.predict(loaded, [row])[0] for row in rows]
    for together, single in zip(outputs, alone, strict=True):
        assert near(together.value, single.value)
        assert (together.input_tokens, together.output_tokens) == (single.input_tokens, single.output_tokens)
        assert (together.truncated, together.capped) == (single.truncated, single.capped)
    return outputs


def near(one: Any, other: Any) -> bool:
    """Whether two values are the same but for the last digits of their numbers."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(near(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 2e-5 * max(1.0, abs(one))
    return bool(one == other)


def counts(task: Task, outputs: Sequence[Output], rows: Sequence[Row]) -> dict[str, Any]:
    """Count the outputs of one round as a run does."""
    moment = answering.now()
    return answering.counts(task, Answered(list(outputs), [(moment, None, moment)]), rows, len(rows))


def picture(number: int, width: int = 40, height: int = 30, mode: str = "RGB") -> bytes:
    """Draw coloured noise as a PNG; another number, another picture."""
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(number).integers(0, 255, (height, width, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(data, "PNG")
    return data.getvalue()
