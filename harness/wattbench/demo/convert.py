"""Turn packaged weights into model folders that any Hugging Face loader reads: config, tokenizer, safetensors.

Each function fills `folder` and returns the sha256 of the weight file as it was fetched, by the name it is stored
under. State dicts are read with `weights_only=True`, here and only here: a run reads safetensors.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from typing import TYPE_CHECKING, Any

from wattbench.demo import packages
from wattbench.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WEIGHTS = "model.safetensors"
TOKENIZER_FILES = ("special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
SENTENCE_FILES = (
    "1_Pooling/config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
)


def sentence_folder(archive: Path, root: str, weights_sha256: str, folder: Path) -> dict[str, str]:
    """Copy a complete sentence-transformers folder out of an archive; its weights are safetensors already."""
    weights = packages.read(archive, f"{root}/{WEIGHTS}", weights_sha256)
    (folder / WEIGHTS).write_bytes(weights)
    copy(archive, root, ("config.json", *TOKENIZER_FILES, *SENTENCE_FILES), folder)
    return {WEIGHTS: weights_sha256}


def minilm_l3(archive: Path, member: str, weights_sha256: str, l6: Path, l6_root: str, folder: Path) -> dict[str, str]:
    """Turn paraphrase-MiniLM-L3-v2 from ONNX into a 3-layer BertModel.

    The ONNX file names its tensors after the original modules, except the linear weights, which it keeps transposed
    under the name of the MatMul node. It holds no tokenizer: the vocabulary is L6's (both are bert-base-uncased).
    """
    import onnx
    import torch
    from onnx import numpy_helper
    from transformers import AutoConfig, BertModel

    graph = onnx.load_model_from_string(packages.read(archive, member, weights_sha256)).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    prefix = "model.0.auto_model."
    state = {name.removeprefix(prefix): torch.tensor(a) for name, a in tensors.items() if name.startswith(prefix)}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in tensors:
            module = node.name.removeprefix("/model/model.0/auto_model/").removesuffix("/MatMul").replace("/", ".")
            state[f"{module}.weight"] = torch.tensor(tensors[node.input[1]].T.copy())
    copy(l6, l6_root, ("config.json", *TOKENIZER_FILES, *SENTENCE_FILES), folder)
    config = AutoConfig.from_pretrained(folder)
    config.num_hidden_layers = 3
    model = BertModel(config, add_pooling_layer=False)
    load_exactly(model, state, archive)
    model.save_pretrained(folder)
    return {WEIGHTS: weights_sha256}


_COPIED_MODULES = {
    "_expand_conv": "expansion.expand_conv",
    "_bn0": "expansion.expand_bn",
    "_depthwise_conv": "depthwise_conv.depthwise_conv",
    "_bn1": "depthwise_conv.depthwise_norm",
    "_project_conv": "projection.project_conv",
    "_bn2": "projection.project_bn",
}
_COPIED_ENDS = {
    "_conv_stem": "efficientnet.embeddings.convolution",
    "_bn0": "efficientnet.embeddings.batchnorm",
    "_conv_head": "efficientnet.encoder.top_conv",
    "_bn1": "efficientnet.encoder.top_bn",
    "_fc": "classifier",
}
# Of EfficientNet-lite 0, 1, 2: width and depth coefficients, side of the picture in pixels.
LITE_SIZES = ((1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260))
_STRIDES = (1, 2, 2, 2, 1, 2, 1)


def efficientnet_lite(
    archive: Path, member: str, weights_sha256: str, size: int, labels: list[str], folder: Path
) -> dict[str, str]:
    """Turn an EfficientNet-lite state dict into Hugging Face's EfficientNet.

    "Lite" has no squeeze-and-excite: its gate is set to sigmoid(30) = 1, so the logits are the same and a little
    energy is spent on a gate that does nothing.
    """
    import torch
    from transformers import EfficientNetForImageClassification, EfficientNetImageProcessorPil

    data = packages.read(archive, member, weights_sha256)
    fetched = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    model = EfficientNetForImageClassification(_lite_config(size, labels)).eval()
    state = {_lite_name(name): tensor for name, tensor in fetched.items()}
    gates = {
        name: torch.full_like(tensor, 30.0 if name.endswith("expand.bias") else 0.0)
        for name, tensor in model.state_dict().items()
        if "squeeze_excite" in name
    }
    load_exactly(model, {**state, **gates}, archive)
    model.save_pretrained(folder)
    side = LITE_SIZES[size][2]
    EfficientNetImageProcessorPil(
        size={"height": side, "width": side},
        resample=3,
        do_rescale=True,
        rescale_factor=1 / 255,
        rescale_offset=False,
        do_normalize=True,
        image_mean=[127 / 255] * 3,
        image_std=[128 / 255] * 3,
        include_top=False,
    ).save_pretrained(folder)
    return {WEIGHTS: weights_sha256}


def _lite_name(name: str) -> str:
    """Map a parameter's name from the packaged state dict to Hugging Face's."""
    parts = name.split(".")
    if parts[0] == "_blocks":
        return f"efficientnet.encoder.blocks.{parts[1]}.{_COPIED_MODULES[parts[2]]}.{parts[3]}"
    return f"{_COPIED_ENDS[parts[0]]}.{parts[1]}"


def _lite_config(size: int, labels: list[str]) -> Any:  # noqa: ANN401 - transformers has no types here
    """Describe EfficientNet-lite: repeats and channels scaled as the originals were, padding as TensorFlow's SAME."""
    from transformers import EfficientNetConfig

    width, depth, side = LITE_SIZES[size]

    def channels(count: int) -> int:
        rounded = max(8, int(count * width + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * count * width else rounded

    repeats = [
        count if stage in {0, 6} else math.ceil(count * depth) for stage, count in enumerate((1, 2, 2, 3, 3, 4, 1))
    ]
    # An even-sized map at a stride-2 convolution is padded right and below only, an odd-sized one on all sides.
    padded, here, block = [], math.ceil(side / 2), 0
    for count, stride in zip(repeats, _STRIDES, strict=True):
        if stride > 1:
            if here % 2:
                padded.append(block)
            here = math.ceil(here / 2)
        block += count
    return EfficientNetConfig(
        image_size=side,
        width_coefficient=1.0,
        depth_coefficient=1.0,
        in_channels=[32, *(channels(count) for count in (16, 24, 40, 80, 112, 192))],
        out_channels=[channels(count) for count in (16, 24, 40, 80, 112, 192, 320)],
        num_block_repeats=repeats,
        kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        strides=list(_STRIDES),
        expand_ratios=[1, 6, 6, 6, 6, 6, 6],
        hidden_act="relu6",
        hidden_dim=1280,
        batch_norm_eps=1e-3,
        depthwise_padding=padded,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )


def load_exactly(model: Any, state: Mapping[str, Any], archive: Path) -> None:  # noqa: ANN401 - a torch module
    """Load a state dict that must fit exactly: a weight left over or left out is a wrong conversion."""
    found = model.load_state_dict(state, strict=False)
    missing = [name for name in found.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or found.unexpected_keys:
        differing = ", ".join([*missing, *found.unexpected_keys][:3])
        raise refuse(archive, "", f"weights do not fit the model: {differing}", "Please report this")


def copy(archive: Path, root: str, names: tuple[str, ...], folder: Path) -> None:
    """Copy small files out of an archive whose own sha256 was checked."""
    with zipfile.ZipFile(archive) as source:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source.read(f"{root}/{name}"))


def labels(archive: Path, member: str, expected: str) -> list[str]:
    """Read the names of ImageNet's classes, in their order."""
    names: list[str] = json.loads(packages.read(archive, member, expected))
    return names
