from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import tiny_loaded

from wattbench.asking import generating

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.backends import Loaded

PROMPTS = [[40, 41, 42, 43, 44], [45, 46]]


def decoder(family: str, folder: Path) -> Loaded:
    return tiny_loaded.load("text-generation", family, folder)[1]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_mark_falls_once_a_batch_and_changes_no_token(family: str, tmp_path: Path) -> None:
    loaded = decoder(family, tmp_path)
    marks: list[int] = []
    inputs = generating.left_padded(loaded, PROMPTS)
    written = generating.write(replace(loaded, mark=lambda: marks.append(1)), inputs, 12)
    assert marks == [1]
    plain = loaded.model.generate(**inputs, max_new_tokens=12, do_sample=False, pad_token_id=0)[:, 5:].tolist()
    for one, tokens in zip(written, plain, strict=True):
        assert one.tokens == tokens[: len(one.tokens)]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_batch_padded_on_the_left_writes_what_single_prompts_do(family: str, tmp_path: Path) -> None:
    loaded = decoder(family, tmp_path)
    together = generating.continued(loaded, PROMPTS, 12)
    assert together == [generating.continued(loaded, [prompt], 12)[0] for prompt in PROMPTS]
    assert together[0] != together[1]


def test_the_same_prompt_gives_the_same_tokens_whatever_a_models_own_settings_leave_to_chance(tmp_path: Path) -> None:
    loaded = decoder("llama", tmp_path)
    before = generating.continued(loaded, PROMPTS, 12)
    chance = {"do_sample": True, "num_beams": 3, "num_return_sequences": 2, "temperature": 5.0, "max_time": 1e-9}
    for name, value in chance.items():
        setattr(loaded.model.generation_config, name, value)
    assert generating.continued(loaded, PROMPTS, 12) == before


def test_a_models_own_penalties_count(tmp_path: Path) -> None:
    loaded = decoder("gpt2", tmp_path)
    first = generating.continued(loaded, PROMPTS, 12)[0]
    assert first is not None
    loaded.model.generation_config.suppress_tokens = [first.tokens[0]]
    again = generating.continued(loaded, PROMPTS, 12)[0]
    assert again is not None
    assert first.tokens[0] not in again.tokens


def test_only_an_answer_that_the_cap_cut_is_capped(tmp_path: Path) -> None:
    loaded = decoder("llama", tmp_path)
    (one,) = generating.continued(loaded, PROMPTS[:1], 12)
    assert one is not None
    assert one.capped
    assert len(one.tokens) == 12
    loaded.model.generation_config.eos_token_id = one.tokens[3]
    (ended,) = generating.continued(loaded, PROMPTS[:1], 12)
    assert ended == generating.Written(one.tokens[: one.tokens.index(one.tokens[3]) + 1], capped=False, broken=False)


def test_padding_behind_an_answer_that_ended_early_is_not_counted(tmp_path: Path) -> None:
    loaded = decoder("llama", tmp_path)
    first, second = generating.continued(loaded, PROMPTS, 12)
    assert first is not None
    assert second is not None
    only_first = next(token for token in first.tokens if token not in second.tokens)
    loaded.model.generation_config.eos_token_id = only_first
    early, late = generating.continued(loaded, PROMPTS, 12)
    assert early is not None
    assert late == second
    assert (len(early.tokens), early.tokens[-1], early.capped) == (
        first.tokens.index(only_first) + 1,
        only_first,
        False,
    )


def test_a_forced_end_does_not_hide_that_the_cap_cut_an_answer(tmp_path: Path) -> None:
    _, loaded = tiny_loaded.load("summarization", "bart", tmp_path)
    end = loaded.model.generation_config.eos_token_id
    assert loaded.model.generation_config.forced_eos_token_id == end
    (one,) = generating.write(loaded, generating.left_padded(loaded, [[0, 40, 2]]), 6, min_new_tokens=6)
    assert one.capped
    assert end not in one.tokens


@pytest.mark.parametrize("hidden", [False, True])
def test_scores_that_are_no_numbers_break_their_row_and_no_other(*, hidden: bool, tmp_path: Path) -> None:
    loaded = decoder("llama", tmp_path)
    loaded.model.generation_config.remove_invalid_values = hidden  # a model cannot ask for them to be covered up
    loaded.model.get_input_embeddings().weight.data[46] = float("nan")
    sound, broken = generating.continued(loaded, PROMPTS, 6)
    assert sound is not None
    assert broken is not None
    assert (sound.broken, broken.broken) == (False, True)
    rows = generating.greedy(loaded, generating.left_padded(loaded, PROMPTS), 6)[:, 5:].tolist()
    assert rows[0] == sound.tokens
    assert set(rows[1]) == {generating.padding(loaded)}


def test_a_nan_that_comes_late_is_seen_too() -> None:
    import torch

    watch = generating.Watch(lambda: None)
    sound = torch.tensor([[1.0, 2.0], [1.0, -torch.inf]])
    watch(torch.zeros(2, 3), sound)
    watch(torch.zeros(2, 4), torch.tensor([[torch.nan, 2.0], [1.0, 2.0]]))
    watch(torch.zeros(2, 5), sound)
    assert watch.sound.tolist() == [False, True]
    assert watch.begin == 3


def test_a_prompt_without_room_for_an_answer_is_not_asked_and_the_others_are(tmp_path: Path) -> None:
    loaded = decoder("gpt2", tmp_path)
    assert generating.context(loaded) == 512
    long, short = [40] * 500, [40] * 400
    refused, answered = generating.continued(loaded, [long, short], 300)
    assert refused is None
    assert answered is not None
    assert len(answered.tokens) <= 112
    assert generating.continued(loaded, [long, [50] * 600], 300) == [None, None]


def test_tokenizers_without_padding_fill_up_with_the_token_that_ends(tmp_path: Path) -> None:
    loaded = decoder("gpt2", tmp_path)
    loaded.processor.pad_token = None
    loaded.model.generation_config.pad_token_id = None
    assert generating.padding(loaded) == loaded.processor.eos_token_id
    inputs = generating.left_padded(loaded, PROMPTS)
    assert inputs["attention_mask"].tolist() == [[1] * 5, [0, 0, 0, 1, 1]]
    assert inputs["input_ids"][1].tolist() == [2, 2, 2, 45, 46]


def test_an_answer_also_ends_where_only_the_tokenizer_says_so(tmp_path: Path) -> None:
    loaded = decoder("llama", tmp_path)
    (one,) = generating.continued(loaded, PROMPTS[:1], 12)
    assert one is not None
    loaded.processor.eos_token = loaded.processor.convert_ids_to_tokens(one.tokens[2])
    assert set(generating.ends(loaded)) == {2, one.tokens[2]}
    (ended,) = generating.continued(loaded, PROMPTS[:1], 12)
    assert ended is not None
    assert not ended.capped
