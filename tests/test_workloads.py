"""Workloads: drawn from pinned data sets by a seeded hash, a tenth of them private; through a Hub of our own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import fake_hub
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench import building, cli, drawing, hub, runs, shelf, tasks, workloads
from wattbench.drawing import Window
from wattbench.problems import Refusal
from wattbench.tasks import Source

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from fake_hub import FakeHub

    from wattbench.shelf import Shelved
    from wattbench.tasks import Task

KEY = hashlib.sha256(b"known to the tests alone").digest()
PNG = b"\x89PNG\r\n\x1a\n"


def window(file: str, numbers: Sequence[int], rows: dict[int, Any] | None = None) -> Window:
    """A window whose rows say where they are from, or what `rows` says."""
    return Window(
        [drawing.place("org/rows", file, number) for number in numbers],
        lambda wanted: [{"text": f"{file} {numbers[n]}"} if rows is None else rows[numbers[n]] for n in wanted],
    )


def texts(drawn: Iterable[drawing.Drawn]) -> list[str]:
    return [one.row["text"] for one in drawn]


def test_the_draw_is_the_same_on_every_machine() -> None:
    drawn = drawing.draw([window("a.parquet", range(1000))], 5, drawing.by_seed("text-classification-v1"))
    ranks = {
        n: hashlib.sha256(f"text-classification-v1\norg/rows/a.parquet#{n}".encode()).digest() for n in range(1000)
    }
    expected = sorted(ranks, key=lambda n: ranks[n])[:5]
    assert texts(drawn) == [f"a.parquet {n}" for n in expected]
    assert expected == [343, 678, 328, 82, 762]  # so that no change of hash, seed or place goes unseen


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 30), st.randoms(use_true_random=False))
def test_neither_the_order_of_files_nor_how_they_are_read_moves_a_row(
    count: int, step: int, order: random.Random
) -> None:
    files = {"a": 40, "b": 7, "c": 25}
    whole = [window(name, range(rows)) for name, rows in files.items()]
    cut = [
        window(name, range(start, min(start + step, rows)))
        for name, rows in files.items()
        for start in range(0, rows, step)
    ]
    order.shuffle(cut)
    rank = drawing.by_seed("s")
    assert drawing.draw(cut, count, rank) == drawing.draw(whole, count, rank)


@given(st.integers(0, 50), st.integers(0, 50))
def test_whoever_draws_more_rows_draws_the_same_first(few: int, more: int) -> None:
    rank = drawing.by_seed("s")
    longer = drawing.draw([window("a", range(100))], few + more, rank)
    assert drawing.draw([window("a", range(100))], few, rank) == longer[:few]


def test_every_row_is_as_likely_as_any_other() -> None:
    seen = Counter(
        int(text.split()[1]) // 20
        for seed in range(200)
        for text in texts(drawing.draw([window("a", range(200))], 20, drawing.by_seed(f"s{seed}")))
    )
    # 4,000 draws over ten stretches of the file: chi-square with 9 degrees of freedom, 99.9 % below 27.9
    assert sum((seen[tenth] - 400) ** 2 / 400 for tenth in range(10)) < 27.9


def test_another_seed_draws_other_rows() -> None:
    one, two = ({*texts(drawing.draw([window("a", range(500))], 50, drawing.by_seed(seed)))} for seed in ("v1", "v2"))
    assert len(one & two) < 20


def test_rows_of_the_same_content_count_once_and_rows_left_out_do_not_count() -> None:
    rows = {n: None if n % 3 == 0 else {"text": f"text {n % 7}"} for n in range(300)}
    windows = [window("a", range(start, start + 50), rows) for start in range(0, 300, 50)]
    drawn = drawing.draw(windows, 100, drawing.by_seed("s"))
    assert sorted(texts(drawn)) == [f"text {n}" for n in range(7)]
    assert drawing.draw(windows[::-1], 100, drawing.by_seed("s")) == drawn


def test_only_rows_that_can_still_be_drawn_are_made() -> None:
    made: list[int] = []

    def counted(start: int) -> Window:
        one = window("a", range(start, start + 100))

        def make(numbers: Sequence[int]) -> Sequence[dict[str, Any] | None]:
            made.append(len(numbers))
            return one.make(numbers)

        return Window(one.places, make)

    drawing.draw([counted(start) for start in range(0, 10_000, 100)], 50, drawing.by_seed("s"))
    assert made[0] == 100
    assert sum(made) < 500  # 50 (1 + ln(10,000 / 100)) and some: a reservoir's count, not 10,000


@given(st.integers(0, 2000), st.integers(1, 9))
def test_shares_are_equal_to_within_one_and_add_up(total: int, parts: int) -> None:
    found = drawing.shares(total, parts)
    assert sum(found) == total
    assert max(found) - min(found) <= 1


def test_a_row_has_one_content_whatever_the_order_of_its_fields() -> None:
    assert drawing.digest({"a": 1, "b": b"x"}) == drawing.digest({"b": b"x", "a": 1})
    assert drawing.digest({"a": b"x"}) != drawing.digest({"a": b"y"})
    with pytest.raises(TypeError, match="set"):
        drawing.digest({"a": {1}})


# Through the Hub.


def review(row: dict[str, Any]) -> dict[str, Any] | None:
    return {"text": row["sentence"], "label": ("negative", "positive")[row["label"]]} if row["label"] >= 0 else None


def picture(row: dict[str, Any]) -> dict[str, Any]:
    return {"text": row["caption"], "label": "none", "image": row["image"]["bytes"]}


def reviews(start: int, count: int) -> bytes:
    """Rows as stanfordnlp/sst2 has them; every tenth without a label, as in its test split."""
    rows = [
        {"idx": n, "sentence": f"review {n} is {'good' if n % 2 else 'bad'}", "label": -1 if n % 10 == 9 else n % 2}
        for n in range(start, start + count)
    ]
    return fake_hub.parquet(rows, row_group=100)


TASK = dataclasses.replace(
    tasks.find("text-classification"),
    sources=(
        Source("org/sst", None, "validation", "1" * 40, "CC0-1.0", "data/validation-*.parquet", review),
        Source("org/imdb", "plain", "test", "2" * 40, "MIT", "plain/test-*.parquet", review, ("sentence", "label")),
    ),
)


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub with two data sets of reviews."""
    with fake_hub.serve() as state:
        sst = {f"data/validation-0000{n}-of-00002.parquet": reviews(500 * n, 500) for n in (0, 1)}
        state.put("datasets", "org/sst", sst | {"data/train.parquet": b"no"}, commit="1" * 40, licence="cc0-1.0")
        imdb = {"plain/test-00000-of-00001.parquet": reviews(5000, 900), "README.md": b"# IMDB"}
        state.put("datasets", "org/imdb", imdb, commit="2" * 40, licence=None)
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.setattr(hub, "sleep", lambda _: None)
        yield state


