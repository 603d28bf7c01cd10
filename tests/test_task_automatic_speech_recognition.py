from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_loaded

from wattbench import tasks
from wattbench.asking import sounds
from wattbench.problems import Refusal
from wattbench.tasks import Output
from wattbench.tasks import automatic_speech_recognition as asr

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.backends import Loaded
    from wattbench.tasks import Task

NAME = "automatic-speech-recognition"


def clip(number: int, seconds: float = 1.0, rate: int = 16_000, kind: str = "FLAC", channels: int = 1) -> bytes:
    """Make noise; another number, another noise."""
    import soundfile

    noise = np.random.default_rng(number).normal(0, 0.1, (round(seconds * rate), channels))
    data = io.BytesIO()
    soundfile.write(data, noise, rate, format=kind)
    return data.getvalue()


ROWS: list[dict[str, Any]] = [{"audio": clip(i), "text": "Good morning, Mr. Smith."} for i in range(3)]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asr, "CAP", 8)


def load(family: str, folder: Path) -> tuple[Task, Loaded]:
    task, loaded = tiny_loaded.load(NAME, family, folder)
    if family == "whisper":
        specials = [i for i in range(len(loaded.processor.tokenizer)) if i >= len(loaded.processor.tokenizer) - 9]
        loaded.model.generation_config.suppress_tokens = [*specials, loaded.processor.tokenizer.eos_token_id]
    return task, loaded


def nobody() -> Any:
    return None


@pytest.mark.parametrize("family", ["whisper", "wav2vec2"])
def test_clips_are_written_down_in_a_batch_as_alone(family: str, tmp_path: Path) -> None:
    task, loaded = load(family, tmp_path)
    assert task.check is not None
    task.check(loaded, ROWS)
    outputs = tiny_loaded.answer(task, loaded, ROWS)
    assert all(output.value for output in outputs)
    assert all(output.output_tokens for output in outputs)
    counted = tiny_loaded.counts(task, outputs, ROWS)
    assert (counted["answered"], counted["truncated"], counted["audio_seconds"]) == (3, 0, 3.0)
    assert counted["capped"] == (3 if family == "whisper" else None)
    assert counted["input_tokens"] is None


def test_a_model_that_generates_marks_its_first_token_and_one_that_labels_has_none(tmp_path: Path) -> None:
    for family, wanted in (("whisper", [1]), ("wav2vec2", [])):
        task, loaded = load(family, tmp_path)
        marks: list[int] = []
        task.predict(replace(loaded, mark=lambda marks=marks: marks.append(1)), ROWS)  # type: ignore[misc]
        assert marks == wanted


def test_frames_of_padding_write_nothing(tmp_path: Path) -> None:
    task, loaded = load("wav2vec2", tmp_path)
    long, short = {"audio": clip(1, 2.0), "text": "a"}, {"audio": clip(2, 0.5), "text": "a"}
    _, padded = task.predict(loaded, [long, short])
    (alone,) = task.predict(loaded, [short])
    assert alone.output_tokens is not None
    assert padded.output_tokens is not None
    frames = loaded.model._get_feat_extract_output_lengths(8000)
    assert alone.output_tokens <= frames
    assert padded.output_tokens <= frames


def test_only_the_first_30_seconds_of_a_longer_clip_are_heard_by_whisper_and_it_is_told(tmp_path: Path) -> None:
    task, loaded = load("whisper", tmp_path)
    long = clip(1, 31.0)
    (output,) = task.predict(loaded, [{"audio": long, "text": "a"}])
    assert output.truncated
    import soundfile

    head, data = soundfile.read(io.BytesIO(long))[0][: 30 * 16_000], io.BytesIO()
    soundfile.write(data, head, 16_000, format="FLAC")
    (first,) = task.predict(loaded, [{"audio": data.getvalue(), "text": "a"}])
    assert (first.value, first.truncated) == (output.value, False)


def test_a_multilingual_whisper_is_told_to_transcribe_english(tmp_path: Path) -> None:
    import torch

    task, loaded = load("whisper", tmp_path)
    seen: list[list[int]] = []
    forward = loaded.model.model.decoder.forward

    def listening(*args: Any, **named: Any) -> Any:
        seen.append(torch.as_tensor(named["input_ids"])[0].tolist())
        return forward(*args, **named)

    loaded.model.model.decoder.forward = listening
    task.predict(loaded, ROWS[:1])
    words = loaded.processor.tokenizer.convert_ids_to_tokens(seen[0])
    assert words == ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]


