"""A chart of very many models: the frontier's are marks, the others one mass that weighs little and loses nobody."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import site_factory as make

from wattboard import charts, frame, listings, pages
from wattboard.charts import crowds

if TYPE_CHECKING:
    from wattboard.listings import Listing, Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return listings.assemble(frame.gather([make.write(make.demo(), tmp_path_factory.mktemp("crowds"))]), [])


def grown(site: Site, many: int, *, frontier: int = 20) -> Listing:
    """The demo's first board with so many models: those at the frontier lie on a diagonal, the others below it."""
    draw = random.Random(7)  # noqa: S311 - made-up data
    listing = site.listings[0]
    shape = next(one for one in listing.all if one.wh and one.quality is not None)
    rated = []
    for k in range(many):
        at = k / frontier if k < frontier else draw.random()
        energy, quality = 0.01 * 100**at, 0.4 + 0.5 * at - (0.0 if k < frontier else 0.02 + draw.random() * 0.3)
        spread = {"wh_low": energy * 0.99, "wh_high": energy * 1.01, "quality_low": quality, "quality_high": quality}
        rated.append(replace(shape, model=f"demo/m{k}", wh=energy, quality=quality, **spread))
    front = frozenset(one.model for one in rated[:frontier])
    return replace(listing, recommended=(), below=(), unrated=tuple(rated), frontier=front, reach=charts.reach(rated))


@pytest.mark.parametrize("many", [crowds.CROWD, crowds.CROWD + 1, 3000])
def test_every_model_is_a_mark_or_one_of_the_crowd_and_the_frontier_is_marks(site: Site, many: int) -> None:
    listing = grown(site, many)
    drawn = charts.plot(listing, 760, 400, 58)
    assert drawn is not None
    assert len(drawn.marks) + (drawn.crowd.count if drawn.crowd else 0) == many
    assert listing.frontier <= {mark.rating.model for mark in drawn.marks}
    assert (drawn.crowd is None) == (many <= crowds.CROWD)
    if drawn.crowd:
        assert {mark.rating.model for mark in drawn.marks} == listing.frontier
        assert drawn.front.count("H") == 20


def test_where_the_frontier_itself_is_a_crowd_only_its_steps_stay_marks(site: Site) -> None:
    listing = grown(site, 600, frontier=crowds.MOST_APART + 1)
    level = [replace(one, quality=0.4) if one.model in listing.frontier else one for one in listing.all]
    drawn = charts.plot(replace(listing, unrated=tuple(level)), 760, 400, 58)
    assert drawn is not None
    assert [mark.rating.model for mark in drawn.marks] == ["demo/m0"]
    assert drawn.crowd is not None
    assert drawn.crowd.count == 599


def test_a_cell_is_darker_the_more_models_lie_in_it() -> None:
    told = crowds.gathered([(100.0, 50.0)] * 9 + [(200.0, 50.0)] * 3 + [(300.0, 50.0)])
    assert told.count == 13
    assert [shade for shade, _ in told.shades] == [1, 2, 4]
    for (_, path), x in zip(told.shades, (300, 200, 100), strict=True):
        found = re.fullmatch(r"M([\d.]+) ([\d.]+)h0", path)
        assert found is not None
        assert abs(float(found[1]) - x) <= crowds.CELL / 2
        assert abs(float(found[2]) - 50) <= crowds.CELL / 2


def test_ten_times_the_models_do_not_make_a_board_ten_times_heavier(site: Site) -> None:
    weights = []
    for many in (1000, 10_000):
        listing = grown(site, many)
        rendered = pages.render(replace(site, listings=(listing,)), "https://wattstar.example/")
        page = rendered.slots[f"boards/{listing.board.name}/index.html"]["board"]
        charted = "".join(re.findall(r'<svg class="ws-chart.*?</svg>', page, re.DOTALL))
        weights.append(len(charted))
        assert charted.count("<a ") == 2 * 20
        assert f"of {many} models" in charted
        assert "980 models, darker" in page or "9,980 models, darker" in page
    assert weights[1] < 120_000
    assert weights[1] < 2 * weights[0]
