from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.asking import prompting
from wattbench.problems import Refusal
from wattbench.tasks import Output, text_generation

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.backends import Loaded
    from wattbench.tasks import Task

NAME = "text-generation"
ROWS: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": content}], "answer": answer, "choices": None, "source": "ours"}
    for content, answer in (("What barks?", "dog"), ("Say a number between one and three.", "2"), ("Hi", "hello"))
]
ROWS[0]["messages"].insert(0, {"role": "system", "content": "Be brief."})


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_generation, "CAP", 24)
    monkeypatch.setattr(text_generation, "REASONING_CAP", 48)


def load(family: str, folder: Path) -> tuple[Task, Loaded]:
    return tiny_loaded.load(NAME, family, folder)


def nobody() -> Any:
    return None


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen3"])
def test_questions_are_answered_in_a_batch_as_alone_and_every_token_is_counted(family: str, tmp_path: Path) -> None:
    task, loaded = load(family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    for output, row in zip(outputs, ROWS, strict=True):
        prompt = prompting.prompt(loaded.processor, row["messages"], "off")
        assert output.input_tokens == len(loaded.processor(prompt)["input_ids"])
        assert output.output_tokens is not None
        assert output.capped == (output.output_tokens == 24)
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert counted["input_tokens"] == sum(output.input_tokens or 0 for output in outputs)
    assert counted["answered"] == sum(output.value is not None for output in outputs)


def test_the_mark_falls_once_a_batch(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    marks: list[int] = []
    task.predict(replace(loaded, mark=lambda: marks.append(1)), ROWS)
    assert marks == [1]


def test_reasoning_has_its_own_prompt_and_a_larger_cap(tmp_path: Path) -> None:
    task, loaded = load("qwen3", tmp_path)
    on = replace(loaded, options={"reasoning": "on"})
    without, within = task.predict(loaded, ROWS[1:2])[0], task.predict(on, ROWS[1:2])[0]
    assert without.input_tokens == (within.input_tokens or 0) + 2  # <think></think>
    loaded.model.generation_config.suppress_tokens = [2]
    assert task.predict(on, ROWS[1:2])[0].output_tokens == 48


def test_a_way_of_reasoning_that_the_model_lacks_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    assert task.check is not None
    with pytest.raises(Refusal, match="no reasoning mode 'high'"):
        task.check(replace(loaded, options={"reasoning": "high"}), ROWS)


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    assert task.check is not None
    with pytest.raises(Refusal, match="without a tokenizer"):
        task.check(replace(loaded, processor=None), ROWS)


def test_a_model_that_stops_at_once_answers_nothing_and_is_right_nowhere(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    loaded.model.generation_config.suppress_tokens = [i for i in range(loaded.model.config.vocab_size) if i != 2]
    outputs = task.predict(loaded, ROWS)
    assert [(output.value, output.output_tokens, output.capped) for output in outputs] == [(None, 1, False)] * 3
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 0
    assert task.grade(outputs, ROWS, loaded).quality.value == 0


def test_scores_that_are_no_numbers_are_no_answer(tmp_path: Path) -> None:
    task, loaded = load("gpt2", tmp_path)
    loaded.model.get_output_embeddings().weight.data[7] = float("nan")
    outputs = task.predict(loaded, ROWS)
    assert [output.value for output in outputs] == [None] * 3
    assert task.grade(outputs, ROWS, loaded).scores == [0.0, 0.0, 0.0]


def test_a_prompt_longer_than_the_context_is_not_asked_and_said_to_be_too_long(tmp_path: Path) -> None:
    task, loaded = load("gpt2", tmp_path)
    long = {**ROWS[1], "messages": [{"role": "user", "content": "seven words that fill up the context " * 90}]}
    outputs = task.predict(loaded, [ROWS[1], long])
    assert outputs[0] == task.predict(loaded, ROWS[1:2])[0]
    assert (outputs[1].value, outputs[1].truncated, outputs[1].output_tokens) == (None, True, 0)
    assert outputs[1].input_tokens is not None
    assert outputs[1].input_tokens > 512
    counted = tiny_loaded.counts(task, outputs, [ROWS[1], long])
    assert (counted["truncated"], counted["queries"]) == (1, 2)


def test_repeating_the_question_is_counted_as_an_echo_and_is_wrong(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    outputs = [Output("\n".join(message["content"] for message in row["messages"])) for row in ROWS]
    assert tiny_loaded.counts(task, outputs, ROWS)["echoed"] == 3
    assert task.grade(outputs, ROWS, loaded).quality.value == 0


def test_exact_match_is_graded_behind_the_reasoning_with_an_interval_and_for_each_source() -> None:
    task = tasks.find(NAME)
    rows = [
        {"messages": [], "answer": "B", "choices": ["dog", "cat"], "source": "choices"},
        {"messages": [], "answer": "18", "choices": None, "source": "numbers"},
        {"messages": [], "answer": "12", "choices": None, "source": "numbers"},
        {"messages": [], "answer": "", "choices": None, "source": "numbers"},
    ]
    thought = {"answer": "18", "reasoned": True}
    outputs = [Output("(B)"), Output("<think>12?</think>18", kept=thought), Output("13"), Output("whatever")]
    graded = task.grade(outputs, rows, nobody())
    assert graded.scores == [1.0, 1.0, 0.0, None]
    assert (graded.quality.value, graded.quality.n) == (0.666667, 3)
    assert graded.quality.low < 0.666667 < graded.quality.high
    assert graded.more["exact match: numbers"] == 0.5
    assert graded.more["exact match: choices"] == 1
    assert graded.more["reasoned"] == 0.25
    assert graded.more["answer contained"] == 0.5


def test_always_the_same_letter_stays_below_the_floor_in_rated_rows() -> None:
    task = tasks.find(NAME)
    rows = [text_generation.mmlu({"question": "?", "choices": list("wxyz"), "answer": i % 4}) for i in range(200)]
    rows += [text_generation.gsm8k({"question": "?", "answer": f"So #### {i}"}) for i in range(100)]
    known = [row for row in rows if row is not None]
    assert len(known) == 300
    graded = task.grade([Output("A")] * 300, known, nobody())
    assert graded.quality.value == round(50 / 300, 6)
    assert graded.quality.value < task.metric.floor


def test_rows_of_the_public_sets_become_questions() -> None:
    number = text_generation.gsm8k({"question": "How many?", "answer": "1 + 1,233 = 1,234\n#### 1,234"})
    assert number is not None
    assert (number["answer"], number["choices"]) == ("1,234", None)
    assert number["messages"][0]["content"].startswith("How many?\n\n")
    letter = text_generation.mmlu({"question": "Which?", "choices": ["w", "x", "y", "z"], "answer": 2, "subject": "s"})
    assert letter is not None
    assert (letter["answer"], letter["source"]) == ("C", "MMLU")
    assert "C. y\nD. z\n\nAnswer with the letter" in letter["messages"][0]["content"]
    labels = {"text": ["w", "x", "y"], "label": ["1", "2", "3"]}
    digit = text_generation.arc({"question": "Which?", "choices": labels, "answerKey": "2", "id": "i"})
    assert digit is not None
    assert digit["answer"] == "B"
    assert text_generation.arc({"question": "Which?", "choices": labels, "answerKey": "E"}) is None
    assert text_generation.gsm8k({"question": "How many?", "answer": "nobody knows"}) is None


def test_long_questions_are_long() -> None:
    assert text_generation.length(ROWS[1]) > text_generation.length(ROWS[2]) == 2
