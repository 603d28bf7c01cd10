"""The 95 % interval holds the truth in 94 to 98 of 100 cases, by simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
import rating_oracle as oracle
from rating_rows import GPU, REFERENCE, REFERENCE_REVISION, board, edition

from wattboard import frame, ratings
from wattboard.ratings import calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

MODELS = 20_000
TRUTH = 0.4  # ln of Wh per 1,000 queries


def simulated(design: Sequence[int], noise: float, seed: int) -> pl.LazyFrame:
    """Many models of the same energy: a calibration error each, an effect of each session, noise of each pass."""
    draw = np.random.default_rng(seed)
    calibrated = TRUTH + draw.normal(0, 0.005, MODELS)
    rows: dict[str, list[np.ndarray]] = {"model": [], "session": [], "index": [], "y": []}
    for place, n in enumerate(design):
        effect = calibrated + draw.normal(0, 0.005, MODELS)
        for index in range(n):
            rows["model"].append(np.arange(MODELS))
            rows["session"].append(np.full(MODELS, place))
            rows["index"].append(np.full(MODELS, index))
            rows["y"].append(effect + draw.normal(0, noise, MODELS))
    name = pl.format("org/m{}", pl.col("model"))
    candidates = pl.LazyFrame({key: np.concatenate(parts) for key, parts in rows.items()}).select(
        model=name,
        revision=pl.lit("f" * 40),
        role=pl.lit("candidate"),
        session=pl.format("s{}", "session"),
        digest=pl.format("{}-{}", "model", "session"),
        pass_index=pl.col("index").cast(pl.Int64),
        wh_per_1000=pl.col("y").exp(),
    )
    sides = [(f"s{k}", role) for k in range(len(design)) for role in ("reference-before", "reference-after")]
    references = pl.LazyFrame(
        {"session": [one for one, _ in sides], "role": [role for _, role in sides]},
    ).select(
        model=pl.lit(REFERENCE),
        revision=pl.lit(REFERENCE_REVISION),
        role="role",
        session="session",
        digest=pl.format("{}-{}", "session", "role"),
        pass_index=pl.lit(0, pl.Int64),
        wh_per_1000=pl.lit(1.0),
    )
    told = {
        "board": GPU,
        "kind": "measured",
        "weights": "real",
        "protocol": "official",
        "measured_at": "2026-06-01T10:00:00Z",
        "fake": False,
        "verdict": "pass",
        "queries": 100,
        "seconds": 1.0,
    }
    whole = pl.concat([candidates, references]).with_columns(**{name: pl.lit(value) for name, value in told.items()})
    known = set(whole.collect_schema().names())
    absent = {name: pl.lit(None, kind) for name, kind in frame.SCHEMA.items() if name not in known}
    return whole.with_columns(**absent).select(pl.col(name).cast(kind) for name, kind in frame.SCHEMA.items())


@pytest.mark.parametrize("noise", [0.003, 0.01, 0.02])
@pytest.mark.parametrize("design", [(5, 5), (3, 2), (4, 1)])
def test_the_interval_covers_the_truth_in_94_to_98_per_cent(design: tuple[int, ...], noise: float) -> None:
    rated = ratings.rate(simulated(design, noise, seed=len(design) + design[0]), edition(), [board()])
    held = rated.filter(pl.col("model") != REFERENCE).select(((pl.col("y") - TRUTH).abs() <= pl.col("h")).mean())
    share = held.collect().item()
    assert 0.94 <= share <= 0.98, f"{design} with {noise}: {share:.3f}"


def sessions_with(run_effect: float, gain: float, count: int, seed: int) -> tuple[pl.LazyFrame, np.ndarray]:
    """The reference's sessions, where every run has an effect of its own; and what is left in a candidate's y."""
    draw = np.random.default_rng(seed)
    common = draw.normal(0, gain, count)
    before, between, after = (common + draw.normal(0, run_effect, count) for _ in range(3))
    rows = [
        {
            "board": GPU,
            "model": REFERENCE,
            "revision": REFERENCE_REVISION,
            "role": role,
            "session": f"s{k:05}",
            "digest": f"{role}-{k:05}",
            "pass_index": 0,
            "wh_per_1000": float(np.exp(y)),
            "measured_at": "2026-06-01T10:00:00Z",
            "verdict": "pass",
        }
        for role, side in (("reference-before", before), ("reference-after", after))
        for k, y in enumerate(side)
    ]
    models = pl.LazyFrame({"board": [GPU], "reference_model": [REFERENCE], "reference_revision": [REFERENCE_REVISION]})
    return calibration.references(pl.LazyFrame(rows), models), between - (before + after) / 2


@pytest.mark.parametrize("gain", [0.0, 0.03])
def test_the_measured_session_term_is_what_the_correction_by_the_reference_leaves(gain: float) -> None:
    sessions, left = sessions_with(0.004, gain, 5000, seed=7)
    found = calibration.calibrations(sessions).collect().row(0, named=True)
    assert found["K"] == 5000
    assert found["u_sess"] == pytest.approx(float(np.std(left, ddof=1)), rel=0.05)


@pytest.mark.parametrize(("count", "measured"), [(9, False), (10, True)])
def test_the_session_term_is_measured_from_ten_sessions_on(count: int, *, measured: bool) -> None:
    sessions, _ = sessions_with(0.004, 0.03, count, seed=3)
    found = calibration.calibrations(sessions).collect().row(0, named=True)
    assert (found["K"], found["u_sess"] is not None) == (count, measured)
    sides = sessions.select("ln_r_s", "d_s").collect()
    if measured:
        pairs = [(middle - drift / 2, middle + drift / 2) for middle, drift in sides.iter_rows()]
        assert found["u_sess"] == pytest.approx(oracle.session_term(pairs), rel=1e-12)


@pytest.mark.parametrize(
    ("sessions", "factor"), [(None, 1.96), (10, oracle.student(9)), (19, oracle.student(18)), (20, 1.96)]
)
def test_students_t_stands_for_1_96_while_the_session_term_is_from_fewer_than_20(
    sessions: int | None, factor: float
) -> None:
    assert calibration.coverage_factor(sessions) == pytest.approx(factor, rel=1e-12)


def test_an_interval_with_a_measured_session_term_covers_too() -> None:
    draw = np.random.default_rng(11)
    held = 0
    boards = 2000
    z = oracle.student(9)
    for _ in range(boards):
        drifts = draw.normal(0, 0.004 * 2**0.5, 10)
        u_sess = float(np.sqrt(0.75 * np.var(drifts, ddof=1)))
        left = [draw.normal(0, 0.004 * 1.5**0.5) + draw.normal(0, 0.003, 5) for _ in range(2)]
        one = oracle.estimate(
            [oracle.Session(np.exp(values).tolist(), [1.0], [1.0]) for values in left],
            1.0,
            u_cal=0.0,
            u_sess=u_sess,
            z=z,
        )
        held += abs(one.y) <= one.h
    assert 0.94 <= held / boards <= 0.98
