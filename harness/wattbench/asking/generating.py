"""What all tasks that generate tokens share: greedy, repeatable generation, a mark at the first token, and limits.

A model's own generation settings count (penalties, suppressed tokens, least lengths), but for what would make answers
depend on chance or on a clock, hide broken scores, or give other than one answer a row: those are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattbench.backends import Loaded

# What no model's own settings may change.
OURS: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "num_return_sequences": 1,
    "return_dict_in_generate": False,
    "use_cache": True,
    "max_time": None,
    "stop_strings": None,
    "forced_eos_token_id": None,  # else an answer that the cap cut would end as if the model had ended it
    "remove_invalid_values": False,
}
CONTEXTS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length")
ROOM = 64  # a prompt that leaves fewer new tokens than this of the context is not asked at all


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote to one row: its new tokens, the one that ended them included.

    capped: it was stopped by the cap. broken: its scores were no numbers at some step, so that the tokens mean nothing.
    """

    tokens: list[int]
    capped: bool
    broken: bool


class Watch:
    """Sees the scores of every step: marks the first, notes rows whose scores are no numbers, changes nothing.

    On a GPU the mark waits for what is under way: prefill ends when its logits are there. The notes stay on the
    device until generation is over. `begin` is where the new tokens begin.
    """

    def __init__(self, mark: Callable[[], None]) -> None:
        """Call `mark` once, at the first step."""
        self.mark, self.begin = mark, 0
        self._seen: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401 - tensors: rows x tokens, rows x vocabulary
        """Look, and hand the scores on."""
        # One number a row and step: the largest score is a NaN or an infinity where any is. In their sum these stay for
        # good, so that it is enough to look at it once, when generation is over.
        largest = scores.amax(-1)
        if self._seen is None:
            if scores.is_cuda:
                import torch

                torch.cuda.synchronize(scores.device)
            self.mark()
            self.begin, self._seen = input_ids.shape[-1], largest.float()
        else:
            self._seen += largest
        return scores

    @property
    def sound(self) -> Any:  # noqa: ANN401 - a tensor, rows
        """Tell of each row whether its scores were numbers at every step so far."""
        return self._seen.isfinite()


def write(loaded: Loaded, inputs: Any, cap: int, **options: Any) -> list[Written]:  # noqa: ANN401 - tensors by name
    """Generate at most `cap` new tokens a row, greedily, with the mark set; one Written a row."""
    sequences, watch = _generate(loaded, inputs, cap, options)
    sound = watch.sound.tolist()
    final = set(ends(loaded))
    return [
        _written(tokens, final, cap, broken=not fine)
        for tokens, fine in zip(sequences[:, watch.begin :].tolist(), sound, strict=True)
    ]


def greedy(loaded: Loaded, inputs: Any, cap: int, **options: Any) -> Any:  # noqa: ANN401 - tensors in, tensors out
    """Generate as `write` does, and give the token numbers, rows x length, as `generate` returns them.

    A row whose scores were no numbers has nothing but padding for new tokens: decoded, it is empty.
    """
    sequences, watch = _generate(loaded, inputs, cap, options)
    if not watch.sound.all():
        sequences = sequences.clone()
        sequences[~watch.sound, watch.begin :] = padding(loaded)
    return sequences


def _generate(loaded: Loaded, inputs: Any, cap: int, options: dict[str, Any]) -> tuple[Any, Watch]:  # noqa: ANN401
    """Give token numbers, rows x length, and what was seen on the way."""
    import torch
    from transformers import LogitsProcessorList

    watch = Watch(loaded.mark)
    settings = OURS | {"pad_token_id": padding(loaded)}
    own, final = loaded.model.generation_config.eos_token_id, ends(loaded)
    if final and set(own if isinstance(own, list) else [own]) != set(final):
        settings["eos_token_id"] = final
    with torch.inference_mode():
        written = loaded.model.generate(
            **inputs,
            **settings | options,
            max_new_tokens=cap,
            logits_processor=LogitsProcessorList([watch]),
        )
    return getattr(written, "sequences", written), watch


