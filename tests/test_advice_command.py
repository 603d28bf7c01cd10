"""`wattboard advise`, from run files to sentences and JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import advice_factory as board
import published
import pytest
import site_factory as make
from typer.testing import CliRunner

from wattbench.problems import Refusal
from wattbench.runs import write
from wattboard.advice import Choice, pick
from wattboard.cli import app
from wattboard.imports import aienergyscore, files, mlenergy
from wattboard.ratings.reasons import REASONS

if TYPE_CHECKING:
    from pathlib import Path

IMAGES, SATURATED, INT8 = board.IMAGES, board.SATURATED, board.INT8


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A board of four models: big; small that answers nearly alike; poor; and shy, of which no scores are kept."""
    big = board.scores(0.86)
    for one in board.brackets(IMAGES):
        write(one, tmp_path / "s")
    board.write(tmp_path / "s", "org/big", 100.0, big, latency=0.4)
    board.write(tmp_path / "s", "org/small", 37.0, board.scores(0, like=big, swaps=-4), latency=0.1)
    board.write(tmp_path / "s", "org/poor", 12.0, board.scores(0, like=big, swaps=-200), latency=0.05)
    board.write(tmp_path / "s", "org/shy", 36.8, None, grade=0.857)
    return tmp_path


def ask(folder: Path, *words: str) -> list[str]:
    """What the command says, line by line; frozen first."""
    board.frozen(folder)
    return said(folder, *words)


