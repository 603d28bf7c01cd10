from __future__ import annotations

from types import SimpleNamespace

import pytest
import tiny_tokenizers

from wattbench.asking import encoding
from wattbench.backends import Loaded


def reader(length: int, positions: int | None, kind: str = "bert", padding: int = 0) -> Loaded:
    config = SimpleNamespace(max_position_embeddings=positions, model_type=kind, pad_token_id=padding)
    return Loaded(SimpleNamespace(config=config), tiny_tokenizers.bert(length), "cpu", {}, 0)


@pytest.mark.parametrize(
    ("length", "positions", "kind", "padding", "context"),
    [
        (512, 512, "bert", 0, 512),
        (10**30, 512, "bert", 0, 512),  # a tokenizer that knows no limit
        (10**30, 514, "roberta", 1, 512),  # the first two positions are the padding's
        (128, 512, "bert", 0, 128),
        (256, None, "t5", 0, 256),
        (256, -1, "xlnet", 5, 256),
        (10**30, None, "t5", 0, None),
    ],
)
def test_the_context_is_the_least_of_what_tokenizer_and_model_can_do(
    length: int, positions: int | None, kind: str, padding: int, context: int | None
) -> None:
    assert encoding.context(reader(length, positions, kind, padding)) == context


def test_a_long_text_is_cut_and_told_and_padding_is_not_counted() -> None:
    encoded = encoding.encode(reader(16, 512), ["this movie was great", "slow " * 40, ""])
    assert encoded.truncated == [False, True, False]
    assert encoded.tokens[1:] == [16, 2]
    assert encoded.inputs["input_ids"].shape == (3, 16)


def test_one_text_alone_needs_no_padding_token() -> None:
    loaded = reader(16, 512)
    loaded.processor.pad_token = None
    assert encoding.encode(loaded, ["this movie was great"]).truncated == [False]
    with pytest.raises(ValueError, match="padding token"):
        encoding.encode(loaded, ["this movie was great", "slow"])


def test_without_a_limit_nothing_is_cut() -> None:
    encoded = encoding.encode(reader(10**30, None, "t5"), ["slow " * 700])
    assert encoded.truncated == [False]
    assert encoded.tokens[0] > 700
