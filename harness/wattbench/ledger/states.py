"""The state of a submission on a board: what happened, what comes next, and what its submitter can do. Pure.

A fault of our machines is never the submitter's: such a submission is queued again, and the words say so. After
MOST_TRIES of them in a row it waits for a maintainer instead of for a host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from wattbench.ledger import (
    Corrected,
    Disputed,
    Failed,
    Measured,
    OptedOut,
    Requeued,
    Resolved,
    Running,
    Withdrawn,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from wattbench.ledger import Event
    from wattbench.ledger.records import Seen

State = Literal["queued", "running", "rated", "unrated", "failed", "withdrawn"]
SESSIONS = 2  # METHOD section 3
MOST_TRIES = 3
OURS = "There is nothing to do for you"
# The gates that fail through the model and not through the host, and what its submitter can do.
MODELS_OWN = {
    "queries": "Submit a revision that answers every query",
    "inputs": "Submit a model whose context holds the inputs of this task",
    "answers": "Submit a revision that does this task: answers were empty, all alike or an echo of the input",
    "reasoning": "Ask only for ways of reasoning that the model knows",
    "output length": "Submit a revision that ends its answers before the cap of new tokens",
    "outputs": "Submit a revision that answers alike when it is asked alike",
    "weights": "Submit trained weights, whose hashes are those of the revision",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A state with its reason: `code` for programs, `words` and `remedy` for people.

    `there` of `wanted` sessions are sound; `tries` counts what our machines failed since the last sound one.
    """

    state: State
    code: str
    words: str
    remedy: str
    there: int = 0
    wanted: int = SESSIONS
    tries: int = 0


def standing(
    which: tuple[str, str, str],
    runs: Iterable[Seen],
    events: Iterable[Event],
    now: dt.datetime,
    protocol: str = "official",
    sessions: int = SESSIONS,
) -> Standing:
    """Give the state of a model, revision and board. `now` decides only which leases have passed.

    A run of another protocol is as if it were not there.
    """
    mine = [one for one in runs if (one.model, one.revision, one.board) == which and one.protocol == protocol]
    told = [one for one in events if concerns(one, *which)]
    gone = leaving(told, which[0])
    counting = [run for run in mine if not any(covers(one, run) for one in gone)]
    since = max((one.at for one in told if isinstance(one, Requeued)), default="")
    if ended := _ended(told, since):
        return ended
    sound = {run.session: run.measured_at for run in counting if not run.failed}
    there = len(sound)
    wanted = there + max(sessions - there, *_more(told, sound.values()), 0)
    tries = _tries(told, counting, max([since, *sound.values()]), now)
    if any(_alive(one, told, mine, now) for one in told):
        return Standing("running", "measuring", "a host measures it now", OURS, there, wanted, tries)
    if failure := _failure(told, counting, since):
        return Standing("failed", *failure, there, wanted, tries)
    if there < wanted:
        return Standing("queued", *_why(told, there, tries, sessions), there, wanted, tries)
    return Standing(*_measured(which[2], there, protocol, open_dispute(told)), there, wanted)


def concerns(event: Event, model: str, revision: str, board: str) -> bool:
    """Whether an event says something of a model's revision on a board."""
    if event.model != model:
        return False
    match event:
        case Withdrawn():
            return revision in event.revisions and event.board in {None, board}
        case Requeued():
            return event.revision == revision and event.board in {None, board}
        case Corrected():
            return event.run.rsplit("--", 1)[0] == board
        case OptedOut():
            return True
        case Running() | Failed() | Measured() | Disputed() | Resolved():
            return (event.revision, event.board) == (revision, board)


def leaving(events: Iterable[Event], model: str | None = None) -> list[Withdrawn | Corrected]:
    """The events that take runs out of their pools, of one model or of all: oldest first, the first one counts."""
    found = (one for one in events if isinstance(one, Withdrawn) or (isinstance(one, Corrected) and one.replaced_by))
    return [one for one in found if model is None or one.model == model]


class Known(Protocol):
    """What has to be known of a run to say whether an event takes it out of its pool."""

    @property
    def name(self) -> str:
        """The name of its file."""

    @property
    def model(self) -> str:
        """The model's id."""

    @property
    def revision(self) -> str:
        """The model's revision."""

    @property
    def board(self) -> str:
        """The board's name."""

    @property
    def role(self) -> str:
        """Candidate or reference."""

    @property
    def measured_at(self) -> str:
        """When it was measured."""


def covers(event: Withdrawn | Corrected, run: Known) -> bool:
    """Whether an event takes a run out of its pool: what is measured later stays.

    A run of the reference model holds a whole session's results up: it goes only where it is named itself.
    """
    if event.model != run.model:
        return False
    if isinstance(event, Corrected) or event.run is not None:
        return event.run == run.name
    within = run.revision in event.revisions and event.board in {None, run.board}
    return within and run.role == "candidate" and run.measured_at <= event.at


