"""Tiny pipelines that draw pictures from text, one function a family, random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tiny_tokenizers

if TYPE_CHECKING:
    from pathlib import Path

CLIP = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def stable_diffusion(folder: Path) -> None:
    """Stable Diffusion: a CLIP text encoder, a U-Net of 32 x 32 pictures and an autoencoder."""
    import diffusers

    tokenizer = tiny_tokenizers.clip()
    diffusers.StableDiffusionPipeline(
        vae=_vae(4),
        text_encoder=_clip(tokenizer),
        tokenizer=tokenizer,
        unet=_unet(cross_attention_dim=32),
        scheduler=_ddim(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def sdxl(folder: Path) -> None:
    """Stable Diffusion XL: two text encoders and a U-Net that is told the picture's size."""
    import diffusers

    tokenizer = tiny_tokenizers.clip()
    told = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8, "use_linear_projection": True}
    diffusers.StableDiffusionXLPipeline(
        vae=_vae(4),
        text_encoder=_clip(tokenizer),
        text_encoder_2=_clip(tokenizer, projection=True),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=_unet(cross_attention_dim=64, projection_class_embeddings_input_dim=80, **told),
        scheduler=_ddim(),
    ).save_pretrained(folder)


def flux(folder: Path) -> None:
    """Flux: a CLIP and a T5 text encoder, and a transformer in place of the U-Net."""
    import diffusers
    import transformers as tf

    words, sentences = tiny_tokenizers.clip(), tiny_tokenizers.t5()
    t5 = tf.T5Config(vocab_size=len(sentences), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
    )
    diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=_vae(4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06),
        text_encoder=_clip(words),
        tokenizer=words,
        text_encoder_2=tf.T5EncoderModel(t5),
        tokenizer_2=sentences,
        transformer=transformer,
    ).save_pretrained(folder)


def _clip(tokenizer: Any, *, projection: bool = False) -> Any:
    import transformers as tf

    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    sizes = {"max_position_embeddings": 77, "projection_dim": 32}
    config = tf.CLIPTextConfig(vocab_size=len(tokenizer), **CLIP, **sizes, **ids)
    return tf.CLIPTextModelWithProjection(config) if projection else tf.CLIPTextModel(config)


def _unet(**more: Any) -> Any:
    import diffusers

    return diffusers.UNet2DConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=16,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
        attention_head_dim=8,
        **more,
    )


def _vae(channels: int, **more: Any) -> Any:
    import diffusers

    return diffusers.AutoencoderKL(
        block_out_channels=[16, 32],
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=channels,
        norm_num_groups=8,
        sample_size=32,
        **more,
    )


def _ddim() -> Any:
    import diffusers

    return diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
