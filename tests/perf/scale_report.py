"""What perf_site.py measured, as a table and as what came of each expectation; and the page that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Told = Mapping[str, Any]
    Other = tuple[str, str, int, int]  # program, what of a page, models of the site that it is from, pages

MARKS = ("<!-- scale -->", "<!-- end of scale -->")
LIMITS = {10_000: 20.0, 50_000: 60.0}  # models: seconds of a whole build
AGAIN = {10_000: 3.0}  # seconds after one changed run
MEMORY_MB, DISK_MB = 1536.0, 1000.0
CHEAPER = 10  # times, than a Markdown page
NAMES = {"mkdocs": "MkDocs", "zensical": "Zensical"}
KINDS = {"same": "with the same content", "text": "as bare text"}


def verdicts(ours: Mapping[int, Told]) -> list[str]:
    """Say of every expectation whether it is met."""
    said = []
    for size, told in sorted(ours.items()):
        for what, limits, seconds in (
            ("a whole build", LIMITS, told["seconds"]),
            ("a build after one changed run", AGAIN, told["again"].get("seconds")),
        ):
            if size in limits:
                held = _held(seconds is not None and seconds <= limits[size])
                took = "not measured" if seconds is None else f"{seconds:.1f} s"
                said.append(f"{held}: {what} of {size:,} models in {limits[size]:.0f} s: {took}")
        if size in LIMITS:
            memory, heavy = told["mb"], told["weight"]
            disk = sum(value for kind, value in heavy.items() if kind not in ("runs", "bytes a model page"))
            held = _held(memory is not None and memory <= MEMORY_MB)
            took = "not measured" if memory is None else f"{memory:,.0f} MB in all processes at once"
            said.append(f"{held}: {size:,} models in 1.5 GB of memory: {took}")
            said.append(
                f"{_held(disk <= DISK_MB)}: {size:,} models in 1 GB of pages, JSON and SVG: {disk:,.0f} MB; "
                f"the run files themselves are {heavy['runs']:,.0f} MB more"
            )
    return said


def further(ours: Mapping[int, Told], others: Mapping[Other, Told], few: int, many: int) -> list[str]:
    """Say what a further model page costs here, and a further page of the same content elsewhere, in CPU time."""
    said, costs = [], {}
    for (program, kind, size, pages), told in others.items():
        before = others[program, kind, size, few]
        if pages == many and "why" not in told and "why" not in before:
            costs[program, kind, size] = 1000 * (told["cpu"] - before["cpu"]) / (many - few)
    for size, told in sorted(ours.items()):
        other = costs.get(("mkdocs", "same", size))
        if told.get("page") is None or other is None:
            if size in AGAIN:
                said.append("NOT MET: ten times cheaper than MkDocs for each further model page: not measured")
            continue
        own = 1000 * told["page"]
        if size in AGAIN:
            line = f"{_held(other >= CHEAPER * own)}: ten times cheaper than MkDocs for each further model page. "
        else:
            line = "For comparison: a site whose pages hold passes, gates and curves too. "
        line += (
            f"A page of a site of {size:,} takes {own:.2f} ms of CPU, filled, stamped and written. As a further page "
        )
        line += f"with the same content MkDocs takes {other:.1f} ms for it, {other / own:.1f} times as much"
        more = [
            f"{costs[name]:.1f} ms by {NAMES[name[0]]} {KINDS[name[1]]}"
            for name in (("mkdocs", "text", size), ("zensical", "same", size), ("zensical", "text", size))
            if name in costs
        ]
        said.append(f"{line}; it is {', '.join(more)}" if more else line)
    if len(ours) > 1:  # one point has no slope
        first, second = sorted(ours)[:2]
        own = 1000 * (ours[second]["cpu"] - ours[first]["cpu"]) / (second - first)
        brings = "rating, rows of its board, page, badges, run files, API"
        said.append(f"All that a further model brings - {brings} - takes {own:.1f} ms of CPU")
    return said


def text(
    ours: Mapping[int, Told],
    others: Mapping[Other, Told],
    said: Sequence[str],
    when: dt.datetime,
    disk: float | None,
) -> str:
    """Give what stands between the page's marks."""
    head = ("What", "Seconds", "CPU seconds", "Memory", "A model's page", "After one changed run, the middle of five")
    rows = [
        (
            f"{size:,} models",
            *_cost(told),
            f"{told['weight']['bytes a model page'] / 1000:.1f} kB",
            f"{told['again']['seconds']:.1f} s" if "seconds" in told["again"] else "-",
        )
        for size, told in sorted(ours.items())
    ]
    rows += [
        (
            f"{pages:,} pages of the site of {size:,} by {NAMES[program]}, {KINDS[kind]}",
            *(_cost(told) if "why" not in told else ("-",) * 3),
            "-",
            "-",
        )
        for (program, kind, size, pages), told in others.items()
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
    lines = "\n".join(f"- {one[:1].upper()}{one[1:]}." for one in said)
    copy = "" if disk is None else f" Copying the finished site of 10,000 models to the disk took {disk:.1f} s more."
    return f"Measured on {when.day} {when:%B %Y}.{copy}\n\n{table}\n\n{lines}"


def write_page(page: Path, words: str) -> None:
    """Put the figures between the two marks of a page."""
    before = page.read_text(encoding="utf-8")
    head, tail = before.split(MARKS[0])[0], before.split(MARKS[1])[1]
    page.write_text(f"{head}{MARKS[0]}\n\n{words}\n\n{MARKS[1]}{tail}", encoding="utf-8")


def _cost(told: Told) -> tuple[str, ...]:
    memory = "-" if told["mb"] is None else f"{told['mb']:,.0f} MB"
    return f"{told['seconds']:.1f}", f"{told['cpu']:.1f}", memory


def _held(well: bool) -> str:  # noqa: FBT001 - it is the one thing that is said
    return "met" if well else "NOT MET"
