"""A tiny CLIP with random weights, to grade pictures with in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tiny_tokenizers

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def build(folder: Path) -> Path:
    """Put the CLIP, its tokenizer and its image processor into a folder, which is made. Return the folder."""
    import torch
    import transformers as tf

    tokenizer = tiny_tokenizers.clip()
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    text = {**SMALL, **ids, "vocab_size": len(tokenizer), "max_position_embeddings": 77}
    config = tf.CLIPConfig(
        text_config=text, vision_config={**SMALL, "image_size": 32, "patch_size": 8}, projection_dim=32
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        model = tf.CLIPModel(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.data.normal_(0, 0.3)
    size = {"shortest_edge": 32}
    look = tf.CLIPImageProcessorPil(size=size, crop_size={"height": 32, "width": 32})
    for part in (model, tokenizer, look):
        part.save_pretrained(folder)
    return folder
