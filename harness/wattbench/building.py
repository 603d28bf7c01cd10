"""Builds a task's rated workload: its data sets fetched at their commits, rows drawn, Parquet and manifest written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from wattbench import drawing, hub, workloads
from wattbench import shelf as shelves
from wattbench.drawing import Window
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from wattbench.drawing import Drawn, Rank
    from wattbench.hub import Repository
    from wattbench.shelf import Shelved
    from wattbench.tasks import Row, Source, Task

ROWS = 1000
PRIVATE_SHARE = 10  # one row in so many
WINDOW_BYTES, WINDOW_ROWS = 32_000_000, 50_000  # of a Parquet file are read at once, at most
# Told all along: what is being done, and how much of all the work is behind, 0..1.
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Opened:
    """A source whose files are here, each with its sha256."""

    source: Source
    repository: Repository
    folder: Path
    hashes: dict[str, str]


def build(task: Task, version: int, shelf: Path, key: bytes | None, tell: Tell, rows: int = ROWS) -> Shelved:
    """Build a workload on the Shelf, a tenth of it private where a key is given. Raises Refusal.

    The public rows are drawn by a seed that everybody knows, so anybody can draw them again; the private ones by the
    key, from what the public draw has left.
    """
    if not task.sources:
        raise refuse(task.name, "sources", "names no public data sets", f"Choose one of {', '.join(_with_sources())}")
    private = rows // PRIVATE_SHARE if key is not None else 0
    opened = _open(task, shelf, tell)
    seed = f"{task.name}-v{version}"
    drawn, counts = _draw(opened, rows - private, drawing.by_seed(seed), (), tell, 0.6)
    hidden, _ = _draw(opened, private, drawing.by_key(key or b"", seed), {one.content for one in drawn}, tell, 0.8)
    written = _mixed(drawn, hidden, seed, key)
    tell("writing", 0.95)
    folder = shelves.workload_folder(shelf, task.name, version)
    with shelves.place(folder) as temporary:
        workloads.save_rows(written, temporary)
        shelves.write_manifest(temporary, _manifest(task, version, opened, counts, private), {}, f"drawn by {seed!r}")
    for one in opened:
        shutil.rmtree(one.folder, ignore_errors=True)
    return shelves.open_folder(folder)


def _mixed(drawn: Sequence[Drawn], hidden: Sequence[Drawn], seed: str, key: bytes | None) -> list[Row]:
    """Mix the rows of all sources, and the private ones among them, by a hash of its own.

    The ranks of the draw would not do: those of a large source are lower. That of a private row takes the key, or its
    place between its neighbours would tell something about it.
    """
    order = drawing.by_seed(f"{seed} order")
    keyed = drawing.by_key(key or b"", f"{seed} order")
    marked = [(order(one.place), one, False) for one in drawn] + [(keyed(one.place), one, True) for one in hidden]
    return [
        {"id": one.place, **one.row, **({workloads.PRIVATE: is_private} if hidden else {})}
        for _, one, is_private in sorted(marked, key=lambda each: each[0])
    ]


def _with_sources() -> list[str]:
    from wattbench import tasks

    return [name for name in tasks.names() if tasks.find(name).sources]


def _open(task: Task, shelf: Path, tell: Tell) -> list[Opened]:
    """Look every source up, all before the first is fetched; then fetch their files."""
    found: list[tuple[Source, Repository, list[str]]] = []
    problems: list[Problem] = []
    for source in task.sources:
        try:
            found.append((source, *_looked_up(source)))
        except Refusal as refusal:
            problems += refusal.problems
    if problems:
        raise Refusal(problems)
    total = sum(repository.files[name].bytes for _, repository, names in found for name in names) or 1
    opened: list[Opened] = []
    behind = 0
    for source, repository, names in found:
        folder = hub.downloads(shelf, repository)

        def progress(name: str, have: int, size: int, where: str = source.dataset, before: int = behind) -> None:
            tell(f"{where}/{name} ({size / 1e6:.0f} MB)", 0.6 * min(1.0, (before + have) / total))

        hashes: dict[str, str] = {}
        for name in names:
            hashes |= hub.fetch(repository, [name], folder, progress)
            behind += repository.files[name].bytes
        opened.append(Opened(source, repository, folder, hashes))
    return opened


def _looked_up(source: Source) -> tuple[Repository, list[str]]:
    """Find a source's repository and the files that match; without a commit, also in the Hub's own conversion."""
    repository = hub.look_up("dataset", source.dataset, source.revision)
    if source.revision is None and not any(name.endswith(".parquet") for name in repository.files):
        repository = hub.look_up("dataset", source.dataset, hub.CONVERTED)
    return repository, _matching(source, repository)


def _matching(source: Source, repository: Repository) -> list[str]:
    parquet = sorted(name for name in repository.files if name.endswith(".parquet"))
    names = [name for name in parquet if fnmatch(name, source.files)]
    if not names:
        there = f"it has {', '.join(parquet[:3])}" if parquet else "it has no Parquet files at all"
        what = f"no Parquet file matches {source.files!r}; {there}"
        raise refuse(source.dataset, "files", what, "Correct the glob in the task's file")
    return names


def _draw(
    opened: Sequence[Opened],
    count: int,
    rank: Rank,
    without: Collection[str],
    tell: Tell,
    begun: float,
) -> tuple[list[Drawn], list[int]]:
    """Draw about equally from every source. Raises Refusal where one has too few rows, and names them all."""
    drawn: list[Drawn] = []
    counts: list[int] = []
    problems: list[Problem] = []
    for number, (one, share) in enumerate(zip(opened, drawing.shares(count, len(opened)), strict=True)):
        tell(f"drawing from {one.source.dataset}", begun + 0.2 * number / len(opened))
        seen = {*without, *(row.content for row in drawn)}
        found = drawing.draw(windows(one), share, rank, seen) if share else []
        if len(found) < share:
            what = f"gives {len(found)} of the {share} rows that are wanted of it"
            problems.append(Problem(one.source.dataset, one.source.split, what, "Name a larger source in the task"))
        drawn += found
        counts.append(len(found))
    if problems:
        raise Refusal(problems)
    return drawn, counts


def windows(opened: Opened) -> Iterator[Window]:
    """Give a source's rows window by window, one file after the other. Raises Refusal for what cannot be read."""
    import polars as pl

    for name in opened.hashes:
        path = opened.folder / name
        try:
            scan = pl.scan_parquet(path)
            total = int(scan.select(pl.len()).collect().item())
        except (OSError, pl.exceptions.PolarsError) as error:
            what = f"is not Parquet that can be read: {str(error).splitlines()[0]}"
            raise refuse(f"{opened.source.dataset}/{name}", "", what, "Choose another file or commit") from None
        step = min(max(1, total * WINDOW_BYTES // max(path.stat().st_size, 1)), WINDOW_ROWS)
        for start in range(0, total, step):
            size = min(step, total - start)
            places = [drawing.place(opened.source.dataset, name, start + number) for number in range(size)]
            yield Window(places, _maker(opened.source, name, scan.slice(start, size), start))


def _maker(source: Source, name: str, scan: Any, start: int) -> Callable[[Sequence[int]], list[Row | None]]:  # noqa: ANN401
    def make(numbers: Sequence[int]) -> list[Row | None]:
        frame = scan.select(source.columns).collect() if source.columns else scan.collect()
        rows: list[Row | None] = []
        for number in numbers:
            try:
                rows.append(source.row(frame.row(number, named=True)))
            except Exception as error:
                what = f"row {start + number} is not of the form that the task expects: {error!r}"
                remedy = f"Its columns are {', '.join(frame.columns)}; correct the task's file"
                raise refuse(f"{source.dataset}/{name}", "row", what, remedy) from error
        return rows

    return make


def _manifest(
    task: Task, version: int, opened: Sequence[Opened], counts: Sequence[int], private: int
) -> dict[str, Any]:
    sources = [
        shelves.DataSet(
            dataset=one.source.dataset,
            config=one.source.config,
            split=one.source.split,
            revision=one.repository.commit,
            pinned=one.source.revision is not None,
            licence=one.source.licence,
            licence_on_hub=one.repository.licence,
            rows=count,
            files=one.hashes,
        )
        for one, count in zip(opened, counts, strict=True)
    ]
    pinned = all(one.pinned for one in sources)
    parts = ", ".join(f"{one.dataset} ({one.split}, {one.rows} rows)" for one in sources)
    return {
        "kind": "workload",
        "name": task.name,
        "revision": f"v{version}",
        "weights": None,
        "licence": "; ".join(sorted({one.licence for one in sources})),
        "base_model": None,
        "about": f"Drawn from {parts}" + (f", and {private} private rows." if private else "."),
        "sources": sources,
        "pinned": pinned,
        "version": version,
        "private_rows": private,
    }
