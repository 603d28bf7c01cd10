"""The Hub over HTTP: a small local server speaks the Hub's API for one model, by HF_ENDPOINT."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import shelf_factory

from wattbench import shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEIGHTS = b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"a pickle",
    "evil.py": b"print('no')",
}


class Hub:
    """What the server answers; tests change it."""

    def __init__(self) -> None:
        self.files = dict(FILES)
        self.status = 200
        self.error = ""
        self.claimed: dict[str, str] = {}
        self.asked: list[str] = []
        self.url = ""

    def info(self) -> bytes:
        siblings = []
        for name, data in self.files.items():
            one: dict[str, object] = {"rfilename": name, "size": len(data)}
            if name.endswith((".safetensors", ".bin")):
                digest = self.claimed.get(name, hashlib.sha256(data).hexdigest())
                one["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 1}
            siblings.append(one)
        return json.dumps(
            {"id": "org/quick", "sha": shelf_factory.REVISION, "siblings": siblings, "cardData": {"license": "mit"}}
        ).encode()


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            state.asked.append(self.path)
            if state.status != 200:
                return self.reply(state.status, b'{"error": "no"}', {"X-Error-Code": state.error})
            if self.path.startswith("/api/models/org/quick"):
                return self.reply(200, state.info(), {})
            name = self.path.rsplit("/", 1)[-1].split("?")[0]
            if name not in state.files:
                return self.reply(404, b"", {"X-Error-Code": "EntryNotFound"})
            data = state.files[name]
            etag = hashlib.sha256(data).hexdigest()
            return self.reply(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": shelf_factory.REVISION})

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


def prefetch(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run `wattbench prefetch` against the server: HF_ENDPOINT is read when huggingface_hub is imported."""
    if not (folder / "submissions").exists():
        shelf_factory.submission(folder)
    command = [sys.executable, "-c", "from wattbench.cli import main; main()", "prefetch", str(folder / "submissions")]
    return subprocess.run(
        [*command, "--shelf", str(folder / "shelf")],
        env=os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_model_is_fetched_checked_and_shelved_without_pickles_or_code(tmp_path: Path, hub: Hub) -> None:
    done = prefetch(tmp_path, hub.url)
    assert done.returncode == 0, done.stderr
    found = shelf.find_model(tmp_path / "shelf", "org/quick", shelf_factory.REVISION, "")
    shelf.verify(found)
    assert set(found.manifest.files) == {"config.json", "model.safetensors"}
    assert found.manifest.licence == "mit"
    stored = found.manifest.files["model.safetensors"]
    assert stored.sha256_fetched == stored.sha256_stored == hashlib.sha256(WEIGHTS).hexdigest()
    assert not any("pytorch_model.bin" in path or "evil.py" in path for path in hub.asked)
    asked = len(hub.asked)
    assert "on the Shelf already" in prefetch(tmp_path, hub.url).stdout
    assert len(hub.asked) == asked


def test_a_file_that_differs_from_what_the_hub_lists_is_refused_and_not_kept(tmp_path: Path, hub: Hub) -> None:
    hub.claimed["model.safetensors"] = "0" * 64
    done = prefetch(tmp_path, hub.url)
    assert done.returncode == 1
    assert "sha256 is" in done.stderr
    assert not (tmp_path / "shelf/models/org/quick" / shelf_factory.REVISION).exists()


def test_a_model_of_pickles_only_is_refused(tmp_path: Path, hub: Hub) -> None:
    del hub.files["model.safetensors"]
    done = prefetch(tmp_path, hub.url)
    assert done.returncode == 1
    assert "holds no safetensors" in done.stderr


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (404, "RepoNotFound", "is not on the Hub, or private"),
        (404, "RevisionNotFound", "does not exist"),
        (403, "GatedRepo", "is gated"),
        (418, "", "the Hub answered 418"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(tmp_path: Path, hub: Hub, status: int, error: str, says: str) -> None:
    hub.status, hub.error = status, error
    done = prefetch(tmp_path, hub.url)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_no_hub_at_all_is_said_in_one_line(tmp_path: Path) -> None:
    done = prefetch(tmp_path, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
