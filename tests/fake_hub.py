"""A Hub of one's own: a local HTTP server that speaks the Hub's API for models and data sets, by HF_ENDPOINT.

It serves what tests put there, file by file with commits, LFS hashes and ranges, and fails in the ways that tests ask.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import fake_hub_writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COMMIT = "a" * 40
CONVERTED = "refs/convert/parquet"
LFS = (".safetensors", ".bin", ".parquet")
TOKEN = "hf_of_a_test"  # noqa: S105 - opens nothing but this server


@dataclass
class Repository:
    """A model or a data set. `claimed` gives files a sha256 that they do not have.

    named: how the Hub spells it, where that is not `id`. more: further fields of the API's answer.
    converted: the Hub's own conversion of a data set to Parquet, under a reference of its own. others: the files of
    other commits.
    """

    kind: Literal["models", "datasets"]
    id: str
    files: dict[str, bytes]
    commit: str = COMMIT
    licence: str | None = "mit"
    gated: bool = False
    claimed: dict[str, str] = field(default_factory=dict)
    converted: Repository | None = None
    private: bool = False
    named: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    others: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def info(self) -> bytes:
        """What the API answers about it."""
        siblings = []
        for name, data in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
            one: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
            if name.endswith(LFS):
                digest = self.claimed.get(name, hashlib.sha256(data).hexdigest())
                one["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 1}
            siblings.append(one)
        told = {
            "id": self.named or self.id,
            "sha": self.commit,
            "siblings": siblings,
            "cardData": {"license": self.licence} if self.licence else {},
            "gated": "manual" if self.gated else False,
            "private": self.private,
            "downloads": 0,
            "likes": 0,
            "tags": [],
        } | self.more
        return json.dumps(told).encode()


@dataclass
class Fault:
    """What goes wrong with requests whose path holds `path`, the next `times` times.

    cut: the body ends after so many bytes. swap: other bytes of the same length are sent. stall: seconds of silence.
    """

    path: str
    times: int = 10**6
    status: int | None = None
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    swap: bool = False
    stall: float = 0.0
    method: str = ""


@dataclass
class Pull:
    """A pull request: the files that its one commit writes, None for one that it removes."""

    number: int
    model: str
    title: str
    description: str
    author: str
    parent: str | None
    files: dict[str, bytes | None]
    status: str = "open"


class FakeHub:
    """What the server has, what goes wrong, and what it was asked.

    people: who a token speaks for, as whoami says it. broken_cards: what the Hub says of the front matter of any card.
    """

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self.sent: dict[str, int] = {}
        self.elsewhere = False  # large files are redirected to another host, as the Hub does
        self.told_elsewhere: list[str | None] = []  # who that host was told that asks
        self.url = ""
        self.people: dict[str, dict[str, Any]] = {}
        self.pulls: list[Pull] = []
        self.commits: list[dict[str, Any]] = []
        self.broken_cards: list[str] = []

    def put(
        self, kind: Literal["models", "datasets"], identity: str, files: Mapping[str, bytes], **more: Any
    ) -> Repository:
        """Put a model or a data set there."""
        one = Repository(kind, identity, dict(files), **more)
        self.repositories[kind, identity] = one
        return one

    def fail(self, path: str, **what: Any) -> None:
        """Make requests go wrong."""
        self.faults.append(Fault(path, **what))

    def fault(self, method: str, path: str) -> Fault | None:
        """Take the next fault that is due for a path."""
        for one in self.faults:
            if one.path in path and one.times > 0 and one.method in ("", method):
                one.times -= 1
                return one
        return None


@contextlib.contextmanager
def serve() -> Iterator[FakeHub]:
    """Run a Hub; yields it with its `url`."""
    hub = FakeHub()

    class Handler(_Handler):
        state = hub

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    state: FakeHub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.state.asked.append(f"{self.command} {self.path}")
        fault = self.state.fault(self.command, self.path)
        if fault and fault.stall:
            time.sleep(fault.stall)
        if fault and fault.status:
            headers = dict(fault.headers) | ({"X-Error-Code": fault.code} if fault.code else {})
            return self.reply(fault.status, b'{"error": "no"}', headers)
        path = urllib.parse.unquote(self.path.split("?")[0].strip("/"))
        if fake_hub_writing.get(self, path):
            return None
        if found := re.fullmatch(r"api/(models|datasets)/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            return self.about(*found.groups())
        if self.state.elsewhere and "/resolve/" in path and path.endswith(LFS):
            host = self.state.url.replace("127.0.0.1", "localhost")
            return self.reply(302, b"", {"Location": f"{host}{self.path.replace('/resolve/', '/stored/')}"})
        if "/stored/" in path:
            self.state.told_elsewhere.append(self.headers.get("Authorization"))
            path = path.replace("/stored/", "/resolve/")
        if found := re.fullmatch(r"(datasets/)?([^/]+/[^/]+)/resolve/(refs/pr/\d+|[^/]+)/(.+)", path):
            return self.file("datasets" if found[1] else "models", found[2], found[3], found[4], fault)
        return self.reply(404, b"{}", {})

    def do_POST(self) -> None:
        self.state.asked.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.state.fault("POST", self.path)
        if fault and fault.status:
            headers = dict(fault.headers) | ({"X-Error-Code": fault.code} if fault.code else {})
            return self.reply(fault.status, b'{"error": "no"}', headers)
        return fake_hub_writing.post(self, urllib.parse.unquote(self.path.split("?")[0].strip("/")), body)

    def repository(self, kind: str, identity: str, revision: str | None) -> Repository | None:
        one = self.state.repositories.get((kind, identity))
        if one is None:
            self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif one.converted is not None and revision in (CONVERTED, one.converted.commit):
            return one.converted
        elif revision is not None and revision.startswith("refs/pr/"):
            return fake_hub_writing.pulled(self, one, int(revision.rsplit("/", 1)[1]))
        elif revision in one.others:
            return replace(one, commit=revision, files=one.others[revision])
        elif revision not in (None, "main", one.commit):
            self.reply(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            return one
        return None

    def about(self, kind: str, identity: str, revision: str | None) -> None:
        if one := self.repository(kind, identity, revision):
            self.reply(200, one.info(), {})

    def file(self, kind: str, identity: str, revision: str, name: str, fault: Fault | None) -> None:
        one = self.repository(kind, identity, revision)
        if one is None:
            return None
        if one.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.reply(403, b"{}", {"X-Error-Code": "GatedRepo"})
        if name not in one.files:
            return self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        data = one.files[name]
        digest = one.claimed.get(name, hashlib.sha256(data).hexdigest())
        headers = {"ETag": f'"{digest}"', "X-Repo-Commit": one.commit, "Accept-Ranges": "bytes"}
        start, status = 0, 200
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end = int(found[1]), min(int(found[2] or len(data) - 1), len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
            data, status = data[start : end + 1], 206
        if fault and fault.swap:
            data = bytes(byte ^ 1 for byte in data)
        return self.reply(status, data, headers, None if fault is None else fault.cut)

    def reply(self, status: int, body: bytes, headers: Mapping[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            path = self.path.split("?")[0]
            self.state.sent[path] = self.state.sent.get(path, 0) + len(body[:cut])
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body[:cut])
        self.close_connection = True


def parquet(rows: Sequence[Mapping[str, Any]], row_group: int | None = None) -> bytes:
    """Write rows as Parquet, as data sets on the Hub are."""
    import polars as pl

    data = io.BytesIO()
    pl.DataFrame(list(rows), infer_schema_length=None).write_parquet(data, row_group_size=row_group)
    return data.getvalue()


def safetensors(tensors: Mapping[str, tuple[str, Sequence[int]]], *, body: bool = True) -> bytes:
    """Write a safetensors file of zeros; without `body` the header alone, for models that would fill a disk."""
    sizes = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I8": 1, "U8": 1, "I32": 4, "F8_E4M3": 1}
    header, at = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = sizes[dtype]
        for length in shape:
            size *= length
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + (b"\0" * at if body else b"")
