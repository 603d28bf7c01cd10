"""What the contestants are given: a model of some 20 million parameters and more for every task, and a few rows.

Trained models come from the demo's Shelf where it has them. The others are built from configs with random weights, as
small as the claim goes, for there the cost of a loop weighs most: what they answer means nothing, what it costs does.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_media
import tiny_tokenizers

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SIDE = {"layers": 6, "attention_heads": 6, "ffn_dim": 1536}
WORDS = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 6, "intermediate_size": 1536}
SIGHT = {**WORDS, "num_hidden_layers": 12}
PASSAGE = (
    "Energy per query is measured in watt hours on one GPU. The report was written by the agency in 2024, and a long "
    "article about data centres and the power they draw says who wrote it. The quick brown fox jumps. "
)


class Case(NamedTuple):
    """A task, a model and its rows. shelf: the model's name on the Shelf; build: what makes it elsewhere."""

    task: str
    model: str
    rows: int
    shelf: str | None = None
    build: Callable[[Path], None] | None = None

    @property
    def trained(self) -> bool:
        """Whether the weights are real."""
        return self.shelf is not None


def llama(folder: Path) -> None:
    import transformers as tf

    tokenizer = tiny_tokenizers.gpt()
    sizes = {**WORDS, "num_hidden_layers": 5, "num_attention_heads": 8, "max_position_embeddings": 2048}
    sizes["hidden_size"] = 512
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    _save(folder, tf.LlamaForCausalLM(tf.LlamaConfig(vocab_size=8192, **sizes, **ids)), tokenizer)


def bart(folder: Path) -> None:
    import transformers as tf

    tokenizer = tiny_tokenizers.pairs(bos="<s>", eos="</s>", length=1024)
    sizes = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in SIDE.items()}
    config = tf.BartConfig(
        vocab_size=len(tokenizer),
        d_model=384,
        max_position_embeddings=1024,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
        **sizes,
    )
    model = tf.BartForConditionalGeneration(config)
    model.generation_config.min_new_tokens = 64  # untrained, it would end at once
    _save(folder, model, tokenizer)


def bert_reader(folder: Path) -> None:
    import transformers as tf

    _save(folder, tf.BertForQuestionAnswering(_bert()), tiny_tokenizers.bert(512))


