from __future__ import annotations

import pytest

from wattbench.grading import matching

CITIES = ["Paris", "New York", "Rome", "A cat"]


@pytest.mark.parametrize(
    "answer",
    [
        "B",
        "b)",
        "(B)",
        "**B**",
        "B. New York",
        "Option B",
        "The answer is B.",
        "The correct answer is: **B**",
        "It could be A. But no. Answer: (B) New York",
        r"So \boxed{B}",
        "New York",
        "It must be New York.",
        "B\n\nBecause the others are smaller.",
    ],
)
def test_a_choice_is_found_however_a_model_names_it(answer: str) -> None:
    assert matching.is_right(answer, "B", CITIES)


@pytest.mark.parametrize(
    "answer", ["", "A", "A, B", "A or B", "B C D", "A B C D", "Paris or New York", "I do not know", "E", "Bees"]
)
def test_no_choice_or_several_are_wrong(answer: str) -> None:
    assert not matching.is_right(answer, "B", CITIES)


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("18", "18", True),
        ("He has 3 + 15 = 18 dollars.", "18", True),
        ("$1,000.00", "1000", True),
        ("It takes 5 days. The answer is 7 apples.\nIs there anything else, 8 or 9?", "7", True),
        ("#### -2", "-2", True),
        ("3-2", "-2", False),
        ("18 of 20", "18", False),
        ("eighteen", "18", False),
        ("", "18", False),
    ],
)
def test_the_last_number_of_the_answer_counts(answer: str, reference: str, right: bool) -> None:  # noqa: FBT001
    assert matching.is_right(answer, reference) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Paris", True),
        ("  the PARIS!  ", True),
        ("The capital of France is Paris.", True),
        ("Answer: Paris", True),
        ("Paris, Rome, Berlin, Madrid", False),
        ("The capital of France is Rome, not Paris", False),
        ("What is the capital of France?", False),
        ("...", False),
        ("", False),
    ],
)
def test_words_are_compared_as_squad_does_and_a_list_of_guesses_is_wrong(answer: str, right: bool) -> None:  # noqa: FBT001
    assert matching.is_right(answer, "Paris") is right


def test_contained_means_whole_words_in_a_row() -> None:
    assert matching.contains("It is New York, I think", "new york")
    assert not matching.contains("New Yorkers", "New York")
    assert not matching.contains("anything", "the")
