"""The reference backend on tiny models: every family in every precision, and everything that must not fool it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file

from wattbench import backends, tasks
from wattbench.loading import precisions
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wattbench.backends import Loaded

TASK_OF = {family: task for task, families in tiny_models.FAMILIES.items() for family in families}
# How near an answer must stay to that in fp32: the cosine of all its numbers.
NEAR = {"bf16": 0.99, "fp16": 0.999, "int8": 0.99, "int4": 0.95}
# Heads of a body that is tried already, and pipelines in all formats, would cost most of this file's time.
TRIED = sorted(set(TASK_OF) - {"bert_reader", "roberta_reader", "deberta_reader", "gpt2_classifier"})
DRAWN = ("bf16", "int4")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def load(folder: Path, family: str, precision: str = "fp32") -> Loaded:
    task = tasks.find(TASK_OF[family])
    return backends.find("optimum").load(folder, task, precision=precision, device="cpu")


def answer(loaded: Loaded) -> torch.Tensor:
    """Ask a model of any family something fixed; give its raw numbers."""
    model = loaded.model
    if hasattr(model, "encode"):
        return torch.tensor(model.encode(["this movie was great", "a cat"], convert_to_numpy=True))
    if hasattr(model, "components"):
        start = torch.Generator().manual_seed(0)
        asked = {"num_inference_steps": 1, "height": 32, "width": 32, "generator": start, "output_type": "np"}
        return torch.tensor(model("a photo of a cat", **asked).images)
    tokens = torch.randint(5, 200, (2, 12), generator=torch.Generator().manual_seed(1))
    side = 64 if "YolosFor" in type(model).__name__ or "DetrFor" in type(model).__name__ else 32
    inputs: dict[str, Any] = {
        "input_ids": lambda: {"input_ids": tokens},
        "pixel_values": lambda: {"pixel_values": torch.linspace(-1, 1, side).expand(2, 3, side, side).to(model.dtype)},
        "input_features": lambda: {"input_features": torch.linspace(-1, 1, 3000).expand(2, 80, 3000).to(model.dtype)},
        "input_values": lambda: {"input_values": torch.linspace(-9, 9, 8000).sin().expand(2, 8000).to(model.dtype)},
    }[model.main_input_name]()
    if model.config.is_encoder_decoder or "EncoderDecoder" in type(model).__name__:
        inputs["decoder_input_ids"] = tokens
    if "Blip" in type(model).__name__:
        inputs["input_ids"] = tokens
    with torch.inference_mode():
        found = model(**inputs)
    return found.logits if "logits" in found else found.start_logits


def parameters_of(folder: Path) -> int:
    return sum(tensor.numel() for path in folder.rglob("*.safetensors") for tensor in load_file(path).values())


@pytest.mark.parametrize("family", TRIED)
def test_every_family_answers_much_alike_in_every_precision(family: str, tmp_path: Path) -> None:
    folder = tiny_models.build(family, tmp_path)
    exact = load(folder, family)
    expected = answer(exact).float().flatten()
    assert exact.facts["dtype"] == ["float32"]
    assert exact.facts["placement"] == ["cpu"]
    assert exact.facts["quantised"] is None
    assert exact.facts["synthetic"]
    assert exact.facts["attention"] in {"sdpa", "eager", "sdpa + eager"}
    for precision in DRAWN if exact.facts["library"] == "diffusers" else NEAR:
        loaded = load(folder, family, precision)
        given = answer(loaded).float().flatten()
        assert torch.isfinite(given).all()
        assert torch.nn.functional.cosine_similarity(expected, given, dim=0) > NEAR[precision], precision
        assert not torch.equal(expected, given), f"{precision} is fp32 in disguise"
        assert loaded.parameters == exact.parameters, "packed weights are counted as what they stand for"
        assert ("bfloat16" in loaded.facts["dtype"]) == (precision != "fp16")


def test_parameters_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    folder = tiny_models.build("vit", tmp_path)
    for precision in precisions.FORMATS:
        assert load(folder, "vit", precision).parameters == parameters_of(folder)


def test_a_quantised_run_says_who_quantised_how_and_how_much(tmp_path: Path) -> None:
    folder = tiny_models.build("llama", tmp_path)
    eight, four = load(folder, "llama", "int8"), load(folder, "llama", "int4")
    for loaded, scheme in ((eight, "LLM.int8"), (four, "NF4")):
        told = loaded.facts["quantised"]
        assert told["library"] == "bitsandbytes"
        assert told["version"]
        assert told["scheme"].startswith(scheme)
        # two layers of 64 x 64 (queries, outputs), 32 x 64 (keys, values) and three of 128 x 64; no embedding
        assert told["parameters"] == 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64)
        assert told["share"] == round(told["parameters"] / loaded.parameters, 6)
    assert eight.facts["dtype"] == ["bfloat16", "int8"]
    assert four.facts["dtype"] == ["bfloat16", "uint8"]
    stored = sum(one.numel() * one.element_size() for one in four.model.parameters() if not one.is_floating_point())
    assert stored == four.facts["quantised"]["parameters"] // 2


def test_a_model_that_can_hardly_be_quantised_is_refused_as_int8(tmp_path: Path) -> None:
    folder = tiny_models.build("resnet", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    few = {name: number for name, number in config["label2id"].items() if number < 10}
    config |= {"label2id": few, "id2label": {str(number): name for name, number in few.items()}}
    (folder / "config.json").write_text(json.dumps(config))
    change(folder, lambda state: state.update({k: state[k][:10].clone() for k in state if k.startswith("classifier")}))
    assert load(folder, "resnet", "bf16").facts["dtype"] == ["bfloat16"]
    with pytest.raises(Refusal, match="it would be bf16 in disguise"):
        load(folder, "resnet", "int8")


def change(folder: Path, how: Callable[[dict[str, torch.Tensor]], object]) -> None:
    (path,) = folder.glob("*.safetensors")
    state = load_file(path)
    how(state)
    save_file(state, path, {"format": "pt"})


def without(*starts: str) -> Callable[[dict[str, torch.Tensor]], object]:
    return lambda state: [state.pop(name) for name in list(state) if name.startswith(starts)]


@pytest.mark.parametrize(
    ("family", "part", "named"),
    [
        ("bert_classifier", "", "classifier.bias, classifier.weight"),
        ("bert_encoder", "", "encoder.layer.1.attention"),
        ("stable_diffusion", "unet", "conv_out.bias, conv_out.weight"),
        ("stable_diffusion", "text_encoder", "final_layer_norm"),
    ],
)
def test_weights_that_would_be_drawn_at_random_are_refused_by_name(
    family: str, part: str, named: str, tmp_path: Path
) -> None:
    folder = tiny_models.build(family, tmp_path)
    change(folder / part, without("classifier", "encoder.layer.1", "conv_out", "text_model.final", "final_layer"))
    with pytest.raises(Refusal) as refused:
        load(folder, family)
    (problem,) = refused.value.problems
    assert problem.field == "missing weights"
    assert named in problem.message
    assert problem.file.endswith(part)


def test_a_config_that_drops_trained_layers_is_refused(tmp_path: Path) -> None:
    for family in ("bert_classifier", "bert_encoder"):  # half the layers: half the energy
        folder = tiny_models.build(family, tmp_path / family)
        config = json.loads((folder / "config.json").read_text()) | {"num_hidden_layers": 1}
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(Refusal, match="have no place in the model"):
            load(folder, family)


def test_a_little_that_is_left_over_is_told_and_let_pass(tmp_path: Path) -> None:
    folder = tiny_models.build("bert_reader", tmp_path)
    change(folder, lambda state: state.update({"cls.seq.bias": torch.zeros(2), "bert.pooler.w": torch.zeros(64, 64)}))
    told = load(folder, "bert_reader").facts["extra_weights"]
    assert told["count"] == 2
    assert 0 < told["share"] < 0.001


def test_weights_that_do_not_fit_the_config_are_refused_by_name(tmp_path: Path) -> None:
    folder = tiny_models.build("bert_classifier", tmp_path)
    change(folder, lambda state: state.update({"classifier.weight": torch.zeros(3, 64)}))
    with pytest.raises(Refusal, match=r"do not fit the config: classifier\.weight"):
        load(folder, "bert_classifier")


@pytest.mark.parametrize("precision", ["fp32", "int8", "int4"])
def test_nan_in_the_weights_is_refused(precision: str, tmp_path: Path) -> None:
    folder = tiny_models.build("t5", tmp_path)

    def poison(state: dict[str, torch.Tensor]) -> None:
        state["encoder.block.0.layer.0.SelfAttention.q.weight"][3, 5] = float("nan")

    change(folder, poison)
    with pytest.raises(Refusal, match="NaN or infinite"):
        load(folder, "t5", precision)


def test_weights_that_overflow_in_fp16_are_refused_there_and_only_there(tmp_path: Path) -> None:
    folder = tiny_models.build("vit", tmp_path)
    change(folder, lambda state: state["classifier.weight"].mul_(1e7))
    load(folder, "vit", "bf16")
    with pytest.raises(Refusal, match=r"NaN or infinite in float16: classifier\.weight"):
        load(folder, "vit", "fp16")


@pytest.mark.parametrize(
    ("family", "files", "message"),
    [
        ("gpt2", ("tokenizer.json",), "the tokenizer is missing: there is no tokenizer.json"),
        ("bert_encoder", ("tokenizer.json",), "the tokenizer is missing"),
        ("stable_diffusion", ("tokenizer/tokenizer.json",), "the tokenizer is missing"),
        ("vit", ("preprocessor_config.json",), "the image processor is missing: there is no preprocessor_config.json"),
        ("wav2vec2", ("processor_config.json",), "the processor is missing"),
        ("vit_gpt2", ("preprocessor_config.json",), "the processor is missing"),
        ("bert_encoder", ("modules.json",), "modules.json: it is no model of sentence_transformers"),
    ],
)
def test_a_missing_processor_is_refused_by_the_files_name(
    family: str, files: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    folder = tiny_models.build(family, tmp_path)
    for name in files:
        (folder / name).unlink()
    for stray in ("vocab.txt", "vocab.json", "tokenizer/vocab.json", "merges.txt"):
        (folder / stray).unlink(missing_ok=True)
    with pytest.raises(Refusal) as refused:
        load(folder, family)
    assert message in str(refused.value)


def test_a_decoder_without_padding_pads_with_its_end_and_says_so(tmp_path: Path) -> None:
    loaded = load(tiny_models.build("gpt2", tmp_path), "gpt2")
    assert loaded.facts["padding"] == "eos"
    assert loaded.processor.pad_token_id == loaded.processor.eos_token_id == loaded.model.config.pad_token_id == 2
    both = loaded.processor(["a cat", "a cat sat on the mat"], padding=True)
    assert len(both["input_ids"][0]) == len(both["input_ids"][1])


def test_an_encoder_without_padding_is_refused(tmp_path: Path) -> None:
    folder = tiny_models.build("bert_classifier", tmp_path)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(Refusal, match="has no padding token"):
        load(folder, "bert_classifier")


@pytest.mark.parametrize("family", ["gpt2", "bert_encoder"])
def test_a_tokenizer_that_knows_more_tokens_than_the_model_is_refused(family: str, tmp_path: Path) -> None:
    import transformers

    folder = tiny_models.build(family, tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<one>", "<more>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(Refusal, match=r"the tokenizer knows 4?\d+ tokens, the model only"):
        load(folder, family)


def test_a_checkpoint_that_is_quantised_already_is_refused(tmp_path: Path) -> None:
    folder = tiny_models.build("llama", tmp_path)
    config = json.loads((folder / "config.json").read_text()) | {"quantization_config": {"quant_method": "gptq"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(Refusal, match=r"quantised already \(gptq\)"):
        load(folder, "llama")


def test_a_model_of_another_task_is_refused(tmp_path: Path) -> None:
    folder = tiny_models.build("vit", tmp_path)
    with pytest.raises(Refusal, match="cannot be loaded as object-detection"):
        backends.find("optimum").load(folder, tasks.find("object-detection"), precision="fp32", device="cpu")


def test_a_worn_model_is_not_called_synthetic(tmp_path: Path) -> None:
    folder = tiny_models.build("bart", tmp_path)
    assert "scales of normalising layers" in load(folder, "bart").facts["synthetic"]
    assert load(tiny_models.wear(folder), "bart").facts["synthetic"] is None


def test_a_captioner_without_a_processor_of_both_gets_both(tmp_path: Path) -> None:
    loaded = load(tiny_models.build("vit_gpt2", tmp_path), "vit_gpt2")
    from PIL import Image

    pixels = loaded.processor(images=[Image.new("RGB", (40, 30))], return_tensors="pt")["pixel_values"]
    assert pixels.shape == (1, 3, 32, 32)
    assert loaded.processor.decode(loaded.processor.tokenizer("a cat")["input_ids"]) == "a cat"
    assert loaded.processor.batch_decode([[400 - 1]])


def test_loading_draws_nothing_and_gives_the_same_weights_twice(tmp_path: Path) -> None:
    folder = tiny_models.build("t5", tmp_path)
    one, two = load(folder, "t5", "int4"), load(folder, "t5", "int4")
    assert torch.equal(answer(one), answer(two))
