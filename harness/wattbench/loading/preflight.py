"""What is wrong with a model for a task, said before anything of it is loaded: from its small files alone.

An `Outline` is what those files say; `folder_outline` reads it from a folder, `fetching` from the Hub. Judging one
reads nothing and loads no model; only the names of the architectures come from transformers and diffusers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.loading import architectures, memory
from wattbench.loading.processors import PICTURES, VOCABULARIES
from wattbench.problems import Problem, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from wattbench.boards import Precision
    from wattbench.loading.memory import Tensors
    from wattbench.tasks import Task

# The small files that an outline holds, wherever in the model they lie.
SMALL = (
    "adapter_config.json",
    "config.json",
    "model_index.json",
    "modules.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
)
# Tokenizers of no family in particular have no padding token but the one that they are told.
_GENERIC = ("PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend")
_WHOLE = re.compile(r"(model|diffusion_pytorch_model|pytorch_model)(-\d{5}-of-\d{5})?\.safetensors")
POINTER = b"version https://git-lfs.github.com/spec/"  # how a pointer of Git LFS begins, where a file should be
LONGEST_AXIS = 2**40  # of a tensor that anybody could hold
HEADER_START = 100_000  # bytes that hold nearly every header


@dataclass(frozen=True, slots=True)
class Outline:
    """What a model's small files say. `place` names it in problems.

    texts: the parsed JSON of its small files, by name. tensors: dtype and shape of each, None where no header was read.
    """

    place: str
    files: frozenset[str]
    texts: Mapping[str, Any]
    tensors: Tensors | None = None

    def text(self, name: str) -> Mapping[str, Any]:
        """A small file's content; empty where it is absent or no mapping."""
        found = self.texts.get(name)
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a model. `device_bytes`: the memory of the device, None where it does not matter."""

    task: Task
    precision: Precision
    device_bytes: int | None = None
    device: str = "the device"


def judge(outline: Outline, wish: Wish) -> list[Problem]:
    """Everything that would keep a model from being measured so, as far as its small files tell."""
    found: list[Problem] = list(_weights(outline))
    found += architectures.problems(outline.place, outline.texts, wish.task)
    found += _files(outline, wish.task)
    found += _padding(outline, wish.task)
    found += _precision(outline, wish)
    if outline.tensors is not None and wish.device_bytes is not None:
        need = memory.estimate(outline.tensors, outline.texts, wish.task, wish.precision)
        if need.bytes > wish.device_bytes:
            what = (
                f"is too large for {wish.device}: it needs {need.sentence}; there are {memory.size(wish.device_bytes)}"
            )
            found.append(Problem(outline.place, "memory", what, "Use a larger device or fewer bits"))
    return list(dict.fromkeys(found))


def folder_outline(folder: Path) -> Outline:
    """Read the outline of a model that lies in a folder. Raises Refusal for a file that cannot be parsed."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    texts = {name: parse(folder / name, (folder / name).read_bytes()) for name in files if is_small(name)}
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name in weight_files(files):
        with (folder / name).open("rb") as handle:
            size = header_size(folder / name, handle.read(8))
            tensors |= {f"{name}:{key}": one for key, one in header(folder / name, handle.read(size)).items()}
    return Outline(str(folder), frozenset(files), texts, tensors or None)


def is_small(name: str) -> bool:
    """Whether an outline holds this file."""
    return name.rsplit("/", 1)[-1] in SMALL


def weight_files(files: Iterable[str]) -> list[str]:
    """Which safetensors are the model, without copies of it in another shape, half or single."""
    names = set(files)
    found = sorted(name for name in names if name.endswith(".safetensors") and "adapter_model" not in name)
    # A pipeline's parts lie in folders and copies of it at the top; any other model's at the top, and what
    # sentence-transformers puts behind it in numbered folders.
    parts = r"[^/]+/[^/]+" if "model_index.json" in names else r"(\d+_[^/]+/)?[^/]+"
    found = [name for name in found if re.fullmatch(parts, name)]
    folders: dict[str, list[str]] = {}
    for name in found:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    wanted: list[str] = []
    for inside in folders.values():
        whole = [name for name in inside if _WHOLE.fullmatch(name.rsplit("/", 1)[-1])]
        single = [name for name in whole if "-of-" not in name]
        wanted += single or whole or inside
    return wanted


