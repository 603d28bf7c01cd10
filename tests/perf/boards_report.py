"""What perf_boards.py measured, as a table, as ratios, and as what came of each expectation."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    Told = Mapping[str, float]
    Measured = Mapping[str, Told]  # "ours" and "plain"

MARKS = ("<!-- boards -->", "<!-- end of boards -->")
FIRST_VIEW = 200.0  # kB over the wire
QUICK = 200.0  # ms: what the Core Web Vitals call a good answer to an act
FOUND = 100.0  # ms: the first result of the search
ROWS = (
    ("Opened, over the wire", "kb", "kB"),
    ("Its two drawings of the chart", "chart kb", "kB"),
    ("Elements in the page", "elements", ""),
    ("First contents on the screen", "paint", "s"),
    ("Ready: its scripts run and its last long task is over", "calm", "s"),
    ("Deaf to the reader while it opens (total blocking time)", "blocked", "ms"),
    ("Longest task", "longest", "ms"),
    ("First touch: the rows are fetched, and sorted by name", "first", "ms"),
    ("Those rows, over the wire", "rows kb", "kB"),
    ("Sorted by name, the other way", "sort", "ms"),
    ("The same on a wide screen, processor and line not slowed", "desk sort", "ms"),
    ("Filtered by stars", "filter", "ms"),
    ("A letter typed into Find", "type", "ms"),
    ("All models instead of the recommended", "show all", "ms"),
    ("200 more rows", "more", "ms"),
    ("A frame while scrolling fast, 95 of 100 are quicker", "frame", "ms"),
    ("The same on a wide screen", "desk frame", "ms"),
    ("Heaviest page without JavaScript, over the wire", "heaviest kb", "kB"),
)
ACTS = ("sort", "filter", "type", "show all", "more")


def compressed(text: str) -> float:
    """Say how much a text weighs over the wire, in kB."""
    return len(gzip.compress(text.encode(), 6)) / 1000


def text(boards: Mapping[int, Measured], found: Measured, names: int, when: dt.datetime) -> str:
    """Give what stands between the page's marks."""
    head = ["What", *(f"{size:,} models, {page}" for size in boards for page in ("board", "plain page"))]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for words, name, unit in ROWS:
        told = [one.get(name) for measured in boards.values() for one in (measured["ours"], measured["plain"])]
        lines.append([words, *(_number(value, unit) for value in told)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    said = "\n".join(f"- {one}." for one in [*ratios(boards), *verdicts(boards), *search(found, names)])
    return f"Measured on {when.day} {when:%B %Y}.\n\n{table}\n\n{said}"


def ratios(boards: Mapping[int, Measured]) -> list[str]:
    """Say how many times as much the plain page of all rows takes."""
    said = []
    for size, measured in boards.items():
        ours, plain = measured["ours"], measured["plain"]
        times = {name: plain[name] / ours[name] for name in ("kb", "calm", "elements", "sort")}
        said.append(
            f"The same {size:,} rows as one plain page weigh {_times(times['kb'])} as much over the wire, have "
            f"{_times(times['elements'])} the elements, are ready after {_times(times['calm'])} the time, and a sort "
            f"of them takes {_times(times['sort'])} as long"
        )
    return said


def verdicts(boards: Mapping[int, Measured]) -> list[str]:
    """Say of every expectation whether it is met."""
    said = []
    for size, measured in boards.items():
        ours = measured["ours"]
        weighs, slowest = ours["kb"], max(ours[name] for name in ACTS)
        whole = ours["models"] == size + 1  # with the reference model
        said.append(f"{_held(weighs <= FIRST_VIEW)}: {size:,} models open with {FIRST_VIEW:.0f} kB: {weighs:.0f} kB")
        said.append(
            f"{_held(slowest <= QUICK)}: an act on {size:,} rows that are there is answered in {QUICK:.0f} ms: "
            f"the slowest takes {slowest:.0f} ms"
        )
        said.append(
            f"{_held(whole)}: every one of {size:,} models can be read without JavaScript: {ours['models'] - 1:,.0f} "
            f"of them and the reference model, on {ours['pages']:.0f} pages of at most {ours['heaviest kb']:.0f} kB"
        )
    return said


def search(found: Measured, names: int) -> list[str]:
    """Say how soon the search box shows the first name."""
    near, far = found["fast"], found["slow"]
    soon = (
        f"{_held(near['first'] <= FOUND)}: the first of {names:,} names within {FOUND:.0f} ms of a key, the line aside"
    )
    soon += f": {near['first']:.0f} ms after the first letter, {near['further']:.0f} ms after a further one, "
    soon += f"{near['worst']:.0f} ms at worst"
    late = f"On the slow line the first letter takes {far['first']:.0f} ms, a further one {far['further']:.0f} ms, "
    late += f"{far['worst']:.0f} ms at worst: two words that thousands of names share. "
    return [soon, f"{late}A search fetched at most {max(near['kb'], far['kb']):.0f} kB"]


def write_page(page: Path, words: str) -> None:
    """Put the figures between the two marks of a page."""
    before = page.read_text(encoding="utf-8")
    head, tail = before.split(MARKS[0])[0], before.split(MARKS[1])[1]
    page.write_text(f"{head}{MARKS[0]}\n\n{words}\n\n{MARKS[1]}{tail}", encoding="utf-8")


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    shown = f"{value:.2f}" if unit == "s" else f"{value:,.0f}"
    return f"{shown} {unit}".strip()


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:.0f} times"


def _held(well: bool) -> str:  # noqa: FBT001 - it is the one thing that is said
    return "Met" if well else "NOT MET"
