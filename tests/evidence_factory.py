"""Signed runs for tests: in a dictionary of files, or on disk; every key is made on the spot."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from site_factory import run as make_run

from wattbench import evidence, runs, trace
from wattbench.evidence import dsse, keys

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.evidence.keys import TrustedKey
    from wattbench.problems import Problem
    from wattbench.runs import Run

ROWS = [{"seconds": number / 10, "gpu": "GPU-1", "instant_watts": 200.0 + number} for number in range(20)]


def agrees(_run: Run, _trace: bytes | None, _file: Path) -> list[Problem]:
    """A replay that finds nothing."""
    return []


def new_key(folder: Path, name: str = "key.pem", holder: str = "bench-01", **dates: dt.date | None) -> TrustedKey:
    """Make a key file below a folder and give its entry, by default valid for ever."""
    entry = keys.create(folder / name, holder, dt.date(2020, 1, 1))
    return entry.model_copy(update=dates)


def put(folder: Path, *, traced: bool = True, **changes: Any) -> Path:
    """Write a run, with its trace if `traced`, below a submissions folder."""
    run = make_run(**changes)
    if traced:
        beside = runs.path_of(run, folder).parent
        run = run.model_copy(update={"trace": trace.write(ROWS, beside)})
    return runs.write(run, folder)


def signed(folder: Path, **changes: Any) -> tuple[Path, TrustedKey]:
    """Write a run and sign it with a new key."""
    file = put(folder / "submissions", **changes)
    key = new_key(folder)
    evidence.sign_run(file, folder / "key.pem")
    return file, key


def by_id(*found: TrustedKey) -> dict[str, TrustedKey]:
    """Trust these keys."""
    return {key.keyid: key for key in found}


def parts(file: Path) -> dict[Path, bytes]:
    """The bytes of a run, its envelope and its trace."""
    return {path: path.read_bytes() for path in sorted(file.parent.iterdir())}


def trace_of(file: Path) -> Path:
    """The one trace beside a run."""
    return next(file.parent.glob("*.parquet"))


def resign(file: Path, stated: dict[str, Any], key_file: Path) -> None:
    """Sign another statement, in place of the one that is there."""
    from wattbench.evidence import statement

    envelope = dsse.sign(statement.to_bytes(stated), keys.read_private(key_file))
    evidence.envelope_of(file).write_bytes(dsse.to_bytes(envelope))
