"""Serves a built site on this machine as a host would: compressed, without a log."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPRESSED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt", ".csv"}


class Compressing(SimpleHTTPRequestHandler):
    """Gives what can be compressed as gzip, with the length that goes over the wire."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def send_head(self) -> BytesIO | None:  # type: ignore[override] # bytes in memory do for a file
        """Answer with a whole file, compressed where the browser takes it."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            self.send_error(404)
            return None
        data, small = path.read_bytes(), path.suffix in COMPRESSED and "gzip" in self.headers.get("Accept-Encoding", "")
        if small:
            data = gzip.compress(data, 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=600")
        if small:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        return BytesIO(data)


@contextmanager
def compressed(folder: Path) -> Iterator[str]:
    """Serve a folder and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressing, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
