"""The bare call of every task: the shortest script with the same library calls that makes the same answer of a row.

`BARE[task](folder)` loads a model by the libraries' own classes and gives its number of parameters and a function
from a row to an answer, in the form that the task file gives it. `forward` is the clock around the model itself.
"""

from __future__ import annotations

import hashlib
import io
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Answer = Callable[[dict[str, Any]], Any]

SETTINGS: dict[str, Any] = {"local_files_only": True}


class Forward:
    """CPU seconds that the model's own call has taken."""

    seconds = 0.0

    def __call__(self, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        before = time.process_time()
        given = call(*args, **named)
        self.seconds += time.process_time() - before
        return given


forward = Forward()


def model_of(name: str, folder: Path) -> Any:
    """Load with a class of transformers, in fp32 with fused attention where there is one, as the harness does."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    settings = {**SETTINGS, "dtype": torch.float32}
    kind = getattr(transformers, name)
    try:
        return kind.from_pretrained(folder, attn_implementation="sdpa", **settings).eval()
    except ValueError:
        return kind.from_pretrained(folder, **settings).eval()


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, **SETTINGS)


def eyes_of(folder: Path) -> Any:
    from transformers import AutoImageProcessor

    return AutoImageProcessor.from_pretrained(folder, **SETTINGS)


def picture_of(row: dict[str, Any]) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(row["image"])).convert("RGB")


def text_generation(folder: Path, cap: int = 1024) -> tuple[int, Answer]:
    import torch

    model, tokenizer = model_of("AutoModelForCausalLM", folder), tokenizer_of(folder)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        asked = tokenizer.apply_chat_template(row["messages"], tokenize=False, add_generation_prompt=True)
        read = tokenizer(asked, add_special_tokens=False, return_tensors="pt")
        written = forward(model.generate, **read, max_new_tokens=cap, do_sample=False)
        return tokenizer.decode(written[0, read["input_ids"].shape[1] :], skip_special_tokens=True).strip() or None

    return model.num_parameters(), answer


def text_generation_fixed(folder: Path, tokens: int = 256) -> tuple[int, Answer]:
    import torch

    model, tokenizer = model_of("AutoModelForCausalLM", folder), tokenizer_of(folder)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        read = tokenizer(row["text"], return_tensors="pt", return_token_type_ids=False)
        limits = {"max_new_tokens": tokens, "min_new_tokens": tokens}
        written = forward(model.generate, **read, **limits, do_sample=False)
        return tokenizer.decode(written[0, read["input_ids"].shape[1] :], skip_special_tokens=True).strip() or None

    return model.num_parameters(), answer


def summarization(folder: Path, cap: int = 256) -> tuple[int, Answer]:
    import torch

    model, tokenizer = model_of("AutoModelForSeq2SeqLM", folder), tokenizer_of(folder)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        read = tokenizer(row["text"], truncation=True, return_tensors="pt")
        limits = {"max_new_tokens": cap, "num_beams": 1, "forced_eos_token_id": None}
        written = forward(model.generate, **read, **limits, do_sample=False)
        return tokenizer.decode(written[0], skip_special_tokens=True).strip() or None

    return model.num_parameters(), answer


def extractive_question_answering(folder: Path) -> tuple[int, Answer]:
    """Answer with the likeliest span of at most 30 tokens, or with none where the first token is likelier."""
    import numpy as np
    import torch

    model, tokenizer = model_of("AutoModelForQuestionAnswering", folder), tokenizer_of(folder)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        read = tokenizer(row["question"], row["context"], return_tensors="pt", return_offsets_mapping=True)
        places, part = read.pop("offset_mapping")[0], np.array([one == 1 for one in read.sequence_ids(0)])
        given = forward(model, **read)
        start, end = given.start_logits[0].numpy(), given.end_logits[0].numpy()
        near = np.triu(np.ones((len(start),) * 2, bool)) & ~np.triu(np.ones((len(start),) * 2, bool), 30)
        sums = np.where(near & part[:, None] & part, start[:, None] + end, -np.inf)
        first, last = np.unravel_index(int(sums.argmax()), sums.shape)
        if start[0] + end[0] > sums[first, last]:
            return ""
        return row["context"][int(places[first][0]) : int(places[last][1])]

    return model.num_parameters(), answer


def text_classification(folder: Path) -> tuple[int, Answer]:
    import torch

    model, tokenizer = model_of("AutoModelForSequenceClassification", folder), tokenizer_of(folder)
    names = {number: name.lower() for number, name in model.config.id2label.items()}

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        read = tokenizer(row["text"], truncation=True, return_tensors="pt")
        return names[int(forward(model, **read).logits[0].argmax())]

    return model.num_parameters(), answer


def sentence_similarity(folder: Path) -> tuple[int, Answer]:
    import torch
    from sentence_transformers import SentenceTransformer

    settings = {"dtype": torch.float32, "attn_implementation": "sdpa"}
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs=settings)

    def answer(row: dict[str, Any]) -> Any:
        vector = forward(model.encode, row["text"], normalize_embeddings=True, show_progress_bar=False)
        return [round(one, 6) for one in vector.tolist()]

    return sum(one.numel() for one in model.parameters()), answer


def image_classification(folder: Path) -> tuple[int, Answer]:
    import torch

    model, eyes = model_of("AutoModelForImageClassification", folder), eyes_of(folder)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        return forward(model, **eyes(picture_of(row), return_tensors="pt")).logits[0].topk(5).indices.tolist()

    return model.num_parameters(), answer


def object_detection(folder: Path) -> tuple[int, Answer]:
    import torch

    model, eyes = model_of("AutoModelForObjectDetection", folder), eyes_of(folder)
    known = {number for number, name in model.config.id2label.items() if name != "N/A"}

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        picture = picture_of(row)
        given = forward(model, **eyes(picture, return_tensors="pt"))
        (found,) = eyes.post_process_object_detection(given, threshold=0.0, target_sizes=[picture.size[::-1]])
        parts = zip(*(found[name].tolist() for name in ("scores", "labels", "boxes")), strict=True)
        boxes = [
            [label, round(score, 5), *(round(one, 2) for one in (x, y, right - x, bottom - y))]
            for score, label, (x, y, right, bottom) in parts
            if label in known
        ]
        return sorted(boxes, key=lambda one: -one[1])[:100]

    return model.num_parameters(), answer


def image_captioning(folder: Path, cap: int = 40) -> tuple[int, Answer]:
    import torch

    model, eyes, tokenizer = model_of("BlipForConditionalGeneration", folder), eyes_of(folder), tokenizer_of(folder)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        read = eyes(picture_of(row), return_tensors="pt")
        written = forward(model.generate, **read, max_new_tokens=cap, do_sample=False)
        return tokenizer.decode(written[0], skip_special_tokens=True).strip() or None

    return model.num_parameters(), answer


def automatic_speech_recognition(folder: Path, cap: int = 224) -> tuple[int, Answer]:
    import soundfile
    import torch
    from transformers import AutoProcessor

    model = model_of("AutoModelForSpeechSeq2Seq", folder)
    processor = AutoProcessor.from_pretrained(folder, **SETTINGS)

    @torch.inference_mode()
    def answer(row: dict[str, Any]) -> Any:
        sound, rate = soundfile.read(io.BytesIO(row["audio"]), dtype="float32")
        read = processor(sound, sampling_rate=rate, return_tensors="pt")
        written = forward(model.generate, **read, max_new_tokens=cap, do_sample=False)
        return processor.decode(written[0], skip_special_tokens=True).strip() or None

    return model.num_parameters(), answer


def image_generation(folder: Path) -> tuple[int, Answer]:
    import torch
    from diffusers import StableDiffusionPipeline

    painter = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, **SETTINGS)
    painter.set_progress_bar_config(disable=True)
    told = {"num_inference_steps": 20, "guidance_scale": 7.5, "height": 512, "width": 512, "output_type": "np"}

    def answer(row: dict[str, Any]) -> Any:
        seed = int.from_bytes(hashlib.sha256(row["prompt"].encode()).digest()[:4])
        noise = torch.Generator("cpu").manual_seed(seed)
        drawn = forward(painter, prompt=row["prompt"], generator=noise, **told).images[0]
        return hashlib.sha256((drawn * 255).round().astype("uint8").tobytes()).hexdigest()

    parts = (painter.unet, painter.vae, painter.text_encoder)
    return sum(one.numel() for part in parts for one in part.parameters()), answer


BARE: dict[str, Callable[[Path], tuple[int, Answer]]] = {
    one.__name__.replace("_", "-"): one
    for one in (
        text_generation,
        text_generation_fixed,
        summarization,
        extractive_question_answering,
        text_classification,
        sentence_similarity,
        image_classification,
        object_detection,
        image_captioning,
        automatic_speech_recognition,
        image_generation,
    )
}
