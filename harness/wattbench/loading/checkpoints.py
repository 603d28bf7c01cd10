"""Whether a checkpoint fills its model: nothing left to chance, and little left over.

A library that finds no weights for a part of a model draws them at random and says so in a log line; one that finds
more than the model has drops the rest. Both would be measured as if they were the model.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

INDEX = ".safetensors.index.json"
SHARE = 0.01  # of a checkpoint's bytes that may be left over: more, and another model is measured than was trained
NAMED = 4  # names in a message
# Absent, and of no consequence: used in training alone, or an output that the task never reads.
UNREAD = {
    "*": r"(^|\.)masked_spec_embed$",
    "sentence_transformers": r"(^|\.)pooler\.",
    "vision-encoder-decoder": r"^encoder\.pooler\.",
}
# Left over, and harmless at any size: heads of pre-training's pooled output, and buffers of older versions.
DROPPED = r"(^|\.)(pooler\.|position_ids$|num_batches_tracked$|inv_freq$|masked_bias$)"
# How diffusers itself renames the autoencoders of older checkpoints.
RENAMED = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}


@dataclass(frozen=True, slots=True)
class Keys:
    """What one part of a model and its checkpoint do not share. `sizes`: bytes of every tensor of the checkpoint."""

    place: str
    kind: str
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unexpected: tuple[str, ...]
    sizes: Mapping[str, int]


def told(place: Path, kind: str, info: Mapping[str, Any]) -> Keys:
    """Take over what transformers tells about loading (`output_loading_info`)."""
    mismatched = [str(one[0] if isinstance(one, (tuple, list)) else one) for one in info["mismatched_keys"]]
    broken = [str(one).splitlines()[0] for one in info.get("error_msgs", ())]
    missing, unexpected = sorted(info["missing_keys"]), sorted(info["unexpected_keys"])
    return Keys(str(place), kind, tuple(missing), (*sorted(mismatched), *broken), tuple(unexpected), sizes(place))


def compared(place: Path, expected: Iterable[str]) -> Keys:
    """Hold the names that a model of diffusers expects against those that its folder has."""
    found = {_renamed(name): size for name, size in sizes(place).items()}
    wanted = set(expected)
    missing, unexpected = sorted(wanted - set(found)), sorted(set(found) - wanted)
    return Keys(str(place), "diffusers", tuple(missing), (), tuple(unexpected), found)


def _renamed(name: str) -> str:
    for old, new in RENAMED.items():
        name = name.replace(old, new) if ".attentions." in name else name
    return name


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of every tensor in a folder's safetensors, by name, from their headers alone.

    Where an index names the files, those; else the file that libraries load, without copies in other precisions.
    """
    files = sorted(folder.glob("*.safetensors"))
    indices = sorted(folder.glob(f"*{INDEX}"))
    usual = [path for path in files if path.name in {"model.safetensors", "diffusion_pytorch_model.safetensors"}]
    if usual or indices:
        named = {name for path in indices for name in json.loads(path.read_bytes())["weight_map"].values()}
        files = usual or [path for path in files if path.name in named]
    found: dict[str, int] = {}
    for path in files:
        with path.open("rb") as handle:
            header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
        found |= {
            name: one["data_offsets"][1] - one["data_offsets"][0]
            for name, one in header.items()
            if name != "__metadata__"
        }
    return found


def problems(parts: Iterable[Keys]) -> Iterator[Problem]:
    """List what no measurement may overlook: weights that are drawn at random, and large parts left out."""
    for part in parts:
        if lacking := [name for name in part.missing if not _unread(part, name)]:
            text = f"{len(lacking)} weights are missing and would be drawn at random: {_some(lacking)}"
            yield Problem(part.place, "missing weights", text, "Ask for a checkpoint that was trained for this task")
        if part.mismatched:
            text = f"{len(part.mismatched)} weights do not fit the config: {_some(part.mismatched)}"
            yield Problem(part.place, "mismatched weights", text, "Ask for a checkpoint whose config is its own")
        if (share := _left_over(part)) > SHARE:
            over = _counted(part)
            text = f"{len(over)} weights, {share:.1%} of the bytes, have no place in the model: {_some(over)}"
            yield Problem(part.place, "extra weights", text, "Ask for a checkpoint and a config that belong together")


def facts(parts: Iterable[Keys]) -> dict[str, Any]:
    """What a run keeps of the differences that were let pass."""
    parts = list(parts)
    unread = [name for part in parts for name in part.missing]
    over = [name for part in parts for name in part.unexpected]
    share = max((_left_over(part) for part in parts), default=0.0)
    return {
        "missing_weights": unread[:NAMED] or None,
        "extra_weights": {"count": len(over), "share": round(share, 6), "names": over[:NAMED]} if over else None,
    }


def _unread(part: Keys, name: str) -> bool:
    return any(re.search(UNREAD[kind], name) for kind in ("*", part.kind) if kind in UNREAD)


def _counted(part: Keys) -> list[str]:
    return [name for name in part.unexpected if not re.search(DROPPED, name)]


def _left_over(part: Keys) -> float:
    """Give the share of the checkpoint's bytes that found no place, without those that are harmless at any size."""
    total = sum(part.sizes.values())
    return sum(_size(part.sizes, name) for name in _counted(part)) / total if total else 0.0


def _size(known: Mapping[str, int], name: str) -> int:
    """Find a tensor's bytes, also where the library names it without its model's prefix, or with."""
    ends = (size for one, size in known.items() if one.endswith(f".{name}") or name.endswith(f".{one}"))
    return known[name] if name in known else next(ends, 0)


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")
