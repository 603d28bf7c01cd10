"""From runs to ratings: run files with and without the cache, and Parquet up to a million runs beside pandas.

    python tests/perf/perf_ratings.py [--most RUNS]

Every measurement is a process of its own: seconds (of processors in brackets) without starting Python and loading
modules, and its peak memory. pandas runs from an
environment of its own, build/pandas, made here at the first time. That both say the same, to 1e-12, is checked.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

import ratings_rows as made

from wattboard import frame, gathering, ratings
from wattboard.gathering import left_out
from wattboard.ratings import partitions

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "perf" / "ratings"
PANDAS = ROOT / "build" / "pandas"
PACKAGES = ("numpy==2.4.6", "pandas==3.1.1", "pyarrow==26.0.1", "scipy==1.17.1")
FILES = 10_000
SIZES = (10_000, 100_000, 1_000_000)
SAME = 1e-12
TIMES_FASTER, OF_THE_MEMORY, MOST_BYTES, LINEAR = 3, 1 / 5, 2e9, 13  # what is expected; ten times the runs
NUMBERS = ("y", "h", "s_w", "factor", "wh", "wh_low", "wh_high", "index", "seconds_per_query")
WORDS = ("S", "n", "fewest", "lost", "stars", "stars_at_best", "borderline", "status", "recommended", "quality_value")


def from_files(folder: Path, cache: Path | None) -> int:
    """Rate the runs that lie in a folder as files."""
    gathered = gathering.gather([folder], {}, cache)
    left_out.check(gathered.left_out, strict=True)
    edition, boards = made.frozen_for_files()
    return len(ratings.collect(ratings.rate(frame.frame(gathered.filed), edition, boards)))


def from_parquet(folder: Path) -> pl.DataFrame:
    """Rate the runs that lie in a folder as Parquet, a few boards at a time."""
    edition, boards = made.frozen(range(len(list(folder.glob("*.parquet")))))
    return pl.concat(partitions.rate(folder, edition, boards))


def cpu_seconds() -> float:
    """Give the processor time of this process and of those that it has waited for, in s."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def measure(what: str, folder: Path, other: Path | None) -> None:
    """Do one thing, and say what it took."""
    import scipy.stats  # noqa: F401 - loaded when first used, and loading modules is not what is timed

    started, before = time.perf_counter(), cpu_seconds()
    rated = from_parquet(folder) if what == "parquet" else None
    many = from_files(folder, other) if rated is None else rated.height
    took = {"seconds": time.perf_counter() - started, "cpu": cpu_seconds() - before}
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({**took, "bytes": 1024 * max(peaks), "ratings": many}))
    if rated is not None and other is not None:
        rated.write_parquet(other)


def told(*command: str | Path) -> dict[str, float]:
    """Run a measurement in a process of its own."""
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ours(what: str, folder: Path, other: Path | None = None) -> dict[str, float]:
    """Measure ours."""
    return told(sys.executable, Path(__file__), "--measure", what, folder, *([other] if other else []))


def theirs(folder: Path, boards: Path, out: Path, how: str) -> dict[str, float]:
    """Measure pandas."""
    return told(PANDAS / "bin" / "python", Path(__file__).with_name("ratings_pandas.py"), folder, boards, out, how)


def say(name: str, one: dict[str, float], note: str = "") -> None:
    """Print a line of the table."""
    cpu = f"({one['cpu']:.1f} s CPU)"
    took = f"{one['seconds']:7.2f} s {cpu:>14} {one['bytes'] / 1e6:8.0f} MB"
    print(f"{name:<28} {took} {one['ratings']:9.0f} ratings  {note}")


def files() -> None:
    """Time run files: without a cache, with one, and with one run more."""
    folder, cache = PLACE / "files", PLACE / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    made.write_files(folder, FILES)
    time.sleep(3)  # what was written a moment ago is not trusted by its times
    print(f"\n{FILES:,} run files -> ratings")
    say("no cache", ours("files", folder))
    say("an empty cache, filled", ours("files", folder, cache))
    say("a full cache", ours("files", folder, cache))
    made.write_one_more(folder)
    say("a full cache, one run more", ours("files", folder, cache))


