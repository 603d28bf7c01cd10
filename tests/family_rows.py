"""Four rows of every task, for tiny models of all families."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import shelf_factory
import tiny_loaded

REPORT = "The report was written by the agency in 2024. "


def sound(number: int) -> bytes:
    """Make a second of noise, as FLAC."""
    import soundfile

    data = io.BytesIO()
    soundfile.write(data, np.random.default_rng(number).normal(0, 0.1, 16_000), 16_000, format="FLAC")
    return data.getvalue()


def rows(task: str) -> list[dict[str, Any]]:
    """Give the rows of a task, each with what it is graded by."""
    texts = ["this movie was great", "this film was terrible and slow", "the quick brown fox", "rain is wet"]
    boxes = {"boxes": [[1.0, 2.0, 20.0, 10.0]], "labels": [18], "areas": [200.0], "crowd": [0]}
    made: dict[str, list[dict[str, Any]]] = {
        "text-generation": [
            {"messages": [{"role": "user", "content": one}], "answer": "fox", "choices": None, "source": "ours"}
            for one in texts
        ],
        "text-generation-fixed": [{"text": one, "reference": " over the lazy dog."} for one in texts],
        "summarization": [{"text": one * 9, "summary": one} for one in texts],
        "extractive-question-answering": [
            {"question": "Who wrote the report?", "context": REPORT * (1 + i), "answers": ["the agency"]}
            for i in range(4)
        ],
        "text-classification": [
            {"text": one, "label": label}
            for one, label in zip(texts, ("positive", "negative", "positive", "negative"), strict=True)
        ],
        "sentence-similarity": shelf_factory.texts(),
        "image-classification": [{"image": tiny_loaded.picture(i), "labels": [i]} for i in range(4)],
        "object-detection": [{"image": tiny_loaded.picture(i, 64, 48), **boxes} for i in range(4)],
        "image-captioning": [
            {"image": tiny_loaded.picture(i), "captions": [one, one + "!"]} for i, one in enumerate(texts)
        ],
        "automatic-speech-recognition": [{"audio": sound(i), "text": one} for i, one in enumerate(texts)],
        "image-generation": [{"prompt": one} for one in texts],
    }
    return made[task]
