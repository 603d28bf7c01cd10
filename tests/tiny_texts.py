"""Tiny models that read text, one function a family, random weights: `tiny_models.build` calls them by name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import tiny_tokenizers

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
DECODER = {**SMALL, "num_key_value_heads": 2, "max_position_embeddings": 512}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
MOOD = {"id2label": {0: "NEGATIVE", 1: "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}


def llama(folder: Path) -> None:
    """Llama with a chat template that knows no reasoning."""
    import transformers as tf

    tokenizer = tiny_tokenizers.gpt(chat=tiny_tokenizers.CHAT)
    model = tf.LlamaForCausalLM(tf.LlamaConfig(vocab_size=len(tokenizer), **DECODER, **SPECIAL))
    _save(folder, model, tokenizer)


def qwen3(folder: Path) -> None:
    """Qwen 3 with a chat template that can think or not (`enable_thinking`)."""
    import transformers as tf

    tokenizer = tiny_tokenizers.gpt(chat=tiny_tokenizers.THINKING_CHAT)
    model = tf.Qwen3ForCausalLM(tf.Qwen3Config(vocab_size=len(tokenizer), head_dim=16, **DECODER, **SPECIAL))
    _save(folder, model, tokenizer)


def gpt2(folder: Path) -> None:
    """GPT-2 as it came: no padding token, no chat template."""
    import transformers as tf

    tokenizer = tiny_tokenizers.gpt(padding=False)
    _save(folder, tf.GPT2LMHeadModel(tf.GPT2Config(vocab_size=len(tokenizer), **_gpt2())), tokenizer)


def gpt2_classifier(folder: Path) -> None:
    """GPT-2 that classifies by the last token; it needs a padding token in its config for batches."""
    import transformers as tf

    tokenizer = tiny_tokenizers.gpt()
    config = tf.GPT2Config(vocab_size=len(tokenizer), **_gpt2(), pad_token_id=0, **MOOD)
    _save(folder, tf.GPT2ForSequenceClassification(config), tokenizer)


def t5(folder: Path) -> None:
    """T5: an encoder and a decoder with relative positions."""
    import transformers as tf

    tokenizer = tiny_tokenizers.t5()
    config = tf.T5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    _save(folder, tf.T5ForConditionalGeneration(config), tokenizer)


def bart(folder: Path) -> None:
    """BART: an encoder and a decoder with learned positions."""
    import transformers as tf

    tokenizer = tiny_tokenizers.pairs(bos="<s>", eos="</s>", length=256)
    sizes = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in BART.items()}
    config = tf.BartConfig(
        vocab_size=len(tokenizer),
        d_model=64,
        max_position_embeddings=256,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=2,
        **sizes,
    )
    _save(folder, tf.BartForConditionalGeneration(config), tokenizer)


BART = {"layers": 2, "attention_heads": 4, "ffn_dim": 128}


def bert_reader(folder: Path) -> None:
    """BERT for extractive question answering."""
    import transformers as tf

    tokenizer = tiny_tokenizers.bert()
    _save(folder, tf.BertForQuestionAnswering(_bert(tokenizer)), tokenizer)


def bert_classifier(folder: Path) -> None:
    """BERT that tells good reviews from bad ones."""
    import transformers as tf

    tokenizer = tiny_tokenizers.bert()
    _save(folder, tf.BertForSequenceClassification(_bert(tokenizer, **MOOD)), tokenizer)


def roberta_reader(folder: Path) -> None:
    """RoBERTa for extractive question answering: no token types, positions behind the padding's."""
    import transformers as tf

    tokenizer, config = _roberta()
    _save(folder, tf.RobertaForQuestionAnswering(config), tokenizer)


def roberta_classifier(folder: Path) -> None:
    """RoBERTa that tells good reviews from bad ones."""
    import transformers as tf

    tokenizer, config = _roberta(**MOOD)
    _save(folder, tf.RobertaForSequenceClassification(config), tokenizer)


def deberta_reader(folder: Path) -> None:
    """DeBERTa v2 (and v3) for extractive question answering: disentangled attention, eager only."""
    import transformers as tf

    tokenizer, config = _deberta()
    _save(folder, tf.DebertaV2ForQuestionAnswering(config), tokenizer)


def deberta_classifier(folder: Path) -> None:
    """DeBERTa v2 (and v3) that tells good reviews from bad ones."""
    import transformers as tf

    tokenizer, config = _deberta(**MOOD)
    _save(folder, tf.DebertaV2ForSequenceClassification(config), tokenizer)


def bert_encoder(folder: Path) -> None:
    """BERT with mean pooling, as all-MiniLM is packaged."""
    import transformers as tf

    tokenizer = tiny_tokenizers.bert()
    _encoder(folder, tf.BertModel(_bert(tokenizer)), tokenizer)


def mpnet_encoder(folder: Path) -> None:
    """MPNet with mean pooling and a normalising layer, as all-mpnet is packaged."""
    import transformers as tf

    tokenizer = tiny_tokenizers.pairs(bos="<s>", eos="</s>", length=128)
    config = tf.MPNetConfig(vocab_size=len(tokenizer), max_position_embeddings=130, **SMALL)
    _encoder(folder, tf.MPNetModel(config), tokenizer)


def _gpt2() -> dict[str, Any]:
    sizes = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}
    return {**sizes, "bos_token_id": 1, "eos_token_id": 2}


def _bert(tokenizer: Any, **more: Any) -> Any:
    import transformers as tf

    return tf.BertConfig(vocab_size=len(tokenizer), max_position_embeddings=128, pad_token_id=0, **SMALL, **more)


def _roberta(**more: Any) -> tuple[Any, Any]:
    import transformers as tf

    tokenizer = tiny_tokenizers.pairs(bos="<s>", eos="</s>", length=128)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    sizes = {"max_position_embeddings": 130, "type_vocab_size": 1}
    return tokenizer, tf.RobertaConfig(vocab_size=len(tokenizer), **ids, **sizes, **SMALL, **more)


def _deberta(**more: Any) -> tuple[Any, Any]:
    import transformers as tf

    tokenizer = tiny_tokenizers.bert()
    v3 = {
        "relative_attention": True,
        "position_buckets": 16,
        "pos_att_type": ["p2c", "c2p"],
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "position_biased_input": False,
        "max_relative_positions": -1,
        "type_vocab_size": 0,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
    }
    return tokenizer, tf.DebertaV2Config(vocab_size=len(tokenizer), **v3, **SMALL, **more)


def _encoder(folder: Path, model: Any, tokenizer: Any) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    base = folder / "base"
    _save(base, model, tokenizer)
    modules = [Transformer(str(base), max_seq_length=128), Pooling(64, "mean")]
    if model.config.model_type == "mpnet":
        modules.append(Normalize())
    SentenceTransformer(modules=modules, device="cpu").save(str(folder), create_model_card=False)
    shutil.rmtree(base)


def _save(folder: Path, *parts: Any) -> None:
    for part in parts:
        part.save_pretrained(folder)
