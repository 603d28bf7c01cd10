"""Extractive question answering: find the answer in a context, or say that it has none; graded by SQuAD v2's F1.

Intended reference model of version 1: deepset/roberta-base-squad2. Version 1 is not pinned yet. A model that never
finds an answer earns the share of unanswerable questions, a sixth of a workload drawn evenly from the sources below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import grading
from wattbench.asking import encoding, spans
from wattbench.grading import squad
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.backends import Loaded


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model whose tokenizer cannot say where a token stands in the text."""
    problems = encoding.problems(loaded)
    if not problems and not loaded.processor.is_fast:
        message = "the tokenizer does not say where a token stands in the text"
        problems = [Problem("", "tokenizer", message, "Publish tokenizer.json, which fast tokenizers read")]
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Answer `question` from `context` of each row with a span of it; "" says that it has no answer.

    A long context is read in overlapping windows, all of a batch at once; `truncated` tells of a question that was cut.
    """
    import torch

    contexts = [row["context"] for row in rows]
    found = spans.windows(loaded, [row["question"] for row in rows], contexts)
    with torch.inference_mode():
        given = loaded.model(**found.inputs)
    starts, ends = (one.float().cpu().numpy() for one in (given.start_logits, given.end_logits))
    answers = spans.best(found, starts, ends, contexts)
    return [
        Output(answer, input_tokens=tokens, truncated=cut)
        for answer, tokens, cut in zip(answers, found.tokens, found.cut, strict=True)
    ]


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """F1 and exact match as SQuAD v2's script works them out; `row["answers"]` is empty where there is none."""
    pairs = [(row["answers"], output.value) for output, row in zip(outputs, rows, strict=True)]
    scores = [0.0 if said is None else squad.f1(answers, said) for answers, said in pairs]
    exact = [0.0 if said is None else squad.exact(answers, said) for answers, said in pairs]
    parts = {
        "EM": exact,
        "HasAns F1": [score for score, (answers, _) in zip(scores, pairs, strict=True) if answers],
        "NoAns F1": [score for score, (answers, _) in zip(scores, pairs, strict=True) if not answers],
    }
    more = {name: round(sum(part) / len(part), 6) for name, part in parts.items() if part}
    return Graded(grading.bootstrapped(TASK.metric, scores), [round(one, 6) for one in scores], more=more)


def _squad_row(row: Row) -> Row | None:
    """One row of SQuAD, SQuAD v2 or AdversarialQA: `answers` is {"text": [...], "answer_start": [...]}."""
    answers = list(dict.fromkeys(row["answers"]["text"]))
    return {"question": row["question"], "context": row["context"], "answers": answers}


TASK = Task(
    name="extractive-question-answering",
    title="Extractive question answering",
    query="one question answered from its context",
    optimum="question-answering",
    library="transformers",
    processor="tokenizer",
    metric=Metric("SQuAD v2 F1", "%", higher_is_better=True, floor=0.4, margin=0.02),
    references={},
    predict=predict,
    grade=grade,
    check=check,
    sources=(
        Source(
            dataset="rajpurkar/squad_v2",
            config="squad_v2",
            split="validation",
            revision=None,
            licence="CC-BY-SA-4.0",
            files="squad_v2/validation-*.parquet",
            row=_squad_row,
        ),
        Source(
            dataset="rajpurkar/squad",
            config="plain_text",
            split="validation",
            revision=None,
            licence="CC-BY-SA-4.0",
            files="plain_text/validation-*.parquet",
            row=_squad_row,
        ),
        Source(
            dataset="UCLNLP/adversarial_qa",
            config="adversarialQA",
            split="validation",
            revision=None,
            licence="CC-BY-SA-4.0",
            files="adversarialQA/validation-*.parquet",
            row=_squad_row,
        ),
    ),
    length=lambda row: len(row["question"]) + len(row["context"]),
    answers=lambda value: value is not None,  # "" says that the context has no answer
)
