"""Evidence: a signed statement beside every run, and the check that nothing of it was changed since.

The statement lies as `RUN.dsse.json` beside the run file, in a DSSE envelope. A signature proves where bytes come
from, not that they are true: for that there are the trace, the replay and the audit.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import runs
from wattbench.evidence import dsse, keys, statement
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wattbench.evidence.keys import TrustedKey
    from wattbench.runs import Run

    Read = Callable[[Path], bytes | None]
    Replay = Callable[[Run, Mapping[str, bytes], Path], list[Problem]]

ENDING = ".dsse.json"
EDITED = "Run files are written by wattbench only: measure again instead of editing"
FETCH = "Fetch run, trace and envelope again, as they were published"


@dataclass(frozen=True, slots=True)
class Verified:
    """What the check of one run found: every problem, and whose trusted signatures hold."""

    file: Path
    problems: tuple[Problem, ...]
    signers: tuple[TrustedKey, ...]


def envelope_of(file: Path) -> Path:
    """Where the envelope of a run file lies: beside it."""
    return file.with_name(f"{file.stem}{ENDING}")


def sign_run(file: Path, key: Path) -> Path:
    """Sign a run file and the tables beside it with the private key in a file; return the envelope's path.

    Signing again with the same key changes nothing. Raises Refusal for a run that is not as wattbench wrote it, for
    a trace or table that is missing or another, for a key that cannot be used, and where another envelope is there
    already.
    """
    run, data = _read_run(file, read_file)
    problems = [*_form(run, data, file), *_beside(run, file, read_file)[1]]
    if problems:
        raise Refusal(problems)
    stated = statement.of(run, file.name, hashlib.sha256(data).hexdigest())
    signed = dsse.to_bytes(dsse.sign(statement.to_bytes(stated), keys.read_private(key)))
    there = read_file(envelope_of(file))
    if there is not None and there != signed:
        remedy = "Keep it, or delete it and sign again"
        raise refuse(envelope_of(file), "", "is there already, of another key or another run", remedy)
    if there is None:
        runs.write_whole(envelope_of(file), signed)
    return envelope_of(file)


def read_file(file: Path) -> bytes | None:
    """Read a file; None where there is none. Raises Refusal where the disk refuses."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refuse(file, "", f"cannot be read: {error.strerror}", FETCH) from None


def verify(
    file: Path,
    trusted: Mapping[str, TrustedKey],
    replay: Replay,
    *,
    read: Read = read_file,
    allow_unsigned: bool = False,
) -> Verified:
    """Check a run: its envelope, every digest, its form and place, and what `replay` computes again from its trace.

    `read` gives a file's bytes, or None where there is none. An envelope that is there must hold, also where
    `allow_unsigned` lets a run pass without one.
    """
    problems: list[Problem] = []
    signers: list[TrustedKey] = []
    try:
        run, data = _read_run(file, read)
        sealed = read(envelope_of(file))
        if sealed is not None:
            try:
                signers, found = sealed_by(run, data, file, sealed, trusted)
                problems += found
            except Refusal as refusal:
                problems += refusal.problems
        elif not allow_unsigned:
            remedy = "Fetch it, sign the run with `wattbench sign`, or accept that with --allow-unsigned"
            problems += [Problem(str(envelope_of(file)), "", "is missing: nobody vouches for this run", remedy)]
        problems += _form(run, data, file)
        tables, found = _beside(run, file, read)
        # a table that is not the run's own has been named; reading it could only confuse
        problems += found or replay(run, tables, file)
    except Refusal as refusal:
        problems += refusal.problems
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # notes and facts of a run are free in form: what a stranger wrote into them is a finding, not a crash
        problems += [Problem(str(file), "", f"cannot be computed again: {type(error).__name__}: {error}", EDITED)]
    return Verified(file, tuple(dict.fromkeys(problems)), () if problems else tuple(signers))


def _read_run(file: Path, read: Read) -> tuple[Run, bytes]:
    data = read(file)
    if data is None:
        raise refuse(file, "", "is not there", "Name run files, or folders that hold some")
    try:
        run = runs.from_bytes(data, file)
        runs.to_bytes(run)  # text that has no bytes, a lone surrogate say, reads but does not write
    except (ValueError, RecursionError) as error:
        raise refuse(file, "", f"is no run: {error}", EDITED) from None
    return run, data


