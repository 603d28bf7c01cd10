from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest
import tiny_models
import torch
from safetensors.torch import save_file

from wattbench.loading import checkpoints, weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAMILIES = tuple(dict.fromkeys(chain.from_iterable(tiny_models.FAMILIES.values())))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_that_nobody_trained_is_told_by_its_weights(family: str, tmp_path: Path) -> None:
    folder = tiny_models.build(family, tmp_path)
    state = weights.sample(folder)
    assert "still hold one value" in (weights.looks_synthetic(state) or "")
    # the matrices alone tell it too: scales that were filled with noise hide nothing
    matrices = {name: tensor for name, tensor in state.items() if tensor.ndim > 1}
    assert "independent draws" in (weights.looks_synthetic(matrices) or "")
    # and a model whose weights carry directions, as training leaves them, passes
    assert weights.looks_synthetic(weights.sample(tiny_models.wear(folder))) is None


@pytest.mark.parametrize("draw", ["normal", "uniform", "heavy"])
@pytest.mark.parametrize("shape", [(64, 64), (48, 300), (1000, 32)])
def test_whatever_random_weights_are_drawn_from_they_are_told(draw: str, shape: tuple[int, int]) -> None:
    chance = torch.Generator().manual_seed(3)
    made = {
        f"layer.{i}.weight": {
            "normal": lambda: torch.randn(shape, generator=chance),
            "uniform": lambda: torch.rand(shape, generator=chance) - 0.5,
            "heavy": lambda: torch.randn(shape, generator=chance) * (1 + torch.rand(shape, generator=chance)),
        }[draw]()
        for i in range(5)
    }
    assert "independent draws" in (weights.looks_synthetic(made) or "")


def test_one_untrained_scale_among_trained_ones_is_no_ground_for_suspicion() -> None:
    chance = torch.Generator().manual_seed(3)
    scales = {f"norm{i}.weight": 1 + 0.1 * torch.randn(32, generator=chance) for i in range(4)}
    assert weights.looks_synthetic({**scales, "norm4.weight": torch.ones(32)}) is None
    assert weights.looks_synthetic({}) is None
    assert weights.looks_synthetic({"dead.weight": torch.zeros(64, 64)}) == "no matrix holds anything but one value"


def test_a_weight_that_is_no_number_is_named_and_a_mask_of_infinities_is_none() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4))
    module.register_buffer("mask", torch.full((4, 4), float("-inf")), persistent=False)
    assert weights.not_finite([module]) == []
    module[0].weight.data[1, 2] = float("nan")
    module[1].running_var[0] = float("inf")
    assert weights.not_finite([module]) == ["0.weight", "1.running_var"]


def test_the_bytes_of_a_checkpoint_are_those_of_the_file_that_is_loaded(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(10), "b": torch.zeros(3, dtype=torch.float16)}, tmp_path / "model.safetensors")
    save_file({"a": torch.zeros(10, dtype=torch.float16)}, tmp_path / "model.fp16.safetensors")
    assert checkpoints.sizes(tmp_path) == {"a": 40, "b": 6}


def test_the_bytes_of_a_checkpoint_in_shards_are_those_that_its_index_names(tmp_path: Path) -> None:
    for i, name in enumerate("ab", 1):
        save_file({name: torch.zeros(i)}, tmp_path / f"model-0000{i}-of-00002.safetensors")
    save_file({"stranger": torch.zeros(9)}, tmp_path / "consolidated.safetensors")
    index = '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    (tmp_path / "model.safetensors.index.json").write_text(index)
    assert checkpoints.sizes(tmp_path) == {"a": 4, "b": 8}


def keys(kind: str = "bert", missing: tuple[str, ...] = (), unexpected: tuple[str, ...] = ()) -> checkpoints.Keys:
    sizes = {"body.weight": 100_000, "pooler.dense.weight": 50_000, "old.head": 800, "big.head": 30_000}
    return checkpoints.Keys("model", kind, missing, (), unexpected, sizes)


@pytest.mark.parametrize(
    ("kind", "name", "refused"),
    [
        ("wav2vec2", "wav2vec2.masked_spec_embed", False),  # the best known model for speech lacks it
        ("vision-encoder-decoder", "encoder.pooler.dense.weight", False),  # the best known captioner too
        ("sentence_transformers", "pooler.dense.weight", False),
        ("bert", "bert.pooler.dense.weight", True),
        ("bert", "classifier.weight", True),
    ],
)
def test_weights_may_be_missing_only_where_nothing_reads_them(kind: str, name: str, refused: bool) -> None:  # noqa: FBT001
    found = list(checkpoints.problems([keys(kind, missing=(name,))]))
    assert [problem.field for problem in found] == ["missing weights"] * refused
    assert all(name in problem.message for problem in found)
    assert checkpoints.facts([keys(kind, missing=(name,))])["missing_weights"] == [name]


def test_weights_left_over_are_told_and_refused_above_one_per_cent() -> None:
    assert list(checkpoints.problems([keys(unexpected=("pooler.dense.weight", "old.head"))])) == []
    told = checkpoints.facts([keys(unexpected=("pooler.dense.weight", "old.head"))])["extra_weights"]
    assert told == {"count": 2, "share": round(800 / 180_800, 6), "names": ["pooler.dense.weight", "old.head"]}
    (problem,) = checkpoints.problems([keys(unexpected=("big.head",))])
    assert problem.field == "extra weights"
    assert "16.6% of the bytes" in problem.message
