"""What a model's page, the home page, families and editions say: only what the numbers and METHOD allow."""

from __future__ import annotations

import re
from dataclasses import replace
from math import exp, log
from typing import TYPE_CHECKING

import advice_factory as advice
import page_factory
import pytest
import site_factory as make
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench import runs, tasks
from wattboard import advising, editions, frame, listings, pages, profiles
from wattboard.advice import Choice
from wattboard.advising import advice_words, choices, savings, scores
from wattboard.advising.choices import Offer
from wattboard.badges import faces
from wattboard.founding import anchors, freezing
from wattboard.pages import chronicle, happenings
from wattboard.profiles import families, snippets, standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.advising.scores import Pairing
    from wattboard.listings import Profile, Site
    from wattboard.profiles import Atlas

ADDRESS = "https://wattstar.example/"
BASE = "facebook/deit-tiny-patch16-224"


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Pairing]:
    filed, opened = page_factory.rich(tmp_path_factory.mktemp("rich"))
    return listings.assemble(filed, opened), scores.pairing(filed)


@pytest.fixture(scope="module")
def known(rich: tuple[Site, Pairing]) -> Atlas:
    return profiles.atlas(*rich)


def profile(site: Site, name: str) -> Profile:
    return next(one for one in site.profiles if one.id == name)


def board(many: Sequence[Run], folder: Path, *, freeze: bool = True) -> Site:
    filed = frame.gather([make.write(many, folder / "s")])
    if freeze:
        freezing.freeze(folder / "e", "2026-06", anchors.anchors(frame.frame(filed)), demo=False)
    return listings.assemble(filed, editions.read_all([folder / "e"]))


def test_a_saving_against_the_median_model_is_said_only_where_it_is_claimed(rich: tuple[Site, Pairing]) -> None:
    site, _ = rich
    known = profiles.atlas(*rich)
    claims = 0
    for one in site.profiles:
        for result in one.results:
            field = known.fields[result.listing.board.name]
            own = field.offer.find(one.id)
            story = profiles.story(result, known)
            if own is None or field.median is None:
                assert story.claim is None
                continue
            switch = standing.standing(own, field, known.pairing).median
            assert (story.claim is not None) is (switch is not None and switch.claimed)
            if story.claim is not None and switch is not None:
                claims += 1
                assert re.search(r"uses [\d.]+ % less energy \([\d.]+-[\d.]+ %\) than the median model", story.claim)
                assert "its quality is not worse" in story.claim
    assert claims > 3


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    def value(low: float, high: float) -> float:
        return round(draw(st.floats(low, high)), 3)

    rows = []
    for k in range(draw(st.integers(1, 12))):
        wh, h = value(0.5, 4.0), draw(st.sampled_from([None, 0.02, 0.3]))
        quality = draw(st.sampled_from([None, value(0.2, 0.9)]))
        rows.append(
            Choice(
                f"org/m{k}",
                wh,
                None if h is None else wh * exp(-h),
                None if h is None else wh * exp(h),
                quality,
                None if quality is None else quality - 0.05,
                None if quality is None else quality + 0.05,
            )
        )
    metric = replace(tasks.find("image-classification").metric, higher_is_better=draw(st.booleans()))
    return Offer("b", "t", "T", "q", "measured", None, metric, None, tuple(rows), {})


@settings(max_examples=80, deadline=None)
@given(offers())
def test_ranks_are_the_counts_that_a_plain_loop_gives(offer: Offer) -> None:
    field = standing.field(offer)
    sign = 1 if offer.higher_is_better else -1
    for own in offer.choices:
        found = standing.standing(own, field, lambda _a, _b: "no-scores")
        others = [one for one in offer.choices if one is not own]
        assert found.others == len(others)
        assert found.more == sum(one.wh > own.wh for one in others)
        sure = [one for one in others if own.wh_high and one.wh_low and one.wh_low > own.wh_high]
        assert found.surely_more == len(sure)
        graded = [one.quality for one in others if one.quality is not None]
        assert found.graded == len(graded)
        if own.quality is not None:
            assert found.lower == sum(sign * one < sign * own.quality for one in graded)
            assert found.surely_lower is not None
            assert found.lower is not None
            assert found.surely_lower <= found.lower


