"""Puts loads on one card, in a process of its own: JSON lines in, JSON lines out. Needs torch with CUDA.

`{"kind": "steady"}` begins a load and answers what it is; `{"kind": "stop"}` ends it and answers how many rounds ran.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
# device: rows and columns of the matrices, and their type; the second is for tests
DEVICES = {"cuda": (4096, "float16"), "cpu": (256, "float32")}
CHUNK_SECONDS = 0.002  # of matrix products between two looks at the clock
BURST_SECONDS, PAUSE_SECONDS = (0.02, 0.2), (0.05, 0.5)
SEED = 11
VERSIONS = ("torch", "transformers", "sentence-transformers", "optimum")

Stop = threading.Event


def main() -> None:
    """Serve the loads that standard input asks for, until it ends."""
    os.environ["CUDA_VISIBLE_DEVICES"], device = sys.argv[1], sys.argv[2]
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer

    def say(**what: Any) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    try:
        chunk, facts = _matrices(device)
    except (ImportError, RuntimeError, OSError) as error:
        say(unavailable=f"no load can be put on: {_line(error)}")
        return
    say(**facts)
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            begin, about = (
                _model(device) if wanted["kind"] == "model" else (_loop(wanted, chunk), {"load": wanted["kind"]})
            )
        except Exception as error:  # noqa: BLE001 - whatever a library raises is the reason why there is no load
            say(unavailable=_line(error))
            continue
        stopped, rounds = Stop(), list[int]()
        worker = threading.Thread(target=lambda go=begin, end=stopped, done=rounds: done.append(go(end)))
        worker.start()
        say(**about)
        sys.stdin.readline()
        stopped.set()
        worker.join()
        say(rounds=rounds[0] if rounds else None)


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or ['no reason given'])[0]}"[:300]


def _matrices(device: str) -> tuple[Callable[[], None], dict[str, Any]]:
    """Open a context and give a chunk of matrix products that lasts some ms. Raises RuntimeError without CUDA."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("torch sees no CUDA device")
    size, dtype = DEVICES[device]
    a = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    b = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    out = torch.empty_like(a)

    def products(count: int) -> None:
        for _ in range(count):
            torch.matmul(a, b, out=out)
        _finish(torch, device)

    products(3)
    began = time.perf_counter()
    products(10)
    count = max(1, round(CHUNK_SECONDS / ((time.perf_counter() - began) / 10)))
    versions = {name: version for name in VERSIONS if (version := _version(name))}
    name = torch.cuda.get_device_name() if device == "cuda" else device
    facts = {"device": name, "products_a_chunk": count, "size": size, "dtype": dtype, "versions": versions}
    return lambda: products(count), facts


def _finish(torch: Any, device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _loop(load: dict[str, Any], chunk: Callable[[], None]) -> Callable[[Stop], int]:
    """Give the loop of a load: chunks until it is stopped, with pauses where the load has some."""
    dice = random.Random(SEED)  # noqa: S311 - a load, not secrets

    def spans(began: float) -> tuple[float, float]:
        now = time.perf_counter()
        if load["kind"] == "square":
            period = load["period_seconds"]
            start = began + round((now - began) / period) * period
            return start + load["duty"] * period, start + period
        if load["kind"] == "bursts":
            on = now + dice.uniform(*BURST_SECONDS)
            return on, on + dice.uniform(*PAUSE_SECONDS)
        return now + 1.0, now + 1.0

    def run(stopped: Stop) -> int:
        began, rounds = time.perf_counter(), 0
        while not stopped.is_set():
            busy_until, rest_until = spans(began)
            while time.perf_counter() < busy_until and not stopped.is_set():
                chunk()
                rounds += 1
            while (left := rest_until - time.perf_counter()) > 0 and not stopped.is_set():
                time.sleep(min(left, 0.01))
        return rounds

    return run


def _model(device: str) -> tuple[Callable[[Stop], int], dict[str, Any]]:
    """Load a tiny model: through Optimum where that can be had, else a module of torch, saying why."""
    try:
        answer, about = _through_optimum(device)
    except Exception as error:  # noqa: BLE001 - a library that is missing or too old is a fact to report
        answer, about = _plain_module(device)
        about["instead_of_optimum"] = _line(error)

    def run(stopped: Stop) -> int:
        rounds = 0
        while not stopped.is_set():
            answer()
            rounds += 1
        return rounds

    answer()
    return run, about


def _through_optimum(device: str) -> tuple[Callable[[], object], dict[str, Any]]:
    for folder in (ROOT / "harness", ROOT / "tests"):
        sys.path.insert(0, str(folder))
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    import shelf_factory
    import tiny_models

    from wattbench import tasks
    from wattbench.backends import optimum

    task = tasks.find("sentence-similarity")
    with tempfile.TemporaryDirectory() as place:
        tiny_models.sentence_encoder(Path(place))
        loaded = optimum.load(Path(place), task, precision="fp32", device=device)
    texts = shelf_factory.TEXTS

    def answer() -> None:
        for text in texts:
            task.predict(loaded, [{"text": text}])

    return answer, {"model": "a tiny sentence encoder", "queries_a_round": len(texts), "backend": dict(loaded.facts)}


def _plain_module(device: str) -> tuple[Callable[[], object], dict[str, Any]]:
    import torch

    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 2).to(device).eval()
    row = torch.randn(1, 16, 64, device=device)

    def answer() -> None:
        with torch.inference_mode():
            model(row)
            _finish(torch, device)

    return answer, {"model": "a two-layer encoder of torch", "queries_a_round": 1}


if __name__ == "__main__":
    main()
