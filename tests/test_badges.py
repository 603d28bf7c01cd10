"""The badge: one file, readable by everybody on every ground, that never says more than is known."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import site_factory as make

from wattbench.heads import Head
from wattbench.submissions.claims import Claim
from wattboard import editions, frame, listings, pages
from wattboard.badges import endpoints, examples, faces, flat, label, looks, pictures, twins
from wattboard.founding import anchors, freezing

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.badges.faces import Face
    from wattboard.listings import Site

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"flat": flat.flat, "label": label.label}
SHOWN = examples.examples()
BY_STATE = {face.state: face for face in SHOWN}
HEAD = "b" * 40


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder: Path = tmp_path_factory.mktemp("badges")
    filed = frame.gather([make.write(make.demo(), folder / "s")])
    freezing.freeze(folder / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    return listings.assemble(filed, editions.read_all([folder / "e"]))


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def texts(drawn: str) -> str:
    return " ".join("".join(text.itertext()) for text in ET.fromstring(drawn).iter(f"{SVG}text"))  # noqa: S314 - ours


@pytest.mark.parametrize("ground", [looks.INK, looks.INK_DARK, *(look.field for look in looks.LOOKS.values())])
def test_text_on_every_ground_has_enough_contrast(ground: str) -> None:
    assert contrast(looks.PAPER, ground) >= 4.5


@pytest.mark.parametrize("colours", [(looks.CARD, looks.TEXT, looks.SOFT), ("#181f26", "#ecebe6", "#a9b0b8")])
def test_text_on_a_card_has_enough_contrast_in_both_schemes(colours: tuple[str, str, str]) -> None:
    assert colours in {
        (looks.CARD, looks.TEXT, looks.SOFT),
        (looks.CARD_DARK, looks.TEXT_DARK, looks.SOFT_DARK),
    }
    card, *inks = colours
    assert all(contrast(card, ink) >= 4.5 for ink in inks)


def test_stars_are_seen_on_their_grounds_in_both_schemes() -> None:
    for look in looks.LOOKS.values():
        assert contrast(look.stars, looks.INK) >= 3
        assert contrast(look.stars, looks.INK_DARK) >= 3
        _, light, dark = looks.PAINTS[look.kind]
        assert contrast(light[1], looks.CARD) >= 3
        assert contrast(dark[1], looks.CARD_DARK) >= 3


def test_every_state_has_a_word_a_look_an_example_and_a_meaning() -> None:
    states = set(faces.WORDS)
    assert states == set(looks.LOOKS) == set(BY_STATE) == set(examples.MEANINGS)
    assert len({(look.field, look.stars, look.lined) for look in looks.LOOKS.values()}) >= len(states) - 3
    assert len({flat.flat(replace(face, edition="2026-12")) for face in SHOWN}) == len(states)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("state", faces.WORDS)
def test_every_state_is_well_formed_and_says_the_same_to_eye_and_ear(state: faces.State, shape: str) -> None:
    face = BY_STATE[state]
    drawn = SHAPES[shape](face)
    root = ET.fromstring(drawn)  # noqa: S314 - our own bytes
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == root.get("aria-label") == faces.words(face)  # type: ignore[union-attr]
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert faces.WORDS[state] in texts(drawn)
    assert faces.WORDS[state] in faces.words(face)
    assert ("estimated" in texts(drawn)) == face.estimated == ("estimated" in faces.words(face))
    if face.wh is not None:
        assert "1.23" in texts(drawn) or face.wh != 1.23


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("stars", [1, 2, 3, 4, 5])
def test_as_many_stars_are_drawn_as_were_earned(stars: int, shape: str) -> None:
    for outlined in (False, True):
        drawn = SHAPES[shape](replace(BY_STATE["confirmed"], stars=stars, outlined=outlined))
        counted = {}
        for path in ET.fromstring(drawn).iter(f"{SVG}path"):  # noqa: S314 - our own bytes
            counted[path.get("d", "").count("z"), path.get("stroke") is not None] = path
        dots = [path for path in ET.fromstring(drawn).iter(f"{SVG}path") if path.get("stroke-linecap") == "round"]  # noqa: S314
        assert (stars, outlined) in counted
        assert [path.get("d", "").count("h0") for path in dots] == ([5 - stars] if stars < 5 else [])


def test_a_borderline_badge_outlines_the_star_that_it_might_have() -> None:
    drawn = ET.fromstring(flat.flat(BY_STATE["borderline"]))  # noqa: S314 - our own bytes
    paths = [path for path in drawn.iter(f"{SVG}path") if "l2.06" in path.get("d", "")]
    assert [(path.get("d", "").count("z"), path.get("fill")) for path in paths] == [(3, looks.AMBER), (1, "none")]


@pytest.mark.parametrize("state", ["withdrawn", "self-reported", "unrated"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_has_no_star_shows_none(state: faces.State, shape: str) -> None:
    drawn = SHAPES[shape](BY_STATE[state])
    assert BY_STATE[state].stars is None
    assert drawn.count("stroke-linecap") == 0
    assert sum(path.count("z") for path in re.findall(r' d="(M[^"]*l2\.06[^"]*)"', drawn)) == (shape == "label")


def test_a_figure_that_was_taken_back_is_nowhere(site: Site) -> None:
    listing = site.listings[0]
    face = faces.of(listing.all[0], listing.task, listing.edition, listing.frozen, claim="withdrawn")
    assert face.state == "withdrawn"
    for text in (flat.flat(face), label.label(face), endpoints.endpoint(face), faces.words(face)):
        assert "queries" not in text
        assert "Wh/1k" not in text
        assert "of 5 stars" not in text


def test_the_strongest_state_is_shown_and_words_say_all_that_holds(site: Site) -> None:
    listing = site.listings[0]
    rating = replace(listing.all[0], revision="a" * 40, status="borderline")
    face = faces.of(rating, listing.task, listing.edition, head=Head(revision=HEAD), later="2027-12", claim="disputed")
    assert face.state == "disputed"
    for said in ("disputed", "superseded by edition 2027-12", "older revision", "borderline"):
        assert said in faces.words(face)
    assert (
        faces.of(rating, listing.task, listing.edition, head=Head(revision=HEAD), later="2027-12").state == "superseded"
    )
    assert faces.of(rating, listing.task, listing.edition, head=Head(revision=HEAD)).state == "older-revision"
    assert faces.of(rating, listing.task, listing.edition, head=Head(revision="a" * 40)).state == "demo"
    measured = listing.edition.model_copy(update={"kind": "rated"}) if listing.edition else None
    assert faces.of(rating, listing.task, measured).state == "borderline"
    unrated = replace(rating, stars=None, status="unrated", reasons=("gate-failed",))
    assert faces.of(unrated, listing.task, measured, head=Head(revision=HEAD)).state == "unrated"
    assert "No star: a gate of the protocol failed." in texts(label.label(faces.of(unrated, listing.task, measured)))


def test_a_commit_that_changes_nothing_but_the_card_makes_no_older_revision(site: Site) -> None:
    listing = site.listings[0]
    rating = replace(listing.all[0], revision="a" * 40, status="confirmed")
    face = faces.of(rating, listing.task, None, head=Head(revision=HEAD, same=("a" * 40,)))
    assert face.state == "confirmed"


def test_a_weight_from_a_package_is_never_an_older_revision(site: Site) -> None:
    listing = site.listings[0]
    assert faces.of(listing.all[0], listing.task, None, head=Head(revision=HEAD)).state != "older-revision"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_badge_asks_for_nothing_from_elsewhere(shape: str) -> None:
    for face in SHOWN:
        without_namespace = SHAPES[shape](face).replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"href|url\(|http|@import|<script|foreignObject|var\(", without_namespace)


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_text_stays_text(shape: str) -> None:
    hostile = 'x"><script>alert(1)</script>\x00\x1b\u202e' * 3
    changes = dict.fromkeys(("subject", "device", "quality", "precision", "why", "edition"), hostile)
    drawn = SHAPES[shape](replace(BY_STATE["unrated"], model=f"org/{hostile}", **changes, also=(hostile,)))
    assert "<script" not in drawn
    assert "\u202e" not in drawn
    ET.fromstring(drawn)  # noqa: S314 - our own bytes


def test_long_names_are_cut_inside_the_label() -> None:
    face = replace(BY_STATE["confirmed"], model=f"{'o' * 60}/{'W' * 96}", device="d" * 90, quality="q" * 80)
    root = ET.fromstring(label.label(face))  # noqa: S314 - our own bytes
    for text in root.iter(f"{SVG}text"):
        size = float(text.get("font-size", "11"))
        if text.get("text-anchor") is None and size < 20:
            assert looks.width("".join(text.itertext()), size) <= label.ROOM + 2


def test_a_demo_edition_says_demo_whatever_its_name(site: Site) -> None:
    listing = site.listings[0]
    assert listing.edition is not None
    other = listing.edition.model_copy(update={"id": "2026-12"})
    face = faces.of(listing.all[0], listing.task, other)
    assert "2026-12" in texts(flat.flat(face))
    assert "demo" in texts(flat.flat(face))
    assert "edition 2026-12 (a demo)" in faces.words(face)


# https://shields.io/badges/endpoint-badge: its reader refuses every other key.
KEYS = {
    "schemaVersion": int,
    "label": str,
    "message": str,
    "color": str,
    "labelColor": str,
    "isError": bool,
    "namedLogo": str,
    "logoSvg": str,
    "logoColor": str,
    "logoSize": str,
    "style": str,
    "cacheSeconds": int,
}


@pytest.mark.parametrize("state", faces.WORDS)
def test_the_endpoint_json_has_what_shields_reads_and_nothing_else(state: faces.State) -> None:
    text = endpoints.endpoint(BY_STATE[state])
    told = json.loads(text)
    assert set(told) <= set(KEYS)
    assert all(type(value) is KEYS[name] for name, value in told.items())
    assert told["schemaVersion"] == 1
    assert told["message"]
    assert faces.WORDS[state] in told["message"]
    assert told["cacheSeconds"] >= 300
    assert told["isError"] == (state in {"disputed", "withdrawn"})
    assert re.fullmatch(r"[0-9a-f]{6}", told["color"])
    assert ("estimated" in told["message"]) == (state == "demo")


def test_a_site_has_every_shape_at_every_address(site: Site) -> None:
    drawn = dict(pictures.pictures(site))
    model = "demo/paraphrase-MiniLM-L3-v2"
    for ending in (".svg", ".label.svg", ".json"):
        moving = drawn[f"badges/v1/{model}/{make.SIMILARITY}{ending}"]
        assert drawn[f"badges/v1/{model}/sentence-similarity{ending}"] == moving
        if ending != ".json":
            assert drawn[f"editions/demo/badges/{model}/{make.SIMILARITY}{ending}"] == moving


def test_what_people_measured_themselves_has_a_grey_badge_until_it_is_measured_here(site: Site) -> None:
    told = {"revision": "a" * 40, "task": "sentence-similarity", "precision": "fp32", "scenario": "single"}
    told |= {"hardware": "a laptop", "how": "a plug", "on": "2026-11-01", "github": "somebody"}
    claims = tuple(
        Claim.model_validate({"schema": 1, "model": name, "wh_per_1000_queries": 0.5, **told})
        for name in ("org/claimed", "demo/paraphrase-MiniLM-L3-v2", "Demo/paraphrase-minilm-l3-v2")
    )
    before = dict(pictures.pictures(site))
    after = dict(pictures.pictures(replace(site, life=replace(site.life, claims=claims))))
    home = "badges/v1/org/claimed/sentence-similarity"
    assert set(after) - set(before) == {f"{home}{ending}" for ending in (".svg", ".label.svg", ".json")}
    assert texts(after[f"{home}.svg"]) == "AI energy 0.500 Wh/1k self-reported"


def test_beyond_20000_models_there_are_flat_badges_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "FLAT_FROM", 1)
    assert all(path.endswith(".svg") and ".label" not in path for path, _ in pictures.pictures(site))


def test_a_model_that_the_hub_has_a_newer_revision_of_says_so_on_badge_and_page(tmp_path: Path) -> None:
    many = [*make.brackets(), *make.official("org/a", 40.0, revision="a" * 40)]
    filed = frame.gather([make.write(many, tmp_path)])
    plain = listings.assemble(filed, [])
    known = replace(plain, heads={"org/a": Head(revision=HEAD)})
    path = f"badges/v1/org/a/{make.GPU}.svg"
    older = "older revision than the Hub"
    assert older not in dict(pictures.pictures(plain))[path]
    # without thresholds there is no star, and that is said first
    assert "not rated" in texts(dict(pictures.pictures(known))[path])
    assert older in dict(pictures.pictures(known))[path]
    body = next(one.body for one in pages.render(known, "https://x/").models if one.id == "org/a")
    assert older in body


def test_the_badge_of_an_edition_that_was_superseded_says_by_which(tmp_path: Path) -> None:
    filed = frame.gather([make.write(make.demo(), tmp_path / "s")])
    for name in ("demo-1", "demo-2"):
        freezing.freeze(tmp_path / "e", name, anchors.anchors(frame.frame(filed)), demo=True)
    opened = editions.read_all([tmp_path / "e"])
    site = listings.assemble(filed, opened)
    drawn = dict(pictures.pictures(site))
    model = "demo/paraphrase-MiniLM-L3-v2"
    now = site.listings[0].edition
    assert now is not None
    (before,) = {one.edition.id for one in opened} - {now.id}
    assert "superseded" in texts(drawn[f"editions/{before}/badges/{model}/{make.SIMILARITY}.svg"])
    assert f"superseded by edition {now.id}" in drawn[f"editions/{before}/badges/{model}/{make.SIMILARITY}.label.svg"]
    assert "superseded" not in drawn[f"editions/{now.id}/badges/{model}/{make.SIMILARITY}.svg"]


def test_a_png_twin_lies_beside_every_badge_and_is_drawn_again_only_when_the_badge_changes(tmp_path: Path) -> None:
    site, kept = tmp_path / "site", tmp_path / "kept"
    for path, text in examples.files().items():
        place = site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    badges = sorted((site / examples.HOME).glob("*.svg"))[:6]
    for other in set((site / examples.HOME).glob("*.svg")) - set(badges):
        other.unlink()
    assert twins.make(site, kept) == twins.Made(6, 0)
    first = {svg: svg.with_suffix(".png").read_bytes() for svg in badges}
    assert all(data.startswith(b"\x89PNG") for data in first.values())
    assert len(set(first.values())) == 6
    assert twins.make(site, kept) == twins.Made(0, 6)
    badges[0].write_text(flat.flat(replace(BY_STATE["confirmed"], wh=9.0)))
    assert twins.make(site, kept) == twins.Made(1, 5)
    assert len(list(kept.glob("*.png"))) == 6
    assert badges[0].with_suffix(".png").read_bytes() != first[badges[0]]


def test_a_png_is_twice_as_large_and_has_its_letters() -> None:
    face: Face = BY_STATE["confirmed"]
    drawn = flat.flat(face)
    png = twins.draw(drawn)
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (2 * int(ET.fromstring(drawn).get("width", "0")), 40)  # noqa: S314 - our own bytes
    assert twins.draw(re.sub(r"<text[^>]*>[^<]*</text>", "", drawn)) != png
