"""The reference backend: PyTorch, with the classes that Optimum's TasksManager names, the only map of every task.

On transformers 5 Optimum is a loader and a registry, not an accelerator: nothing here makes a model faster. The
number format and the attention implementation are always said, never left to a default that changes by version.
TasksManager's own loading keeps from us what the library tells about missing and extra weights, so its class is
asked for and loaded here.
"""

from __future__ import annotations

import json
import logging
import warnings
from typing import TYPE_CHECKING, Any

from wattbench.backends import Loaded
from wattbench.loading import checkpoints, precisions, processors, weights
from wattbench.problems import Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from wattbench.loading.checkpoints import Keys
    from wattbench.tasks import Task

Parts = dict[str, Any]  # the torch modules of a model by name; "" where it is one


def load(folder: Path, task: Task, *, precision: str, device: str) -> Loaded:
    """Load a model from a local folder. Raises Refusal for a precision or a model that this backend cannot load."""
    if precision not in precisions.FORMATS:
        remedy = f"Choose one of {', '.join(precisions.FORMATS)}"
        raise refuse(folder, "precision", f"the backend optimum does not load {precision}", remedy)
    _quiet(task)
    import torch

    _check_config(folder, task)
    torch.manual_seed(0)  # nothing below should draw; where a library does, it draws the same every time
    processor = processors.load(folder, task)
    quantised = precision in precisions.SCHEMES
    dtype = getattr(torch, precisions.FORMATS[precision])
    model, parts, keys = _load(folder, task, dtype, "cpu" if quantised else device)
    if problems := list(checkpoints.problems(keys)):
        raise Refusal(problems)
    padding = processors.fit_all(folder, task, model, parts, processor)
    _check_numbers(folder, parts, precisions.FORMATS[precision])
    if quantised:
        precisions.quantise(_quantisable(parts), precision)
        for part in parts.values():
            part.to(device)
        _check_numbers(folder, parts, precision)
    total, packed, _ = precisions.counts(parts.values())
    facts = {
        "name": "optimum",
        "library": task.library,
        "model_class": type(model).__name__,
        "dtype": sorted({str(one.dtype).removeprefix("torch.") for one in _parameters(parts)}),
        "quantised": _scheme(folder, precision, parts, packed / total) if quantised else None,
        "attention": _attention(parts),
        "device": device,
        "placement": _placement(parts),
        "threads": torch.get_num_threads() if device == "cpu" else None,
        "padding": padding,
        **checkpoints.facts(keys),
        "synthetic": weights.looks_synthetic(weights.sample(folder)),
    }
    return Loaded(model, processor, device, facts, total)


def _load(folder: Path, task: Task, dtype: Any, device: str) -> tuple[Any, Parts, list[Keys]]:  # noqa: ANN401
    """Load with the class that Optimum names, fused attention where the architecture has it. Raises Refusal."""
    asked = {"transformers": _transformers, "sentence_transformers": _sentences, "diffusers": _pipeline}[task.library]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, parts, keys = asked(folder, task, dtype, device)
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError, ImportError, TypeError) as error:
        first = str(error).strip().splitlines()
        message = f"cannot be loaded as {task.name}: {type(error).__name__}: {first[0][:200] if first else ''}"
        raise refuse(folder, "model", message, "Check that the model is of this task and complete") from None
    for part in parts.values():
        part.eval()
    return model, parts, keys


def _check_config(folder: Path, task: Task) -> None:
    """Refuse a folder of another library, and a checkpoint that was quantised before it came here."""
    name = {"diffusers": "model_index.json", "sentence_transformers": "modules.json"}.get(task.library, "config.json")
    try:
        config = json.loads((folder / name).read_bytes())
        if task.library == "sentence_transformers":
            config = json.loads((folder / config[0]["path"] / "config.json").read_bytes())
    except FileNotFoundError as error:
        message = f"there is no {error.filename}: it is no model of {task.library}"
        raise refuse(folder, "model", message, "Check that the model is of this task and complete") from None
    except (ValueError, LookupError, TypeError) as error:
        raise refuse(folder / name, "", f"cannot be read: {error}", "Fetch the model again") from None
    if "quantization_config" in config:
        method = config["quantization_config"].get("quant_method", "an unnamed method")
        message = f"the checkpoint is quantised already ({method}), so that no precision of ours would be true of it"
        raise refuse(folder, "quantization_config", message, "Ask for the checkpoint that it was made from")


def _class(task: Task, kind: str | None = None) -> Any:  # noqa: ANN401 - a class of one of three libraries
    from optimum.exporters.tasks import TasksManager

    return TasksManager.get_model_class_for_task(task.optimum, "pt", model_type=kind, library=task.library)


