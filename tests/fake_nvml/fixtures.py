"""Pytest fixtures around the stand-in NVML: compile it, load it, change what it says, ask for the truth.

The library is loaded by its SONAME, so the real `pynvml` of this process finds it, and subprocesses find it through
`environment()`. Nothing here pretends to be hardware: see the head of `fake_nvml.c`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).with_name("fake_nvml.c")
SONAME = "libnvidia-ml.so.1"
NANOSECONDS = 1_000_000_000

# NVML's return codes, for the `..._return` settings.
NOT_SUPPORTED, NO_PERMISSION, DRIVER_NOT_LOADED, VERSION_MISMATCH, UNKNOWN = 3, 4, 9, 18, 999


@dataclass
class FakeGpu:
    """One device of the state file: its settings, and its load as (ns of the monotonic clock, W)."""

    settings: dict[str, object] = field(default_factory=dict)
    loads: list[tuple[int, float]] = field(default_factory=list)

    def lines(self, index: int) -> Iterator[str]:
        yield f"gpu {index}"
        yield from (f"load {since} {1000 * watts:.3f}" for since, watts in self.loads)
        for key, value in self.settings.items():
            # A list is one line an entry: compute=[11, 12] lists two processes.
            yield from (f"{key} {one}" for one in (value if isinstance(value, list | tuple) else [value]))


@dataclass
class FakeNvml:
    """The stand-in's state: change it at any time, also while a meter or another process reads it."""

    library: Path
    state: Path
    gpus: list[FakeGpu] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)

    def add_gpu(self, watts: float = 300, **settings: object) -> None:
        """Plug in one more GPU that draws `watts` from now on."""
        self.gpus.append(FakeGpu(settings, [(time.monotonic_ns(), watts)]))
        self.write()

    def change(self, gpu: int = 0, watts: float | None = None, **settings: object) -> None:
        """Change a GPU from now on: its load in W, or any key that `fake_nvml.c` reads."""
        if watts is not None:
            self.gpus[gpu].loads.append((time.monotonic_ns(), watts))
        self.gpus[gpu].settings.update(settings)
        self.write()

    def change_driver(self, **settings: object) -> None:
        """Change what is not of one GPU: `init_return`."""
        self.settings.update(settings)
        self.write()

    def write(self) -> None:
        """Replace the state file in one step: no reader sees half of it."""
        lines = [f"{key} {value}" for key, value in self.settings.items()]
        for index, gpu in enumerate(self.gpus):
            lines += gpu.lines(index)
        temporary = self.state.with_suffix(".new")
        temporary.write_text("\n".join(lines) + "\n")
        temporary.replace(self.state)
        # In place: the library has this file mapped, and looks there for whether to read the other again.
        counted = os.open(f"{self.state}.generation", os.O_RDWR | os.O_CREAT, 0o600)
        before = int.from_bytes(os.read(counted, 8), sys.byteorder)
        os.pwrite(counted, (before + 1).to_bytes(8, sys.byteorder), 0)
        os.close(counted)

    def true_joules(self, opened: float, closed: float, gpu: int = 0) -> float:
        """What the library really integrated between two times of the monotonic clock, in J."""
        truth = ctypes.CDLL(str(self.library)).fakeNvmlTrueMillijoules
        truth.restype = ctypes.c_double
        truth.argtypes = [ctypes.c_uint, ctypes.c_int64, ctypes.c_int64]
        return float(truth(gpu, round(opened * NANOSECONDS), round(closed * NANOSECONDS))) / 1000

    def environment(self) -> dict[str, str]:
        """Build the environment in which another process finds the stand-in."""
        path = os.pathsep.join(filter(None, [str(self.library.parent), os.environ.get("LD_LIBRARY_PATH")]))
        return os.environ | {"LD_LIBRARY_PATH": path, "FAKE_NVML_STATE": str(self.state)}


@pytest.fixture(scope="session")
def fake_nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the stand-in once a session; skips where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler (cc, gcc or clang) to build the stand-in NVML with")
    library = tmp_path_factory.mktemp("fake_nvml") / SONAME
    flags = ["-shared", "-fPIC", "-O1", f"-Wl,-soname,{SONAME}"]
    subprocess.run([compiler, *flags, "-o", str(library), str(SOURCE)], check=True)
    return library


@pytest.fixture
def nvml(fake_nvml_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    """Give the stand-in one GPU that draws 300 W, found by the `pynvml` of this process too."""
    fake = FakeNvml(fake_nvml_library, tmp_path / "nvml.state")
    fake.add_gpu()
    # Loaded first, it is what the later dlopen("libnvidia-ml.so.1") of pynvml finds.
    ctypes.CDLL(str(fake_nvml_library), mode=ctypes.RTLD_GLOBAL)
    monkeypatch.setenv("FAKE_NVML_STATE", str(fake.state))
    monkeypatch.setenv("LD_LIBRARY_PATH", fake.environment()["LD_LIBRARY_PATH"])  # where the sampler finds it
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)
    return fake
