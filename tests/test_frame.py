"""Runs become one row a pass, and nothing that does not belong becomes a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
import rating_rows as made
import site_factory as make

from wattbench import runs
from wattbench.problems import Refusal
from wattboard import frame, ratings
from wattboard.ratings import partitions

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


def test_a_pass_brings_what_boards_and_curves_show_of_it(tmp_path: Path) -> None:
    told = {
        "batch": 8,
        "input_tokens": 900,
        "output_tokens": 1200,
        "input_bytes": 4000,
        "output_bytes": 5000,
        "output_characters": 4900,
        "capped": 3,
        "truncated": 1,
        "audio_seconds": 12.5,
        "latency_p50_seconds": 0.2,
        "latency_p95_seconds": 0.4,
        "prefill_seconds": 1.0,
        "decode_seconds": 5.0,
        "prefill_joules": 4.0,
        "decode_joules": 26.0,
    }
    one = make.run()
    first = one.passes[0].model_copy(update={**told, "quality": 0.7})
    one = one.model_copy(update={"passes": (first, *one.passes[1:]), "more_quality": {"top-5": 0.9, "macro-F1": 0.8}})
    rows = frame.frame(frame.gather([make.write([one], tmp_path)])).sort("pass_index").collect().to_dicts()
    assert {name: rows[0][name] for name in told} == told
    assert rows[0]["pass_quality"] == 0.7
    more = [{"metric": "macro-F1", "value": 0.8}, {"metric": "top-5", "value": 0.9}]
    assert all(row["more_quality"] == more for row in rows)
    assert {name: rows[1][name] for name in told} == dict.fromkeys(told) | {"batch": 1}


def test_the_same_passes_rated_a_few_boards_at_a_time_get_the_same_stars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [made.GPU.replace("h100", sku) for sku in ("h100", "h200", "b200")]
    boards = [made.board(name=name) for name in names]
    for number, name in enumerate(names):
        models = [made.Row(2.0**k, index=i, model=f"org/m{k}") for k in range(-3, 4) for i in range(3)]
        made.frame_of([*made.bracket(1.0 + number / 100), *models], name).sink_parquet(tmp_path / f"{name}.parquet")
    monkeypatch.setattr(partitions, "AT_ONCE", 2)
    parts = pl.concat(partitions.rate(tmp_path, made.edition(), boards))
    whole = ratings.rate(partitions.scan(tmp_path, names), made.edition(), boards).collect()
    assert whole["stars"].drop_nulls().n_unique() == 5
    assert parts.sort("board", "model").equals(whole.sort("board", "model"))
