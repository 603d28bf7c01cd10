"""Text classification: say whether a review is positive or negative; graded by accuracy.

Intended reference model of version 1: distilbert/distilbert-base-uncased-finetuned-sst-2-english. Version 1 is not
pinned yet. Its sources hold as many positive as negative texts, so a constant answer earns half: below the floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import grading
from wattbench.asking import encoding, labels
from wattbench.problems import Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded

ORDER = ("negative", "positive")  # what the sources, and models that name no classes, mean by 0 and 1


def check(loaded: Loaded, rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without a tokenizer, or with other labels than the rows'."""
    problems = encoding.problems(loaded)
    problems += labels.problems(loaded.model.config, {row["label"] for row in rows}, ORDER)
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Give the label of `text` of each row, in its canonical name; logits with a NaN are no answer."""
    import torch

    encoded = encoding.encode(loaded, [row["text"] for row in rows])
    with torch.inference_mode():
        logits = loaded.model(**encoded.inputs).logits
    sound = torch.isfinite(logits).all(-1).tolist()
    names = labels.named(loaded.model.config, ORDER)
    return [
        Output(names[best] if fine else None, input_tokens=tokens, truncated=cut)
        for best, fine, tokens, cut in zip(
            logits.argmax(-1).tolist(), sound, encoded.tokens, encoded.truncated, strict=True
        )
    ]


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """Accuracy with Wilson's 95 % interval, and macro-F1 over the workload's labels."""
    from sklearn.metrics import f1_score

    gold = [labels.canonical(row["label"]) for row in rows]
    said = [output.value or "" for output in outputs]
    right = [float(a == b) for a, b in zip(said, gold, strict=True)]
    macro = f1_score(gold, said, labels=sorted(set(gold)), average="macro", zero_division=0.0)
    quality = grading.proportion(TASK.metric, int(sum(right)), len(right))
    return Graded(quality, right, more={"macro-F1": round(float(macro), 6)})


def _sentence_row(row: Row) -> Row | None:
    """One row of SST-2: {"idx", "sentence", "label"}; -1 is no label."""
    return _text_row({"text": row["sentence"], "label": row["label"]})


def _text_row(row: Row) -> Row | None:
    """One row of IMDB or Rotten Tomatoes: {"text", "label"}."""
    if row["label"] not in range(len(ORDER)):
        return None
    return {"text": row["text"].strip(), "label": ORDER[row["label"]]}


TASK = Task(
    name="text-classification",
    title="Text classification",
    query="one text classified",
    optimum="text-classification",
    library="transformers",
    processor="tokenizer",
    metric=Metric("accuracy", "%", higher_is_better=True, floor=0.6, margin=0.02),
    references={},
    predict=predict,
    grade=grade,
    check=check,
    sources=(
        Source(
            dataset="stanfordnlp/sst2",
            config=None,
            split="validation",
            revision=None,
            licence="not stated",
            files="data/validation-*.parquet",
            row=_sentence_row,
        ),
        Source(
            dataset="stanfordnlp/imdb",
            config="plain_text",
            split="test",
            revision=None,
            licence="not stated; cite Maas et al., 2011",
            files="plain_text/test-*.parquet",
            row=_text_row,
        ),
        Source(
            dataset="cornell-movie-review-data/rotten_tomatoes",
            config=None,
            split="test",
            revision=None,
            licence="not stated; cite Pang and Lee, 2005",
            files="test.parquet",
            row=_text_row,
        ),
    ),
    length=lambda row: len(row["text"]),
)
