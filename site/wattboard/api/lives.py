"""The documents that say what ledger and submissions say: corrections, the queue, self-reported results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattboard.api import life_forms
from wattboard.api.forms import Document
from wattboard.life import corrections

if TYPE_CHECKING:
    from wattbench.submissions.claims import Claim
    from wattboard.life import Life


class CorrectionsFile(Document):
    """The corrections log, the newest first."""

    entries: list[life_forms.Correction]


class QueueFile(Document):
    """What waits to be measured, what is being measured, and what failed; as of the newest run or event."""

    as_of: str | None
    submissions: list[life_forms.Waiting]


class SelfReportedFile(Document):
    """What people measured themselves. It gives no star."""

    results: list[life_forms.SelfReported]


def log(life: Life) -> list[dict[str, Any]]:
    """Give the entries of the corrections log."""
    return [
        {
            "on": one.on,
            "kind": one.kind,
            "model": one.model,
            "revisions": list(one.revisions),
            "boards": list(one.boards),
            "runs": list(one.runs),
            "field": one.field,
            "old": one.old,
            "new": one.new,
            "cause": one.cause,
        }
        for one in corrections.log(life.events)
    ]


def queue(life: Life) -> list[dict[str, Any]]:
    """Give every submission that has no result yet."""
    return [
        {
            "model": one.model,
            "revision": one.revision,
            "board": one.board,
            "state": one.state,
            "code": one.code,
            "words": one.words,
            "remedy": one.remedy,
            "sessions_there": one.there,
            "sessions_wanted": one.wanted,
            "turn": one.turn,
        }
        for one in life.waiting
    ]


def claim(one: Claim) -> dict[str, Any]:
    """Give a self-reported result, its energy called what it is."""
    told = one.model_dump(mode="json", exclude={"schema_", "wh_per_1000_queries"})
    return told | {"self_reported_wh_per_1000_queries": one.wh_per_1000_queries}