def build(tmp_path: Path, task: Task = TASK, *, rows: int = 100, key: bytes | None = None, where: str = "s") -> Shelved:
    return building.build(task, 1, tmp_path / where, key, lambda *_: None, rows)


def test_a_workload_is_drawn_equally_from_its_sources_with_references_and_says_where_it_is_from(
    tmp_path: Path, remote: FakeHub
) -> None:
    built = build(tmp_path)
    rows = workloads.shelved_rows(built)
    assert Counter(row["id"].split("/data")[0].split("/plain")[0] for row in rows) == {"org/sst": 50, "org/imdb": 50}
    assert {row["label"] for row in rows} == {"negative", "positive"}
    assert all(("good" in row["text"]) == (row["label"] == "positive") for row in rows)
    first, second = built.manifest.sources
    files = remote.repositories["datasets", "org/sst"].files
    assert first.files == {
        name: hashlib.sha256(files[name]).hexdigest() for name in files if name.startswith("data/validation")
    }
    assert (first.revision, first.pinned, first.licence, first.licence_on_hub) == ("1" * 40, True, "CC0-1.0", "cc0-1.0")
    assert (second.split, second.rows, second.licence_on_hub) == ("test", 50, None)
    assert built.manifest.licence == "CC0-1.0; MIT"
    assert not any("train" in path for path in remote.asked)


