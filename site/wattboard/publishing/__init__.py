"""Models' own files - page, badges, document, runs - made by several processes: what takes long at thousands of models.

A process is given the site once, as bytes without the rows of passes, and then one stretch of models after another.
The first one is this one, which has the rest of the site to make meanwhile and then takes stretches too.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
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
from wattboard import api, pages, profiles
from wattboard.advising import scores
from wattboard.badges import pictures
from wattboard.charts import drawing
from wattboard.gathering import rows
from wattboard.gathering.filed import trace_of
from wattboard.publishing.staging import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from wattboard.api.documents import Shared
    from wattboard.gathering.filed import Filed
    from wattboard.listings import Profile, Site
    from wattboard.profiles import Atlas
    from wattboard.publishing.stamping import Shell

    Paths = dict[str, list[str]]  # a model's files below the site
    Made = tuple[Paths, list[Problem]]
    Finish = Callable[[], Paths]

SEVERAL = 1500  # models; below, starting a process takes longer than its work
AT_ONCE = 100  # models a process makes before it is given more


class Named(NamedTuple):
    """A table by what it is named."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Press:
    """What models' files are made with and where they go: below `fresh`, unless `old` has the same.

    `shared` is what the API's documents share.
    """

    site: Site
    address: str
    shared: Shared
    shell: Shell
    fresh: Path
    old: Path | None


@contextmanager
def growing() -> Iterator[None]:
    """Let what stays to the end grow, without Python's collector looking through all of it again and again."""
    enabled = gc.isenabled()
    gc.unfreeze()  # what an earlier site left
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextmanager
def making(press: Press, atlas: Atlas, wanted: Sequence[int]) -> Iterator[Finish]:
    """Begin to make the files of some models, by their places; give what ends it and gives their paths by model.

    Raises Refusal for runs that changed meanwhile and for traces that cannot be read.
    """
    stretches = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    own = _Open(press, atlas)
    if len(wanted) < SEVERAL or processors == 1:
        yield lambda: _checked(map(own.make, stretches))
        return
    # A process that is forked from one with threads, as Polars has, may wait for a lock for ever.
    with ProcessPoolExecutor(max(1, processors - 1), get_context("spawn"), _open, (_bytes(press),)) as pool:
        waiting = [(stretch, pool.submit(_make, stretch)) for stretch in stretches]

        def rest() -> Iterator[Made]:
            """Take stretches from the end, until those are left that others have taken."""
            while waiting and waiting[-1][1].cancel():
                yield own.make(waiting.pop()[0])
            yield from (one.result() for _, one in waiting)

        try:
            yield lambda: _checked(rest())
        finally:
            for _, one in waiting:
                one.cancel()


class _Open:
    """A press in use: what pages share is sorted once."""

    def __init__(self, press: Press, atlas: Atlas) -> None:
        """Sort what pages share."""
        self.press, self.problems = press, list[Problem]()
        self.runs: dict[str, list[Filed]] = {}
        for filed in press.site.filed:
            self.runs.setdefault(filed.model, []).append(filed)
        self.atlas, self.superseded = atlas, pictures.superseded(press.site)
        drawn = partial(drawing.drawings, problems=self.problems)
        self.stamps = pages.stamps(press.site, press.address, atlas, drawn)

    def make(self, wanted: Sequence[int]) -> Made:
        """Make the files of some models; give their paths, and what is wrong with their traces."""
        paths: Paths = {}
        for place in wanted:
            own = paths[self.press.site.profiles[place].id] = []
            for path, data, twin in self._files(place):
                write(self.press.fresh, self.press.old, path, data, twin)
                own.append(path)
        found, self.problems[:] = list(self.problems), []
        return paths, found

    def _files(self, place: int) -> Iterator[tuple[str, bytes, str | None]]:
        """Give a model's page, its badges, its document and its runs; of a badge where it was given before."""
        press, profile = self.press, self.press.site.profiles[place]
        stamp = self.stamps[place]
        yield press.shell.place(stamp), press.shell.page(stamp).encode(), None
        drawn: dict[str, str] = {}
        for path, text in pictures.of_model(profile, press.site, self.superseded.get(profile.id, {})):
            yield path, text.encode(), drawn.get(text)
            drawn.setdefault(text, path)
        yield *api.of_model(profile, press.shared, self.atlas), None
        yield from ((path, data, None) for path, data in self._runs(profile))

    def _runs(self, profile: Profile) -> Iterator[tuple[str, bytes]]:
        """Give runs, their envelopes where those hold, and the tables beside them. Raises Refusal for changed ones."""
        for filed in self.runs[profile.id]:
            home = f"runs/{filed.model}"
            yield f"{home}/{filed.name}", filed.data
            for _, sha256 in filed.beside:
                yield f"{home}/{sha256}.parquet", trace_of(filed.path, Named(sha256))  # type: ignore[arg-type] # named alike
            if filed.signer is not None:
                envelope = evidence.envelope_of(filed.path)
                yield f"{home}/{envelope.name}", envelope.read_bytes()


def _checked(made: Any) -> Paths:  # noqa: ANN401 - what was made, however it comes
    every = list(made)
    problems = list(chain.from_iterable(found for _, found in every))
    if problems:
        raise Refusal(problems)
    return {model: paths for some, _ in every for model, paths in some.items()}


_opened: list[_Open] = []  # of this process alone: it has one press, which a task cannot carry


def _open(data: bytes) -> None:
    with growing():
        press: Press = pickle.loads(data)  # noqa: S301 - this very program wrote it
        _opened.append(_Open(press, profiles.atlas(press.site, scores.pairing(press.site.filed))))


def _make(wanted: Sequence[int]) -> Made:
    return _opened[0].make(wanted)


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