@pytest.mark.parametrize("family", ["whisper", "wav2vec2"])
def test_scores_that_are_no_numbers_are_no_answer(family: str, tmp_path: Path) -> None:
    task, loaded = load(family, tmp_path)
    head = loaded.model.proj_out if family == "whisper" else loaded.model.lm_head
    head.weight.data[7] = float("nan")
    outputs = task.predict(loaded, ROWS)
    assert [output.value for output in outputs] == [None] * 3
    assert tiny_loaded.counts(task, outputs, ROWS)["answered"] == 0


def test_a_model_that_says_nothing_has_a_word_error_rate_of_one(tmp_path: Path) -> None:
    task, loaded = load("wav2vec2", tmp_path)
    loaded.model.lm_head.bias.data[loaded.model.config.pad_token_id] = 1e6
    outputs = task.predict(loaded, ROWS)
    assert [(output.value, output.output_tokens) for output in outputs] == [(None, 0)] * 3
    graded = task.grade(outputs, ROWS, loaded)
    assert graded.quality.value == 1
    assert graded.quality.value > task.metric.floor
    assert graded.more["deletions"] == 1


def test_the_word_error_rate_is_that_of_the_corpus_after_one_normaliser() -> None:
    task = tasks.find(NAME)
    rows = [
        {"text": "GOOD MORNING MISTER SMITH I WILL NOT PAY TWENTY FIVE DOLLARS"},
        {"text": "YES"},
        {"text": "..."},
    ]
    outputs = [Output("Good morning, Mr. Smith! I won't pay $25."), Output("oh, no"), Output("noise")]
    graded = task.grade(outputs, rows, nobody())
    assert graded.scores == [0.0, 2.0, None]
    assert graded.weights is not None
    assert graded.weights[2] == 0
    words = graded.weights[0] + graded.weights[1]
    assert graded.quality.value == pytest.approx(2 / words, abs=1e-6)
    assert graded.more == {
        "substitutions": round(1 / words, 6),
        "deletions": 0.0,
        "insertions": round(1 / words, 6),
    }
    assert not graded.quality.higher_is_better


def test_sounds_of_any_rate_and_number_of_channels_become_16_khz_mono() -> None:
    stereo = sounds.samples(clip(1, 0.5, rate=44_100, kind="WAV", channels=2))
    assert (stereo.shape, stereo.dtype) == ((8000,), np.float32)
    assert sounds.samples(clip(1, 0.25)).shape == (4000,)
    assert sounds.seconds(clip(1, 0.5, rate=44_100, kind="WAV")) == 0.5
    assert asr.length({"audio": clip(1, 0.5, rate=8000)}) == 8000


def test_a_tone_keeps_its_pitch_when_it_is_resampled() -> None:
    import soundfile

    data = io.BytesIO()
    soundfile.write(data, 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000), 48_000, format="WAV")
    spectrum = np.abs(np.fft.rfft(sounds.samples(data.getvalue())))
    assert int(spectrum.argmax()) == 440


def test_what_a_model_cannot_do_is_said_before_anything_is_asked() -> None:
    task = tasks.find(NAME)
    assert task.check is not None
    model = SimpleNamespace(generation_config=SimpleNamespace(is_multilingual=True, lang_to_id={"<|de|>": 1}))
    broken: Any = SimpleNamespace(model=model, processor=SimpleNamespace())
    with pytest.raises(Refusal) as refusal:
        task.check(broken, ROWS)
    assert [problem.field for problem in refusal.value.problems] == ["processor", "tokenizer", "generation_config"]
    telephone = SimpleNamespace(feature_extractor=SimpleNamespace(sampling_rate=8000), tokenizer="any")
    english = SimpleNamespace(generation_config=SimpleNamespace())
    with pytest.raises(Refusal, match="hears at 8000 Hz"):
        task.check(SimpleNamespace(model=english, processor=telephone), ROWS)  # type: ignore[arg-type]


def test_rows_of_the_public_sets_become_ours_and_long_clips_are_left_out() -> None:
    audio = {"bytes": clip(1), "path": "1.flac"}
    row = asr.librispeech_clean({"audio": audio, "text": "GOOD MORNING", "id": "1"})
    assert row == {"audio": audio["bytes"], "text": "GOOD MORNING", "source": "LibriSpeech clean"}
    other = asr.librispeech_other({"audio": audio, "text": "GOOD MORNING"})
    spoken = asr.fleurs({"audio": audio, "transcription": "good morning", "raw_transcription": "Good morning."})
    assert [one and one["source"] for one in (other, spoken)] == ["LibriSpeech other", "FLEURS en-US"]
    assert asr.librispeech_clean({"audio": {"bytes": clip(1, 30.5)}, "text": "LONG"}) is None
    assert asr.librispeech_clean({"audio": audio, "text": " "}) is None
