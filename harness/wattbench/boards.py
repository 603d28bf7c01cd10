"""A board: one comparable field. It has one name, and that name is the same in files, URLs, API and commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

Precision = Literal["fp32", "bf16", "fp16", "int8", "int4"]
Scenario = Literal["single", "saturated"]
Reasoning = Literal["off", "on", "low", "medium", "high"]
MeterName = Literal["nvml", "rapl", "zeus", "estimate"]

_SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?P<task>{_SLUG})-v(?P<version>\d+)~(?P<sku>[a-z0-9-]+?)(?:x(?P<count>[1-9]\d*))?"
    rf"~(?P<precision>[a-z0-9]+)~(?P<scenario>[a-z]+)~(?P<reasoning>[a-z]+)~(?P<meter>[a-z]+)"
)


@dataclass(frozen=True, slots=True, order=True)
class Board:
    """One comparable field; results of two boards are never mixed in a ranking, a threshold or a sentence.

    `sku` is the device model as a slug (`h100-sxm5-80gb`, `cpu-amd-epyc-1-thread`), `count` how many of them.
    Raises ValueError where a part is not of its form.
    """

    task: str
    version: int
    sku: str
    precision: Precision
    scenario: Scenario = "single"
    reasoning: Reasoning = "off"
    meter: MeterName = "nvml"
    count: int = 1

    def __post_init__(self) -> None:
        """Refuse parts that would not survive a trip through the name."""
        for field, allowed in _CHOICES.items():
            if getattr(self, field) not in allowed:
                raise ValueError(f"{field} {getattr(self, field)!r} is none of {', '.join(allowed)}")
        for field in ("task", "sku"):
            if not re.fullmatch(_SLUG, getattr(self, field)):
                raise ValueError(f"{field} {getattr(self, field)!r} is not lower-case words joined by hyphens")
        if re.search(r"x\d+$", self.sku) or self.count < 1 or self.version < 0:
            raise ValueError(f"sku {self.sku!r}, count {self.count} or version {self.version} cannot be named")

    @property
    def name(self) -> str:
        """The board's one name, fields joined by `~`."""
        devices = self.sku if self.count == 1 else f"{self.sku}x{self.count}"
        parts = (
            f"{self.task}-v{self.version}",
            devices,
            self.precision,
            self.scenario,
            self.reasoning,
            self.meter,
        )
        return "~".join(parts)

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a board's name back. Raises ValueError for anything that no board is called."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(
                f"{name!r} is no board: the form is task-vN~sku[xCOUNT]~precision~scenario~reasoning~meter"
            )
        parts: dict[str, Any] = found.groupdict()
        return cls(**{**parts, "version": int(parts["version"]), "count": int(parts["count"] or 1)})

    @property
    def kind(self) -> Literal["measured", "estimated"]:
        """Whether this board's joules were measured or estimated."""
        return "estimated" if self.meter == "estimate" else "measured"


_CHOICES: dict[str, tuple[str, ...]] = {
    "precision": get_args(Precision),
    "scenario": get_args(Scenario),
    "reasoning": get_args(Reasoning),
    "meter": get_args(MeterName),
}


def slug(words: str) -> str:
    """Turn a device's marketing name into a slug: `AMD EPYC 9B14` gives `amd-epyc-9b14`."""
    return "-".join(re.findall(r"[a-z0-9]+", words.lower())) or "unknown"
