"""What a host of a fleet does: checks in, fetches models, measures one session, and forgets it. Knows nothing of Ray.

Where things are on a host is the host's own affair: WATTSTAR_SHELF, WATTSTAR_KEY (the private key never leaves it),
WATTSTAR_SCRATCH, each a path. A session lies in a folder of its own below the last, named by its assignment: one that
was cut off goes on there, and one that has ended is sent again without being measured again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench import diagnosis, environment, evidence, fetching, journal, meters, plans, runs, session
from wattbench.evidence import dsse, keys
from wattbench.plans import Plan, Setting
from wattbench.problems import ModelRefused, Refusal, refuse
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from wattbench.boards import Board, MeterName
    from wattbench.plans import Refused
    from wattbench.problems import Problem
    from wattbench.protocol import Protocol
    from wattbench.runs import Run
    from wattbench.submissions import Submission

    Measure = Callable[[Plan, Setting], Iterator[tuple[Path, Run]]]

LOCK = "measuring.lock"
ENDED = ".ended"  # in a session's folder: it is whole and signed


@dataclass(frozen=True, slots=True)
class How:
    """How every host of a fleet measures: protocol, meter (None: the best there is), backend, device ("": the meter's).

    `measure` measures a planned session: the harness's own.
    """

    protocol: Protocol
    meter: MeterName | None = None
    backend: str = "optimum"
    device: str = ""
    measure: Measure = session.run


@dataclass(frozen=True, slots=True)
class Sent:
    """What a host sends back of a session: its files, and why there is none, by `MODEL@REVISION`.

    refused: through the model itself. lacking: because this host lacks something for it.
    """

    files: dict[str, bytes]
    refused: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)


def check_in(how: How) -> dict[str, Any]:
    """Say what this host is, as `Host` has it but for node and clock: by what `wattbench doctor` finds.

    Raises Refusal where it cannot measure.
    """
    found = diagnosis.diagnose(_shelf())
    name = how.meter or found.meter
    one = next((meter for meter in found.meters if meter.name == name), None)
    if one is None or one.facts is None:
        why = (one and one.why_not) or "no meter of that name works here"
        raise refuse("the meter", str(name or ""), why, "`wattbench doctor` says what a machine has")
    device = environment.device_of(one.facts)
    return {
        "name": os.environ.get("WATTSTAR_HOST") or platform.node(),
        "device": device.uuid or device.sku,
        "sku": device.sku,
        "count": device.count,
        "meter": one.name,
        "driver": one.facts.get("driver"),
        "keyid": dsse.keyid(dsse.public_of(keys.read_private(_key()))),
    }


def prefetch(wanted: Sequence[tuple[str, str]], task: str) -> list[str]:
    """Fetch models of the Hub, and what the task's sessions need besides, onto this host's Shelf.

    Says what could not be had: measuring will refuse it by name.
    """
    told = []
    for model, revision in dict.fromkeys((*wanted, *fetching.needed(task))):
        if revision.startswith("package:"):
            continue  # the demo's: put there by `wattbench demo --fetch-only`
        try:
            fetching.prefetch_model(model, revision, _shelf())
        except Refusal as refusal:
            told += [str(problem) for problem in refusal.problems]
    return told


def measure(key: str, board: Board, submissions: Sequence[Submission], how: How) -> Sent:
    """Measure one session, or send again what of it is here. Raises Refusal where the host is at fault."""
    with _alone():
        return _measure_session(_scratch() / key, board, submissions, how)


def _measure_session(folder: Path, board: Board, submissions: Sequence[Submission], how: How) -> Sent:
    out = folder / "out"
    if not (folder / ENDED).is_file():
        setting = _setting(how, out)
        planned, unplanned = plans.plan_each({board: submissions}, setting)
        refused = {_who(one): _in_line(one.why.problems) for one in unplanned if isinstance(one.why, ModelRefused)}
        lacking = {_who(one): _in_line(one.why.problems) for one in unplanned if _who(one) not in refused}
        if lacking and not planned:
            raise Refusal(dict.fromkeys(problem for one in unplanned for problem in one.why.problems))
        for one in planned if not _is_whole(out) else ():
            refused |= _measure(one, setting, how)
        for file in _runs(out):
            evidence.sign_run(file, _key())
        write_whole(folder / ENDED, json.dumps({"refused": refused, "lacking": lacking}).encode())
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.glob("*/*/runs/*"))}
    return Sent(files, **json.loads((folder / ENDED).read_bytes()))


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else measures on this host: a process that was given up may not have noticed yet."""
    _scratch().mkdir(parents=True, exist_ok=True)
    with (_scratch() / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _who(one: Refused) -> str:
    return f"{one.submission.model.id}@{one.submission.model.key}"


def _is_whole(out: Path) -> bool:
    """Whether a session has ended here: its runs are in their places, and its journal is gone."""
    return bool(_runs(out)) and not any((out / journal.FOLDER).glob("*"))


def forget(key: str) -> None:
    """Remove a session that the driver has in its place."""
    shutil.rmtree(_scratch() / key, ignore_errors=True)


def _measure(planned: Plan, setting: Setting, how: How) -> dict[str, str]:
    """Measure a session to its end; why candidates have no run."""
    problems: tuple[Problem, ...] = ()
    try:
        for _ in how.measure(planned, setting):
            pass
    except ModelRefused as refused:
        problems = refused.problems
    if problems and not _runs(setting.out):  # the reference model's own: the host cannot measure this board
        raise Refusal(problems)
    measured = {runs.from_bytes(file.read_bytes(), file).model.id for file in _runs(setting.out)}
    missing = [one.manifest for one in planned.candidates if one.manifest.name not in measured]
    return {
        f"{one.name}@{one.revision}": _in_line(problem for problem in problems if one.name in str(problem))
        for one in missing
    }


def _in_line(problems: Iterable[Problem]) -> str:
    return " ".join(dict.fromkeys(str(one).replace("\n", " ") for one in problems))


def _runs(out: Path) -> list[Path]:
    return [path for path in sorted(out.glob("*/*/runs/*.json")) if not path.name.endswith(evidence.ENDING)]


def _setting(how: How, out: Path) -> Setting:
    meter = _meter(how)
    device = how.device or ("cuda" if meter.name == "nvml" else "cpu")
    return Setting(_shelf(), out, how.protocol, meter, how.backend, device)


def _meter(how: How) -> meters.Meter:
    try:
        return meters.find(how.meter)
    except meters.MeterUnavailable as unavailable:
        raise refuse("the meter", "", str(unavailable), "`wattbench doctor` says what a machine has") from None


def _shelf() -> Path:
    return Path(os.environ.get("WATTSTAR_SHELF", "build/shelf"))


def _scratch() -> Path:
    return Path(os.environ.get("WATTSTAR_SCRATCH", "build/fleet-host"))


def _key() -> Path:
    key = os.environ.get("WATTSTAR_KEY")
    if not key:
        remedy = "Make one there with `wattbench keygen`, and name it in WATTSTAR_KEY before `ray start`"
        raise refuse("WATTSTAR_KEY", "", "names no key on this host: its runs could not be signed", remedy)
    return Path(key)
