from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.problems import Refusal
from wattbench.tasks import Output

if TYPE_CHECKING:
    from pathlib import Path

NAME = "extractive-question-answering"
REPORT = "The report was written by the agency in 2024. "
ROWS: list[dict[str, Any]] = [
    {"question": "Who wrote the report?", "context": REPORT, "answers": ["the agency"]},
    {"question": "Who drew the cat?", "context": REPORT * 2, "answers": []},
    {"question": "When was it written?", "context": REPORT * 30, "answers": ["2024", "in 2024"]},
    {"question": "  who jumps? ", "context": "The quick brown fox jumps over the lazy dog.", "answers": ["fox"]},
]


@pytest.mark.parametrize("family", ["bert_reader", "roberta_reader", "deberta_reader"])
def test_answers_are_spans_of_the_context_in_a_batch_as_alone(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    for output, row in zip(outputs, ROWS, strict=True):
        assert output.value in row["context"]
        assert output.input_tokens is not None
    assert len({output.value for output in outputs}) > 1
    # a context that the model cannot read at once is read in windows, none of it is cut
    assert outputs[2].input_tokens > loaded.model.config.max_position_embeddings
    assert [output.truncated for output in outputs] == [False] * 4
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert counted["answered"] == 4
    assert counted["truncated"] == 0


def test_a_question_too_long_to_leave_room_for_the_context_is_cut_and_told(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_reader", tmp_path)
    rows = [ROWS[0], ROWS[0] | {"question": "who wrote the report of the agency " * 40}]
    outputs = tiny_loaded.answer(task, loaded, rows)
    assert [output.truncated for output in outputs] == [False, True]
    assert tiny_loaded.counts(task, outputs, rows)["truncated"] == 1


def test_logits_with_a_nan_are_no_answer_and_score_nothing(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_reader", tmp_path)
    token = loaded.processor.convert_tokens_to_ids("fox")
    loaded.model.get_input_embeddings().weight.data[token] = float("nan")
    outputs = task.predict(loaded, ROWS)
    assert [output.value is None for output in outputs] == [False, False, False, True]
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 3
    assert task.grade(outputs, ROWS, loaded).scores[3] == 0.0


def test_f1_leads_and_answerable_and_unanswerable_questions_are_told_apart() -> None:
    task = tasks.find(NAME)
    outputs = [Output("agency"), Output("a cat"), Output("2024"), Output("")]
    graded = task.grade(outputs, ROWS, SimpleNamespace())  # type: ignore[arg-type] # nothing of a model is needed
    assert graded.scores == [1.0, 0.0, 1.0, 0.0]
    assert graded.quality.value == 0.5
    assert graded.quality.low < 0.5 < graded.quality.high
    assert graded.more == {"EM": 0.5, "HasAns F1": 0.666667, "NoAns F1": 0.0}


def test_a_model_that_never_finds_an_answer_is_all_alike_and_earns_the_share_of_unanswerable_questions() -> None:
    task = tasks.find(NAME)
    rows = [ROWS[0]] * 5 + [ROWS[1]]  # a sixth, as when the three sources count the same
    outputs = [Output("")] * 6
    counted = tiny_loaded.counts(task, outputs, rows)
    assert counted["answered"] == 6  # "" is an answer here
    assert counted["distinct"] == 1
    graded = task.grade(outputs, rows, SimpleNamespace())  # type: ignore[arg-type] # as above
    assert graded.quality.value == pytest.approx(1 / 6, abs=1e-6)
    assert graded.quality.value < task.metric.floor


def test_a_tokenizer_that_does_not_know_places_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_reader", tmp_path)
    assert task.check is not None
    slow = SimpleNamespace(is_fast=False, convert_tokens_to_ids=len)
    with pytest.raises(Refusal, match="where a token stands"):
        task.check(replace(loaded, processor=slow), ROWS)
    with pytest.raises(Refusal, match="without a tokenizer"):
        task.check(replace(loaded, processor=None), ROWS)


def test_sources_give_rows_with_each_answer_once() -> None:
    asked = {
        "id": "1",
        "title": "x",
        "question": "Who?",
        "context": "Ann.",
        "answers": {"text": [], "answer_start": []},
    }
    told = asked | {"answers": {"text": ["Ann", "Ann"], "answer_start": [0, 0]}}
    for source in tasks.find(NAME).sources:
        assert source.row(asked) == {"question": "Who?", "context": "Ann.", "answers": []}
        assert source.row(told) == {"question": "Who?", "context": "Ann.", "answers": ["Ann"]}
        assert source.revision is None
