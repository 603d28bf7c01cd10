"""Submissions, runs and events for the tests of a submission's life: nothing is measured."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

from wattbench import ledger
from wattbench.ledger.records import Asked, Records, Seen
from wattbench.submissions import Submission

REVISION = "a07cc9a04f16550a088caea529712d1d335b0ac1"
OTHER = "b" * 40
BOARD = "sentence-similarity-v1~h100-sxm5-80gb~fp16~single~off~nvml"
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MODEL = "org/one"


def at(hours: float) -> str:
    """A time so many hours after noon."""
    return ledger.stamp(NOON + dt.timedelta(hours=hours))


def revision_of(model: str) -> str:
    """A commit of a model's own."""
    return REVISION if model == MODEL else hashlib.sha1(model.encode(), usedforsecurity=False).hexdigest()


def submission(model: str = MODEL, /, github: str = "octocat", **changes: Any) -> Submission:
    told: dict[str, Any] = {
        "schema": 1,
        "model": {"id": model, "revision": revision_of(model)},
        "tasks": ["sentence-similarity"],
        "precisions": ["fp16"],
        "submitter": {"github": github, "relationship": "user"},
        "attestations": {"no_benchmark_specific_tuning": True, "license_permits_publication": True},
    }
    return Submission.model_validate(told | changes)


def asked(model: str = MODEL, /, github: str = "octocat", merged: int = 0, **changes: Any) -> Asked:
    return Asked(Path("submissions") / model / "submission.yml", submission(model, github, **changes), merged)


def seen(session: str = "s1", hours: float = 0.0, *failed: str, model: str = MODEL, **changes: Any) -> Seen:
    told: dict[str, Any] = {
        "name": f"{BOARD}--2026-11-20-{hashlib.sha256(f'{session} {hours} {model}'.encode()).hexdigest()[:12]}.json",
        "model": model,
        "revision": revision_of(model),
        "board": BOARD,
        "session": session,
        "role": "candidate",
        "measured_at": at(hours),
        "protocol": "official",
        "failed": failed,
    }
    return Seen(**told | changes)


def running(session: str = "s1", hours: float = 0.0, lease_hours: float = 2.0, **changes: Any) -> ledger.Running:
    lease = int(lease_hours * 3600)
    return ledger.Running(**_on_board(hours, session=session, host="h1", lease_seconds=lease) | changes)


def failed(whose: str, session: str = "s1", hours: float = 0.0, code: str = "host-failed") -> ledger.Failed:
    words = _on_board(hours, session=session, whose=whose, code=code, words="it would not load", remedy="Mend it")
    return ledger.Failed(**words)


def requeued(hours: float, sessions: int = 1, board: str | None = BOARD) -> ledger.Requeued:
    return ledger.Requeued(**_on_board(hours, sessions=sessions, note="looked at") | {"board": board})


def withdrawn(hours: float, **changes: Any) -> ledger.Withdrawn:
    told = {"at": at(hours), "model": MODEL, "revisions": (REVISION,), "code": "fault", "note": "a wrong meter"}
    return ledger.Withdrawn(**told | changes)  # type: ignore[arg-type] # the form refuses what is wrong


def disputed(hours: float) -> ledger.Disputed:
    return ledger.Disputed(**_on_board(hours, note="4 % apart"))


def resolved(hours: float) -> ledger.Resolved:
    return ledger.Resolved(**_on_board(hours, note="the third agrees"))


def _on_board(hours: float, **more: Any) -> dict[str, Any]:
    return {"at": at(hours), "model": MODEL, "revision": REVISION, "board": BOARD, **more}


def records(*these: Asked, runs: tuple[Seen, ...] = (), events: tuple[ledger.Event, ...] = ()) -> Records:
    return Records(these, runs, events)
