from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.problems import Refusal
from wattbench.tasks import Output, summarization

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.backends import Loaded
    from wattbench.tasks import Task

NAME = "summarization"
ROWS: list[dict[str, Any]] = [
    {"text": "a long article about data centres and the power they draw", "summary": "data centres draw power"},
    {"text": "stocks fell sharply today, markets lost value " * 60, "summary": "stocks fell"},
    {"text": "rain is wet", "summary": "wet rain"},
]
SPECIAL = {"t5": [0, 1, 2], "bart": [0, 1, 2, 3]}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summarization, "CAP", 12)


def load(family: str, folder: Path) -> tuple[Task, Loaded]:
    task, loaded = tiny_loaded.load(NAME, family, folder)
    loaded.model.generation_config.suppress_tokens = SPECIAL[family]  # untrained models write little else
    loaded.model.generation_config.forced_eos_token_id = None
    return task, loaded


def nobody() -> Any:
    return None


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_texts_are_summarised_in_a_batch_as_alone_and_a_long_one_is_cut_and_told(family: str, tmp_path: Path) -> None:
    task, loaded = load(family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    assert [output.truncated for output in outputs] == [False, True, False]
    assert outputs[1].input_tokens == 256
    assert [(output.output_tokens, output.capped) for output in outputs] == [(12, True)] * 3
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["answered"], counted["capped"], counted["truncated"]) == (3, 3, 1)


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_the_mark_falls_once_a_batch_and_one_beam_is_used_whatever_the_model_wants(family: str, tmp_path: Path) -> None:
    task, loaded = load(family, tmp_path)
    marks: list[int] = []
    before = task.predict(replace(loaded, mark=lambda: marks.append(1)), ROWS)
    assert marks == [1]
    loaded.model.generation_config.num_beams = 4
    loaded.model.generation_config.length_penalty = 2.0
    assert task.predict(loaded, ROWS) == before


def test_the_words_that_the_config_wants_are_put_before_the_text(tmp_path: Path) -> None:
    task, loaded = load("t5", tmp_path)
    plain = task.predict(loaded, ROWS[2:])[0]
    loaded.model.config.task_specific_params = {"summarization": {"prefix": "summarize: "}}
    asked = task.predict(loaded, ROWS[2:])[0]
    words = loaded.processor("summarize: rain is wet")["input_ids"]
    assert asked.input_tokens == len(words) > (plain.input_tokens or 0)


def test_a_model_that_stops_at_once_or_whose_scores_are_no_numbers_answers_nothing(tmp_path: Path) -> None:
    task, loaded = load("bart", tmp_path)
    loaded.model.generation_config.suppress_tokens = [i for i in range(loaded.model.config.vocab_size) if i != 2]
    outputs = task.predict(loaded, ROWS)
    assert [(output.value, output.output_tokens, output.capped) for output in outputs] == [(None, 1, False)] * 3
    assert task.grade(outputs, ROWS, loaded).quality.value == 0
    loaded.model.generation_config.suppress_tokens = None
    loaded.model.lm_head.weight.data[7] = float("nan")
    assert [output.value for output in task.predict(loaded, ROWS)] == [None] * 3


def test_a_model_that_only_writes_is_refused_and_so_is_one_without_a_tokenizer(tmp_path: Path) -> None:
    task = tasks.find(NAME)
    _, decoder = tiny_loaded.load("text-generation", "llama", tmp_path)
    assert task.check is not None
    with pytest.raises(Refusal) as refusal:
        task.check(replace(decoder, processor=None), ROWS)
    assert [problem.field for problem in refusal.value.problems] == ["tokenizer", "model"]


def test_rouge_is_what_the_standard_library_says_with_an_interval_and_lengths() -> None:
    task = tasks.find(NAME)
    rows = [
        {"text": "the cat sat on the mat all day", "summary": "the cat sat on the mat"},
        {"text": "dogs bark", "summary": "dogs are barking"},
        {"text": "no reference", "summary": ""},
    ]
    outputs = [Output("the cat sat on the mat"), Output("barks dog"), Output("anything at all")]
    graded = task.grade(outputs, rows, nobody())
    # the stems of two words agree, in another order: one of two in a row, of two said and three wanted
    assert graded.scores == [1.0, 0.4, None]
    assert graded.quality.value == pytest.approx(0.7)
    assert graded.quality.n == 2
    assert graded.more["ROUGE-1"] == pytest.approx((1 + 0.8) / 2)
    assert graded.more["ROUGE-2"] == pytest.approx(0.5)
    assert graded.more["output words"] == pytest.approx(11 / 3, abs=1e-6)
    assert graded.more["reference words"] == 4.5


def test_a_copy_of_the_text_is_told_as_one_and_counted_as_an_echo() -> None:
    task = tasks.find(NAME)
    copies = [Output(row["text"]) for row in ROWS[:2]]
    assert task.grade(copies, ROWS[:2], nobody()).more["copied"] == 1
    assert tiny_loaded.counts(task, copies, ROWS[:2])["echoed"] == 2
    own = [Output("quite another thing altogether here")] * 2
    assert task.grade(own, ROWS[:2], nobody()).more["copied"] == 0


def test_rows_of_the_public_sets_become_ours_and_short_texts_are_left_out() -> None:
    text = "A sentence of some length, to be made short. " * 10
    news = summarization.cnn_dailymail({"article": text, "highlights": "Short .\nNews .", "id": "1"})
    assert news == {"text": text, "summary": "Short .\nNews .", "source": "CNN/DailyMail"}
    extreme = summarization.xsum({"document": text, "summary": "Short.", "id": "1"})
    assert extreme is not None
    assert summarization.length(extreme) == len(text)
    bill = summarization.billsum({"text": text, "summary": "Short.", "title": "A bill"})
    assert bill is not None
    assert bill["source"] == "BillSum"
    assert summarization.xsum({"document": "short", "summary": "s", "id": "1"}) is None
    assert summarization.xsum({"document": text, "summary": " ", "id": "1"}) is None