def parquet(many: int) -> tuple[dict[str, float], list[str]]:
    """Time Parquet, ours and pandas; give ours, and what was not as expected."""
    folder, boards = PLACE / str(many), PLACE / f"{many}.json"
    shutil.rmtree(folder, ignore_errors=True)
    made.write_parquet(folder, many)
    boards.write_text(json.dumps(made.described(many // made.RUNS)))
    print(f"\n{many:,} runs, {many * made.PASSES:,} passes as Parquet -> ratings")
    mine, whole, parts = (PLACE / f"{name}-{many}.parquet" for name in ("polars", "pandas", "pandas-parts"))
    a = ours("parquet", folder, mine)
    say("ours", a)
    b = theirs(folder, boards, whole, "whole")
    say("pandas", b, f"{b['seconds'] / a['seconds']:.1f} x the time, {b['bytes'] / a['bytes']:.1f} x the memory")
    c = theirs(folder, boards, parts, "by-board")
    say("pandas, board by board", c, f"{c['seconds'] / a['seconds']:.1f} x, {c['bytes'] / a['bytes']:.1f} x")
    furthest = max(apart(mine, whole), apart(mine, parts))
    print(f"furthest apart: {furthest:.1e}; every star, status and reason the same")
    wrong = [f"{many:,}: {furthest:.1e} apart"] if furthest > SAME else []
    largest = many == max(SIZES)
    if largest and b["seconds"] < TIMES_FASTER * a["seconds"]:
        wrong.append(f"{many:,}: less than {TIMES_FASTER} x faster than pandas")
    if largest and a["bytes"] > OF_THE_MEMORY * b["bytes"]:
        wrong.append(f"{many:,}: more than a fifth of pandas' memory")
    if a["bytes"] > MOST_BYTES:
        wrong.append(f"{many:,}: more than 2 GB")
    return a, wrong


def apart(mine: Path, other: Path) -> float:
    """Give the largest relative difference of any number. Raises ValueError where a star, status or reason differs."""
    keys = ["board", "model", "revision"]
    a = pl.read_parquet(mine, columns=[*keys, *NUMBERS, *WORDS, "reasons"]).sort(keys)
    b = pl.read_parquet(other, columns=[*keys, *NUMBERS, *WORDS, "reasons"]).sort(keys)
    if not a.select(keys).equals(b.select(keys)):
        raise ValueError("they do not rate the same models")
    if a["reasons"].list.join(" ").to_list() != b["reasons"].str.strip_chars().to_list():
        raise ValueError("reasons differ")
    furthest = 0.0
    for name in (*NUMBERS, *WORDS):
        x, y = a[name], b[name]
        if x.dtype in {pl.String, pl.Boolean}:
            if x.to_list() != y.cast(x.dtype).to_list():
                raise ValueError(f"{name} differs")
            continue
        x, y = x.cast(pl.Float64), y.cast(pl.Float64).fill_nan(None)
        if x.is_null().to_list() != y.is_null().to_list():
            raise ValueError(f"{name} is absent in one of the two")
        scale = pl.select(pl.max_horizontal(x.abs(), 1.0)).to_series()
        furthest = max(furthest, *((x - y).abs() / scale).drop_nulls().to_list())
    return furthest


def main() -> None:
    """Measure everything and print a table; exit 1 where something is not as expected."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=max(SIZES), help="the largest number of runs")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.measure:
        what, folder, *other = said.measure
        measure(what, Path(folder), Path(other[0]) if other else None)
        return
    if not (PANDAS / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", PANDAS], check=True)
        subprocess.run([PANDAS / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    PLACE.mkdir(parents=True, exist_ok=True)
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    files()
    wrong: list[str] = []
    before: dict[str, float] | None = None
    for many in (size for size in SIZES if size <= said.most):
        found, bad = parquet(many)
        if before:
            growth = found["cpu"] / before["cpu"]  # how long it takes depends on who else is at work
            print(f"ten times the runs: {growth:.1f} x the CPU, {found['bytes'] / before['bytes']:.1f} x the memory")
            bad += [f"{many:,}: {growth:.1f} x the CPU for ten times the runs"] if growth > LINEAR else []
        wrong, before = [*wrong, *bad], found
    print("\n" + ("\n".join(f"NOT AS EXPECTED: {one}" for one in wrong) or "All as expected."))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
