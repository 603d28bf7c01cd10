"""The cache: a second build reads only what changed, and nothing that is kept can change a rating."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import site_factory as make

from wattbench import runs
from wattbench.problems import Refusal
from wattboard import editions, frame, gathering, ratings
from wattboard.founding import anchors, cohorts, freezing
from wattboard.gathering import cache, reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattboard.gathering.filed import Filed
    from wattboard.ratings import Rating

MANY = [*make.brackets(), *make.official("org/a", 40.0), *make.official("org/b", 55.0)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust files that were written a moment ago: no test writes twice within one tick of the clock."""
    monkeypatch.setattr(cache, "SETTLED_NS", 0)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name every file that is hashed or read."""
    names: list[str] = []
    hashed, read = reading.hashes, reading.read

    def hashes(paths: Sequence[Path]) -> Any:
        names.extend(f"hashed {path.name}" for path in paths)
        return hashed(paths)

    def whole(wanted: Sequence[tuple[Path, Path | None]], trusted: Any) -> Any:
        names.extend(f"read {path.name}" for path, _ in wanted)
        return read(wanted, trusted)

    monkeypatch.setattr(reading, "hashes", hashes)
    monkeypatch.setattr(reading, "read", whole)
    return names


def gathered(folder: Path) -> tuple[Filed, ...]:
    found = gathering.gather([folder / "s"], None, folder / "cache")
    assert found.unkept is None
    assert found.left_out == ()
    return found.filed


def rated(many: Sequence[Filed]) -> tuple[Rating, ...]:
    """Rate by thresholds that the runs themselves give: whatever moves in a row moves something here."""
    passes = frame.frame(many)
    found = anchors.anchors(passes)
    board = cohorts.drafting.unfounded(make.GPU, found[make.GPU], "e1")
    assert board is not None
    return cohorts.judged(passes, [board], "e1")


def test_a_second_build_reads_nothing_and_gives_the_same_rows(tmp_path: Path, reads: list[str]) -> None:
    make.write(MANY, tmp_path / "s")
    first = gathered(tmp_path)
    assert len([one for one in reads if one.startswith("read")]) == len(MANY)
    reads.clear()
    second = gathered(tmp_path)
    assert reads == []
    assert second == first
    assert frame.frame(second).collect().equals(frame.frame(first).collect())


def test_only_a_run_that_is_new_is_read(tmp_path: Path, reads: list[str]) -> None:
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    reads.clear()
    new = runs.write(make.run(make.GPU, "org/c", protocol="official"), tmp_path / "s")
    assert len(gathered(tmp_path)) == len(MANY) + 1
    assert reads == [f"hashed {new.name}", f"read {new.name}"]


def test_a_run_that_was_only_touched_is_hashed_and_not_read(tmp_path: Path, reads: list[str]) -> None:
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    reads.clear()
    touched = next((tmp_path / "s").glob("org/a/runs/*.json"))
    os.utime(touched, (1, 1))
    gathered(tmp_path)
    assert reads == [f"hashed {touched.name}"]


def test_a_run_that_was_moved_to_another_folder_of_submissions_is_not_read_again(
    tmp_path: Path, reads: list[str]
) -> None:
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    reads.clear()
    (tmp_path / "s").rename(tmp_path / "t")
    found = gathering.gather([tmp_path / "t"], None, tmp_path / "cache")
    assert len(found.filed) == len(MANY)
    assert not [one for one in reads if one.startswith("read")]


def test_a_run_that_is_gone_is_gone(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    for path in (tmp_path / "s").glob("org/a/runs/*.json"):
        path.unlink()
    left = gathered(tmp_path)
    assert {one.model for one in left} == {"org/b", make.REFERENCES[make.GPU][0]}
    assert set(frame.frame(left).collect()["model"]) == {one.model for one in left}


def test_an_edit_that_keeps_size_and_modification_time_is_seen(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    path = next((tmp_path / "s").glob("org/a/runs/*.json"))
    stat, text = path.stat(), path.read_text()
    joules = json.loads(text)["passes"][0]["joules"]
    edited = text.replace(f'"joules": {joules}', f'"joules": {str(joules).translate(str.maketrans("3456", "1111"))}', 1)
    assert edited != text
    path.write_text(edited)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    (left,) = gathering.gather([tmp_path / "s"], None, tmp_path / "cache").left_out
    assert left.file == path.relative_to(tmp_path / "s").as_posix()


def test_a_file_that_was_written_a_moment_ago_is_hashed_again(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SETTLED_NS", 2_000_000_000)
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    reads.clear()
    gathered(tmp_path)
    assert len(reads) == len(MANY)
    assert all(one.startswith("hashed") for one in reads)


def damages(data: bytes, dice: random.Random) -> list[bytes]:
    at = dice.randrange(len(data))
    flipped = bytes([*data[:at], data[at] ^ (1 << dice.randrange(8)), *data[at + 1 :]])
    return [flipped, data[: len(data) // 2], b"", b"{}", data + b"\n", data.replace(b'"rows"', b'"raws"')]


def test_no_damage_to_the_cache_changes_a_rating(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    kept = tmp_path / "cache"
    before = rated(gathered(tmp_path))
    assert any(one.y is not None for one in before)
    names = sorted(path.name for path in kept.iterdir())
    whole = {name: (kept / name).read_bytes() for name in names}
    assert len(names) == 4
    dice = random.Random(5)  # noqa: S311 - which bit is damaged is no secret
    tried = 0
    for name in names:
        for data in [bad for _ in range(6) for bad in damages(whole[name], dice)]:
            for other, good in whole.items():
                (kept / other).write_bytes(data if other == name else good)
            assert rated(gathered(tmp_path)) == before
            tried += data != whole[name]
    assert tried > 100


def test_tables_that_stand_in_for_each_other_are_not_believed(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    before = rated(gathered(tmp_path))
    make.write([make.run(make.GPU, "org/a", (1.0, 1.0, 1.0), session="x")], tmp_path / "other" / "s")
    gathered(tmp_path / "other")
    head = json.loads((tmp_path / "cache" / "head.json").read_text())
    foreign = json.loads((tmp_path / "other" / "cache" / "head.json").read_text())
    table = (tmp_path / "other" / "cache" / f"{foreign['rows'][0]}.parquet").read_bytes()
    (tmp_path / "cache" / f"{head['rows'][0]}.parquet").write_bytes(table)
    assert rated(gathered(tmp_path)) == before


def test_rows_that_other_code_wrote_are_thrown_away(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.write(MANY, tmp_path / "s")
    gathered(tmp_path)
    reads.clear()
    monkeypatch.setattr(cache, "code", lambda: "another")
    gathered(tmp_path)
    assert len([one for one in reads if one.startswith("read")]) == len(MANY)


def test_a_cache_that_cannot_be_written_is_said_and_fails_nothing(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    (tmp_path / "cache").write_text("a file is in its place")
    found = gathering.gather([tmp_path / "s"], None, tmp_path / "cache")
    assert len(found.filed) == len(MANY)
    assert found.unkept


def test_the_cache_does_not_grow_with_runs_that_are_gone(tmp_path: Path) -> None:
    for number in range(cache.MOST_TABLES + 3):
        for path in (tmp_path / "s").glob("*/*/runs/*.json"):
            path.unlink()
        make.write([make.run(make.GPU, "org/a", (30.0 + number, 31.0))], tmp_path / "s")
        gathered(tmp_path)
    head = json.loads((tmp_path / "cache" / "head.json").read_text())
    assert len(head["rows"]) <= 2
    assert len(list((tmp_path / "cache").glob("*.parquet"))) == len(head["rows"]) + 2
    assert cache.load(tmp_path / "cache").rows["digest"].n_unique() <= 2


def test_what_lies_beside_the_cache_stays(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "notes.parquet").write_text("mine")
    gathered(tmp_path)
    assert (tmp_path / "cache" / "notes.parquet").read_text() == "mine"


def test_runs_of_another_folder_stay_kept(tmp_path: Path, reads: list[str]) -> None:
    make.write(MANY, tmp_path / "s")
    make.write([make.run()], tmp_path / "demo")
    gathered(tmp_path)
    gathering.gather([tmp_path / "demo"], None, tmp_path / "cache")
    reads.clear()
    gathered(tmp_path)
    gathering.gather([tmp_path / "demo"], None, tmp_path / "cache")
    assert reads == []


def test_many_files_are_read_by_several_processes_to_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.write(MANY, tmp_path / "s")
    alone = frame.frame(frame.gather([tmp_path / "s"])).collect()
    monkeypatch.setattr(reading, "SEVERAL", 0)
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    monkeypatch.setattr(reading, "_processors", lambda: 2)
    assert frame.frame(frame.gather([tmp_path / "s"])).collect().equals(alone)


def test_a_run_that_changes_while_the_site_is_built_is_refused(tmp_path: Path) -> None:
    make.write(MANY, tmp_path / "s")
    one = gathered(tmp_path)[0]
    one.path.write_bytes(one.path.read_bytes().replace(b'"threads": 2', b'"threads": 4'))
    with pytest.raises(Refusal, match="changed while it was in use"):
        _ = one.data


def test_ratings_of_a_cached_second_build_are_those_of_the_first(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.founders(8)]
    make.write(many, tmp_path / "s")
    passes = frame.frame(gathered(tmp_path))
    found = anchors.anchors(passes)
    freezing.freeze(tmp_path / "e", "2026-12", found, demo=False, foundings=cohorts.foundings(passes, found, "2026-12"))
    (opened,) = editions.read_all([tmp_path / "e"])
    boards = list(opened.boards.values())
    assert boards
    again = frame.frame(gathered(tmp_path))
    first = ratings.rate(passes, opened.edition, boards).collect()
    assert first.filter(pl.col("stars").is_not_null()).height >= 8
    assert first.equals(ratings.rate(again, opened.edition, boards).collect())
