"""Precisions: the number format that a model is loaded in, and 8- and 4-bit weights.

int8 and int4 are those of bitsandbytes, the library of transformers and diffusers that runs the same scheme on CPU
and CUDA. The model is loaded in bf16; then every linear layer (and GPT-2's transposed ones) gives its weights up for
quantised ones, in whatever library it lives. Left as they are: embeddings, output layers that are tied to them or
give the vocabulary, layers that the model's authors keep in fp32, convolutions, an autoencoder of pictures.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORMATS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "int8": "bfloat16", "int4": "bfloat16"}
SCHEMES = {
    "int8": "LLM.int8: weights and inputs in int8, one scale a row; input columns above 6 in bf16",
    "int4": "NF4: weights in 4-bit normal floats, one scale for 64; arithmetic in bf16",
}
LEAST_SHARE = 0.25  # of the parameters outside embeddings: with less, the model would be bf16 in disguise


def quantise(modules: Iterable[Any], precision: str) -> None:
    """Replace the linear layers of modules on the CPU by quantised ones; moving them to a device packs the weights."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it tells of every cast, and of kernels that it lacks
    for module in modules:
        kept = set(_kept(module))
        for parent_name, parent in list(module.named_modules()):
            for name, layer in list(parent.named_children()):
                full = f"{parent_name}.{name}" if parent_name else name
                if id(layer) not in kept and _replaceable(parent, layer) and not _in_fp32(module, full):
                    setattr(parent, name, _quantised(layer, precision))


def _replaceable(parent: Any, layer: Any) -> bool:  # noqa: ANN401 - torch modules
    """Tell whether a layer is called, and linear; PyTorch's own attention reads its layers' weights instead."""
    import torch
    from transformers.pytorch_utils import Conv1D

    reads = (torch.nn.MultiheadAttention, torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)
    return type(layer) in {torch.nn.Linear, Conv1D} and not isinstance(parent, reads)


def _kept(module: Any) -> Iterator[int]:  # noqa: ANN401 - a torch module
    """Give the layers that give a vocabulary, and those that share a weight with an embedding."""
    import torch

    embedded = {id(one.weight) for one in module.modules() if isinstance(one, torch.nn.Embedding)}
    for part in module.modules():
        if id(getattr(part, "weight", None)) in embedded:
            yield id(part)
        if hasattr(part, "get_output_embeddings") and (head := part.get_output_embeddings()) is not None:
            yield id(head)


def _in_fp32(module: Any, name: str) -> bool:  # noqa: ANN401 - a torch module
    import itertools

    lists = (getattr(part, "_keep_in_fp32_modules", None) or () for part in module.modules())
    return bool(set(itertools.chain.from_iterable(lists)) & set(name.split(".")))


def _quantised(layer: Any, precision: str) -> Any:  # noqa: ANN401 - torch modules
    import bitsandbytes as bnb
    import torch

    weight, bias = layer.weight.data, layer.bias
    if not isinstance(layer, torch.nn.Linear):  # GPT-2's keep the inputs in rows
        weight = weight.T.contiguous()
    rows, columns = weight.shape
    shape = {"input_features": columns, "output_features": rows, "bias": bias is not None, "device": "meta"}
    if precision == "int8":
        new = bnb.nn.Linear8bitLt(**shape, has_fp16_weights=False, threshold=6.0)
        new.weight = bnb.nn.Int8Params(weight, requires_grad=False, has_fp16_weights=False)
        new.forward = _flattened(new.forward)
    else:
        new = bnb.nn.Linear4bit(**shape, compute_dtype=torch.bfloat16, quant_type="nf4")
        new.weight = bnb.nn.Params4bit(
            weight, requires_grad=False, blocksize=64, compress_statistics=False, quant_type="nf4", module=new
        )
        # The layout for some CPUs takes only certain shapes, rounds the scales and is no faster: every CPU and CUDA
        # compute from the same weights without it.
        new.support_avx512bf16_for_cpu = False
    new.bias = bias
    return new.eval()


def _flattened(forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let a layer take inputs of more than three dimensions, ConvNeXt's say: the library's int8 mixes them up."""

    def call(inputs: Any) -> Any:  # noqa: ANN401 - torch tensors
        if inputs.dim() <= 3:  # noqa: PLR2004 - a batch of sequences of vectors
            return forward(inputs)
        return forward(inputs.flatten(0, -2)).unflatten(0, inputs.shape[:-1])

    return call


def counts(modules: Iterable[Any]) -> tuple[int, int, int]:
    """Count parameters, as the model has them and not as they are packed: all, quantised, in embeddings."""
    import torch

    everything: dict[int, tuple[int, bool, bool]] = {}
    for part in (part for module in modules for part in module.modules()):
        for parameter in part.parameters(recurse=False):
            packed = getattr(parameter, "quant_state", None)
            size = math.prod(packed.shape) if packed is not None else parameter.numel()
            quantised = not parameter.is_floating_point()
            everything.setdefault(id(parameter), (size, quantised, isinstance(part, torch.nn.Embedding)))
    sizes = everything.values()
    return (
        sum(size for size, _, _ in sizes),
        sum(size for size, quantised, _ in sizes if quantised),
        sum(size for size, _, embedded in sizes if embedded),
    )