def test_sources_of_any_size_are_mixed_so_that_no_stretch_of_a_round_is_of_one_kind(
    tmp_path: Path, remote: FakeHub
) -> None:
    sst = remote.repositories["datasets", "org/sst"].files
    sst["data/validation-00001-of-00002.parquet"] = reviews(10_000, 20_000)
    kinds = ["sst" in row["id"] for row in workloads.shelved_rows(build(tmp_path))]
    assert 5 < sum(kinds[:25]) < 20
    assert sum(one != other for one, other in pairwise(kinds)) > 25


@pytest.mark.usefixtures("remote")
def test_the_same_workload_comes_out_byte_for_byte_on_another_shelf(tmp_path: Path) -> None:
    one, two = (build(tmp_path, where=where).hashes()[workloads.ROWS] for where in ("one", "two"))
    assert one == two


def test_a_row_says_its_place_in_its_data_set(tmp_path: Path, remote: FakeHub) -> None:
    files = remote.repositories["datasets", "org/sst"].files
    for row in workloads.shelved_rows(build(tmp_path))[:20]:
        place, _, number = row["id"].partition("#")
        if place.startswith("org/sst/"):
            there = pl.read_parquet(files[place.removeprefix("org/sst/")])
            assert there.row(int(number), named=True)["sentence"] == row["text"]


def test_what_was_fetched_for_a_workload_does_not_stay(tmp_path: Path, remote: FakeHub) -> None:
    build(tmp_path)
    assert remote.sent
    left = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    assert {path.name for path in left} == {shelf.MANIFEST, workloads.ROWS}


def test_a_build_that_was_cut_off_takes_up_the_files_that_it_has(tmp_path: Path, remote: FakeHub) -> None:
    remote.fail("/org/imdb/resolve", status=500)
    with pytest.raises(Refusal, match="the Hub answered 500"):
        build(tmp_path)
    assert not (tmp_path / "s/workloads").exists()
    remote.faults.clear()
    before = {path: size for path, size in remote.sent.items() if "/org/sst/resolve/" in path}
    build(tmp_path)
    assert {path: size for path, size in remote.sent.items() if "/org/sst/resolve/" in path} == before


def test_a_data_set_whose_bytes_are_not_those_of_the_hub_is_refused(tmp_path: Path, remote: FakeHub) -> None:
    claimed = remote.repositories["datasets", "org/imdb"].claimed
    claimed["plain/test-00000-of-00001.parquet"] = "0" * 64
    with pytest.raises(Refusal, match=r"org/imdb/plain/test-00000-of-00001.parquet: sha256: sha256 is"):
        build(tmp_path)


def test_everything_that_is_wrong_with_the_sources_is_said_before_anything_is_fetched(
    tmp_path: Path, remote: FakeHub
) -> None:
    bad = (
        dataclasses.replace(TASK.sources[0], revision="9" * 40),
        dataclasses.replace(TASK.sources[1], files="elsewhere/*.parquet"),
        dataclasses.replace(TASK.sources[1], dataset="org/gone"),
    )
    with pytest.raises(Refusal) as refused:
        build(tmp_path, dataclasses.replace(TASK, sources=bad))
    said = str(refused.value)
    assert "org/sst: revision: this commit does not exist" in said
    assert "no Parquet file matches 'elsewhere/*.parquet'; it has plain/test-00000-of-00001.parquet" in said
    assert "org/gone: id: is not on the Hub, or private" in said
    assert not any("/resolve/" in path for path in remote.asked)


def test_a_gated_data_set_is_refused_in_words(tmp_path: Path, remote: FakeHub) -> None:
    remote.repositories["datasets", "org/imdb"].gated = True
    with pytest.raises(Refusal, match=r"is gated\. Accept its terms"):
        build(tmp_path)


@pytest.mark.usefixtures("remote")
def test_a_source_with_too_few_rows_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"org/imdb: test: gives 810 of the 850 rows"):
        build(tmp_path, rows=1700)


