from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tiny_tokenizers

from wattbench.asking import spans
from wattbench.backends import Loaded

WORDS = "the report was written by the agency in 2024 "


def reader(length: int = 48) -> Loaded:
    config = SimpleNamespace(max_position_embeddings=length, model_type="bert", pad_token_id=0)
    tokenizer = tiny_tokenizers.bert(length)
    return Loaded(SimpleNamespace(config=config), tokenizer, "cpu", {}, 0)


def logits(found: spans.Windows, low: float = -5.0) -> tuple[np.ndarray, np.ndarray]:
    shape = found.within.shape
    return np.full(shape, low), np.full(shape, low)


def point_at(found: spans.Windows, window: int, context: str, words: str, *, strength: float) -> tuple[Any, Any]:
    """Give logits for which a window holds `words` of the context to be the answer."""
    begin = context.index(words)
    place = found.offsets[window]
    first = int(np.flatnonzero(found.within[window] & (place[:, 0] == begin))[0])
    last = int(np.flatnonzero(found.within[window] & (place[:, 1] == begin + len(words)))[0])
    starts, ends = logits(found)
    starts[window, first] = ends[window, last] = strength
    return starts, ends


def test_every_token_of_a_long_context_lies_in_a_window_and_windows_overlap() -> None:
    context = WORDS * 20
    found = spans.windows(reader(), ["who wrote it?"], [context])
    assert len(found.owner) > 3
    covered = np.zeros(len(context), dtype=int)
    for window, places in enumerate(found.offsets):
        for begin, end in places[found.within[window]]:
            covered[begin:end] += 1
    letters = [i for i, one in enumerate(context) if one != " "]
    assert covered[letters].min() == 1
    assert covered[letters].max() >= 2


def test_windows_of_a_question_are_the_same_in_any_batch() -> None:
    questions = ["who wrote it?", "when was the report of the agency written? " * 3]
    contexts = [WORDS * 9, WORDS * 30]
    both = spans.windows(reader(), questions, contexts)
    for i in range(2):
        alone = spans.windows(reader(), [questions[i]], [contexts[i]])
        assert both.tokens[i] == alone.tokens[0]
        assert (both.owner == i).sum() == len(alone.owner)
    assert both.cut == [False, True]


def test_the_best_span_of_all_windows_is_the_answer() -> None:
    context = WORDS * 4 + "nobody read it, but a fox did"
    found = spans.windows(reader(), ["who read it?"], [context])
    last = len(found.owner) - 1
    starts, ends = point_at(found, last, context, "fox", strength=4.0)
    starts[0, 20], ends[0, 21] = 3.0, 3.0
    assert spans.best(found, starts, ends, [context]) == ["fox"]


def test_no_answer_needs_every_window_to_believe_in_none() -> None:
    context = WORDS * 8
    found = spans.windows(reader(), ["who read it?"], [context])
    assert len(found.owner) > 1
    starts, ends = point_at(found, 0, context, "agency", strength=1.0)
    starts[:, 0] = ends[:, 0] = 3.0  # the first token, which stands for none, beats the span in each window
    assert spans.best(found, starts, ends, [context]) == [""]
    starts[1, 0] = ends[1, 0] = 0.0  # one window does not believe in none
    assert spans.best(found, starts, ends, [context]) == ["agency"]


def test_an_answer_never_ends_before_it_begins_nor_lies_in_the_question_nor_is_longer_than_30_tokens() -> None:
    context = "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 2
    found = spans.windows(reader(128), ["the fox?"], [context.strip()])
    inside = np.flatnonzero(found.within[0])
    starts, ends = logits(found, 0.0)
    starts[0, 1] = ends[0, 2] = 50.0  # in the question
    starts[0, inside[0]] = 9.0
    ends[0, inside[40]] = 9.0  # 41 tokens on
    ends[0, inside[5]] = 5.0
    starts[0, inside[50]] = 13.0  # with the end that is five tokens in, it would end before it begins
    assert spans.best(found, starts, ends, [context.strip()]) == ["a b c d e f"]


def test_logits_with_a_nan_are_no_answer_and_spoil_no_other_question() -> None:
    contexts = [WORDS, WORDS]
    found = spans.windows(reader(), ["who?", "when?"], contexts)
    starts, ends = point_at(found, 1, WORDS, "2024", strength=2.0)
    starts[0, 3] = np.nan
    assert spans.best(found, starts, ends, contexts) == [None, "2024"]


@pytest.mark.parametrize("context", ["", "   "])
def test_an_empty_context_has_no_answer(context: str) -> None:
    found = spans.windows(reader(), ["who?"], [context])
    starts, ends = logits(found, 0.0)
    assert spans.best(found, starts, ends, [context]) == [""]
