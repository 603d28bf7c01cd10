"""A board is frozen once; nothing edits it afterwards."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rating_oracle as oracle
import site_factory as make
from typer.testing import CliRunner

from wattbench.problems import Refusal
from wattboard import api, editions, frame, listings
from wattboard.cli import app
from wattboard.founding import anchors, cohorts, freezing
from wattboard.ratings import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.runs import Run
    from wattboard.editions import Opened
    from wattboard.founding.anchors import Anchor


def anchored(many: Sequence[Run], folder: Path) -> dict[str, Anchor]:
    return anchors.anchors(frame.frame(frame.gather([make.write(many, folder)])))


def test_a_demo_edition_freezes_every_board_on_its_reference_model(tmp_path: Path) -> None:
    said = freezing.freeze(tmp_path / "e", "demo", anchored(make.demo(), tmp_path / "s"), demo=True)
    assert [line.split(":")[0] for line in said] == [f"froze {make.IMAGES}", f"froze {make.SIMILARITY}"]
    assert "relative to demo/all-MiniLM-L6-v2, one star is a factor of 1.60" in said[1]
    opened = editions.read(tmp_path / "e" / "demo")
    assert opened.edition.headline == {"image-classification": make.IMAGES, "sentence-similarity": make.SIMILARITY}
    frozen = opened.boards[make.SIMILARITY]
    assert frozen.reference.id == "demo/all-MiniLM-L6-v2"
    assert (frozen.u_sess, frozen.frozen_on, opened.edition.opened) == (0.08, "2026-11-20", "2026-11-20")
    assert frozen.quality.recommended == pytest.approx(0.613 - 0.02)
    assert frozen.quality.minimum == 0.2
    assert len(frozen.run_digests) == 2
    assert frozen.thresholds_wh == thresholds.anchored(frozen.reference.wh_per_1000_queries, 1.6)


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
    told = {(problem.file.rsplit("/", 1)[1], problem.message) for problem in refused.value.problems}
    assert told == {
        (f"{make.SIMILARITY}.json", "is not the file that was frozen: its bytes differ"),
        (f"{make.IMAGES}.json", "is recorded in edition.json and missing"),
        ("elsewhere.json", "is not recorded in edition.json: its freeze did not end, or it was put there"),
    }


def test_an_edition_written_before_hashes_were_kept_is_read_and_gets_them_with_its_next_board(tmp_path: Path) -> None:
    both = anchored(make.demo(), tmp_path / "s")
    freezing.freeze(tmp_path / "e", "demo", both, demo=True, only=make.IMAGES)
    path = tmp_path / "e" / "demo" / "edition.json"
    old = json.loads(path.read_text()) | {"schema": 1}
    del old["boards"]
    path.write_text(json.dumps(old))
    assert set(editions.read(path.parent).boards) == {make.IMAGES}
    freezing.freeze(tmp_path / "e", "demo", both, demo=True)
    opened = editions.read(path.parent)
    assert set(opened.edition.boards) == set(opened.boards) == {make.IMAGES, make.SIMILARITY}


@pytest.mark.parametrize("name", ["edition", make.SIMILARITY])
def test_a_file_of_a_newer_schema_is_refused_with_the_remedy(name: str, tmp_path: Path) -> None:
    freezing.freeze(tmp_path, "demo", anchored(make.demo(), tmp_path / "s"), demo=True)
    path = tmp_path / "demo" / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 9}))
    if name != "edition":
        told = json.loads((path.parent / "edition.json").read_text())
        told["boards"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
        (path.parent / "edition.json").write_text(json.dumps(told))
    with pytest.raises(Refusal, match=r"is of schema 9, and this version knows none past 2. Use a newer version"):
        editions.read(path.parent)


# a rated edition, from runs as files


def freeze(many: Sequence[Run], folder: Path, edition: str = "2026-06", only: str | None = None) -> Opened:
    """Freeze a rated edition from runs, in a folder of its own."""
    passes = frame.frame(frame.gather([make.write(many, folder / "s")]))
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, edition)
    freezing.freeze(folder / "e", edition, found, demo=False, only=only, foundings=founding)
    return editions.read(folder / "e" / edition)


def test_a_rated_edition_freezes_a_board_from_its_founding_cohort(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(20)]
    board = freeze(many, tmp_path).boards[make.GPU]
    assert board.anchor == "cohort"
    assert board.cohort == tuple(sorted(f"org/m{k:02}" for k in range(20)))
    assert board.inclusion == cohorts.RULE
    right, limits = oracle.thresholds([one.y for one in board.founders])
    assert (board.r, board.thresholds_wh) == (right, pytest.approx(limits, rel=1e-12))
    assert board.quality.recommended == 0.7
    assert (board.u_sess, board.u_sess_sessions) == (0.005, None)
    assert set(board.run_digests) == {one.digest for one in frame.gather([tmp_path / "s"])}


def test_a_board_below_eight_lineages_is_anchored_on_its_reference(tmp_path: Path) -> None:
    board = freeze([*make.brackets(), *make.founders(7)], tmp_path).boards[make.GPU]
    assert (board.anchor, board.cohort, board.r) == ("reference", (), 1.6)
    assert board.reference.id == make.REFERENCES[make.GPU][0]


def test_with_ten_sessions_of_the_reference_its_session_term_is_measured_and_frozen(tmp_path: Path) -> None:
    days = {f"2026-06-{k:02}-a": f"2026-06-{k:02}" for k in range(1, 13)}
    brackets = [
        one
        for k, (name, day) in enumerate(days.items())
        for one in make.brackets(50 + 0.1 * (k % 3), sessions={name: day})
    ]
    board = freeze([*brackets, *make.founders(8)], tmp_path).boards[make.GPU]
    assert board.u_sess_sessions == 12
    assert 0 < board.u_sess < 0.005


def test_a_rebuild_gives_the_same_bytes_whatever_order_the_runs_were_written_in(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(9)]
    one, other = freeze(many, tmp_path / "a"), freeze(many[::-1], tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a/e/2026-06").iterdir())
    assert names == ["edition.json", f"{make.GPU}.json"]
    for name in names:
        assert (tmp_path / "a/e/2026-06" / name).read_bytes() == (tmp_path / "b/e/2026-06" / name).read_bytes()
    published = [
        api.files(listings.assemble(frame.gather([tmp_path / side / "s"]), [opened]))
        for side, opened in (("a", one), ("b", other))
    ]
    assert published[0] == published[1]


def test_a_written_board_file_never_changes(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(9)]
    freeze(many, tmp_path / "a")
    home = tmp_path / "a/e/2026-06"
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    later = [*many, *make.official("org/later", 5.0), *make.official("org/tune", 500.0, base_model="org/m00")]
    with pytest.raises(Refusal, match="is frozen already"):
        freeze(later, tmp_path / "a", only=make.GPU)
    freeze(later, tmp_path / "a")
    freeze(later, tmp_path / "a", edition="2027-06")
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


def test_what_a_killed_freeze_left_is_taken_up_and_anything_else_is_not_overwritten(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(9)]
    freeze(many, tmp_path / "a")
    path, edition = tmp_path / "a/e/2026-06" / f"{make.GPU}.json", tmp_path / "a/e/2026-06/edition.json"
    written, recorded = path.read_bytes(), edition.read_bytes()
    edition.unlink()
    freeze(many, tmp_path / "a")
    assert (path.read_bytes(), edition.read_bytes()) == (written, recorded)
    edition.unlink()
    path.write_bytes(written + b" ")
    with pytest.raises(Refusal, match="exists already"):
        freeze(many, tmp_path / "a")


def test_a_later_result_moves_no_published_byte_of_another_model(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(9)]
    opened = freeze(many, tmp_path / "a")
    later = [*many, *make.official("org/later", 5.0)]
    before, after = (
        api.files(listings.assemble(frame.gather([make.write(runs, tmp_path / name)]), [opened]))
        for name, runs in (("b", many), ("c", later))
    )
    models = [name for name in before if "/models/" in name]
    assert len(models) == 10
    assert {name: after[name] for name in models} == {name: before[name] for name in models}


def test_the_command_freezes_a_cohort_and_names_the_runs_that_it_leaves_out(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(8)]
    again = make.official("org/m03", 1.0, at="T23:00:00Z")
    make.seal(make.write([*many, *again], tmp_path / "s"))
    given = ["freeze", "2026-06", make.GPU, "--submissions", str(tmp_path / "s"), "--editions", str(tmp_path / "e")]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0
    assert f"froze {make.GPU}: from 8 lineages, one star is a factor of" in done.output
    assert done.stderr.count("Left out: ") == 2
    alone = freeze(many, tmp_path / "alone").boards[make.GPU]
    assert editions.read(tmp_path / "e" / "2026-06").boards[make.GPU] == alone


def test_no_rated_edition_is_frozen_from_runs_that_nobody_signed(tmp_path: Path) -> None:
    make.write([*make.brackets(), *make.founders(8)], tmp_path / "s")
    given = ["--submissions", str(tmp_path / "s"), "--editions", str(tmp_path / "e")]
    done = CliRunner().invoke(app, ["freeze", "2026-06", *given])
    assert done.stderr.count("only runs count that a trusted key has signed") == len(
        list((tmp_path / "s").rglob("*.json"))
    )
    assert "There is no run to freeze a board from" in done.output
    assert not list((tmp_path / "e").rglob("*.json"))


def test_every_frozen_file_of_the_project_is_as_recorded_and_follows_from_its_cohort() -> None:
    for opened in editions.read_all([Path(__file__).parents[1] / "site" / "editions"]):
        for board in opened.boards.values():
            if board.founders:
                r, limits = oracle.thresholds([one.y for one in board.founders])
                assert (board.r, board.thresholds_wh) == (r, pytest.approx(limits, rel=1e-12))
