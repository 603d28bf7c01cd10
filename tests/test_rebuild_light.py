"""In the light layout a model has a key of its own: of a board that has changed only what shows it is made anew."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import life_site
import many_models
import pytest
import rebuild_factory as rebuild
import site_factory as make

from wattbench import runs
from wattboard import frame, pages, publishing
from wattboard.founding import anchors, cohorts, freezing
from wattboard.gathering import cache
from wattboard.publishing import built, tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rebuild_factory import Place

    from wattboard.publishing import Made

MODELS = 60


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site of the light layout; each test goes on from what the last one left."""
    place = rebuild.Place(many_models.write(tmp_path_factory.mktemp("light"), MODELS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SETTLED_NS", 0)
        patch.setattr(pages, "LIGHT_FROM", 10)
        place.build()
        yield place


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name the models whose files were made since."""
    found: list[str] = []
    make_them = publishing.Printer.make

    def counted(own: publishing.Printer, wanted: Iterable[int]) -> Made:
        told = make_them(own, wanted)
        found.extend(told.files)
        return told

    monkeypatch.setattr(publishing.Printer, "make", counted)
    return found


def test_a_run_that_changes_little_makes_little_anew(light: Place, made: list[str]) -> None:
    model = rebuild.a_model(light)
    rebuild.edited(light, model, 1.0004)
    after = light.build()
    assert model in made
    assert len(made) < MODELS / 2
    made.clear()
    assert after == light.whole()
    assert len(made) > MODELS


def test_a_run_that_moves_the_ends_of_the_axis_changes_every_model_of_its_board(light: Place, made: list[str]) -> None:
    rebuild.edited(light, rebuild.a_model(light), 1000.0)
    after = light.build()
    assert len([one for one in made if not one.startswith("demo/")]) >= MODELS
    assert after == light.whole()


def test_a_model_that_comes_and_goes_is_seen_by_those_whose_place_it_changes(light: Place) -> None:
    make.write(make.official("newcomer/just-in", 21.5), light.folder / "s")
    make.seal(light.folder / "s", {make.GPU})
    assert light.build() == light.whole()
    shutil.rmtree(light.folder / "s" / "newcomer")
    assert light.build() == light.whole()


def test_what_is_told_of_a_model_changes_that_model(light: Place, made: list[str]) -> None:
    model = rebuild.a_model(light)
    revision = runs.from_bytes(light.run_of(model).read_bytes(), light.run_of(model)).model.revision
    life_site.dispute(light.folder, model=model, revision=revision)
    after = light.build()
    assert model in made
    assert len(made) < MODELS / 2
    assert "disputed" in (light.out / "models" / model / "index.html").read_text()
    assert after == light.whole()


def test_a_board_that_is_frozen_again_changes_its_models(light: Place) -> None:
    passes = frame.frame(frame.gather([light.folder / "s"]))
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, "2027-06")
    freezing.freeze(light.folder / "e", "2027-06", {make.GPU: found[make.GPU]}, demo=False, foundings=founding)
    assert light.build() == light.whole()


@pytest.mark.parametrize("seed", range(4))
def test_after_any_change_the_site_is_that_of_a_build_of_everything(light: Place, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - made-up changes
    models = sorted({"/".join(path.parts[-4:-2]) for path in (light.folder / "s").glob("*/*-v*/runs/*.json")})
    for model in draw.sample(models, draw.randint(1, 4)):
        rebuild.edited(light, model, draw.choice((0.2, 0.99, 1.01, 1.3, 5.0)))
    assert light.build() == light.whole()


def test_the_tally_of_what_was_written_is_that_of_what_lies_there(light: Place) -> None:
    light.whole()
    place = light.folder / "whole" / "html"
    told = built.load(light.folder / "other", place)
    assert told is not None
    assert told.tally == tally.of(str(place))
