"""METHOD section 5 in idiomatic pandas, to be timed beside ours. Runs in an environment of its own, without ours.

    python ratings_pandas.py PASSES BOARDS.json OUT.parquet (whole | by-board)

PASSES is a folder with a Parquet file a board. Prints seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

SUBJECT = ["board", "model", "revision"]
COLUMNS = [
    *SUBJECT,
    *("session", "role", "digest", "measured_at", "verdict", "protocol", "device", "fake", "weights", "kind"),
    *("parameters", "licence", "base_model", "weights_digest", "pass_index", "queries", "seconds", "wh_per_1000"),
    *("quality_metric", "quality_value", "quality_low", "quality_high", "quality_n", "higher_is_better"),
]
WORSE = {"pass": 0, "flag": 1, "fail": 2}


def usable(energy: pd.Series) -> pd.Series:
    """Tell whether energies are finite numbers above 0."""
    return np.isfinite(energy) & (energy > 0)


def six(value: pd.Series) -> pd.Series:
    """Round to 6 significant digits."""
    return value.map(lambda one: float(f"{one:.6g}"), na_action="ignore")


def references(passes: pd.DataFrame, boards: pd.DataFrame) -> pd.DataFrame:
    """Give `ln R_s` of each board and session, and whether a gate failed or was flagged for its reference model."""
    rows = passes[passes["role"].str.startswith("reference-") & usable(passes["wh_per_1000"])]
    rows = rows.merge(boards[["board", "reference_model", "reference_revision"]], on="board")
    rows = rows[(rows["model"] == rows["reference_model"]) & (rows["revision"] == rows["reference_revision"])]
    rows = rows.assign(y=np.log(rows["wh_per_1000"]), bad=rows["verdict"].map(WORSE))
    by_run = rows.groupby(["board", "session", "role", "digest"], as_index=False).agg(
        y=("y", "mean"), bad=("bad", "max")
    )
    sides = by_run.groupby(["board", "session", "role"]).agg(y=("y", "mean"), bad=("bad", "max")).unstack("role")  # noqa: PD010 - nothing is left to aggregate
    found = pd.DataFrame(index=sides.index)
    found["ln_r_s"] = (sides["y", "reference-before"] + sides["y", "reference-after"]) / 2
    found["reference_fails"] = (sides["bad"] == WORSE["fail"]).any(axis=1)
    found["reference_flags"] = (sides["bad"] == WORSE["flag"]).any(axis=1)
    return found.reset_index()


def energies(passes: pd.DataFrame, boards: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Items 1 and 2: `y`, `h` and what they are made of, one row a model."""
    valid = passes[usable(passes["wh_per_1000"])]
    valid = valid.merge(boards[["board", "r_board"]], on="board", how="left")
    valid = valid.merge(sessions[["board", "session", "ln_r_s"]], on=["board", "session"], how="left")
    ln_c = np.log(valid["r_board"]) - valid["ln_r_s"]
    valid = valid.assign(y=np.log(valid["wh_per_1000"]) + ln_c.fillna(0.0), factor=ln_c.abs())
    by_session = valid.groupby([*SUBJECT, "session"])["y"].agg(["size", "mean", "var"])
    by_session["squares"] = (by_session["var"] * (by_session["size"] - 1)).fillna(0.0)
    by_session["share"] = 1 / by_session["size"]
    pooled = by_session.groupby(SUBJECT).agg(
        S=("size", "count"),
        n=("size", "sum"),
        fewest=("size", "min"),
        y=("mean", "mean"),
        squares=("squares", "sum"),
        shares=("share", "sum"),
    )
    pooled["factor"] = valid.groupby(SUBJECT)["factor"].max()
    df = pooled["n"] - pooled["S"]
    pooled["s_w"] = np.sqrt((pooled["squares"] / df).where(df > 0))
    quantile = pd.Series(student.ppf(0.975, np.arange(1, df.max() + 1)), index=np.arange(1, df.max() + 1))
    pooled = pooled.reset_index().merge(boards[["board", "u_cal", "u_sess"]], on="board", how="left")
    pooled["t"] = (pooled["n"] - pooled["S"]).map(quantile)
    spread = pooled["t"] ** 2 * pooled["s_w"] ** 2 * pooled["shares"] / pooled["S"] ** 2
    pooled["h"] = np.sqrt(spread + 1.96**2 * (pooled["u_cal"] ** 2 + pooled["u_sess"] ** 2 / pooled["S"]))
    return pooled[[*SUBJECT, "S", "n", "fewest", "y", "h", "s_w", "factor"]]


