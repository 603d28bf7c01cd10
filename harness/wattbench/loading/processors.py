"""What turns rows into tensors: tokenizers, image processors, and both; checked, so that none is missing or unfit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wattbench.tasks import Task

# One of these makes a tokenizer. transformers makes one without any, that knows no word and says nothing.
VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
PICTURES = ("preprocessor_config.json", "processor_config.json", "image_processor_config.json")


@dataclass(frozen=True, slots=True)
class Both:
    """An image processor and a tokenizer, for a model that has no processor of both (ViT with GPT-2)."""

    image_processor: Any
    tokenizer: Any

    def __call__(self, images: Any, **options: Any) -> Any:  # noqa: ANN401 - pictures in, tensors out
        """Prepare pictures."""
        return self.image_processor(images=images, **options)

    def batch_decode(self, tokens: Any, **options: Any) -> list[str]:  # noqa: ANN401 - token numbers
        """Turn generated tokens into texts."""
        texts: list[str] = self.tokenizer.batch_decode(tokens, **options)
        return texts

    def decode(self, tokens: Any, **options: Any) -> str:  # noqa: ANN401 - token numbers
        """Turn the generated tokens of one answer into text."""
        return str(self.tokenizer.decode(tokens, **options))


def load(folder: Path, task: Task) -> Any:  # noqa: ANN401 - a class of transformers
    """Load what a task's rows need, from the model's folder. Raises Refusal that names the file that is missing."""
    import transformers

    words, pictures = task.processor in {"tokenizer", "processor"}, task.processor in {"image", "processor"}
    places = _tokenizers(folder, task) if task.library != "transformers" else [folder] * words
    problems = [one for place in places for one in _lacking(place, VOCABULARIES, "tokenizer")]
    if pictures:
        problems += _lacking(folder, PICTURES, "image processor" if task.processor == "image" else "processor")
    if problems:
        raise Refusal(problems)
    auto = {
        "tokenizer": transformers.AutoTokenizer,
        "image": transformers.AutoImageProcessor,
        "processor": transformers.AutoProcessor,
    }
    if task.processor not in auto:
        return None
    try:
        processor = auto[task.processor].from_pretrained(folder, local_files_only=True)
        if task.processor == "processor" and not isinstance(processor, transformers.ProcessorMixin):
            return Both(
                transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True),
                transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True),
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError) as error:
        message = f"cannot be loaded: {type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
        raise refuse(folder, "processor", message, "Ask for a model whose processor transformers can load") from None
    return processor


def _lacking(folder: Path, names: tuple[str, ...], what: str) -> list[Problem]:
    if _has(folder, names):
        return []
    message = f"the {what} is missing: there is no {names[0]} (nor {', '.join(names[1:])})"
    return [Problem(str(folder), "processor", message, f"Ask for a model that comes with its {what}")]


def _has(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in names)


def _tokenizers(folder: Path, task: Task) -> list[Path]:
    """Where sentence-transformers and diffusers keep the tokenizers that they load by themselves."""
    if task.library == "sentence_transformers":
        inner = folder / json.loads((folder / "modules.json").read_bytes())[0]["path"]
        return [folder if _has(folder, VOCABULARIES) else inner]
    index = json.loads((folder / "model_index.json").read_bytes())
    return [folder / name for name, what in index.items() if name.startswith("tokenizer") and what[0] is not None]


def fit_all(folder: Path, task: Task, model: Any, parts: Mapping[str, Any], processor: Any) -> str | None:  # noqa: ANN401
    """Hold every tokenizer against the model that reads its tokens. Gives what pads batches of text; raises Refusal."""
    if task.library == "diffusers":
        for name, tokenizer in model.components.items():
            reader = parts.get(name.replace("tokenizer", "text_encoder"))
            if name.startswith("tokenizer") and tokenizer is not None and reader is not None:
                _fits(folder / name, reader, tokenizer)
        return None
    if task.library == "sentence_transformers":
        from transformers import PreTrainedModel

        reader = next(part for part in model.modules() if isinstance(part, PreTrainedModel))
        return fit(folder, reader, model.tokenizer, pads=True)
    return fit(folder, model, processor, pads=task.processor == "tokenizer")


def fit(folder: Path, model: Any, processor: Any, *, pads: bool) -> str | None:  # noqa: ANN401 - classes of transformers
    """Hold a tokenizer against its model and, where texts come in (`pads`), let it pad. Raises Refusal for a misfit.

    Decoders came without a padding token: what stands in for it is masked, so the end-of-text token serves (`eos`).
    """
    tokenizer = getattr(processor, "tokenizer", processor)
    if not hasattr(tokenizer, "pad_token"):
        return None
    _fits(folder, model, tokenizer)
    alone = _decoder_only(model)
    padding = "own"
    if tokenizer.pad_token is None and pads:
        if not alone or tokenizer.eos_token is None:
            message = "the tokenizer has no padding token, which batches need"
            raise refuse(folder, "tokenizer", message, "Ask for a model whose tokenizer_config.json names pad_token")
        tokenizer.pad_token = tokenizer.eos_token
        padding = "eos"
    if alone and pads and getattr(model.config, "pad_token_id", None) is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return padding if pads else None


def _fits(folder: Path, model: Any, tokenizer: Any) -> None:  # noqa: ANN401 - classes of transformers
    rows = _embedded(model)
    if rows is not None and len(tokenizer) > rows:
        message = f"the tokenizer knows {len(tokenizer):,} tokens, the model only {rows:,}"
        raise refuse(folder, "tokenizer", message, "Ask for a model whose tokenizer is its own")


def _embedded(model: Any) -> int | None:  # noqa: ANN401 - a model of transformers
    """How many tokens the model takes in; None where it takes none (a CTC model hears, and writes letters)."""
    try:
        rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    except (AttributeError, NotImplementedError):
        rows = None
    if rows is None and hasattr(model, "decoder") and model.main_input_name != "input_values":
        rows = _embedded(model.decoder)
    return rows


def _decoder_only(model: Any) -> bool:  # noqa: ANN401 - a model of transformers
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    kind = model.config.model_type
    both = kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES or getattr(model.config, "is_encoder_decoder", False)
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not both
