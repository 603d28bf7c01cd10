"""The check of a real card, on a simulated sensor whose truth is known and on the stand-in NVML. Needs no GPU."""

from __future__ import annotations

import contextlib
import json
import math
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tests" / "gpu" / "gpu_check.py"
sys.path.append(str(SCRIPT.parent))

import gpu_answers  # noqa: E402 - the script's folder is on the path only now
import gpu_card  # noqa: E402 - the same
import gpu_check  # noqa: E402 - the same
import gpu_sections as ask  # noqa: E402 - the same
from gpu_card import BURSTS, MODEL, SQUARE, STEADY, Load, NvmlCard, Unavailable  # noqa: E402 - the same

from wattbench.meters import nvml_device  # noqa: E402 - the same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_nvml.fixtures import FakeNvml

STEP = 0.1  # s between two steps of the simulated counter
IDLE, BUSY = 80.0, 400.0


@dataclass
class SimulatedCard:
    """A card on simulated time: an exact waveform behind a stepping counter and a sensor that sees a quarter of it."""

    now: float = 1000.0
    offset: float = 0.037  # s: when the counter steps, against the sensor
    counts: bool = True
    loads: bool = True
    connected: bool = False
    heats: float = 0.0  # W that a load still rises by, over some 20 s
    watts: Callable[[float], float] = field(default=lambda _at: IDLE)

    def clock(self) -> float:
        return self.now

    def cpu_seconds(self) -> float:
        return self.now / 2

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def facts(self) -> dict[str, Any]:
        return {"name": "Simulated (FAKE)", "fake": True, "driver": "none"}

    def true_joules(self, start: float, end: float, parts: int = 40) -> float:
        width = (end - start) / parts
        return sum(self.watts(start + (part + 0.5) * width) for part in range(parts)) * width

    def energy(self) -> float | None:
        self.now += 0.0002
        if not self.counts:
            return None
        steps = math.floor((self.now - 1000.0 + self.offset) / STEP)
        while len(self._sums) <= steps:
            end = 1000.0 - self.offset + len(self._sums) * STEP
            self._sums.append(self._sums[-1] + self.true_joules(end - STEP, end))
        return 1e6 + self._sums[steps]

    def power(self) -> tuple[float | None, float | None]:
        self.now += 0.0003
        updated = math.floor(self.now / STEP) * STEP
        instant = self.true_joules(updated - 0.025, updated, 10) / 0.025
        return instant, self.true_joules(updated - 1, updated, 100)

    def celsius(self) -> float | None:
        return 50.0

    def calls(self) -> dict[str, Callable[[], object]]:
        return {"energy": self.energy, "power": self.power, "processes": lambda: self.sleep(0.001)}

    def connect(self, seconds: float) -> dict[str, Any]:
        if not self.loads:
            raise Unavailable("torch sees no CUDA device")
        self.sleep(min(3.0, seconds))
        self.connected = True
        return {"device": "a simulation"}

    @contextlib.contextmanager
    def work(self, load: Load, within: float = 10.0) -> Iterator[dict[str, Any]]:
        if not self.loads:
            raise Unavailable("no process loads the card")
        began = self.now
        about: dict[str, Any] = {"load": load.kind, "model": f"none, within {within:.0f} s"}
        before, self.watts = self.watts, lambda at: self._load(load, at - began)
        yield about
        self.watts = before
        about["rounds"] = round((self.now - began) * 100)

    def _load(self, load: Load, at: float) -> float:
        if load.kind == "square":
            return BUSY if at % load.period_seconds < load.duty * load.period_seconds else IDLE
        if load.kind == "bursts":
            return BUSY if at % 0.37 < 0.11 else IDLE
        return BUSY - self.heats * math.exp(-at / 20)

    def __post_init__(self) -> None:
        self._sums = [0.0]


