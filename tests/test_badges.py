"""The badge: one file, readable by everybody, that never says more than is known."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import site_factory as make

from wattboard import badges, editions, frame, listings
from wattboard.founding import anchors, freezing

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.listings import Site

SVG = "{http://www.w3.org/2000/svg}"


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


@pytest.mark.parametrize("ground", [badges.INK, *badges.FIELD.values()])
def test_text_on_every_ground_has_enough_contrast(ground: str) -> None:
    assert contrast(badges.PAPER, ground) >= 4.5


@pytest.mark.parametrize("status", ["confirmed", "borderline", "provisional", "unrated"])
def test_every_state_is_well_formed_and_says_the_same_to_eye_and_ear(site: Site, status: str) -> None:
    listing = site.listings[0]
    rating = listing.all[0]
    if status == "unrated":
        rating = replace(rating, stars=None, reasons=("gate-failed",))
    rating = replace(rating, status=status)
    drawn = badges.badge(rating, listing.task, listing.edition)
    root = ET.fromstring(drawn)  # noqa: S314 - our own bytes
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == root.get("aria-label")  # type: ignore[union-attr]
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert status in root.get("aria-label", "")
    texts = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert "estimated" in texts
    assert "demo" in texts
    stars = [path.get("fill") for path in root.iter(f"{SVG}path")]
    assert len(stars) == (0 if status == "unrated" else 5)
    assert ("none" in stars) == (status == "provisional")


def test_a_badge_asks_for_nothing_from_elsewhere(site: Site) -> None:
    listing = site.listings[0]
    drawn = badges.badge(listing.all[0], listing.task, listing.edition)
    without_namespace = drawn.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"href|url\((?!#)|http|<script|<style|foreignObject|var\(", without_namespace)


def test_a_hostile_title_stays_text(site: Site) -> None:
    listing = site.listings[0]
    task = replace(listing.task, title='x"><script>alert(1)</script>')
    edition = listing.edition
    drawn = badges.badge(listing.all[0], task, edition)
    assert "<script" not in drawn
    ET.fromstring(drawn)  # noqa: S314 - our own bytes


def test_a_demo_edition_says_demo_whatever_its_name(site: Site) -> None:
    listing = site.listings[0]
    assert listing.edition is not None
    other = listing.edition.model_copy(update={"id": "2026-12"})
    assert "2026-12 · demo" in badges.badge(listing.all[0], listing.task, other)
    assert "a demo" in badges.words(listing.all[0], listing.task, other)
