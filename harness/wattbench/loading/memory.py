"""How much memory a model would need, estimated before it is loaded, in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wattbench.boards import Precision
    from wattbench.tasks import Task

# name -> dtype as safetensors writes it, and shape
Tensors = Mapping[str, tuple[str, tuple[int, ...]]]
# Bytes a parameter. int8 and int4 hold the matrices of linear layers alone; of int4, 64 share a scale of 4 bytes.
BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.0, "int4": 0.5 + 4 / 64}
REST = 2.0  # what is not quantised beside int8 and int4 stays at 16 bits
_FLOATS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
_TABLES = ("embed", "wte", "wpe", "lm_head", "shared")
MOST = 1e7  # layers, heads or width: more is nonsense
TOKENS = 4096  # of one query with its answer
# Activations of one query and what the library itself takes, in bytes; pictures of 1,024 x 1,024 take the most.
WORKING = {"transformers": 0.6e9, "sentence_transformers": 0.6e9, "diffusers": 4e9}


@dataclass(frozen=True, slots=True)
class Need:
    """What a model would need at batch 1: bytes, and how they come about."""

    bytes: int
    sentence: str


def estimate(tensors: Tensors, texts: Mapping[str, Any], task: Task, precision: Precision) -> Need:
    """Estimate the memory of a model from its tensors: weights, keys and values of one query, and a working share."""
    weights = sum(prod(shape) * _each(name, dtype, len(shape), precision) for name, (dtype, shape) in tensors.items())
    cache = _cache(texts.get("config.json"), precision) if task.cap is not None else 0.0
    working = WORKING[task.library]
    total = weights + cache + working
    parts = [f"{count(parameters(tensors))} parameters at {precision} = {size(weights)}"]
    if cache:
        parts.append(f"{size(cache)} for the keys and values of {TOKENS:,} tokens")
    parts.append(f"{size(working)} to work in")
    return Need(int(total), f"about {size(total)} ({', '.join(parts)})")


def parameters(tensors: Tensors) -> int:
    """How many parameters tensors hold; indices and the like are none."""
    return sum(prod(shape) for dtype, shape in tensors.values() if dtype in _FLOATS)


def size(some: float) -> str:
    """Write bytes for people."""
    return f"{some / 1e9:.1f} GB" if some >= 1e9 else f"{some / 1e6:.0f} MB"  # noqa: PLR2004 - a GB


def _each(name: str, dtype: str, dimensions: int, precision: Precision) -> float:
    """Bytes that one element of a tensor takes once loaded."""
    if dtype not in _FLOATS:
        return {"I64": 8.0, "I32": 4.0, "I16": 2.0}.get(dtype, 1.0)
    if precision in ("int8", "int4") and (dimensions != 2 or any(table in name for table in _TABLES)):  # noqa: PLR2004
        return REST
    return BYTES[precision]


def _cache(config: Any, precision: Precision) -> float:  # noqa: ANN401 - JSON
    """Bytes of the keys and values of one query; 0 where the config does not tell its shape."""
    if not isinstance(config, dict):
        return 0.0
    text = config.get("text_config")
    inner: dict[str, Any] = text if isinstance(text, dict) else config
    layers = _first(inner, "num_hidden_layers", "n_layer", "num_layers", "decoder_layers")
    heads = _first(inner, "num_attention_heads", "n_head", "num_heads", "decoder_attention_heads")
    width = _first(inner, "hidden_size", "n_embd", "d_model")
    if not layers or not heads or not width:
        return 0.0
    per_head = _first(inner, "head_dim", "d_kv") or width / heads
    kept = _first(inner, "num_key_value_heads") or heads
    return 2 * layers * kept * per_head * TOKENS * max(2.0, BYTES[precision])


def _first(config: Mapping[str, Any], *names: str) -> float | None:
    """The first of some fields that holds a number that a model could have."""
    found = (config.get(name) for name in names)
    return next((float(one) for one in found if isinstance(one, int | float) and 0 < one < MOST), None)


def count(some: int) -> str:
    """Write a number of parameters for people."""
    if some < 1e5:  # noqa: PLR2004 - of which 0.0 million would be said
        return f"{some:,}"
    return f"{some / 1e9:.1f} billion" if some >= 1e9 else f"{some / 1e6:.1f} million"  # noqa: PLR2004
