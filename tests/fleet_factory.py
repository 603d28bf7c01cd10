"""A fleet on one machine: Ray nodes that stand for hosts, each with a stand-in NVML, a key and a scratch folder.

What a run costs is a fixed function of model and batch: the measured process, here within the host's own, adds so many
millijoules to the stand-in's counter for every query, and the meter reads that counter through the real `pynvml`. So
a fleet and one machine must come to the same figures, and a run takes a fraction of a second.

    python fleet_factory.py ADDRESS FOLDER     a driver over such a fleet, in a process that can be killed
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

import shelf_factory

from wattbench import answering, measuring, meters, runs, session, submissions, tasks, worker
from wattbench.evidence import keys
from wattbench.fleet.host import How
from wattbench.ledger.wanted import boards_of
from wattbench.meters import NothingSampled, Reading, nvml_device
from wattbench.protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wattbench.boards import Board
    from wattbench.plans import Plan, Setting
    from wattbench.process import Order
    from wattbench.runs import Run

# As short as can be: one round a pass, and nothing waits for a steady state.
TINY = Protocol(
    "quick",
    warm_up_seconds=0.0,
    warm_up_rounds=1,
    window_seconds=1e-9,
    passes=3,
    more_passes=3,
    steady_seconds=0.0,
    warm_up_cap_seconds=0.0,
    rung_seconds=1e-9,
)
SKU = "h100-80gb-hbm3-fake"
SESSIONS = 2
PACE = float(os.environ.get("FLEET_PACE", "0"))  # s that every answer takes besides: time to be killed in
IDLE = {"opened_monotonic_seconds": 0.0, "closed_monotonic_seconds": 0.0, "sample_seconds": 0.1}


def state_file() -> Path:
    return Path(os.environ["FAKE_NVML_STATE"])


def gpu(number: int) -> str:
    return f"gpu 0\nserial {number}\nbase_millijoules 1000000000\nload 0 0\n"


def spend(millijoules: int) -> None:
    """Move the counter of this host's stand-in on."""
    lines = state_file().read_text().splitlines()
    moved = [
        f"base_millijoules {int(line.split()[1]) + millijoules}" if line.startswith("base_") else line for line in lines
    ]
    temporary = state_file().with_suffix(".new")
    temporary.write_text("\n".join(moved) + "\n")
    temporary.replace(state_file())


def millijoules_a_query(model: Path, batch: int) -> int:
    """What a query costs: a fixed function of model and batch."""
    return round(json.loads((model / "cost.json").read_text())["millijoules"] * (1 + 3 / batch))


@dataclass
class Within:
    """The measured process, within the host's own: starting two hundred would take minutes."""

    threads: int
    model: Path | None = None
    inner: worker.Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.inner = None

    def load(self, order: Order) -> dict[str, Any]:
        told = {"task": order.task, "workload": str(order.workload), "model": str(order.model), "backend": "echo"}
        told |= {"precision": order.precision, "device": order.device}
        self.model = order.model
        with mock.patch.object(worker, "read_only", return_value=False):  # it would bind the whole host
            self.inner = worker.Worker(told, "settings")
        return self.inner.ready()

    def answer(self, rounds: int, batch: int = 1, part: str = "all", *, by_length: bool = False) -> None:
        assert self.inner is not None
        assert self.model is not None
        self.inner.answer(rounds, batch, part, by_length=by_length)
        spend(rounds * len(self.inner.rows) * millijoules_a_query(self.model, batch))
        time.sleep(PACE)

    def count(self, *, keep: bool = True) -> dict[str, Any]:
        assert self.inner is not None
        return self.inner.count(keep=keep)

    def grade(self, number: int) -> dict[str, Any]:
        """Grade what was not graded before: all these models answer alike, and resampling them takes a second."""
        assert self.inner is not None
        assert self.model is not None
        kept = self.model.parents[3] / f"graded-{answering.digest(self.inner.passes[number])}.json"
        if not kept.is_file():
            runs.write_whole(kept, json.dumps(self.inner.grade(number)).encode())
        graded: dict[str, Any] = json.loads(kept.read_bytes())
        return graded

    def cpu_seconds(self) -> float:
        return time.process_time()