def test_every_alternative_is_a_claim_and_the_better_one_is_better_query_by_query(known: Atlas) -> None:
    site = known.site
    less = better = 0
    for one in site.profiles:
        for result in one.results:
            found = profiles.story(result, known).alternatives
            if found is None:
                continue
            assert all(switch.claimed and switch.a == one.id for switch in found.less)
            assert not (found.less and found.nearest)
            less += len(found.less)
            if found.better is not None:
                better += 1
                assert found.better.paired.low > 0
                assert found.better.paired.n >= 100
    assert less > 3
    assert better > 3


def test_without_scores_no_alternative_and_no_saving_is_claimed(rich: tuple[Site, Pairing]) -> None:
    blind = profiles.atlas(rich[0])
    for one in rich[0].profiles:
        for result in one.results:
            story = profiles.story(result, blind)
            assert story.claim is None
            assert story.alternatives is None or not (story.alternatives.less or story.alternatives.better)


def test_the_pick_is_held_against_a_general_purpose_model_where_there_is_one(known: Atlas) -> None:
    listing = next(one for one in known.site.headlines if one.task.name == "image-classification")
    field = known.fields[listing.board.name]
    assert listing.pick is not None
    purposes = dict.fromkeys((one.model for one in field.offer.choices), 1)
    pick = field.offer.find(listing.pick.model)
    assert pick is not None
    plain = savings.saving(listing, field, purposes, known.pairing)
    assert plain is not None
    assert plain.against in {"median", "reference"}
    dear = next(one for one in field.offer.choices if advising.compare(field.offer, one, pick, known.pairing).claimed)
    general = savings.saving(listing, field, purposes | {dear.model: 3}, known.pairing)
    assert general is not None
    assert (general.against, general.tasks, general.switch.claimed) == ("general", 3, True)
    assert (general.switch.a, general.switch.b) == (dear.model, listing.pick.model)


def test_home_names_what_the_saving_is_against_or_says_why_none_is_claimed(rich: tuple[Site, Pairing]) -> None:
    home = pages.render(rich[0], ADDRESS, pairing=rich[1]).slots["index.html"]["home"]
    assert re.search(r"the median model of this board|the best general-purpose model|the board&#39;s reference", home)
    assert "Pick a task" in home
    assert "One star is a factor" in home


def test_stars_come_from_lineages_where_a_cohort_founded_the_board(rich: tuple[Site, Pairing]) -> None:
    body = next(one.body for one in pages.render(*rich[:1], ADDRESS).models if one.id == BASE)
    assert "thresholds from 24 lineages" in body
    assert "relative to demo/efficientnet-lite1" in body  # its other boards are anchored
    assert "Leaving one lineage out of the founding cohort" in body or "changes nothing" in body


def test_why_a_star_is_what_it_is_agrees_with_the_command(rich: tuple[Site, Pairing], known: Atlas) -> None:
    from wattboard import explaining
    from wattboard.explaining import sentences

    result = profile(rich[0], BASE).results[0]
    said = explaining.explain(rich[0].filed, rich[0].editions, BASE, result.listing.board.name)
    assert list(profiles.story(result, known).why) == sentences.sentences(said)


def test_a_family_is_what_names_the_same_base_however_many_steps_back(rich: tuple[Site, Pairing]) -> None:
    found = families.families(rich[0].profiles)
    family = found[BASE]
    assert family is found["tuner/deit-tiny-flowers"]
    assert family.models == (BASE, "tuner/deit-tiny-distilled", "tuner/deit-tiny-flowers")
    assert "google/efficientnet-b0" not in found
    for listing, results in family.tables:
        assert all(one.listing is listing for one in results)
        energies = [one.rating.wh for one in results if one.rating.wh is not None]
        assert energies == sorted(energies)
    assert families.largest(found)[0] is family


def test_a_base_model_that_nobody_measured_still_holds_its_family_together(tmp_path: Path) -> None:
    many = [
        make.run(make.GPU, f"org/{name}", base_model=base, at=f"2026-11-20T10:0{k}:00Z")
        for k, (name, base) in enumerate([("a", "far/root"), ("b", "org/a"), ("c", None)])
    ]
    found = families.families(board(many, tmp_path).profiles)
    assert set(found) == {"org/a", "org/b"}
    assert (found["org/b"].root, found["org/b"].measured) == ("far/root", False)


