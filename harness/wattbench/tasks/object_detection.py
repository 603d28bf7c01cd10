"""Object detection: say what is where in a picture, of COCO's 80 classes; graded by COCO's mAP@[.50:.95].

Intended reference model of version 1: facebook/detr-resnet-50. Version 1 is not pinned yet.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from wattbench.asking import pictures
from wattbench.grading import average_precision, coco
from wattbench.problems import Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded


def check(loaded: Loaded, rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without an image processor, or whose names lack a class of the rows."""
    problems = pictures.problems(loaded.processor)
    problems += coco.problems(loaded.model.config, {label for row in rows for label in row["labels"]})
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Find up to 100 objects in `image` of each row, best first: [COCO's class, score, x, y, width, height] in pixels.

    Pictures of different shapes go together only into a model that takes a mask of what is picture and what padding.
    """
    decoded = pictures.decode(rows)
    if "pixel_mask" in inspect.signature(loaded.model.forward).parameters:
        return _found(loaded, pictures.tensors(loaded, loaded.processor, decoded), decoded)
    ready = [pictures.tensors(loaded, loaded.processor, [one]) for one in decoded]
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i, one in enumerate(ready):
        shapes.setdefault(tuple(one["pixel_values"].shape), []).append(i)
    outputs: dict[int, Output] = {}
    for alike in shapes.values():
        together = _together([ready[i]["pixel_values"] for i in alike])
        outputs.update(zip(alike, _found(loaded, together, [decoded[i] for i in alike]), strict=True))
    return [outputs[i] for i in range(len(rows))]


def _together(ready: list[Any]) -> dict[str, Any]:
    import torch

    return {"pixel_values": torch.cat(ready)}


def _found(loaded: Loaded, inputs: Any, decoded: Sequence[Any]) -> list[Output]:  # noqa: ANN401 - tensors by name
    """Run the model once and turn what it gives into boxes of COCO's classes; a NaN anywhere is no answer."""
    import torch

    with torch.inference_mode():
        given = loaded.model(**inputs)
        sound = (given.logits.isfinite().all(-1) & given.pred_boxes.isfinite().all(-1)).all(-1).tolist()
        sizes = [(one.height, one.width) for one in decoded]
        found = loaded.processor.post_process_object_detection(given, threshold=0.0, target_sizes=sizes)
    known = coco.numbers(loaded.model.config)
    return [Output(_boxes(one, known) if fine else None) for one, fine in zip(found, sound, strict=True)]


def _boxes(found: Any, known: dict[int, int]) -> list[list[float]]:  # noqa: ANN401 - scores, labels and corners
    parts = zip(*(found[name].float().tolist() for name in ("scores", "labels", "boxes")), strict=True)
    boxes = [
        [known[int(label)], round(score, 5), *(round(one, 2) for one in (x, y, right - x, bottom - y))]
        for score, label, (x, y, right, bottom) in parts
        if int(label) in known
    ]
    return sorted(boxes, key=lambda one: -one[1])[: coco.MOST]


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """COCO's mAP by pycocotools; its 95 % interval by drawing pictures again, from matches made once.

    A picture's own score is the mAP of that picture alone; None where it shows nothing of COCO's classes. mAP is no
    mean of these: they only serve to compare two models picture by picture.
    """
    judge = coco.evaluate(outputs, rows)
    each = coco.precisions(judge)
    found, recalls = average_precision.categories(judge), judge.params.recThrs
    quality = average_precision.quality(TASK.metric, found, len(rows), recalls)
    own = [average_precision.alone(found, i, recalls) for i in range(len(rows))]
    return Graded(quality, own, more={"AP50": round(float(each[0]), 6), "AP75": round(float(each[5]), 6)})


def _coco_row(row: Row) -> Row | None:
    """One row of detection-datasets/coco: corners in pixels, classes counted from 0 without gaps, no crowds marked."""
    objects, known = row["objects"], list(coco.CATEGORIES.values())
    corners = objects["bbox"]
    return {
        "image": row["image"]["bytes"],
        "boxes": [[x, y, right - x, bottom - y] for x, y, right, bottom in corners],
        "labels": [known[one] for one in objects["category"]],
        "areas": [float(one) for one in objects["area"]],
        "crowd": [0] * len(corners),
    }


TASK = Task(
    name="object-detection",
    title="Object detection",
    query="one picture searched for objects",
    optimum="object-detection",
    library="transformers",
    processor="image",
    metric=Metric("COCO mAP@[.50:.95]", "%", higher_is_better=True, floor=0.05, margin=0.01),
    references={},
    predict=predict,
    mean=False,
    grade=grade,
    check=check,
    sources=(
        Source(
            dataset="detection-datasets/coco",
            config=None,
            split="val",
            revision=None,
            licence="annotations CC-BY-4.0; pictures under their own Flickr licences",
            files="data/val-*.parquet",
            row=_coco_row,
        ),
    ),
    answers=lambda value: value is not None,  # a picture may show nothing of COCO's classes
)
