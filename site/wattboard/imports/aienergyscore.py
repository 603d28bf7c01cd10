"""AI Energy Score's published leaderboard: kWh per 1,000 queries, one row a model -> an imported edition."""

from __future__ import annotations

import re
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal
from wattboard.imports import Finding, Imported, ImportedBoard, ImportedRow, Source, sheets
from wattboard.imports.files import bundle
from wattboard.imports.plausible import BOXES, CAPTION, HUGE, JOULES_PER_KWH, LARGE, PASS, PICTURE, TOKENS
from wattboard.imports.scales import rounded, scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from wattboard.imports.plausible import Span
    from wattboard.imports.sheets import Line

COLUMNS = ("task", "class", "model", "total_gpu_energy", "energy_score")
# The files that we know, by their sha256, and when their content was published.
RELEASES = {"a44d44c5372442dc3e4c6db9f1dcd3130efff5f164b6196839e64e000e1b9410": "2025-02"}
# Their task and class: our task, and what one of their queries can have cost.
TASKS: Mapping[tuple[str, str], tuple[str, Span]] = {
    ("asr", ""): ("automatic-speech-recognition", TOKENS),
    ("image_captioning", ""): ("image-captioning", CAPTION),
    ("image_classification", ""): ("image-classification", PASS),
    ("image_generation", ""): ("image-generation", PICTURE),
    ("object_detection", ""): ("object-detection", BOXES),
    ("question_answering", ""): ("extractive-question-answering", PASS),
    ("sentence_similarity", ""): ("sentence-similarity", PASS),
    ("summarization", ""): ("summarization", TOKENS),
    ("text_classification", ""): ("text-classification", PASS),
    ("text_generation", "A"): ("text-generation", TOKENS),
    ("text_generation", "B"): ("text-generation", LARGE),
    ("text_generation", "C"): ("text-generation", HUGE),
}
CLASSES = {
    "A": "class A, for one consumer GPU",
    "B": "class B, for one data-centre GPU",
    "C": "class C, for several data-centre GPUs",
}
POOLS = "one row a model, batch 1, on H100 as its source says; precisions are pooled, and the table does not name them"
WORDS = (
    "Single values of others, without intervals: stars are outlined and never confirmed.",
    "A board is a task, for text generation a class of it, as the source pools them.",
    "Which models share their weights or a base is not in the table, so each model counts as a lineage of its own.",
    "The source publishes no quality: no model is left out for answering badly, and none is recommended.",
    "Text generation was asked for 10 new tokens: another query than ours of the same name.",
)
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
MOST_STARS = 5
FAR = 100.0  # one row in a wrong unit is 1,000 times off, and few boards reach 100 times their median
_Entry = tuple[str, str, str, float, int | None, int]  # task, class, model, kWh per 1,000 queries, stars, row


def read(path: Path) -> Imported:
    """Import a table. Raises Refusal with everything that is wrong in it, a wrong unit among it."""
    table = sheets.read(path, COLUMNS)
    problems: list[Problem] = []
    entries = [entry for line in table.lines if (entry := _entry(path, line, problems))]
    if not problems:
        problems = _units(path, entries)
    if problems:
        raise Refusal(problems)
    source = Source(
        name="AI Energy Score",
        url="https://huggingface.co/spaces/AIEnergyScore/Leaderboard",
        attribution="AI Energy Score leaderboard (Hugging Face, Salesforce and others)",
        licence=None,
        published=RELEASES.get(table.sha256),
        file=table.name,
        sha256=table.sha256,
    )
    edition = f"aienergyscore-{source.published or table.sha256[:8]}"
    findings = [*_duplicates(table.name, entries), *_far_off(table.name, entries)]
    boards = [
        _board(edition, task, size, list(rows), findings, source)
        for (task, size), rows in groupby(sorted(entries, key=_order), key=lambda entry: (entry[0], entry[1]))
    ]
    title = f"AI Energy Score, {source.published or 'release not known'}, imported"
    return bundle(edition, title, WORDS, boards, findings, source)


def _order(entry: _Entry) -> tuple[str, str, float, str]:
    return entry[0], entry[1], entry[3], entry[2]


def _entry(path: Path, line: Line, problems: list[Problem]) -> _Entry | None:
    before = len(problems)
    task, size = line.cells["task"], line.cells["class"]
    if (task, size) not in TASKS:
        known = ", ".join(sorted({name for name, _ in TASKS}))
        message = f"{task!r} with class {size!r} is none of this source's boards"
        remedy = f"Its tasks are {known}; text_generation alone has classes: A, B, C"
        problems.append(Problem(str(path), f"row {line.row}, task", message, remedy))
    model = sheets.text(path, line, "model", problems, MODEL)
    energy = sheets.number(path, line, "total_gpu_energy", problems)
    stars = None
    if line.cells["energy_score"]:
        stars = sheets.whole(path, line, "energy_score", problems)
        if stars > MOST_STARS:
            message, remedy = f"{stars} is no number of stars", "1 to 5, or empty where none were given"
            problems.append(Problem(str(path), f"row {line.row}, energy_score", message, remedy))
    return (task, size, model, energy, stars, line.row) if len(problems) == before else None


