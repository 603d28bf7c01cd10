"""A switch from A to B: the energy's ratio, the quality query by query, and when nothing is claimed."""

from __future__ import annotations

import random
from math import exp, isclose, log, sqrt
from typing import TYPE_CHECKING, Any

import advice_factory as board
import advice_oracle as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_advice import choice

from wattbench.problems import Refusal
from wattboard import frame
from wattboard.advice import Choice
from wattboard.advising import scores
from wattboard.advising.comparisons import LEAST_QUERIES, Paired, pair, switch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattboard.advising.comparisons import Score, Switch

MANY = 1000
FINE = Paired(MANY, 0.0, -0.01, 0.01)
T_99 = 1.9842169515  # Student's t, 99 degrees of freedom, 97.5 %: from a table


def by_query(values: Sequence[float], weights: Sequence[float] | None = None) -> dict[int, Score]:
    return {i: (one, weights[i] if weights else 1.0) for i, one in enumerate(values)}


def paired(a: Sequence[float], b: Sequence[float], **more: Any) -> Paired:
    found = pair(by_query(a), by_query(b), **{"higher_is_better": True} | more)
    assert isinstance(found, Paired)
    return found


def judged(a: Choice, b: Choice, found: Any = FINE, margin: float | None = 0.02, *, up: bool = True) -> Switch:
    return switch(a, b, found, margin=margin, higher_is_better=up)


def test_a_saving_is_told_with_the_interval_of_the_ratio() -> None:
    told = judged(choice("a", 10.0, percent=3.0), choice("b", 3.7, percent=4.0))
    wide = exp(sqrt(log(1.03) ** 2 + log(1.04) ** 2))
    assert told.claimed
    assert (told.less, told.less_low, told.less_high) == pytest.approx((0.63, 1 - 0.37 * wide, 1 - 0.37 / wide))


def test_a_switch_back_is_never_claimed() -> None:
    a, b = choice("a", 10.0), choice("b", 3.7)
    assert judged(b, a).reasons == ("more-energy",)
    assert not judged(b, a).claimed


@pytest.mark.parametrize(
    ("a", "b", "found", "why"),
    [
        (choice("a", 1.02), choice("b", 1.0), FINE, "not-told-apart"),
        (Choice("a", 9.0), choice("b", 1.0), FINE, "no-interval"),
        (choice("a", 9.0), choice("b", 1.0), "no-scores", "no-scores"),
        (choice("a", 9.0), choice("b", 1.0), "other-workload", "other-workload"),
        (choice("a", 9.0), choice("b", 1.0), Paired(MANY, -0.01, -0.021, 0.001), "quality-open"),
        (choice("a", 9.0), choice("b", 1.0), Paired(MANY, -0.09, -0.10, -0.08), "quality-worse"),
        (choice("a", 9.0), choice("b", 1.0), Paired(LEAST_QUERIES - 1, 0.0, 0.0, 0.0), "few-queries"),
    ],
)
def test_nothing_is_claimed_without_the_reason_being_told(a: Choice, b: Choice, found: Any, why: str) -> None:
    told = judged(a, b, found)
    assert not told.claimed
    assert told.reasons == (why,)


def test_the_worse_end_must_lie_above_minus_the_margin_and_not_on_it() -> None:
    a, b = choice("a", 9.0), choice("b", 1.0)
    assert not judged(a, b, Paired(MANY, 0.0, -0.02, 0.02)).claimed
    assert judged(a, b, Paired(MANY, 0.0, -0.0199, 0.02)).claimed


def test_scores_that_only_stand_in_for_a_metric_do_not_outweigh_the_metric() -> None:
    a, near, far = choice("a", 9.0, 0.80), choice("b", 1.0, 0.79), choice("b", 1.0, 0.77)
    stand_in = Paired(MANY, 0.0, -0.01, 0.01, is_mean=False)
    assert judged(a, near, stand_in).claimed
    assert judged(a, far, stand_in).reasons == ("quality-open",)
    assert judged(choice("a", 9.0, 0.10), choice("b", 1.0, 0.13), stand_in, up=False).reasons == ("quality-open",)


def test_the_interval_of_numbers_is_students_of_their_differences() -> None:
    draw = random.Random(3)  # noqa: S311 - made-up data
    a = [draw.gauss(0.5, 0.2) for _ in range(100)]
    b = [one + draw.gauss(0.01, 0.05) for one in a]
    found = paired(a, b)
    assert (found.difference, found.low, found.high) == pytest.approx(oracle.paired(a, b, T_99), rel=1e-9)
    assert found.n == 100


def test_pairing_sees_what_two_separate_intervals_do_not() -> None:
    a = board.scores(0.8)
    b = board.scores(0, like=a, swaps=-5)
    found = paired(a, b)
    assert found.difference == pytest.approx(-0.005)
    assert found.low > -0.011
    apart = paired(a, random.Random(1).sample(b, len(b)))  # noqa: S311 - made-up data
    assert apart.low < -0.03


def test_two_models_that_answer_alike_are_still_not_known_to_be_equal() -> None:
    few = paired([1.0] * 6, [1.0] * 6)
    assert few.difference == 0
    assert few.low < -0.2
    many = paired([1.0] * MANY, [1.0] * MANY)
    assert -0.003 < many.low < -0.001


def test_fewer_errors_are_the_better_quality() -> None:
    a, b = [0.30, 0.10, 0.20, 0.40] * 50, [0.25, 0.10, 0.15, 0.30] * 50
    found = paired(a, b, higher_is_better=False)
    assert found.difference == pytest.approx(0.05)
    assert found.low > 0


