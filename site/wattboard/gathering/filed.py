"""Filed: a run and where it lies. It is read from its file when somebody asks for it, and must still be the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from wattbench import runs
from wattbench.problems import refuse
from wattbench.trace import path_of

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from wattbench.runs import Run, Table, Trace

IN_MEMORY = 256  # runs at once: a page asks for its own many times, and then never again


@dataclass(frozen=True, slots=True)
class Filed:
    """A run and where it lies: `digest` is the sha256 of its file's bytes, `path` the file.

    `signer` is the id of the trusted key that signed it; None where nobody did, or nobody was asked.
    `beside` says of the tables that lie beside it what each is, and its sha256. `rows` are those of all runs that were
    read together.
    """

    path: Path
    digest: str
    board: str
    model: str
    revision: str
    session: str
    role: str
    measured_at: str
    signer: str | None
    beside: tuple[tuple[str, str], ...]
    rows: pl.DataFrame = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def data(self) -> bytes:
        """The file's bytes. Raises Refusal where they are no longer those that were rated."""
        return _bytes(self.path, self.digest)

    @property
    def run(self) -> Run:
        """The run. Raises Refusal where its file is no longer the one that was rated."""
        return _run(self.path, self.digest)


@lru_cache(IN_MEMORY)
def _run(path: Path, digest: str) -> Run:
    return runs.from_bytes(_bytes(path, digest), path)


@lru_cache(4)
def _bytes(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(
            path, "", f"cannot be read: {error.strerror or error}", "Let nothing move runs meanwhile"
        ) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise refuse(path, "", "changed while it was in use", "Let nothing write runs meanwhile, and try again")
    return data


def trace_of(path: Path, trace: Trace | Table) -> bytes:
    """Read the trace, or a table, beside a run file. Raises Refusal for one that is missing or is not the run's."""
    place = path_of(path, trace)  # type: ignore[arg-type] # a table is named as a trace is
    try:
        data = place.read_bytes()
    except OSError as error:
        message = f"the trace of {path.name} cannot be read: {error.strerror or error}"
        raise refuse(place, "", message, "Fetch it: it belongs beside the run file") from None
    if hashlib.sha256(data).hexdigest() != trace.sha256:
        raise refuse(place, "sha256", f"is not the trace of {path.name}: its bytes differ", "Fetch the trace again")
    return data