def said(folder: Path, *words: str) -> list[str]:
    given = ["--submissions", str(folder / "s"), "--editions", str(folder / "e")]
    done = CliRunner().invoke(app, ["advise", *given, *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def told(folder: Path, *words: str) -> dict[str, Any]:
    board.frozen(folder)
    found: dict[str, Any] = json.loads("\n".join(said(folder, *words, "--json")))
    return found


def test_a_switch_is_recommended_with_its_interval_and_the_paired_quality(home: Path) -> None:
    lines = ask(home, "--task", "image-classification", "--within", "2", "--from", "org/big")
    text = "\n".join(lines)
    assert "Of what is within 2 points of the best top-1 accuracy, so has 84.0 % or better, org/shy" in text
    found = re.search(r"Switch from org/big to org/small: it uses ([\d.]+) % less energy \(([\d.]+)-([\d.]+) %\)", text)
    assert found is not None
    value, low, high = map(float, found.groups())
    assert low < value < high
    assert value == pytest.approx(63, abs=0.2)
    assert high - low == pytest.approx(1.4, abs=0.2)
    assert "its quality is not worse (0.4 points worse; " in text
    assert "over 1,000 queries, with a margin of 2 points" in text
    assert "org/shy and org/small cannot be told apart by their energy." in text
    assert "No claim is made for a switch from org/big to org/shy: a result has no scores of single queries" in text
    assert not re.search(r"\b(eco|green)", text, re.IGNORECASE)


def test_what_is_much_worse_is_never_recommended_however_little_it_uses(home: Path) -> None:
    one = told(home, "--board", IMAGES, "--min-quality", "50", "--from", "org/big")
    assert one["pick"]["model"] == "org/poor"
    judged = {each["to"]: each for each in one["switches"]}
    assert judged["org/poor"]["claimed"] is False
    assert [why["name"] for why in judged["org/poor"]["reasons"]] == ["quality-worse"]
    assert judged["org/small"]["claimed"] is True
    assert not [line for line in one["sentences"] if "Switch from org/big to org/poor" in line]


def test_the_json_gives_the_rows_that_the_pick_was_made_from(home: Path) -> None:
    one = told(home, "--board", IMAGES, "--within", "2", "--max-latency", "0.3")
    assert one["schema"] == 1
    rows = [Choice(**row) for row in one["rows"]]
    again = pick(rows, higher_is_better=one["metric"]["higher_is_better"], within=0.02, max_latency=0.3).as_dict()
    assert one["pick"] == again
    assert one["pick"]["passed_over"]["org/big"] == ["too-slow"]
    assert {row["latency_p95_seconds"] for row in one["rows"]} == {0.4, 0.1, 0.05, None}
    assert one["frontier"] == ["org/poor", "org/shy", "org/small", "org/big"]
    assert one["frontier_respects_intervals"] is True


def test_without_a_wish_the_boards_recommended_quality_is_the_bar(home: Path) -> None:
    one = told(home, "--task", "image-classification")
    assert one["asked"]["recommended_quality"] is True
    assert one["pick"]["bar"] == pytest.approx(0.74)
    assert one["edition"] == "e1"
    assert "has the recommended top-1 accuracy of 74.0 % or better" in one["sentences"][1]


def test_what_the_gates_failed_is_left_out_with_its_reason(home: Path) -> None:
    failed = make.gate(verdict="fail")
    board.write(home / "s", "org/wild", 1.0, board.scores(0.9), gates=[failed])
    one = told(home, "--task", "image-classification")
    assert one["left_out"] == {
        "demo/efficientnet-lite1": REASONS["packaged-weights"],
        "org/wild": REASONS["gate-failed"],
    }
    assert "org/wild" not in {row["model"] for row in one["rows"]}
    with pytest.raises(Refusal, match="a gate of the protocol failed"):
        said(home, "--task", "image-classification", "--from", "org/wild")


def test_batching_and_precision_compare_a_model_with_itself_alone(home: Path) -> None:
    big = board.scores(0.86)
    for name, middle in ((SATURATED, 10.0), (INT8, 30.0)):
        for one in board.brackets(name, middle):
            write(one, home / "s")
    ladder = board.rungs(100.0, 60.0, 40.0)
    board.write(home / "s", "org/big", 20.0, big, board=SATURATED, ladder=ladder)
    board.write(home / "s", "org/big", 60.0, board.scores(0, like=big, swaps=-90), board=INT8)
    board.write(home / "s", "org/small", 5.0, big, board=SATURATED, revision="e" * 40)
    one = told(home, "--board", IMAGES, "--min-quality", "86", "--from", "org/big")
    batching, precision = one["gains"]
    assert (batching["what"], batching["a"], batching["b"]) == ("batching", IMAGES, SATURATED)
    assert batching["switch"]["claimed"] is True
    saved = batching["switch"]
    assert saved["less"] == pytest.approx(0.8, abs=0.002)
    # two boards may have been frozen on two cards, 5 % apart
    assert 1 - (1 - saved["less"]) * 1.07 < saved["less_low"] < 1 - (1 - saved["less"]) * 1.05
    assert (precision["what"], precision["a"], precision["b"]) == ("precision", IMAGES, INT8)
    assert [why["name"] for why in precision["switch"]["reasons"]] == ["quality-worse"]
    assert precision["second"]["quality"] == pytest.approx(0.77)
    (found,) = one["ladders"]
    assert [(step["batch"], step["wh"] is None) for step in found["steps"]] == [(1, 0), (2, 0), (4, 0), (8, 1)]
    text = "\n".join(one["sentences"])
    assert "In batches as large as pay off it uses 80" in text
    assert "lowest at batch 4" in text
    assert "Batch 8 is left out: memory ended." in text
    other = told(home, "--board", IMAGES, "--min-quality", "80", "--from", "org/small")
    assert other["gains"] == []


def test_a_model_of_one_task_is_held_against_one_of_several(home: Path) -> None:
    for one in (*make.brackets(), *make.official("org/big", 60.0), *make.official("org/shy", 60.0)):
        write(one, home / "s")
    one = told(home, "--task", "image-classification", "--min-quality", "85", "--max-latency", "0.3")
    assert one["purpose"]["general"] == "org/big"
    assert one["purpose"]["tasks"] == 2
    assert one["purpose"]["specific"] == "org/small"
    assert one["purpose"]["switch"]["claimed"] is True
    alone = [line for line in one["sentences"] if "results for this task alone" in line]
    assert alone == [
        "Task-specific against general-purpose: org/small has results for this task alone, org/big for 2 tasks."
    ]


def test_the_price_of_a_point_is_told_between_neighbours(home: Path) -> None:
    one = told(home, "--task", "image-classification")
    prices = {(each["cheaper"], each["better"]): each for each in one["prices"]}
    first = prices["org/poor", "org/shy"]
    assert first["wh_per_point"] == pytest.approx(first["wh"] / first["points"], rel=1e-5)
    assert first["low"] < first["wh_per_point"] < first["high"]
    assert any("costs" in line and "Wh per 1,000 queries" in line for line in one["sentences"])


def test_estimates_are_called_estimated_everywhere(tmp_path: Path) -> None:
    from wattboard import frame
    from wattboard.founding import anchors, freezing

    make.write(make.demo(), tmp_path / "s")
    filed = frame.gather([tmp_path / "s"])
    freezing.freeze(tmp_path / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    lines = said(tmp_path, "--task", "sentence-similarity")
    assert all("estimated" in line for line in lines if " Wh per 1,000" in line)
    assert lines[1].startswith("Of what has the recommended Spearman's rho")
    found = json.loads("\n".join(said(tmp_path, "--task", "sentence-similarity", "--json")))
    assert "estimated_wh" in found["rows"][0]
    assert not [name for name in found["rows"][0] if name.startswith("wh")]


def test_a_board_that_no_edition_has_gives_an_order_and_claims_nothing(home: Path) -> None:
    (home / "e").mkdir()
    one = json.loads("\n".join(said(home, "--board", IMAGES, "--from", "org/big", "--json")))
    assert one["edition"] is None
    assert one["pick"]["order_only"] is True
    assert not [each for each in one["switches"] if each["claimed"]]
    assert one["frontier_respects_intervals"] is False
    assert "By single values, without intervals" in "\n".join(one["sentences"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--task", "no-such-task"], "there is no task 'no-such-task'. Choose one of: automatic"),
        (["--task", "summarization"], "summarization has no result yet"),
        (["--board", "image-classification-v9~x~fp16~single~off~nvml"], "there is no result on a board"),
        ([], "no task is named"),
        (["--task", "image-classification", "--from", "no/body"], "there is no no/body on .*org/big, org/poor"),
        (["--task", "image-classification", "--within", "2", "--min-quality", "80"], "asked for twice"),
        (["--task", "image-classification", "--min-quality", "0.8"], "0.8 is 0.8 %. Write 80 for 80 %"),
        (["--task", "image-classification", "--within", "90"], "lets everything through"),
        (["--task", "text-classification", "--board", IMAGES], "is a board of image-classification"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_remedy(home: Path, words: list[str], why: str) -> None:
    with pytest.raises(Refusal, match=why):
        ask(home, *words)


def imported(folder: Path) -> list[str]:
    table = published.score(folder / "t.csv", published.score_rows([0.002, 0.001, 0.004, 0.0011]))
    files.write(aienergyscore.read(table), folder / "i")
    ladder = published.ladder("org/a") + published.ladder("org/b", scale=0.8)
    files.write(mlenergy.read(published.ml(folder / "m.csv", ladder)), folder / "i")
    for name in "se":
        (folder / name).mkdir()
    return ["--imported", str(folder / "i")]


def test_imported_results_give_an_order_with_its_caveat_and_never_a_claim(tmp_path: Path) -> None:
    given = imported(tmp_path)
    given += ["--task", "text-classification"]
    one = json.loads("\n".join(said(tmp_path, *given, "--from", "org/model-2", "--json")))
    assert (one["kind"], one["pick"]["model"], one["pick"]["order_only"]) == ("imported", "org/model-1", True)
    assert not [each for each in one["switches"] if each["claimed"] or each["not_worse"] is not None]
    text = "\n".join(one["sentences"])
    assert "Imported from AI Energy Score leaderboard" in text
    assert "single values, which give an order and nothing more" in text
    assert "% less" not in text
    assert "not worse" not in text
    with pytest.raises(Refusal, match=r"has no quality: AI Energy Score .* publishes none. Leave --within out"):
        said(tmp_path, *given, "--within", "2")


def test_imported_curves_are_told_as_ladders(tmp_path: Path) -> None:
    given = imported(tmp_path)
    lines = said(tmp_path, *given, "--board", "lm-arena-chat-h100-best-batch")
    assert any("Energy against batch, org/b (bfloat16 on 1 GPU, single values): at batch 8" in line for line in lines)
    with pytest.raises(Refusal, match=r"has 2 boards\. Give --board with one: lm-arena-chat-h100-batch-8"):
        said(tmp_path, *given, "--task", "lm-arena-chat")