def facts(passes: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Say what else decides, one row a model."""
    names = ["board", "session", "ln_r_s", "reference_fails", "reference_flags"]
    rows = passes.sort_values(["measured_at", "digest"]).merge(sessions[names], on=["board", "session"], how="left")
    rows = rows.assign(
        bad=rows["verdict"].map(WORSE),
        lost=~usable(rows["wh_per_1000"]),
        speed=rows["seconds"] / rows["queries"],
        synthetic=rows["weights"] != "real",
        unofficial=rows["protocol"] != "official",
        packaged=rows["revision"].str.startswith("package:"),
        lacking=rows["ln_r_s"].isna(),
        reference_fails=rows["reference_fails"].fillna(value=False).astype(bool),
        reference_flags=rows["reference_flags"].fillna(value=False).astype(bool),
    )
    grouped = rows.groupby(SUBJECT)
    told = grouped.agg(
        parameters=("parameters", "last"),
        licence=("licence", "last"),
        base_model=("base_model", "last"),
        device=("device", "last"),
        kind=("kind", "last"),
        bad=("bad", "max"),
        measured_at=("measured_at", "max"),
        first_measured_at=("measured_at", "min"),
        weights_digest=("weights_digest", "first"),
        lost=("lost", "sum"),
        seconds_per_query=("speed", "median"),
        **{
            name: (name, "any")
            for name in ("synthetic", "fake", "unofficial", "packaged", "lacking", "reference_fails", "reference_flags")
        },
    )
    protocols = rows[[*SUBJECT, "protocol"]].drop_duplicates().sort_values("protocol")
    told["protocol"] = protocols.groupby(SUBJECT)["protocol"].agg(", ".join)
    told["seconds_per_query"] = six(told["seconds_per_query"])
    graded = rows[rows["quality_value"].notna()]
    last = graded.drop_duplicates(SUBJECT, keep="last").set_index(SUBJECT)
    quality = ["quality_metric", "quality_value", "quality_low", "quality_high", "quality_n", "higher_is_better"]
    return told.join(last[quality]).reset_index()


def reasons(rated: pd.DataFrame) -> dict[str, pd.Series]:
    """Name why there is no star."""
    frozen = rated["t1"].notna()
    graded = rated["quality_value"].notna()
    return {
        "no-thresholds": ~frozen,
        "no-energy": ~usable(rated["wh"]),
        "synthetic-weights": rated["synthetic"],
        "fake-device": rated["fake"].astype(bool),
        "estimated": rated["kind"] == "estimated",
        "quick-protocol": rated["unofficial"],
        "packaged-weights": rated["packaged"],
        "gate-failed": rated["bad"] == WORSE["fail"],
        "no-reference": frozen & rated["lacking"],
        "session-factor": rated["factor"] > 0.10,
        "reference-failed": rated["reference_fails"],
        "no-interval": frozen & usable(rated["wh"]) & ~usable(rated["wh_high"]),
        "no-quality": ~graded,
        "below-minimum": graded & frozen & ~reaches(rated, "minimum"),
    }


def reaches(rated: pd.DataFrame, level: str) -> pd.Series:
    """Tell whether the quality reaches a level in the board's direction."""
    up = rated["up"].fillna(value=False).astype(bool)
    return (rated["quality_value"] >= rated[level]).where(up, rated["quality_value"] <= rated[level])


def stars(rated: pd.DataFrame, energy: str) -> pd.Series:
    """Item 5, null where the energy is no finite number above 0."""
    worse = sum((rated[energy] > rated[f"t{k}"]).astype(int) for k in (1, 2, 3, 4))
    return (5 - worse).where(usable(rated[energy]) & rated["rated"])


def rate(passes: pd.DataFrame, boards: pd.DataFrame) -> pd.DataFrame:
    """Rate every model of every board in `passes`, sorted by name."""
    sessions = references(passes, boards)
    rated = facts(passes, sessions).merge(energies(passes, boards, sessions), on=SUBJECT, how="left")
    rated = rated.merge(boards, on="board", how="left")
    rated["wh"] = six(np.exp(rated["y"]))
    rated["wh_low"] = six(np.exp(rated["y"] - rated["h"]))
    rated["wh_high"] = six(np.exp(rated["y"] + rated["h"]))
    rated["index"] = six(100 * np.exp(rated["y"] - np.log(rated["r_board"])))
    named = reasons(rated)
    rated["reasons"] = ""
    for name, holds in named.items():
        rated.loc[holds, "reasons"] += f"{name} "
    rated["rated"] = rated["reasons"] == ""
    rated["stars"] = stars(rated, "wh_high")
    rated["stars_at_best"] = stars(rated, "wh_low")
    rated["borderline"] = rated["rated"] & (rated["stars"] != rated["stars_at_best"])
    flagged = (rated["bad"] == WORSE["flag"]) | rated["reference_flags"] | (rated["factor"] > 0.05)
    provisional = flagged | ~rated["founded"].fillna(value=False).astype(bool) | (rated["S"] < 2)
    rated["status"] = np.select(
        [~rated["rated"], provisional, rated["borderline"]], ["unrated", "provisional", "borderline"], "confirmed"
    )
    rated["recommended"] = reaches(rated, "recommended_level")
    return rated.sort_values(SUBJECT, ignore_index=True)


def main() -> None:
    """Rate, and say what it took."""
    folder, described, out, how = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    boards = pd.DataFrame(json.loads(described.read_text()))
    started, before = time.perf_counter(), time.process_time()
    if how == "whole":
        rated = rate(pd.read_parquet(folder, columns=COLUMNS), boards)
    else:
        files = sorted(folder.glob("*.parquet"))
        parts = []
        for file in files:
            passes = pd.read_parquet(file, columns=COLUMNS)
            parts.append(rate(passes, boards[boards["board"] == passes["board"].iloc[0]]))
        rated = pd.concat(parts, ignore_index=True).sort_values(SUBJECT, ignore_index=True)
    seconds = time.perf_counter() - started
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rated.to_parquet(out)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "bytes": peak * 1024, "ratings": len(rated)}))


if __name__ == "__main__":
    main()
