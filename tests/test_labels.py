from __future__ import annotations

from types import SimpleNamespace

import pytest

from wattbench.asking import labels

ORDER = ("negative", "positive")


def config(*names: str) -> SimpleNamespace:
    return SimpleNamespace(id2label=dict(enumerate(names)))


@pytest.mark.parametrize(
    ("names", "canonical"),
    [
        (("NEGATIVE", "POSITIVE"), ["negative", "positive"]),
        (("pos", "neg"), ["positive", "negative"]),
        (("LABEL_0", "LABEL_1"), ["negative", "positive"]),
        (("0", "1"), ["negative", "positive"]),
    ],
)
def test_names_are_compared_without_case_and_by_common_aliases(names: tuple[str, ...], canonical: list[str]) -> None:
    assert labels.named(config(*names), ORDER) == canonical
    assert labels.problems(config(*names), {"pos", "Negative"}, ORDER) == []


def test_class_numbers_that_were_read_as_text_are_put_in_order() -> None:
    assert labels.given(SimpleNamespace(id2label={"10": "k", "2": "c", "0": "a"})) == ["a", "c", "k"]


@pytest.mark.parametrize(
    "names",
    [
        ("negative", "neutral", "positive"),
        ("positive",),
        ("LABEL_0", "LABEL_1", "LABEL_2"),
        ("negative", "neg"),
        ("spam", "ham"),
    ],
)
def test_another_set_of_labels_is_a_problem_that_names_both_sets(names: tuple[str, ...]) -> None:
    (problem,) = labels.problems(config(*names), ORDER, ORDER)
    for name in (*names, *ORDER):
        assert f"'{name}'" in problem.message


def test_unnamed_classes_in_an_order_that_nobody_declared_are_a_problem() -> None:
    (problem,) = labels.problems(config("LABEL_0", "LABEL_1"), {"world", "sports"}, ORDER)
    assert "id2label" in problem.remedy


def test_many_labels_are_not_all_listed() -> None:
    (problem,) = labels.problems(config(*(f"class {i}" for i in range(100))), ORDER, ORDER)
    assert "and 92 more" in problem.message
