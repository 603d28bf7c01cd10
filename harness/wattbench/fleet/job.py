"""What a fleet is to do: where things lie, what waits, whose signatures count, how patient the driver is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.fleet import placement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wattbench.boards import Board
    from wattbench.evidence.keys import TrustedKey
    from wattbench.fleet import Host, Wanted
    from wattbench.fleet.host import Sent
    from wattbench.runs import Run
    from wattbench.submissions import Submission

    Queue = Callable[[Sequence[Host]], Sequence[Wanted]]


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a driver.

    queue: gives what waits for hosts of such kinds. find: the submission of a slot, None where it is gone.
    loyalty_seconds: how long a session that was cut off waits for its own host, where it can go on.
    run_seconds: how long a run may take before its host is given up.
    patience_seconds: how long the driver waits for a host that fits before it gives up.
    enter: told of every session that has come, for the ledger.
    """

    state: Path
    out: Path
    queue: Queue
    find: Callable[[str, str], Submission | None]
    trusted: Mapping[str, TrustedKey]
    seed: str
    candidates: int = placement.CANDIDATES
    loyalty_seconds: float = 60.0
    run_seconds: float = 3600.0
    patience_seconds: float = 120.0
    tell: Callable[[str], None] = lambda _words: None
    enter: Callable[[Board, Sequence[Run], Sent], None] = lambda _board, _runs, _sent: None
    clock: Callable[[], float] = time.monotonic