def open_dispute(events: Iterable[Event]) -> Disputed | None:
    """The last dispute of a board's events that nothing has ended: neither a decision nor a withdrawal."""
    found: Disputed | None = None
    for one in events:
        if isinstance(one, Disputed):
            found = one
        elif isinstance(one, Resolved | Withdrawn):
            found = None
    return found


def _ended(told: Sequence[Event], since: str) -> Standing | None:
    """Say whether it is measured no more: its owner opted out, or all of it was withdrawn and nobody asked again."""
    for one in reversed(told):
        if isinstance(one, OptedOut):
            return Standing("withdrawn", "opted-out", one.note, "Ask the model's owner")
        if isinstance(one, Withdrawn) and one.run is None and one.at >= since:
            return Standing("withdrawn", f"withdrawn-{one.code}", one.note, "Submit another revision")
    return None


def _measured(board: str, there: int, protocol: str, dispute: Disputed | None) -> tuple[State, str, str, str]:
    """Say what a complete result is worth: state, code, words, remedy. Stars are given by the site."""
    if dispute:
        words = "a second measurement disagrees, and a third has been taken: a maintainer decides"
        return "rated", "disputed", words, "Answer in the dispute if you know the cause"
    words = f"measured in {there} sessions, every gate held"
    if board.endswith("~estimate"):
        return "unrated", "estimated", f"{words}; estimates are rated in a demo edition only", OURS
    if protocol != "official":
        return "unrated", "quick-protocol", f"{words}; the protocol {protocol!r} is rated in a demo edition only", OURS
    return "rated", "complete", words, OURS


def _more(told: Sequence[Event], sound: Iterable[str]) -> Iterator[int]:
    """How many sessions are wanted since each event that asks for some."""
    times = list(sound)
    yield 0
    for one in told:
        if isinstance(one, Requeued):
            yield one.sessions - sum(at > one.at for at in times)
    if dispute := open_dispute(told):
        yield 1 - sum(at > dispute.at for at in times)


def _alive(one: Event, told: Sequence[Event], runs: Sequence[Seen], now: dt.datetime) -> bool:
    """Whether a host still measures: it said so, its lease has not passed, and nothing came of it yet."""
    return isinstance(one, Running) and not _over(one, told, runs) and one.until > now


def _over(one: Running, told: Sequence[Event], runs: Sequence[Seen]) -> bool:
    said = any(isinstance(other, Failed | Measured) and other.session == one.session for other in told)
    return said or any(run.session == one.session for run in runs)


def _tries(told: Sequence[Event], runs: Sequence[Seen], since: str, now: dt.datetime) -> int:
    """Count the sessions that our machines have failed since a time."""
    failed = [one for one in told if isinstance(one, Failed) and one.whose == "infrastructure" and one.at > since]
    spoilt = {run.session for run in runs if run.failed and not _own(run) and run.measured_at > since}
    # a session that goes on after a kill says anew that it runs: its last word counts
    open_ones = {one.session: one for one in told if isinstance(one, Running) and not _over(one, told, runs)}
    silent = {session for session, one in open_ones.items() if one.at > since and one.until <= now}
    return len({one.session or one.at for one in failed} | spoilt | silent)


def _own(run: Seen) -> str | None:
    """The first gate that a run failed through the model."""
    return next((name for name in run.failed if name in MODELS_OWN), None)


def _failure(told: Sequence[Event], runs: Sequence[Seen], since: str) -> tuple[str, str, str] | None:
    """Say why it failed through the submission, if it did: code, words, remedy."""
    for one in reversed(told):
        if isinstance(one, Failed) and one.whose == "submission" and one.at > since:
            return one.code, one.words, one.remedy
    for run in runs:
        if (gate := _own(run)) and run.measured_at > since:
            words = f"the gate {gate!r} failed in session {run.session}"
            return f"gate-{gate.replace(' ', '-')}", words, MODELS_OWN[gate]
    return None


def _why(told: Sequence[Event], there: int, tries: int, sessions: int) -> tuple[str, str, str]:
    """Say why it waits: code, words, remedy."""
    if tries >= MOST_TRIES:
        words = f"our machines failed {tries} times in a row, which says nothing of the model: a maintainer looks at it"
        return "attention", words, OURS
    if open_dispute(told):
        return "dispute", "a second measurement disagrees: a third session decides", OURS
    if tries:
        failed = "once" if tries == 1 else f"{tries} times"
        return "again", f"our machines failed {failed}, which says nothing of the model: it is measured again", OURS
    if there == 0:
        return "waiting", "it waits for a host", OURS
    if there < sessions:
        return "second-session", f"measured in {there} of {sessions} sessions: the next waits for a host", OURS
    return "remeasure", "it is measured again, as some results are without being asked", OURS
