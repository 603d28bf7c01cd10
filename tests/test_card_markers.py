"""A block between markers: put in once, replaced after that; every other byte of a card stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.problems import Refusal
from wattboard.cards import markers
from wattboard.cards.markers import BEGIN, END

SITE = "https://wattstar.example/"
MODEL = "org/model"
BADGE = f"[![4 of 5 stars]({SITE}badges/v1/org/model/b.svg)]({SITE}models/org/model/)"
OLD = f"[![2 of 5 stars]({SITE}editions/2025-12/badges/org/model/b.svg)]({SITE}models/org/model/)"
MATTER = "---\nlicense: mit # keep me\ntags:\n- a\nco2_eq_emissions:\n  emissions: 3\n---\n"


def put(text: str | bytes) -> bytes:
    return markers.put(text if isinstance(text, bytes) else text.encode(), [BADGE], SITE, MODEL).data


BLOCK = f"{BEGIN}\n{BADGE}\n{END}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", BLOCK),
        ("Text.\n", f"{BLOCK}\nText.\n"),
        ("# Model\n\nText.\n", f"# Model\n\n{BLOCK}\nText.\n"),
        ("# Model\nText.\n", f"# Model\n\n{BLOCK}\nText.\n"),
        ("# Model", f"# Model\n\n{BLOCK}"),
        (MATTER, f"{MATTER}\n{BLOCK}"),
        (MATTER.rstrip("\n"), f"{MATTER}\n{BLOCK}"),
        (f"{MATTER}\n# Model\n\nText.\n", f"{MATTER}\n# Model\n\n{BLOCK}\nText.\n"),
        (f"{MATTER}# Model\n", f"{MATTER}# Model\n\n{BLOCK}"),
        (f"{MATTER}\n\n<p>Text.</p>\n", f"{MATTER}\n\n{BLOCK}\n<p>Text.</p>\n"),
        ("---\n---\n# M\n", f"---\n---\n# M\n\n{BLOCK}"),
        ("---\nno end of front matter\n", f"{BLOCK}\n---\nno end of front matter\n"),
        ("\ufeff# Model\n", f"\ufeff# Model\n\n{BLOCK}"),
        (f"\ufeff{MATTER}Text.", f"\ufeff{MATTER}\n{BLOCK}\nText."),
        ("## Only a second heading\n", f"{BLOCK}\n## Only a second heading\n"),
        (f"# M\n\n{OLD}\n\nText.\n", f"# M\n\n{BLOCK}\nText.\n"),
        (f"# M\n{OLD}", f"# M\n{BLOCK.rstrip()}"),
        (f"a\n{BEGIN}\nold\nold\n{END}\nb\n", f"a\n{BLOCK}b\n"),
        ("a\n<!--wattstar:begin-->\n<!--   wattstar:end   -->", f"a\n{BLOCK.rstrip()}"),
    ],
)
def test_the_block_goes_where_a_reader_looks_and_nothing_else_moves(before: str, after: str) -> None:
    assert put(before) == after.encode()
    assert put(after) == after.encode()


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_the_block_has_the_line_endings_of_its_card(ending: str) -> None:
    before = f"{MATTER}\n# Model\n\nText.\n".replace("\n", ending)
    after = f"{MATTER}\n# Model\n\n{BLOCK}\nText.\n".replace("\n", ending)
    assert put(before) == after.encode()
    assert put(after) == after.encode()


def test_mixed_line_endings_stay_mixed() -> None:
    before = "# M\r\n\r\none\r\ntwo\nthree"
    assert put(before) == f"# M\r\n\r\n{BLOCK}".replace("\n", "\r\n").replace("\r\r", "\r").encode() + (
        b"\r\none\r\ntwo\nthree"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{BEGIN}\n", "begin in line 1"),
        (f"{END}\n", "end in line 1"),
        (f"{END}\n{BEGIN}\n", "end in line 1, begin in line 2"),
        (f"{BLOCK}{BLOCK}", "begin in line 1, end in line 3, begin in line 4, end in line 6"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n{END}\n", "begin in line 1, begin in line 2, end in line 3, end in line 4"),
        (f"{BEGIN} {END}\n", "share a line with other text"),
        (f"text {BEGIN}\n{END}\n", "share a line with other text"),
        (f"---\na: 1\n{BEGIN}\n{END}\n---\n", "stand in the front matter"),
        ("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> pr\n", "unresolved merge conflict in line 2, 6"),
        (f"{BEGIN}\n<<<<<<< HEAD\nb\n", "unresolved merge conflict in line 2"),
    ],
)
def test_markers_that_are_not_one_pair_are_refused_with_their_lines(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        put(text)


def test_a_card_that_is_no_text_is_refused() -> None:
    with pytest.raises(Refusal, match="is not UTF-8: byte 2 is 0xff"):
        put(b"ab\xff")


def test_a_heading_underlined_with_seven_signs_is_no_conflict() -> None:
    assert b"Model\n=======\n" in put("Model\n=======\n")


def test_an_old_badge_in_the_middle_of_a_line_is_left_and_told() -> None:
    edited = markers.put(f"# M\n\nSee {OLD} there.\n".encode(), [BADGE], SITE, MODEL)
    assert f"See {OLD} there.".encode() in edited.data
    assert edited.notes == ("Line 3 of README.md shows a badge of ours outside the markers: it is left as it is.",)


def test_a_badge_of_another_model_is_none_of_ours() -> None:
    other = OLD.replace("org/model", "org/model-2")
    edited = markers.put(f"# M\n{other}\n".encode(), [BADGE], SITE, MODEL)
    assert other.encode() in edited.data
    assert edited.notes == ()


TEXT = st.lists(
    st.sampled_from(["#", " ", "-", "\n", "\r\n", "\r", "a", "é", "\u2028", "\x0b", "---\n", "# T\n", "\ufeff", "`"]),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(TEXT)
def test_every_line_of_any_card_stays_in_its_order_and_twice_is_once(text: str) -> None:
    before = text.encode()
    after = put(before)
    assert put(after) == after
    start = after.index(BEGIN.encode())
    stop = after.index(END.encode()) + len(END)
    outside = after[:start] + after[stop:]
    assert outside.replace(b"\n", b"").replace(b"\r", b"") == before.replace(b"\n", b"").replace(b"\r", b"")
    assert len(outside) - len(before) <= 8  # two empty lines, and the ends of a first and a last line


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["license: mit", "# a comment", "co2_eq_emissions:", "  emissions: 1", "x: 'é' "])), TEXT
)
def test_front_matter_is_never_touched(matter: list[str], text: str) -> None:
    head = "".join(f"{line}\n" for line in ("---", *matter, "---"))
    assert put(head + text).startswith(head.encode())