def bert_classifier(folder: Path) -> None:
    import transformers as tf

    names = {"id2label": {0: "NEGATIVE", 1: "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}
    _save(folder, tf.BertForSequenceClassification(_bert(**names)), tiny_tokenizers.bert(512))


def vit(folder: Path) -> None:
    import transformers as tf

    model = tf.ViTForImageClassification(tf.ViTConfig(**SIGHT, num_labels=1000))
    _save(folder, model, tf.ViTImageProcessorPil(size={"height": 224, "width": 224}))


def yolos(folder: Path) -> None:
    import transformers as tf

    shape = {"image_size": [320, 320], "patch_size": 16, "num_detection_tokens": 100}
    model = tf.YolosForObjectDetection(tf.YolosConfig(**SIGHT, **shape, **tiny_media._coco()))
    _save(folder, model, tf.YolosImageProcessorPil(size={"height": 320, "width": 320}))


def blip(folder: Path) -> None:
    import transformers as tf

    tokenizer = tf.BertTokenizer(tokenizer_object=tiny_tokenizers.bert_raw())
    ids = {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    words = {**WORDS, "vocab_size": len(tokenizer), "encoder_hidden_size": 384, "max_position_embeddings": 64, **ids}
    config = tf.BlipConfig(text_config=words, vision_config={**SIGHT, "image_size": 224, "patch_size": 16})
    processor = tf.BlipProcessor(tf.BlipImageProcessorPil(size={"height": 224, "width": 224}), tokenizer)
    _save(folder, tf.BlipForConditionalGeneration(config), processor)


def painter(folder: Path) -> None:
    """Build Stable Diffusion with a U-Net of 20 million parameters; half of its work is the autoencoder's here."""
    import diffusers
    import transformers as tf

    tokenizer = tiny_tokenizers.clip()
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    text = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = tf.CLIPTextConfig(vocab_size=len(tokenizer), max_position_embeddings=77, projection_dim=64, **text, **ids)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(32, 64, 256, 320),
        layers_per_block=1,
        sample_size=64,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
        attention_head_dim=8,
        cross_attention_dim=64,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=[16] * 4,
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=512,
    )
    diffusers.StableDiffusionPipeline(
        vae=vae,
        text_encoder=tf.CLIPTextModel(config),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=diffusers.DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def _bert(**more: Any) -> Any:
    import transformers as tf

    return tf.BertConfig(vocab_size=30522, max_position_embeddings=512, pad_token_id=0, **WORDS, **more)


def _save(folder: Path, *parts: Any) -> None:
    for part in parts:
        part.save_pretrained(folder)


CASES = (
    Case("text-generation", "SmolLM2-135M-Instruct", 2, shelf="SmolLM2-135M-Instruct"),
    Case("text-generation-fixed", "Llama, 5 layers of 512", 1, build=llama),
    Case("summarization", "BART, 6 and 6 layers of 384", 1, build=bart),
    Case("extractive-question-answering", "BERT, 6 layers of 384", 8, build=bert_reader),
    Case("text-classification", "BERT, 6 layers of 384", 8, build=bert_classifier),
    Case("sentence-similarity", "all-MiniLM-L6-v2", 10, shelf="all-MiniLM-L6-v2"),
    Case("image-classification", "ViT, 12 layers of 384", 4, build=vit),
    Case("image-classification", "efficientnet-lite2", 4, shelf="efficientnet-lite2"),
    Case("object-detection", "YOLOS, 12 layers of 384", 2, build=yolos),
    Case("image-captioning", "BLIP, 12 and 6 layers of 384", 2, build=blip),
    Case("automatic-speech-recognition", "whisper-tiny.en", 1, shelf="whisper-tiny.en"),
    Case("image-generation", "Stable Diffusion, 20 steps of 512 pixels", 1, build=painter),
)


def model_folder(case: Case, shelf: Path, scratch: Path) -> Path | None:
    """Find the case's model on the Shelf, or build it; None where the Shelf has none."""
    if case.shelf is not None:
        return next(iter(sorted((shelf / "models" / "demo" / case.shelf).glob("*/"))), None)
    import torch

    folder = scratch / f"{case.task}-model"
    torch.manual_seed(0)
    assert case.build is not None
    case.build(folder)
    return folder


def rows_of(case: Case, shelf: Path) -> list[dict[str, Any]]:
    """Give the first rows of the demo's workload where it has one, else some of our own."""
    import polars as pl

    kept = shelf / "workloads" / f"{case.task}-v0" / "rows.parquet"
    if kept.exists():
        return pl.read_parquet(kept).head(case.rows).to_dicts()
    return [_made(case.task, number) for number in range(case.rows)]


def _made(task: str, number: int) -> dict[str, Any]:
    text = PASSAGE * (1 + number % 3)
    boxes = {"boxes": [[1.0, 2.0, 20.0, 10.0]], "labels": [18], "areas": [200.0], "crowd": [0]}
    rows: dict[str, dict[str, Any]] = {
        "text-generation-fixed": {"text": text, "reference": " and so on"},
        "summarization": {"text": text * 2, "summary": "a report"},
        "extractive-question-answering": {"question": "Who wrote the report?", "context": text, "answers": ["agency"]},
        "text-classification": {"text": text, "label": ("negative", "positive")[number % 2]},
        "object-detection": {"image": picture(number), **boxes},
        "image-captioning": {"image": picture(number), "captions": ["a cat"]},
        "image-generation": {"prompt": "a photo of a cat"},
    }
    return rows[task]


def picture(number: int) -> bytes:
    """Draw a smooth picture of 640 x 480 pixels, as large and as easy to decode as photographs are; a JPEG."""
    import numpy as np
    from PIL import Image

    small = np.random.default_rng(number).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(data, "JPEG", quality=90)
    return data.getvalue()
