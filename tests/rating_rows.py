"""Passes, frames and frozen boards made by hand, for the tests of the rating rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import site_factory as make

from wattboard import frame, ratings
from wattboard.editions import Edition, FrozenBoard, Levels, Reference
from wattboard.founding import anchors, cohorts
from wattboard.ratings import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.founding.cohorts import Founding
    from wattboard.ratings import Rating

GPU = make.GPU
REFERENCE, REFERENCE_REVISION = make.REFERENCES[GPU]
MODEL = "org/model"
REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Row:
    """One pass, in Wh per 1,000 queries."""

    wh: float | None
    role: str = "candidate"
    session: str = "a"
    index: int = 0
    model: str = MODEL
    verdict: str = "pass"
    quality: float | None = 0.8
    base_model: str | None = None
    weights: str | None = None
    at: str = "2026-06-01T10:00:00Z"
    extra: tuple[tuple[str, Any], ...] = ()


def frame_of(rows: Sequence[Row], board: str = GPU) -> pl.LazyFrame:
    told = []
    for row in rows:
        reference = row.role != "candidate"
        model = REFERENCE if reference else row.model
        base: dict[str, Any] = dict.fromkeys(frame.SCHEMA)
        base |= {
            "board": board,
            "kind": "estimated" if board.endswith("~estimate") else "measured",
            "model": model,
            "revision": REFERENCE_REVISION if reference else REVISION,
            "base_model": row.base_model,
            "parameters": 1,
            "weights": "real",
            "weights_digest": make.sha(row.weights or model),
            "session": row.session,
            "role": row.role,
            "digest": f"{model}-{row.session}-{row.role}",
            "measured_at": row.at,
            "protocol": "official",
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
        "schema": 2,
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
        "schema": 2,
        "board": name,
        "edition": "e1",
        "rule_version": 1,
        "frozen_on": "2026-11-20",
        "anchor": "reference",
        "reference": Reference(id=REFERENCE, revision=REFERENCE_REVISION, wh_per_1000_queries=r_board),
        "r": 1.6,
        "thresholds_wh": thresholds.anchored(r_board, 1.6),
        "cohort": (),
        "u_cal": 0.005,
        "u_sess": 0.005,
        "quality": Levels(metric="Spearman's rho", higher_is_better=True, minimum=0.2, recommended=0.7),
        "run_digests": (),
    }
    return FrozenBoard(**told | changes)


def founded_board(**changes: Any) -> FrozenBoard:
    """A board with a founding cohort of 20, whose thresholds are those of `board()`."""
    return board(anchor="cohort", cohort=tuple(f"org/m{k}" for k in range(20)), **changes)


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


def star(energy: float, frozen: FrozenBoard) -> int | None:
    """What an energy earns on a board, by the expression that ratings use."""
    limits = {f"t{k}": limit for k, limit in enumerate(frozen.thresholds_wh, 1)}
    found: int | None = pl.DataFrame({"e": energy, **limits}).select(ratings.stars("e")).item()
    return found


def sessions_of(model: str, energy: float, *, n: int = 5, **more: Any) -> list[Row]:
    """A model's passes in the sessions a and b, with a fixed wobble that leaves their mean where it is."""
    wobble = [(k - (n - 1) / 2) * 0.002 for k in range(n)]
    return [row for name in "ab" for row in passes(*(energy * 2**w for w in wobble), session=name, model=model, **more)]


def both_brackets(energy: float = 1.0, **more: Any) -> list[Row]:
    return bracket(energy, "a", **more) + bracket(energy, "b", **more)


def found(rows: Sequence[Row], name: str = GPU) -> Founding:
    """The founding cohort of the rows' board."""
    many = frame_of(rows, name)
    return cohorts.foundings(many, anchors.anchors(many), "e1")[name]
