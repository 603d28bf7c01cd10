"""Models' pages and run files, made by several processes: what takes long at thousands of models.

A process is given the site once, as bytes without the rows of passes, and then one stretch of models after another.
The processes are started early, so that they are ready when MkDocs has rendered the shell. The first one is this one,
which has the files for machines to write meanwhile.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from wattbench import evidence, tasks
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Task
from wattboard import pages, profiles
from wattboard.advising import scores
from wattboard.badges import pictures
from wattboard.charts import drawing
from wattboard.gathering import rows
from wattboard.gathering.filed import trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from wattboard.gathering.filed import Filed
    from wattboard.listings import Site
    from wattboard.publishing.stamping import Shell

    Make = Callable[[Shell, Path], None]

SEVERAL = 400  # models; below, starting a process takes longer than its work
# Made from the whole site by whoever is free: paths and texts.
FILES: tuple[Callable[[Site], Iterable[tuple[str, str]]], ...] = (pictures.pictures,)
AT_ONCE = 100  # models a process makes before it is given more


class Named(NamedTuple):
    """A table by what it is named."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Press:
    """What pages of models are made with. `beside` are the tables that lie beside a run, by the run's digest."""

    site: Site
    address: str
    beside: dict[str, tuple[str, ...]]


@contextmanager
def ready(press: Press) -> Iterator[Make]:
    """Make processes ready; give what makes the models' pages, badges, names and runs, from a shell and below a folder.

    It returns at once where there are several processes, whose work is done when the context ends. Raises Refusal for
    runs that changed meanwhile and for traces that cannot be read.
    """
    count = len(press.site.profiles)
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if count < SEVERAL or processors == 1:
        _opened[:] = [_Open(press)]
        yield lambda shell, out: _check([_make(shell, out, 0, count), *(_files(out, n) for n in range(len(FILES)))])
        _opened.clear()
        return
    data = _bytes(press)
    # A process that is forked from one with threads, as Polars has, may wait for a lock for ever.
    workers = max(1, processors - 1)
    with ProcessPoolExecutor(workers, get_context("spawn"), _open, (data,)) as pool:
        for _ in range(workers):
            pool.submit(_warm)
        waiting: list[Any] = []

        def make(shell: Shell, out: Path) -> None:
            starts = range(0, count, AT_ONCE)
            waiting.extend(pool.submit(_make, shell, out, start, start + AT_ONCE) for start in starts)
            waiting.extend(pool.submit(_files, out, which) for which in range(len(FILES)))

        yield make
        _check(one.result() for one in waiting)


def beside(site: Site) -> dict[str, tuple[str, ...]]:
    """Give the hashes of the tables that lie beside each run, as its rows have them."""
    found: dict[str, tuple[str, ...]] = {}
    for table in {id(one.rows): one.rows for one in site.filed}.values():
        told = table.select("digest", "beside").unique("digest").filter(pl.col("beside").list.len() > 0)
        found |= {digest: tuple(one["sha256"] for one in some) for digest, some in told.iter_rows()}
    return found


class _Open:
    """A press in use: what pages share is sorted once."""

    def __init__(self, press: Press) -> None:
        """Sort what pages share."""
        site = press.site
        self.press, self.problems = press, list[Problem]()
        self.runs: dict[str, list[Filed]] = {}
        for filed in site.filed:
            self.runs.setdefault(filed.model, []).append(filed)
        atlas = profiles.atlas(site, scores.pairing(site.filed))
        drawn = partial(drawing.drawings, problems=self.problems)
        self.stamps = pages.stamps(site, press.address, atlas, drawn)

    def make(self, shell: Shell, out: Path, start: int, end: int) -> list[Problem]:
        """Make the pages of some models and copy their runs; give what is wrong with their traces."""
        for profile, stamp in zip(self.press.site.profiles[start:end], self.stamps[start:end], strict=True):
            _write(out / shell.place(stamp), shell.page(stamp))
            for filed in self.runs[profile.id]:
                _copy(filed, out / "runs" / filed.model / filed.name, self.press.beside.get(filed.digest, ()))
        found, self.problems[:] = list(self.problems), []
        return found


def _copy(filed: Filed, target: Path, tables: Sequence[str]) -> None:
    """Copy a run, its envelope where that holds, and the tables beside it. Raises Refusal for what has changed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(filed.data)
    for sha256 in tables:
        target.with_name(f"{sha256}.parquet").write_bytes(trace_of(filed.path, Named(sha256)))  # type: ignore[arg-type] # named alike
    if filed.signer is not None:
        shutil.copyfile(evidence.envelope_of(filed.path), evidence.envelope_of(target))


def _check(found: Any) -> None:  # noqa: ANN401 - lists of problems, however they come
    problems = list(chain.from_iterable(found))
    if problems:
        raise Refusal(problems)


_opened: list[_Open] = []  # of this process alone: it has one press, which a task cannot carry


def _open(data: bytes) -> None:
    _opened.append(_Open(pickle.loads(data)))  # noqa: S301 - this very program wrote it


def _warm() -> None:
    """Compile the templates before the shell is there."""
    if _opened[0].press.site.profiles:
        _ = _opened[0].stamps[0]


def _make(shell: Shell, out: Path, start: int, end: int) -> list[Problem]:
    return _opened[0].make(shell, out, start, end)


def _files(out: Path, which: int) -> list[Problem]:
    """Write files that are made from the whole site; give no problems."""
    for path, text in FILES[which](_opened[0].press.site):
        _write(out / path, text)
    return []


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def _bytes(press: Press) -> bytes:
    """Pickle a press: tasks by their names, rows not at all."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {  # of the types that are met
        Task: lambda task: (tasks.find, (task.name,)),
        pl.DataFrame: lambda _: (_no_rows, ()),
    }
    pickler.dump(press)
    return buffer.getvalue()


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema=rows.SCHEMA)
