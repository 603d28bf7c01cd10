"""Pictures as tensors, for all tasks that look at them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded
    from wattbench.tasks import Row


def decode(rows: Sequence[Row]) -> list[Any]:
    """Decode `image` (PNG or JPEG bytes) of each row into an RGB picture. Not turned as EXIF may say: boxes are not."""
    from PIL import Image

    return [Image.open(io.BytesIO(row["image"])).convert("RGB") for row in rows]


def tensors(loaded: Loaded, processor: Any, pictures: Sequence[Any]) -> Any:  # noqa: ANN401 - what a model takes
    """Turn pictures into the model's inputs, on its device and in its number format."""
    inputs = processor(images=list(pictures), return_tensors="pt").to(loaded.device)
    inputs["pixel_values"] = inputs["pixel_values"].to(loaded.model.dtype)
    return inputs


def problems(processor: Any) -> list[Problem]:  # noqa: ANN401 - an image processor, or none
    """Say so where a model comes without an image processor."""
    if processor is not None and "pixel_values" in getattr(processor, "model_input_names", ()):
        return []
    remedy = "Publish preprocessor_config.json beside the weights"
    return [Problem("", "image processor", "the model comes without an image processor", remedy)]
