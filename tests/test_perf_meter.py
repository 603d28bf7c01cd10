"""The bake-off's own pieces, on a small scale: our meter and start/stop on the stand-in, its tables and its page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "perf"))

import meter_chart  # noqa: E402 - a script's folder
import meter_report  # noqa: E402 - the same
import meter_tools  # noqa: E402 - the same
import perf_meter  # noqa: E402 - the same
from meter_report import Cell  # noqa: E402 - the same

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOWS = {0.53: 4, 1.27: 2}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory, fake_nvml_library: Path) -> list[Cell]:
    """Measure a constant and a stepped load with what needs no peer's environment."""
    assert fake_nvml_library.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perf_meter, "TOOLS", {name: perf_meter.TOOLS[name] for name in ("wattbench", "naive")})
        patch.setattr(perf_meter, "WAVEFORMS", {name: perf_meter.WAVEFORMS[name] for name in ("constant", "stepped")})
        patch.setattr(perf_meter, "CARDS", 2)
        patch.setenv("FAKE_NVML_STATE", "")
        return perf_meter.measure(WINDOWS, tmp_path_factory.mktemp("bake-off"))


def of(cells: Sequence[Cell], tool: str) -> list[Cell]:
    return [cell for cell in cells if cell.tool == tool]


def test_every_tool_measures_every_load_and_window(cells: Sequence[Cell]) -> None:
    places = {(cell.tool, cell.waveform, cell.seconds) for cell in cells}
    assert places == {(t, w, s) for t in ("wattbench", "naive") for w in ("constant", "stepped") for s in WINDOWS}
    assert all(cell.windows == WINDOWS[cell.seconds] for cell in cells)


def test_our_meter_is_nearer_to_the_truth_and_says_how_near(cells: Sequence[Cell]) -> None:
    # The median: a machine that is busy elsewhere may come late to every step of one cell.
    assert median(cell.error for cell in of(cells, "wattbench")) < 1 < max(cell.error for cell in of(cells, "naive"))
    assert all(cell.covered is not None and cell.covered >= 0.5 for cell in of(cells, "wattbench"))
    assert all(cell.covered is None for cell in of(cells, "naive"))


def test_what_is_paid_counts_the_samplers_process(cells: Sequence[Cell]) -> None:
    dear, cheap = (max(cell.cost for cell in of(cells, tool)) for tool in ("wattbench", "naive"))
    assert 0 < cheap < dear < 20  # some 0.5; a noisy machine may show more


def test_calls_are_counted_whoever_makes_them(cells: Sequence[Cell]) -> None:
    # Our sampler makes six calls ten times a second, and the ends of a window some more; start/stop makes two.
    assert all(cell.calls > 50 for cell in of(cells, "wattbench"))
    assert {(cell.seconds, round(cell.calls * cell.seconds)) for cell in of(cells, "naive")} == {
        (s, 2) for s in WINDOWS
    }


