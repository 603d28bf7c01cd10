"""The whole circle: what `make rehearse` tells, held to be true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rehearse

from wattboard import comment as comments

if TYPE_CHECKING:
    from rehearse import Done, Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return rehearse.rehearse(tmp_path_factory.mktemp("rehearsal"))


def told(stage: Stage, words: str) -> Done:
    (found,) = [done for title, done in stage.told.items() if words in title]
    return found


def test_a_submission_goes_all_the_way_round_to_its_badge(stage: Stage) -> None:
    well = [title for title, done in stage.told.items() if done.status == 0]
    assert len(well) == 11
    assert [words in well[number] for number, words in enumerate(("submits", "checked", "told", "merges"))] == [
        True
    ] * 4
    badge = told(stage, "badge has changed").said
    assert badge.startswith("before: none\nafter: AI energy, sentence similarity: not rated, estimated 0.0")
    assert "Wh per 1,000 queries" in badge


def test_the_comment_is_made_of_the_checks_own_archive(stage: Stage) -> None:
    said = told(stage, "request is told").said
    assert said.startswith(comments.MARKER)
    assert "nothing wrong" in said
    assert "it enters no rated board" in said


def test_nothing_is_measured_before_it_was_approved(stage: Stage) -> None:
    assert told(stage, "nothing was approved yet").said == "Nothing that was approved waits.\n"


def test_the_host_brings_runs_and_ledger_alone_and_every_run_is_signed(stage: Stage) -> None:
    branch = rehearse.results_branch(stage)
    names = stage.must("git", "diff", "--name-only", f"main~1...{branch}", cwd=stage.origin).split()
    assert {name.split("/")[0] for name in names} == {"submissions", "ledger"}
    assert all("/runs/" in name for name in names if name.startswith("submissions"))
    runs = [name for name in names if name.endswith(".json") and "/runs/" in name and ".dsse" not in name]
    assert len(runs) == 3
    assert {name.replace(".json", ".dsse.json") for name in runs} <= set(names)
    said = told(stage, "follows from its trace").said
    assert said.count("verified") == 3
    assert "rehearsal-host" in said


def test_the_ledger_says_what_the_host_did(stage: Stage) -> None:
    events = (stage.folder / "site-after/ledger" / rehearse.MODEL).glob("*.json")
    kinds = sorted(json.loads(file.read_text())["kind"] for file in events)
    assert kinds == ["measured", "running"]


def test_a_fork_is_told_every_path_that_is_not_its_to_touch(stage: Stage) -> None:
    done = told(stage, "each path is told")
    assert done.status == 1
    for path in (".github/workflows/check.yml", "keys/trusted.json", "site/editions/2026-12/edition.json"):
        assert f"{path}: is not yours to touch" in done.said
    run = rehearse.run_of(stage.folder / "hostile").relative_to(stage.folder / "hostile")
    assert f"{run}: is not yours to touch: it is the harness's" in done.said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("nobody trusts", "is no trusted key"),
        ("has ended", "counts from 2020-01-01 until 2020-12-31, not on 20"),
        ("not valid yet", "counts from 2099-01-01 until further notice, not on 20"),
    ],
)
def test_a_signature_that_does_not_count_is_refused_with_its_dates(stage: Stage, words: str, why: str) -> None:
    done = told(stage, words)
    assert done.status == 1
    assert why in done.said
    assert "verified" not in done.said.replace("verified  submissions/demo/all-MiniLM", "")


def test_a_run_that_was_tampered_with_is_named_with_the_figure_that_differs(stage: Stage) -> None:
    done = told(stage, "one figure was changed")
    assert done.status == 1
    run = rehearse.run_of(stage.folder / "tampered")
    assert re.search(rf"{re.escape(run.name)}: passes\.\d\.joules: is ", done.said)
    assert "the raw material says" in done.said
    assert "but its envelope was signed for" in done.said


def test_the_story_is_told_step_by_step(stage: Stage) -> None:
    lines: list[str] = []
    again = type(stage)(Path("unused"), lines.append)
    for number, (title, done) in enumerate(stage.told.items(), 1):
        again.scene(title, done, done.said.splitlines()[:1])
        assert f"\n{number:2}. {title}" in lines
    assert max(map(len, lines)) < 190
