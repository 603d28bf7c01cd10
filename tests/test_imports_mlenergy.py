"""ML.ENERGY's table becomes boards and curves, and what is odd in it is caught and said."""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import published
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.problems import Problem, Refusal
from wattboard import cli
from wattboard.imports import files, mlenergy
from wattboard.imports.ladders import Reading, ladders, off_curve

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from wattboard.imports import Finding, Imported

BATCHES = (8, 16, 32, 64, 128, 256, 512)


def read(rows: Iterable[dict[str, Any]], folder: Path) -> Imported:
    return mlenergy.read(published.ml(folder / "t.csv", rows))


def problems(rows: Iterable[dict[str, Any]], folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(Refusal) as refused:
        read(rows, folder)
    return refused.value.problems


def of(imported: Imported, kind: str) -> list[Finding]:
    return [finding for finding in imported.edition.findings if finding.kind == kind]


def field(models: int = 9, **more: Any) -> list[dict[str, Any]]:
    """Ladders of some models, each thriftier than the next."""
    return [
        row for number in range(models) for row in published.ladder(f"org/model-{number}", scale=1.2**number, **more)
    ]


# --- boards ---


def test_boards_are_a_task_a_gpu_and_a_batch_regime(tmp_path: Path) -> None:
    imported = read([*field(), *field(8, gpu_model="B200"), published.image()], tmp_path)
    assert sorted(imported.boards) == [
        "lm-arena-chat-b200-batch-8",
        "lm-arena-chat-b200-best-batch",
        "lm-arena-chat-h100-batch-8",
        "lm-arena-chat-h100-best-batch",
        "text-to-image-h100-batch-1",
        "text-to-image-h100-best-batch",
    ]
    assert imported.boards["lm-arena-chat-h100-best-batch"].cohort == 9
    assert imported.boards["text-to-image-h100-batch-1"].why_no_stars is not None


def test_precision_and_number_of_gpus_are_pooled_and_the_edition_says_why(tmp_path: Path) -> None:
    rows = [
        *field(5, weight_precision="fp8"),
        *[row | {"model_id": row["model_id"] + "-large"} for row in field(4, num_gpus=2, avg_power_watts=400.0)],
    ]
    imported = read(rows, tmp_path)
    board = imported.boards["lm-arena-chat-h100-batch-8"]
    assert board.cohort == 9
    assert {(row.configuration.precision, row.configuration.gpus) for row in board.rows if row.configuration} == {
        ("fp8", 1),
        ("bfloat16", 2),
    }
    assert "pooled" in board.pools
    (told,) = [words for words in imported.edition.words if "cohorts would else be under 8" in words]
    assert "apart, 0 of 2 fields have 8 models; pooled, 1 of 1" in told


def test_a_model_stands_for_its_lowest_energy_at_the_regime(tmp_path: Path) -> None:
    rows = [*published.ladder(), *published.ladder(scale=0.8, num_gpus=2)]
    imported = read(rows, tmp_path)
    best, least = (imported.boards[f"lm-arena-chat-h100-{name}"].rows[0] for name in ("best-batch", "batch-8"))
    assert best.configuration is not None
    assert (best.configuration.batch, best.configuration.gpus) == (256, 2)
    assert least.configuration is not None
    assert (least.configuration.batch, least.configuration.gpus) == (8, 2)
    assert best.wh_per_1000 == float(f"{0.8 * (0.05 + 4 / 256) * 400 / 3.6:.6g}")
    assert (best.joules_per_token, best.output_tokens) == (float(f"{0.8 * (0.05 + 4 / 256):.6g}"), 400.0)


def test_every_row_is_a_point_on_the_curve_of_its_configuration(tmp_path: Path) -> None:
    rows = [*published.ladder(), *published.ladder(num_gpus=4, tensor_parallel=4)]
    board = read(random.Random(2).sample(rows, len(rows)), tmp_path).boards["lm-arena-chat-h100-best-batch"]  # noqa: S311
    assert [(curve.gpus, curve.layout) for curve in board.curves] == [
        (1, "TP 1, EP 1, DP 1"),
        (4, "TP 4, EP 1, DP 1"),
    ]
    assert [[point.batch for point in curve.points] for curve in board.curves] == [[8, 16, 32, 64, 128, 256]] * 2
    assert board.curves[0].points[0].wh_per_1000 == float(f"{0.55 * 400 / 3.6:.6g}")


def test_an_edition_with_curves_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    imported = read([*field(), published.image()], tmp_path)
    assert files.read(files.write(imported, tmp_path / "imported")) == imported


# --- traps ---


def test_readings_of_one_configuration_that_disagree_are_both_kept_and_said(tmp_path: Path) -> None:
    rows = [*published.ladder(), published.request(batch=32, joules_per_token=(0.05 + 4 / 32) * 1.1)]
    imported = read(rows, tmp_path)
    (finding,) = imported.edition.findings
    assert (finding.kind, finding.rows, finding.field) == ("duplicate", (4, 8), "energy_per_token_joules")
    assert "disagree by 10.0 %" in finding.what
    point = imported.boards["lm-arena-chat-h100-best-batch"].curves[0].points[2]
    assert len(point.readings) == 2
    assert point.wh_per_1000 == pytest.approx(math.sqrt(math.prod(point.readings)), rel=1e-5)


@pytest.mark.parametrize(("tokens", "drifts"), [(430.0, False), (450.0, True), (350.0, True), (370.0, False)])
def test_answers_of_another_length_on_another_gpu_are_said(tokens: float, drifts: bool, tmp_path: Path) -> None:  # noqa: FBT001
    rows = [*published.ladder(), *published.ladder(tokens=tokens, gpu_model="B200")]
    imported = read(rows, tmp_path)
    assert len(of(imported, "output-length")) == drifts
    assert any("not the same work" in finding.what for finding in of(imported, "output-length")) == drifts
    marked = {row.findings for board in imported.boards.values() for row in board.rows}
    assert marked == {("output-length",) if drifts else ()}


def test_an_answer_of_another_length_on_one_ladder_is_said(tmp_path: Path) -> None:
    rows = published.ladder()
    rows[3] = published.request(batch=64, joules_per_token=rows[3]["energy_per_token_joules"], tokens=520.0)
    (finding,) = read(rows, tmp_path).edition.findings
    assert (finding.kind, finding.rows) == ("output-length", (5,))


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_point_off_its_curve_is_said_drawn_and_never_the_best(factor: float, tmp_path: Path) -> None:
    rows = published.ladder(batches=BATCHES)
    rows[-1] = published.request(batch=512, joules_per_token=factor * (0.05 + 4 / 512))
    imported = read(rows, tmp_path)
    (finding,) = imported.edition.findings
    assert (finding.kind, finding.rows) == ("off-curve", (8,))
    assert "a factor of 2.00" in finding.what
    board = imported.boards["lm-arena-chat-h100-best-batch"]
    assert [point.left_out for point in board.curves[0].points] == [None] * 6 + ["off its curve"]
    assert board.rows[0].configuration is not None
    assert board.rows[0].configuration.batch == 256


def test_a_model_that_one_gpu_serves_unlike_all_others_is_said(tmp_path: Path) -> None:
    scales = [random.Random(number).uniform(0.85, 1.0) for number in range(24)]  # noqa: S311
    rows = [row for number in range(24) for row in published.ladder(f"org/model-{number}")]
    for number, scale in enumerate(scales):
        odd = 2.0 if number == 7 else 1.0
        rows += published.ladder(f"org/model-{number}", scale=scale * odd, gpu_model="B200")
    found = of(read(rows, tmp_path), "between-gpus")
    assert [finding.what.split(":")[0] for finding in found] == ["lm-arena-chat, org/model-7"]
    assert "B200 against H100" in found[0].what


def readings(energies: Sequence[float], batches: Sequence[int] = BATCHES) -> list[Reading]:
    told = {"task": "t", "gpu": "H100", "model": "o/m", "precision": "bf16", "gpus": 1, "layout": "", "query": "image"}
    return [
        Reading(row=row, batch=batch, joules=joules, joules_per_token=None, tokens=None, **told)  # type: ignore[arg-type]
        for row, (batch, joules) in enumerate(zip(batches, energies, strict=True))
    ]


curves = st.tuples(
    st.floats(min_value=0.01, max_value=10),
    st.floats(min_value=0, max_value=100),
    st.sampled_from([0.5, 0.7, 1.0]),
)
small = st.lists(st.floats(min_value=-0.05, max_value=0.05), min_size=len(BATCHES), max_size=len(BATCHES))


@given(curves, small)
def test_noise_of_five_per_cent_about_a_curve_is_no_outlier(
    curve: tuple[float, float, float], noise: list[float]
) -> None:
    a, b, g = curve
    energies = [(a + b * batch**-g) * math.exp(one) for batch, one in zip(BATCHES, noise, strict=True)]
    assert off_curve(ladders(readings(energies))) == []


@given(curves, st.integers(min_value=1, max_value=5), st.sampled_from([0.4, 0.6, 1.6, 2.5]))
def test_one_odd_point_within_a_curve_is_found_and_no_other(
    curve: tuple[float, float, float], place: int, factor: float
) -> None:
    a, b, g = curve
    energies = [(a + b * batch**-g) * (factor if n == place else 1) for n, batch in enumerate(BATCHES)]
    assert [off.rung.batch for off in off_curve(ladders(readings(energies)))] == [BATCHES[place]]


def test_a_short_ladder_is_not_judged(tmp_path: Path) -> None:
    rows = published.ladder(batches=(8, 16, 32, 64))
    rows[2] = published.request(batch=32, joules_per_token=1.0)
    assert read(rows, tmp_path).edition.findings == ()


@published.needs_tables
def test_all_1858_rows_are_on_curves_and_the_known_traps_are_caught() -> None:
    imported = mlenergy.read(published.ML)
    points = [
        row
        for board in imported.boards.values()
        for curve in board.curves
        for point in curve.points
        for row in point.rows
    ]
    assert sorted(points) == list(range(2, 1860))
    assert imported.edition.source.published == "2026-02-16"
    assert [(finding.rows, finding.what.split(" disagree by ")[1][:6]) for finding in of(imported, "duplicate")] == [
        ((178, 179), "5.2 % "),
        ((457, 458), "10.2 %"),
        ((460, 461), "19.0 %"),
    ]
    drifting = [finding.what for finding in of(imported, "output-length") if "not the same work" in finding.what]
    assert [what.split(" answers")[0].split("-")[-2] for what in drifting] == ["12B", "9B"]
    odd = {finding.what.split(":")[0]: finding.rows for finding in of(imported, "between-gpus")}
    for name, row in (("8B", 75), ("14B", 2), ("30B-A3B-Thinking-2507", 51)):  # batch 8 on B200
        assert row in odd[f"gpqa, Qwen/Qwen3-{name}"]
    assert 0 < len(of(imported, "off-curve")) < 0.01 * len(points)


@published.needs_tables
def test_six_fields_of_the_published_table_have_eight_models_and_stars() -> None:
    boards = mlenergy.read(published.ML).boards.values()
    rated = Counter(board.source_task for board in boards if board.thresholds_wh)
    assert rated == {"gpqa": 4, "image-chat": 4, "lm-arena-chat": 4}
    assert all(row.stars is None for board in boards if board.cohort < 8 for row in board.rows)
    assert all(row.published_stars is None for board in boards for row in board.rows)


# --- bad input ---


@pytest.mark.parametrize(
    ("columns", "factor", "field_", "why"),
    [
        (("energy_per_token_joules", "energy_per_request_joules"), 1e-3, "energy_per_token_joules", "1,000 times"),
        (("energy_per_token_joules", "energy_per_request_joules"), 1e3, "energy_per_token_joules", "1,000 times"),
        (("energy_per_request_joules",), 1e-3, "energy_per_request_joules", "1,000 times too small"),
        (("energy_per_token_joules", "energy_per_request_joules", "avg_power_watts"), 1e3, "avg_power_watts", "limit"),
        (("energy_per_token_joules", "energy_per_request_joules", "avg_power_watts"), 1e-3, "avg_power_watts", "idle"),
        (("avg_power_watts",), 1e-3, "avg_power_watts", "less than an idle one draws"),
    ],
)
def test_a_wrong_unit_is_refused_with_the_reason(
    columns: Sequence[str], factor: float, field_: str, why: str, tmp_path: Path
) -> None:
    rows = [row | {column: row[column] * factor for column in columns} for row in published.ladder()]
    found = [problem for problem in problems(rows, tmp_path) if problem.field == f"row 2-7, {field_}"]
    assert len(found) == 1
    assert why in found[0].message
    assert "convert" in found[0].remedy


def test_a_picture_in_watt_hours_is_refused(tmp_path: Path) -> None:
    row = published.image()
    (problem,) = problems([row | {"energy_per_image_joules": row["energy_per_image_joules"] / 3600}], tmp_path)
    assert "3,600 times too small" in problem.message


def test_everything_wrong_is_said_at_once_with_its_row(tmp_path: Path) -> None:
    rows = published.ladder()
    rows[0]["energy_per_request_joules"] = "nan"
    rows[1]["energy_per_token_joules"] = -1
    rows[2]["max_num_seqs"] = 7.5
    rows[3]["energy_per_image_joules"] = 5.0
    rows[4]["energy_per_request_joules"] = ""
    rows[5]["model_id"] = "a/b/c"
    assert [problem.field for problem in problems(rows, tmp_path)] == [
        "row 2, energy_per_request_joules",
        "row 3, energy_per_token_joules",
        "row 4, max_num_seqs",
        "row 5",
        "row 6",
        "row 7, model_id",
    ]


def test_a_row_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    rows = published.ladder()
    (problem,) = problems([*rows, rows[0]], tmp_path)
    assert (problem.field, problem.message) == ("row 8", "repeats row 2, cell by cell")


def test_the_other_sources_table_is_refused_column_by_column(tmp_path: Path) -> None:
    path = published.score(tmp_path / "t.csv", published.score_rows([0.001]))
    with pytest.raises(Refusal) as refused:
        mlenergy.read(path)
    assert len(refused.value.problems) == len(mlenergy.COLUMNS) - 1  # both have a column called task


# --- the command ---


def test_the_command_gives_a_table_its_findings_and_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [*field(), published.request("org/model-0", 32, 0.2)]
    path = published.ml(tmp_path / "t.csv", rows)
    for more in ([], ["--json"]):
        monkeypatch.setattr(
            sys, "argv", ["wattboard", "import", "mlenergy", str(path), "--out", str(tmp_path / "out"), *more]
        )
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert not stopped.value.code
        out = capsys.readouterr().out
        if more:
            assert len(json.loads(out)) == 18
            assert {row["regime"] for row in json.loads(out)} == {"batch 8", "best batch"}
        else:
            assert "! row 4, 56, energy_per_token_joules: lm-arena-chat, org/model-0" in out
            assert "reproduced" not in out
