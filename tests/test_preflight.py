"""What is wrong with a model is said before anything of it is loaded, from its small files alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import fake_hub
import pytest
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench import tasks
from wattbench.loading import architectures, memory, preflight
from wattbench.loading.preflight import Outline, Wish
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = [
    pytest.param(task, family, id=f"{task}-{family}")
    for task, families in tiny_models.FAMILIES.items()
    for family in families
    if task in tasks.names()
]
MODEL = ("model.safetensors", "tokenizer.json", "config.json")


def outline(config: dict[str, Any], *files: str, tensors: Any = None, **texts: Any) -> Outline:
    """An outline of a model called org/name."""
    more = {f"{name}.json": text for name, text in texts.items()}
    return Outline("org/name", frozenset((*MODEL, *files, *more)), {"config.json": config, **more}, tensors)


def judged(task: str, model: Outline, **wish: Any) -> str:
    """All that is said about a model, in one text."""
    return "\n".join(map(str, preflight.judge(model, Wish(tasks.find(task), **({"precision": "fp32"} | wish)))))


KEYS = (
    *("model_type", "architectures", "auto_map", "quantization_config", "quant_method", "is_encoder_decoder"),
    *("num_hidden_layers", "num_attention_heads", "hidden_size", "head_dim", "text_config", "pad_token", "eos_token"),
    *("type", "path", "_class_name", "tokenizer_class"),
)
BERT = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}
LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
}


@pytest.mark.parametrize(("task", "family"), FAMILIES)
def test_a_sound_model_of_every_family_has_nothing_wrong_with_it(task: str, family: str, tmp_path: Path) -> None:
    found = preflight.folder_outline(tiny_models.build(family, tmp_path / family))
    assert judged(task, found, device_bytes=16_000_000_000) == ""


@pytest.mark.parametrize(("task", "family"), FAMILIES)
def test_a_model_of_every_family_is_refused_for_the_tasks_of_the_others(task: str, family: str, tmp_path: Path) -> None:
    found = preflight.folder_outline(tiny_models.build(family, tmp_path / family))
    others = {name for name, families in tiny_models.FAMILIES.items() if family not in families} & set(tasks.names())
    if task == "text-generation":  # the same models, asked for a fixed length
        others -= {"text-generation-fixed"}
    assert [name for name in sorted(others) if not judged(name, found)] == []


def test_every_task_of_transformers_is_judged_by_a_table_of_its_classes() -> None:
    ours = [tasks.find(name) for name in tasks.names()]
    judged_by = {task.name: architectures.classes(task.optimum) for task in ours if task.library == "transformers"}
    assert judged_by
    assert [name for name, able in judged_by.items() if not able] == []


def test_the_wrong_head_is_named_with_the_right_one_and_what_the_model_does_instead() -> None:
    config = {"model_type": "bert", "architectures": ["BertForQuestionAnswering"]}
    said = judged("text-classification", outline(config))
    assert "is a BertForQuestionAnswering; text-classification needs a BertForSequenceClassification" in said
    assert "this one does extractive-question-answering" in said


def test_an_architecture_that_does_another_kind_of_task_is_refused() -> None:
    config = {"model_type": "vit", "architectures": ["ViTForImageClassification"]}
    said = judged("text-classification", outline(config))
    assert "an architecture that does no text classification" in said
    assert "this one does image-classification" in said


def test_an_architecture_that_nobody_knows_is_refused() -> None:
    said = judged("text-classification", outline({"model_type": "quantum_oracle", "architectures": ["Oracle"]}))
    assert "'quantum_oracle', which transformers" in said
    assert said.count("\n") == 0


def test_a_config_without_a_type_or_that_is_no_mapping_is_refused() -> None:
    assert "model_type: is missing" in judged("text-classification", outline({}))
    assert "model_type: is missing" in judged("text-classification", outline([]))  # type: ignore[arg-type]


def test_remote_code_is_refused_wherever_it_is_asked_for() -> None:
    said = judged("text-classification", outline(BERT | {"auto_map": {"AutoModel": "evil.Evil"}}))
    assert "auto_map: asks for remote code" in said
    modules = [{"path": "", "type": "custom_st.Evil"}]
    said = judged("sentence-similarity", outline({"model_type": "bert"}, modules=modules))
    assert "asks for remote code (custom_st.Evil)" in said


def test_a_model_of_another_library_is_told_by_its_files() -> None:
    said = judged("sentence-similarity", outline(BERT))
    assert "has no modules.json, which a model for sentence-similarity has (it has config.json)" in said


def test_an_encoder_that_scores_pairs_gives_no_vectors() -> None:
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"}]
    assert "which scores pairs" in judged("sentence-similarity", outline(BERT, modules=modules))


def test_pickles_and_adapters_are_no_model() -> None:
    pickles = Outline("org/name", frozenset({"pytorch_model.bin", "config.json", "vocab.txt"}), {"config.json": BERT})
    assert "holds no safetensors" in judged("text-classification", pickles)
    adapter = Outline(
        "org/name", frozenset({"adapter_model.safetensors", "config.json", "vocab.txt"}), {"config.json": BERT}
    )
    assert "holds an adapter and no whole model" in judged("text-classification", adapter)


def test_missing_tokenizers_and_processors_are_named() -> None:
    bare = Outline("org/name", frozenset({"model.safetensors", "config.json"}), {"config.json": BERT})
    assert "holds no tokenizer" in judged("text-classification", bare)
    picture = {"model_type": "vit", "architectures": ["ViTForImageClassification"]}
    bare = Outline("org/name", frozenset({"model.safetensors", "config.json"}), {"config.json": picture})
    assert "does not say how its inputs are prepared" in judged("image-classification", bare)


@pytest.mark.parametrize(
    ("task", "config", "tokenizer", "is_wrong"),
    [
        ("text-classification", BERT, {"pad_token": None}, True),
        ("text-classification", BERT, {"tokenizer_class": "PreTrainedTokenizerFast"}, True),
        ("text-classification", BERT, {"pad_token": "[PAD]"}, False),
        ("text-classification", BERT, {"tokenizer_class": "BertTokenizer"}, False),  # it has one by itself
        ("text-generation", LLAMA, {"pad_token": None, "eos_token": "</s>"}, False),  # a decoder pads with the end
        ("text-generation", LLAMA, {"pad_token": None}, True),
    ],
)
def test_a_tokenizer_that_cannot_pad_is_found(task: str, config: Any, tokenizer: Any, *, is_wrong: bool) -> None:
    said = judged(task, outline(config, tokenizer_config=tokenizer))
    assert ("has no padding token" in said) is is_wrong


def test_weights_that_are_quantised_already_are_not_run_as_something_else() -> None:
    said = judged("text-generation", outline(LLAMA | {"quantization_config": {"quant_method": "gptq", "bits": 4}}))
    assert "quantised already (gptq), so they are not run as fp32" in said


def llama_8b() -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of Llama 3 8B, as its headers list them: 8,030,261,248 parameters."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {
        "model.embed_tokens.weight": ("BF16", (128256, 4096)),
        "lm_head.weight": ("BF16", (128256, 4096)),
        "model.norm.weight": ("BF16", (4096,)),
    }
    for n in range(32):
        shapes = {"q": (4096, 4096), "k": (1024, 4096), "v": (1024, 4096), "o": (4096, 4096)}
        tensors |= {f"model.layers.{n}.self_attn.{name}_proj.weight": ("BF16", one) for name, one in shapes.items()}
        tensors |= {f"model.layers.{n}.mlp.{name}.weight": ("BF16", (14336, 4096)) for name in ("gate", "up")}
        tensors[f"model.layers.{n}.mlp.down.weight"] = ("BF16", (4096, 14336))
        tensors |= {f"model.layers.{n}.{name}.weight": ("BF16", (4096,)) for name in ("in", "post")}
    return tensors


@pytest.mark.parametrize(
    ("precision", "gigabytes"),
    # weights by hand: 8.03e9 x bytes; at int8 and int4 1.05e9 of embeddings and vocabulary stay at 2 bytes. Then
    # 2 x 32 layers x 8 heads x 128 x 4,096 tokens x 2 bytes = 0.54 GB (twice that at fp32), and 0.6 GB.
    [
        ("fp32", 32.12 + 1.07 + 0.6),
        ("bf16", 16.06 + 0.54 + 0.6),
        ("int8", 6.98 + 2.10 + 0.54 + 0.6),
        ("int4", 6.98 * 0.5625 + 2.10 + 0.54 + 0.6),
    ],
)
def test_the_memory_of_a_known_model_is_estimated_by_precision(precision: Any, gigabytes: float) -> None:
    need = memory.estimate(llama_8b(), {"config.json": LLAMA}, tasks.find("text-generation"), precision)
    assert need.bytes / 1e9 == pytest.approx(gigabytes, abs=0.02)
    assert f"8.0 billion parameters at {precision}" in need.sentence


def test_a_model_too_large_for_the_device_is_said_with_how_the_estimate_comes_about() -> None:
    model = outline(LLAMA, tensors=llama_8b())
    said = judged("text-generation", model, precision="bf16", device_bytes=12_900_000_000, device="a T4")
    assert "is too large for a T4: it needs about 17.2 GB (8.0 billion parameters at bf16 = 16.1 GB, 537 MB" in said
    assert "there are 12.9 GB" in said
    assert judged("text-generation", model, precision="int4", device_bytes=12_900_000_000) == ""


def test_every_problem_of_a_model_is_said_at_once() -> None:
    bad = Outline("org/name", frozenset({"config.json"}), {"config.json": BERT | {"quantization_config": {"bits": 4}}})
    found = preflight.judge(bad, Wish(tasks.find("text-generation"), "fp16"))
    assert len(found) == 4
    assert {problem.field for problem in found} == {"weights", "architectures", "tokenizer", "precision"}


def test_copies_of_weights_are_told_from_the_model() -> None:
    parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert preflight.weight_files([*parts, "consolidated.safetensors", "original/model.safetensors"]) == parts
    assert preflight.weight_files([*parts, "model.safetensors"]) == ["model.safetensors"]
    pipeline = ["model_index.json", "sd-v1-4.safetensors", "unet/diffusion_pytorch_model.safetensors"]
    assert preflight.weight_files([*pipeline, "unet/diffusion_pytorch_model.fp16.safetensors"]) == pipeline[2:]
    encoder = ["2_Dense/model.safetensors", "model.safetensors"]
    assert preflight.weight_files([*encoder, "onnx/model.safetensors"]) == sorted(encoder)
    assert preflight.weight_files(["weights.safetensors"]) == ["weights.safetensors"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "has no header"),
        (b"none", "has no header"),
        (b"\xff" * 8 + b"{}", "has no header"),
        (b"\x04\0\0\0\0\0\0\0{oh}", "cannot be parsed"),
        (b"\x02\0\0\0\0\0\0\0[]", "lists no tensors"),
        (b'\x08\0\0\0\0\0\0\0{"a": 1}', "lists no tensors"),
        (b'\x2c\0\0\0\0\0\0\0{"a": {"dtype": "F32", "shape": [Infinity]}}', "lists no tensors"),
        (b"\x00\x00\x01\0\0\0\0\0" + b"[" * 65536, "cannot be parsed"),
    ],
)
def test_a_weight_file_with_a_broken_header_is_refused_by_name(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(Refusal, match=says) as refused:
        preflight.folder_outline(tmp_path)
    assert "model.safetensors" in str(refused.value)


def test_an_outline_reads_headers_and_not_weights(tmp_path: Path) -> None:
    # a header of 400 GB of weights that are not there
    (tmp_path / "model.safetensors").write_bytes(fake_hub.safetensors({"w": ("F32", (10**6, 10**5))}, body=False))
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    found = preflight.folder_outline(tmp_path)
    assert found.tensors == {"model.safetensors:w": ("F32", (10**6, 10**5))}
    assert found.text("config.json") == BERT


def test_importing_preflight_brings_no_model_library() -> None:
    script = (
        "import sys; from wattbench import fetching; from wattbench.loading import preflight; "
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@settings(deadline=None, max_examples=80)
@given(
    texts=st.dictionaries(st.sampled_from(preflight.SMALL), JSON, max_size=6),
    task=st.sampled_from(tasks.names()),
    precision=st.sampled_from(["fp32", "int4"]),
)
def test_whatever_the_small_files_hold_is_judged_and_never_raises(texts: Any, task: str, precision: Any) -> None:
    model = Outline("org/name", frozenset((*MODEL, *texts)), texts, {"model.safetensors:w": ("F32", (2, 2))})
    for problem in preflight.judge(model, Wish(tasks.find(task), precision, 10**6)):
        assert problem.message
        assert problem.remedy