def test_rows_of_an_unexpected_form_are_refused_with_the_row_and_the_columns(tmp_path: Path, remote: FakeHub) -> None:
    remote.repositories["datasets", "org/imdb"].files["plain/test-00000-of-00001.parquet"] = fake_hub.parquet(
        [{"sentence": "x", "label": 7}]
    )
    with pytest.raises(Refusal, match=r"row 0 is not of the form .*IndexError.*columns are sentence, label"):
        build(tmp_path)


def test_a_file_that_is_no_parquet_is_refused_by_name(tmp_path: Path, remote: FakeHub) -> None:
    remote.repositories["datasets", "org/imdb"].files["plain/test-00000-of-00001.parquet"] = b"<html>" * 100
    with pytest.raises(Refusal, match=r"org/imdb/plain/test-00000-of-00001.parquet: is not Parquet"):
        build(tmp_path)


def test_a_task_without_sources_says_which_tasks_have_some(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="names no public data sets"):
        build(tmp_path, dataclasses.replace(TASK, sources=()))


@pytest.mark.usefixtures("remote")
def test_a_workload_whose_sources_are_not_pinned_says_so_to_the_run_file(tmp_path: Path) -> None:
    pinned = build(tmp_path)
    loose = (TASK.sources[0], dataclasses.replace(TASK.sources[1], revision=None))
    tried = build(tmp_path, dataclasses.replace(TASK, sources=loose), where="tried")
    assert [one.pinned for one in tried.manifest.sources] == [True, False]
    assert tried.manifest.sources[1].revision == "2" * 40
    described = [workloads.describe(one, "text-classification", 1, 100) for one in (pinned, tried)]
    assert [one.pinned for one in described] == [True, False]
    assert described[0].sha256 == described[1].sha256  # the same rows: only what vouches for them differs


def test_a_data_set_without_parquet_is_read_from_the_hubs_own_conversion(tmp_path: Path, remote: FakeHub) -> None:
    imdb = remote.repositories["datasets", "org/imdb"]
    imdb.converted = fake_hub.Repository("datasets", "org/imdb", dict(imdb.files), commit="3" * 40)
    imdb.files = {"imdb.py": b"a loading script"}
    loose = (TASK.sources[0], dataclasses.replace(TASK.sources[1], revision=None))
    built = build(tmp_path, dataclasses.replace(TASK, sources=loose))
    assert built.manifest.sources[1].revision == "3" * 40
    pinned = (TASK.sources[0], dataclasses.replace(TASK.sources[1], revision="3" * 40))
    again = build(tmp_path, dataclasses.replace(TASK, sources=pinned), where="again")
    assert again.manifest.pinned
    assert again.hashes() == built.hashes()


def test_media_lie_inside_the_parquet_as_they_were(tmp_path: Path, remote: FakeHub) -> None:
    rows = [{"image": {"bytes": PNG + bytes([n] * 5000), "path": f"{n}.png"}, "caption": f"c{n}"} for n in range(80)]
    remote.put("datasets", "org/pictures", {"data/test.parquet": fake_hub.parquet(rows, 10)}, commit="4" * 40)
    source = Source("org/pictures", None, "test", "4" * 40, "CC-BY-4.0", "data/*.parquet", picture)
    built = build(tmp_path, dataclasses.replace(TASK, sources=(source,)), rows=40)
    images = {row["text"]: row["image"] for row in workloads.shelved_rows(built)}
    assert len(images) == 40
    assert all(images[f"c{n}"] == rows[n]["image"]["bytes"] for n in range(80) if f"c{n}" in images)  # type: ignore[index]


@pytest.mark.usefixtures("remote")
def test_a_large_file_is_read_window_by_window_and_gives_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(tmp_path)
    monkeypatch.setattr(building, "WINDOW_BYTES", 1000)
    opened = building._open(TASK, tmp_path / "s", lambda *_: None)
    assert len(list(building.windows(opened[0]))) > 10
    assert build(tmp_path, where="windows").hashes() == whole.hashes()


# The private tenth.


