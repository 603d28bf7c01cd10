"""The properties of METHOD section 5, each a test named as its sentence, against an oracle in plain Python."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, exp, floor, inf, log, nan
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import rating_oracle as oracle
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rating_rows import (
    GPU,
    MODEL,
    REFERENCE,
    Row,
    board,
    both_brackets,
    bracket,
    edition,
    found,
    founded_board,
    frame_of,
    passes,
    rate,
    sessions_of,
    star,
)

from wattboard import ratings
from wattboard.founding import cohorts, drafting
from wattboard.ratings import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.editions import FrozenBoard

ENERGY = st.floats(1e-3, 1e3)
COHORT = st.lists(st.floats(-5, 5), min_size=8, max_size=30)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WHOLE = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scale(ys: Sequence[float]) -> dict[str, Any]:
    """What the thresholds of a cohort are, by the expressions that freezing uses."""
    rows = pl.LazyFrame({"board": [GPU] * len(ys), "y": list(ys)}, schema={"board": pl.String, "y": pl.Float64})
    return thresholds.of(rows, "board").collect().row(0, named=True)


def limits(ys: Sequence[float]) -> tuple[float, ...]:
    told = scale(ys)
    return tuple(told[name] for name in thresholds.T)


def everything(rows: pl.LazyFrame, frozen: FrozenBoard) -> pl.LazyFrame:
    return ratings.rate(rows, edition(), [frozen])


def cohort_rows(energies: Sequence[float], **more: Any) -> list[Row]:
    """Two sessions of as many lineages as there are energies."""
    models = [row for k, one in enumerate(energies) for row in sessions_of(f"org/m{k:02}", one, **more)]
    return both_brackets() + models


@QUICK
@given(st.one_of(st.sampled_from([nan, inf, -inf, 0.0, -1.0, None]), ENERGY), st.integers(0, 3))
def test_stars_are_1_to_5_or_none_with_a_reason(energy: float | None, n: int) -> None:
    rows = passes(*[energy] * n) or [Row(None)]
    one = rate(bracket() + rows)
    if one.stars is None:
        assert one.status == "unrated"
        usable = energy is not None and 0 < energy < inf and n
        assert set(one.reasons) == ({"no-interval"} if usable else {"no-energy"})
        assert not usable or one.passes == one.sessions == 1
    else:
        assert one.stars in {1, 2, 3, 4, 5}
        assert not one.reasons
        assert one.passes > one.sessions


@given(st.tuples(ENERGY, ENERGY).map(sorted), COHORT)
@settings(max_examples=50, deadline=None)
def test_stars_do_not_increase_with_energy(pair: list[float], ys: list[float]) -> None:
    frozen = board(thresholds_wh=limits(ys))
    less, more = (star(one, frozen) for one in pair)
    assert less is not None
    assert more is not None
    assert less >= more


@QUICK
@given(st.permutations(range(22)), st.permutations(range(12)))
def test_the_order_of_the_rows_is_irrelevant_to_the_last_bit(order: list[int], ranks: list[int]) -> None:
    rows = both_brackets() + passes(1.03, 0.97, 1.011, 0.991, 1.02) + passes(0.93, 1.07, 1.1, 0.9, 1.0, session="b")
    assert rate([rows[k] for k in order]) == rate(rows)
    ys = [log(1.0 + k / 7) for k in range(12)]
    assert scale([ys[k] for k in ranks]) == scale(ys)


@WHOLE
@given(
    energies=st.lists(st.floats(0.1, 10), min_size=8, max_size=9),
    factor=st.one_of(st.integers(-6, 6).map(lambda power: 10.0**power), st.floats(1e-6, 1e6)),
)
def test_a_scale_applied_to_all_energies_and_references_leaves_the_stars(energies: list[float], factor: float) -> None:
    plain, scaled = (
        found(
            [replace(row, wh=row.wh * by) for row in cohort_rows(energies) if row.wh is not None],
        )
        for by in (1.0, factor)
    )
    before, after = plain.board(), scaled.board()
    # exp(w) just above a hundredth rounds up to the next, with or without the scale's last bits
    assume(abs(exp(scale([one.y for one in plain.founders])["w"]) * 100 % 1) > 1e-6)
    assert after.r == before.r
    for old, new in zip(plain.founders, scaled.founders, strict=True):
        ends = [(exp(one.y), frozen.thresholds_wh) for one, frozen in ((old, before), (new, after))]
        assume(all(abs(log(ends[0][0] / t)) > 1e-5 for t in before.thresholds_wh))
        assert oracle.star(oracle.six(ends[0][0]), ends[0][1]) == oracle.star(oracle.six(ends[1][0]), ends[1][1])
    whole = rate(both_brackets(factor) + sessions_of(MODEL, factor * energies[0]), after)
    assert whole.stars == rate(both_brackets() + sessions_of(MODEL, energies[0]), before).stars


@given(COHORT)
@settings(max_examples=100, deadline=None)
def test_thresholds_are_strictly_increasing_by_a_ratio_of_at_least_1_25(ys: list[float]) -> None:
    told = scale(ys)
    t1, t2, t3, t4 = (told[name] for name in thresholds.T)
    assert 0 < t1 < t2 < t3 < t4
    assert told["r"] >= 1.25
    assert told["r"] == round(told["r"], 2)
    assert t2 / t1 == pytest.approx(told["r"], rel=1e-12)
    assert t4 / t3 == pytest.approx(told["r"], rel=1e-12)


@pytest.mark.parametrize("hundredths", range(125, 400, 7))
def test_a_ratio_that_is_hundredths_already_is_not_rounded_up(hundredths: int) -> None:
    # ranks 0, 2 and 8, 10 of 11 are the ends: q20 and q80 are values themselves
    half = 1.5 * log(hundredths / 100)
    told = scale([-half] * 3 + [0.0] * 5 + [half] * 3)
    assert told["r"] == hundredths / 100
    assert scale([-half - 1e-6] * 3 + [0.0] * 5 + [half] * 3)["r"] == (hundredths + 1) / 100


@given(COHORT)
@settings(max_examples=100, deadline=None)
def test_thresholds_are_those_of_plain_python_to_1e_12(ys: list[float]) -> None:
    r, t = oracle.thresholds(ys)
    assert scale(ys)["r"] == r
    assert limits(ys) == pytest.approx(t, rel=1e-12)


@given(ENERGY, st.floats(1.25, 3))
def test_a_board_anchored_on_its_reference_has_it_in_the_middle_of_three_stars(energy: float, r: float) -> None:
    t1, t2, t3, t4 = thresholds.anchored(energy, r)
    assert t1 < t2 < energy < t3 < t4
    assert star(energy, board(energy, r=r, thresholds_wh=(t1, t2, t3, t4))) == 3


@given(st.integers(100_000, 999_998), st.integers(-8, 4), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_an_energy_equal_to_a_threshold_gets_the_better_star_and_the_next_value_the_worse(
    digits: int, power: int, k: int
) -> None:
    equal, following = float(f"{digits}e{power}"), float(f"{digits + 1}e{power}")
    others = [equal * 1.5 ** (j - k) for j in (1, 2, 3, 4)]
    frozen = board(thresholds_wh=tuple(equal if j == k - 1 else t for j, t in enumerate(others)))
    assert star(equal, frozen) == 6 - k
    assert star(following, frozen) == 5 - k


@QUICK
@given(ENERGY, st.floats(0, 0.2))
def test_the_star_shown_is_at_most_that_of_the_estimate_and_this_at_most_the_best(energy: float, width: float) -> None:
    frozen = board(u_sess=width)
    one = rate(bracket() + passes(energy, energy * 1.02, energy * 0.98), frozen)
    assert one.wh is not None
    middle = star(one.wh, frozen)
    assert one.stars is not None
    assert middle is not None
    assert one.stars_at_best is not None
    assert one.stars <= middle <= one.stars_at_best
    assert one.borderline == (one.stars != one.stars_at_best)


@QUICK
@given(energy=ENERGY, widths=st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)).map(sorted))
def test_a_wider_interval_never_raises_the_star(energy: float, widths: list[float]) -> None:
    rows = bracket() + passes(energy, energy, energy)
    narrow, wide = (rate(rows, board(u_sess=width)) for width in widths)
    assert narrow.stars is not None
    assert wide.stars is not None
    assert wide.stars <= narrow.stars


@WHOLE
@given(st.integers(0, 8), st.floats(0.1, 10), st.sampled_from([None, "org/m00", "org/m08", "other/base"]))
def test_identical_weights_move_nothing(copied: int, energy: float, base: str | None) -> None:
    energies = [1.3 ** (k - 4) for k in range(9)]
    copy = sessions_of("a/copy", energy, weights=f"org/m{copied:02}", base_model=base, at="2026-06-02T10:00:00Z")
    before, after = found(cohort_rows(energies)), found(cohort_rows(energies) + copy)
    assert after.founders == before.founders
    assert after.board().thresholds_wh == before.board().thresholds_wh


@WHOLE
@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=3), st.integers(0, 8))
def test_before_the_freeze_a_lineage_has_one_value(energies: list[float], base: int) -> None:
    """Fine-tunes of fine-tunes of a founder, measured after it, change neither the cohort nor its values."""
    chain = [f"org/m{base:02}", *(f"tune/of-{k}" for k in range(len(energies)))]
    tunes = [
        row
        for k, energy in enumerate(energies)
        for row in sessions_of(chain[k + 1], energy, base_model=chain[k], at=f"2026-06-0{k + 2}T10:00:00Z")
    ]
    rows = cohort_rows([1.3 ** (k - 4) for k in range(9)])
    before, after = found(rows), found(rows + tunes)
    assert after.founders == before.founders
    assert len({one.lineage for one in after.founders}) == 9


@QUICK
@given(st.lists(ENERGY, min_size=1, max_size=4))
def test_after_the_freeze_a_later_result_changes_no_other_star(energies: list[float]) -> None:
    rows = both_brackets() + sessions_of(MODEL, 0.9)
    later = [row for k, one in enumerate(energies) for row in sessions_of(f"org/later{k}", one)]
    assert rate(rows + later, founded_board()) == rate(rows, founded_board())


@given(COHORT, st.data())
@settings(max_examples=60, deadline=None)
def test_cohort_values_beyond_the_quantiles_ranks_are_inert_while_they_keep_their_side(
    ys: list[float], data: st.DataObject
) -> None:
    ordered = sorted(ys)
    low, high = floor((len(ys) - 1) / 5), ceil(4 * (len(ys) - 1) / 5)
    moved = [
        data.draw(st.floats(-50, ordered[low]))
        if rank < low
        else data.draw(st.floats(ordered[high], 50))
        if rank > high
        else y
        for rank, y in enumerate(ordered)
    ]
    assert limits(moved) == limits(ys)


@given(ENERGY, st.integers(8, 30))
@settings(max_examples=30, deadline=None)
def test_in_a_cohort_of_equals_everybody_has_three_stars(energy: float, n: int) -> None:
    frozen = board(thresholds_wh=limits([log(energy)] * n))
    assert star(oracle.six(energy), frozen) == 3


@pytest.mark.parametrize(("n", "status"), [(7, None), (8, "provisional"), (19, "provisional"), (20, "confirmed")])
def test_a_cohort_of_7_is_none_8_to_19_are_provisional_and_20_rate(n: int, status: str | None) -> None:
    rows = cohort_rows([1.2 ** (k - n / 2) for k in range(n)])
    cohort = found(rows)
    assert len(cohort.founders) == n
    assert cohort.enough is (status is not None)
    if status:
        frozen = cohort.board()
        assert len(frozen.cohort) == n
        inside = exp((log(frozen.thresholds_wh[1]) + log(frozen.thresholds_wh[2])) / 2)
        assert rate(rows + sessions_of(MODEL, inside), frozen).status == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "flag"},
        {"verdict": "fail"},
        {"quality": 0.19},
        {"quality": None},
        {"extra": (("weights", "synthetic"),)},
        {"extra": (("weights_digest", None),)},
        {"extra": (("fake", True),)},
        {"extra": (("protocol", "quick"),)},
        {"extra": (("kind", "estimated"),)},
        {"extra": (("revision", "package:a==1"),)},
        {"extra": (("board", GPU.replace("fp16", "bf16")),)},
        {"n": 4},
    ],
)
def test_flagged_failed_below_minimum_and_other_boards_rows_never_enter_the_thresholds(wrong: dict[str, Any]) -> None:
    rows = cohort_rows([1.3 ** (k - 4) for k in range(9)])
    added = sessions_of("org/outsider", 0.01, **wrong)
    before, after = found(rows), found(rows + added)
    assert after.founders == before.founders
    assert after.board() == before.board()


def test_a_session_with_a_flagged_reference_never_enters_the_thresholds() -> None:
    rows = cohort_rows([1.3 ** (k - 4) for k in range(9)])
    flagged = bracket(1.0, "c", verdict="flag")
    outsider = [row for name in "ac" for row in passes(*[0.01] * 5, model="org/outsider", session=name)]
    assert {one.id for one in found(rows + flagged + outsider).founders} == {one.id for one in found(rows).founders}


def test_a_sound_result_does_enter_the_thresholds() -> None:
    rows = cohort_rows([1.3 ** (k - 4) for k in range(9)])
    after = found(rows + sessions_of("org/insider", 0.01))
    assert len(after.founders) == 10
    assert after.board().thresholds_wh < found(rows).board().thresholds_wh


def test_a_single_session_and_one_whose_reference_is_far_off_never_enter_the_thresholds() -> None:
    rows = cohort_rows([1.3 ** (k - 4) for k in range(9)])
    once = passes(*[0.01] * 5, model="org/once")
    off = bracket(1.07, "c") + [row for name in "ac" for row in passes(*[0.01] * 5, model="org/off", session=name)]
    assert found(rows + once).founders == found(rows).founders
    assert {one.id for one in found(rows + off).founders} == {one.id for one in found(rows).founders}


@QUICK
@given(st.floats(0.91, 1.09))
def test_a_gain_common_to_a_session_and_its_reference_cancels(gain: float) -> None:
    plain = rate(bracket(1.0) + passes(0.5, 0.51, 0.49))
    gained = rate(bracket(gain) + passes(0.5 * gain, 0.51 * gain, 0.49 * gain))
    assert gained.y == pytest.approx(plain.y, abs=1e-12)
    assert gained.stars == plain.stars


@pytest.mark.parametrize("higher", [True, False])
@given(qualities=st.lists(st.floats(0, 1), min_size=8, max_size=30))
@settings(max_examples=60, deadline=None)
def test_three_quarters_of_the_cohort_meet_the_recommended_quality_in_either_direction(
    qualities: list[float], *, higher: bool
) -> None:
    level = drafting.recommended(qualities, higher_is_better=higher)
    assert level == oracle.recommended(qualities, higher=higher)
    met = [one for one in qualities if (one >= level if higher else one <= level)]
    assert len(met) >= 0.75 * len(qualities)


@QUICK
@given(
    sessions=st.dictionaries(st.sampled_from("abc"), st.lists(ENERGY, min_size=2, max_size=5), min_size=1),
    gains=st.lists(st.floats(0.9, 1.1), min_size=6, max_size=6),
    count=st.sampled_from([None, 10, 19, 20]),
)
def test_eager_lazy_and_streaming_agree_with_plain_python_and_the_published_digits_are_identical(
    sessions: dict[str, list[float]], gains: list[float], count: int | None
) -> None:
    frozen = board(2.0, u_sess=0.007, u_sess_sessions=count)
    rows: list[Row] = []
    told = []
    for place, (name, energies) in enumerate(sorted(sessions.items())):
        before, after = (2.0 * gains[2 * place], 2.01), (2.0 * gains[2 * place + 1], 1.99, 2.02)
        for role, side in (("reference-before", before), ("reference-after", after)):
            rows += [Row(one, role=role, session=name, index=k) for k, one in enumerate(side)]
        rows += passes(*energies, session=name)
        told.append(oracle.Session(energies, before, after))
    z = oracle.student(count - 1) if count and count < 20 else 1.96
    right = oracle.estimate(told, 2.0, u_sess=0.007, z=z)
    lazy = frame_of(rows)
    eager = lazy.collect()
    parts = pl.concat([eager[k::3] for k in range(3)], rechunk=False).lazy()
    ways = [
        everything(lazy, frozen).collect(),
        everything(eager.lazy(), frozen).collect(optimizations=pl.QueryOptFlags.none()),
        everything(lazy, frozen).collect(engine="streaming"),
        everything(parts, frozen).collect(engine="streaming"),
    ]
    assert all(one.equals(ways[0]) for one in ways)
    one = next(one for one in ratings.collect(ways[2].lazy()) if one.model == MODEL)
    assert one.y == pytest.approx(right.y, rel=1e-12, abs=1e-12)
    assert one.h == pytest.approx(right.h, rel=1e-12)
    assert (one.wh, one.wh_low, one.wh_high) == right.energies
    assert one.index == oracle.six(100 * exp(right.y) / 2.0)
    if not one.reasons:
        assert one.stars == oracle.star(right.energies[2], frozen.thresholds_wh)
        assert one.stars_at_best == oracle.star(right.energies[1], frozen.thresholds_wh)


@WHOLE
@given(st.data())
def test_the_founding_cohort_is_the_one_that_plain_python_chooses(data: st.DataObject) -> None:
    names = [f"org/m{k:02}" for k in range(12)]
    candidates = [
        oracle.Candidate(
            model=name,
            y=log(1.2 ** data.draw(st.integers(-5, 5))),
            weights=data.draw(st.sampled_from([name, "shared/one", "shared/two"])),
            base=data.draw(st.sampled_from([None, None, *names, "base/outside"])),
            first=f"2026-06-0{data.draw(st.integers(1, 9))}T10:00:00Z",
            sound=data.draw(st.integers(0, 9)) > 0,
        )
        for name in names
    ]
    rows = both_brackets()
    for one in candidates:
        told: dict[str, Any] = {"weights": one.weights, "base_model": one.base, "at": one.first}
        rows += sessions_of(one.model, exp(one.y), verdict="pass" if one.sound else "flag", **told)
    chosen = oracle.cohort(candidates)
    assert {one.lineage: one.id for one in found(rows).founders} == {name: one.model for name, one in chosen.items()}
    right = {one.model: one.y for one in chosen.values()}
    assert all(one.y == pytest.approx(right[one.id], abs=1e-12) for one in found(rows).founders)


def test_base_models_in_a_circle_are_one_lineage_whoever_is_asked() -> None:
    bases = {"x/tune": "b/b", "a/a": "c/c", "b/b": "a/a", "c/c": "b/b", "d/d": "d/d", "e/e": "out/side", "f/f": None}
    named = cohorts.lineages(bases)
    assert {named[one] for one in ("x/tune", "a/a", "b/b", "c/c")} == {"a/a"}
    assert (named["d/d"], named["e/e"], named["f/f"]) == ("d/d", "out/side", "f/f")


@WHOLE
@given(st.permutations(range(9)))
def test_each_stars_range_is_that_of_leaving_each_lineage_out(order: list[int]) -> None:
    energies = [1.35 ** (order[k] - 4) for k in range(9)]
    rows = cohort_rows(energies)
    frozen = found(rows).board()
    ys = {one.id: one.y for one in frozen.founders}
    for one in ratings.collect(ratings.rate(frame_of(rows), edition(), [frozen])):
        if one.model == REFERENCE:
            continue
        assert one.wh_high is not None
        ranges = [
            oracle.star(one.wh_high, oracle.thresholds([y for name, y in ys.items() if name != left])[1]) for left in ys
        ]
        assert (one.stars_least, one.stars_most) == (min(ranges), max(ranges))  # type: ignore[type-var] # no None here
