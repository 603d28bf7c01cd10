"""The only door to huggingface-hub: look a repository up, read its small files, fetch files at a pinned commit.

HF_ENDPOINT and HF_TOKEN are read at every call. What is transient (429, 5xx, a broken connection) is tried again,
within bounds. A download goes on where it was cut off, and no file gets its name before its hash is the Hub's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import sleep
from typing import TYPE_CHECKING, Any, Literal

from wattbench import hub_trouble
from wattbench import shelf as shelves
from wattbench.problems import Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TIMEOUT_SECONDS = 30.0
WHOLE = 200  # what a server that knows no ranges answers to a request for a part
CONVERTED = "refs/convert/parquet"  # where the Hub keeps its own conversion of data sets to Parquet
Kind = Literal["model", "dataset"]
# Told while a file is fetched: its name, the bytes that are there, the bytes it has.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on the Hub: its size and its sha256 (large files) or git's hash of it (small ones)."""

    bytes: int
    sha256: str | None
    git_sha1: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """A model or a data set at one commit, as the Hub lists it.

    name: as the Hub spells it; another than `id` where it was renamed, or spelled in another case. task: its pipeline
    tag. parameters: how many there are of each dtype of safetensors, as far as the Hub says.
    """

    kind: Kind
    id: str
    commit: str
    licence: str | None
    files: Mapping[str, Remote]
    name: str = ""
    gated: bool = False
    private: bool = False
    task: str | None = None
    base_models: tuple[str, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)


def look_up(kind: Kind, identity: str, revision: str | None) -> Repository:
    """Look a repository up; without a revision at the head of its main branch. Raises Refusal."""
    ask: Any = client().model_info if kind == "model" else client().dataset_info
    info = persistently(
        lambda: ask(identity, revision=revision, files_metadata=True, timeout=TIMEOUT_SECONDS), identity
    )
    if revision not in (None, CONVERTED, info.sha):
        raise refuse(identity, "revision", f"the Hub answers with {info.sha}", "Pin the full commit")
    for name in (one.rfilename for one in info.siblings or []):
        if name.startswith("/") or ".." in name.split("/"):
            raise refuse(f"{identity}/{name}", "", "is no name of a file inside a repository", "Do not fetch from it")
    card = info.card_data.to_dict() if info.card_data else {}
    files = {
        one.rfilename: Remote(one.size or 0, one.lfs.sha256 if one.lfs else None, None if one.lfs else one.blob_id)
        for one in info.siblings or []
    }
    counted = getattr(info, "safetensors", None)
    return Repository(
        kind,
        identity,
        info.sha,
        ", ".join(_texts(card.get("license"))) or None,
        files,
        name=info.id,
        gated=bool(info.gated),
        private=bool(info.private),
        task=next(iter(_texts(getattr(info, "pipeline_tag", None))), None),
        base_models=tuple(_texts(card.get("base_model"))),
        parameters=dict(counted.parameters) if counted else {},
    )


def _texts(told: object) -> list[str]:
    """One text or several, as owners write them into cards; anything else is nothing."""
    return [one for one in (told if isinstance(told, list) else [told]) if isinstance(one, str)]


def read(repository: Repository, name: str, limit: int | None = None) -> bytes:
    """Read a small file, or the first `limit` bytes of a large one. Raises Refusal."""

    def get() -> bytes:
        found = b""
        with _stream(repository, name, {} if limit is None else {"Range": f"bytes=0-{limit - 1}"}) as response:
            for chunk in response.iter_bytes():
                found += chunk
                if limit is not None and len(found) >= limit:  # a server may not know ranges
                    break
        return found[:limit]

    data: bytes = persistently(get, f"{repository.id}/{name}")
    return data


def fetch(repository: Repository, names: Sequence[str], folder: Path, tell: Tell | None = None) -> dict[str, str]:
    """Fetch files into `folder`, going on where an earlier call stopped; the sha256 of each. Raises Refusal.

    A file whose hash is not the Hub's is fetched once more, then refused; it is not kept.
    """
    found: dict[str, str] = {}
    for name in names:
        path, remote = folder / name, repository.files[name]
        for last in (False, True):
            if not path.is_file():
                _download(repository, name, path, tell)
            found[name] = shelves.sha256(path)
            wrong = _differs(path, remote, found[name])
            if wrong is None:
                break
            path.unlink()
            if last:
                raise refuse(f"{repository.id}/{name}", "sha256", wrong, "Try again; nothing was kept")
    return found