@dataclass(frozen=True)
class Counting:
    """The meter `nvml` without its sampler: the stand-in's counter, before and after."""

    inner: meters.Meter
    name: str = "nvml"
    kind: str = "measured"

    def facts(self) -> dict[str, Any]:
        return self.inner.facts()

    @contextlib.contextmanager
    def record(self) -> Iterator[NothingSampled]:
        yield NothingSampled()

    def start(self, _cpu_seconds: object, _gpus: object = None) -> Counting.Window:
        return self.Window(counted(), time.monotonic())

    @dataclass(frozen=True)
    class Window:
        before: int
        opened: float

        def stop(self) -> Reading:
            joules = (counted() - self.before) / 1000
            return Reading(joules, time.monotonic() - self.opened, counter_joules=joules, notes=IDLE | {"gpus": {}})


def counted() -> int:
    energy = nvml_device.load().gpus[0].energy()
    assert energy is not None
    return round(1000 * energy)


def measured(planned: Plan, setting: Setting) -> Iterator[tuple[Path, Run]]:
    """Measure a session by the harness's own rules, but for what starts processes."""
    with mock.patch.object(measuring, "Process", Within):
        yield from session.run(planned, replace(setting, meter=Counting(setting.meter)))  # type: ignore[arg-type]


HOW = How(TINY, "nvml", "echo", "cuda", measured)


def costing(millijoules: int) -> Callable[[Path], None]:
    """Give a filler for an echo model that costs so much."""

    def fill(folder: Path) -> None:
        shelf_factory.echo(0)(folder)
        (folder / "cost.json").write_text(json.dumps({"millijoules": millijoules}))

    return fill


def fill_shelf(shelf: Path, models: int) -> None:
    reference, revision = tasks.find("sentence-similarity").references[0]
    shelf_factory.put_workload(shelf, "sentence-similarity", shelf_factory.texts())
    shelf_factory.put_model(shelf, reference, revision, costing(5000))
    for number in range(models):
        shelf_factory.put_model(shelf, f"org/m{number:02d}", shelf_factory.REVISION, costing(1000 + 137 * number))


def submit(folder: Path, models: int) -> None:
    for number in range(models):
        path = shelf_factory.submission(folder, f"org/m{number:02d}")
        path.write_text(path.read_text().replace("precisions", "scenarios: [single, saturated]\nprecisions"))


@dataclass(frozen=True)
class Waits:
    model: str
    revision: str
    board: Board
    sessions_wanted: int
    sessions_there: int


def asked(folder: Path) -> dict[str, submissions.Submission]:
    good, problems = submissions.check([folder / "submissions"])
    assert problems == []
    return {one.model.id: one for _, one in good}


def boards(one: submissions.Submission) -> tuple[Board, ...]:
    return boards_of(one, SKU, "nvml", version=0)


def waiting(folder: Path) -> list[Waits]:
    """Give what waits, by the runs that are there: a queue that takes any session for a sound one."""
    there: dict[tuple[str, str], set[str]] = {}
    for _, run in runs.read_all(folder / "out"):
        if run.role == "candidate":
            there.setdefault((run.model.id, run.board), set()).add(run.session)
    return [
        Waits(model, shelf_factory.REVISION, board, SESSIONS, len(there.get((model, board.name), ())))
        for model, one in asked(folder).items()
        for board in boards(one)
        if len(there.get((model, board.name), ())) < SESSIONS
    ]


def say(words: str) -> None:
    sys.stdout.write(f"{time.time() % 1000:.2f} {words}\n")
    sys.stdout.flush()


def drive(address: str, folder: Path) -> None:
    from wattbench.fleet import cluster, driving, logbook
    from wattbench.fleet.job import Job

    trusted = keys.read_trusted(folder / "trusted.json")
    found = asked(folder)
    job = Job(
        state=folder / "state",
        out=folder / "out",
        queue=lambda _hosts: waiting(folder),
        find=lambda model, _revision: found.get(model),
        trusted=trusted,
        seed="7",
        candidates=4,
        loyalty_seconds=3,
        patience_seconds=60,
        tell=say,
    )
    with logbook.alone(folder / "state"), cluster.RayCluster(address, HOW, trusted) as ray:
        driver = driving.Driver(job)
        driver.start(one for _, one in runs.read_all(folder / "out"))
        driver.work(ray)
        for words in (*driver.waits(), *(why for _, why in driver.given_up.values())):
            say(f"left: {words}")


if __name__ == "__main__":
    # what Ray pickles must be found by its name on the hosts
    import fleet_factory

    fleet_factory.drive(sys.argv[1], Path(sys.argv[2]))
