"""Tiny tokenizers, trained in the process on a few lines, for the tiny models: one function a kind."""

from __future__ import annotations

import json
from typing import Any

CORPUS = (
    "The quick brown fox jumps over the lazy dog.",
    "Energy per query is measured in watt hours on one GPU.",
    "summarize: a long article about data centres and the power they draw",
    "Who wrote the report? The report was written by the agency in 2024.",
    "a photo of a cat sitting on a red sofa next to a dog",
    "this movie was great and I loved it",
    "this film was terrible, boring and slow",
    "stocks fell sharply today, markets lost value, rain is wet",
) * 4
CHAT = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' }}{{ m['content'] }}{{ '</s>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
THINKING_CHAT = (
    CHAT[: -len("{% endif %}")]
    + "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think></think>' }}{% endif %}{% endif %}"
)
WHISPER = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)


def gpt(*, padding: bool = True, chat: str | None = None) -> Any:
    """Train a byte-level BPE as GPT-2's, with beginning and end; padding and a chat template where asked."""
    specials = ["<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>", "<think>", "</think>"]
    raw = _bytes(specials)
    named = {"bos_token": "<s>", "eos_token": "</s>", "model_max_length": 512}
    tokenizer = _fast(raw, pad_token="<pad>", **named) if padding else _fast(raw, **named)
    tokenizer.chat_template = chat
    return tokenizer


def pairs(*, bos: str, eos: str, length: int, **named: Any) -> Any:
    """Train a byte-level BPE that frames a text, or two, as BART and RoBERTa do; no token types."""
    from tokenizers import processors

    raw = _bytes([bos, "<pad>", eos, "<unk>", "<mask>"])
    raw.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}", pair=f"{bos} $A {eos} {eos} $B {eos}", special_tokens=[(bos, 0), (eos, 2)]
    )
    named = {"bos_token": bos, "eos_token": eos, "cls_token": bos, "sep_token": eos, **named}
    names = ["input_ids", "attention_mask"]
    common = {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    return _fast(raw, **common, model_input_names=names, model_max_length=length, **named)


def t5() -> Any:
    """Train a byte-level BPE that ends every text with `</s>`, as T5's does."""
    from tokenizers import processors

    raw = _bytes(["<pad>", "</s>", "<unk>"])
    raw.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    names = ["input_ids", "attention_mask"]
    named = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return _fast(raw, **named, model_input_names=names, model_max_length=256)


def bert_raw() -> Any:
    """Train a WordPiece as BERT's, lower case."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    raw = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer(lowercase=True)
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    raw.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=specials, show_progress=False)
    )
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return raw


def bert(length: int = 128) -> Any:
    """Train BERT's tokenizer."""
    named = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return _fast(bert_raw(), **named, mask_token="[MASK]", model_max_length=length)


def clip() -> Any:
    """Train CLIP's tokenizer, for pictures from text."""
    import transformers

    vocabulary, merges = _vocabulary(_bytes(["<|startoftext|>", "<|endoftext|>"]))
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)


def whisper() -> Any:
    """Train Whisper's tokenizer, with its special tokens and no time stamps."""
    import transformers

    vocabulary, merges = _vocabulary(_bytes([]))
    tokenizer = transformers.WhisperTokenizer(vocab=vocabulary, merges=merges)
    tokenizer.add_special_tokens({"extra_special_tokens": list(WHISPER)})
    return tokenizer


def _bytes(specials: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE(unk_token=None))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(CORPUS, trainer)
    return raw


def _vocabulary(raw: Any) -> tuple[dict[str, int], list[tuple[str, ...]]]:
    model = json.loads(raw.to_str())["model"]
    return model["vocab"], [tuple(one if isinstance(one, list) else one.split()) for one in model["merges"]]


def _fast(raw: Any, **named: Any) -> Any:
    import transformers

    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **named)
