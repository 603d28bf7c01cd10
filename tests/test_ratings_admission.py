"""Runs that may not be rated together are left out, each with its reason, and move nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import site_factory as make

from wattboard import frame
from wattboard.ratings import admission

if TYPE_CHECKING:
    from pathlib import Path


def test_runs_that_claim_one_place_leave_the_one_that_was_measured_first(tmp_path: Path) -> None:
    first = make.run(at="2026-11-20T10:00:00Z")
    second = make.run(at="2026-11-20T10:20:00Z", joules=(1.0, 1.1, 1.0))
    filed = frame.gather([make.write([first, second], tmp_path)])
    kept, left = admission.admit(reversed(filed))
    assert [one.run for one in kept] == [first]
    assert len(left) == 1
    assert left[0].file.endswith(next(one.name for one in filed if one.run == second))
    assert "second run of demo/paraphrase-MiniLM-L3-v2 in session 2026-11-20-a as candidate" in left[0].message


def test_another_session_role_revision_or_board_is_another_place(tmp_path: Path) -> None:
    many = [
        make.run(),
        make.run(session="other"),
        make.run(role="reference-before"),
        make.run(revision="package:some-package==1.0.1"),
        make.run(make.GPU),
    ]
    kept, left = admission.admit(frame.gather([make.write(many, tmp_path)]))
    assert (len(kept), left) == (5, ())


def test_runs_of_boards_that_do_not_exist_are_left_out_by_name(tmp_path: Path) -> None:
    (known,) = frame.gather([make.write([make.run()], tmp_path)])
    names = [make.SIMILARITY.replace("sentence-similarity", "mind-reading"), make.SIMILARITY.replace("-v0", "-v99")]
    strange = [replace(known, board=name, path=tmp_path / f"{k}.json") for k, name in enumerate(names)]
    kept, left = admission.admit([known, *strange])
    assert kept == (known,)
    assert [(one.file, one.message.split(";")[0]) for one in left] == [
        (str(tmp_path / "0.json"), "there is no task 'mind-reading'"),
        (str(tmp_path / "1.json"), "sentence-similarity has no version 99"),
    ]
