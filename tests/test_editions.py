"""A board is frozen once; nothing edits it afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import site_factory as make

from wattbench.problems import Refusal
from wattboard import anchors, editions, frame, freezing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.anchors import Anchor


def anchored(many: Sequence[Run], folder: Path) -> dict[str, Anchor]:
    return anchors.anchors(frame.frame(frame.gather([make.write(many, folder)])))


def test_a_demo_edition_freezes_every_board_on_its_reference_model(tmp_path: Path) -> None:
    said = freezing.freeze(tmp_path / "e", "demo", anchored(make.demo(), tmp_path / "s"), demo=True)
    assert said == [f"froze {make.IMAGES}", f"froze {make.SIMILARITY}"]
    opened = editions.read(tmp_path / "e" / "demo")
    assert opened.edition.headline == {"image-classification": make.IMAGES, "sentence-similarity": make.SIMILARITY}
    frozen = opened.boards[make.SIMILARITY]
    assert frozen.reference.id == "demo/all-MiniLM-L6-v2"
    assert (frozen.u_sess, frozen.frozen_on, opened.edition.opened) == (0.08, "2026-11-20", "2026-11-20")
    assert frozen.quality.recommended == pytest.approx(0.613 - 0.02)
    assert frozen.quality.minimum == 0.2
    assert len(frozen.run_digests) == 2
    assert frozen.thresholds_wh == freezing.thresholds(frozen.reference.wh_per_1000_queries, 1.6)


def test_freezing_again_keeps_every_byte_and_says_so(tmp_path: Path) -> None:
    freezing.freeze(tmp_path / "e", "demo", anchored(make.demo(), tmp_path / "s"), demo=True)
    before = {path.name: path.read_bytes() for path in (tmp_path / "e" / "demo").iterdir()}
    later = [*make.demo(), *make.bracket(make.SIMILARITY, 99.0, session="later", day="2026-12-01", grade=0.7)]
    said = freezing.freeze(tmp_path / "e", "demo", anchored(later, tmp_path / "s2"), demo=True)
    assert all(line.startswith("kept ") for line in said)
    assert {path.name: path.read_bytes() for path in (tmp_path / "e" / "demo").iterdir()} == before


def test_freezing_one_board_that_is_frozen_is_refused(tmp_path: Path) -> None:
    found = anchored(make.demo(), tmp_path / "s")
    freezing.freeze(tmp_path / "e", "demo", found, demo=True)
    with pytest.raises(Refusal, match="is frozen already"):
        freezing.freeze(tmp_path / "e", "demo", found, demo=True, only=make.SIMILARITY)


def test_a_board_new_in_mid_edition_gets_its_own_file_and_moves_no_other(tmp_path: Path) -> None:
    both = anchored(make.demo(), tmp_path / "s")
    freezing.freeze(tmp_path / "e", "demo", both, demo=True, only=make.IMAGES)
    before = (tmp_path / "e" / "demo" / f"{make.IMAGES}.json").read_bytes()
    freezing.freeze(tmp_path / "e", "demo", both, demo=True)
    assert (tmp_path / "e" / "demo" / f"{make.IMAGES}.json").read_bytes() == before
    assert set(editions.read(tmp_path / "e" / "demo").boards) == {make.IMAGES, make.SIMILARITY}


def test_a_rated_edition_takes_no_estimate(tmp_path: Path) -> None:
    said = freezing.freeze(tmp_path / "e", "2026-12", anchored(make.demo(), tmp_path / "s"), demo=False)
    assert all("unfrozen: its energy is estimated" in line for line in said)
    assert not (tmp_path / "e").exists()


def test_a_demo_never_grows_into_a_rated_edition(tmp_path: Path) -> None:
    found = anchored(make.demo(), tmp_path / "s")
    freezing.freeze(tmp_path / "e", "demo", found, demo=True)
    with pytest.raises(Refusal, match="is a demo edition already"):
        freezing.freeze(tmp_path / "e", "demo", found, demo=False)


@pytest.mark.parametrize(
    ("many", "why"),
    [
        (make.bracket(make.SIMILARITY, 50.0)[:1], "before and after"),
        (make.bracket(make.SIMILARITY, 50.0, gates=[make.gate(verdict="fail")]), "a gate failed"),
        (make.bracket(make.SIMILARITY, 50.0, grade=None), "no quality"),
        ([make.run()], "before and after"),
    ],
)
def test_a_board_without_a_sound_reference_is_left_unfrozen_with_the_reason(
    many: list[Run], why: str, tmp_path: Path
) -> None:
    said = freezing.freeze(tmp_path / "e", "demo", anchored(many, tmp_path / "s"), demo=True)
    assert len(said) == 1
    assert "unfrozen" in said[0]
    assert why in said[0]


def test_the_first_sound_session_anchors_the_board(tmp_path: Path) -> None:
    failed = make.bracket(make.SIMILARITY, 10.0, session="x", day="2026-11-01", gates=[make.gate(verdict="fail")])
    first = make.bracket(make.SIMILARITY, 50.0, session="y", day="2026-11-02")
    second = make.bracket(make.SIMILARITY, 90.0, session="z", day="2026-11-03")
    found = anchored([*second, *failed, *first], tmp_path)[make.SIMILARITY]
    assert found.wh_per_1000 == pytest.approx(50.0 / 500 / 3.6, rel=0.01)
    assert found.newest == "2026-11-02"


@pytest.mark.parametrize("wrong", ["../up", "", "Demo", "a/b"])
def test_an_id_that_is_no_id_is_refused(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no edition's id"):
        freezing.freeze(tmp_path, wrong, {}, demo=True)


def test_everything_wrong_with_the_editions_is_said_at_once(tmp_path: Path) -> None:
    freezing.freeze(tmp_path, "demo", anchored(make.demo(), tmp_path / "s"), demo=True)
    home = tmp_path / "demo"
    board = json.loads((home / f"{make.SIMILARITY}.json").read_text())
    board["thresholds_wh"] = [4.0, 3.0, 2.0, 1.0]
    (home / f"{make.SIMILARITY}.json").write_text(json.dumps(board))
    (home / f"{make.IMAGES}.json").rename(home / "elsewhere.json")
    with pytest.raises(Refusal) as refused:
        editions.read_all([tmp_path])
    assert len(refused.value.problems) == 2
