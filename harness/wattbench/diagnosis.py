"""What this machine has, which meter a run on it would use, and what such a run could be used for."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from rich.markup import escape

from wattbench import environment, meters, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wattbench.boards import MeterName
    from wattbench.meters import Meter

METERS: tuple[MeterName, ...] = ("nvml", "rapl", "estimate")
PACKAGES = ("torch", "transformers", "optimum", "sentence-transformers", "diffusers", "onnx", "nvidia-ml-py", "polars")
MEANS = {"nvml": "the energy counter of NVIDIA GPUs", "rapl": "the processor's own counter", "estimate": "no reading"}


class MeterFound(BaseModel):
    """One meter: whether it works here, and why not."""

    model_config = ConfigDict(frozen=True)
    name: str
    works: bool
    why_not: str | None
    facts: dict[str, Any] | None


class Diagnosis(BaseModel):
    """All that `wattbench doctor` says; `sku` is the device's part of a board's name."""

    model_config = ConfigDict(frozen=True)
    cpu: str | None
    threads: int
    memory_bytes: int | None
    system: str
    python: str
    packages: dict[str, str | None]
    meters: tuple[MeterFound, ...]
    meter: str | None
    sku: str | None
    models_on_shelf: int
    good_for: tuple[str, ...]
    not_good_for: tuple[str, ...]


def diagnose(shelf_folder: Path) -> Diagnosis:
    """Look at this machine. Loads no torch; a package's version is read from its metadata."""
    found = [_try(name) for name in METERS]
    best = next((one for one in found if one.works), None)
    device = environment.device_of(best.facts) if best and best.facts else None
    good, bad = _uses(best, device.fake if device else False)
    facts = environment.facts({})
    return Diagnosis(
        cpu=facts["cpu"],
        threads=facts["threads"],
        memory_bytes=facts["memory_bytes"],
        system=f"{facts['system']}, kernel {facts['kernel']}",
        python=platform.python_version(),
        packages={name: _version(name) for name in PACKAGES},
        meters=tuple(found),
        meter=best.name if best else None,
        sku=device.sku if device else None,
        models_on_shelf=sum(1 for _ in (shelf_folder / "models").glob(f"*/*/*/{shelf.MANIFEST}")),
        good_for=tuple(good),
        not_good_for=tuple(bad),
    )


def _try(name: MeterName) -> MeterFound:
    try:
        meter: Meter = meters.find(name)
    except meters.MeterUnavailable as unavailable:
        return MeterFound(name=name, works=False, why_not=str(unavailable), facts=None)
    return MeterFound(name=name, works=True, why_not=None, facts=meter.facts())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _uses(best: MeterFound | None, fake: bool) -> tuple[list[str], list[str]]:  # noqa: FBT001 - one fact of two
    """Say what a run with this meter could and could not be used for (METHOD section 2)."""
    rated = "a rated edition"
    if best is None:
        return [], ["anything: no meter works here"]
    if fake:
        return ["testing the harness itself"], [f"{rated}: the driver is a stand-in (FAKE)", "the demo edition"]
    if best.name == "nvml":
        return [f"{rated}, under the official protocol", "the demo", "measuring any command"], []
    if best.name == "rapl":
        return ["CPU boards of their own", "the demo", "measuring any command"], [f"{rated} on a GPU board"]
    return (
        ["the demo edition: outlined stars, marked demo", "comparing models with one another on this machine"],
        [f"{rated}: its energy is estimated, not measured", "comparing with any other machine"],
    )


def lines(found: Diagnosis) -> Iterator[str]:
    """Say it to a person, with rich's markup."""
    memory = f", {found.memory_bytes / 2**30:.0f} GiB" if found.memory_bytes else ""
    yield f"[bold]Machine[/]   {escape(found.cpu or 'unknown processor')}, {found.threads} threads{memory}"
    yield f"          {escape(found.system)}, Python {found.python}"
    yield "[bold]Meters[/]"
    for one in found.meters:
        mark = "[green]works[/]  " if one.works else "[dim]not here[/]"
        chosen = "  <- a run here would use this one" if one.name == found.meter else ""
        why = f"{one.why_not}" if one.why_not else MEANS[one.name]
        yield f"  {one.name:9} {mark} {escape(why)}{chosen}"
        if one.name == "estimate" and one.facts:
            yield f"            every number is estimated: {one.facts['watts_per_core']:g} W a busy core;"
            yield f"            {escape(one.facts['source'])}"
    if found.sku:
        yield f"[bold]Boards[/]    TASK-vN~{found.sku}~PRECISION~SCENARIO~REASONING~{found.meter}"
    installed = [f"{name} {version}" for name, version in found.packages.items() if version]
    missing = [name for name, version in found.packages.items() if not version]
    yield f"[bold]Packages[/]  {', '.join(installed)}"
    if missing:
        yield f"          missing: {', '.join(missing)} (pip install 'wattstar\\[bench,demo]')"
    yield f"[bold]Shelf[/]     {found.models_on_shelf} models" + (
        "" if found.models_on_shelf else " (`wattbench demo --fetch-only` puts the demo's there)"
    )
    for use in found.good_for:
        yield f"[green]Good for[/]  {use}"
    for use in found.not_good_for:
        yield f"[red]Not for[/]   {use}"