def _written(tokens: list[int], final: set[int], cap: int, *, broken: bool) -> Written:
    """Cut what follows the token that ends an answer: padding up to the longest of the batch."""
    end = next((i for i, token in enumerate(tokens) if token in final), None)
    return Written(tokens[:cap] if end is None else tokens[: end + 1], capped=end is None, broken=broken)


def ends(loaded: Loaded) -> list[int]:
    """Give the tokens that end an answer: those that the model's settings name, and the tokenizer's."""
    own = loaded.model.generation_config.eos_token_id
    named = [*(own if isinstance(own, list) else [own]), getattr(_tokenizer(loaded), "eos_token_id", None)]
    return sorted({token for token in named if token is not None})


def padding(loaded: Loaded) -> int:
    """Give the token that fills a batch up: the tokenizer's or the model's, or where there is none, one that ends."""
    for owner in (_tokenizer(loaded), loaded.model.generation_config):
        token = getattr(owner, "pad_token_id", None)
        if token is not None:
            return int(token)
    return next(iter(ends(loaded)), 0)


def _tokenizer(loaded: Loaded) -> Any:  # noqa: ANN401 - a tokenizer, of its own or inside a processor
    return getattr(loaded.processor, "tokenizer", loaded.processor)


def left_padded(loaded: Loaded, rows: Sequence[list[int]]) -> dict[str, Any]:
    """Make `input_ids` and `attention_mask` of token lists, padded on the left, on the model's device.

    The tokenizer's own padding is not used: many have no padding token, or pad on the right.
    """
    import torch

    longest, fill = max(map(len, rows)), padding(loaded)
    ids = [[fill] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return {
        "input_ids": torch.tensor(ids, device=loaded.device),
        "attention_mask": torch.tensor(mask, device=loaded.device),
    }


def context(loaded: Loaded) -> int | None:
    """Give how many tokens the model's config has positions for; None where it sets no limit."""
    config = loaded.model.config
    text = config.get_text_config(decoder=True) if hasattr(config, "get_text_config") else config
    known = [getattr(text, name, None) for name in CONTEXTS]
    return next((int(one) for one in known if isinstance(one, int) and one > 0), None)


def room(loaded: Loaded, prompt: int, cap: int) -> int:
    """Give how many new tokens fit behind a prompt of so many tokens, at most the cap; 0 where too few do."""
    limit = context(loaded)
    left = cap if limit is None else min(cap, limit - prompt)
    return left if left >= min(cap, ROOM) else 0


def encoded(loaded: Loaded, texts: Sequence[str], *, specials: bool) -> list[list[int]]:
    """Give the tokens of texts, with the tokenizer's special tokens or without, and never one that ends the text."""
    rows = loaded.processor(list(texts), add_special_tokens=specials)["input_ids"]
    final = set(ends(loaded))
    return [row[:-1] if specials and len(row) > 1 and row[-1] in final else row for row in rows]


def decoded(loaded: Loaded, tokens: Sequence[int]) -> str | None:
    """Give the text of tokens without special ones, stripped; None where there is no text."""
    return _tokenizer(loaded).decode(list(tokens), skip_special_tokens=True).strip() or None


def continued(loaded: Loaded, prompts: Sequence[list[int]], cap: int, **options: Any) -> list[Written | None]:  # noqa: ANN401
    """Go on with every prompt, in one batch, for as many new tokens as fit; None for prompts that leave no room.

    The batch has the room of its longest prompt: in models with a short context, that is less than the cap.
    """
    fits = [room(loaded, len(prompt), cap) for prompt in prompts]
    asked = [prompt for prompt, one in zip(prompts, fits, strict=True) if one and prompt]
    if not asked:
        return [None] * len(prompts)
    least = min(one for one in fits if one)
    written = iter(write(loaded, left_padded(loaded, asked), least, **options))
    return [next(written) if one and prompt else None for prompt, one in zip(prompts, fits, strict=True)]