def _form(run: Run, data: bytes, file: Path) -> Iterator[Problem]:
    """Hold a run file against the form and the place that wattbench gives it."""
    if runs.to_bytes(run) != data:
        yield Problem(str(file), "", "is not in the form in which wattbench writes runs: it was edited", EDITED)
    place = runs.path_of(run, Path())
    if file.absolute().parts[-len(place.parts) :] != place.parts:
        yield Problem(str(file), "", f"lies at the wrong place or was changed: its bytes belong to {place}", FETCH)


def _beside(run: Run, file: Path, read: Read) -> tuple[dict[str, bytes], list[Problem]]:
    """Read the tables that a run names and hold each against its sha256; their bytes by what they are."""
    found: dict[str, bytes] = {}
    problems: list[Problem] = []
    for what, table in run.beside.items():
        place = file.parent / f"{table.sha256}.parquet"
        data = read(place)
        if data is None:
            problems.append(Problem(str(place), "", f"is missing: {file.name} names it as its {what}", FETCH))
        elif (digest := hashlib.sha256(data).hexdigest()) != table.sha256:
            named = statement.short(table.sha256)
            message = f"is {statement.short(digest)}, but {file.name} names {named} as its {what}"
            problems.append(Problem(str(place), "sha256", message, FETCH))
        else:
            found[what] = data
    return found, problems


def sealed_by(
    run: Run, data: bytes, file: Path, sealed: bytes, trusted: Mapping[str, TrustedKey]
) -> tuple[list[TrustedKey], list[Problem]]:
    """Give whose trusted signatures an envelope holds over a run, and what is wrong with it. Raises Refusal for none.

    First who signed, then what was signed: the payload of an envelope that does not hold is never parsed.
    """
    place = str(envelope_of(file))
    envelope = dsse.from_bytes(sealed, place)
    problems: list[Problem] = []
    if envelope.payload_type != dsse.PAYLOAD_TYPE:
        problems += [Problem(place, "payloadType", f"is not {dsse.PAYLOAD_TYPE}", dsse.REMEDY)]
    signers: list[TrustedKey] = []
    for number, signature in enumerate(envelope.signatures):
        key, wrong = trusted.get(signature.keyid), None
        if key is None:
            wrong = f"{statement.short(signature.keyid)} is no trusted key, for a run of {run.measured_at[:10]}"
        elif not dsse.holds(envelope, signature, key.raw):
            wrong = f"is no signature of {key.holder} ({statement.short(key.keyid)}) over this payload"
        elif not _counts(key, run.measured_at):
            until = key.valid_until or "further notice"
            wrong = f"the key of {key.holder} counts from {key.valid_from} until {until}, not on {run.measured_at[:10]}"
        else:
            signers.append(key)
        if wrong is not None:
            problems += [Problem(place, f"signatures.{number}", wrong, "keys/README.md says which keys count")]
    return signers, problems or list(_stated(run, data, file, envelope.body))


def _counts(key: TrustedKey, measured_at: str) -> bool:
    try:
        return key.counts_on(dt.date.fromisoformat(measured_at[:10]))
    except ValueError:  # the 31st of February
        return False


def _stated(run: Run, data: bytes, file: Path, body: bytes) -> Iterator[Problem]:
    """Hold what was signed against the run itself, field by field."""
    place, digest = str(envelope_of(file)), hashlib.sha256(data).hexdigest()
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        yield Problem(place, "payload", f"is no statement: {error}", dsse.REMEDY)
        return
    for field, is_said, is_so in statement.differences(said, statement.of(run, file.name, digest), ""):
        if field == "subject.0.digest.sha256":
            message = f"is {statement.short(is_so)}, but its envelope was signed for {statement.short(is_said)}"
            yield Problem(str(file), "sha256", message, FETCH)
        else:
            yield Problem(place, field, f"says {statement.short(is_said)}, the run {statement.short(is_so)}", FETCH)
