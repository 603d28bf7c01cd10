"""Which host measures what next. Pure.

A host fits a board by its device, meter, driver and calibration. It takes some slots of one board at a time, for one
session. The queue's order holds but for a shuffle among neighbours; sessions of one submission go to different hosts
where more than one fits.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from wattbench.fleet import Assignment, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from wattbench.boards import Board
    from wattbench.fleet import Host, Wanted

    Who = tuple[str, str, str]
    Backlog = dict[Board, deque[Slot]]
    WhyNot = Callable[[Board, Host], Sequence[str]]

SHUFFLED_TOGETHER = 64  # turns of the queue: nobody is overtaken by more
CANDIDATES = 8  # in a session; the reference model's two runs serve them all


def slots_of(
    wanted: Iterable[Wanted],
    done: Mapping[Who, Collection[int]],
    under_way: Mapping[Who, Collection[int]],
    refused: Collection[Who] = (),
) -> Iterator[Slot]:
    """Give the slots that are still to be handed out, but none of models that were `refused`.

    `done` and `under_way` are numbers that a fleet has measured or is measuring. Sessions that are there without a
    record, measured by hand, take the lowest numbers that are free.
    """
    for turn, one in enumerate(wanted):
        who = (one.model, one.revision, one.board.name)
        if who in refused:
            continue
        has, gets = done.get(who, ()), under_way.get(who, ())
        free = (number for number in itertools.count(1) if number not in has and number not in gets)
        by_hand = max(0, one.sessions_there - len(has))
        missing = max(0, one.sessions_wanted - one.sessions_there - len(gets))
        for number in itertools.islice(free, by_hand, by_hand + missing):
            yield Slot(one.model, one.revision, one.board, number, turn)


def shuffled(slots: Iterable[Slot], seed: str) -> Backlog:
    """Lay slots out by board, in the queue's order but shuffled among neighbours; first sessions before second ones."""

    def draw(slot: Slot) -> tuple[int, int, bytes]:
        chance = hashlib.sha256(f"{seed}\n{slot.key}".encode()).digest()
        return (slot.turn // SHUFFLED_TOGETHER, slot.number, chance)

    backlog: Backlog = defaultdict(deque)
    for slot in sorted(slots, key=draw):
        backlog[slot.board].append(slot)
    return backlog


def fit(board: Board, host: Host, driver: str | None = None) -> list[str]:
    """Say why a host does not fit a board, in clauses; an empty list where it does.

    `driver` is the branch that the board's runs have; None where it has none yet.
    """
    found = []
    if (host.sku, host.count) != (board.sku, board.count):
        found.append(f"it has {host.count} x {host.sku}")
    if host.meter != board.meter:
        found.append(f"its meter is {host.meter}")
    if not found and driver is not None and branch(host.driver) != driver:
        found.append(f"its driver is {host.driver}, and the board's runs have branch {driver}")
    return found


def branch(driver: str | None) -> str | None:
    """Give the branch of a driver's version: `580` of `580.65.06`."""
    return None if driver is None else driver.split(".", maxsplit=1)[0]


def place(
    backlog: Backlog,
    free: Sequence[Host],
    hosts: Sequence[Host],
    used: Callable[[Who], Collection[str]],
    why_not: WhyNot,
    candidates: int = CANDIDATES,
) -> list[Assignment]:
    """Give each free host what it measures next, and take that off the backlog.

    `used` gives the devices that have measured, or measure now, a submission's other sessions.
    """
    fitting = {board: {one.device for one in hosts if not why_not(board, one)} for board in backlog}
    taken: dict[Who, set[str]] = defaultdict(set)
    found = []
    for host in free:

        def barred(slot: Slot, host: Host = host) -> bool:
            others = taken[slot.who].union(used(slot.who))
            return host.device in others and not fitting[slot.board] <= others

        slots = _take(backlog, [board for board in backlog if host.device in fitting[board]], barred, candidates)
        for slot in slots:
            taken[slot.who].add(host.device)
        if slots:
            found.append(Assignment(slots, host.name))
    return found


def _take(backlog: Backlog, boards: Sequence[Board], barred: Callable[[Slot], bool], most: int) -> tuple[Slot, ...]:
    """Take the next slots of the board whose turn it is, each submission once."""
    for board in sorted(boards, key=lambda one: (backlog[one][0].turn // SHUFFLED_TOGETHER, backlog[one][0].key)):
        line, picked, passed = backlog[board], dict[tuple[str, str, str], Slot](), list[Slot]()
        while line and len(picked) < most:
            slot = line.popleft()
            if slot.who in picked or barred(slot):
                passed.append(slot)
            else:
                picked[slot.who] = slot
        line.extendleft(reversed(passed))
        if not line:
            del backlog[board]
        if picked:
            return tuple(picked.values())
    return ()


def put_back(backlog: Backlog, slots: Iterable[Slot]) -> None:
    """Put slots back at the head of their line."""
    for slot in reversed(tuple(slots)):
        backlog.setdefault(slot.board, deque()).appendleft(slot)


def leave_out(backlog: Backlog, gone: Collection[Who]) -> None:
    """Take every slot of some submissions off their boards."""
    for board in {board for board, line in backlog.items() if any(slot.who in gone for slot in line)}:
        left = deque(slot for slot in backlog.pop(board) if slot.who not in gone)
        if left:
            backlog[board] = left


def waits(backlog: Mapping[Board, Collection[Slot]], hosts: Sequence[Host], why_not: WhyNot) -> Iterator[str]:
    """Say which boards wait although hosts are free, and for what: those that no host here fits."""
    for board, slots in sorted(backlog.items()):
        reasons = {one.name: why_not(board, one) for one in hosts}
        if all(reasons.values()):
            told = "; ".join(f"{name}: {', '.join(why)}" for name, why in sorted(reasons.items()))
            needs = f"{board.count} x {board.sku} with the meter {board.meter}"
            yield f"{board.name}: {len(slots)} sessions wait for a host with {needs}" + (
                f" ({told})" if told else " (no host has checked in)"
            )
