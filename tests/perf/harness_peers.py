"""Peers of the harness, asked for the same answer to the same row: transformers' pipeline, AI Energy Score's engine.

What a peer cannot do is not here: its engine writes text alone, transformers 5 has pipelines for five of our tasks.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

from harness_bare import picture_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Answers = Callable[[Sequence[dict[str, Any]]], list[Any]]

ENGINE = "ai_energy_benchmarks"


def _pipeline(task: str, folder: Path, **settings: Any) -> Any:
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    asked = {"dtype": torch.float32, "device": "cpu"}
    try:
        return transformers.pipeline(
            task, str(folder), model_kwargs={"attn_implementation": "sdpa"}, **asked, **settings
        )
    except ValueError:
        return transformers.pipeline(task, str(folder), **asked, **settings)


def _writer(folder: Path, ask: Callable[[dict[str, Any]], Any], **limits: Any) -> Answers:
    made = _pipeline("text-generation", folder)

    def answers(rows: Sequence[dict[str, Any]]) -> list[Any]:
        told = {"return_full_text": False, "do_sample": False, **limits}
        return [made(ask(row), **told)[0]["generated_text"].strip() or None for row in rows]

    return answers


def write(folder: Path) -> Answers:
    """Answer a chat."""
    return _writer(folder, lambda row: row["messages"], max_new_tokens=1024)


def write_fixed(folder: Path) -> Answers:
    """Continue a text by 256 tokens."""
    return _writer(folder, lambda row: row["text"], max_new_tokens=256, min_new_tokens=256)


def classify(folder: Path) -> Answers:
    """Classify a text."""
    made = _pipeline("text-classification", folder)
    return lambda rows: [made(row["text"], truncation=True)[0]["label"].lower() for row in rows]


def look(folder: Path) -> Answers:
    """Classify a picture."""
    made = _pipeline("image-classification", folder)
    known = made.model.config.label2id
    return lambda rows: [[known[one["label"]] for one in made(picture_of(row), top_k=5)] for row in rows]


def detect(folder: Path) -> Answers:
    """Find objects; the pipeline gives whole pixels, so that answers are near ours and never the same."""
    made = _pipeline("object-detection", folder)
    known = made.model.config.label2id

    def boxes(found: list[dict[str, Any]]) -> list[Any]:
        placed = [
            (known[one["label"]], round(one["score"], 5), *(one["box"][side] for side in ("xmin", "ymin")))
            for one in found
            if one["label"] != "N/A"
        ]
        return sorted(placed, key=lambda one: -one[1])[:100]

    return lambda rows: [boxes(made(picture_of(row), threshold=0.0)) for row in rows]


def listen(folder: Path) -> Answers:
    """Write down speech; decoded here, for the pipeline itself starts ffmpeg for it."""
    import soundfile

    made = _pipeline("automatic-speech-recognition", folder)

    def answer(row: dict[str, Any]) -> Any:
        sound, rate = soundfile.read(io.BytesIO(row["audio"]), dtype="float32")
        told = {"max_new_tokens": 224, "do_sample": False, "num_beams": 1}  # five beams, unless told
        return made({"raw": sound, "sampling_rate": rate}, generate_kwargs=told)["text"].strip() or None

    return lambda rows: [answer(row) for row in rows]


def _engine(folder: Path, prompt: Callable[[Any, dict[str, Any]], str], cap: int, **limits: Any) -> Answers:
    """Ask the engine's backend as its runner does, but greedily, for the runner's answers are drawn by chance.

    It prints to standard error here: what goes to a file as we print.
    """
    sys.path.append(os.environ["HARNESS_PEERS"])
    from ai_energy_benchmarks.backends.pytorch import PyTorchBackend

    backend = PyTorchBackend(str(folder), device="cpu", torch_dtype="float32", device_map="cpu")
    with contextlib.redirect_stdout(sys.stderr):
        backend.health_check()
    # Its way through a chat template fails on transformers 5: the prompt comes with the template applied.
    template, backend.tokenizer.chat_template, backend.formatter = backend.tokenizer.chat_template, None, None

    def ask(row: dict[str, Any]) -> Any:
        found = backend.run_inference(prompt((backend.tokenizer, template), row), cap, temperature=0, **limits)
        if not found["success"]:
            raise RuntimeError(found["error"])
        return found["text"].strip() or None

    def answers(rows: Sequence[dict[str, Any]]) -> list[Any]:
        with contextlib.redirect_stdout(sys.stderr):
            return [ask(row) for row in rows]

    return answers


def engine_write(folder: Path) -> Answers:
    """Answer a chat."""

    def prompt(with_template: Any, row: dict[str, Any]) -> str:
        tokenizer, template = with_template
        named = {"tokenize": False, "add_generation_prompt": True, "chat_template": template}
        return str(tokenizer.apply_chat_template(row["messages"], **named))

    return _engine(folder, prompt, 1024)


def engine_write_fixed(folder: Path) -> Answers:
    """Continue a text by 256 tokens."""
    return _engine(folder, lambda _, row: str(row["text"]), 256, min_new_tokens=256)


PIPELINE: dict[str, Callable[[Path], Answers]] = {
    "text-generation": write,
    "text-generation-fixed": write_fixed,
    "text-classification": classify,
    "image-classification": look,
    "object-detection": detect,
    "automatic-speech-recognition": listen,
}
ENGINES: dict[str, Callable[[Path], Answers]] = {
    "text-generation": engine_write,
    "text-generation-fixed": engine_write_fixed,
}
