"""Four hosts on a real Ray cluster: hosts are killed, the driver is killed, and nothing is lost or doubled."""

from __future__ import annotations

import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fleet_factory
import pytest
from evidence_factory import agrees, new_key

from wattbench import evidence, meters, plans, runs
from wattbench.evidence import keys
from wattbench.fleet import logbook
from wattbench.plans import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattbench.runs import Run

MODELS, HOSTS = 34, 4
PACE = 0.03
LIMIT_SECONDS = 300


@dataclass
class Fleet:
    """Ray nodes on this machine that stand for hosts."""

    folder: Path
    library: Path
    cluster: Any
    nodes: dict[int, Any] = field(default_factory=dict)

    def plug_in(self, number: int) -> None:
        here = self.folder / f"host-{number}"
        if not here.exists():
            here.mkdir()
            (here / "nvml.state").write_text(fleet_factory.gpu(number))
        environment = {
            "WATTSTAR_HOST": f"host-{number}",
            "WATTSTAR_SHELF": str(self.folder / "shelf"),
            "WATTSTAR_KEY": str(self.folder / f"key-{number}.pem"),
            "WATTSTAR_SCRATCH": str(here / "scratch"),
            "FAKE_NVML_STATE": str(here / "nvml.state"),
            "LD_LIBRARY_PATH": str(self.library.parent),
            "PYTHONPATH": str(Path(__file__).parent),
            "FLEET_PACE": str(PACE),
        }
        self.nodes[number] = self.cluster.add_node(
            wait=False,
            num_cpus=0,
            num_gpus=1,
            resources={"wattstar_host": 1},
            object_store_memory=80 * 2**20,
            env_vars=environment,
        )

    def pull_out(self, number: int) -> None:
        """Kill a host: everything of it at once, as when its power fails."""
        self.cluster.remove_node(self.nodes.pop(number), allow_graceful=False)

    def driver(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, fleet_factory.__file__, self.cluster.address, str(self.folder)],
            env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
            stdout=(self.folder / "driver.log").open("a"),
            stderr=subprocess.STDOUT,
            text=True,
        )

    def sessions(self) -> int:
        return len(list((self.folder / "state" / logbook.DONE).glob("*.json")))


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """Start a Ray head; everything of it stays on this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed: pip install 'wattstar[fleet]'")
    scratch = tempfile.mkdtemp(prefix="ray-")  # short: its sockets have long names
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80 * 2**20, "temp_dir": scratch}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster
    finally:
        cluster.shutdown()
        shutil.rmtree(scratch, ignore_errors=True)


def measure_alone(folder: Path, library: Path) -> None:
    """Measure the same on one machine, this one, session after session."""
    (folder / "nvml.state").write_text(fleet_factory.gpu(0))
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)  # what pynvml then finds
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FAKE_NVML_STATE", str(folder / "nvml.state"))
        setting = Setting(folder / "shelf", folder / "alone", fleet_factory.TINY, meters.find("nvml"), "echo", "cuda")
        for _ in range(fleet_factory.SESSIONS):
            for plan in plans.plan(list(fleet_factory.asked(folder).values()), setting, version=0):
                list(fleet_factory.measured(plan, setting))


@pytest.fixture(scope="module")
def measured(fake_nvml_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let a fleet measure two sessions of 34 models on two boards, while hosts and the driver are killed."""
    folder = tmp_path_factory.mktemp("fleet")
    fleet_factory.fill_shelf(folder / "shelf", MODELS)
    fleet_factory.submit(folder, MODELS)
    entries = [new_key(folder, f"key-{number}.pem", f"host-{number}") for number in range(HOSTS)]
    told = {"schema": 1, "keys": [json.loads(one.model_dump_json()) for one in entries]}
    (folder / "trusted.json").write_text(json.dumps(told))
    measure_alone(folder, fake_nvml_library)
    chance = random.Random(7)  # noqa: S311 - whom to kill is no secret
    with ray_cluster() as cluster:
        fleet = Fleet(folder, fake_nvml_library, cluster)
        for number in range(HOSTS):
            fleet.plug_in(number)
        driver, ends = fleet.driver(), time.monotonic() + LIMIT_SECONDS
        killed, kills_at = 0, [3, 10, 20]  # sessions done
        try:
            while driver.poll() is None and time.monotonic() < ends:
                done = fleet.sessions()
                if kills_at and done >= kills_at[0]:
                    kills_at.pop(0)
                    victim = chance.choice(sorted(fleet.nodes))
                    fleet.pull_out(victim)
                    fleet.plug_in(victim)
                if done >= 14 and not killed:
                    killed = driver.pid
                    os.kill(killed, signal.SIGKILL)
                    driver.wait()
                    driver = fleet.driver()
                time.sleep(0.05)
        finally:
            driver.kill()
            driver.wait()
        log = (folder / "driver.log").read_text()
        assert driver.returncode == 0, log
        assert (killed != 0, kills_at) == (True, []), log
    return folder


def found_in(folder: Path) -> dict[Path, Run]:
    return dict(runs.read_all(folder))


def test_every_session_of_every_submission_is_there_exactly_once(measured: Path) -> None:
    found = [run for run in found_in(measured / "out").values() if run.role == "candidate"]
    counted = Counter((run.model.id, run.board) for run in found)
    assert len(found_in(measured / "out")) >= 200
    assert set(counted.values()) == {fleet_factory.SESSIONS}
    assert len(counted) == 2 * MODELS
    log = (measured / "driver.log").read_text()
    assert "was lost; it is measured again" in log
    assert list((measured / "state" / logbook.OPEN).glob("*")) == []
    assert list((measured / "state" / logbook.ARRIVED).glob("*")) == []


def test_every_session_is_whole_between_its_two_reference_runs(measured: Path) -> None:
    sessions: dict[str, list[str]] = {}
    for run in found_in(measured / "out").values():
        sessions.setdefault(run.session, []).append(run.role)
    assert len(sessions) == len(logbook.records(measured / "state"))
    for roles in sessions.values():
        assert (roles.count("reference-before"), roles.count("reference-after")) == (1, 1)


def test_every_run_is_signed_by_the_key_of_the_host_that_measured_it(measured: Path) -> None:
    trusted = keys.read_trusted(measured / "trusted.json")
    for path, run in found_in(measured / "out").items():
        checked = evidence.verify(path, trusted, agrees)
        assert checked.problems == ()
        number = int((run.device.uuid or "")[-2:])
        assert [key.holder for key in checked.signers] == [f"host-{number}"]


def test_the_sessions_of_a_submission_lie_on_different_hosts(measured: Path) -> None:
    hosts: dict[tuple[str, str], set[str]] = {}
    for run in found_in(measured / "out").values():
        if run.role == "candidate":
            hosts.setdefault((run.model.id, run.board), set()).add(run.device.uuid or "")
    apart = [len(uuids) == fleet_factory.SESSIONS for uuids in hosts.values()]
    # a host that is lost may leave its session to one that has measured the other
    assert sum(apart) >= 0.9 * len(apart)


def figures(folder: Path) -> dict[tuple[str, str], list[object]]:
    """What boards are made of: every pass of every model, without when and where."""
    found: dict[tuple[str, str], list[object]] = {}
    for run in found_in(folder).values():
        passes = [(one.joules, one.queries, one.batch, one.outputs_sha256) for one in run.passes]
        if run.role == "candidate":
            found.setdefault((run.board, run.model.id), []).append((passes, run.quality))
    return found


def test_the_boards_are_those_that_one_machine_yields(measured: Path) -> None:
    assert figures(measured / "out") == figures(measured / "alone")