def test_energies_of_two_precisions_are_drawn_only_for_one_revision(rich: tuple[Site, Pairing]) -> None:
    one = profile(rich[0], BASE)
    (drawn,) = profiles.precision_curves(one)
    assert [name for _, name, _ in drawn.names] == ["fp16", "int8"]
    other = tuple(
        replace(each, rating=replace(each.rating, revision=f"{k:040x}")) for k, each in enumerate(one.results)
    )
    assert profiles.precision_curves(replace(one, results=other)) == []


def test_a_superseded_edition_keeps_its_page_and_says_what_took_its_place(tmp_path: Path) -> None:
    filed = frame.gather([make.write(make.demo(), tmp_path / "s")])
    for name in ("demo-1", "demo-2"):
        freezing.freeze(tmp_path / "e", name, anchors.anchors(frame.frame(filed)), demo=True)
    site = listings.assemble(filed, editions.read_all([tmp_path / "e"]))
    assert chronicle.standings(site) == {"demo-1": "superseded by demo-2", "demo-2": "in force"}
    rendered = pages.render(site, ADDRESS)
    old = rendered.slots["editions/demo-1/index.html"]["edition"]
    assert "Superseded by demo-2" in old
    assert "demo/all-MiniLM-L6-v2" in old
    body = next(one.body for one in rendered.models if one.id == "demo/all-MiniLM-L6-v2")
    history = body.split("<h3>History</h3>")[1]
    assert history.index("editions/demo-2/") < history.index("editions/demo-1/")


def test_what_happened_lately_is_dated_by_the_data_the_newest_first(rich: tuple[Site, Pairing]) -> None:
    found = happenings.happenings(rich[0])
    days = [one.day for one in found]
    assert days == sorted(days, reverse=True)
    measured = [one for one in found if one.kind == "measured"]
    assert sum(len(one.ratings) + one.more for one in measured) == sum(len(one.all) for one in rich[0].listings)


def test_snippets_in_three_markups_show_the_same_permanent_badge(rich: tuple[Site, Pairing]) -> None:
    result = profile(rich[0], BASE).results[0]
    found = dict(snippets.snippets(faces.result(result, rich[0]), result.rating.board, ADDRESS))
    newest = found.pop("Markdown, always the newest edition")
    assert set(found) == {"Markdown", "HTML", "reStructuredText", "HTML, the large label"}
    picture = f"{ADDRESS}editions/2026-06/badges/{BASE}/{result.rating.board}"
    for text in found.values():
        assert picture in text
        assert f"{ADDRESS}models/{BASE}/" in text
        assert "0.0297 Wh per 1,000 queries" in text
    assert f"{picture}.label.svg" in found["HTML, the large label"]
    assert f"{ADDRESS}badges/v1/{BASE}/{result.rating.board}.svg" in newest
    assert "0.0297" not in newest


@pytest.mark.parametrize("count", [1, 7])
def test_a_board_of_few_models_has_pages_that_make_sense(tmp_path: Path, count: int) -> None:
    many = [one for k in range(count) for one in make.official(f"org/m{k}", 30.0 + 8 * k)]
    rendered = pages.render(board([*make.brackets(), *many], tmp_path), ADDRESS)
    home = rendered.slots["index.html"]["home"]
    assert "One star is a factor of 1.6:" in home
    assert f"All {count + 1} models" in home
    body = next(one.body for one in rendered.models if one.id == "org/m0")
    if count == 1:
        assert "other model" not in body
    else:
        assert "Of the 6 other rated models of this board, 6 use more energy, and none has a lower" in body


def test_a_model_without_quality_or_interval_has_a_page_that_says_so(tmp_path: Path) -> None:
    bare = make.run(make.GPU, "org/bare", [30.0], grade=None, protocol="official", revision="f" * 40)
    site = board([*make.brackets(), bare], tmp_path)
    body = next(one.body for one in pages.render(site, ADDRESS).models if one.id == "org/bare")
    assert "there are too few passes for an interval" in body
    assert "no quality was measured" in body
    assert "None" not in re.sub(r"<[^>]*>", "", body)


