"""The measurement of long boards: its plain page has every row, its verdicts follow the figures, its page has marks."""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "perf"))

import boards_report as report
import perf_boards

ROOT = Path(__file__).parents[1]
OURS = {
    **dict.fromkeys((name for _, name, _ in report.ROWS), 100.0),
    "kb": 190.0,
    "calm": 2.0,
    "models": 1001.0,
    "pages": 4.0,
}
PLAIN = {"kb": 380.0, "calm": 5.0, "elements": 3000.0, "sort": 1500.0}
FOUND = {
    "fast": {"first": 90.0, "further": 70.0, "worst": 99.0, "kb": 40.0},
    "slow": {"first": 250.0, "further": 90.0, "worst": 400.0, "kb": 60.0},
}


def test_the_plain_page_says_how_many_times_as_much_it_takes() -> None:
    (said,) = report.ratios({1000: {"ours": OURS, "plain": PLAIN}})
    assert "weigh 2.0 times as much" in said
    assert "30 times the elements" in said
    assert "after 2.5 times the time" in said
    assert "takes 15 times as long" in said


@pytest.mark.parametrize(("name", "value", "place"), [("kb", 201.0, 0), ("type", 201.0, 1), ("models", 1000.0, 2)])
def test_an_expectation_that_is_not_met_is_said(name: str, value: float, place: int) -> None:
    assert all(one.startswith("Met") for one in report.verdicts({1000: {"ours": OURS, "plain": PLAIN}}))
    said = report.verdicts({1000: {"ours": OURS | {name: value}, "plain": PLAIN}})
    assert [one.startswith("NOT MET") for one in said] == [number == place for number in range(3)]


def test_a_search_that_is_late_is_said() -> None:
    assert report.search(FOUND, 50_000)[0].startswith("Met: the first of 50,000 names")
    assert report.search(FOUND | {"fast": FOUND["fast"] | {"first": 101.0}}, 50_000)[0].startswith("NOT MET")


def test_the_figures_stand_between_the_marks_and_all_else_stays(tmp_path: Path) -> None:
    page = tmp_path / "scale.md"
    own = (ROOT / "site/pages/scale.md").read_text(encoding="utf-8")
    assert own.index("### Limitations") < own.index(report.MARKS[0])
    page.write_text(own, encoding="utf-8")
    boards = {size: {"ours": OURS | {"models": size + 1.0}, "plain": PLAIN} for size in (1000, 10_000)}
    report.write_page(page, report.text(boards, FOUND, 50_000, dt.datetime(2026, 11, 28, tzinfo=dt.UTC)))
    told = page.read_text(encoding="utf-8")
    assert "| 10,000 models, board |" in told
    assert "Measured on 28 November 2026." in told
    for text in (own, told):
        head, tail = text.split(report.MARKS[0])[0], text.split(report.MARKS[1])[1]
        assert (head, tail) == (own.split(report.MARKS[0])[0], own.split(report.MARKS[1])[1])


def test_the_plain_page_has_every_row_of_every_page_of_the_board(tmp_path: Path) -> None:
    head = (
        '<link rel="stylesheet" href="../../a.css"><svg class="ws-defs"></svg><table class="ws-table"><thead></thead>'
    )
    for place, rows in (("", "<tr>a</tr><tr>b</tr>"), ("2/", "<tr>c</tr>"), ("3/", "<tr>d</tr>")):
        page = tmp_path / "boards/one" / place / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"{head}<tbody>{rows}</tbody><tbody class='ws-rest'></tbody></table>")
    place = perf_boards.plain(tmp_path)
    assert place == "boards/plain/"
    text = (tmp_path / place / "index.html").read_text()
    assert re.findall("<tr>(.)</tr>", text) == ["a", "b", "c", "d"]
    assert "a.css" in text