def test_the_counters_step_is_found_to_a_millisecond() -> None:
    found = ask.counter(SimulatedCard(), 20.0)
    assert found["step_seconds"]["median"] == pytest.approx(STEP, abs=0.001)
    assert found["step_joules"]["median"] == pytest.approx(BUSY * STEP, rel=0.02)
    assert found["percent_of_steps_within_a_tenth_of_the_median"] == 100
    assert found["edge_uncertainty_seconds"]["median"] < 0.004


def test_how_often_the_sensors_change_is_found_where_they_change() -> None:
    card = SimulatedCard(heats=100.0)
    found = ask.counter(card, 20.0)
    assert found["instant_changes_every_seconds"] == pytest.approx(0.1, abs=0.01)


def test_a_counter_that_stands_still_or_is_missing_is_a_reason() -> None:
    card = SimulatedCard(watts=lambda _at: 0.0)
    with pytest.raises(Unavailable, match="stepped 0 times"):
        ask.baseline(card, 1.0)
    with pytest.raises(Unavailable, match="no energy counter"):
        ask.baseline(SimulatedCard(counts=False), 1.0)


def test_idle_power_is_what_the_card_draws() -> None:
    found = ask.baseline(SimulatedCard(), 5.0)
    assert found["counter_watts"] == pytest.approx(IDLE, rel=0.005)
    assert found["instant_percent_off"] == pytest.approx(0, abs=0.5)


def test_counter_and_power_agree_on_a_steady_load() -> None:
    found = ask.agreement(STEADY)(SimulatedCard(), 20.0)
    assert found["counter_watts"] == pytest.approx(BUSY, rel=0.003)
    assert abs(found["instant_percent_off"]) < 0.5
    assert abs(found["average_percent_off"]) < 0.5


def test_a_load_as_fast_as_the_sensor_fools_the_instant_power_and_not_the_average() -> None:
    found = ask.agreement(SQUARE)(SimulatedCard(), 20.0)
    assert abs(found["instant_percent_off"]) > 20
    assert abs(found["average_percent_off"]) < 2
    assert found["counter_watts"] == pytest.approx((BUSY + IDLE) / 2, rel=0.02)


def test_shifted_sampling_asks_at_every_eighth_of_the_period() -> None:
    card = SimulatedCard()
    plain = {round((one.at - 1000.0) % STEP, 2) for one in ask._sample(card, 3.0, shifted=False)}
    card = SimulatedCard()
    shifted = {round((one.at - 1000.0) % STEP, 2) for one in ask._sample(card, 3.0, shifted=True)}
    assert len(plain) == 1
    assert len(shifted) >= 7


def test_bursts_are_measured_against_the_counter_too() -> None:
    found = ask.agreement(BURSTS)(SimulatedCard(), 20.0)
    assert found["counter_watts"] == pytest.approx(IDLE + (BUSY - IDLE) * 0.11 / 0.37, rel=0.03)


def test_longer_windows_vary_less_and_edges_vary_less_than_plain_reads() -> None:
    rows = ask.windows(SimulatedCard(), 60.0)["rows"]
    plain = [row["cv_percent_of_plain_reads"] for row in rows]
    assert [row["windows"] for row in rows] == [100, 50, 20, 10, 5]
    assert plain[0] > plain[-1]
    assert all(row["cv_percent_at_edges"] < row["cv_percent_of_plain_reads"] for row in rows[:3])


def test_the_warm_up_ends_where_two_means_agree() -> None:
    cold = ask.warm_up(SimulatedCard(heats=150.0), 60.0)
    assert cold["steady"]
    assert 15 < cold["seconds_to_steady"] < 60
    assert ask.warm_up(SimulatedCard(), 60.0)["seconds_to_steady"] == pytest.approx(10, abs=0.5)
    assert not ask.warm_up(SimulatedCard(heats=390.0), 12.0)["steady"]


