"""Models' own files - page, badges, document, runs - made by several processes: what takes long at thousands of models.

Each process is given one cut of the site after another (press.py). The first process is this one, which has the rest of
the site to make meanwhile and then takes what is left.
"""

from __future__ import annotations

import gc
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from wattbench import evidence
from wattbench.problems import Problem, Refusal
from wattboard import api, pages
from wattboard.badges import pictures
from wattboard.charts import drawing
from wattboard.gathering.filed import trace_of
from wattboard.publishing import keying, press, tally
from wattboard.publishing.press import Cutter, Press
from wattboard.publishing.staging import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from wattboard.listings import Profile

    Finish = Callable[[], "Made"]

SEVERAL = 1500  # models; below, starting a process takes longer than its work
AT_ONCE = 500  # models in a cut; the boards that they share are handed over with each


class Named(NamedTuple):
    """A table by what it is named."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """Some models' files: by model its own key and the paths below the site; what they add to the site's tally."""

    files: dict[str, tuple[str, list[str]]]
    tally: int
    problems: tuple[Problem, ...] = ()


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
def seldom() -> Iterator[None]:
    """Let Python's collector look at what is new a hundred times as seldom: nearly all of it stays for a while."""
    before = gc.get_threshold()
    gc.set_threshold(100 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def making(whole: Press, wanted: Sequence[int]) -> Iterator[Finish]:
    """Begin to make the files of some models, by their places; give what ends it and tells what was made.

    Raises Refusal for runs that changed meanwhile and for traces that cannot be read.
    """
    stretches = _stretches(whole, wanted)
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    own = Printer(whole)
    if len(wanted) < SEVERAL or processors == 1:
        yield lambda: _together(map(own.make, stretches))
        return
    cutter = Cutter(whole)
    # A process that is forked from one with threads, as Polars has, may wait for a lock for ever.
    with ProcessPoolExecutor(max(1, processors - 1), get_context("spawn"), gc.freeze) as pool:
        waiting = [(some, pool.submit(_make, press.to_bytes(cutter.cut(some)))) for some in stretches]

        def rest() -> Iterator[Made]:
            """Take stretches from the end, until those are left that others have taken."""
            while waiting and waiting[-1][1].cancel():
                yield own.make(waiting.pop()[0])
            yield from (one.result() for _, one in waiting)

        try:
            yield lambda: _together(rest())
        finally:
            for _, one in waiting:
                one.cancel()


class Printer:
    """A press in use."""

    def __init__(self, whole: Press) -> None:
        """Take a press, whole or cut."""
        self.press, self.problems = whole, list[Problem]()
        drawn = partial(drawing.drawings, problems=self.problems)
        self.stamps = pages.stamps(whole.site, whole.address, whole.atlas, drawn, whole.notes)
        self.keys = keying.Own(whole)

    def make(self, wanted: Iterable[int]) -> Made:
        """Make the files of some models."""
        files: dict[str, tuple[str, list[str]]] = {}
        total = 0
        for place in wanted:
            profile = self.press.site.profiles[place]
            paths: list[str] = []
            for path, data, twin in self._files(place, profile):
                total += write(self.press.fresh, self.press.old, path, data, twin)
                paths.append(path)
            files[profile.id] = (self.keys.of(profile), paths)
        found, self.problems[:] = tuple(self.problems), []
        return Made(files, total % tally.WIDE, found)

    def _files(self, place: int, profile: Profile) -> Iterator[tuple[str, bytes, str | None]]:
        """Give a model's page, its badges, its document and its runs; of a badge where it was given before."""
        whole = self.press
        stamp = self.stamps[place]
        yield whole.shell.place(stamp), whole.shell.page(stamp).encode(), None
        drawn: dict[str, str] = {}
        for path, text in pictures.of_model(profile, whole.site, whole.superseded.get(profile.id, {})):
            yield path, text.encode(), drawn.get(text)
            drawn.setdefault(text, path)
        yield *api.of_model(profile, whole.shared, whole.atlas), None
        yield from ((path, data, None) for path, data in self._runs(profile))

    def _runs(self, profile: Profile) -> Iterator[tuple[str, bytes]]:
        """Give runs, their envelopes where those hold, and the tables beside them. Raises Refusal for changed ones."""
        for filed in self.press.runs[profile.id]:
            home = f"runs/{filed.model}"
            yield f"{home}/{filed.name}", filed.data
            for _, sha256 in filed.beside:
                yield f"{home}/{sha256}.parquet", trace_of(filed.path, Named(sha256))  # type: ignore[arg-type] # named alike
            if filed.signer is not None:
                envelope = evidence.envelope_of(filed.path)
                yield f"{home}/{envelope.name}", envelope.read_bytes()


def _stretches(whole: Press, wanted: Sequence[int]) -> list[list[int]]:
    """Part models into stretches, those of the same boards beside each other."""

    def place(one: int) -> tuple[list[str], int]:
        return [result.listing.board.name for result in whole.site.profiles[one].results], one

    ordered = sorted(wanted, key=place)
    return [ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE)]


def _together(made: Iterable[Made]) -> Made:
    every = list(made)
    problems = [one for some in every for one in some.problems]
    if problems:
        raise Refusal(problems)
    files = {model: told for some in every for model, told in some.files.items()}
    return Made(files, sum(one.tally for one in every) % tally.WIDE)


def _make(data: bytes) -> Made:
    """Make the files of a cut, in a process of its own."""
    gc.collect()  # what the last cut left: templates hold on to what they were filled with
    gc.disable()
    try:
        cut = press.from_bytes(data)
        return Printer(cut).make(range(len(cut.site.profiles)))
    finally:
        gc.enable()
