"""What the sections of the check need of a machine: a clock, one card's sensors, and loads to put on it."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wattbench.meters.nvml_device import Driver, Gpu

ANSWER_SECONDS = 10.0  # for what the loading process does at once
LOAD_SCRIPT = Path(__file__).with_name("gpu_load.py")


class Unavailable(Exception):  # noqa: N818 - no error: this machine lacks what a section needs
    """A section cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is put on the card: `steady`, `square` (on and off within a period), `bursts`, or `model`."""

    kind: str
    period_seconds: float = 0.1
    duty: float = 0.5


STEADY, SQUARE, BURSTS, MODEL = Load("steady"), Load("square"), Load("bursts"), Load("model")


class Card(Protocol):
    """One card, its time and its loads. Readings are in J, W and degrees Celsius; None is not supported."""

    def clock(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def cpu_seconds(self) -> float:
        """CPU seconds that this process used so far."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def facts(self) -> dict[str, Any]:
        """What card and driver this is."""
        ...

    def energy(self) -> float | None:
        """Read the energy counter."""
        ...

    def power(self) -> tuple[float | None, float | None]:
        """Read the instant and the average power."""
        ...

    def celsius(self) -> float | None:
        """Read the temperature."""
        ...

    def calls(self) -> dict[str, Callable[[], object]]:
        """Give everything that the harness asks of a card in a sample, by name; `processes` now and then only."""
        ...

    @property
    def connected(self) -> bool:
        """Whether there is a context, so that loads can be put on."""
        ...

    def connect(self, seconds: float) -> dict[str, Any]:
        """Open a CUDA context within some seconds, idle; say what loads can be put on. Raises Unavailable."""
        ...

    def work(self, load: Load, within: float = ANSWER_SECONDS) -> contextlib.AbstractContextManager[dict[str, Any]]:
        """Put a load on for a `with` block; its value holds `rounds` once the block has ended.

        Raises Unavailable for a load that does not run `within` some seconds.
        """
        ...


class NvmlCard:
    """A card of this machine. Its loads run in a process of their own, so that watching them costs them nothing."""

    def __init__(self, driver: Driver, gpu: Gpu, device: str = "cuda") -> None:
        """Keep the card; no load runs yet. Tests put loads on another `device`."""
        self._driver, self._gpu, self._device = driver, gpu, device
        self._worker: subprocess.Popen[str] | None = None
        self._why = "no process loads the card"
        self._said: queue.Queue[str] = queue.Queue()

    clock = staticmethod(time.monotonic)
    cpu_seconds = staticmethod(time.process_time)
    sleep = staticmethod(time.sleep)

    def facts(self) -> dict[str, Any]:
        """What card and driver this is."""
        return self._gpu.facts() | {"driver": self._driver.version, "nvml": self._driver.nvml_version}

    def energy(self) -> float | None:
        """Read the energy counter."""
        return self._gpu.energy()

    def power(self) -> tuple[float | None, float | None]:
        """Read the instant and the average power."""
        read = self._gpu.power()
        return read.instant, read.average if read.average is not None else read.usage

    def celsius(self) -> float | None:
        """Read the temperature."""
        return self._gpu.celsius()

    def calls(self) -> dict[str, Callable[[], object]]:
        """Give everything that the harness asks of a card in a sample, by name."""
        names = ("energy", "power", "event_reasons", "celsius", "clocks", "utilisation", "processes")
        return {name: getattr(self._gpu, name) for name in names}

    def connect(self, seconds: float) -> dict[str, Any]:
        """Start the process that loads the card. Raises Unavailable where torch or CUDA is missing."""
        command = [sys.executable, str(LOAD_SCRIPT), self._gpu.uuid, self._device]
        self._worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, args=(self._worker,), daemon=True).start()
        found = self._answer(seconds)
        if "unavailable" in found:
            self.close(found["unavailable"])
            raise Unavailable(self._why)
        return found

    @property
    def connected(self) -> bool:
        """Whether the process that loads the card is there."""
        return self._worker is not None

    @contextlib.contextmanager
    def work(self, load: Load, within: float = ANSWER_SECONDS) -> Iterator[dict[str, Any]]:
        """Put a load on, and take it off again at the end."""
        self._tell(asdict(load))
        begun = self._answer(within)
        if "unavailable" in begun:
            raise Unavailable(begun["unavailable"])
        try:
            yield begun
        finally:
            self._tell({"kind": "stop"})
            begun |= self._answer(ANSWER_SECONDS)

    def close(self, why: str = "the check is over") -> None:
        """End the process that loads the card; `why` is what later loads are told."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()
            self._worker, self._why = None, why

    def _listen(self, worker: subprocess.Popen[str]) -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            self._said.put(line)
        self._said.put('{"unavailable": "the process that loads the card ended"}')

    def _tell(self, what: dict[str, Any]) -> None:
        if self._worker is None or self._worker.stdin is None:
            raise Unavailable(self._why)
        try:
            self._worker.stdin.write(json.dumps(what) + "\n")
            self._worker.stdin.flush()
        except OSError as error:
            self.close(f"the process that loads the card is gone: {error}")
            raise Unavailable(self._why) from None

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._said.get(timeout=seconds))
        except queue.Empty:
            self.close(f"the process that loads the card did not answer within {seconds:.0f} s")
            raise Unavailable(self._why) from None
        except ValueError:
            raise Unavailable("the process that loads the card said something else than asked") from None
        return found
