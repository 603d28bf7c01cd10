"""Texts as tensors, for all tasks that read text: cut to the model's context and told so, padded where it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded

ENDLESS = 1_000_000  # tokenizers that know no limit say 10^30
# These count positions from the padding token's number on, so that the first of their table are never used.
LATE_POSITIONS = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tensors of a batch of texts, on the model's device; the tokens of each text, and whether it was cut."""

    inputs: Any
    tokens: list[int]
    truncated: list[bool]


def context(loaded: Loaded) -> int | None:
    """How many tokens the model reads at once, special ones included; None where nothing limits them."""
    config = loaded.model.config
    positions = getattr(config, "max_position_embeddings", None) or 0
    if positions > 0 and config.model_type in LATE_POSITIONS:
        positions -= config.pad_token_id + 1
    limits = [one for one in (loaded.processor.model_max_length, positions) if 0 < one < ENDLESS]
    return min(limits, default=None)


def encode(loaded: Loaded, texts: Sequence[str]) -> Encoded:
    """Turn a batch of texts into tensors. Several are padded on the right to the longest; one is left alone."""
    limit = context(loaded)
    inputs = loaded.processor(
        list(texts),
        truncation=limit is not None,
        max_length=limit,
        padding=len(texts) > 1,
        padding_side="right",
        return_tensors="pt",
    )
    tokens = inputs["attention_mask"].sum(1).tolist()
    if inputs.encodings is not None:
        truncated = [bool(one.overflowing) for one in inputs.encodings]
    else:  # a tokenizer in Python keeps nothing of what it cut: a text that fills the context counts as cut
        truncated = [limit is not None and one >= limit for one in tokens]
    return Encoded(inputs.to(loaded.device), tokens, truncated)


def problems(loaded: Loaded) -> list[Problem]:
    """Say so where a model comes without a tokenizer."""
    tokenizer = loaded.processor
    if tokenizer is None or not callable(getattr(tokenizer, "convert_tokens_to_ids", None)):
        remedy = "Publish tokenizer.json (or the vocabulary) beside the weights"
        return [Problem("", "tokenizer", "the model comes without a tokenizer", remedy)]
    return []