def test_the_cost_of_each_call_is_its_cpu_time() -> None:
    found = ask.polling(SimulatedCard(), 1.0)
    assert found["calls"]["power"]["seconds_a_call"] == pytest.approx(0.0003, rel=0.01)
    assert found["cpu_seconds_a_sample"] == pytest.approx((0.0002 + 0.0003 + 0.0001) / 2, rel=0.01)
    assert found["percent_of_a_core_at_10_hz"] == pytest.approx(0.3, rel=0.01)


def test_a_model_costs_its_power_over_its_pace() -> None:
    found = ask.model(SimulatedCard(), 9.0)
    assert found["joules_a_query"] == pytest.approx(BUSY / 100, rel=0.05)


def quiet(_line: object) -> None:
    """Say and keep nothing."""


def test_a_whole_check_stays_within_its_budget_and_answers_everything() -> None:
    card, kept, said = SimulatedCard(heats=60.0), list[dict[str, Any]](), list[str]()
    known = gpu_check.check(card, gpu_check.BUDGET, said.append, lambda one: kept.append(json.loads(json.dumps(one))))
    assert [name for name, told in known["sections"].items() if "found" not in told] == []
    assert known["seconds"] < gpu_check.BUDGET
    assert len(kept) == len(gpu_check.SECTIONS)
    assert set(gpu_answers.SENTENCES) == {section.name for section in gpu_check.SECTIONS}
    assert sum(section.seconds for section in gpu_check.SECTIONS) < gpu_check.BUDGET
    page = gpu_answers.page(known | {"measured_at": "2026-11-23T10:00:00Z"})
    assert "nothing here was measured" in page
    assert re.search(r"The counter steps every (99|100)\.\d ms", page)


def test_a_section_that_would_overrun_the_budget_is_left_out_with_its_reason() -> None:
    class Slow(SimulatedCard):
        def connect(self, seconds: float) -> dict[str, Any]:
            self.sleep(100 * seconds)
            return super().connect(seconds)

    known = gpu_check.check(Slow(), 100.0, quiet, quiet)
    assert known["sections"]["model"]["skipped"] == "the time budget is used up"


def test_a_machine_without_loads_still_answers_what_needs_none() -> None:
    sections = gpu_check.check(SimulatedCard(loads=False), 45.0, quiet, quiet)["sections"]
    assert {name for name, told in sections.items() if "found" in told} == {"bare", "polling"}
    assert "no CUDA device" in sections["connect"]["skipped"]
    assert gpu_answers.answer("steady", sections["steady"]) == "Skipped: no process loads the card."


def test_a_lost_card_is_an_answer_too() -> None:
    card = SimulatedCard()

    def lost() -> float:
        raise nvml_device.DeviceFailed("it stopped answering (GPU is lost)")

    card.energy = lost  # type: ignore[method-assign]
    sections = gpu_check.check(card, 10.0, quiet, quiet)["sections"]
    assert sections["bare"]["failed"] == "it stopped answering (GPU is lost)"
    assert gpu_answers.answer("bare", sections["bare"]) == "Failed: it stopped answering (GPU is lost)."


class LoadedStandIn(NvmlCard):
    """The stand-in NVML with loads that only change what it says it draws."""

    fake: FakeNvml
    opened = False

    @property
    def connected(self) -> bool:
        return self.opened

    def connect(self, seconds: float) -> dict[str, Any]:
        self.fake.change(watts=118)
        self.opened = True
        return {"device": f"the stand-in, within {seconds:.1f} s"}

    @contextlib.contextmanager
    def work(self, load: Load, within: float = 10.0) -> Iterator[dict[str, Any]]:
        self.fake.change(watts=405)
        yield (about := {"load": load.kind, "within": within})
        self.fake.change(watts=118)
        about["rounds"] = 50


