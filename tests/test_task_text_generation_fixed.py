from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded

from wattbench.problems import Refusal
from wattbench.tasks import text_generation_fixed

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.backends import Loaded
    from wattbench.tasks import Task

NAME = "text-generation-fixed"
ROWS: list[dict[str, Any]] = [
    {"text": "The quick brown fox jumps", "reference": " over the lazy dog."},
    {"text": "Energy per query is measured in", "reference": " watt hours on one GPU, which is what counts."},
]


def load(family: str, folder: Path) -> tuple[Task, Loaded]:
    return tiny_loaded.load(NAME, family, folder)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_exactly_256_tokens_are_written_in_a_batch_as_alone(family: str, tmp_path: Path) -> None:
    task, loaded = load(family, tmp_path)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    assert [output.output_tokens for output in outputs] == [256, 256]
    assert all(output.value for output in outputs)
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["output_tokens"], counted["answered"], counted["capped"]) == (512, 2, None)


def test_a_model_that_would_stop_at_once_writes_256_tokens_all_the_same(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    first = loaded.processor.encode(task.predict(loaded, ROWS[:1])[0].value)[0]
    loaded.model.generation_config.eos_token_id = first
    (output,) = task.predict(loaded, ROWS[:1])
    assert output.output_tokens == 256
    assert first not in loaded.processor.encode(output.value)


def test_the_mark_falls_once_a_batch(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    marks: list[int] = []
    task.predict(replace(loaded, mark=lambda: marks.append(1)), ROWS)
    assert marks == [1]


def test_scores_that_are_no_numbers_and_prompts_without_room_are_no_answer(tmp_path: Path) -> None:
    task, loaded = load("gpt2", tmp_path)
    long = {"text": "word " * 400, "reference": " and more"}
    short, refused = task.predict(loaded, [ROWS[0], long])
    assert short == task.predict(loaded, ROWS[:1])[0]
    assert (refused.value, refused.truncated, refused.output_tokens) == (None, True, 0)
    loaded.model.get_output_embeddings().weight.data[7] = float("nan")
    assert [output.value for output in task.predict(loaded, ROWS)] == [None, None]


def test_only_blanks_are_no_answer(tmp_path: Path) -> None:
    task, loaded = load("gpt2", tmp_path)
    blank = loaded.processor.convert_tokens_to_ids("Ġ")
    loaded.model.generation_config.suppress_tokens = [i for i in range(loaded.model.config.vocab_size) if i != blank]
    (output,) = task.predict(loaded, ROWS[:1])
    assert (output.value, output.output_tokens) == (None, 256)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_bits_per_byte_are_those_of_the_reference_given_the_prompt(family: str, tmp_path: Path) -> None:
    import torch

    task, loaded = load(family, tmp_path)
    graded = task.grade([], ROWS, loaded)
    expected = []
    for row in ROWS:
        ids = loaded.processor(row["text"] + row["reference"], return_tensors="pt")["input_ids"]
        start = len(loaded.processor(row["text"])["input_ids"])
        assert ids[0, :start].tolist() == loaded.processor(row["text"])["input_ids"]
        with torch.inference_mode():
            spread = loaded.model(input_ids=ids).logits[0].log_softmax(-1)
        spent = -sum(float(spread[i - 1, ids[0, i]]) for i in range(start, ids.shape[1])) / math.log(2)
        expected.append(spent / len(row["reference"].encode()))
    assert graded.scores == pytest.approx(expected, rel=1e-4)
    sizes = [len(row["reference"].encode()) for row in ROWS]
    assert graded.weights == sizes
    total = sum(score * size for score, size in zip(expected, sizes, strict=True)) / sum(sizes)
    assert graded.quality.value == pytest.approx(total, rel=1e-4)
    assert not graded.quality.higher_is_better


def test_a_model_that_knows_the_reference_needs_fewer_bits_than_one_that_knows_nothing(tmp_path: Path) -> None:
    import torch

    task, loaded = load("llama", tmp_path)
    guessing = task.grade([], ROWS, loaded).quality.value
    ids = [loaded.processor(row["text"] + row["reference"], return_tensors="pt")["input_ids"] for row in ROWS]
    optimiser = torch.optim.Adam(loaded.model.parameters(), 1e-2)
    for _ in range(30):
        for one in ids:
            optimiser.zero_grad()
            loaded.model(input_ids=one, labels=one).loss.backward()
            optimiser.step()
    assert task.grade([], ROWS, loaded).quality.value < guessing / 4


def test_probabilities_that_are_no_numbers_cost_the_most_and_never_make_a_good_grade(tmp_path: Path) -> None:
    task, loaded = load("gpt2", tmp_path)
    loaded.model.get_output_embeddings().weight.data[:] = float("nan")
    graded = task.grade([], ROWS, loaded)
    assert graded.quality.value > task.metric.floor * 4
    assert math.isfinite(graded.quality.high)


def test_what_does_not_fit_into_the_context_costs_what_guessing_costs(tmp_path: Path) -> None:
    _, loaded = load("gpt2", tmp_path)
    long = " fox" * 700
    tokens = len(loaded.processor(long)["input_ids"])
    spent = text_generation_fixed.bits(loaded, "The", long)
    beyond = (tokens - 511) * math.log2(loaded.model.config.vocab_size)
    assert beyond < spent < beyond + 511 * text_generation_fixed.CEILING
    # and a prompt that is too long is cut from its head: what stands next to the reference stays
    prompt = "word " * 600 + "The quick brown fox jumps"
    assert text_generation_fixed.bits(loaded, prompt, " over") < 64 * 4


def test_rows_without_a_reference_are_not_graded(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    graded = task.grade([], [{"text": "One", "reference": ""}, *ROWS], loaded)
    assert graded.scores[0] is None
    assert graded.quality.n == 2


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    task, loaded = load("llama", tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    with pytest.raises(Refusal, match="without a tokenizer"):
        task.check(replace(loaded, processor=None), ROWS)


def test_passages_of_the_public_sets_are_cut_at_a_word_and_short_ones_left_out() -> None:
    passage = "Well @-@ known words , 1 @,@ 000 of them , and more . " * 60
    row = text_generation_fixed.wikitext({"text": " " + passage + "\n"})
    assert row is not None
    assert "Well-known words , 1,000 of them" in row["text"]
    assert row["reference"].startswith(" ")
    assert row["text"] + row["reference"] in " ".join(passage.replace(" @-@ ", "-").replace(" @,@ ", ",").split())
    assert 1100 < text_generation_fixed.length(row) <= 1200
    assert 900 < len(row["reference"]) <= 1000
    assert text_generation_fixed.wikitext({"text": " = " + passage}) is None
    assert text_generation_fixed.wikitext({"text": "short"}) is None
    assert text_generation_fixed.news({"article": passage, "highlights": "", "id": ""}) is not None
    said = [{"role": "user", "content": "never this"}, {"role": "assistant", "content": passage}]
    chat = text_generation_fixed.chats({"messages": said, "prompt": "never this"})
    assert chat is not None
    assert "never" not in chat["text"]