def test_what_waking_costs_is_measured_beside_the_tools(
    tmp_path: Path, fake_nvml_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fake_nvml_library.exists()
    monkeypatch.setattr(perf_meter, "TOOLS", {name: perf_meter.TOOLS[name] for name in meter_report.FLOORS})
    monkeypatch.setattr(perf_meter, "WAVEFORMS", {"constant": perf_meter.WAVEFORMS["constant"]})
    monkeypatch.setattr(perf_meter, "CARDS", 1)
    monkeypatch.setenv("FAKE_NVML_STATE", "")
    found = perf_meter.measure({0.53: 2}, tmp_path)
    assert [cell.tool for cell in found] == list(meter_report.FLOORS)
    assert all(0 < cell.cost < 20 for cell in found)
    assert [cell.calls for cell in found[:2]] == [0, 0]
    assert found[2].calls > 40  # six calls, ten times a second
    told = meter_report.floors(found)
    assert "Python that only wakes" in told
    assert told.count("µs") == 3


def test_the_price_of_a_sample_is_taken_apart() -> None:
    costs = {
        "wattbench": 0.09,
        "codecarbon": 0.08,
        "zeus_power": 0.2,
        "wake_python": 0.05,
        "wake_c": 0.02,
        "row_c": 0.03,
    }
    cells = [Cell(tool, "constant", 59.93, 2, 0.1, 0.1, cost, 1.0, None) for tool, cost in costs.items()]
    told = meter_report.finding(cells)
    assert "costs 90 µs: 50 µs to wake a Python process at all, 10 µs to ask for the row from C, and 30 µs" in told
    assert "A sample of CodeCarbon costs 800 µs. It takes 1 a second and we take 10" in told
    assert "1.1 times as much" in told
    assert meter_report.finding([cell for cell in cells if cell.tool != "row_c"]) == ""


def test_many_more_windows_are_tried_on_simulated_time(
    cells: Sequence[Cell], tmp_path: Path, fake_nvml_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_NVML_STATE", "")
    (tmp_path / fake_nvml_library.name).symlink_to(fake_nvml_library)
    found = perf_meter.simulate(cells, 20, tmp_path)
    assert all(cell.simulated is not None and cell.simulated >= 0.95 for cell in of(found, "wattbench"))
    assert of(found, "naive") == of(cells, "naive")
    assert "20 of 20" in meter_report.table(found)
    few = [cell._replace(simulated=0.5, trials=20) for cell in cells]
    assert any("NOT MET: so in every cell on simulated time" in one for one in meter_report.verdicts(few, few))


def test_the_cost_of_children_and_threads_is_counted() -> None:
    import subprocess
    import threading

    busy = "import time\nwhile time.process_time() < 0.2: pass"
    before = meter_tools.cpu_seconds()
    child = subprocess.Popen([sys.executable, "-c", f"{busy}\nprint(flush=True)\ninput()"], stdin=-1, stdout=-1)
    assert child.stdout is not None
    child.stdout.readline()
    while_it_lives = meter_tools.cpu_seconds() - before
    child.communicate(b"\n")
    assert while_it_lives > 0.2
    assert meter_tools.cpu_seconds() - before >= while_it_lives

    thread = threading.Thread(target=lambda: sum(range(3_000_000)))
    before = meter_tools.cpu_seconds()
    thread.start()
    thread.join()
    assert meter_tools.cpu_seconds() - before > 0.01


def test_the_tables_hold_every_cell(cells: Sequence[Cell]) -> None:
    lines = meter_report.table(cells).splitlines()
    assert len(lines) == 2 + 2 + 2 * len(WINDOWS)
    assert "| Constant 412 W | 0.53 s | **" in meter_report.table(cells)
    cost = meter_report.costs(cells)
    assert "start/stop" in cost
    assert "µs |" in cost
    assert meter_report.floors(cells) == ""
    drawing = meter_chart.chart(cells)
    assert drawing.count("<circle") == len(of(cells, "wattbench")) + 1  # one in the legend


def test_an_expectation_that_is_not_met_is_said(cells: Sequence[Cell]) -> None:
    good = "\n".join(meter_report.verdicts(cells, cells))
    assert "met: under 1 % at half a second" in good
    assert "cost" in good
    bad = [cell._replace(error=9.0, covered=0.5) if cell.tool == "wattbench" else cell for cell in cells]
    told = "\n".join(meter_report.verdicts(bad, bad))
    assert "NOT MET: under 1 % at half a second on steady and drifting loads (constant 0.53 s: 9.000 %)" in told
    assert "NOT MET: never worse than the best peer" in told
    assert "NOT MET: within the stated uncertainty in 95 % of windows" in told


def test_a_cell_that_is_covered_too_seldom_is_named(cells: Sequence[Cell]) -> None:
    bad = [cell._replace(windows=16, covered=0.9375 if cell.waveform == "stepped" else 1.0) for cell in cells]
    assert any("NOT MET" in one and "stepped" in one and "94" in one for one in meter_report.verdicts(bad, bad))


def test_the_page_keeps_what_is_around_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "meter.md"
    head, tail = perf_meter.MARKS
    page.write_text(f"before\n{head}\nold\n{tail}\nafter\n")
    perf_meter.write_page(page, "new\n")
    assert page.read_text() == f"before\n{head}\n\nnew\n\n{tail}\nafter\n"
    real = perf_meter.PAGE.read_text()
    assert real.count(head) == real.count(tail) == 1
    assert real.index(head) < real.index(tail)


def test_the_figures_are_kept_as_json_too(cells: Sequence[Cell], tmp_path: Path) -> None:
    perf_meter.keep(cells, tmp_path)
    kept = [Cell(**one) for one in json.loads((tmp_path / "meter.json").read_text())]
    assert kept == list(cells)
    told = (tmp_path / "meter.md").read_text()
    assert meter_report.costs(cells) in told
    assert all(f"- {one}" in told for one in meter_report.verdicts(cells, cells))