def test_every_question_can_be_asked_through_the_real_binding(nvml: FakeNvml) -> None:
    nvml.change(step_nanoseconds=20_000_000)  # times are short here, so steps are too
    driver = nvml_device.load()
    card = LoadedStandIn(driver, driver.gpus[0])
    card.fake = nvml
    sections = gpu_check.check(card, 5.0, quiet, quiet)["sections"]
    assert {name: told for name, told in sections.items() if "found" not in told} == {}
    assert sections["windows"]["found"]["recorded_seconds"] > 1
    assert sections["steady"]["found"]["counter_watts"] == pytest.approx(405, rel=0.05)
    assert sections["counter"]["found"]["step_seconds"]["median"] == pytest.approx(0.02, abs=0.006)
    assert sections["polling"]["found"]["cpu_seconds_a_sample"] > 0


def test_the_script_runs_on_its_own_and_keeps_its_answers(nvml: FakeNvml, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--budget", "6", "--out", str(tmp_path)]
    done = subprocess.run(command, env=nvml.environment(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (kept,) = tmp_path.glob("*-nvidia-h100-80gb-hbm3-fake.json")
    known = json.loads(kept.read_text(encoding="utf-8"))
    assert set(known["sections"]) == {section.name for section in gpu_check.SECTIONS}
    assert "found" in known["sections"]["bare"]
    assert "no CUDA device" in known["sections"]["steady"]["skipped"]
    assert "made for tests" in kept.with_suffix(".md").read_text(encoding="utf-8")


def test_without_a_driver_the_script_says_so_in_one_line() -> None:
    hidden = {"FAKE_NVML_STATE": "", "LD_LIBRARY_PATH": "", "PATH": ""}
    done = subprocess.run([sys.executable, str(SCRIPT)], env=hidden, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        pytest.fail("this test is for machines without a GPU")
    assert done.stderr.startswith("There is no card to check: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_script_needs_neither_the_project_nor_its_dependencies() -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(SCRIPT.parent)!r}, {str(ROOT / 'harness')!r}]\n"
        "import gpu_check, gpu_load\n"
        "from wattbench.meters import nvml_device, nvml_power\n"
        "print({'pydantic', 'polars', 'typer', 'torch', 'transformers', 'psutil'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_loads_keep_to_their_shape() -> None:
    import threading
    import time

    import gpu_load

    times: list[float] = []

    def chunk() -> None:
        times.append(time.perf_counter())
        time.sleep(0.002)

    stopped = threading.Event()
    threading.Timer(0.55, stopped.set).start()
    began = time.perf_counter()
    rounds = gpu_load._loop({"kind": "square", "period_seconds": 0.1, "duty": 0.5}, chunk)(stopped)
    assert rounds == len(times) > 20
    busy = sum((at - began) % 0.1 < 0.06 for at in times)
    assert busy > 0.9 * len(times)


def test_loads_run_in_a_process_of_their_own_and_a_tiny_model_through_optimum(nvml: FakeNvml) -> None:
    driver = nvml_device.load()
    card = NvmlCard(driver, driver.gpus[0], device="cpu")
    try:
        assert card.connect(60.0)["versions"]["torch"]
        with card.work(SQUARE) as square:
            card.sleep(0.3)
        with card.work(MODEL, within=60.0) as model:
            card.sleep(0.3)
    finally:
        card.close()
    assert square["rounds"] > 10
    assert model["rounds"] >= 1
    assert model["queries_a_round"] == 5
    assert "instead_of_optimum" not in model
    assert model["backend"]["name"] == "optimum"
    assert not card.connected
    assert nvml.gpus


def test_a_process_that_ends_is_the_reason_of_every_later_load(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_card, "LOAD_SCRIPT", ROOT / "no such script")
    driver = nvml_device.load()
    card = NvmlCard(driver, driver.gpus[0])
    with pytest.raises(Unavailable, match="no process loads the card"), card.work(STEADY):
        pytest.fail("no load can run before there is a process")
    with pytest.raises(Unavailable, match="ended"):
        card.connect(60.0)
    with pytest.raises(Unavailable, match="the process that loads the card ended"), card.work(STEADY):
        pytest.fail("no load can run")
    assert nvml.gpus
