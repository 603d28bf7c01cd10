"""A build keeps what is made of the same as last time: the same bytes as a whole build, and whole whatever happens."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING

import many_models
import pytest
import rebuild_factory as rebuild
import site_factory as make

from wattboard import build, frame, listings
from wattboard.founding import anchors, cohorts, freezing
from wattboard.gathering import cache
from wattboard.pages import filling
from wattboard.publishing import built, finishing, keying, parts, swapping, tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rebuild_factory import Place


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rebuild.checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Place]:
    """Two boards of some hundred models, built once; each test goes on from what the last one left."""
    place = rebuild.Place(many_models.write(tmp_path_factory.mktemp("rebuild"), rebuild.MODELS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SETTLED_NS", 0)
        patch.setattr(build, "_root", lambda: checkout)
        place.build()
        yield place


def test_nothing_is_written_where_nothing_changed(first: Place) -> None:
    before = rebuild.stamps(first.out)
    first.build()
    assert rebuild.stamps(first.out) == before


def test_a_changed_run_changes_its_board_and_no_page_of_another(first: Place) -> None:
    before = rebuild.stamps(first.out)
    model = rebuild.a_model(first)
    rebuild.edited(first, model, 1.5)
    after = first.build()
    assert after == first.whole()
    written = {path for path, stamp in rebuild.stamps(first.out).items() if before.get(path) != stamp}
    assert {f"models/{model}/index.html", f"api/v1/models/{model}.json", f"boards/{make.GPU}/index.html"} <= written
    assert not {path for path in written if make.SIMILARITY in path or path.startswith("models/demo/")}
    assert len(written) < len(after) / 2


def test_an_added_run_gives_a_model_its_files(first: Place) -> None:
    make.write(make.official("newcomer/just-in", 21.5), first.folder / "s")
    make.seal(first.folder / "s", {make.GPU})
    after = first.build()
    assert "models/newcomer/just-in/index.html" in after
    assert after == first.whole()


def test_a_removed_run_takes_its_models_files_and_folders(first: Place) -> None:
    model = rebuild.a_model(first)
    shutil.rmtree(first.folder / "s" / model)
    after = first.build()
    assert not [path for path in after if model in path]
    assert after == first.whole()
    assert not [path for path in first.out.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_a_submission_that_changes_without_its_runs_changes_no_model(first: Place) -> None:
    before = rebuild.stamps(first.out)
    (first.folder / "s" / rebuild.a_model(first) / "submission.yml").write_text("schema: 1\n")
    after = first.build()
    written = {path for path, stamp in rebuild.stamps(first.out).items() if before.get(path) != stamp}
    assert written == {"left-out/index.html", "api/v1/left-out.json"}
    assert after == first.whole()


def test_an_edition_that_freezes_another_board_is_shown_everywhere(first: Place) -> None:
    passes = frame.frame(frame.gather([first.folder / "s"]))
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, "2027-06")
    freezing.freeze(first.folder / "e", "2027-06", {make.GPU: found[make.GPU]}, demo=False, foundings=founding)
    after = first.build()
    assert any(path.startswith("editions/2027-06/badges/") for path in after)
    assert after == first.whole()


def test_prose_that_changes_leaves_the_models_and_their_files(first: Place, checkout: Path) -> None:
    before = rebuild.stamps(first.out)
    page = checkout / "site" / "pages" / "about.md"
    page.write_text(page.read_text() + "\nOne line more.\n")
    after = first.build()
    assert after == first.whole()
    written = {path for path, stamp in rebuild.stamps(first.out).items() if before.get(path) != stamp}
    assert written == {"about/index.html", "search/search_index.json"}


def test_a_theme_that_changes_every_page_changes_every_page(first: Place, checkout: Path) -> None:
    style = checkout / "mkdocs.yml"
    style.write_text(style.read_text().replace("site_name: Wattstar", "site_name: Wattstars"))
    after = first.build()
    assert after == first.whole()
    assert "Wattstars" in (first.out / "models" / rebuild.a_model(first) / "index.html").read_text()


def test_a_site_that_was_built_by_other_code_is_made_anew(first: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rebuild.stamps(first.out)
    monkeypatch.setattr(cache, "code", lambda: "another")
    after = first.build()
    assert not set(before.values()) & set(rebuild.stamps(first.out).values())
    assert after == first.whole()


def test_a_template_that_changes_is_seen(tmp_path: Path) -> None:
    shell = finishing.stamping.Shell("models", ("a",))
    shutil.copytree(keying.TEMPLATES, tmp_path / "templates")
    before = keying.basis("/", shell, [], tmp_path / "templates")
    assert before == keying.basis("/", shell, [])
    label = tmp_path / "templates" / "label.j2"
    label.write_text(label.read_text() + " ")
    assert keying.basis("/", shell, [], tmp_path / "templates") != before


@pytest.mark.parametrize("meddling", ["edit", "add"])
def test_a_site_that_somebody_touched_is_made_anew(first: Place, meddling: str) -> None:
    before = rebuild.digests(first.out)
    page = first.out / "models" / rebuild.a_model(first) / "index.html"
    if meddling == "edit":
        page.write_text("mine")
    else:
        (first.out / "models" / "mine.txt").write_text("mine")
    assert first.build() == before


def test_a_record_that_does_not_hold_is_not_believed(first: Place) -> None:
    before = rebuild.digests(first.out)
    record = built.place(first.kept, first.out)
    whole = record.read_bytes()
    for data in (b"", b"{}", b"x" * 200, whole[: len(whole) // 2], whole.replace(b'"models/', b'"madels/', 1)):
        record.write_bytes(data)
        assert built.load(first.kept, first.out) is None
    assert first.build() == before


@pytest.mark.parametrize("moved", [0, 7])
def test_a_build_killed_while_files_are_put_into_place_is_finished_by_the_next(
    first: Place, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    first.build()
    rebuild.edited(first, rebuild.a_model(first), 1.1)
    move, done = swapping._move, []

    def killed(source: Path, target: Path) -> None:
        if len(done) == moved:
            raise KeyboardInterrupt
        done.append(target)
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(swapping, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            first.build()
    swapping.settle(first.out)
    assert rebuild.digests(first.out) == first.whole()
    assert sorted(path.name for path in first.out.parent.iterdir()) == ["docs", "html", "mkdocs.generated.yml"]


def test_a_build_killed_before_leaves_the_old_site_as_it_was(first: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rebuild.stamps(first.out)
    rebuild.edited(first, rebuild.a_model(first), 1.1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "mapped", killed)
        with pytest.raises(KeyboardInterrupt):
            first.build()
    assert rebuild.stamps(first.out) == before
    assert first.build() == first.whole()


def test_pictures_of_badges_follow_a_changed_run_and_are_kept_where_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SETTLED_NS", 0)
    place = rebuild.Place(many_models.write(tmp_path, 12))

    def made(out: Path, kept: Path) -> dict[str, str]:
        folders = ([tmp_path / "s"], [tmp_path / "e"], out)
        build.build(*folders, lambda _: None, kept_in=kept, png=tmp_path / "png")
        return rebuild.digests(out)

    before = made(place.out, place.kept)
    untouched = rebuild.stamps(place.out)
    assert made(place.out, place.kept) == before
    assert rebuild.stamps(place.out) == untouched
    model = rebuild.a_model(place)
    rebuild.edited(place, model, 3.0)
    after = made(place.out, place.kept)
    changed = {path for path in after if path.endswith(".png") and after[path] != before.get(path)}
    assert changed
    assert all(model in path for path in changed)
    assert after == made(tmp_path / "whole" / "html", tmp_path / "other")


def test_templates_are_compiled_once_and_a_folder_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    filling._environment.cache_clear()
    filling.keep(tmp_path / "templates")
    first = filling.filled("notice.j2", site=listings.assemble([], []))
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "templates").iterdir()}
    assert kept
    filling._environment.cache_clear()
    filling.keep(tmp_path / "templates")
    assert filling.filled("notice.j2", site=listings.assemble([], [])) == first
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "templates").iterdir()} == kept
    (tmp_path / "file").write_text("")
    filling._environment.cache_clear()
    filling.keep(tmp_path / "file" / "below")
    assert filling._environment().bytecode_cache is None
    filling._environment.cache_clear()


def test_a_tally_is_of_paths_sizes_and_times_in_any_order(tmp_path: Path) -> None:
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    total = tally.of(str(tmp_path))
    assert tally.end(tally.start(tmp_path)) == total
    assert total == sum(tally.one(name, (tmp_path / name).stat()) for name in ("e", "a/b/c", "a/d")) % tally.WIDE
    os.utime(tmp_path / "e", ns=(1, 1))
    assert tally.of(str(tmp_path)) != total
    assert tally.end(tally.start(tmp_path / "nowhere")) is None


def test_the_record_is_json_with_its_hash_before_it(first: Place) -> None:
    first.build()
    told, data = built.place(first.kept, first.out).read_bytes().split(b"\n", 1)
    assert hashlib.sha256(data).hexdigest().encode() == told
    assert set(json.loads(data)["parts"]) > {make.GPU, make.SIMILARITY, parts.REST}
