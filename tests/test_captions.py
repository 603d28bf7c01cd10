from __future__ import annotations

import pytest

from wattbench.grading import captions

GOLD = [
    ["a cat sits on a red sofa", "a cat on a couch"],
    ["two dogs run on the beach", "dogs running by the sea"],
    ["a man holds a slice of pizza", "a person eating pizza"],
]


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A man's dog isn't here.", "a man 's dog is n't here"),
        ('"Stop" sign -- near the street!', "stop sign near the street"),
        ("Two people, one red-haired, eat pizza...", "two people one red-haired eat pizza"),
        ("a t.v. and U.S. flag on (the) wall.", "a t.v. and u.s. flag on the wall"),
        ("cat & dog; $5 bill", "cat & dog $ 5 bill"),
        ("", ""),
    ],
)
def test_captions_are_cut_into_words_as_coco_caption_cuts_them(caption: str, words: str) -> None:
    assert captions.words(caption) == words


def test_case_and_punctuation_change_nothing() -> None:
    plain = captions.cider([one[0] for one in GOLD], GOLD)
    assert captions.cider([f"{one[0].upper()}." for one in GOLD], GOLD) == pytest.approx(plain)


def test_the_only_reference_word_for_word_is_worth_10_and_other_words_nothing() -> None:
    only = [[one[0]] for one in GOLD]
    assert captions.cider([one[0] for one in only], only) == pytest.approx([10.0] * 3)
    assert captions.cider(["zebras graze"] * 3, only) == [0.0] * 3


def test_rare_words_are_worth_more_than_common_ones() -> None:
    gold = [["a photo of pizza now"], ["a photo of snow now"], ["a photo of boats now"]]
    rare, common, _ = captions.cider(["pizza pizza pizza", "a photo of", "boats"], gold)
    assert rare > 0
    assert common == 0.0  # what every picture is called says nothing of this one


def test_a_caption_that_says_everything_twice_is_worth_less() -> None:
    once, twice, _ = captions.cider([GOLD[0][0], f"{GOLD[1][0]} {GOLD[1][0]}", ""], GOLD)
    assert twice < once


def test_one_picture_alone_cannot_be_graded() -> None:
    with pytest.raises(ValueError, match="two pictures"):
        captions.cider(["a cat"], [["a cat"]])
