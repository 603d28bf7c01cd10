from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shelf_factory
import tiny_loaded
from scipy.stats import spearmanr

from wattbench import backends, tasks
from wattbench.problems import Refusal
from wattbench.tasks import Output

if TYPE_CHECKING:
    from pathlib import Path

NAME = "sentence-similarity"
PAIRS: list[dict[str, Any]] = [
    {"text": "a photo of a cat", "text_b": "a dog on a red sofa", "score": 0.4},
    {"text": "stocks fell sharply today", "text_b": "markets lost value", "score": 0.9},
    {"text": "rain is wet", "text_b": "the quick brown fox " * 60, "score": 0.0},
    {"text": "this movie was great", "text_b": "I loved it", "score": 0.7},
]
TEXTS = shelf_factory.texts()


@pytest.mark.parametrize("family", ["bert_encoder", "mpnet_encoder"])
def test_a_text_becomes_the_unit_vector_that_encode_gives(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    assert task.check is not None
    task.check(loaded, TEXTS)
    outputs = tiny_loaded.answer(task, loaded, TEXTS)
    bare = loaded.model.encode([row["text"] for row in TEXTS], normalize_embeddings=True, show_progress_bar=False)
    for output, vector in zip(outputs, bare, strict=True):
        assert np.linalg.norm(output.value) == pytest.approx(1, abs=1e-4)
        assert output.value == pytest.approx(vector.tolist(), abs=2e-6)
    tokens = [len(loaded.model.tokenizer(row["text"])["input_ids"]) for row in TEXTS]
    assert [output.input_tokens for output in outputs] == tokens


@pytest.mark.parametrize("family", ["bert_encoder", "mpnet_encoder"])
def test_a_pair_becomes_the_cosine_of_its_texts_and_a_long_text_is_told(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    outputs = tiny_loaded.answer(task, loaded, PAIRS)
    for output, row in zip(outputs, PAIRS, strict=True):
        a, b = loaded.model.encode([row["text"], row["text_b"]], normalize_embeddings=True, show_progress_bar=False)
        assert output.value == pytest.approx(float(a @ b), abs=2e-6)
    assert [output.truncated for output in outputs] == [False, False, True, False]
    counted = tiny_loaded.counts(task, outputs, PAIRS)
    assert (counted["answered"], counted["distinct"], counted["truncated"]) == (4, 4, 1)


def test_a_vector_with_a_nan_is_no_answer_and_no_similarity(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "bert_encoder", tmp_path)
    token = loaded.model.tokenizer.convert_tokens_to_ids("cat")
    loaded.model.transformers_model.get_input_embeddings().weight.data[token] = float("nan")
    pairs = task.predict(loaded, PAIRS)
    assert [output.value is None for output in pairs] == [True, False, False, False]
    assert tiny_loaded.counts(task, pairs, PAIRS)["answered"] == 3
    assert task.grade(pairs, PAIRS, loaded).quality.n == 4
    texts = task.predict(loaded, TEXTS)
    assert [output.value is None for output in texts] == [True, True, False, False, False]
    assert np.isfinite(task.grade(texts, TEXTS, loaded).quality.value)


def test_the_mean_of_the_pairs_own_scores_is_the_rho_of_them_all() -> None:
    task = tasks.find(NAME)
    draw = np.random.default_rng(0)
    human = draw.integers(0, 6, 40) / 5  # with ties, as people rate
    cosine = (human + draw.normal(0, 0.5, 40)).round(6)
    rows = [{"text": "a", "text_b": "b", "score": float(one)} for one in human]
    graded = task.grade([Output(float(one)) for one in cosine], rows, SimpleNamespace())  # type: ignore[arg-type]
    rho = spearmanr(cosine, human).statistic
    assert graded.quality.value == pytest.approx(rho, abs=1e-6)
    assert np.mean([one for one in graded.scores if one is not None]) == pytest.approx(rho, abs=1e-5)
    assert graded.quality.low < rho < graded.quality.high


def test_answers_that_are_all_alike_cannot_be_graded() -> None:
    task = tasks.find(NAME)
    outputs = [Output(0.5)] * len(PAIRS)
    assert tiny_loaded.counts(task, outputs, PAIRS)["distinct"] == 1
    with pytest.raises(ValueError, match="all alike"):
        task.grade(outputs, PAIRS, SimpleNamespace())  # type: ignore[arg-type] # nothing of a model is needed
    with pytest.raises(ValueError, match="all alike"):
        task.grade([Output([1.0, 0.0])] * len(TEXTS), TEXTS, SimpleNamespace())  # type: ignore[arg-type]


def test_rows_of_two_kinds_are_refused() -> None:
    task = tasks.find(NAME)
    assert task.check is not None
    loaded = backends.Loaded(SimpleNamespace(encode=len), None, "cpu", {}, 0)
    task.check(loaded, PAIRS)
    with pytest.raises(Refusal, match="others are not"):
        task.check(loaded, [*PAIRS, *TEXTS])


def test_sources_give_pairs_with_scores_from_0_to_1() -> None:
    stsb, glue = tasks.find(NAME).sources
    row = {"sentence1": "a", "sentence2": "b"}
    assert stsb.row(row | {"score": 0.64}) == {"text": "a", "text_b": "b", "score": 0.64}
    assert glue.row(row | {"label": 3.2, "idx": 1}) == {"text": "a", "text_b": "b", "score": pytest.approx(0.64)}
    assert glue.row(row | {"label": -1.0, "idx": 1}) is None
