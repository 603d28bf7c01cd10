"""Star rules side by side on published results: what a star is worth when the board about it changes.

    python tests/perf/perf_stars.py [--write]

Reads the tables of AI Energy Score and ML.ENERGY from ../shared/data beside the repository, or from the folder that
WATTSTAR_DATA names. Results go to build/perf/; --write puts them into site/pages/study.md too, between its two marks.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import fmean

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

import star_rules as rules
from stars_report import Field, Outcome, Study, outcomes_table, text

from wattboard.imports import Imported, aienergyscore, mlenergy

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "site" / "pages" / "study.md"
MARKS = ("<!-- study -->", "<!-- end of the study -->")
FILES = {
    "AI Energy Score, February 2025": ("aienergyscore-2025-02.csv", aienergyscore.read),
    "ML.ENERGY v3, February 2026": ("mlenergy-v3.csv", mlenergy.read),
}
SCHEMA = {"board": pl.String, "model": pl.String, "wh": pl.Float64}


def folder() -> Path:
    """Say where the published tables lie."""
    named = os.environ.get("WATTSTAR_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


def missing() -> list[Path]:
    """Name the tables that are not there."""
    return [path for name, _ in FILES.values() if not (path := folder() / name).exists()]


def rows_of(imported: Imported) -> pl.DataFrame:
    """Give one row a model of every board that our rule rates: the geometric mean of the model's rows."""
    rows = [
        (board.board, row.model, row.wh_per_1000)
        for board in imported.boards.values()
        if board.thresholds_wh
        for row in board.rows
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.group_by("board", "model").agg(pl.col("wh").log().sort().mean().exp()).sort("board", "wh", "model")


def outcome(rule: str, rows: pl.DataFrame, *, frozen: bool) -> Outcome:
    """Rate a data set's boards by one rule, as they are and as they become."""
    found = rules.RULES[rule]
    base = found(rows, ["board"])
    before = rules.stars(rows, base, ["board"])

    def after(changed: pl.DataFrame, *keys: str) -> pl.DataFrame:
        thresholds = base if frozen else found(changed, ["board", *keys])
        return rules.stars(changed, thresholds, ["board"] if frozen else ["board", *keys])

    def founded(cohort: pl.DataFrame, *keys: str) -> pl.DataFrame:
        return rules.stars(cohort, found(cohort, ["board", *keys]), ["board", *keys])

    stuffed = after(rules.stuffed(rows))
    return Outcome(
        rule=rule,
        frozen=frozen,
        shares=tuple(100 * fmean(one == number for one in before["stars"].to_list()) for number in (5, 4, 3, 2, 1)),
        worst=rules.moved(before, after(rules.without_worst(rows))),
        noise=rules.moved(before, after(rules.noisy(rows), "draw")),
        stuffing=rules.moved(before, stuffed),
        outlier=rules.moved(before, founded(rules.with_outlier(rows))),
        each=rules.moved(before, founded(rules.without_each(rows), "draw")),
        raised=rules.raised(before, stuffed),
        confirmed=rules.confirmed(rows, base),
        within_five=rules.within_five(before),
    )


def fields(rows: pl.DataFrame) -> tuple[Field, ...]:
    """Count the stars of every board under every rule."""
    starred = {rule: rules.stars(rows, found(rows, ["board"]), ["board"]) for rule, found in rules.RULES.items()}
    return tuple(
        Field(
            board=name,
            models=len(here),
            range=max(here["wh"].to_list()) / min(here["wh"].to_list()),
            counts={
                rule: tuple(int((one.filter(board=name)["stars"] == k).sum()) for k in (5, 4, 3, 2, 1))
                for rule, one in starred.items()
            },
        )
        for (name,), here in rows.group_by("board", maintain_order=True)
        if isinstance(name, str)
    )


def studies() -> list[Study]:
    """Study every data set."""
    found = []
    for name, (file, read) in FILES.items():
        imported = read(folder() / file)
        rows = rows_of(imported)
        found.append(
            Study(
                name=name,
                attribution=imported.edition.source.attribution,
                boards=rows["board"].n_unique(),
                models=len(rows),
                left_out=sum(board.thresholds_wh is None for board in imported.boards.values()),
                outcomes=tuple(outcome(rule, rows, frozen=frozen) for frozen in (False, True) for rule in rules.RULES),
                fields=fields(rows),
            )
        )
    return found


def between(page: str) -> str:
    """Give what stands between the marks of a page."""
    return page.partition(MARKS[0])[2].partition(MARKS[1])[0].strip()


def main() -> None:
    """Study and report."""
    parser = argparse.ArgumentParser(description="Star rules side by side on published results.")
    parser.add_argument("--write", action="store_true", help="put the figures into site/pages/study.md")
    wanted = parser.parse_args()
    if missing():
        sys.exit(f"{missing()[0]} is not there: set WATTSTAR_DATA to the folder with the published tables")
    found = studies()
    words = text(found)
    out = ROOT / "build" / "perf"
    out.mkdir(parents=True, exist_ok=True)
    (out / "stars.md").write_text(words + "\n")
    for study in found:
        print(f"\n{study.name}: {study.boards} boards, {study.models} models\n\n{outcomes_table(study)}")
    if wanted.write:
        page = PAGE.read_text()
        head, tail = page.partition(MARKS[0])[0], page.partition(MARKS[1])[2]
        PAGE.write_text(f"{head}{MARKS[0]}\n\n{words}\n\n{MARKS[1]}{tail}")
        print(f"\nThe figures are in {PAGE}.")
    else:
        print(f"\nThe figures are in {out / 'stars.md'}; --write puts them into the page.")


if __name__ == "__main__":
    main()
