"""Models that their owners do not want to be measured, as the ledger says.

A model that was submitted has an event there, `opted-out`. Owners who want to be left alone before anybody submits
anything stand in a file that maintainers keep, `ledger/opt-outs.json`:

    {"schema": 1, "opt_outs": [{"model": "org/*", "since": "2026-11-27", "note": "asked for in issue 12"}]}

`model` is ORG/NAME, or ORG/* for everything of an owner; case does not matter, as on the Hub.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wattbench import ledger as ledgers
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = "opt-outs.json"
_REMEDY = "Maintainers keep this file; its form stands in submissions/README.md"


class OptOut(BaseModel):
    """What an owner asked not to be measured, since which day, and where that was said."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/(\*|[A-Za-z0-9._-]+)$")]
    since: dt.date
    note: str

    def covers(self, identity: str) -> bool:
        """Whether a model is meant."""
        wanted, given = self.model.casefold(), identity.casefold()
        return given == wanted or (wanted.endswith("/*") and given.startswith(wanted[:-1]))


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_: Literal[1] = Field(alias="schema")
    opt_outs: tuple[OptOut, ...]


def read(ledger: Path) -> tuple[OptOut, ...]:
    """Read a ledger's events and its list; none where there are none. Raises Refusal."""
    events = ledgers.read(ledger)
    told = [
        OptOut(model=one.model, since=dt.date.fromisoformat(one.at[:10]), note=one.note)
        for one in events
        if one.kind == "opted-out"
    ]
    return (*told, *_listed(ledger / FILE))


def _listed(file: Path) -> tuple[OptOut, ...]:
    try:
        return _File.model_validate_json(file.read_bytes()).opt_outs
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise refuse(file, "", f"cannot be read: {error.strerror}", _REMEDY) from None
    except ValidationError as error:
        raise Refusal(
            Problem(str(file), ".".join(map(str, issue["loc"])), issue["msg"], _REMEDY) for issue in error.errors()
        ) from None


def problem(path: str, identity: str, opted: Sequence[OptOut]) -> Problem | None:
    """Say that a model's owner does not want it measured."""
    found = next((one for one in opted if one.covers(identity)), None)
    if found is None:
        return None
    what = f"{identity} is not measured: its owner asked so on {found.since}"
    return Problem(path, "model.id", what, "Submit another model, or ask the owner")
