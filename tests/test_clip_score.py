from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny_grader

from wattbench.grading import clip_score

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = ["a photo of a cat", "rain is wet", "a dog " * 90, "a red sofa", "the quick brown fox"]


def noise(count: int, size: int = 48) -> list[np.ndarray]:
    draw = np.random.default_rng(3)
    return [draw.integers(0, 255, (size, size, 3), dtype=np.uint8) for _ in range(count)]


def test_the_score_is_100_times_the_cosine_of_clips_vectors_and_never_below_0(tmp_path: Path) -> None:
    import torch
    import transformers

    folder = tiny_grader.build(tmp_path / "clip")
    pictures = noise(len(PROMPTS))
    found = clip_score.scores(folder, pictures, PROMPTS, "cpu")
    model = transformers.CLIPModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    look = transformers.AutoImageProcessor.from_pretrained(folder)
    cosines = []
    for picture, prompt in zip(pictures, PROMPTS, strict=True):
        with torch.inference_mode():
            both = model(
                **tokenizer(prompt, truncation=True, max_length=77, return_tensors="pt"),
                pixel_values=look(images=picture, return_tensors="pt")["pixel_values"],
            )
        a, b = both.image_embeds[0], both.text_embeds[0]
        cosines.append(float(a @ b / a.norm() / b.norm()))
    assert min(cosines) > 0.01
    assert found == pytest.approx([100 * one for one in cosines], abs=1e-3)
    model.text_projection.weight.data *= -1  # every text now points the other way
    model.save_pretrained(folder)
    assert clip_score.scores(folder, pictures, PROMPTS, "cpu") == [0.0] * len(PROMPTS)


def test_scores_do_not_depend_on_how_many_are_graded_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_grader.build(tmp_path / "clip")
    together = clip_score.scores(folder, noise(5), PROMPTS, "cpu")
    monkeypatch.setattr(clip_score, "AT_ONCE", 2)
    assert clip_score.scores(folder, noise(5), PROMPTS, "cpu") == pytest.approx(together, abs=1e-3)


def test_no_pictures_have_no_scores(tmp_path: Path) -> None:
    assert clip_score.scores(tiny_grader.build(tmp_path / "clip"), [], [], "cpu") == []
