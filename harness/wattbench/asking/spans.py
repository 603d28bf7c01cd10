"""Answers as spans of a context: overlapping windows over it, and the likeliest span of them all.

As SQuAD models are run everywhere: windows of 384 tokens (or what the model can read), the next starting 128 tokens
before the last one's end, questions of 64 tokens and answers of 30 at most, and no answer where the score of the
first token, which stands for "none", beats the best span in the window that believes least in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.asking import encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from wattbench.backends import Loaded

WINDOW, STRIDE, QUESTION, ANSWER = 384, 128, 64, 30  # in tokens
SPECIAL = 4  # tokens that frame a question and a context, at most


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a batch of questions, w in all, s tokens each.

    owner: the question of each window (w). offsets: where tokens stand in their context, in characters (w, s, 2).
    within: which tokens are of the context (w, s). nothing: the place of the token that stands for no answer (w).
    tokens: how many went into the model, for each question. cut: which questions were too long.
    """

    inputs: Any
    owner: np.ndarray
    offsets: np.ndarray
    within: np.ndarray
    nothing: np.ndarray
    tokens: list[int]
    cut: list[bool]


def windows(loaded: Loaded, questions: Sequence[str], contexts: Sequence[str]) -> Windows:
    """Cut contexts into overlapping windows, each behind its question. No window depends on the rest of the batch."""
    import numpy as np

    tokenizer = loaded.processor
    size = min(WINDOW, encoding.context(loaded) or WINDOW)
    longest = min(QUESTION, size // 4)
    asked, cut = _shortened(tokenizer, questions, longest)
    inputs = tokenizer(
        asked,
        list(contexts),
        truncation="only_second",
        max_length=size,
        stride=min(STRIDE, (size - longest - SPECIAL) // 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding=True,
        padding_side="right",
        return_tensors="pt",
    )
    owner = inputs.pop("overflow_to_sample_mapping").numpy()
    offsets = inputs.pop("offset_mapping").numpy()
    within = np.array([[one == 1 for one in window.sequence_ids] for window in inputs.encodings])
    first = (inputs["input_ids"] == (-1 if tokenizer.cls_token_id is None else tokenizer.cls_token_id)).numpy()
    tokens = np.bincount(owner, weights=inputs["attention_mask"].sum(1).numpy(), minlength=len(asked))
    return Windows(inputs.to(loaded.device), owner, offsets, within, first.argmax(1), [int(one) for one in tokens], cut)


def _shortened(tokenizer: Any, questions: Sequence[str], longest: int) -> tuple[list[str], list[bool]]:  # noqa: ANN401
    """Trim questions and cut those of too many tokens; say which."""
    asked = [question.strip() for question in questions]
    known = tokenizer(asked, add_special_tokens=False, truncation=True, max_length=longest, return_offsets_mapping=True)
    cut = [bool(one.overflowing) for one in known.encodings]
    ends = [places[-1][1] if places else 0 for places in known["offset_mapping"]]
    return [one[:end] if short else one for one, end, short in zip(asked, ends, cut, strict=True)], cut


def best(found: Windows, starts: np.ndarray, ends: np.ndarray, contexts: Sequence[str]) -> list[str | None]:
    """Give the likeliest answer to each question from logits (w, s); "" is no answer, None are logits with a NaN."""
    import numpy as np

    read = found.inputs["attention_mask"].cpu().numpy().astype(bool)
    sound = (np.isfinite(starts) & np.isfinite(ends) | ~read).all(1)
    start, end = (np.where(found.within & read, one, -np.inf) for one in (starts, ends))
    count, size = start.shape
    scores = np.full((min(ANSWER, size), count, size), -np.inf)
    for extra in range(len(scores)):  # how many tokens follow the first
        scores[extra, :, : size - extra] = start[:, : size - extra] + end[:, extra:]
    flat = scores.transpose(1, 0, 2).reshape(count, -1)
    place, rows = flat.argmax(1), np.arange(count)
    none = starts[rows, found.nothing] + ends[rows, found.nothing]
    answers: list[str | None] = []
    for question, context in enumerate(contexts):
        own = np.flatnonzero(found.owner == question)
        if not sound[own].all():
            answers.append(None)
            continue
        window = own[flat[own, place[own]].argmax()]
        if not flat[window, place[window]] >= none[own].min():
            answers.append("")
            continue
        extra, first = divmod(int(place[window]), size)
        answers.append(context[found.offsets[window, first, 0] : found.offsets[window, first + extra, 1]].strip())
    return answers
