"""A cut of the press makes of its models what the whole one makes: nothing that they need was left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import life_site
import many_models
import page_factory
import pytest

from wattboard import api, editions, frame, listings, pages, profiles
from wattboard.advising import scores
from wattboard.publishing import Printer, press
from wattboard.publishing.staging import Stage
from wattboard.publishing.stamping import Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wattboard.listings import Site
    from wattboard.publishing.press import Press

SHELL = Shell("models", ("<title>", "TITLE", "</title>", "BODY", "", "DESCRIPTION", "", "ID", ""))


def whole(site: Site, folder: Path) -> Press:
    atlas = profiles.atlas(site, scores.pairing(site.filed))
    return press.whole(site, atlas, "https://x.test/", api.shared(site), SHELL, Stage(folder / "new", folder, None))


def _rich(folder: Path) -> Site:
    """Models with scores, traces, ladders, several boards and families."""
    return listings.assemble(*page_factory.rich(folder))


def _many(folder: Path) -> Site:
    """Boards of two kinds with all states of a star."""
    many_models.write(folder, 20)
    return listings.assemble(frame.gather([folder / "s"]), editions.read_all([folder / "e"]))


def _told(folder: Path) -> Site:
    """Models of which the ledger says something."""
    life_site.write(folder)
    life_site.dispute(folder)
    return life_site.site(folder)


@pytest.mark.parametrize("layout", ["theme's", "light"])
@pytest.mark.parametrize("written", [_rich, _many, _told])
def test_a_cut_makes_the_same_files_with_the_same_keys(
    written: Callable[[Path], Site], layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layout == "light":
        monkeypatch.setattr(pages, "LIGHT_FROM", 0)
    site = written(tmp_path / "in")
    every = range(len(site.profiles))
    keys = keys_of(whole(site, tmp_path / "one"), every)
    cutter, found = press.Cutter(whole(site, tmp_path / "cut")), dict[str, str]()
    for start in every[::3]:
        cut = press.from_bytes(press.to_bytes(cutter.cut(every[start : start + 3])))
        assert len(cut.site.profiles) <= 3
        found |= keys_of(cut, range(len(cut.site.profiles)))
    assert found == keys
    assert all(keys.values()) == (layout == "light")
    assert contents(tmp_path / "cut" / "new") == contents(tmp_path / "one" / "new")


def keys_of(one: Press, places: range) -> dict[str, str]:
    return {model: key for model, (key, _) in Printer(one).make(places).files.items()}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
