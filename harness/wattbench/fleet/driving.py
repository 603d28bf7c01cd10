"""The driver: reads the queue, gives hosts what fits them, writes what comes back, until nothing is left.

All that it must not forget lies in the logbook and in the run files: it can be killed at any time and started again.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wattbench.fleet import Assignment, logbook, placement, results
from wattbench.fleet.events import CheckedIn, Failed, Lost, Measured, Noted, TurnedAway
from wattbench.fleet.fitness import Fitness
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wattbench.fleet import Host, Slot
    from wattbench.fleet.events import Cluster, Event
    from wattbench.fleet.host import Sent
    from wattbench.fleet.job import Job
    from wattbench.fleet.placement import Backlog, Who
    from wattbench.runs import Run

TRIES = 3  # hosts that an assignment may cost before a person looks at it


@dataclass(slots=True)
class Driver:
    """A driver at work. Everything in here can be had again from the logbook, the run files and the cluster.

    busy: by host, what it measures; until: when it is given up. again: what was cut off, since when. done_on: devices
    that have measured a submission's sessions. given_up: what has cost too many hosts, and why. left: what a host
    lacked something for. news: sessions since the queue was read.
    """

    job: Job
    fitness: Fitness = field(default_factory=Fitness)
    hosts: dict[str, Host] = field(default_factory=dict)
    busy: dict[str, Assignment] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    again: dict[str, tuple[Assignment, float]] = field(default_factory=dict)
    given_up: dict[str, tuple[Assignment, str]] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=dict)
    kinds: frozenset[tuple[str, int, str]] | None = None
    done_on: dict[Who, set[str]] = field(default_factory=lambda: defaultdict(set))
    left: dict[Who, str] = field(default_factory=dict)
    turned_away: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    news: int = 0
    sessions: int = 0

    def start(self, runs: Iterable[Run]) -> None:
        """Do what a driver before this one left undone, and learn from what is there."""
        state = self.job.state
        results.tidy(state)
        for record in results.publish(state, self.job.out):
            self.job.tell(f"{record.key}: arrived before the last driver ended, now in its place")
        for record in logbook.records(state):
            self._done(record)
        for assignment in logbook.still_open(state):
            if logbook.record_file(state, assignment.key).is_file():
                logbook.closed(state, assignment.key)
            else:
                self.again[assignment.key] = (assignment, self.job.clock())
        self.fitness.learn(runs)

    def work(self, cluster: Cluster) -> None:
        """Measure until nothing is left, or no host that fits has come for a while."""
        last, told = self.job.clock(), list[str]()
        while True:
            self.fitness.drained = logbook.drained(self.job.state)
            self._fill()
            self._give(cluster)
            if self.hosts and not (self.busy or self.backlog or self.again):
                return
            if self.hosts and not self.busy and told != (told := self.waits()):
                for words in told:
                    self.job.tell(words)
            for name in [name for name in self.busy if self.job.clock() > self.until[name]]:
                self.job.tell(f"{name} has not been heard of for too long: it is given up")
                cluster.give_up(name)
            for event in cluster.events(1.0):
                self._hear(event, cluster)
                last = self.job.clock()
            if not self.busy and self.job.clock() - last > self.job.patience_seconds:
                return

    def waits(self) -> list[str]:
        """Say which boards wait, and for what."""
        left = {board: list(line) for board, line in self.backlog.items()}
        for assignment, _ in self.again.values():
            left.setdefault(assignment.board, []).extend(assignment.slots)
        return list(placement.waits(left, list(self.hosts.values()), self.fitness.why_not))

    def _fill(self) -> None:
        """Read the queue again where all of it has been given away, or hosts of another kind have come."""
        kinds = frozenset((one.sku, one.count, one.meter) for one in self.hosts.values()) | (self.kinds or frozenset())
        if kinds == self.kinds and (self.backlog or self.busy or self.again or not self.news):
            return
        self.kinds, self.news = kinds, 0
        found = logbook.records(self.job.state)
        out = (*self.busy.values(), *(one for one, _ in (*self.again.values(), *self.given_up.values())))
        refused = {slot.who for record in found for slot in record.slots if slot.key in record.refused}
        slots = placement.slots_of(
            self.job.queue(list(self.hosts.values())),
            logbook.numbers(slot for record in found for slot in record.slots),
            logbook.numbers(slot for assignment in out for slot in assignment.slots),
            refused | set(self.left),
        )
        self.backlog = placement.shuffled(slots, self.job.seed)

    def _give(self, cluster: Cluster) -> None:
        """Give every free host what it measures next: first what was cut off, then from the queue."""
        hosts = list(self.hosts.values())
        free = {one.name: one for one in hosts if one.name not in self.busy}
        for key, (assignment, since) in list(self.again.items()):
            taker = self._taker(assignment, since, hosts, free)
            if taker is not None:
                del self.again[key]
                self._hand(cluster, free.pop(taker.name), assignment)
        busy_on: dict[Who, set[str]] = defaultdict(set)
        for name, assignment in self.busy.items():
            for slot in assignment.slots:
                busy_on[slot.who].add(self.hosts[name].device)
        placed = placement.place(
            self.backlog,
            list(free.values()),
            hosts,
            lambda who: self.done_on.get(who, set()) | busy_on.get(who, set()),
            self.fitness.why_not,
            self.job.candidates,
        )
        for assignment in placed:
            self._hand(cluster, free[assignment.host], assignment)

    def _taker(self, cut_off: Assignment, since: float, hosts: list[Host], free: Mapping[str, Host]) -> Host | None:
        """Find who takes a session that was cut off: its own host, where it can go on, or later any that fits."""
        fitting = [one for one in hosts if not self.fitness.why_not(cut_off.board, one)]
        own = next((one for one in fitting if one.name == cut_off.host), None)
        if own is not None:
            return free.get(own.name)
        if self.job.clock() - since < self.job.loyalty_seconds:
            return None
        used = set[str]().union(*(self.done_on.get(slot.who, set()) for slot in cut_off.slots))
        fresh = [one for one in fitting if one.device not in used] or fitting
        return next((one for one in fresh if one.name in free), None)

    def _hand(self, cluster: Cluster, host: Host, assignment: Assignment) -> None:
        """Hand an assignment to a host: noted first, so that no driver hands it out a second time by accident."""
        there = {slot: self.job.find(slot.model, slot.revision) for slot in assignment.slots}
        slots = tuple(slot for slot, submission in there.items() if submission is not None)
        if slots != assignment.slots:  # withdrawn meanwhile
            logbook.closed(self.job.state, assignment.key)
        if slots:
            taken = Assignment(slots, host.name)
            logbook.opened(self.job.state, taken)
            self.busy[host.name] = taken
            self.until[host.name] = self.job.clock() + self.job.run_seconds * (len(slots) + 2)
            cluster.measure(host, taken, [one for one in there.values() if one is not None])

    def _hear(self, event: Event, cluster: Cluster) -> None:
        match event:
            case CheckedIn(host):
                self.hosts[host.name] = host
                logbook.checked_in(self.job.state, host)
                self.job.tell(f"{host.name} has checked in: {host.count} x {host.sku}, meter {host.meter}")
            case TurnedAway(name, why):
                if self.turned_away.get(name) != why:
                    self.job.tell(f"{name} is turned away: {why}")
                self.turned_away[name] = why
            case Noted(words):
                self.job.tell(words)
            case Lost(name):
                self.hosts.pop(name, None)
                if (lost := self.busy.pop(name, None)) is not None:
                    self._cut_off(lost, f"{name} was lost")
            case Failed(name, _, problems):
                failed = self.busy.pop(name)
                self.fitness.lacks[name, failed.board.name] = "; ".join(map(str, problems))
                self._cut_off(failed, f"{name} cannot measure it: {problems[0]}")
            case Measured(name, key, sent):
                if self._keep(self.hosts[name], self.busy.pop(name), sent):
                    cluster.forget(name, key)

    def _cut_off(self, assignment: Assignment, why: str) -> None:
        """Measure again what did not come to its end, unless it has cost too many hosts."""
        key = assignment.key
        self.tries[key] += 1
        if self.tries[key] >= TRIES:
            self.given_up[key] = (assignment, f"{assignment.board.name}: {why}, and {TRIES - 1} times before")
            self.job.tell(f"{key} is left to a person: {why}, and so were {TRIES - 1} hosts before")
        else:
            self.again[key] = (assignment, self.job.clock())
            self.job.tell(f"{key}: {why}; it is measured again")

    def _keep(self, host: Host, assignment: Assignment, sent: Sent) -> bool:
        """Write a session to its place, once; and look whether its host is still in control."""
        try:
            runs = results.check(sent.files, self.job.trusted, assignment)
        except Refusal as refusal:
            self._drain(host, f"what it sent does not hold: {refusal.problems[0]}")
            self._cut_off(assignment, f"{host.name} sent what does not hold")
            return False
        slots = tuple(slot for slot in assignment.slots if slot.submission not in sent.lacking)
        refused = {slot.key: why for slot in slots if (why := sent.refused.get(slot.submission))}
        files = results.digests(sent.files)
        record = logbook.Record(assignment.key, host.name, host.device, slots, refused, files)
        if results.keep(self.job.state, record, sent.files):
            self.news += len(list(results.publish(self.job.state, self.job.out)))
            self.sessions += 1
            self._done(record)
            self.job.tell(f"{assignment.board.name}: {len(runs)} runs from {host.name}")
            self.job.enter(assignment.board, runs, sent)
            self.fitness.learn(runs)
            # whether a failed run is worth another session is for the queue to say
            failed = {(one.model.id, one.model.revision, one.board) for one in runs if one.verdict == "fail"}
            placement.leave_out(self.backlog, failed | {slot.who for slot in slots if slot.key in refused})
            for why in self.fitness.out_of_control(host):
                self._drain(host, why)
        self._leave([slot for slot in assignment.slots if slot not in slots], sent.lacking)
        logbook.closed(self.job.state, assignment.key)
        return True

    def _leave(self, slots: Sequence[Slot], why: Mapping[str, str]) -> None:
        """Leave what a host could not measure for want of something: this driver does not ask for it again."""
        for slot in slots:
            self.left[slot.who] = why[slot.submission]
            self.job.tell(f"{slot.submission} is left out on {slot.board.name}: {why[slot.submission]}")

    def _done(self, record: logbook.Record) -> None:
        for slot in record.slots:
            self.done_on[slot.who].add(record.device)

    def _drain(self, host: Host, why: str) -> None:
        now = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
        logbook.drain(self.job.state, logbook.Drained(host.name, why, now))
        self.fitness.drained = logbook.drained(self.job.state)
        self.job.tell(f"{host.name} is drained: {why}")