def header_size(place: object, start: bytes) -> int:
    """Read how long a safetensors header is. Raises Refusal."""
    if start.startswith(POINTER[: max(1, len(start))]):
        what = "is a pointer of Git LFS, not the file that it points to"
        raise refuse(place, "", what, "Ask the owner to upload the weights themselves")
    size = int.from_bytes(start[:8], "little")
    if len(start) < 8 or not 2 <= size <= 100_000_000:  # noqa: PLR2004 - `{}`, and the format's own limit
        raise refuse(place, "", "is not safetensors: it has no header", "Ask the owner for whole safetensors")
    return size


def header(place: object, text: bytes) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Read dtype and shape of every tensor from a safetensors header. Raises Refusal."""
    found = parse(place, text)
    try:
        return {
            name: (str(one["dtype"]), tuple(map(_length, one["shape"])))
            for name, one in found.items()
            if name != "__metadata__"
        }
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise refuse(place, "", "has a header that lists no tensors", "Ask the owner for whole safetensors") from None


def _length(told: object) -> int:
    """Read how long an axis of a tensor is. Raises ValueError for what nobody could hold."""
    if not isinstance(told, int) or not 0 <= told < LONGEST_AXIS:
        raise ValueError("no tensor is of such a shape")
    return told


def parse(place: object, text: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON. Raises Refusal."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refuse(place, "", f"cannot be parsed: {error}", "Ask the owner to mend it") from None


def _weights(outline: Outline) -> Iterator[Problem]:
    if weight_files(outline.files):
        return
    if any("adapter_model" in name for name in outline.files):
        what = "holds an adapter and no whole model"
        yield Problem(outline.place, "weights", what, "Submit the model with the adapter merged into it")
    else:
        what = "holds no safetensors"
        yield Problem(outline.place, "weights", what, "Ask the owner for safetensors; pickles are not run")


def _files(outline: Outline, task: Task) -> Iterator[Problem]:
    """Find out which files are missing that turn rows into tensors."""
    names = {name.rsplit("/", 1)[-1] for name in outline.files}
    reads_text = task.processor in ("tokenizer", "processor") or task.library == "sentence_transformers"
    if reads_text and not names & set(VOCABULARIES):
        yield Problem(outline.place, "tokenizer", "holds no tokenizer", f"Add one of {', '.join(VOCABULARIES[:4])}")
    if task.processor in ("image", "processor") and not names & set(PICTURES):
        what = "does not say how its inputs are prepared"
        yield Problem(outline.place, "processor", what, f"Add {' or '.join(PICTURES[:2])}")


def _padding(outline: Outline, task: Task) -> Iterator[Problem]:
    """Queries share a batch by padding. A decoder may pad with the end of text; anything else needs its own token."""
    told = outline.text("tokenizer_config.json")
    if task.processor not in ("tokenizer", "processor") or not told or told.get("pad_token"):
        return
    tokens = outline.text("special_tokens_map.json")
    if tokens.get("pad_token") or ("pad_token" not in told and told.get("tokenizer_class") not in _GENERIC):
        return
    ends = told.get("eos_token") or tokens.get("eos_token")
    if not ends or not architectures.is_decoder(outline.text("config.json")):
        what = "its tokenizer has no padding token, which batches need"
        yield Problem(outline.place, "pad_token", what, "Name pad_token in tokenizer_config.json")


def _precision(outline: Outline, wish: Wish) -> Iterator[Problem]:
    """A checkpoint whose weights are quantised already is run as it is, or not at all."""
    kept = outline.text("config.json").get("quantization_config")
    if isinstance(kept, dict) and kept:
        method = kept.get("quant_method", "an unnamed method")
        what = f"its weights are quantised already ({method}), so they are not run as {wish.precision}"
        yield Problem(outline.place, "precision", what, "Submit the unquantised model; the harness quantises it itself")
