"""METHOD section 5, against a plain-Python oracle and property by property."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, inf, log, nan, nextafter, sqrt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import site_factory as make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from wattbench.problems import Refusal
from wattboard import facts, frame, freezing, ratings
from wattboard.editions import Edition, FrozenBoard, Levels, Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.ratings import Rating

GPU = "sentence-similarity-v0~h100-sxm5-80gb~fp16~single~off~nvml"
MODEL = "org/model"
REVISION = "0123456789abcdef0123456789abcdef01234567"
ENERGY = st.floats(1e-3, 1e3)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Row:
    """One pass for a frame made by hand, in Wh per 1,000 queries."""

    wh: float | None
    role: str = "candidate"
    session: str = "a"
    index: int = 0
    model: str = MODEL
    verdict: str = "pass"
    quality: float | None = 0.8
    extra: tuple[tuple[str, Any], ...] = ()


def frame_of(rows: Sequence[Row], board: str = GPU) -> pl.LazyFrame:
    told = []
    for row in rows:
        reference = row.role != "candidate"
        model = make.REFERENCES[make.SIMILARITY][0] if reference else row.model
        base: dict[str, Any] = dict.fromkeys(frame.SCHEMA)
        base |= {
            "board": board,
            "kind": "estimated" if board.endswith("~estimate") else "measured",
            "model": model,
            "revision": REVISION,
            "parameters": 1,
            "weights": "real",
            "session": row.session,
            "role": row.role,
            "digest": f"{model}-{row.session}-{row.role}",
            "measured_at": "2026-11-20T10:00:00Z",
            "protocol": "rated",
            "device": "H100",
            "fake": False,
            "verdict": row.verdict,
            "pass_index": row.index,
            "queries": 100,
            "seconds": 1.0,
            "wh_per_1000": row.wh,
            "quality_metric": "Spearman's rho",
            "quality_value": row.quality,
            "higher_is_better": None if row.quality is None else True,
        }
        told.append(base | dict(row.extra))
    return pl.LazyFrame(told, schema=frame.SCHEMA, orient="row")


def edition(kind: str = "rated", **changes: Any) -> Edition:
    told = {
        "schema": 1,
        "id": "e1",
        "title": "E",
        "kind": kind,
        "rule_version": 1,
        "opened": "2026-11-20",
        "headline": {},
    }
    return Edition.model_validate(told | changes)


def board(r_board: float = 1.0, name: str = GPU, **changes: Any) -> FrozenBoard:
    told: dict[str, Any] = {
        "schema": 1,
        "board": name,
        "edition": "e1",
        "rule_version": 1,
        "frozen_on": "2026-11-20",
        "anchor": "reference",
        "reference": Reference(id=make.REFERENCES[make.SIMILARITY][0], revision=REVISION, wh_per_1000_queries=r_board),
        "r": 1.6,
        "thresholds_wh": freezing.thresholds(r_board, 1.6),
        "cohort": (),
        "u_cal": 0.005,
        "u_sess": 0.005,
        "quality": Levels(metric="Spearman's rho", higher_is_better=True, minimum=0.2, recommended=0.7),
        "run_digests": (),
    }
    return FrozenBoard(**told | changes)


def bracket(energy: float = 1.0, session: str = "a", **more: Any) -> list[Row]:
    sides = ("reference-before", "reference-after")
    return [Row(energy, role=side, session=session, index=k, **more) for side in sides for k in range(3)]


def passes(*energies: float | None, session: str = "a", **more: Any) -> list[Row]:
    return [Row(one, session=session, index=k, **more) for k, one in enumerate(energies)]


def rate(rows: Sequence[Row], frozen: FrozenBoard | None = None, kind: str = "rated", name: str = GPU) -> Rating:
    rated = ratings.rate(frame_of(rows, name), edition(kind), [frozen or board(name=name)])
    found = [one for one in ratings.collect(rated) if one.model == MODEL]
    assert len(found) == 1
    return found[0]


def six(value: float) -> float:
    return float(f"{value:.6g}")


def oracle(
    sessions: dict[str, list[float]], references: dict[str, list[list[float]]], frozen: FrozenBoard
) -> tuple[Any, ...]:
    """Recompute (y, h, E, low, high, stars) in plain Python."""
    r_board = frozen.reference.wh_per_1000_queries
    means, squares, shares, n = [], [], [], 0
    for name in sorted(sessions):
        sides = [fsum(map(log, side)) / len(side) for side in references[name]]
        factor = log(r_board) - fsum(sides) / len(sides)
        ys = [log(one) + factor for one in sessions[name]]
        means.append(fsum(ys) / len(ys))
        squares.append(fsum((y - means[-1]) ** 2 for y in ys))
        shares.append(1 / len(ys))
        n += len(ys)
    count = len(sessions)
    y = fsum(means) / count
    s_w = sqrt(fsum(squares) / (n - count))
    quantile = student.ppf(0.975, n - count)
    h = sqrt(quantile**2 * s_w**2 * fsum(shares) / count**2 + 1.96**2 * (frozen.u_cal**2 + frozen.u_sess**2 / count))
    energy, low, high = six(exp(y)), six(exp(y - h)), six(exp(y + h))
    return y, h, energy, low, high, 5 - sum(high > limit for limit in frozen.thresholds_wh)


@QUICK
@given(
    sessions=st.dictionaries(st.sampled_from("abc"), st.lists(ENERGY, min_size=2, max_size=5), min_size=1),
    gains=st.lists(st.floats(0.9, 1.1), min_size=6, max_size=6),
)
def test_ratings_agree_with_plain_python_to_the_last_published_digit(
    sessions: dict[str, list[float]], gains: list[float]
) -> None:
    frozen = board(2.0)
    rows: list[Row] = []
    references = {}
    for place, (name, energies) in enumerate(sorted(sessions.items())):
        sides = [[2.0 * gains[2 * place], 2.01], [2.0 * gains[2 * place + 1], 1.99, 2.02]]
        references[name] = sides
        for role, side in zip(("reference-before", "reference-after"), sides, strict=True):
            rows += [Row(one, role=role, session=name, index=k) for k, one in enumerate(side)]
        rows += passes(*energies, session=name)
    one = rate(rows, frozen)
    y, h, energy, low, high, stars = oracle(sessions, references, frozen)
    assert one.y == pytest.approx(y, rel=1e-12, abs=1e-12)
    assert one.h == pytest.approx(h, rel=1e-12)
    assert (one.wh, one.wh_low, one.wh_high, one.stars) == (energy, low, high, stars)
    assert one.index == six(100 * exp(y) / 2.0)


@QUICK
@given(st.permutations(range(11)))
def test_the_order_of_the_rows_changes_no_bit(order: list[int]) -> None:
    rows = bracket() + passes(1.03, 0.97, 1.011, 0.991, 1.02)
    assert rate([rows[k] for k in order]) == rate(rows)


@QUICK
@given(st.one_of(st.sampled_from([nan, inf, -inf, 0.0, -1.0, None]), ENERGY))
def test_a_star_is_1_to_5_or_none_with_a_reason(energy: float | None) -> None:
    one = rate(bracket() + passes(energy, energy, energy))
    if one.stars is None:
        assert one.status == "unrated"
        assert one.reasons
        assert "no-energy" in one.reasons
    else:
        assert one.stars in {1, 2, 3, 4, 5}
        assert not one.reasons


def star(energy: float, frozen: FrozenBoard) -> int | None:
    limits = {f"t{k}": limit for k, limit in enumerate(frozen.thresholds_wh, 1)}
    found: int | None = pl.DataFrame({"e": energy, **limits}).select(ratings.stars("e")).item()
    return found


@given(st.tuples(ENERGY, ENERGY).map(sorted))
def test_more_energy_never_earns_more_stars(pair: list[float]) -> None:
    less, more = (star(one, board()) for one in pair)
    assert less is not None
    assert more is not None
    assert less >= more


def test_an_energy_equal_to_a_threshold_gets_the_better_star_and_the_next_the_worse() -> None:
    frozen = board(thresholds_wh=(0.123457, 0.5, 1.0, 2.0))
    assert star(0.123457, frozen) == 5
    assert star(0.123458, frozen) == 4
    assert star(nextafter(2.0, inf), frozen) == 1


@QUICK
@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=9))
def test_rounding_gives_the_very_float_that_six_digits_are_written_as(values: list[float]) -> None:
    rounded = pl.DataFrame({"x": [*values, 8.67076e-18 * (1 + 1e-9), None]}).select(facts.rounded(pl.col("x")))
    assert rounded["x"].to_list() == [*(six(one) for one in values), 8.67076e-18, None]


@pytest.mark.parametrize("energy", [nan, inf, 0.0, -1.0])
def test_what_is_no_energy_has_no_star(energy: float) -> None:
    assert star(energy, board()) is None


@QUICK
@given(st.floats(0.91, 1.09))
def test_a_gain_common_to_a_session_and_its_reference_cancels(gain: float) -> None:
    plain = rate(bracket(1.0) + passes(0.5, 0.51, 0.49))
    gained = rate(bracket(gain) + passes(0.5 * gain, 0.51 * gain, 0.49 * gain))
    assert gained.y == pytest.approx(plain.y, abs=1e-12)
    assert gained.stars == plain.stars


@pytest.mark.parametrize(
    ("gain", "kind", "status"),
    [
        (1.04, "rated", "confirmed"),
        (0.93, "rated", "provisional"),
        (1.07, "rated", "provisional"),
        (1.12, "rated", "unrated"),
        (0.88, "rated", "unrated"),
        (1.5, "demo", "provisional"),
    ],
)
def test_a_session_whose_reference_is_far_off_the_boards_is_flagged_or_fails(
    gain: float, kind: str, status: str
) -> None:
    two = [*bracket(gain), *passes(0.6, 0.61, 0.59), *bracket(1.0, "b"), *passes(0.6, 0.61, 0.59, session="b")]
    found = rate(two, board(anchor="cohort", cohort=tuple(f"x/{k}" for k in range(20))), kind)
    assert found.status == status
    assert ("session-factor" in found.reasons) == (status == "unrated")


@QUICK
@given(st.integers(-6, 6))
def test_the_unit_of_energy_changes_no_star(power: int) -> None:
    scale = 10.0**power
    plain = rate(bracket(1.0) + passes(0.5, 0.52, 0.49))
    scaled = rate(bracket(scale) + passes(0.5 * scale, 0.52 * scale, 0.49 * scale), board(scale))
    assert (scaled.stars, scaled.stars_at_best) == (plain.stars, plain.stars_at_best)


@QUICK
@given(energy=ENERGY, widths=st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)).map(sorted))
def test_a_wider_interval_never_raises_the_star(energy: float, widths: list[float]) -> None:
    rows = bracket() + passes(energy, energy, energy)
    narrow, wide = (rate(rows, board(u_sess=width)) for width in widths)
    assert narrow.stars is not None
    assert wide.stars is not None
    assert wide.stars <= narrow.stars


@QUICK
@given(ENERGY, st.floats(1.25, 3))
def test_thresholds_rise_by_the_factor_and_hold_the_reference_in_the_middle_of_three_stars(
    energy: float, r: float
) -> None:
    t1, t2, t3, t4 = freezing.thresholds(energy, r)
    assert t1 < t2 < energy < t3 < t4
    assert t2 / t1 == pytest.approx(r)
    assert star(energy, board(energy, r=r, thresholds_wh=(t1, t2, t3, t4))) == 3


def test_the_star_shown_is_that_of_the_worse_end_and_says_where_the_better_end_differs() -> None:
    t2 = board().thresholds_wh[1]
    near = rate(bracket() + passes(t2 * 0.999, t2 * 0.999, t2 * 1.0))
    assert (near.stars, near.stars_at_best, near.borderline) == (3, 4, True)
    clear = rate(bracket() + passes(t2 * 0.8, t2 * 0.8, t2 * 0.801))
    assert (clear.stars, clear.stars_at_best, clear.borderline) == (4, 4, False)


def test_a_founded_board_with_two_sessions_confirms_or_says_borderline() -> None:
    frozen = board(anchor="cohort", cohort=tuple(f"org/m{k}" for k in range(20)))
    sessions = ("a", "b")
    brackets = [row for session in sessions for row in bracket(session=session)]
    t2 = frozen.thresholds_wh[1]
    clear = [row for session in sessions for row in passes(0.9, 0.91, 0.9, session=session)]
    near = [row for session in sessions for row in passes(t2, t2, t2 * 1.001, session=session)]
    assert rate(brackets + clear, frozen).status == "confirmed"
    assert rate(brackets + near, frozen).status == "borderline"
    assert rate(bracket() + passes(0.9, 0.91, 0.9), frozen).status == "provisional"
    flagged = [row for s in sessions for row in passes(0.9, 0.91, session=s, verdict="flag")]
    assert rate(brackets + flagged, frozen).status == "provisional"


def test_a_board_anchored_on_its_reference_is_provisional() -> None:
    assert rate(bracket() + passes(0.9, 0.91, 0.9)).status == "provisional"


@pytest.mark.parametrize(
    ("reason", "rows"),
    [
        ("no-reference", passes(0.9, 0.9, 0.9)),
        ("no-reference", [*bracket()[:3], *passes(0.9, 0.9, 0.9)]),
        ("no-reference", bracket(session="b") + passes(0.9, 0.9, 0.9)),
        ("reference-failed", bracket(verdict="fail") + passes(0.9, 0.9, 0.9)),
        ("gate-failed", bracket() + passes(0.9, 0.9, 0.9, verdict="fail")),
        ("no-interval", bracket() + passes(0.9)),
        ("no-energy", bracket() + passes(None)),
        ("no-quality", bracket() + passes(0.9, 0.9, quality=None)),
        ("below-minimum", bracket() + passes(0.9, 0.9, quality=0.19)),
        ("synthetic-weights", bracket() + passes(0.9, 0.9, extra=(("weights", "synthetic"),))),
        ("fake-device", bracket() + passes(0.9, 0.9, extra=(("fake", True),))),
        ("quick-protocol", bracket() + passes(0.9, 0.9, extra=(("protocol", "quick"),))),
        ("packaged-weights", bracket() + passes(0.9, 0.9, extra=(("revision", "package:a==1"),))),
    ],
)
def test_a_result_without_a_star_says_why(reason: str, rows: list[Row]) -> None:
    one = rate(rows)
    assert one.stars is None
    assert one.status == "unrated"
    assert reason in one.reasons


def test_an_estimate_has_stars_in_a_demo_edition_only_and_they_are_provisional() -> None:
    rows = bracket() + passes(0.9, 0.9, 0.91, extra=(("protocol", "quick"),))
    name = make.SIMILARITY
    assert rate(rows, board(name=name), "rated", name).reasons == ("estimated", "quick-protocol")
    demo = rate(rows, board(name=name), "demo", name)
    assert (demo.status, demo.reasons) == ("provisional", ())
    assert demo.stars == 3


def test_a_quality_equal_to_a_level_reaches_it() -> None:
    one = rate(bracket() + passes(0.9, 0.9, quality=0.2))
    assert one.stars is not None
    assert not one.recommended
    assert rate(bracket() + passes(0.9, 0.9, quality=0.7)).recommended


def test_a_metric_where_lower_is_better_gates_the_other_way() -> None:
    levels = Levels(metric="WER", higher_is_better=False, minimum=0.5, recommended=0.1)
    frozen = board(quality=levels)
    lower = (("higher_is_better", False),)
    assert rate(bracket() + passes(0.9, 0.9, quality=0.6, extra=lower), frozen).reasons == ("below-minimum",)
    assert rate(bracket() + passes(0.9, 0.9, quality=0.1, extra=lower), frozen).recommended


def test_a_later_result_moves_no_other_star() -> None:
    rows = bracket() + passes(0.9, 0.91, 0.9)
    later = [Row(5.0, model="org/later", index=k) for k in range(3)]
    assert rate(rows + later) == rate(rows)


def test_the_reference_model_is_rated_from_its_own_runs_in_the_session() -> None:
    rated = ratings.collect(ratings.rate(frame_of(bracket(1.0)), edition(), [board()]))
    assert [(one.model, one.passes, one.stars, one.index) for one in rated] == [
        (make.REFERENCES[make.SIMILARITY][0], 6, 3, 100.0)
    ]


def test_a_board_that_is_not_frozen_keeps_its_energy_and_has_no_star() -> None:
    rated = ratings.rate(frame_of(bracket() + passes(0.9, 0.9, 0.9)), None, [])
    one = next(one for one in ratings.collect(rated) if one.model == MODEL)
    assert (one.wh, one.stars, one.reasons) == (0.9, None, ("no-thresholds",))


@pytest.mark.parametrize("wrong", [{"edition": "other"}, {"rule_version": 2}])
def test_thresholds_of_another_edition_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="one edition at a time"):
        ratings.rate(frame_of(bracket()), edition(), [board(**wrong)])


def test_a_board_given_twice_is_refused() -> None:
    with pytest.raises(Refusal, match="given twice"):
        ratings.rate(frame_of(bracket()), edition(), [board(), board()])
