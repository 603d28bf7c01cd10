"""Published results of others become an imported edition: single values, outlined, their faults named."""

from __future__ import annotations

import json
import math
import random
import sys
from statistics import fmean
from typing import TYPE_CHECKING

import published
import pytest

from wattbench.problems import Problem, Refusal
from wattboard import cli
from wattboard.imports import aienergyscore, files
from wattboard.imports.plausible import JOULES_PER_KWH, power

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Say = Callable[..., tuple[int, str, str]]

SPREAD = [0.001, 0.0012, 0.0015, 0.002, 0.0026, 0.003, 0.0041, 0.005, 0.0083, 0.012]


@pytest.fixture
def wattboard(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """The command, in this process: exit status, standard output, standard error."""

    def say(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wattboard", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        told = capsys.readouterr()
        return int(stopped.value.code or 0), told.out, told.err

    return say


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(Refusal) as refused:
        aienergyscore.read(path)
    assert all(problem.file == str(path) and problem.remedy for problem in refused.value.problems)
    return refused.value.problems


def quantile(values: Sequence[float], share: float) -> float:
    """A type-7 quantile, in plain Python."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def oracle(wh: Sequence[float]) -> tuple[float, list[int]]:
    """METHOD section 5, items 4 and 5, in plain Python: r and the stars of single values."""
    y = [math.log(one) for one in wh]
    q20, q80 = quantile(y, 0.2), quantile(y, 0.8)
    r = math.ceil(round(100 * math.exp(max((q80 - q20) / 3, math.log(1.25))), 9)) / 100
    thresholds = [math.exp((q20 + q80) / 2 + (k - 2.5) * math.log(r)) for k in (1, 2, 3, 4)]
    return r, [5 - sum(one > t for t in thresholds) for one in wh]


# --- what is made of a table ---


def test_kwh_become_wh_and_stars_follow_the_method_on_single_values(tmp_path: Path) -> None:
    imported = aienergyscore.read(published.score(tmp_path / "t.csv", published.score_rows(SPREAD)))
    board = imported.boards["text-classification"]
    assert [row.wh_per_1000 for row in board.rows] == [float(f"{1000 * kwh:.6g}") for kwh in SPREAD]
    r, stars = oracle([row.wh_per_1000 for row in board.rows])
    assert (board.r, [row.stars for row in board.rows]) == (r, stars)
    assert (board.cohort, board.status, imported.edition.kind) == (10, "imported, single value", "imported")


def test_every_row_says_that_quality_is_absent_and_whose_it_is(tmp_path: Path) -> None:
    board = aienergyscore.read(published.score(tmp_path / "t.csv", published.score_rows(SPREAD))).boards[
        "text-classification"
    ]
    assert {row.quality for row in board.rows} == {None}
    assert "Hugging Face" in board.source.attribution
    assert (board.source.licence, board.source.published) == (None, None)  # of a file that nobody knows


@pytest.mark.parametrize(("models", "rated"), [(7, False), (8, True)])
def test_a_board_with_fewer_than_eight_models_has_energy_only(models: int, rated: bool, tmp_path: Path) -> None:  # noqa: FBT001
    rows = published.score_rows(SPREAD[:models])
    board = aienergyscore.read(published.score(tmp_path / "t.csv", rows)).boards["text-classification"]
    assert all((row.stars is not None) == rated for row in board.rows)
    assert (board.thresholds_wh is not None) == rated
    assert ("cohort of 7" in (board.why_no_stars or "")) != rated
    assert all(row.legacy_stars for row in board.rows)


def test_the_order_of_the_rows_moves_no_star(tmp_path: Path) -> None:
    rows = published.score_rows(SPREAD)
    shuffled = random.Random(1).sample(rows, len(rows))  # noqa: S311
    found = [
        {
            row.model: (row.stars, row.legacy_stars)
            for board in aienergyscore.read(published.score(tmp_path / "t.csv", one)).boards.values()
            for row in board.rows
        }
        for one in (rows, shuffled)
    ]
    assert found[0] == found[1]


def test_a_model_that_stands_twice_with_two_energies_is_told_and_counts_once(tmp_path: Path) -> None:
    rows = [*published.score_rows(SPREAD[:8]), ["text_classification", "", "org/model-0", 0.0011, 5]]
    imported = aienergyscore.read(published.score(tmp_path / "t.csv", rows))
    board = imported.boards["text-classification"]
    (finding,) = imported.edition.findings
    assert (finding.kind, finding.rows, finding.field) == ("duplicate", (2, 10), "total_gpu_energy")
    assert "10.0 % apart" in finding.what
    assert (board.cohort, len(board.rows)) == (8, 9)
    assert [row.rows for row in board.rows if row.findings] == [(2,), (10,)]
    once = [math.exp(fmean([math.log(1.0), math.log(1.1)])), *(1000 * kwh for kwh in SPREAD[1:8])]
    assert board.r == oracle(once)[0]


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    path = published.score(tmp_path / "t.csv", published.score_rows(SPREAD))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(aienergyscore.read(path).boards["text-classification"].rows) == 10


@published.needs_tables
def test_the_published_table_gives_twelve_boards_of_which_three_are_too_small() -> None:
    imported = aienergyscore.read(published.SCORE)
    small = sorted(name for name, board in imported.boards.items() if board.thresholds_wh is None)
    assert len(imported.boards) == 12
    assert small == ["object-detection", "text-generation-b", "text-generation-c"]
    found = [(finding.kind, finding.rows) for finding in imported.edition.findings]
    assert found == [("duplicate", (30, 31)), ("duplicate", (61, 62)), ("far-off", (81,))]
    assert (imported.edition.id, imported.edition.source.published) == ("aienergyscore-2025-02", "2025-02")
    for board in imported.boards.values():
        if board.thresholds_wh and not any(row.findings for row in board.rows):
            r, stars = oracle([row.wh_per_1000 for row in board.rows])
            assert (board.r, [row.stars for row in board.rows]) == (r, stars)


# --- a wrong unit ---


@pytest.mark.parametrize("factor", [1000.0, 0.001])
@pytest.mark.parametrize("board", sorted(published.MIDDLE))
def test_a_board_of_middling_values_1000_times_off_is_refused_with_the_reason(
    board: tuple[str, str], factor: float, tmp_path: Path
) -> None:
    middle = published.MIDDLE[board]
    right = published.score_rows([middle * (1 + number / 50) for number in range(8)], *board)
    aienergyscore.read(published.score(tmp_path / "right.csv", right))
    wrong = [[*row[:3], float(str(row[3])) * factor, row[4]] for row in right]
    (problem,) = problems(published.score(tmp_path / "wrong.csv", wrong))
    assert problem.field == "row 2-9, total_gpu_energy"
    assert "no GPU can have used this" in problem.message
    assert ("1,000 W" in problem.message) == (factor > 1)
    assert ("look like Wh" in problem.remedy) == (factor > 1)


@published.needs_tables
@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_each_published_board_alone_would_be_refused_1000_times_off(factor: float, tmp_path: Path) -> None:
    for board in aienergyscore.read(published.SCORE).boards.values():
        energies = [row.wh_per_1000 / 1000 * factor for row in board.rows]
        rows = published.score_rows(energies, board.source_task, board.size_class or "")
        assert len(problems(published.score(tmp_path / "t.csv", rows))) == 1, board.board


@published.needs_tables
def test_the_bounds_leave_every_published_value_a_factor_of_three() -> None:
    for board in aienergyscore.read(published.SCORE).boards.values():
        span = aienergyscore.TASKS[board.source_task, board.size_class or ""][1]
        joules = [row.wh_per_1000 / 1e6 * JOULES_PER_KWH for row in board.rows]
        assert span.low * 3 < min(joules), board.board
        assert max(joules) < span.high / 3, board.board


@pytest.mark.parametrize("place", [0, 9])
def test_one_row_far_off_its_board_that_a_gpu_could_use_is_told(place: int, tmp_path: Path) -> None:
    energies = [*SPREAD]
    energies[place] = 1.2e-5 if place else 0.5
    (finding,) = aienergyscore.read(
        published.score(tmp_path / "t.csv", published.score_rows(energies))
    ).edition.findings
    assert (finding.kind, finding.rows) == ("far-off", (place + 2,))
    assert "its board's median" in finding.what


def test_power_has_a_limit_each_gpu_model_knows_its_own() -> None:
    assert power(8 * 700 * 1.05, 8, "H100") is None
    assert "limit is 700 W" in (power(8 * 700 * 1.2, 8, "H100") or "")
    assert power(1000 * 1.05, 1, "B200") is None
    assert "less than an idle one" in (power(0.4, 1, "H100") or "")


# --- bad input: everything at once, with the rows ---


def test_everything_wrong_is_said_at_once_with_its_row(tmp_path: Path) -> None:
    rows = published.score_rows(SPREAD)
    rows[1][3] = "nan"
    rows[2][3] = -0.002
    rows[3][3] = 0
    rows[4][3] = ""
    rows[5][3] = "0,003"
    rows[6][4] = 6
    rows[7][0] = "telepathy"
    rows[8][2] = "no slash"
    rows[9][3] = "inf"
    found = problems(published.score(tmp_path / "t.csv", rows))
    assert [problem.field for problem in found] == [
        "row 3, total_gpu_energy",
        "row 4, total_gpu_energy",
        "row 5, total_gpu_energy",
        "row 6, total_gpu_energy",
        "row 7, total_gpu_energy",
        "row 8, energy_score",
        "row 9, task",
        "row 10, model",
        "row 11, total_gpu_energy",
    ]
    assert ["negative" in problem.message for problem in found].count(True) == 1
    assert "absent is not 0" in found[3].message


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    path = published.score(tmp_path / "t.csv", [["asr", "org/m"]], ["task", "model"])
    assert [problem.field for problem in problems(path)] == [
        "row 1, class",
        "row 1, total_gpu_energy",
        "row 1, energy_score",
    ]


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = published.score(tmp_path / "t.csv", [["asr", "", "o/m", 0.02, 5, 4]], [*aienergyscore.COLUMNS, "task"])
    assert [problem.message for problem in problems(path)] == ["this column is there twice"]


def test_rows_that_are_there_twice_or_torn_are_refused_by_number(tmp_path: Path) -> None:
    rows = published.score_rows(SPREAD)
    path = published.score(tmp_path / "t.csv", [*rows, rows[0], rows[1][:3]])
    assert [(problem.field, problem.message) for problem in problems(path)] == [
        ("row 12", "repeats row 2, cell by cell"),
        ("row 13", "has 3 cells, the header has 5"),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"task,class,model,total_gpu_energy,energy_score\n", "has a header and no rows"),
        (b"PK\x03\x04 a spreadsheet", "not text"),
        (b"\x1f\x8b a gzip", "not text"),
        (b"task,class\x00,model\n", "not text"),
        ("task,class,model\nasr,,org/é\n".encode("latin-1"), "not UTF-8: byte 0xe9 in row 2"),
        ("task,class\n".encode("utf-16"), "is UTF-16"),
        (b'task,class,model\n"asr,,', "is no CSV file"),
        (b"<html><body>Not found</body></html>", "this column is missing"),
        (b"task;class;model;total_gpu_energy;energy_score\nasr;;o/m;1;5\n", "this column is missing"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(data: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    found = problems(path)
    assert why in found[0].message
    assert ("semicolons" in found[0].remedy) == (b";" in data)


def test_names_that_would_draw_on_a_terminal_are_refused(tmp_path: Path) -> None:
    rows = [["asr", "", "org/\x1b[2Jmodel", 0.02, 5], ["asr", "", "../../etc/passwd", 0.02, 5]]
    assert [problem.field for problem in problems(published.score(tmp_path / "t.csv", rows))] == [
        "row 2, model",
        "row 3, model",
    ]


# --- files ---


def test_an_edition_is_read_back_as_it_was_written_and_written_twice_the_same(tmp_path: Path) -> None:
    imported = aienergyscore.read(published.score(tmp_path / "t.csv", published.score_rows(SPREAD)))
    home = files.write(imported, tmp_path / "imported")
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    assert files.read(home) == imported
    assert files.write(imported, tmp_path / "imported") == home
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    assert set(before) == {"edition.json", "text-classification.json"}
    assert [one.edition.id for one in files.read_all([tmp_path / "imported"])] == [imported.edition.id]


def test_a_board_that_was_altered_lost_or_smuggled_in_is_refused(tmp_path: Path) -> None:
    rows = [*published.score_rows(SPREAD), *published.score_rows([0.02, 0.03], "asr")]
    imported = aienergyscore.read(published.score(tmp_path / "t.csv", rows))
    home = files.write(imported, tmp_path / "imported")
    board = json.loads((home / "text-classification.json").read_text())
    board["rows"][0]["stars"] = 1
    (home / "text-classification.json").write_text(json.dumps(board))
    (home / "asr.json").rename(home / "stray.json")
    with pytest.raises(Refusal) as refused:
        files.read_all([tmp_path / "imported"])
    assert sorted(problem.field or problem.message[:14] for problem in refused.value.problems) == [
        "cannot be read",
        "is no board of",
        "sha256",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("wh_per_1000", float("nan")), ("wh_per_1000", -1.0), ("stars", 6), ("quality", 0.5), ("confirmed", True)],
)
def test_no_file_can_hold_what_an_imported_row_never_is(field: str, value: object, tmp_path: Path) -> None:
    imported = aienergyscore.read(published.score(tmp_path / "t.csv", published.score_rows(SPREAD)))
    home = files.write(imported, tmp_path / "imported")
    board = json.loads((home / "text-classification.json").read_text())
    board["rows"][0][field] = value
    (home / "text-classification.json").write_text(json.dumps(board))
    with pytest.raises(Refusal, match=rf"rows\.0\.{field}"):
        files.read(home)


# --- the command ---


@published.needs_tables
def test_the_command_prints_one_row_a_model_as_json(wattboard: Say, tmp_path: Path) -> None:
    code, out, err = wattboard("import", "aienergyscore", published.SCORE, "--out", tmp_path, "--json")
    rows = json.loads(out)
    assert (code, err, len(rows)) == (0, "", 166)
    assert sum(row["published_stars"] == row["legacy_stars"] for row in rows) == 166
    assert {"task", "class", "model", "wh_per_1000", "published_stars", "legacy_stars", "stars"} <= set(rows[0])
    assert {row["status"] for row in rows} == {"imported, single value"}
    assert (tmp_path / "aienergyscore-2025-02" / "edition.json").exists()


def test_the_command_says_which_stars_its_rule_did_not_reproduce(wattboard: Say, tmp_path: Path) -> None:
    path = published.score(tmp_path / "t.csv", published.score_rows([0.001, 0.01], stars=5))
    code, out, _ = wattboard("import", "aienergyscore", path, "--out", tmp_path / "out")
    assert code == 0
    assert "reproduced by the source's own rule: 1 of 2." in out
    assert "text-classification, org/model-1: published 5, by the rule 1" in out


def test_a_refusal_is_one_line_a_problem_and_leaves_nothing(wattboard: Say, tmp_path: Path) -> None:
    path = published.score(tmp_path / "t.csv", published.score_rows([1.5, 2.5]))
    code, out, err = wattboard("import", "aienergyscore", path, "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "row 2-3, total_gpu_energy" in err
    assert not (tmp_path / "out").exists()
