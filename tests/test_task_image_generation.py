from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_grader
import tiny_loaded

from wattbench import backends, tasks
from wattbench.problems import Refusal
from wattbench.tasks import image_generation

if TYPE_CHECKING:
    from pathlib import Path

NAME = "image-generation"
ROWS: list[dict[str, Any]] = [{"prompt": one} for one in ("a photo of a cat", "a red sofa", "a dog " * 90)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_generation, "STEPS", 2)
    monkeypatch.setattr(image_generation, "SIZE", 32)


class Painter:
    """A pipeline that draws what it is told to, without a model."""

    tokenizer = None

    def __init__(self, *pictures: np.ndarray) -> None:
        self.pictures = np.stack(pictures)
        self.told: dict[str, Any] = {}

    def set_progress_bar_config(self, *, disable: bool) -> None:
        assert disable

    def __call__(
        self,
        prompt: list[str],
        height: int,
        width: int,
        num_inference_steps: int,
        guidance_scale: float,
        generator: list[Any],
        output_type: str,
    ) -> Any:
        self.told = dict(locals())
        return SimpleNamespace(images=self.pictures[: len(prompt)])


def painted(*pictures: np.ndarray) -> backends.Loaded:
    return backends.Loaded(Painter(*pictures), None, "cpu", {}, 0)


@pytest.mark.parametrize("family", ["stable_diffusion", "sdxl", "flux"])
def test_pictures_are_drawn_in_a_batch_as_alone_and_hashed_by_their_pixels(family: str, tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, family, tmp_path)
    loaded = replace(loaded, graders={"clip": tiny_grader.build(tmp_path / "clip")})
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = task.predict(loaded, ROWS)
    for output, row in zip(outputs, ROWS, strict=True):
        assert output.kept.shape == (32, 32, 3)
        assert output.kept.dtype == np.uint8
        assert output.value == hashlib.sha256(output.kept.tobytes()).hexdigest()
        (alone,) = task.predict(loaded, [row])
        assert np.abs(alone.kept.astype(int) - output.kept).max() <= 1  # the last bit may round the other way
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["answered"], counted["distinct"]) == (3, 3)
    assert [output.truncated for output in outputs] == [False, False, family != "flux"]  # Flux reads 256 and more
    graded = task.grade(outputs, ROWS, loaded)
    assert len(graded.scores) == 3
    assert all(one is not None and 0 <= one <= 100 for one in graded.scores)


def test_the_noise_comes_from_the_prompt_alone() -> None:
    import torch

    noise = np.random.default_rng(0).random((2, 32, 32, 3))
    loaded = painted(*noise)
    rows = [{"prompt": "b"}, {"prompt": "a"}]
    tasks.find(NAME).predict(loaded, rows)
    first = [torch.rand(1, generator=one).item() for one in loaded.model.told["generator"]]
    tasks.find(NAME).predict(loaded, rows[::-1])
    assert [torch.rand(1, generator=one).item() for one in loaded.model.told["generator"]] == first[::-1]
    assert first[0] != first[1]
    assert loaded.model.told["guidance_scale"] == image_generation.GUIDANCE


def test_black_one_coloured_and_broken_pictures_are_no_answers(tmp_path: Path) -> None:
    task = tasks.find(NAME)
    fine = np.random.default_rng(0).random((32, 32, 3))
    broken = fine.copy()
    broken[3, 3, 0] = np.nan
    loaded = painted(np.zeros((32, 32, 3)), np.full((32, 32, 3), 0.5), broken, fine)
    loaded = replace(loaded, graders={"clip": tiny_grader.build(tmp_path / "clip")})
    rows = [{"prompt": one} for one in "abcd"]
    outputs = task.predict(loaded, rows)
    assert [output.value is None for output in outputs] == [True, True, True, False]
    assert tiny_loaded.counts(task, outputs, rows)["answered"] == 1
    assert task.grade(outputs, rows, loaded).scores[:3] == [0.0] * 3


def test_a_pipeline_with_broken_weights_has_not_answered(tmp_path: Path) -> None:
    task, loaded = tiny_loaded.load(NAME, "stable_diffusion", tmp_path)
    next(iter(loaded.model.unet.parameters())).data[:] = float("nan")
    outputs = task.predict(loaded, ROWS[:2])
    assert [output.value for output in outputs] == [None, None]


def test_the_same_picture_to_every_prompt_is_all_alike() -> None:
    task = tasks.find(NAME)
    fine = np.random.default_rng(0).random((32, 32, 3))
    outputs = task.predict(painted(fine, fine), ROWS[:2])
    assert tiny_loaded.counts(task, outputs, ROWS[:2])["distinct"] == 1


def test_a_missing_grader_and_a_pipeline_that_takes_no_settings_are_refused_together() -> None:
    task = tasks.find(NAME)
    assert task.check is not None
    with pytest.raises(Refusal) as refused:
        task.check(backends.Loaded(SimpleNamespace(), None, "cpu", {}, 0), ROWS)
    assert [problem.field for problem in refused.value.problems] == ["model", "grader"]
    assert "openai/clip-vit-large-patch14" in str(refused.value)


def test_sources_give_the_first_caption_as_the_prompt() -> None:
    coco, nocaps, flickr = tasks.find(NAME).sources
    assert coco.row({"answer": [" a cat ", "cats"]}) == {"prompt": "a cat"}
    assert nocaps.row({"annotations_captions": ["a cat"]}) == {"prompt": "a cat"}
    assert flickr.row({"caption": ["a cat"]}) == {"prompt": "a cat"}
    assert coco.row({"answer": []}) is None
    assert coco.row({"answer": [" "]}) is None
