"""Names of classes: whether a model's own fit what a workload asks for. Numbers alone are never trusted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wattbench.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ALIASES = {"neg": "negative", "pos": "positive", "neu": "neutral"}
UNNAMED = re.compile(r"(label[ _]?)?\d+", re.IGNORECASE)  # what transformers writes where nobody named a class


def canonical(name: str, aliases: Mapping[str, str] = ALIASES) -> str:
    """Write a name as all names are compared: lower case, single spaces, common aliases resolved."""
    plain = " ".join(str(name).lower().replace("_", " ").replace("-", " ").split())
    return aliases.get(plain, plain)


def given(config: Any) -> list[str]:  # noqa: ANN401 - a config of transformers
    """Give the names in a model's config, by class number, as they are written there."""
    return [str(name) for _, name in sorted((int(i), name) for i, name in config.id2label.items())]


def unnamed(names: Sequence[str]) -> bool:
    """Whether nobody named the classes: `LABEL_0`, `LABEL_1` and so on."""
    return all(UNNAMED.fullmatch(name) for name in names)


def named(config: Any, order: Sequence[str]) -> list[str]:  # noqa: ANN401 - a config of transformers
    """Give the canonical names of a model's classes; unnamed ones are taken in the order that the task declares."""
    names = given(config)
    return list(order) if unnamed(names) and len(names) == len(order) else [canonical(name) for name in names]


def problems(config: Any, wanted: Iterable[str], order: Sequence[str]) -> list[Problem]:  # noqa: ANN401 - as above
    """Say where a model's classes are not those of the workload: both sets, by name."""
    asked = {canonical(name) for name in wanted}
    names = named(config, order)
    if set(names) == asked and len(names) == len(asked):
        return []
    told = given(config)
    message = f"the model tells {_list(told)} apart, the workload asks for {_list(sorted(asked))}"
    remedy = "Choose a model trained for these labels"
    if unnamed(told) and len(told) == len(asked):
        remedy = "Name the classes in the model's config.json (id2label)"
    return [Problem("", "labels", message, remedy)]


def _list(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
