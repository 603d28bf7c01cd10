from __future__ import annotations

import json
from typing import TYPE_CHECKING

import life_factory as life
import pytest

from wattbench import ledger
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path

EVERY = (
    life.running(),
    life.failed("infrastructure"),
    ledger.Measured(**life._on_board(1, session="s1", run=f"{life.BOARD}--2026-11-20-{'0' * 12}.json")),
    life.withdrawn(2),
    life.disputed(3),
    life.resolved(4),
    ledger.Corrected(
        at=life.at(5),
        model=life.MODEL,
        run=f"{life.BOARD}--2026-11-20-{'0' * 12}.json",
        field="quality.value",
        old=0.5,
        new=None,
        cause="graded with the wrong column",
    ),
    life.requeued(6),
    ledger.OptedOut(at=life.at(7), model=life.MODEL, note="asked by its owner"),
)


def test_every_kind_of_event_comes_back_as_it_was_written_oldest_first(tmp_path: Path) -> None:
    for event in reversed(EVERY):
        path = ledger.write(event, tmp_path)
        assert path.parent == tmp_path / "org" / "one"
        assert path.name.startswith(f"2026-11-20--{event.kind}--")
    assert sorted(one.kind for one in ledger.read(tmp_path)) == sorted(one.kind for one in EVERY)
    assert [one.at for one in ledger.read(tmp_path)] == sorted(one.at for one in EVERY)
    assert set(ledger.read(tmp_path)) == set(EVERY)


def test_the_same_event_is_the_same_file_and_another_never_touches_it(tmp_path: Path) -> None:
    first = ledger.write(life.withdrawn(1), tmp_path)
    before = first.read_bytes()
    assert ledger.write(life.withdrawn(1), tmp_path) == first
    other = ledger.write(life.withdrawn(1, note="another reason"), tmp_path)
    assert other != first
    assert first.read_bytes() == before


def test_a_ledger_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert ledger.read(tmp_path / "ledger") == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "celebrated"}, ""),
        ({"board": "poetry"}, "board"),
        ({"at": "2026-13-41T00:00:00Z"}, "at"),
        ({"lease_seconds": 0}, "lease_seconds"),
        ({"host": "h1\u202e"}, "host"),
        ({"host": "  "}, "host"),
        ({"schema": 2}, "schema"),
        ({"mood": "good"}, "mood"),
        ({"model": "../../etc"}, "model"),
    ],
)
def test_an_event_that_is_not_of_its_form_is_told_by_field(changes: dict[str, object], field: str) -> None:
    data = json.loads(ledger.to_bytes(life.running())) | changes
    with pytest.raises(Refusal) as refused:
        ledger.from_bytes(json.dumps(data).encode(), "that-file")
    (problem,) = refused.value.problems
    assert (problem.file, problem.field) == ("that-file", field)
    assert problem.remedy


def test_every_event_that_was_edited_moved_or_linked_is_named_at_once(tmp_path: Path) -> None:
    edited = ledger.write(life.withdrawn(1), tmp_path)
    edited.write_bytes(edited.read_bytes().replace(b"a wrong meter", b"no reason"))
    spaced = ledger.write(life.disputed(1), tmp_path)
    spaced.write_bytes(spaced.read_bytes() + b"\n")
    moved = ledger.write(life.resolved(1), tmp_path)
    (tmp_path / "org" / "two").mkdir()
    moved.rename(tmp_path / "org" / "two" / moved.name)
    (tmp_path / "org" / "two" / "link.json").symlink_to(edited)
    (tmp_path / "org" / "two" / "nul.json").write_bytes(b"\0\xff")
    with pytest.raises(Refusal) as refused:
        ledger.read(tmp_path)
    names = sorted(problem.file.rsplit("/", 1)[1] for problem in refused.value.problems)
    assert names == sorted([edited.name, spaced.name, moved.name, "link.json", "nul.json"])
    assert all(problem.remedy for problem in refused.value.problems)


def test_a_correction_that_changes_nothing_is_refused() -> None:
    told = json.loads(ledger.to_bytes(EVERY[6])) | {"new": 0.5}
    with pytest.raises(Refusal, match="the old value and the new one are the same"):
        ledger.from_bytes(json.dumps(told).encode())