def _units(path: Path, entries: Sequence[_Entry]) -> list[Problem]:
    """Find rows that no GPU can have used, one problem a board: with a wrong unit most rows of a file are."""
    problems = []
    for (task, size), group in groupby(sorted(entries, key=_order), key=lambda entry: (entry[0], entry[1])):
        rows, span = list(group), TASKS[task, size][1]
        found = [(row, why) for *_, kwh, _, row in rows if (why := span.wrong(kwh * JOULES_PER_KWH / 1000))]
        if found:
            high = any(kwh * JOULES_PER_KWH / 1000 > span.high for *_, kwh, _, _ in rows)
            hint = "Wh (1,000 times too large)" if high else "MWh (1,000 times too small)"
            message = f"no GPU can have used this. {found[-1][1] if high else found[0][1]}"
            remedy = f"The column is in kWh per 1,000 queries; these look like {hint}: convert them"
            where = f"row {sheets.spans(row for row, _ in found)}, total_gpu_energy"
            problems.append(Problem(str(path), where, f"{task} {size}".strip() + f": {message}", remedy))
    return problems


def _duplicates(file: str, entries: Sequence[_Entry]) -> list[Finding]:
    """Find models that stand twice on a board with two energies."""
    found = []
    for (task, size, model), group in groupby(
        sorted(entries, key=lambda entry: (*entry[:3], entry[5])), key=lambda entry: entry[:3]
    ):
        rows = list(group)
        if len(rows) > 1:
            energies = [entry[3] for entry in rows]
            apart = 100 * (max(energies) / min(energies) - 1)
            told = " and ".join(f"{1000 * kwh:g}" for kwh in energies)
            found.append(
                Finding(
                    file=file,
                    rows=tuple(entry[5] for entry in rows),
                    field="total_gpu_energy",
                    kind="duplicate",
                    what=f"{model} stands {len(rows)} times in {task} {size}".strip()
                    + f", with {told} Wh per 1,000 queries: {apart:.1f} % apart",
                    consequence="each row keeps its value and its stars; in the cohort the model counts once, "
                    "by the geometric mean",
                )
            )
    return found


def _far_off(file: str, entries: Sequence[_Entry]) -> Iterator[Finding]:
    """Find rows a hundred times off their board's median: possible, and what a row in a wrong unit looks like."""
    for _, group in groupby(sorted(entries, key=_order), key=lambda entry: (entry[0], entry[1])):
        rows = list(group)
        middle = median(entry[3] for entry in rows)
        for task, size, model, kwh, _, row in rows:
            factor = max(kwh / middle, middle / kwh)
            if factor > FAR:
                side = "above" if kwh > middle else "below"
                yield Finding(
                    file=file,
                    rows=(row,),
                    field="total_gpu_energy",
                    kind="far-off",
                    what=f"{model} in {task} {size}".strip() + f" lies {factor:,.0f} times {side} its board's median",
                    consequence="kept, since a GPU can use it; see whether its unit is the others'",
                )


def _board(
    edition: str, task: str, size: str, rows: Sequence[_Entry], findings: Sequence[Finding], source: Source
) -> ImportedBoard:
    wh = [rounded(1000 * kwh) for *_, kwh, _, _ in rows]
    found = scale([entry[2] for entry in rows], wh, [entry[3] for entry in rows])
    marks = {(row, finding.kind) for finding in findings for row in finding.rows}
    title = task.replace("_", " ").capitalize().replace("Asr", "Speech recognition")
    return ImportedBoard(
        schema=1,
        board="-".join(filter(None, (task.replace("_", "-"), size.lower()))),
        edition=edition,
        title=f"{title}, {CLASSES[size]}" if size else title,
        task=TASKS[task, size][0],
        source_task=task,
        size_class=size or None,
        gpu="H100",
        regime="batch 1",
        query="query",
        pools=POOLS,
        status="imported, single value",
        cohort=found.cohort,
        r=found.r,
        thresholds_wh=found.thresholds_wh,
        why_no_stars=found.why_no_stars,
        rows=tuple(
            ImportedRow(
                model=entry[2],
                wh_per_1000=value,
                published_stars=entry[4],
                legacy_stars=old,
                stars=ours,
                rows=(entry[5],),
                findings=tuple(sorted(kind for row, kind in marks if row == entry[5])),
            )
            for entry, value, old, ours in zip(rows, wh, found.legacy_stars, found.stars, strict=True)
        ),
        curves=(),
        source=source,
    )
