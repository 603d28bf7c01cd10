"""Tiny models with random weights, built from configs without any network: synthetic, so no rating accepts them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from shelf_factory import TEXTS

if TYPE_CHECKING:
    from pathlib import Path

WORDS = sorted({word for text in TEXTS for word in text.split()})


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
    """Build a two-layer ViT for ten classes of 32 x 32 pictures, with its image processor."""
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
        num_labels=10,
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
