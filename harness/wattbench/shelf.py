"""The Shelf: a local folder of models and workloads, each with a manifest of hashes. A run reads only from here.

    SHELF/models/ORG/NAME/REVISION/manifest.json + the model's files
    SHELF/workloads/TASK-vN/manifest.json + rows.parquet

A folder appears whole or not at all. Before a model is loaded every file is hashed again and held against the
manifest; pickles, code and anything that the manifest does not list are refused by name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".h5", ".msgpack", ".onnx")
CODE = (".py", ".pyc", ".so", ".dll", ".sh")
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class StoredFile(BaseModel):
    """One file: its hash as it was fetched (null for files made here) and as it is stored; where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    sha256_fetched: Sha256 | None
    sha256_stored: Sha256
    bytes: int


class DataSet(BaseModel):
    """One public data set that a workload was drawn from: its commit, its files by sha256, and how many public rows.

    `licence` is what the task says of it, `licence_on_hub` what its card says, null where that says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dataset: str
    config: str | None
    split: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    pinned: bool
    licence: str
    licence_on_hub: str | None
    rows: int
    files: dict[str, Sha256]


class Manifest(BaseModel):
    """What a folder of the Shelf holds and where it came from.

    Of workloads: `sources` they were drawn from; `pinned`, whether the task names the commit of every one (what is not
    pinned can be tried, never rated); how many of their rows are private.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["model", "workload"]
    name: str
    revision: str
    weights: Literal["real", "synthetic"] | None
    licence: str | None
    base_model: str | None
    about: str
    sources: tuple[DataSet, ...] = ()
    pinned: bool = True
    version: int | None = None
    private_rows: int = 0
    files: dict[str, StoredFile]


@dataclass(frozen=True, slots=True)
class Shelved:
    """One thing on the Shelf: its folder and its manifest."""

    folder: Path
    manifest: Manifest

    def hashes(self, *, ending: str = "") -> dict[str, str]:
        """The stored sha256 of every file whose name ends so."""
        return {name: one.sha256_stored for name, one in self.manifest.files.items() if name.endswith(ending)}


def sha256(path: Path) -> str:
    """Hash a file without reading it whole."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def model_folder(shelf: Path, model_id: str, revision: str) -> Path:
    """Where a model at a revision belongs (`:` and `=` of a package's revision become `-`)."""
    return shelf / "models" / model_id / revision.replace("package:", "package-").replace("==", "-")


def workload_folder(shelf: Path, task: str, version: int) -> Path:
    """Where a workload belongs."""
    return shelf / "workloads" / f"{task}-v{version}"


def find_model(shelf: Path, model_id: str, revision: str, remedy: str) -> Shelved:
    """Find a model on the Shelf. Raises Refusal with `remedy` (the command that fetches it) where it is absent."""
    folder = model_folder(shelf, model_id, revision)
    if not (folder / MANIFEST).is_file():
        raise refuse(folder, "model", f"{model_id} at {revision} is not on the Shelf", remedy)
    return open_folder(folder)


def find_workload(shelf: Path, task: str, version: int, remedy: str) -> Shelved:
    """Find a workload on the Shelf. Raises Refusal with `remedy` where it is absent."""
    folder = workload_folder(shelf, task, version)
    if not (folder / MANIFEST).is_file():
        raise refuse(folder, "workload", f"{task}-v{version} is not on the Shelf", remedy)
    return open_folder(folder)


def open_folder(folder: Path) -> Shelved:
    """Open a folder of the Shelf that is there. Raises Refusal for a manifest that cannot be read."""
    return Shelved(folder, _read_manifest(folder))


def verify(shelved: Shelved) -> None:
    """Hash every file again; refuse pickles, code and strangers by name. Raises Refusal with every problem."""
    problems = list(_problems(shelved))
    if problems:
        raise Refusal(problems)


def _problems(shelved: Shelved) -> Iterator[Problem]:
    folder, files = shelved.folder, shelved.manifest.files
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    again = "Delete this folder and fetch it again"
    for name in sorted(present | set(files)):
        place = str(folder / name)
        if name.endswith(PICKLES):
            yield Problem(place, "", "is a pickle or another format that is not safetensors", "Ask for safetensors")
        elif name.endswith(CODE):
            yield Problem(
                place, "", "is code that came with a model; remote code is never run", "Ask for a model without"
            )
        elif name not in files:
            yield Problem(place, "", "is not in the manifest", again)
        elif (folder / name).is_symlink() or not (folder / name).is_file():
            yield Problem(place, "", "is in the manifest but is no file here", again)
        elif (found := sha256(folder / name)) != files[name].sha256_stored:
            expected = files[name].sha256_stored
            yield Problem(place, "sha256", f"is {found[:12]}..., the manifest says {expected[:12]}...", again)
        elif name.endswith("config.json") and "auto_map" in _json(folder / name):
            yield Problem(place, "auto_map", "asks for remote code, which is never run", "Ask for a model without")
    if shelved.manifest.kind == "model" and not any(name.endswith(".safetensors") for name in files):
        yield Problem(str(folder), "", "holds no safetensors", "Ask for safetensors")


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except ValueError as error:
        raise refuse(path, "", f"not JSON: {error}", "Delete this folder and fetch it again") from None
    return data if isinstance(data, dict) else {}


def _read_manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise refuse(folder / MANIFEST, field, first["msg"], "Delete this folder and fetch it again") from None


@contextlib.contextmanager
def place(folder: Path) -> Iterator[Path]:
    """Fill a folder of the Shelf: yields a temporary one beside it, renamed when the block ends without an error.

    Whoever fills it writes the manifest last, with `write_manifest`. Raises Refusal where the disk refuses.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for stale in folder.parent.glob(f".filling-{folder.name}-*"):  # of a run that was killed
            shutil.rmtree(stale, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".filling-{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise refuse(
            folder, "", f"cannot be written: {error.strerror}", "Free some space or choose another Shelf"
        ) from None
    try:
        yield temporary
        temporary.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError as error:
        raise refuse(folder, "", f"cannot be written: {error}", "Free some space or choose another Shelf") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_manifest(
    folder: Path, manifest: dict[str, Any], fetched: dict[str, str | None], sources: dict[str, str] | str
) -> None:
    """Hash what `folder` holds and write its manifest.

    `fetched` gives the sha256 of files as they were fetched; `sources` where each came from (or all of them).
    """
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        source = sources if isinstance(sources, str) else sources.get(name, "made by wattbench")
        files[name] = StoredFile(
            source=source, sha256_fetched=fetched.get(name), sha256_stored=sha256(path), bytes=path.stat().st_size
        )
    whole = Manifest(files=files, **manifest)
    (folder / MANIFEST).write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")
