"""The reference backend: PyTorch, loaded through Optimum's TasksManager, the only loader that covers every task.

On transformers 5 Optimum is a loader and a registry, not an accelerator: nothing here makes a model faster. The
number format and the attention implementation are always said, never left to a default that changes by version.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from wattbench.backends import Loaded
from wattbench.problems import refuse

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.tasks import Task

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
ATTENTIONS = ("sdpa", "eager")  # the second for architectures without fused attention


def load(folder: Path, task: Task, *, precision: str, device: str) -> Loaded:
    """Load a model from a local folder. Raises Refusal for a precision or a model that this backend cannot load."""
    if precision not in DTYPES:
        remedy = f"Choose one of {', '.join(DTYPES)}"
        raise refuse(folder, "precision", f"the backend optimum does not load {precision}", remedy)
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model, attention = _load(folder, task, getattr(torch, DTYPES[precision]), device)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    dtypes = sorted({str(parameter.dtype).removeprefix("torch.") for parameter in model.parameters()})
    facts = {
        "name": "optimum",
        "library": task.library,
        "model_class": type(model).__name__,
        "dtype": dtypes,
        "attention": attention,
        "device": device,
        "placement": _placement(model),
        "threads": torch.get_num_threads() if device == "cpu" else None,
    }
    return Loaded(model, _processor(folder, task), device, facts, parameters)


def _load(folder: Path, task: Task, dtype: Any, device: str) -> tuple[Any, str]:  # noqa: ANN401 - torch's types
    """Load with fused attention, or with eager where the architecture has none; say which."""
    from optimum.exporters.tasks import TasksManager

    refused: Exception | None = None
    for attention in ATTENTIONS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = TasksManager.get_model_from_task(
                    TasksManager.map_from_synonym(task.optimum) if task.library == "transformers" else task.optimum,
                    str(folder),
                    framework="pt",
                    library_name=task.library,
                    torch_dtype=dtype,
                    device=device,
                    attn_implementation=attention,
                    local_files_only=True,
                )
            return model.eval(), attention
        except ValueError as error:  # what transformers raises for an attention that an architecture lacks
            refused = error
        except (OSError, RuntimeError, KeyError, AttributeError, ImportError) as error:
            refused = error
            break
    message = f"cannot be loaded as {task.name}: {type(refused).__name__}: {str(refused).splitlines()[0][:200]}"
    raise refuse(folder, "model", message, "Check that the model is of this task and complete")


def _placement(model: Any) -> list[str]:  # noqa: ANN401 - a torch module
    """Where the model's parameters are: UUIDs of GPUs, as NVML writes them, or `cpu`."""
    import torch

    devices = {parameter.device for parameter in model.parameters()}
    return sorted(
        f"GPU-{torch.cuda.get_device_properties(device).uuid}" if device.type == "cuda" else device.type
        for device in devices
    )


def _processor(folder: Path, task: Task) -> Any:  # noqa: ANN401 - a tokenizer or an image processor
    """Load what turns rows into tensors, from the same folder."""
    import transformers

    if task.processor == "tokenizer":
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if task.processor == "image":
        return transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    return None
