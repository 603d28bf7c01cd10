"""`wattboard plot` and the trace on a model's page: what is drawn, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import site_factory
import trace_factory as make

from wattbench import runs, trace
from wattbench.problems import Refusal
from wattboard import build, frame
from wattboard.cli import plot

if TYPE_CHECKING:
    from pathlib import Path

BOARD = "wattboard.cli"


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = f"from {BOARD} import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "plot", *arguments],
        cwd=folder,
        env={"PATH": "", "COLUMNS": "72", "PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make.write(tmp_path / "submissions", seconds=12.0)


def test_a_run_becomes_a_picture_and_a_line_of_bars_that_fits_the_terminal(run: Path, tmp_path: Path) -> None:
    before = sorted(run.parent.iterdir())
    done = command(tmp_path, str(run))
    assert done.returncode == 0, done.stderr
    assert sorted(run.parent.iterdir()) == before
    picture = tmp_path / "build" / "plots" / f"{run.stem}.svg"
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    lines = done.stdout.splitlines()
    bars = next(line for line in lines if "█" in line)
    below = lines[lines.index(bars) + 1]
    assert len(bars) <= 72
    assert [name for name in "12345" if name in below] == list("12345")
    assert "!" in lines[lines.index(bars) + 2]
    assert any("mean" in line and "max" in line for line in lines)
    assert any(line.split()[:2] == ["context-before", "118.0"] for line in lines)
    assert "! clocks held back: hardware-thermal, 1.8 s" in lines


def test_a_terminal_without_unicode_gets_plain_bars(run: Path, tmp_path: Path) -> None:
    done = command(tmp_path, str(run), PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "@@@" in done.stdout


def test_the_picture_goes_where_it_is_asked_to_and_the_bars_can_be_left_out(run: Path, tmp_path: Path) -> None:
    done = command(tmp_path, str(run), "--out", "here/power.svg", "--no-sparkline")
    assert done.stdout == "The plot is in here/power.svg.\n"
    assert (tmp_path / "here" / "power.svg").exists()


def test_a_run_without_a_trace_is_one_line_and_exit_1(tmp_path: Path) -> None:
    path = runs.write(site_factory.run(), tmp_path)
    done = command(tmp_path, str(path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "has no trace: the meter estimate keeps none" in done.stderr


def test_a_trace_that_is_missing_or_changed_is_refused_by_name(run: Path, tmp_path: Path) -> None:
    (kept,) = run.parent.glob("*.parquet")
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    changed = command(tmp_path, str(run))
    kept.unlink()
    missing = command(tmp_path, str(run))
    for done, words in ((changed, "its bytes differ"), (missing, "cannot be read: No such file")):
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert kept.name in done.stderr
        assert words in done.stderr
    assert not (tmp_path / "build").exists()


def test_what_is_no_run_file_is_refused(run: Path, tmp_path: Path) -> None:
    (kept,) = run.parent.glob("*.parquet")
    done = command(tmp_path, str(kept))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("width", [20, 33, 80, 200])
def test_every_line_of_bars_and_marks_fits(run: Path, width: int) -> None:
    read = runs.from_bytes(run.read_bytes())
    assert read.trace is not None
    from wattboard.charts import traces

    told = traces.tell(read, trace.from_bytes(trace.path_of(run, read.trace).read_bytes()))
    _, _, _, bars, below, warned, *_ = plot.lines(told, width)
    assert len(bars) == width
    assert len(below) <= width
    assert len(warned) <= width
    assert set(below) <= set(" |-12345")


def test_bars_go_from_nothing_to_the_highest_and_leave_gaps_blank() -> None:
    assert plot.spark([0.0, 50.0, None, 100.0]) == "▁▅ █"
    assert plot.spark([None, None]) == "  "
    assert plot.spark([0.0]) == "▁"


def test_the_site_draws_and_publishes_the_trace_of_the_newest_run(run: Path, tmp_path: Path) -> None:
    read = runs.from_bytes(run.read_bytes())
    assert read.trace is not None
    out = tmp_path / "html"
    build.build([tmp_path / "submissions"], [], out, lambda _: None)
    published = out / "runs" / read.model.id / f"{read.trace.sha256}.parquet"
    assert published.read_bytes() == trace.path_of(run, read.trace).read_bytes()
    page = (out / "models" / read.model.id / "index.html").read_text(encoding="utf-8")
    assert "Power over time" in page
    assert page.count('class="ws-trace') == 2  # one for wide windows, one for narrow
    assert page.count("<style>") == 1
    assert f'href="../../../runs/{read.model.id}/{published.name}"' in page
    ids = [part.split('"', 1)[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_a_run_whose_trace_is_another_file_is_left_out_of_the_site_and_strictly_ends_the_build(
    run: Path, tmp_path: Path
) -> None:
    (kept,) = run.parent.glob("*.parquet")
    kept.write_bytes(b"something else")
    with pytest.raises(Refusal, match="its bytes differ"):
        build.build([tmp_path / "submissions"], [], tmp_path / "html", lambda _: None, strict=True)
    assert not (tmp_path / "html").exists()
    site = build.build([tmp_path / "submissions"], [], tmp_path / "html", lambda _: None)
    assert site.profiles == ()
    assert "its bytes differ" in (tmp_path / "html" / "left-out" / "index.html").read_text()


def test_gathered_runs_know_their_file(run: Path, tmp_path: Path) -> None:
    (filed,) = frame.gather([tmp_path / "submissions"])
    assert filed.path == run
