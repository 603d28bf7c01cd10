"""Models' pages made by several processes: the same bytes, and the same refusals."""

from __future__ import annotations

import gc
import hashlib
from typing import TYPE_CHECKING

import many_models
import pytest

from wattbench.problems import Refusal
from wattboard import api, build, publishing
from wattboard.publishing import removing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return many_models.write(tmp_path_factory.mktemp("publishing"), 30)


def digests(folder: Path) -> dict[str, str]:
    every = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in every}


def made(inputs: Path, out: Path) -> Path:
    build.build([inputs / "s"], [inputs / "e"], out, lambda _: None)
    return out


def test_several_processes_make_the_same_bytes_as_one(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = digests(made(inputs, tmp_path / "one" / "html"))
    monkeypatch.setattr(publishing, "SEVERAL", 0)
    monkeypatch.setattr(publishing.os, "sched_getaffinity", lambda _: {0, 1, 2})
    assert digests(made(inputs, tmp_path / "many" / "html")) == one
    assert len([path for path in one if path.startswith("models/")]) == 37


def test_the_light_layout_shows_every_model_to_the_same_readers(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(inputs, tmp_path / "whole" / "html")
    monkeypatch.setattr(build, "LIGHT", 0)
    light = made(inputs, tmp_path / "light" / "html")
    assert set(digests(light)) == set(digests(whole))
    page = "models/demo/all-MiniLM-L6-v2/index.html"
    assert (light / page).stat().st_size < (whole / page).stat().st_size
    told = (light / page).read_text()
    assert '<link rel="canonical" href="https://wattstar.example/models/demo/all-MiniLM-L6-v2/">' in told
    assert "@@" not in told


def test_a_run_that_changes_while_several_processes_work_ends_the_build(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "SEVERAL", 0)
    monkeypatch.setattr(publishing.os, "sched_getaffinity", lambda _: {0, 1})
    run = next(path for path in (inputs / "s" / "demo").rglob("*.json"))
    data = run.read_bytes()
    shared = api.shared

    def meddling(*given: object) -> object:
        run.write_bytes(data.replace(b"optimum", b"optimum "))
        return shared(*given)  # type: ignore[arg-type] # as given

    monkeypatch.setattr(api, "shared", meddling)
    with pytest.raises(Refusal, match="changed while it was in use"):
        made(inputs, tmp_path / "html")
    run.write_bytes(data)
    assert not (tmp_path / "html").exists()


def test_a_tree_is_removed_whole_and_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for place in (kept, tmp_path / "tree" / "a" / "b" / "c" / "d"):
        place.mkdir(parents=True)
        (place / "file").write_text("x")
    (tmp_path / "tree" / "a" / "link").symlink_to(kept)
    removing.remove(tmp_path / "tree")
    removing.remove(tmp_path / "none")
    assert not (tmp_path / "tree").exists()
    assert (kept / "file").exists()


def test_the_collector_looks_seldom_while_files_are_made_and_as_ever_after() -> None:
    before = gc.get_threshold()
    with publishing.seldom():
        assert gc.get_threshold()[0] == 100 * before[0]
    assert gc.get_threshold() == before


def test_the_collector_rests_while_a_site_grows_and_works_again_after() -> None:
    with publishing.growing():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count()
    gc.unfreeze()
