"""Tiny models with random weights, built from configs without any network: synthetic, so no rating accepts them.

`FAMILIES` names the architecture families of every task; `build(family, folder)` puts one there, ready for
`backends.find("optimum").load(folder, task, ...)`. A family is built once a process and copied after that:

    folder = tiny_models.build("llama", tmp_path / "llama")

`wear(folder)` makes its weights look trained. The functions that build them stand in `tiny_texts`, `tiny_media` and
`tiny_painters`, under the families' names.
"""

from __future__ import annotations

import atexit
import functools
import io
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import tiny_media
import tiny_painters
import tiny_texts
from shelf_factory import TEXTS

FAMILIES: dict[str, tuple[str, ...]] = {
    "text-generation": ("llama", "gpt2", "qwen3"),
    "text-generation-fixed": ("llama", "gpt2"),
    "summarization": ("t5", "bart"),
    "extractive-question-answering": ("bert_reader", "roberta_reader", "deberta_reader"),
    "text-classification": ("bert_classifier", "roberta_classifier", "deberta_classifier", "gpt2_classifier"),
    "sentence-similarity": ("bert_encoder", "mpnet_encoder"),
    "image-classification": ("vit", "convnext", "resnet"),
    "object-detection": ("detr", "yolos"),
    "image-captioning": ("blip", "vit_gpt2"),
    "automatic-speech-recognition": ("whisper", "wav2vec2"),
    "image-generation": ("stable_diffusion", "sdxl", "flux"),
}
WORDS = sorted({word for text in TEXTS for word in text.split()})


def build(family: str, folder: Path) -> Path:
    """Put a tiny model of a family into a folder, which is made; the same weights every time. Return the folder."""
    shutil.copytree(_built(family), folder, dirs_exist_ok=True)
    return folder


def wear(folder: Path) -> Path:
    """Change a tiny model's weights as training would: scales that differ, and directions that stand out."""
    import torch
    from safetensors.torch import load_file, save_file

    draw = torch.Generator().manual_seed(7)
    for path in folder.rglob("*.safetensors"):
        state = load_file(path)
        for name, tensor in state.items():
            if tensor.ndim == 1 and tensor.is_floating_point():
                state[name] = tensor * (1 + 0.1 * torch.randn(tensor.shape, generator=draw))
            elif tensor.ndim > 1:
                flat = tensor.reshape(tensor.shape[0], -1)
                left, right = (torch.randn(side, generator=draw) for side in flat.shape)
                pulled = flat + flat.std() * torch.outer(left, right)
                state[name] = pulled.reshape(tensor.shape).contiguous()
        save_file(state, path, {"format": "pt"})
    return folder


@functools.cache
def _built(family: str) -> Path:
    import torch
    import transformers

    (builder,) = (vars(one)[family] for one in (tiny_texts, tiny_media, tiny_painters) if family in vars(one))
    place = Path(tempfile.mkdtemp(prefix=f"tiny-{family}-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        builder(place)
    return place


def sentence_encoder(folder: Path, layers: int = 2) -> None:
    """Build a two-layer BERT with mean pooling as a sentence-transformers folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]", pad_token="[PAD]", model_max_length=64)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    base = folder / "base"
    BertModel(config).save_pretrained(base)
    tokenizer.save_pretrained(base)
    encoder = SentenceTransformer(
        modules=[Transformer(str(base), max_seq_length=64), Pooling(32, "mean")], device="cpu"
    )
    encoder.save(str(folder), create_model_card=False)
    for path in sorted(base.rglob("*"), reverse=True):
        path.unlink()
    base.rmdir()


def picture_classifier(folder: Path) -> None:
    """Build a two-layer ViT for ImageNet's classes of 32 x 32 pictures, with its image processor."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        num_labels=1000,
    )
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


def pictures(count: int = 6) -> list[dict[str, Any]]:
    """Draw a few plain pictures, as rows of image classification."""
    from PIL import Image

    rows = []
    for i in range(count):
        data = io.BytesIO()
        Image.new("RGB", (40, 30), (40 * i, 255 - 40 * i, 99)).save(data, "PNG")
        rows.append({"id": f"p{i}", "image": data.getvalue(), "labels": [i] if i % 2 else []})
    return rows