@pytest.mark.usefixtures("remote")
def test_a_tenth_of_the_rows_is_private_and_drawn_from_what_the_public_draw_left(tmp_path: Path) -> None:
    plain, mixed = build(tmp_path), build(tmp_path, key=KEY, where="mixed")
    rows = workloads.shelved_rows(mixed)
    hidden = [row["id"] for row in rows if row["private"]]
    shown = [row["id"] for row in rows if not row["private"]]
    assert (len(rows), len(hidden), mixed.manifest.private_rows) == (100, 10, 10)
    # anybody can draw the public rows again, without the key: they are the first of the public draw
    assert set(shown) < {row["id"] for row in workloads.shelved_rows(plain)}
    assert Counter(identity.split("/")[1] for identity in hidden) == {"sst": 5, "imdb": 5}
    assert workloads.describe(mixed, "text-classification", 1, 100).private_rows == 10
    places = [number for number, row in enumerate(rows) if row["private"]]
    assert places[0] < 50 < places[-1]  # among the others, not behind them


@pytest.mark.usefixtures("remote")
def test_without_the_key_nobody_knows_which_rows_are_private(tmp_path: Path) -> None:
    hidden = [
        {row["id"] for row in workloads.shelved_rows(build(tmp_path, key=key, where=where)) if row["private"]}
        for where, key in {"one": KEY, "two": KEY[::-1], "again": KEY}.items()
    ]
    assert hidden[0] == hidden[2]
    assert len(hidden[0] & hidden[1]) <= 3


@pytest.mark.usefixtures("remote")
def test_what_is_published_shows_public_rows_and_commits_to_the_others(tmp_path: Path) -> None:
    built = build(tmp_path, key=KEY)
    assert workloads.publish(built, tmp_path / "public", KEY) == 10
    measured = pl.read_parquet(built.folder / workloads.ROWS).to_dicts()
    published = pl.read_parquet(tmp_path / "public" / workloads.ROWS).to_dicts()
    for was, now in zip(measured, published, strict=True):
        if was["private"]:
            assert now["commitment"] == workloads.committed(was, KEY)
            assert {name: value for name, value in now.items() if value is not None} == {
                "private": True,
                "commitment": now["commitment"],
            }
        else:
            assert now == was | {"commitment": None}
    data = (tmp_path / "public" / workloads.ROWS).read_bytes() + (tmp_path / "public" / shelf.MANIFEST).read_bytes()
    assert not any(row["text"].encode() in data for row in measured if row["private"])
    stored = shelf.open_folder(tmp_path / "public").manifest.files[workloads.ROWS]
    assert stored.sha256_fetched == built.hashes()[workloads.ROWS]  # of the rows as they were measured


@pytest.mark.usefixtures("remote")
def test_a_row_that_is_shown_later_with_its_salt_proves_its_commitment(tmp_path: Path) -> None:
    built = build(tmp_path, key=KEY)
    row = next(row for row in workloads.shelved_rows(built) if row["private"])
    told = json.dumps(row, sort_keys=True, separators=(",", ":")).encode()  # what somebody else would hash
    salt = drawing.salt(row, KEY)
    assert len(salt) == 32
    assert hashlib.sha256(salt + told).hexdigest() == workloads.committed(row, KEY)
    assert hashlib.sha256(told).hexdigest() != workloads.committed(row, KEY)  # no guessing of rows without the salt


@pytest.mark.usefixtures("remote")
def test_a_publication_can_be_run_by_others_without_the_rows_it_withholds(tmp_path: Path) -> None:
    built = build(tmp_path, key=KEY)
    workloads.publish(built, tmp_path / "public", KEY)
    public = shelf.open_folder(tmp_path / "public")
    rows = workloads.shelved_rows(public)
    assert len(rows) == 90
    assert all(row["text"] and not row["private"] for row in rows)
    with pytest.raises(Refusal, match="is a publication already"):
        workloads.publish(public, tmp_path / "twice", KEY)


@pytest.mark.usefixtures("remote")
def test_only_a_workload_with_private_rows_is_published_so(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="has no private rows"):
        workloads.publish(build(tmp_path), tmp_path / "public", KEY)


