"""What the harness may not do to what lies there: runs and ledger entries are written once."""

from __future__ import annotations

import pytest

from wattbench.checking import touching
from wattbench.checking.changes import ABSENT, Change

RUN = "submissions/org/quick/runs/board--2026-11-27-0123456789ab.json"
EVENT = "ledger/org/quick/2026-11-27--measured--0123456789ab.json"


@pytest.mark.parametrize("path", [RUN, EVENT, RUN.replace(".json", ".dsse.json")])
def test_results_are_added_and_neither_changed_nor_taken_away(path: str) -> None:
    def said(change: Change) -> list[str]:
        return [one.message for one in touching.problems([change], "harness", "submissions")]

    assert said(Change(path, "100644", added=True)) == []
    assert said(Change(path, "100644", added=False)) == ["is changed"]
    assert said(Change(path, ABSENT, added=False)) == ["is taken away"]


def test_maintainers_may_take_a_run_away() -> None:
    assert list(touching.problems([Change(RUN, ABSENT, added=False)], "maintainer", "submissions")) == []
