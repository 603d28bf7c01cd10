from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_loaded
import tiny_models

from wattbench import backends, tasks
from wattbench.problems import Refusal
from wattbench.tasks import Output

if TYPE_CHECKING:
    from pathlib import Path

NAME = "text-classification"
ROWS: list[dict[str, Any]] = [
    {"text": "this movie was great and I loved it", "label": "positive"},
    {"text": "this film was terrible, boring and slow " * 80, "label": "negative"},
    {"text": "the quick brown fox", "label": "pos"},
    {"text": "rain is wet", "label": "NEG"},
]
FAMILIES = ["bert_classifier", "roberta_classifier", "deberta_classifier", "gpt2_classifier"]


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_classified_in_a_batch_as_alone_and_a_long_one_is_cut_and_told(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    assert {output.value for output in outputs} <= {"negative", "positive"}
    assert [output.truncated for output in outputs] == [False, True, False, False]
    limit = 512 if family == "gpt2_classifier" else 128
    assert outputs[1].input_tokens == limit
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["answered"], counted["truncated"]) == (4, 1)
    assert counted["input_tokens"] == sum(output.input_tokens or 0 for output in outputs)


def test_a_decoder_without_a_padding_token_classifies_batches_as_alone(tmp_path: Path) -> None:
    folder = tiny_models.build("gpt2_classifier", tmp_path / "model")
    for name, key in (("tokenizer_config.json", "pad_token"), ("config.json", "pad_token_id")):
        settings = json.loads((folder / name).read_text())
        settings[key] = None
        (folder / name).write_text(json.dumps(settings))
    task = tasks.find(NAME)
    loaded = backends.find("optimum").load(folder, task, precision="fp32", device="cpu")
    assert loaded.facts["padding"] == "eos"
    tiny_loaded.answer(task, loaded, ROWS)


def test_logits_with_a_nan_are_no_answer_and_no_label(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_classifier", tmp_path)
    token = loaded.processor.convert_tokens_to_ids("fox")
    loaded.model.get_input_embeddings().weight.data[token] = float("nan")
    outputs = task.predict(loaded, ROWS)
    assert [output.value is None for output in outputs] == [False, False, True, False]
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 3
    assert task.grade(outputs, ROWS, loaded).scores[2] == 0.0


def test_unnamed_classes_are_taken_in_the_declared_order(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_classifier", tmp_path)
    named = [output.value for output in task.predict(loaded, ROWS)]
    loaded.model.config.id2label = {0: "LABEL_0", 1: "LABEL_1"}
    assert [output.value for output in task.predict(loaded, ROWS)] == named


def test_a_label_set_that_does_not_match_is_refused_and_both_sets_are_named(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_classifier", tmp_path)
    assert task.check is not None
    loaded.model.config.id2label = {0: "joy", 1: "anger", 2: "fear"}
    with pytest.raises(Refusal) as refused:
        task.check(replace(loaded, processor=None), ROWS)
    told = str(refused.value)
    for word in ("'joy'", "'anger'", "'fear'", "'negative'", "'positive'", "without a tokenizer"):
        assert word in told


def test_a_constant_answer_earns_half_and_half_is_below_the_floor() -> None:
    task = tasks.find(NAME)
    outputs = [Output("positive")] * 4
    graded = task.grade(outputs, ROWS, SimpleNamespace())  # type: ignore[arg-type] # nothing of a model is needed
    assert graded.quality.value == 0.5 < task.metric.floor
    assert graded.more["macro-F1"] == pytest.approx(1 / 3, abs=1e-6)
    assert tiny_loaded.counts(task, outputs, ROWS)["distinct"] == 1


def test_right_answers_are_right_by_any_alias_and_the_interval_is_wilsons() -> None:
    outputs = [Output("positive"), Output("negative"), Output("positive"), Output("negative")]
    graded = tasks.find(NAME).grade(outputs, ROWS, SimpleNamespace())  # type: ignore[arg-type] # as above
    assert graded.scores == [1.0] * 4
    assert (graded.quality.value, graded.quality.high, graded.more["macro-F1"]) == (1.0, 1.0, 1.0)
    assert graded.quality.low == pytest.approx(4 / (4 + 1.959964**2), abs=1e-6)


def test_sources_give_labelled_rows_and_leave_out_those_without_a_label() -> None:
    sst2, imdb, tomatoes = tasks.find(NAME).sources
    assert sst2.row({"idx": 3, "sentence": "fine . ", "label": 1}) == {"text": "fine .", "label": "positive"}
    assert sst2.row({"idx": 3, "sentence": "fine", "label": -1}) is None
    for source in (imdb, tomatoes):
        assert source.row({"text": "dull", "label": 0}) == {"text": "dull", "label": "negative"}