def test_names_that_differ_in_case_or_are_very_long_have_pages_of_their_own(tmp_path: Path) -> None:
    names = ["org/Model", "org/model", "Org/model", f"org/{'n' * 96}"]
    site = board([*make.brackets(), *(one for name in names for one in make.official(name, 30.0))], tmp_path)
    rendered = pages.render(site, ADDRESS)
    assert {one.id for one in rendered.models} >= set(names)
    assert len({one.id for one in rendered.models}) == len(rendered.models)


def test_the_label_of_every_result_is_the_boards_own_factor(rich: tuple[Site, Pairing]) -> None:
    listing = next(one for one in rich[0].headlines if one.frozen and one.frozen.anchor == "cohort")
    assert listing.frozen is not None
    home = pages.render(rich[0], ADDRESS).slots["index.html"]["home"]
    assert f"a factor of {listing.frozen.r:.2f}".rstrip("0") in home
    limits = listing.frozen.thresholds_wh
    assert log(limits[1] / limits[0]) == pytest.approx(log(listing.frozen.r))


def test_the_median_model_is_a_real_one_and_of_two_the_thriftier(known: Atlas) -> None:
    for name, field in known.fields.items():
        rows = sorted(field.offer.choices, key=lambda one: one.wh)
        if rows:
            assert field.median is rows[(len(rows) - 1) // 2], name


def test_stories_need_no_scores_file_to_be_there(tmp_path: Path) -> None:
    advice.write(tmp_path / "s", "org/one", 30.0, advice.scores(0.8))
    advice.write(tmp_path / "s", "org/two", 20.0, advice.scores(0.8, seed=2))
    for one in advice.brackets(advice.IMAGES):
        runs.write(one, tmp_path / "s")
    filed, opened = advice.frozen(tmp_path)
    for path in (tmp_path / "s" / "org/one/runs").glob("*.parquet"):
        path.unlink()
    site = listings.assemble(filed, opened)
    story = profiles.story(profile(site, "org/one").results[0], profiles.atlas(site, scores.pairing(filed)))
    assert story.claim is None
    assert story.alternatives is not None
    assert story.alternatives.nearest is not None
    assert story.alternatives.nearest.reasons == ("scores-elsewhere",)


def test_a_board_and_advice_have_one_frontier(rich: tuple[Site, Pairing]) -> None:
    site, pairing = rich
    for listing in site.listings:
        told = advising.advise(choices.of(listing, {}), advising.Wish(), pairing)
        assert listing.frontier == set(told.frontier)
    assert any(len(one.frontier) > 3 for one in site.listings)


def test_a_board_and_its_files_claim_only_switches_that_may_be_claimed(known: Atlas) -> None:
    found = 0
    for listing in known.site.listings:
        among = known.fields[listing.board.name]
        for one in profiles.switches(listing, known):
            assert one.claimed
            assert listing.pick is not None
            assert one.b == listing.pick.model
        for a, told in profiles.claims(listing, known).items():
            for b, words in told.items():
                switch = advising.compare(among.offer, among.own[a], among.own[b], known.pairing)
                assert switch.claimed
                assert words == advice_words.claim(switch, among.offer)
                found += 1
    assert found > 10


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("grade", [0.7, None])
def test_a_board_of_few_models_or_without_quality_has_a_page_that_makes_sense(
    tmp_path: Path, count: int, grade: float | None
) -> None:
    runs_ = [*make.brackets(), *make.founders(count, grade=grade)]
    for site in (board(runs_, tmp_path / "rated"), board(runs_[4:], tmp_path / "alone", freeze=False)):
        rendered = pages.render(site, ADDRESS)
        text = rendered.slots[f"boards/{make.GPU}/index.html"]["board"]
        models = count + bool(site.editions)
        assert text.count('<tr role="row">') == models + 1  # and the head
        assert ("provisional" in text) == bool(site.editions and grade)
        assert ('<svg class="ws-chart' in text) == (grade is not None or bool(site.editions))
        assert not re.search(r"\b(None|nan|inf)\b(?! that| of|:)", re.sub(r"<[^>]*>", " ", text))
        assert f"{models} model" in text
