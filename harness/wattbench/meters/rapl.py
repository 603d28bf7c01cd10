"""The `rapl` meter: the energy counters of CPU packages, through Linux' powercap.

Only packages: `core` and `dram` are parts of one or another domain, and `psys` holds the packages again. Counters wrap
around, in minutes under load, so they are read every few seconds while a window is open.
"""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wattbench.meters import MeterUnavailable, NothingSampled, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from wattbench.runs import Kind

POWERCAP = Path("/sys/class/powercap")
POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Zone:
    """One CPU package: its name, its folder, and the largest value its counter shows, in uJ."""

    name: str
    folder: Path
    largest: int

    def microjoules(self) -> int:
        """Read the counter, in uJ. Raises OSError or ValueError."""
        return int((self.folder / "energy_uj").read_text())


@dataclass(frozen=True, slots=True)
class Rapl:
    """The CPU packages of this machine; the total is their sum."""

    zones: tuple[Zone, ...]
    poll_seconds: float = POLL_SECONDS
    name: Literal["rapl"] = "rapl"
    kind: Kind = "measured"

    def facts(self) -> dict[str, Any]:
        """Which packages are read."""
        return {
            "name": self.name,
            "kind": self.kind,
            "method": "energy counters of the CPU packages (Linux powercap)",
            "zones": [zone.name for zone in self.zones],
        }

    def record(self) -> AbstractContextManager[NothingSampled]:
        """Record nothing: there is nothing to sample."""
        return nullcontext(NothingSampled())

    def start(
        self,
        cpu_seconds: Callable[[], float],  # noqa: ARG002 - a package counts all it does
        gpus: Sequence[str] | None = None,  # noqa: ARG002 - and a CPU's meter knows no GPU
    ) -> RaplWindow:
        """Open a window."""
        return RaplWindow(self.zones, self.poll_seconds)


class RaplWindow:
    """An open window. A thread follows the counters, so that no wrap-around is missed."""

    def __init__(self, zones: tuple[Zone, ...], poll_seconds: float) -> None:
        """Read every counter and begin to follow them."""
        self._zones = zones
        self._failure: str | None = None
        self._used = dict.fromkeys((zone.name for zone in zones), 0)
        self._last: dict[str, int] = {}
        self._stopped = threading.Event()
        self._follow()
        self._opened = time.monotonic()
        self._thread = threading.Thread(target=self._run, args=(poll_seconds,), name="wattbench-rapl", daemon=True)
        self._thread.start()

    def stop(self) -> Reading:
        """Close the window. A counter that failed or stood still gives None with its reason."""
        self._stopped.set()
        self._thread.join()
        self._follow()
        seconds = time.monotonic() - self._opened
        packages = {name: used / 1e6 for name, used in self._used.items()}
        still = [name for name, joules in packages.items() if joules == 0]
        reason = self._failure or (f"the energy counter of {', '.join(still)} did not advance" if still else None)
        total = None if reason else sum(packages.values())
        return Reading(total, seconds, reason, counter_joules=total, notes={"packages": {} if reason else packages})

    def _run(self, poll_seconds: float) -> None:
        while not self._stopped.wait(poll_seconds):
            self._follow()

    def _follow(self) -> None:
        """Add what every counter advanced since it was last read."""
        for zone in self._zones:
            try:
                now = zone.microjoules()
            except (OSError, ValueError) as error:
                self._failure = f"the energy counter of {zone.name} could not be read: {error}"
                continue
            advance = now - self._last.get(zone.name, now)
            # A counter runs from 0 to its largest value, both included, and begins again.
            self._used[zone.name] += advance if advance >= 0 else advance + zone.largest + 1
            self._last[zone.name] = now


def open_meter(root: Path = POWERCAP) -> Rapl:
    """Open the meter. Raises MeterUnavailable where there is no package to read, or no permission."""
    zones: dict[str, Zone] = {}
    for folder in sorted(root.glob("*-rapl*:*")):
        try:
            name = (folder / "name").read_text().strip()
            # The same package may be shown twice, as intel-rapl and as intel-rapl-mmio: the first one counts.
            if not name.startswith("package") or name in zones:
                continue
            zone = Zone(name, folder, int((folder / "max_energy_range_uj").read_text()))
            zone.microjoules()
        except PermissionError as error:
            raise MeterUnavailable(
                f"{error.filename} may be read by root only: as root, run `chmod a+r {root}/*/energy_uj`, and again "
                "after each restart"
            ) from None
        except (OSError, ValueError) as error:
            raise MeterUnavailable(f"the CPU package in {folder} cannot be read: {error}") from None
        zones[name] = zone
    if not zones:
        raise MeterUnavailable(f"no CPU package has an energy counter here: {root} lists none")
    return Rapl(tuple(zones.values()))