def downloads(shelf: Path, repository: Repository) -> Path:
    """Where files of a repository lie until they are whole and have been put to use."""
    return shelf / ".downloads" / f"{repository.kind}--{repository.id.replace('/', '--')}--{repository.commit}"


def _differs(path: Path, remote: Remote, sha256: str) -> str | None:
    """Say how a file differs from what the Hub lists, or None."""
    if remote.sha256 is not None and sha256 != remote.sha256:
        return f"sha256 is {sha256[:12]}..., the Hub says {remote.sha256[:12]}..."
    if remote.git_sha1 is not None:
        data = path.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        if git != remote.git_sha1:
            return f"git's hash is {git[:12]}..., the Hub says {remote.git_sha1[:12]}..."
    return None


def _download(repository: Repository, name: str, path: Path, tell: Tell | None) -> None:
    """Download one file through `NAME.part`, which a later call goes on with."""
    part = path.with_name(path.name + ".part")
    size = repository.files[name].bytes

    def go_on() -> None:
        have = part.stat().st_size if part.is_file() else 0
        if have >= size and have:
            return
        with _stream(repository, name, {"Range": f"bytes={have}-"} if have else {}) as response:
            have = 0 if response.status_code == WHOLE else have  # a server that knows no ranges sends all of it
            with part.open("r+b" if have else "wb") as handle:
                handle.seek(have)
                for chunk in response.iter_bytes():
                    handle.write(chunk)
                    have += len(chunk)
                    if tell is not None:
                        tell(name, have, size)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        persistently(go_on, f"{repository.id}/{name}", lambda: part.stat().st_size if part.is_file() else 0)
        part.rename(path)
    except OSError as error:
        raise refuse(path, "", f"cannot be written: {error.strerror or error}", "Free some space") from None
    except Refusal:
        if part.is_file() and part.stat().st_size > size:
            part.unlink()
        raise


@contextlib.contextmanager
def _stream(repository: Repository, name: str, headers: Mapping[str, str]) -> Iterator[Any]:
    """Open a file of the Hub. Raises what huggingface_hub raises."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import (  # type: ignore[attr-defined] # documented, yet not listed as exported
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    url = hf_hub_url(repository.id, name, repo_type=repository.kind, revision=repository.commit, endpoint=_endpoint())
    asked = {**build_hf_headers(), "Accept-Encoding": "identity", **headers}
    with get_session().stream("GET", url, headers=asked, timeout=TIMEOUT_SECONDS, follow_redirects=True) as response:
        hf_raise_for_status(response)
        yield response


def client() -> Any:  # noqa: ANN401 - its own type would have to be imported
    """Give huggingface_hub's client for the Hub that HF_ENDPOINT names, or for the one."""
    from huggingface_hub import HfApi

    return HfApi(endpoint=_endpoint())


def operations(files: Mapping[str, bytes | None]) -> list[Any]:
    """Give what a commit does to some files, as huggingface_hub takes it; None removes a file."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    return [
        CommitOperationDelete(path) if data is None else CommitOperationAdd(path, data) for path, data in files.items()
    ]


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def persistently(work: Callable[[], Any], what: str, progress: Callable[[], int] = lambda: 0) -> Any:  # noqa: ANN401
    """Do some work with the Hub, trying again where that may help. Raises Refusal in clear words.

    Tries are counted anew whenever `progress` has grown.
    """
    tries, before = 0, progress()
    while True:
        try:
            return work()
        except Exception as error:
            # Which errors a dead network raises depends on the HTTP library that huggingface_hub brings. Those of
            # the disk are the caller's.
            if isinstance(error, Refusal) or (isinstance(error, OSError) and type(error).__module__ == "builtins"):
                raise
            failed = error
        now = progress()
        tries, before = (1 if now > before else tries + 1), now
        wait = hub_trouble.wait(failed, tries)
        if wait is None:
            raise hub_trouble.refusal(failed, what) from None
        sleep(wait)
