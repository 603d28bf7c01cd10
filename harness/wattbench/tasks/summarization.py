"""Summarization: a text made short, greedily, by models that read and then write; graded by ROUGE.

The headline is ROUGE-L (F1 with Porter's stemmer, as Google's `rouge-score` computes it), what papers quote where they
quote one; ROUGE-1, ROUGE-2 and lengths stand beside it. One beam, whatever a model's own settings say: beams cost
energy and are another board's matter. The words that a model's config wants before a text (T5's `summarize: `) are put
there. Texts longer than a model can read are cut, as is usual for the task, and counted.

There is no reference yet, so no demo. That of version 1 is to be facebook/bart-large-cnn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench import grading
from wattbench.asking import encoding, generating
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.backends import Loaded

CAP = 256
NAMES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L"}
SHORTEST = 200  # characters: what is shorter needs no summary


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without a tokenizer, or that does not read first and then write."""
    problems = encoding.problems(loaded)
    if not getattr(loaded.model.config, "is_encoder_decoder", False):
        message = "the model does not read a text first and then write: it has no encoder"
        problems.append(Problem("", "model", message, "Choose a model such as T5, BART or Pegasus"))
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Summarise `text` of each row."""
    texts = [prefix(loaded) + row["text"] for row in rows]
    read = encoding.encode(loaded, texts)
    inputs = {name: one for name, one in read.inputs.items() if name != "token_type_ids"}  # models that write have none
    written = generating.write(loaded, inputs, CAP)
    return [
        Output(
            None if one.broken else generating.decoded(loaded, one.tokens),
            input_tokens=size,
            output_tokens=len(one.tokens),
            capped=one.capped,
            truncated=shorter,
        )
        for one, size, shorter in zip(written, read.tokens, read.truncated, strict=True)
    ]


def prefix(loaded: Loaded) -> str:
    """Give the words that the model's config wants before a text to summarise; mostly none."""
    tasks = getattr(loaded.model.config, "task_specific_params", None) or {}
    return str((tasks.get("summarization") or {}).get("prefix") or "")


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """ROUGE-L over the rows that have a `summary`, with a 95 % interval over resampled rows."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(NAMES), use_stemmer=True)
    found = [
        scorer.score(row["summary"], output.value or "") if row.get("summary") else None
        for output, row in zip(outputs, rows, strict=True)
    ]
    graded = [one for one in found if one is not None]
    scores = [round(one["rougeL"].fmeasure, 6) if one is not None else None for one in found]
    texts = [output.value or "" for output in outputs]
    more = {
        **{name: _mean([one[kind].fmeasure for one in graded]) for kind, name in NAMES.items() if kind != "rougeL"},
        "output words": _mean([len(text.split()) for text in texts]),
        "reference words": _mean([len(row["summary"].split()) for row in rows if row.get("summary")]),
        "copied": _mean([_copied(text, row["text"]) for text, row in zip(texts, rows, strict=True)]),
    }
    return Graded(grading.bootstrapped(TASK.metric, scores), scores, more=more)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6) if values else 0.0


def _copied(summary: str, text: str) -> float:
    """Give the share of a summary's four-word stretches that stand in the text: 1 is a copy."""
    said, read = (one.lower().split() for one in (summary, text))
    known = {tuple(read[i : i + 4]) for i in range(len(read) - 3)}
    stretches = [tuple(said[i : i + 4]) for i in range(len(said) - 3)]
    return sum(one in known for one in stretches) / len(stretches) if stretches else 0.0


def length(row: Row) -> int:
    """Count the characters of a row's text."""
    return len(row["text"])


def _row(text: str, summary: str, source: str) -> Row | None:
    if len(text) < SHORTEST or not summary.strip():
        return None
    return {"text": text, "summary": summary, "source": source}


def cnn_dailymail(row: Mapping[str, str]) -> Row | None:
    """Turn a row of CNN/DailyMail into ours."""
    return _row(row["article"], row["highlights"], "CNN/DailyMail")


def xsum(row: Mapping[str, str]) -> Row | None:
    """Turn a row of XSum into ours."""
    return _row(row["document"], row["summary"], "XSum")


def billsum(row: Mapping[str, str]) -> Row | None:
    """Turn a row of BillSum into ours."""
    return _row(row["text"], row["summary"], "BillSum")


TASK = Task(
    name="summarization",
    title="Summarization",
    query="one text summarised",
    optimum="summarization",
    library="transformers",
    processor="tokenizer",
    metric=Metric("ROUGE-L", "", higher_is_better=True, floor=0.1, margin=0.01),
    references={},
    predict=predict,
    grade=grade,
    sources=(
        Source(
            "abisee/cnn_dailymail",
            "3.0.0",
            "test",
            None,
            "Apache-2.0",
            "3.0.0/test-*.parquet",
            cnn_dailymail,
            ("article", "highlights"),
        ),
        # The authors' files are no Parquet: the revision is to be one of the Hub's own conversion of them.
        Source(
            "EdinburghNLP/xsum",
            "default",
            "test",
            None,
            "unknown",
            "default/test/*.parquet",
            xsum,
            ("document", "summary"),
        ),
        Source(
            "FiscalNote/billsum", None, "test", None, "CC0-1.0", "data/test-*.parquet", billsum, ("text", "summary")
        ),
    ),
    length=length,
    check=check,
    cap=CAP,
)
