"""COCO's categories, found by name, and its mean average precision, by pycocotools.

A model's class numbers are never taken for COCO's: some count 80 classes, some 91 with gaps, and some call them as
PASCAL VOC did. Only the names decide.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from wattbench.asking import labels
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from wattbench.tasks import Output, Row

_NAMES = (  # noqa: SIM905 - else it is ninety lines
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,,stop sign,"
    "parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,,backpack,umbrella,,,"
    "handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,"
    "tennis racket,bottle,,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,"
    "hot dog,pizza,donut,cake,chair,couch,potted plant,bed,,dining table,,,toilet,,tv,laptop,mouse,"
    "remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,,book,clock,vase,scissors,teddy bear,"
    "hair drier,toothbrush"
).split(",")
CATEGORIES = {name: number for number, name in enumerate(_NAMES, 1) if name}  # 80 names, of the numbers 1 to 90
ALIASES = {
    "aeroplane": "airplane",
    "cellphone": "cell phone",
    "diningtable": "dining table",
    "doughnut": "donut",
    "hair dryer": "hair drier",
    "mobile phone": "cell phone",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "television": "tv",
    "tv monitor": "tv",
    "tvmonitor": "tv",
}
MOST = 100  # detections a picture, the best first, as COCO counts


def numbers(config: Any) -> dict[int, int]:  # noqa: ANN401 - a config of transformers
    """Map a model's class numbers onto COCO's, by name. Classes that COCO does not grade are left out."""
    named = {int(i): labels.canonical(name, ALIASES) for i, name in config.id2label.items()}
    return {i: CATEGORIES[name] for i, name in named.items() if name in CATEGORIES}


def problems(config: Any, wanted: set[int]) -> list[Problem]:  # noqa: ANN401 - a config of transformers
    """Say which of the wanted categories (COCO's numbers) a model cannot name."""
    missing = wanted - set(numbers(config).values())
    if not missing:
        return []
    own, named = labels.given(config), {number: name for name, number in CATEGORIES.items()}
    lacks = ", ".join(sorted(repr(named.get(number, number)) for number in missing)[:8])
    tells = ", ".join(repr(name) for name in own[:8]) + (f" and {len(own) - 8} more" if len(own) > 8 else "")  # noqa: PLR2004
    message = f"the model tells {tells} apart, the workload asks for COCO's classes: it lacks {lacks}"
    return [Problem("", "labels", message, "Choose a model trained on COCO, with its classes named in config.json")]


def evaluate(outputs: Sequence[Output], rows: Sequence[Row]) -> Any:  # noqa: ANN401 - a COCOeval
    """Match detections with boxes, picture by picture. Gives a COCOeval that has evaluated, over boxes of any size.

    Values are lists of [category, score, x, y, width, height]; a picture without an answer has no detections.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    boxes = [
        {"image_id": i, "category_id": label, "bbox": box, "area": area, "iscrowd": int(crowd)}
        for i, row in enumerate(rows)
        for box, label, area, crowd in zip(row["boxes"], row["labels"], row["areas"], row["crowd"], strict=True)
    ]
    seen = [
        {"image_id": i, "category_id": label, "bbox": box, "score": score, "area": box[2] * box[3], "iscrowd": 0}
        for i, output in enumerate(outputs)
        for label, score, *box in output.value or []
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        gold, told = (_annotated(COCO(), one, len(rows)) for one in (boxes, seen))
        judge = COCOeval(gold, told, "bbox")
        judge.params.areaRng, judge.params.areaRngLbl, judge.params.maxDets = [[0, 1e10]], ["all"], [MOST]
        judge.evaluate()
    return judge


def _annotated(coco: Any, annotations: list[dict[str, Any]], images: int) -> Any:  # noqa: ANN401 - a COCO
    coco.dataset = {
        "images": [{"id": i} for i in range(images)],
        "categories": [{"id": number} for number in CATEGORIES.values()],
        "annotations": [one | {"id": i} for i, one in enumerate(annotations, 1)],
    }
    coco.createIndex()
    return coco


def precisions(judge: Any) -> np.ndarray:  # noqa: ANN401 - a COCOeval that has evaluated
    """Give pycocotools' own average precision a threshold of overlap (10: .50, .55 ... .95), 0 to 1."""
    import numpy as np

    with contextlib.redirect_stdout(io.StringIO()):
        judge.accumulate()
    found = judge.eval["precision"][:, :, :, 0, 0]  # overlap, recall, category; -1 where no picture has the category
    known = found[:, :, (found > -1).any((0, 1))]
    return np.asarray(known.mean((1, 2))) if known.size else np.full(len(found), np.nan)
