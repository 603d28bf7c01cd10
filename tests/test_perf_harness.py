"""The comparison's own pieces: the ratios and what is said of them, the contestants' agreement, the page's marks."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "perf"))

import harness_bare
import harness_cases
import harness_peers
import harness_report as report
import perf_harness
from harness_report import Outcome, Turn

from wattbench import tasks
from wattbench.answering import digest
from wattbench.tasks import Output


def outcome(
    harness: float, pipeline: float, *, parameters: int = 22_000_000, trained: bool = False, alike: float = 1.0
) -> Outcome:
    """Three turns in which the bare call takes 1 s, 2 s and 1 s."""
    costs = {"bare": 1.0, "harness": harness, "pipeline": pipeline}
    turns = tuple(
        {arm: Turn(slow * cost, slow * cost, slow * 0.9) for arm, cost in costs.items()} for slow in (1.0, 2.0, 1.0)
    )
    return Outcome(
        "text-classification", "a model", trained, parameters, 4, turns, dict.fromkeys(("harness", "pipeline"), alike)
    )


def test_a_ratio_is_taken_turn_by_turn_so_that_a_slow_machine_slows_both() -> None:
    ratio = outcome(1.01, 1.2).ratio("harness", "bare")
    assert ratio.value == pytest.approx(1.01)
    assert ratio.low <= ratio.value <= ratio.high
    assert ratio.high - ratio.low < 1e-9


def test_an_interval_widens_with_the_spread_of_the_turns() -> None:
    one = outcome(1.01, 1.2)
    turns = tuple(
        {**each, "harness": each["harness"]._replace(cpu=each["harness"].cpu * factor)}
        for each, factor in zip(one.turns, (0.9, 1.0, 1.1), strict=True)
    )
    ratio = one._replace(turns=turns).ratio("harness", "bare")
    assert ratio.low < 0.9
    assert 1.0 < ratio.value < 1.02
    assert ratio.high > 1.1


def test_an_expectation_that_is_not_met_is_said() -> None:
    assert report.verdicts([outcome(1.01, 1.2)]) == [
        "met: at most 2 % over the bare call for models of 20 million parameters and more (1 of them)",
        "met: dearer than ours in the 1 comparisons with peers that there are",
        "all gave the same answers",
    ]
    said = report.verdicts([outcome(1.05, 1.0, alike=0.5)])
    assert said[0].startswith("NOT MET: at most 2 %")
    assert "text-classification +5.0 %" in said[0]
    assert said[1].startswith("NOT MET: dearer than ours")
    assert said[2].startswith("answers differ")


def test_a_model_below_the_claim_is_shown_and_not_judged() -> None:
    small = outcome(1.5, 1.6, parameters=7_000_000)
    assert "(0 of them)" in report.verdicts([small])[0]
    assert "| 7.0 M | 1,333.3 ms | 90.0 % |" in report.table([small])


def test_answers_are_held_against_the_bare_calls() -> None:
    bare = ["a", ["b", 1], None]
    values = {"bare": bare, "pipeline": ["a", ["b", 2], None]}
    ours = {"outputs_sha256": digest([Output(one) for one in bare])}
    assert perf_harness.agreement({**values, "harness": ours}) == {"pipeline": 2 / 3, "harness": 1.0}
    other = {"outputs_sha256": digest([Output("a")])}
    assert perf_harness.agreement({**values, "harness": other})["harness"] == 0.0


def test_every_task_has_a_case_and_a_bare_call_and_peers_only_where_they_can_do_it() -> None:
    assert {case.task for case in harness_cases.CASES} == set(tasks.names()) == set(harness_bare.BARE)
    assert set(harness_peers.ENGINES) < set(harness_peers.PIPELINE) < set(harness_bare.BARE)


def test_cpu_seconds_of_a_process_are_counted_to_less_than_a_tick() -> None:
    before, own = perf_harness.cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - own < 0.05:
        pass
    found, own = perf_harness.cpu_seconds(os.getpid()) - before, time.process_time() - own
    assert found == pytest.approx(own, abs=0.02)


def test_the_page_keeps_what_is_around_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "harness.md"
    head, tail = perf_harness.MARKS
    page.write_text(f"before\n{head}\nold\n{tail}\nafter\n")
    perf_harness.write_page(page, "new")
    assert page.read_text() == f"before\n{head}\n\nnew\n\n{tail}\nafter\n"
    real = perf_harness.PAGE.read_text(encoding="utf-8")
    assert real.count(head) == real.count(tail) == 1
    assert real.index(head) < real.index(tail)


def test_all_cases_together_are_as_sure_as_they_agree() -> None:
    alike = report.pooled([outcome(1.01, 1.2), outcome(1.01, 1.2)])
    apart = report.pooled([outcome(1.00, 1.2), outcome(1.04, 1.2), outcome(1.0, 1.2)])
    assert alike.value == pytest.approx(1.01)
    assert alike.high - alike.low < 1e-9
    assert apart.low < 1.0 < apart.value < 1.02 < apart.high


def test_a_task_that_is_measured_again_takes_the_place_of_its_last_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perf_harness, "KEPT_AS", tmp_path / "perf" / "harness.json")
    names = [(case.task, case.model) for case in harness_cases.CASES[:2]]
    first, second = (outcome(1.01, 1.2)._replace(task=task, model=model) for task, model in names)
    perf_harness.keep([second, first])
    again = outcome(1.5, 1.2)._replace(task=first.task, model=first.model)
    assert perf_harness.kept() == [second, first]
    assert perf_harness.together(perf_harness.kept(), [again]) == [again, second]
