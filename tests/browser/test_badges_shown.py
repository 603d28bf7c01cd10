"""Badges where people see and take them: copied with one press, read without scripts, in the reader's own scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Opener = Callable[..., Page]

MODEL = "demo/paraphrase-MiniLM-L3-v2"


def test_every_snippet_is_copied_with_one_press_and_nothing_is_asked_of_anybody(
    address: str, open_page: Opener
) -> None:
    page = open_page(f"{address}models/{MODEL}/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    badge = page.locator("section", has=page.locator("#badge"))
    for details in badge.locator("details").all():
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        text = details.locator("code").inner_text()
        details.locator("pre").hover()
        details.locator("button").click()
        assert page.evaluate("navigator.clipboard.readText()").strip() == text.strip()
        assert f"/badges/{MODEL}/" in text or f"/badges/v1/{MODEL}/" in text
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]


def test_without_scripts_the_snippets_are_text_to_select(address: str, open_page: Opener) -> None:
    page = open_page(f"{address}models/{MODEL}/", scripts=False)
    badge = page.locator("section", has=page.locator("#badge"))
    first = badge.locator("details code").first
    assert first.is_visible()
    assert first.inner_text().startswith("[![AI energy")


@pytest.mark.parametrize("shape", ["confirmed.svg", "provisional.label.svg"])
def test_a_badge_in_a_picture_follows_the_readers_scheme(address: str, open_page: Opener, shape: str) -> None:
    seen = []
    for scheme in ("light", "dark"):
        page = open_page(f"{address}cite/", scheme=scheme)
        picture = page.locator(f"img[src$='cite/badges/{shape}']")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
        seen.append(picture.screenshot())
    assert seen[0] != seen[1]


def test_flat_badges_stand_at_their_own_size_beside_their_meaning(address: str, open_page: Opener) -> None:
    page = open_page(f"{address}cite/", width=1440)
    for picture in page.locator(".ws-states img").all():
        size = picture.evaluate("image => [image.clientWidth, image.clientHeight, image.naturalWidth]")
        assert size[1] == 20
        assert size[0] == size[2]
