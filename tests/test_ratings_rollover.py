"""When an edition may roll over, and what its stars would become."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import rating_oracle as oracle
import site_factory as make
from typer.testing import CliRunner

from wattbench.problems import Refusal
from wattboard import editions, frame
from wattboard.cli import app
from wattboard.founding import anchors, cohorts, freezing, rollovers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from wattbench.runs import Run
    from wattboard.editions import Opened

LATER = {"2026-07-01-a": "2026-07-01", "2026-07-02-a": "2026-07-02"}
FOUNDING = [*make.brackets(), *make.founders(20)]
LEADER = 50 * 1.2**-9.5  # the founder with the lowest energy


def frozen(folder: Path) -> Opened:
    passes = frame.frame(frame.gather([make.write(FOUNDING, folder / "s")]))
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, "2026-06")
    freezing.freeze(folder / "e", "2026-06", found, demo=False, foundings=founding)
    return editions.read(folder / "e" / "2026-06")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return frozen(tmp_path_factory.mktemp("edition"))


def passes(many: Sequence[Run], folder: Path) -> pl.LazyFrame:
    return frame.frame(frame.gather([make.write([*FOUNDING, *make.brackets(sessions=LATER), *many], folder)]))


def later(many: int, joules: float, **more: Any) -> list[Run]:
    """New lineages of about the same energy."""
    return [
        one
        for k in range(many)
        for one in make.official(f"new/n{k:02}", joules * (1 + k / 1000), sessions=LATER, **more)
    ]


def test_an_edition_stays_for_six_months_whatever_comes(opened: Opened, tmp_path: Path) -> None:
    told = rollovers.consider(opened, passes(later(40, LEADER), tmp_path), date(2026, 12, 1))
    assert (told.months, told.must, told.boards) == (5, False, ())


def test_after_twelve_months_it_is_due(opened: Opened, tmp_path: Path) -> None:
    rows = passes([], tmp_path)
    assert not rollovers.consider(opened, rows, date(2027, 6, 1)).due
    assert rollovers.consider(opened, rows, date(2027, 6, 2)).due


@pytest.mark.parametrize(("n", "must"), [(29, False), (30, True)])
def test_it_rolls_over_early_once_thirty_lineages_hold_more_five_stars_than_the_cohort(
    opened: Opened, n: int, *, must: bool, tmp_path: Path
) -> None:
    told = rollovers.consider(opened, passes(later(n, LEADER), tmp_path), date(2027, 1, 20))
    board = told.boards[0]
    assert (board.on, board.admitted, board.best) == ("2027-01-01", n, n)
    assert board.founding == pytest.approx(0.2)
    assert (told.early, told.due) == (must, False)
    assert board.bound == (pytest.approx(oracle.lower_bound(30, 30)) if must else None)


def test_the_early_rule_looks_on_the_first_of_a_month_only(opened: Opened, tmp_path: Path) -> None:
    rows = passes(later(30, LEADER), tmp_path)
    assert not rollovers.consider(opened, rows, date(2026, 12, 31)).early
    assert rollovers.consider(opened, rows, date(2027, 1, 1)).early


@pytest.mark.parametrize(
    "wrong",
    [
        {"gates": [make.gate(verdict="flag")]},
        {"grade": 0.1},
        {"base_model": "org/m03"},
        {"base_model": "new/n00"},
        {"weights_of": "org/m00"},
        {"n": 3},
    ],
)
def test_copies_fine_tunes_and_flagged_results_do_not_crowd_a_board(
    opened: Opened, wrong: dict[str, Any], tmp_path: Path
) -> None:
    told = rollovers.consider(opened, passes(later(31, LEADER, **wrong), tmp_path), date(2027, 1, 1))
    assert told.boards[0].admitted <= 1
    assert not told.early


def test_a_lineage_counts_once_its_second_session_has_admitted_it(opened: Opened, tmp_path: Path) -> None:
    days = {"2026-06-01-a": "2026-06-01", "2026-07-01-a": "2026-07-01"}
    rows = passes(make.official("slow/one", LEADER, sessions=days), tmp_path / "a")
    assert rollovers.consider(opened, rows, date(2027, 1, 1)).boards[0].admitted == 1
    once = passes(make.official("slow/one", LEADER, sessions={"2026-06-01-a": "2026-06-01"}), tmp_path / "b")
    assert rollovers.consider(opened, once, date(2027, 1, 1)).boards[0].admitted == 0


def test_a_board_without_a_cohort_ends_no_edition_early(tmp_path: Path) -> None:
    few = [*make.brackets(), *make.founders(5)]
    rows = frame.frame(frame.gather([make.write(few, tmp_path / "s")]))
    freezing.freeze(tmp_path / "e", "2026-06", anchors.anchors(rows), demo=False)
    many = passes(later(35, LEADER), tmp_path / "s")
    told = rollovers.consider(editions.read(tmp_path / "e" / "2026-06"), many, date(2027, 1, 1))
    assert (told.boards, told.early) == ((), False)


def test_a_share_like_the_cohorts_is_no_reason(opened: Opened, tmp_path: Path) -> None:
    many = [*later(8, LEADER), *(one for k in range(22) for one in make.official(f"mid/m{k}", 50, sessions=LATER))]
    board = rollovers.consider(opened, passes(many, tmp_path), date(2027, 1, 1)).boards[0]
    assert (board.admitted, board.best) == (30, 8)
    assert board.bound == pytest.approx(oracle.lower_bound(8, 30))
    assert not board.crowded


def test_it_says_what_every_star_would_become(opened: Opened, tmp_path: Path) -> None:
    told = rollovers.consider(opened, passes(later(30, LEADER), tmp_path), date(2027, 1, 1))
    changes = {one.model: one for one in told.changes}
    assert len(changes) == 51
    assert (changes["new/n29"].stars, changes["new/n29"].new_stars) == (5, 4)
    assert all(one.new_stars <= one.stars for one in changes.values() if one.stars and one.new_stars)


def test_nothing_measured_after_the_day_counts(opened: Opened, tmp_path: Path) -> None:
    after = {f"{day}-z": str(day) for day in (date(2027, 2, 1), date(2027, 2, 2))}
    many = [*make.brackets(sessions=after), *make.official("late/one", 50, sessions=after)]
    told = rollovers.consider(opened, passes(many, tmp_path), date(2027, 1, 31))
    assert "late/one" not in {one.model for one in told.changes}
    told = rollovers.consider(opened, passes(many, tmp_path), date(2027, 2, 2))
    assert "late/one" in {one.model for one in told.changes}


@pytest.mark.parametrize(("successes", "trials"), [(0, 30), (1, 30), (15, 30), (30, 30), (40, 200)])
def test_the_bound_is_clopper_and_pearsons(successes: int, trials: int) -> None:
    assert rollovers.lower_bound(successes, trials) == pytest.approx(oracle.lower_bound(successes, trials), abs=1e-12)


def test_the_founding_share_is_that_of_the_stars_shown(opened: Opened) -> None:
    from math import exp

    board = opened.boards[make.GPU]
    shown = [oracle.star(oracle.six(exp(one.y + one.h)), board.thresholds_wh) for one in board.founders]
    assert rollovers.founding_share(board) == shown.count(5) / 20 > 0


def test_the_command_says_it_in_words_and_as_json(tmp_path: Path) -> None:
    frozen(tmp_path)
    make.seal(make.write([*make.brackets(sessions=LATER), *later(30, LEADER)], tmp_path / "s"))
    given = ["rollover", "--submissions", str(tmp_path / "s"), "--editions", str(tmp_path / "e"), "--on", "2027-01-15"]
    words = CliRunner().invoke(app, given)
    assert words.exit_code == 0
    assert "It must roll over early" in words.output
    assert "30 of 30 lineages" in words.output
    told = json.loads(CliRunner().invoke(app, [*given, "--json"]).output)
    assert (told["must"], told["early"], told["on"]) == (True, True, "2027-01-15")
    assert told["boards"][0]["best"] == 30


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["2099-01"], "there is no edition 2099-01"), (["--on", "2025-01-01"], "is before 2026-06-02")],
)
def test_the_command_refuses_what_it_cannot_judge(arguments: list[str], why: str, tmp_path: Path) -> None:
    frozen(tmp_path)
    make.seal(tmp_path / "s")
    given = ["rollover", "--submissions", str(tmp_path / "s"), "--editions", str(tmp_path / "e")]
    done = CliRunner().invoke(app, [*given, *arguments])
    assert isinstance(done.exception, Refusal)
    assert why in str(done.exception)


def test_whole_months_are_counted_as_a_calendar_does() -> None:
    def months(began: date, on: date) -> int:
        return rollovers._months(began, on)

    assert months(date(2026, 8, 31), date(2027, 2, 28)) == 6
    assert months(date(2026, 8, 31), date(2027, 2, 27)) == 5
    assert months(date(2026, 6, 2), date(2027, 6, 1)) == 11
    day = date(2026, 1, 31)
    counted = [months(day, day + timedelta(days=k)) for k in range(800)]
    assert counted == sorted(counted)
