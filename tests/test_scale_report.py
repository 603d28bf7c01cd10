"""What the measurement of scale says: an expectation is met by a figure, and a figure that is missing meets none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "perf"))

import pytest
import scale_report

WEIGHT = {"pages": 300.0, "json and svg": 600.0, "runs": 900.0, "other": 100.0, "bytes a model page": 6000.0}


def told(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"seconds": 20.0, "cpu": 30.0, "mb": 1536.0, "page": 0.0005, "weight": WEIGHT}
    return base | {"again": {"seconds": 3.0}} | changes


def others(*, first: float = 1.0, last: float = 5.0) -> dict[tuple[str, str, int, int], dict[str, Any]]:
    """MkDocs on 200 and 1,000 pages of the site of 10,000, in CPU seconds."""
    return {("mkdocs", "same", 10_000, 200): {"cpu": first}, ("mkdocs", "same", 10_000, 1000): {"cpu": last}}


def said(**changes: Any) -> list[str]:
    return scale_report.verdicts({10_000: told(**changes)})


def test_every_expectation_is_met_at_its_limit() -> None:
    assert len(said()) == 4
    assert all(one.startswith("met: ") for one in said())


@pytest.mark.parametrize(
    "worse",
    [
        {"seconds": 20.1},
        {"again": {"seconds": 3.01}},
        {"mb": 1537.0},
        {"weight": WEIGHT | {"pages": 301.0}},
        {"again": {"why": "it was killed"}},
        {"mb": None},
    ],
)
def test_a_figure_past_its_limit_and_one_that_is_missing_meet_nothing(worse: dict[str, Any]) -> None:
    lines = said(**worse)
    assert [one.startswith("NOT MET: ") for one in lines].count(True) == 1
    if None in worse.values() or "why" in str(worse):
        assert "not measured" in next(one for one in lines if one.startswith("NOT MET"))


def test_a_further_page_is_the_slope_of_two_sizes() -> None:
    (line,) = scale_report.further({10_000: told()}, others(), 200, 1000)
    assert line.startswith("met: ten times cheaper")
    assert "takes 0.50 ms of CPU" in line
    assert "MkDocs takes 5.0 ms for it, 10.0 times as much" in line
    (line,) = scale_report.further({10_000: told(page=0.00051)}, others(), 200, 1000)
    assert line.startswith("NOT MET: ")


@pytest.mark.parametrize("missing", ["ours", "theirs"])
def test_a_page_that_was_not_measured_is_said(missing: str) -> None:
    beside = others() if missing == "ours" else {}
    (line,) = scale_report.further({10_000: told(page=None if missing == "ours" else 0.0005)}, beside, 200, 1000)
    assert line == "NOT MET: ten times cheaper than MkDocs for each further model page: not measured"
