"""Image generation: draw a picture from a prompt; graded by CLIPScore.

Every model draws 512 x 512 pixels in 20 steps with guidance 7.5, from noise that the prompt alone decides. Models made
for fewer steps do more work here than they need: they belong on a board of their own. Intended reference model of
version 1: stable-diffusion-v1-5/stable-diffusion-v1-5. Version 1 is not pinned yet. The grader shares its text half
with Stable Diffusion 1, which may favour it.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, Any

from wattbench import grading
from wattbench.grading import clip_score
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from wattbench.backends import Loaded

STEPS, GUIDANCE, SIZE = 20, 7.5, 512
GRADER = "clip"
TOLD = ("prompt", "num_inference_steps", "guidance_scale", "height", "width", "generator", "output_type")


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a pipeline that does not take the task's settings, and where the grader is missing."""
    lacks = [name for name in TOLD if name not in inspect.signature(type(loaded.model).__call__).parameters]
    problems = []
    if lacks:
        message = f"the pipeline {type(loaded.model).__name__} takes no {', '.join(lacks)}"
        problems.append(Problem("", "model", message, "Choose a pipeline that draws pictures from a prompt alone"))
    if GRADER not in loaded.graders:
        name, revision = TASK.graders[GRADER]
        message = f"the model that grades, {name} at {revision}, is not on the Shelf"
        problems.append(Problem("", "grader", message, "Run wattbench prefetch"))
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Draw `prompt` of each row; the answer is the sha256 of the pixels, the picture itself is kept for grading.

    A picture with a NaN, or of one colour all over (black is what safety checkers leave), is no answer.
    """
    import torch

    loaded.model.set_progress_bar_config(disable=True)
    prompts = [row["prompt"] for row in rows]
    drawn = loaded.model(
        prompt=prompts,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        height=SIZE,
        width=SIZE,
        generator=[torch.Generator("cpu").manual_seed(seed(one)) for one in prompts],
        output_type="np",
    ).images
    return [_output(_pixels(one), _read(loaded.model, prompt)) for one, prompt in zip(drawn, prompts, strict=True)]


def _pixels(drawn: np.ndarray) -> np.ndarray | None:
    """Turn a picture (height, width, 3; 0 to 1) into bytes; None where there is nothing to see."""
    import numpy as np

    if not np.isfinite(drawn).all():
        return None
    pixels = (drawn * 255).round().clip(0, 255).astype(np.uint8)
    return None if (pixels == pixels[:1, :1]).all() else pixels


def _output(pixels: np.ndarray | None, read: tuple[int, bool] | None) -> Output:
    value = None if pixels is None else hashlib.sha256(pixels.tobytes()).hexdigest()
    tokens, cut = (None, None) if read is None else read
    return Output(value, input_tokens=tokens, truncated=cut, kept=pixels)


def _read(pipeline: Any, prompt: str) -> tuple[int, bool] | None:  # noqa: ANN401 - a pipeline of diffusers
    """How many tokens of a prompt the pipeline reads, by its tokenizer that reads most, and whether it cuts some."""
    known = [getattr(pipeline, name, None) for name in ("tokenizer", "tokenizer_2", "tokenizer_3")]
    most = max((one for one in known if one is not None), key=lambda one: one.model_max_length, default=None)
    if most is None:
        return None
    tokens = len(most(prompt)["input_ids"])
    return min(tokens, most.model_max_length), tokens > most.model_max_length


def seed(prompt: str) -> int:
    """Give the seed of a prompt's noise: the same in every batch, on every machine."""
    return int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:4])


def grade(outputs: Sequence[Output], rows: Sequence[Row], loaded: Loaded) -> Graded:
    """CLIPScore of each picture with its prompt, with a 95 % interval by resampling prompts; no picture scores 0."""
    there = [i for i, output in enumerate(outputs) if output.kept is not None]
    found = clip_score.scores(
        loaded.graders[GRADER], [outputs[i].kept for i in there], [rows[i]["prompt"] for i in there], loaded.device
    )
    own = dict(zip(there, found, strict=True))
    scores = [round(own.get(i, 0.0), 6) for i in range(len(rows))]
    return Graded(grading.bootstrapped(TASK.metric, scores), scores)


def _coco_row(row: Row) -> Row | None:
    """One row of lmms-lab/COCO-Caption2017: the first of its captions, {"answer": [...]}, is the prompt."""
    return _prompt(next(iter(row["answer"]), ""))


def _nocaps_row(row: Row) -> Row | None:
    """One row of lmms-lab/NoCaps: the first of its captions, {"annotations_captions": [...]}, is the prompt."""
    return _prompt(next(iter(row["annotations_captions"]), ""))


def _flickr_row(row: Row) -> Row | None:
    """One row of lmms-lab/flickr30k: the first of its captions, {"caption": [...]}, is the prompt."""
    return _prompt(next(iter(row["caption"]), ""))


def _prompt(text: str) -> Row | None:
    return {"prompt": text.strip()} if text.strip() else None


TASK = Task(
    name="image-generation",
    title="Image generation",
    query="one picture drawn from a prompt",
    optimum="text-to-image",
    library="diffusers",
    processor="none",
    metric=Metric("CLIPScore", "", higher_is_better=True, floor=20.0, margin=0.5),
    references={},
    predict=predict,
    grade=grade,
    check=check,
    sources=(
        Source(
            dataset="lmms-lab/COCO-Caption2017",
            config=None,
            split="val",
            revision=None,
            licence="captions CC-BY-4.0",
            files="data/val-*.parquet",
            row=_coco_row,
        ),
        Source(
            dataset="lmms-lab/NoCaps",
            config=None,
            split="validation",
            revision=None,
            licence="captions CC-BY-2.0",
            files="data/validation-*.parquet",
            row=_nocaps_row,
        ),
        Source(
            dataset="lmms-lab/flickr30k",
            config=None,
            split="test",
            revision=None,
            licence="research only",
            files="data/test-*.parquet",
            row=_flickr_row,
        ),
    ),
    graders={GRADER: ("openai/clip-vit-large-patch14", "32bd64288804d66eefd0ccbe215aa642df71cc41")},
)