def _transformers(folder: Path, task: Task, dtype: Any, device: str) -> tuple[Any, Parts, list[Keys]]:  # noqa: ANN401
    import torch
    import transformers

    kind = transformers.AutoConfig.from_pretrained(folder, local_files_only=True).model_type
    model_class = _class(task, kind)
    options = {"dtype": dtype, "local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    options["ignore_mismatched_sizes"] = True  # they are told, and refused by name
    with torch.device(device):
        try:
            model, info = model_class.from_pretrained(folder, attn_implementation="sdpa", **options)
        except ValueError:  # a part has no fused attention: the library uses it in those that have
            model, info = model_class.from_pretrained(folder, **options)
    return model, {"": model}, [checkpoints.told(folder, kind, info)]


def _sentences(folder: Path, task: Task, dtype: Any, device: str) -> tuple[Any, Parts, list[Keys]]:  # noqa: ANN401
    import transformers

    place = folder / json.loads((folder / "modules.json").read_bytes())[0]["path"]
    options = {"dtype": dtype, "use_safetensors": True, "ignore_mismatched_sizes": True}
    encoder = _class(task)
    try:
        chosen = {"attn_implementation": "sdpa", **options}
        model = encoder(str(folder), device=device, local_files_only=True, model_kwargs=chosen)
    except ValueError:
        model = encoder(str(folder), device=device, local_files_only=True, model_kwargs=options)
    inner = next(part for part in model.modules() if isinstance(part, transformers.PreTrainedModel))
    return model, {"": model}, [checkpoints.told(place, "sentence_transformers", _asked_again(type(inner), place))]


def _asked_again(model_class: Any, place: Path) -> Mapping[str, Any]:  # noqa: ANN401 - a class of transformers
    """Load a part without its numbers, only for what transformers tells about missing and extra weights."""
    options = {"device_map": {"": "meta"}, "ignore_mismatched_sizes": True, "output_loading_info": True}
    _, info = model_class.from_pretrained(place, local_files_only=True, use_safetensors=True, **options)
    return info  # type: ignore[no-any-return] # transformers ships no types


def _pipeline(folder: Path, task: Task, dtype: Any, device: str) -> tuple[Any, Parts, list[Keys]]:  # noqa: ANN401
    import torch
    import transformers

    options = {"torch_dtype": dtype, "local_files_only": True, "use_safetensors": True}
    pipeline = _class(task).from_pretrained(folder, **options)
    pipeline.set_progress_bar_config(disable=True)
    parts = {name: one for name, one in pipeline.components.items() if isinstance(one, torch.nn.Module)}
    keys = [
        checkpoints.told(folder / name, "diffusers", _asked_again(type(part), folder / name))
        if isinstance(part, transformers.PreTrainedModel)
        else checkpoints.compared(folder / name, part.state_dict())
        for name, part in parts.items()
    ]
    if not any(checkpoints.problems(keys)):  # weights that are missing have no numbers that could be moved
        pipeline.to(device)
    return pipeline, parts, keys


def _quiet(task: Task) -> None:
    """Keep libraries from telling about progress, and about what we tell ourselves."""
    import transformers

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    libraries = [transformers]
    if task.library == "diffusers":
        import diffusers

        libraries.append(diffusers)
    for library in libraries:
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()


def _attention(parts: Parts) -> str:
    """Say which attention the parts of a model use, each once: diffusers' own parts use the fused one."""
    import transformers

    models = [one for part in parts.values() for one in part.modules() if isinstance(one, transformers.PreTrainedModel)]
    used = {str(one.config._attn_implementation) for one in models}  # noqa: SLF001 - the library's only word on it
    fused = any(hasattr(part, "attn_processors") for part in parts.values())
    return " + ".join(sorted(used | ({"sdpa"} if fused else set()), reverse=True))


def _check_numbers(folder: Path, parts: Parts, form: str) -> None:
    """Refuse weights that are no numbers: as loaded, for 4 bits hide a NaN, and as quantised, for scales overflow."""
    if broken := weights.not_finite(parts.values()):
        message = f"{len(broken)} weights are NaN or infinite in {form}: {broken[0]}"
        raise refuse(folder, "weights", message, "Ask for another precision, or for a checkpoint that is whole")


def _parameters(parts: Parts) -> Iterator[Any]:
    return (parameter for part in parts.values() for parameter in part.parameters())


def _quantisable(parts: Parts) -> list[Any]:
    """Everything but a pipeline's autoencoder: it is convolutions, and turns 8 bits of error into visible ones."""
    return [part for name, part in parts.items() if name != "vae"]


def _placement(parts: Parts) -> list[str]:
    """Where the model's parameters are: UUIDs of GPUs, as NVML writes them, or `cpu`."""
    import torch

    devices = {parameter.device for parameter in _parameters(parts)}
    return sorted(
        f"GPU-{torch.cuda.get_device_properties(device).uuid}" if device.type == "cuda" else device.type
        for device in devices
    )


def _scheme(folder: Path, precision: str, parts: Parts, share: float) -> dict[str, Any]:
    """What a run keeps of a quantisation: who did it, how, and to how much. Raises Refusal where that is too little."""
    from importlib import metadata

    total, packed, embedded = precisions.counts(_quantisable(parts))
    if packed < precisions.LEAST_SHARE * (total - embedded):
        message = f"only {packed:,} of {total:,} parameters can be quantised: it would be bf16 in disguise"
        raise refuse(folder, "precision", message, "Measure this model in bf16 or fp16")
    return {
        "library": "bitsandbytes",
        "version": metadata.version("bitsandbytes"),
        "scheme": precisions.SCHEMES[precision],
        "parameters": packed,
        "share": round(share, 6),
    }
