"""Tiny models that see, hear and draw, one function a family, random weights: `tiny_models.build` calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import tiny_tokenizers
from tiny_texts import SMALL

if TYPE_CHECKING:
    from pathlib import Path

PATCHES = {**SMALL, "image_size": 32, "patch_size": 8}
CLASSES = 1000  # ImageNet's
COCO = (
    "N/A person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant N/A stop_sign "
    "parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe N/A backpack umbrella N/A N/A "
    "handbag tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard "
    "tennis_racket bottle N/A wine_glass cup fork knife spoon bowl banana apple sandwich orange broccoli carrot "
    "hot_dog pizza donut cake chair couch potted_plant bed N/A dining_table N/A N/A toilet N/A tv laptop mouse "
    "remote keyboard cell_phone microwave oven toaster sink refrigerator N/A book clock vase scissors teddy_bear "
    "hair_drier toothbrush"
)  # the 91 numbers of COCO's categories, as published detectors name them


def vit(folder: Path) -> None:
    """ViT for ImageNet's classes."""
    import transformers as tf

    model = tf.ViTForImageClassification(tf.ViTConfig(**PATCHES, num_labels=CLASSES))
    _save(folder, model, tf.ViTImageProcessorPil(size={"height": 32, "width": 32}))


def convnext(folder: Path) -> None:
    """ConvNeXt for ImageNet's classes: convolutions with layer norms."""
    import transformers as tf

    config = tf.ConvNextConfig(hidden_sizes=[16, 32, 32, 64], depths=[1, 1, 2, 1], num_labels=CLASSES, image_size=32)
    _save(folder, tf.ConvNextForImageClassification(config), tf.ConvNextImageProcessorPil(size={"shortest_edge": 32}))


def resnet(folder: Path) -> None:
    """ResNet for ImageNet's classes: convolutions with batch norms, whose averages are buffers."""
    import transformers as tf

    model = tf.ResNetForImageClassification(tf.ResNetConfig(**_resnet(), num_labels=CLASSES))
    _save(folder, model, tf.ConvNextImageProcessorPil(size={"shortest_edge": 32}))


def detr(folder: Path) -> None:
    """DETR with a backbone of transformers itself, for COCO's 91 category numbers."""
    import transformers as tf

    sizes = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in SIDES.items()}
    config = tf.DetrConfig(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=tf.ResNetConfig(**_resnet(), out_features=["stage4"]),
        d_model=64,
        num_queries=10,
        **sizes,
        **_coco(),
    )
    processor = tf.DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 64})
    _save(folder, tf.DetrForObjectDetection(config), processor)


SIDES = {"layers": 2, "attention_heads": 4, "ffn_dim": 128}


def yolos(folder: Path) -> None:
    """YOLOS: a ViT with detection tokens, for COCO's 91 category numbers."""
    import transformers as tf

    shape = {"image_size": [64, 64], "patch_size": 8, "num_detection_tokens": 10}
    config = tf.YolosConfig(**SMALL, **shape, **_coco())
    processor = tf.YolosImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 64})
    _save(folder, tf.YolosForObjectDetection(config), processor)


def blip(folder: Path) -> None:
    """BLIP, with a processor that holds tokenizer and image processor."""
    import transformers as tf

    tokenizer = tf.BertTokenizer(tokenizer_object=tiny_tokenizers.bert_raw())
    words = {
        **SMALL,
        "vocab_size": len(tokenizer),
        "encoder_hidden_size": 64,
        "projection_dim": 32,
        "max_position_embeddings": 64,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "sep_token_id": 3,
        "pad_token_id": 0,
    }
    pictures = {**PATCHES, "projection_dim": 32}
    config = tf.BlipConfig(text_config=words, vision_config=pictures, projection_dim=32, image_text_hidden_size=32)
    processor = tf.BlipProcessor(tf.BlipImageProcessorPil(size={"height": 32, "width": 32}), tokenizer)
    _save(folder, tf.BlipForConditionalGeneration(config), processor)


def vit_gpt2(folder: Path) -> None:
    """ViT and GPT-2 as a VisionEncoderDecoder: a tokenizer and an image processor, but no processor of both."""
    import transformers as tf

    tokenizer = tiny_tokenizers.gpt()
    sizes = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 128, "add_cross_attention": True}
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    words = tf.GPT2Config(vocab_size=len(tokenizer), is_decoder=True, **sizes, **ids)
    config = tf.VisionEncoderDecoderConfig.from_encoder_decoder_configs(tf.ViTConfig(**PATCHES), words)
    model = tf.VisionEncoderDecoderModel(config)
    for one in (model.config, model.generation_config):
        for name, number in {**ids, "decoder_start_token_id": 1}.items():
            setattr(one, name, number)
    _save(folder, model, tokenizer, tf.ViTImageProcessorPil(size={"height": 32, "width": 32}))


def whisper(folder: Path) -> None:
    """Whisper: an encoder of 30 s of sound and a decoder with its special tokens."""
    import transformers as tf

    tokenizer = tiny_tokenizers.whisper()
    number = {name: tokenizer.convert_tokens_to_ids(name) for name in tiny_tokenizers.WHISPER}
    end, start = number["<|endoftext|>"], number["<|startoftranscript|>"]
    ids = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end, "decoder_start_token_id": start}
    sizes = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in SIDES.items()}
    config = tf.WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=64,
        max_source_positions=1500,
        max_target_positions=64,
        begin_suppress_tokens=None,
        **sizes,
        **ids,
    )
    model = tf.WhisperForConditionalGeneration(config)
    # A generation config that is derived from the model's would be rebuilt without the languages.
    model.generation_config = tf.GenerationConfig(
        lang_to_id={"<|en|>": number["<|en|>"]},
        task_to_id={"transcribe": number["<|transcribe|>"], "translate": number["<|translate|>"]},
        is_multilingual=True,
        no_timestamps_token_id=number["<|notimestamps|>"],
        prev_sot_token_id=number["<|startofprev|>"],
        max_initial_timestamp_index=50,
        return_timestamps=False,
        max_length=32,
        **ids,
    )
    _save(folder, model, tf.WhisperProcessor(tf.WhisperFeatureExtractor(feature_size=80), tokenizer))


def wav2vec2(folder: Path) -> None:
    """Wav2Vec2 with a CTC head over letters."""
    import transformers as tf

    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    tokenizer = tf.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    positions = {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    config = tf.Wav2Vec2Config(vocab_size=len(letters), conv_dim=[32] * 7, pad_token_id=0, **SMALL, **positions)
    _save(folder, tf.Wav2Vec2ForCTC(config), tf.Wav2Vec2Processor(tf.Wav2Vec2FeatureExtractor(), tokenizer))


def _resnet() -> dict[str, Any]:
    return {"embedding_size": 16, "hidden_sizes": [16, 32, 32, 64], "depths": [1, 1, 1, 1], "layer_type": "basic"}


def _coco() -> dict[str, Any]:
    names = [name.replace("_", " ") for name in COCO.split()]
    return {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {name: i for i, name in enumerate(names)},
    }


def _save(folder: Path, *parts: Any) -> None:
    for part in parts:
        part.save_pretrained(folder)
