from __future__ import annotations

import pytest

from wattbench.grading import squad


@pytest.mark.parametrize(
    ("answers", "said", "exact", "f1"),
    [
        # the official script's own rules: case, punctuation, articles and spaces do not count
        (["Denver Broncos"], "the  Denver Broncos!", 1.0, 1.0),
        (["Denver Broncos", "The Broncos"], "Broncos", 1.0, 1.0),
        (["in the late 1990s"], "late 1990s", 0.0, 0.8),
        (["Saint Bernadette Soubirous"], "a copper statue", 0.0, 0.0),
        (["1976"], "1976", 1.0, 1.0),
        (["cat cat dog"], "cat dog dog", 0.0, 2 / 3),  # words count as often as they stand there
        ([], "", 1.0, 1.0),
        ([], "something", 0.0, 0.0),
        (["something"], "", 0.0, 0.0),
        (["the"], "", 1.0, 1.0),  # nothing is left of an answer that is an article: the script drops it
    ],
)
def test_answers_are_graded_as_the_official_script_grades_them(
    answers: list[str], said: str, exact: float, f1: float
) -> None:
    assert squad.exact(answers, said) == exact
    assert squad.f1(answers, said) == pytest.approx(f1)


def test_the_nearest_of_several_answers_counts() -> None:
    assert squad.f1(["a long way from home", "home"], "home") == 1.0