@pytest.mark.usefixtures("remote")
def test_publishing_replaces_nothing_that_is_there(tmp_path: Path) -> None:
    built = build(tmp_path, key=KEY)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(Refusal, match="is there already"):
        workloads.publish(built, tmp_path / "mine", KEY)
    assert (tmp_path / "mine/thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("key", [b"", b"short", b"a" * 64])
def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path, key: bytes) -> None:
    (tmp_path / "key").write_bytes(key)
    with pytest.raises(Refusal, match="head -c 32 /dev/urandom"):
        workloads.read_key(tmp_path / "key")
    with pytest.raises(Refusal, match="cannot be read: No such file"):
        workloads.read_key(tmp_path / "none")


@pytest.mark.usefixtures("remote")
def test_a_damaged_workload_is_refused_before_it_is_read(tmp_path: Path) -> None:
    built = build(tmp_path)
    path = built.folder / workloads.ROWS
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(Refusal, match="the manifest says"):
        workloads.shelved_rows(built)
    with pytest.raises(Refusal, match="cannot be read"):
        workloads.open_rows(built.folder)


def test_manifests_of_before_data_sets_are_read_as_pinned(tmp_path: Path) -> None:
    with shelf.place(shelf.workload_folder(tmp_path, "text-classification", 0)) as folder:
        workloads.save_rows([{"text": "a", "label": "b"}], folder)
        told = {"kind": "workload", "name": "text-classification", "revision": "v0", "about": "old"}
        shelf.write_manifest(folder, told | {"weights": None, "licence": None, "base_model": None}, {}, "a test")
    path = shelf.workload_folder(tmp_path, "text-classification", 0) / shelf.MANIFEST
    old = {name: value for name, value in json.loads(path.read_bytes()).items() if name not in NEW_FIELDS}
    path.write_text(json.dumps(old))
    found = workloads.describe(shelf.open_folder(path.parent), "text-classification", 0, 1)
    assert isinstance(found, runs.Workload)
    assert (found.pinned, found.private_rows) == (True, 0)


NEW_FIELDS = ("sources", "pinned", "version", "private_rows")


# The command line.


@pytest.fixture
def wattbench(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str]]:
    """Call `wattbench workload` in this process, with a task of 100 rows; its status, and all that it said."""
    monkeypatch.setattr(tasks, "find", lambda _: TASK)
    monkeypatch.setattr(building, "ROWS", 100)
    monkeypatch.setattr(building.build, "__defaults__", (100,))
    monkeypatch.setenv("WATTSTAR_SHELF", str(tmp_path / "shelf"))

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["wattbench", "workload", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    return call


@pytest.mark.usefixtures("remote")
def test_the_command_builds_shows_and_publishes_a_workload(
    tmp_path: Path, wattbench: Callable[..., tuple[int, str]]
) -> None:
    (tmp_path / "key").write_bytes(KEY)
    status, said = wattbench("build", "text-classification", "--private-tenth", tmp_path / "key")
    assert status == 0, said
    assert f"org/sst@{'1' * 40} (pinned), validation: 45 rows, CC0-1.0" in said
    assert "drawing from org/imdb" in said
    status, said = wattbench("show", "text-classification", "--rows", 200)
    assert status == 0
    assert said.count("review ") == 90
    status, said = wattbench("publish", "text-classification", tmp_path / "out", "--key", tmp_path / "key")
    assert status == 0
    assert "10 private rows withheld" in said
    assert "10 private rows" in wattbench("show", tmp_path / "out")[1]
    status, said = wattbench("build", "text-classification")
    assert status == 1
    assert "is on the Shelf already; a workload is built once" in said


@pytest.mark.usefixtures("remote")
def test_the_command_says_that_an_unpinned_workload_is_never_rated(
    wattbench: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = dataclasses.replace(TASK, sources=tuple(dataclasses.replace(one, revision=None) for one in TASK.sources))
    monkeypatch.setattr(tasks, "find", lambda _: loose)
    status, said = wattbench("build", "text-classification")
    assert status == 0
    assert "never rated: write the commits above into the task's file" in said
    assert "1" * 40 in said


def test_the_command_refuses_the_demos_version_and_a_workload_that_is_not_there(
    wattbench: Callable[..., tuple[int, str]],
) -> None:
    assert "version 0 is the demo's" in wattbench("build", "text-classification", "--version", 0)[1]
    status, said = wattbench("show", "text-classification")
    assert status == 1
    assert "Run `wattbench workload build text-classification`" in said
