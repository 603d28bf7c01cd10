"""A session: one stay on one host. The reference model, then every candidate in shuffled order, then the reference.

Each run is one measured process. A journal keeps what was measured until the session ends; then every run gets the
gate that needs both reference runs, and its file. A session that was cut off goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING, Protocol

from wattbench import gates, journal, protocol
from wattbench.measuring import LIMITS, Place, measure_one
from wattbench.problems import ModelRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wattbench.journal import Journal
    from wattbench.plans import Plan, Setting
    from wattbench.problems import Problem
    from wattbench.runs import Role, Run
    from wattbench.shelf import Shelved


class Watch(Protocol):
    """Whoever wants to know of a session while it lasts."""

    def began(self, session: str) -> None:
        """Hear that a session begins, or goes on."""

    def refused(self, model: Shelved, why: ModelRefused) -> None:
        """Hear that a candidate cannot be measured, through its own fault."""


def new_id() -> str:
    """Name a session: the time at which it began, in UTC, and a few random digits."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def run(
    planned: Plan,
    setting: Setting,
    tell: Callable[[int, str, str, int, int], None] = lambda _number, _who, _step, _done, _of: None,
    note: Callable[[str], None] = lambda _words: None,
    watch: Watch | None = None,
) -> Iterator[tuple[Path, Run]]:
    """Measure a session, or go on with one that was cut off; yields every run with its file once it has ended.

    A candidate that cannot be measured is left out, and said in the ModelRefused that is raised when the others are
    written. The reference model has to work, and so has the host: else Refusal, and the session can go on later.
    `tell(number, model, step, done, of)` is called as the work goes on, `note(words)` for what a person should know;
    `watch` hears which session it is, and of every candidate that is refused.
    """
    open_journal = _open(planned, setting, note)
    if watch is not None:
        watch.began(open_journal.session)
    finished: list[Run] = []
    failed: list[Problem] = []
    passes: int | None = None
    for number, (role, model) in enumerate(planned.order(open_journal.session)):
        one = open_journal.finished(number)
        if one is None:
            try:
                one = _measure(planned, setting, open_journal, number, (role, model, passes), tell, note)
            except ModelRefused as refused:
                if role != "candidate":
                    raise
                failed += refused.problems
                if watch is not None:
                    watch.refused(model, refused)
                continue
        if role == "reference-before":
            passes = protocol.passes_wanted(setting.protocol, one.passes)
        finished.append(one)
    judged = _judge_session(finished, setting)
    yield from zip(open_journal.close(judged, setting.out), judged, strict=True)
    if failed:
        raise ModelRefused(failed)


def _open(planned: Plan, setting: Setting, note: Callable[[str], None]) -> Journal:
    identity = _identity(planned, setting)
    found, reasons = journal.find(setting.out, identity)
    for reason in reasons:
        note(f"{reason}; it is left in {setting.out / journal.FOLDER}, and a new one begins")
    if found is not None:
        note(f"Going on with session {found.session}, which was cut off.")
        return found
    return journal.begin(setting.out, new_id(), identity)


def _identity(planned: Plan, setting: Setting) -> journal.Identity:
    return journal.Identity(
        board=planned.board.name,
        protocol=setting.protocol.name,
        workload_sha256=planned.workload.hashes()["rows.parquet"],
        models=tuple(
            f"{model.manifest.name}@{model.manifest.revision}:{','.join(sorted(model.hashes().values()))}"
            for model in planned.models
        ),
        boot=journal.boot(),
    )


def _measure(
    planned: Plan,
    setting: Setting,
    open_journal: Journal,
    number: int,
    which: tuple[Role, Shelved, int | None],
    tell: Callable[[int, str, str, int, int], None],
    note: Callable[[str], None],
) -> Run:
    """Measure the run of that number and keep it in the journal."""
    role, model, passes = which
    name = model.manifest.name if role == "candidate" else f"{model.manifest.name} ({role.replace('-', ' ')})"
    if kept := open_journal.cut_off(number, setting.out, model.manifest.name):
        note(f"{name} was cut off in mid-run: its passes are kept in {kept}, and it is measured again.")
    place = Place(
        role=role,
        session=open_journal.session,
        passes=passes,
        folder=open_journal.folder,
        keep=lambda one: open_journal.keep(number, one),
    )
    one = measure_one(planned, model, place, setting, lambda what, done, of: tell(number, name, what, done, of))
    open_journal.finish(number, one)
    return one


def _judge_session(finished: list[Run], setting: Setting) -> list[Run]:
    """Give every run the gate that needs the reference model's runs before and after."""
    sides = {one.role: one.passes for one in finished if one.role != "candidate"}
    limits = LIMITS[setting.protocol.name]
    drift = gates.judge_drift(sides.get("reference-before", ()), sides.get("reference-after", ()), limits)
    return [one.model_copy(update={"gates": gates.with_gate(one.gates, drift, limits)}) for one in finished]