def test_a_query_counts_by_its_weight() -> None:
    words = [1.0, 9.0] * 100
    found = pair(by_query([0.0, 0.5] * 100, words), by_query([1.0, 0.5] * 100, words), higher_is_better=False)
    assert isinstance(found, Paired)
    assert found.difference == pytest.approx(-0.1)


def test_only_queries_that_both_were_graded_on_count() -> None:
    a, b = by_query([0.1] * 300), dict.fromkeys(range(200, 600), (0.3, 1.0))
    found = pair(a, b, higher_is_better=True)
    assert isinstance(found, Paired)
    assert (found.n, round(found.difference, 9)) == (100, 0.2)
    assert pair(a, {}, higher_is_better=True) == "few-queries"


SCORES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 5)), min_size=2, max_size=30)


@settings(max_examples=150, deadline=None)
@given(told=SCORES, up=st.booleans(), rng=st.randoms())
def test_the_other_way_round_it_is_the_same_difference_turned_and_order_does_not_matter(
    told: Any, *, up: bool, rng: Any
) -> None:
    a = {i: (x / 4, float(w)) for i, (x, _, w) in enumerate(told)}
    b = {i: (y / 4, float(w)) for i, (_, y, w) in enumerate(told)}
    there, back = pair(a, b, higher_is_better=up), pair(b, a, higher_is_better=up)
    assert isinstance(there, Paired)
    assert isinstance(back, Paired)
    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert there.low <= there.difference <= there.high
    shuffled = list(a.items())
    rng.shuffle(shuffled)
    assert pair(dict(shuffled), b, higher_is_better=up) == there


@pytest.mark.parametrize("kind", ["right or wrong", "numbers", "weighted"])
def test_the_interval_holds_the_true_difference_in_95_of_100_workloads(kind: str) -> None:
    draw = random.Random(11)  # noqa: S311 - made-up data
    held, trials, n = 0, 600, 200
    for _ in range(trials):
        hard = [draw.random() for _ in range(n)]
        weights = [draw.choice((1.0, 5.0, 20.0)) if kind == "weighted" else 1.0 for _ in range(n)]
        if kind == "right or wrong":
            a, b = ([float(draw.random() < one) for one in hard] for _ in "ab")
            b = [y if draw.random() < 0.9 else 0.0 for y in b]
            true = -0.05  # a tenth of the half that is right
        else:
            a = [one + draw.gauss(0, 0.1) for one in hard]
            b = [one - 0.03 + draw.expovariate(10) - 0.1 for one in hard]
            true = -0.03
        found = pair(by_query(a, weights), by_query(b, weights), higher_is_better=True)
        assert isinstance(found, Paired)
        held += found.low <= true <= found.high
    assert 0.93 <= held / trials <= 0.98


def read(folder: Path) -> scores.Pairing:
    return scores.pairing(frame.gather([folder]))


def test_scores_beside_runs_are_paired_on_one_workload(tmp_path: Path) -> None:
    a = board.scores(0.8)
    board.write(tmp_path, "org/a", 50.0, a)
    board.write(tmp_path, "org/b", 20.0, board.scores(0, like=a, swaps=3))
    board.write(tmp_path, "org/c", 20.0, a, workload="other rows")
    board.write(tmp_path, "org/d", 20.0, None)
    pairing = read(tmp_path)
    one, two, three, four = ((board.IMAGES, f"org/{name}", "f" * 40) for name in "abcd")
    found = pairing(one, two)
    assert isinstance(found, Paired)
    assert (found.n, round(found.difference, 9), found.is_mean) == (MANY, 0.003, True)
    assert pairing(one, three) == "other-workload"
    assert pairing(one, four) == pairing(four, one) == "no-scores"
    assert pairing(one, (board.IMAGES, "org/b", "e" * 40)) == "no-scores"


def test_a_quality_that_is_no_mean_of_its_scores_is_noticed(tmp_path: Path) -> None:
    a = board.scores(0.8)
    board.write(tmp_path, "org/a", 50.0, a)
    board.write(tmp_path, "org/b", 20.0, a, grade=0.7)
    found = read(tmp_path)((board.IMAGES, "org/a", "f" * 40), (board.IMAGES, "org/b", "f" * 40))
    assert isinstance(found, Paired)
    assert not found.is_mean


def test_scores_that_lie_elsewhere_are_a_reason_and_altered_ones_a_refusal(tmp_path: Path) -> None:
    a = board.scores(0.8)
    (run, _) = board.write(tmp_path, "org/a", 50.0, a)
    board.write(tmp_path, "org/b", 20.0, board.scores(0, like=a, swaps=3))
    subjects = ((board.IMAGES, "org/a", "f" * 40), (board.IMAGES, "org/b", "f" * 40))
    assert run.scores is not None
    place = tmp_path / "org/a/runs" / f"{run.scores.sha256}.parquet"
    data = place.read_bytes()
    filed = frame.gather([tmp_path])
    place.unlink()
    assert scores.pairing(filed)(*subjects) == "scores-elsewhere"
    place.write_bytes(data + b"0")
    with pytest.raises(Refusal, match="its bytes differ"):
        scores.pairing(filed)(*subjects)


def test_a_score_that_is_no_number_takes_no_part(tmp_path: Path) -> None:
    broken: list[float | None] = [float("nan"), *board.scores(0.8)[1:]]
    board.write(tmp_path, "org/a", 50.0, broken, grade=0.8)
    board.write(tmp_path, "org/b", 20.0, [None, *board.scores(0.8)[1:]])
    subjects = ((board.IMAGES, "org/a", "f" * 40), (board.IMAGES, "org/b", "f" * 40))
    assert read(tmp_path)(*subjects) == "no-scores"
    found = read(tmp_path)(subjects[1], subjects[1])
    assert isinstance(found, Paired)
    assert isclose(found.difference, 0)
    assert found.n == MANY - 1
