"""The measured process is by itself: no network, no token, and nothing to read but the Shelf."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFINED = """
import socket, sys
from wattbench.isolation import leave_network, read_only
print("network", leave_network(), "files", read_only([sys.argv[1]]))
print("shelf", open(sys.argv[1] + "/model").read())
try:
    print("elsewhere", open(sys.argv[2]).read())
except PermissionError:
    print("elsewhere refused")
import json, importlib.metadata, ctypes
print("python", json.dumps(importlib.metadata.version("wattstar")))
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[3])), timeout=2)
    print("connected")
except OSError as error:
    print("unreachable")
"""


def confined(folder: Path, port: int) -> dict[str, str]:
    (folder / "shelf").mkdir()
    (folder / "shelf/model").write_text("weights")
    (folder / "secret").write_text("token")
    command = [sys.executable, "-c", CONFINED, str(folder / "shelf"), str(folder / "secret"), str(port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line) | {
        "end": done.stdout.split()[-1]
    }


def test_a_confined_process_reads_the_shelf_and_python_and_nothing_else(tmp_path: Path) -> None:
    found = confined(tmp_path, 9)
    assert found["shelf"] == "weights"
    assert found["python"]
    if found["network"].endswith("False"):
        pytest.skip("this kernel has no Landlock")
    assert found["elsewhere"] == "refused"


def test_a_process_without_a_network_cannot_reach_even_this_host(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        found = confined(tmp_path, server.getsockname()[1])
    if not found["network"].startswith("kernel"):
        pytest.skip("this kernel gives no network namespace to this user")
    assert found["end"] == "unreachable"
