"""What a run happened on: device, processor, system and versions. Absent is null."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench import __version__
from wattbench.boards import slug
from wattbench.runs import Device

if TYPE_CHECKING:
    from collections.abc import Mapping

# Marketing names of NVML whose slug would not say what they are.
_SKUS = {
    "NVIDIA H100 80GB HBM3": "h100-sxm5-80gb",
    "NVIDIA H100 PCIe": "h100-pcie-80gb",
    "NVIDIA H200": "h200-sxm5-141gb",
    "NVIDIA A100-SXM4-80GB": "a100-sxm4-80gb",
    "NVIDIA A100-SXM4-40GB": "a100-sxm4-40gb",
    "NVIDIA A100 80GB PCIe": "a100-pcie-80gb",
    "NVIDIA B200": "b200-sxm6-180gb",
}


def gpu_sku(name: str) -> str:
    """The SKU of a GPU by the name that its driver gives it: `NVIDIA L40S` gives `l40s`."""
    return _SKUS.get(name) or slug(name.removeprefix("NVIDIA "))


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """The processor's marketing name, where the system tells it."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model\t", "Hardware"))]
    return names[0] if names else None


def threads_here() -> int:
    """How many hardware threads this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def model_threads(meter: str) -> int:
    """How many CPU threads a model may use under a meter.

    One under `estimate`: it bills CPU seconds, and threads that wait for one another spin, so that a busy neighbour
    would be billed to the model.
    """
    return 1 if meter == "estimate" else threads_here()


def device_of(meter_facts: Mapping[str, Any]) -> Device:
    """The device that a meter's joules belong to: its GPUs, or so many threads of this machine's processor."""
    gpus = meter_facts.get("gpus")
    if not gpus:
        name, count = cpu_name() or platform.machine(), model_threads(str(meter_facts.get("name")))
        sku = f"cpu-{slug(name)}-{count}-thread{'s' if count > 1 else ''}"
        return Device(name=name, uuid=None, sku=sku, count=1, fake=False)
    names = sorted({str(gpu["name"]) for gpu in gpus})
    sku = gpu_sku(names[0]) if len(names) == 1 else "mixed-" + "-".join(gpu_sku(name) for name in names)
    return Device(
        name=" + ".join(names),
        uuid=", ".join(str(gpu["uuid"]) for gpu in gpus),
        sku=sku,
        count=len(gpus),
        fake=any(bool(gpu.get("fake")) for gpu in gpus),
    )


def memory_of(meter_facts: Mapping[str, Any]) -> tuple[int | None, str]:
    """The memory that one model may fill, in bytes, and whose it is: of the smallest GPU metered, or of this machine.

    None where nobody tells.
    """
    import psutil

    gpus = meter_facts.get("gpus")
    if not gpus:
        return int(psutil.virtual_memory().total), "this machine"
    sizes = [gpu.get("memory_bytes") for gpu in gpus]
    known = [size for size in sizes if isinstance(size, int)]
    return (min(known) if len(known) == len(sizes) else None), str(gpus[0]["name"])


def harness_sha256() -> str:
    """Hash the harness's own source: every module, in the order of their paths."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def facts(versions: Mapping[str, str]) -> dict[str, Any]:
    """What a run file keeps of the machine; `versions` are those that the measured process reports."""
    return {
        "harness_version": __version__,
        "harness_sha256": harness_sha256(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "kernel": platform.release(),
        "cpu": cpu_name(),
        "threads": threads_here(),
        "memory_bytes": _memory(),
        "versions": dict(sorted(versions.items())),
    }


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
