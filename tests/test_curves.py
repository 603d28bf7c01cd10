"""Energy against batch size and precision, where the energy goes, and `wattboard plot` of both."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import advice_factory as advice
import page_factory
import pytest
import site_factory as make

from wattbench import runs, tasks
from wattbench.runs import Phase, Rung
from wattboard.charts import curves
from wattboard.charts.curves import Column, Subject
from wattboard.pages import filling
from wattboard.profiles import sweeps, wheres

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.runs import Run

ACCURACY = tasks.find("image-classification").metric
ERRORS = replace(ACCURACY, name="word error rate", higher_is_better=False)
SUBJECT = Subject("key", "a model", "batch size")


def saturated(*joules: float) -> Run:
    run = make.run(advice.SATURATED, "org/one", make.spread(10.0), protocol="official", grade=0.8)
    return run.model_copy(update={"ladder": tuple(advice.rungs(*joules))})


def test_a_ladder_is_one_column_a_batch_size_and_says_where_memory_ended() -> None:
    columns = sweeps.ladder(saturated(40.0, 24.0, 16.0))
    assert [one.name for one in columns] == ["1", "2", "4", "8"]
    assert columns[-1].wh is None
    assert [one.wh for one in columns[:-1]] == [pytest.approx(one / 500 / 3.6, rel=1e-5) for one in (40.0, 24.0, 16.0)]
    assert columns[-1].why == "memory ended"
    assert [one.chosen for one in columns] == [True, False, False, False]


def test_a_batch_size_has_the_quality_of_the_run_only_if_it_answered_alike() -> None:
    run = saturated(40.0, 24.0)
    first, second, last = run.ladder
    assert second.window is not None
    other = Rung(
        batch=2, window=second.window.model_copy(update={"outputs_sha256": make.sha("others")}), exhausted=None
    )
    columns = sweeps.ladder(run.model_copy(update={"ladder": (first, other, last)}))
    assert [one.quality for one in columns] == [0.8, None, None]


def test_more_energy_stands_higher_and_the_bands_begin_with_five_stars_at_the_foot() -> None:
    drawn = curves.curve(SUBJECT, [Column("1", 4.0), Column("2", 2.0), Column("4", 1.0)], None, thresholds=(1, 2, 3, 4))
    assert drawn is not None
    (panel,) = drawn.panels
    heights = [one.y for one in panel.dots]
    assert heights == sorted(heights)
    assert [band.stars for band in panel.bands] == sorted((band.stars for band in panel.bands), reverse=True)
    lowest = [band.end for band in panel.bands]
    assert lowest == sorted(lowest, reverse=True)
    assert panel.y.end <= min(band.start for band in panel.bands)


@pytest.mark.parametrize("metric", [ACCURACY, ERRORS])
def test_better_quality_stands_higher_whichever_way_the_metric_goes(metric: tasks.Metric) -> None:
    drawn = curves.curve(SUBJECT, [Column("a", 1.0, quality=0.7), Column("b", 1.0, quality=0.9)], metric)
    assert drawn is not None
    worse, better = drawn.panels[1].dots
    assert (worse.y > better.y) is metric.higher_is_better
    assert ("less is better" in drawn.panels[1].title) is not metric.higher_is_better


def test_one_energy_is_no_curve() -> None:
    assert curves.curve(SUBJECT, [Column("1", 4.0), Column("2", why="memory ended")], ACCURACY) is None
    assert sweeps.by_batch(make.run(), ACCURACY) is None


@pytest.mark.parametrize("count", [2, 5, 9, 14])
def test_written_values_never_meet_and_the_first_and_last_are_written(count: int) -> None:
    drawn = curves.curve(SUBJECT, [Column(str(2**k), 0.0123456 / (k + 1), quality=0.8) for k in range(count)], ACCURACY)
    assert drawn is not None
    for panel in drawn.panels:
        written = [one for one in panel.dots if one.value]
        assert panel.dots[0].value
        assert panel.dots[-1].value
        for one, after in pairwise(written):
            room = after.x - one.x
            assert curves.LETTER * (len(one.value) + len(after.value)) / 2 <= room


def test_a_drawing_that_stands_alone_is_whole_xml_and_says_all_in_words() -> None:
    drawn = sweeps.by_batch(saturated(40.0, 24.0, 16.0), ACCURACY, alone=True)
    assert drawn is not None
    text = filling.curve(drawn)
    ET.fromstring(text)  # noqa: S314 - ours
    assert "4: 0.00889 Wh per 1,000 queries, top-1 accuracy 80.0 %" in text
    assert "8: memory ended." in text
    assert text.count("<script") == 0


def test_an_estimated_curve_says_so() -> None:
    run = make.run(make.IMAGES, "demo/one", grade=0.8).model_copy(update={"ladder": ()})
    window = run.passes[0]
    rungs = tuple(Rung(batch=2**k, window=window, exhausted=None) for k in range(2))
    drawn = sweeps.by_batch(run.model_copy(update={"ladder": rungs}), ACCURACY)
    assert drawn is not None
    assert drawn.panels[0].title.startswith("Estimated Wh")
    assert drawn.about.startswith("Estimated energy")


def based(run: Run, *, bare: float | None, context: float | None) -> Run:
    return page_factory.measured(run, bare=bare, context=context, watts=400.0)


def test_the_static_share_is_the_idle_power_with_the_model_over_that_of_the_passes() -> None:
    told = wheres.where([based(make.run(make.GPU, "org/one", [30.0] * 5), bare=60.0, context=100.0)])
    assert told.static == pytest.approx(100 / 400)
    assert [(one.kind, round(one.share, 6)) for one in told.idle] == [("idle", 0.15), ("loaded", 0.1), ("work", 0.75)]
    assert sum(one.joules for one in told.idle) == pytest.approx(30.0 / 500, rel=1e-3)
    assert told.split == ()


def test_without_baselines_nothing_is_said_of_idle() -> None:
    run = make.run(make.GPU, "org/one", [30.0] * 5)
    assert wheres.where([run]).idle == ()
    assert wheres.where([based(run, bare=60.0, context=None)]).static is None
    silent = Phase(name="context-before", started_seconds=0.0, ended_seconds=1.0, mean_watts=None)
    assert wheres.where([run.model_copy(update={"phases": (silent,)})]).idle == ()


def test_idle_that_takes_more_than_the_passes_is_no_share() -> None:
    assert wheres.where([based(make.run(make.GPU, "org/one", [30.0] * 5), bare=60.0, context=401.0)]).idle == ()


def test_prefill_and_decode_are_shares_of_the_passes_that_were_split() -> None:
    run = page_factory.split(make.run(make.GPU, "org/one", [30.0] * 5), 0.2, 0.7)
    told = wheres.where([run, make.run(make.GPU, "org/one", [99.0] * 5)])
    assert [(one.kind, round(one.share, 6)) for one in told.split] == [("prefill", 0.2), ("decode", 0.7), ("rest", 0.1)]


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from wattboard.cli import main; main()"
    environment = {"PATH": "", "COLUMNS": "72", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", code, "plot", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_plot_draws_a_runs_ladder_as_a_picture_and_as_bars(tmp_path: Path) -> None:
    path = runs.write(saturated(40.0, 24.0, 16.0), tmp_path)
    done = command(tmp_path, str(path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "plots" / f"{path.stem}.svg").read_text().startswith("<svg")
    rows = [line.split() for line in done.stdout.splitlines() if "█" in line]
    assert [row[0] for row in rows] == ["1", "2", "4"]
    bars = [row[2].count("█") for row in rows]
    assert bars == sorted(bars, reverse=True)
    assert "top-1 accuracy 80.0 %" in done.stdout
    assert "8  memory ended" in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 72


def test_plot_draws_runs_of_one_model_against_their_precision(tmp_path: Path) -> None:
    paths = [
        runs.write(make.run(board, "org/one", [joules] * 5, protocol="official", grade=grade), tmp_path)
        for board, joules, grade in ((advice.INT8, 12.0, 0.78), (advice.IMAGES, 30.0, 0.80))
    ]
    done = command(tmp_path, *map(str, paths))
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines() if "█" in line] == ["fp16", "int8"]
    text = (tmp_path / "build" / "plots" / "org--one-precision.svg").read_text()
    assert "int8: 0.00667 Wh per 1,000 queries, top-1 accuracy 78.0 %" in text


def test_plot_refuses_runs_that_differ_in_more_than_precision_all_at_once(tmp_path: Path) -> None:
    many = [make.run(advice.IMAGES, "org/one"), make.run(advice.INT8, "org/two"), make.run(advice.SATURATED, "org/one")]
    done = command(tmp_path, *(str(runs.write(one, tmp_path)) for one in many))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "org/two" in done.stderr
    assert not (tmp_path / "build").exists()
