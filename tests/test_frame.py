"""Runs become one row a pass, and nothing that does not belong becomes a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import site_factory as make

from wattbench import runs
from wattbench.problems import Refusal
from wattboard import frame

if TYPE_CHECKING:
    from pathlib import Path


def test_the_frame_has_one_row_a_pass_in_the_schema(tmp_path: Path) -> None:
    filed = frame.gather([make.write(make.demo(), tmp_path)])
    rows = frame.frame(filed).collect()
    assert dict(rows.schema) == frame.SCHEMA
    assert rows.height == sum(len(one.run.passes) for one in filed) == 40


def test_energy_is_in_wh_per_1000_queries(tmp_path: Path) -> None:
    one = make.run(joules=(36.0,), queries=500)
    row = frame.frame(frame.gather([make.write([one], tmp_path)])).collect().to_dicts()[0]
    assert row["wh_per_1000"] == pytest.approx(36.0 / 500 * 1000 / 3600)
    assert row["protocol"] == "quick"
    assert row["verdict"] == "pass"


def test_a_pass_without_energy_is_null_and_a_run_without_passes_is_a_row(tmp_path: Path) -> None:
    lost = make.run(joules=(None, 30.0))
    empty = make.run(joules=(), at="2026-11-20T10:30:00Z")
    rows = frame.frame(frame.gather([make.write([lost, empty], tmp_path)])).collect()
    assert sorted(rows["wh_per_1000"].is_null()) == [False, True, True]
    assert rows["pass_index"].null_count() == 1


def test_no_runs_give_an_empty_frame_in_the_schema() -> None:
    rows = frame.frame([]).collect()
    assert rows.is_empty()
    assert dict(rows.schema) == frame.SCHEMA


def test_a_run_given_in_two_folders_counts_once(tmp_path: Path) -> None:
    one = make.run()
    folders = [make.write([one], tmp_path / "a"), make.write([one], tmp_path / "b")]
    assert len(frame.gather(folders)) == 1


def test_every_file_that_is_not_what_its_name_says_is_refused_at_once(tmp_path: Path) -> None:
    paths = [runs.write(one, tmp_path) for one in (make.run(), make.run(model="demo/other"))]
    for path in paths:
        path.rename(path.with_name(path.name.replace("2026-11-20", "2026-11-21")))
    with pytest.raises(Refusal) as refused:
        frame.gather([tmp_path])
    assert len(refused.value.problems) == 2


def test_a_model_id_that_is_no_id_is_refused(tmp_path: Path) -> None:
    make.write([make.run(model="demo/a b<script>")], tmp_path)
    with pytest.raises(Refusal, match=r"is no ORG/NAME"):
        frame.gather([tmp_path])
