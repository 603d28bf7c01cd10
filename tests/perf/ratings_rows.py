"""Made-up runs for the timing of ratings: as files, and as Parquet in the schema of `frame`, one file a board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

import site_factory as make

from wattbench import runs
from wattboard import editions
from wattboard.gathering import rows
from wattboard.ratings import thresholds

SEED = 20261123
MODELS, SESSIONS, PASSES = 1000, 2, 5  # of a board: 2,000 runs, and 4 of its reference model
RUNS = MODELS * SESSIONS
REFERENCE = ("org/reference", "f" * 40)
R_BOARD = 10.0


def board_name(number: int) -> str:
    """Name a board."""
    return f"sentence-similarity-v0~gpu-{number}~fp16~single~off~nvml"


def frozen(numbers: range) -> tuple[editions.Edition, list[editions.FrozenBoard]]:
    """Give a rated edition and its boards, each with 20 founders."""
    said = {"schema": 2, "id": "e1", "title": "E", "kind": "rated", "rule_version": 1, "opened": "2026-06-01"}
    edition = editions.Edition.model_validate(said | {"headline": {}})
    return edition, [_frozen(board_name(number)) for number in numbers]


def _frozen(name: str) -> editions.FrozenBoard:
    told: dict[str, Any] = {
        "schema": 2,
        "board": name,
        "edition": "e1",
        "rule_version": 1,
        "frozen_on": "2026-06-01",
        "anchor": "cohort",
        "reference": editions.Reference(id=REFERENCE[0], revision=REFERENCE[1], wh_per_1000_queries=R_BOARD),
        "r": 1.6,
        "thresholds_wh": thresholds.anchored(R_BOARD, 1.6),
        "cohort": tuple(f"org/m{k}" for k in range(20)),
        "u_cal": 0.005,
        "u_sess": 0.005,
        "quality": editions.Levels(metric="Spearman's rho", higher_is_better=True, minimum=0.2, recommended=0.7),
        "run_digests": (),
    }
    return editions.FrozenBoard(**told)


def write_parquet(folder: Path, many: int) -> None:
    """Write boards with `many` runs in all, five passes each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(many // RUNS):
        passes(number).write_parquet(folder / f"{board_name(number)}.parquet")


def passes(number: int) -> pl.DataFrame:
    """Make a board's passes: log-uniform energies, sessions that gain or lose, some failed readings and gates."""
    models = pl.DataFrame({"m": range(-1, MODELS)}, schema={"m": pl.Int64})
    sides = pl.DataFrame({"role": ["candidate", "reference-before", "reference-after"]})
    every = (
        models.join(pl.DataFrame({"s": range(SESSIONS)}), how="cross")
        .join(sides, how="cross")
        .filter((pl.col("m") >= 0) == (pl.col("role") == "candidate"))
        .join(pl.DataFrame({"pass_index": range(PASSES)}), how="cross")
    )

    def dice(salt: int, *columns: str) -> pl.Expr:
        return pl.struct(pl.lit(number).alias("b"), *columns).hash(SEED + salt).cast(pl.Float64) / 2.0**64

    def digest(salt: int, *columns: str) -> pl.Expr:
        parts = [pl.struct(pl.lit(number).alias("b"), *columns).hash(SEED + salt + k).cast(pl.String) for k in range(4)]
        return pl.concat_str(part.str.zfill(20).str.slice(4) for part in parts)  # 64 digits that do not compress

    run = ("m", "s", "role")
    wobble = 0.02 * (dice(1, *run, "pass_index") - 0.5) + 0.01 * (dice(2, *run) - 0.5) + 0.02 * (dice(3, "s") - 0.5)
    energy = R_BOARD * (pl.when(pl.col("m") < 0).then(0.0).otherwise(4 * (dice(4, "m") - 0.5)) + wobble).exp()
    lost = (dice(5, *run, "pass_index") < 0.002) & (pl.col("m") >= 0)
    good = 0.15 + 0.8 * dice(6, "m")
    told = every.select(
        board=pl.lit(board_name(number)),
        task=pl.lit("sentence-similarity"),
        version=pl.lit(0, pl.Int64),
        sku=pl.lit(f"gpu-{number}"),
        count=pl.lit(1, pl.Int64),
        precision=pl.lit("fp16"),
        scenario=pl.lit("single"),
        reasoning=pl.lit("off"),
        meter=pl.lit("nvml"),
        kind=pl.lit("measured"),
        workload_sha256=pl.lit(make.sha("workload")),
        model=pl.when(pl.col("m") < 0).then(pl.lit(REFERENCE[0])).otherwise(pl.format("org/model-{}", "m")),
        revision=pl.when(pl.col("m") < 0)
        .then(pl.lit(REFERENCE[1]))
        .otherwise(pl.format("{}{}", pl.lit("0" * 34), pl.col("m").cast(pl.String).str.zfill(6))),
        parameters=pl.lit(10**9, pl.Int64),
        licence=pl.lit("apache-2.0"),
        weights=pl.lit("real"),
        weights_digest=digest(30, "m"),
        session=pl.format("2026-06-{}-a", (pl.col("s") + 1).cast(pl.String).str.zfill(2)),
        role="role",
        digest=digest(20, *run),
        measured_at=pl.format("2026-06-{}T10:00:00Z", (pl.col("s") + 1).cast(pl.String).str.zfill(2)),
        protocol=pl.lit("official"),
        device=pl.lit("NVIDIA H100"),
        fake=pl.lit(value=False),
        verdict=pl.when(dice(7, *run) < 0.01)
        .then(pl.lit("fail"))
        .when(dice(7, *run) < 0.03)
        .then(pl.lit("flag"))
        .otherwise(pl.lit("pass")),
        pass_index="pass_index",
        rounds=pl.lit(10, pl.Int64),
        batch=pl.lit(1, pl.Int64),
        queries=pl.lit(1000, pl.Int64),
        answered=pl.lit(1000, pl.Int64),
        seconds=60 + dice(8, *run, "pass_index"),
        wh_per_1000=pl.when(~lost).then(energy),
        quality_metric=pl.lit("Spearman's rho"),
        quality_value=good,
        quality_low=good - 0.03,
        quality_high=good + 0.03,
        quality_n=pl.lit(1000, pl.Int64),
        higher_is_better=pl.lit(value=True),
    ).with_columns(joules=pl.col("wh_per_1000") * 3.6 * pl.col("queries"))
    absent = {name: pl.lit(None, kind) for name, kind in rows.SCHEMA.items() if name not in told.columns}
    return told.with_columns(**absent).select(*rows.SCHEMA)


def write_files(folder: Path, many: int) -> None:
    """Write run files of a board, as large as those of an official run."""
    gates = tuple(make.gate(f"gate {number}") for number in range(24))
    environment = {f"fact {number}": f"value {number}" for number in range(40)}
    phases = tuple(
        runs.Phase(name=f"pass-{k}", started_seconds=60.0 * k, ended_seconds=60.0 * k + 59, mean_watts=300.1)
        for k in range(12)
    )
    told = {"gates": gates, "environment": environment, "phases": phases}
    for number in range(many // SESSIONS):
        for one in make.official(f"org/model-{number}", 20 + number % 977 / 10):
            runs.write(one.model_copy(update=told), folder)
    for one in make.brackets():
        runs.write(one.model_copy(update=told), folder)


def write_one_more(folder: Path) -> None:
    """Write one run more of the board that `write_files` wrote."""
    runs.write(make.official("org/one-more", 30.0)[0], folder)


def frozen_for_files() -> tuple[editions.Edition, list[editions.FrozenBoard]]:
    """Give the board of `write_files`."""
    edition, _ = frozen(range(0))
    reference = editions.Reference(
        id=make.REFERENCES[make.GPU][0], revision=make.REFERENCES[make.GPU][1], wh_per_1000_queries=0.03
    )
    board = _frozen(make.GPU).model_copy(
        update={"reference": reference, "thresholds_wh": thresholds.anchored(0.03, 1.6)}
    )
    return edition, [board]


def described(many: int) -> dict[str, list[Any]]:
    """Describe the boards of `write_parquet`, for a program that knows nothing of ours."""
    boards = frozen(range(many))[1]
    told = {
        "board": [one.board for one in boards],
        "reference_model": [one.reference.id for one in boards],
        "reference_revision": [one.reference.revision for one in boards],
        "r_board": [one.reference.wh_per_1000_queries for one in boards],
        "u_cal": [one.u_cal for one in boards],
        "u_sess": [one.u_sess for one in boards],
        "minimum": [one.quality.minimum for one in boards],
        "recommended_level": [one.quality.recommended for one in boards],
        "up": [one.quality.higher_is_better for one in boards],
        "founded": [True for _ in boards],
    }
    return told | {f"t{k}": [one.thresholds_wh[k - 1] for one in boards] for k in (1, 2, 3, 4)}
