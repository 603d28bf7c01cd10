"""Which architectures do which task, by transformers' and diffusers' own tables. Imported late: they bring torch.

Where transformers is not installed, as where submissions are only checked, nothing is said about architectures.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from wattbench import tasks
from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wattbench.tasks import Task

# Optimum's task -> transformers' tables of model classes that do it (MODEL_FOR_..._MAPPING_NAMES).
HEADS = {
    "text-generation": ("CAUSAL_LM",),
    "text2text-generation": ("SEQ_TO_SEQ_CAUSAL_LM",),
    "summarization": ("SEQ_TO_SEQ_CAUSAL_LM",),
    "question-answering": ("QUESTION_ANSWERING",),
    "text-classification": ("SEQUENCE_CLASSIFICATION",),
    "image-classification": ("IMAGE_CLASSIFICATION",),
    "object-detection": ("OBJECT_DETECTION",),
    "image-to-text": ("IMAGE_TEXT_TO_TEXT",),
    "automatic-speech-recognition": ("SPEECH_SEQ_2_SEQ", "CTC"),
}
_ANOTHER = "Submit a model that was trained for this task"


def problems(place: str, texts: Mapping[str, Any], task: Task) -> Iterator[Problem]:
    """Why a model of these small files cannot do a task: another library, an unknown architecture, another head."""
    needed = {"transformers": "config.json", "sentence_transformers": "modules.json", "diffusers": "model_index.json"}
    name = needed[task.library]
    for one, text in texts.items():
        if isinstance(text, dict) and text.get("auto_map") and one.endswith("config.json"):
            what = "asks for remote code, which is never run"
            yield Problem(f"{place}/{one}", "auto_map", what, "Ask for a model without")
    if name not in texts:
        others = [what for what in needed.values() if what in texts]
        what = f"has no {name}, which a model for {task.name} has" + (f" (it has {others[0]})" if others else "")
        yield Problem(place, name, what, _ANOTHER)
    elif not are_known():
        return
    elif task.library == "transformers":
        yield from _transformers(place, texts[name], task)
    elif task.library == "sentence_transformers":
        yield from _sentence_transformers(place, texts, task)
    else:
        yield from _diffusers(place, texts[name], task)


def are_known() -> bool:
    """Whether the tables of architectures are installed here."""
    return find_spec("transformers") is not None


def doing(architecture: str) -> list[str]:
    """Our tasks that an architecture of transformers does."""
    found = [tasks.find(name) for name in tasks.names()]
    return [
        one.name
        for one in found
        if one.library == "transformers" and any(architecture in able for able in classes(one.optimum).values())
    ]


def classes(optimum_task: str) -> dict[str, set[str]]:
    """Model type -> classes that do a task of Optimum's; empty for a task that is in no table."""
    from transformers.models.auto import modeling_auto

    found: dict[str, set[str]] = {}
    for head in HEADS.get(optimum_task, ()):
        for kind, names in getattr(modeling_auto, f"MODEL_FOR_{head}_MAPPING_NAMES").items():
            found.setdefault(kind, set()).update([names] if isinstance(names, str) else names)
    return found


def is_decoder(config: Mapping[str, Any]) -> bool:
    """Whether a config is of a model that only decodes, as Llama and GPT-2 do; taken for granted if nobody knows."""
    if not are_known():
        return True
    from transformers.models.auto import modeling_auto

    kind = _kind(config)
    other = kind in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES or bool(config.get("is_encoder_decoder"))
    return kind in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not other


def _transformers(place: str, config: Any, task: Task) -> Iterator[Problem]:  # noqa: ANN401 - JSON
    kind, heads = _kind(config), _architectures(config)
    if kind is None:
        yield Problem(f"{place}/config.json", "model_type", "is missing", _ANOTHER)
        return
    able = classes(task.optimum)
    if not _is_known(kind):
        yield _unknown(place, kind)
    elif able and kind not in able:
        what = f"is a {', '.join(heads) or kind}, an architecture that does no {task.title.lower()}"
        yield Problem(place, "architectures", what, _remedy(heads))
    elif able and heads and not set(heads) & able[kind]:
        what = f"is a {', '.join(heads)}; {task.name} needs a {' or '.join(sorted(able[kind]))}"
        yield Problem(place, "architectures", what, _remedy(heads))


def _sentence_transformers(place: str, texts: Mapping[str, Any], task: Task) -> Iterator[Problem]:
    modules = texts["modules.json"]
    if not isinstance(modules, list) or not modules or not all(isinstance(one, dict) for one in modules):
        yield Problem(f"{place}/modules.json", "", "lists no modules", _ANOTHER)
        return
    for one in modules:
        if not str(one.get("type", "")).startswith("sentence_transformers."):
            what = f"asks for remote code ({one.get('type')}), which is never run"
            yield Problem(f"{place}/modules.json", "type", what, "Ask for a model without")
    folder = str(modules[0].get("path", "")).strip("/")
    config = texts.get(f"{folder}/config.json" if folder else "config.json")
    if isinstance(config, dict) and (kind := _kind(config)) is not None and not _is_known(kind):
        yield _unknown(place, kind)
    elif any(head.endswith("ForSequenceClassification") for head in _architectures(config)):
        what = f"is a {_architectures(config)[0]}, which scores pairs; {task.name} needs vectors"
        yield Problem(place, "architectures", what, _ANOTHER)


def _diffusers(place: str, index: Any, task: Task) -> Iterator[Problem]:  # noqa: ANN401 - JSON
    name = index.get("_class_name") if isinstance(index, dict) else None
    if not isinstance(name, str):
        yield Problem(f"{place}/model_index.json", "_class_name", "names no pipeline of diffusers", _ANOTHER)
        return
    import transformers

    transformers.utils.logging.set_verbosity_error()
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    if name not in {pipeline.__name__ for pipeline in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}:
        what = f"is a {name}, which diffusers does not know for {task.title.lower()}"
        yield Problem(place, "_class_name", what, _ANOTHER)


def _kind(config: Any) -> str | None:  # noqa: ANN401 - JSON
    kind = config.get("model_type") if isinstance(config, dict) else None
    return kind if isinstance(kind, str) and kind else None


def _architectures(config: Any) -> list[str]:  # noqa: ANN401 - JSON
    found = config.get("architectures") if isinstance(config, dict) else None
    return [str(one) for one in found] if isinstance(found, list) else []


def _is_known(kind: str) -> bool:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return kind in CONFIG_MAPPING_NAMES


def _unknown(place: str, kind: str) -> Problem:
    import transformers

    what = f"is a {kind!r}, which transformers {transformers.__version__} does not know"
    return Problem(place, "model_type", what, "Wait for a version that does; remote code is never run")


def _remedy(heads: list[str]) -> str:
    able = sorted({name for head in heads for name in doing(head)})
    return f"{_ANOTHER}; this one does {', '.join(able)}" if able else _ANOTHER
