"""Placement, clocks, the logbook and the driver, without Ray: a cluster written by hand stands in."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import site_factory
from evidence_factory import by_id, new_key, put

from wattbench import evidence
from wattbench.boards import Board
from wattbench.fleet import Assignment, Host, Slot, clocks, driving, logbook, placement, results
from wattbench.fleet.events import CheckedIn, Failed, Lost, Measured, TurnedAway
from wattbench.fleet.host import Sent
from wattbench.fleet.job import Job
from wattbench.problems import Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.fleet.events import Event

BOARD = Board("sentence-similarity", 1, "h100-sxm5-80gb", "fp16")
OTHER = replace(BOARD, sku="l40s")
REVISION = "a" * 40


def host(number: int, **changes: Any) -> Host:
    fields = {
        "node": f"n{number}",
        "name": f"host-{number}",
        "device": f"GPU-{number}",
        "sku": BOARD.sku,
        "count": 1,
        "meter": "nvml",
        "driver": "580.65.06",
        "keyid": "k",
        "skew_seconds": 0.0,
    }
    return Host(**(fields | changes))


@dataclass(frozen=True)
class Waits:
    model: str
    board: Board = BOARD
    sessions_wanted: int = 2
    sessions_there: int = 0
    revision: str = REVISION


def who(model: str, board: Board = BOARD) -> tuple[str, str, str]:
    return (model, REVISION, board.name)


def fits(board: Board, one: Host) -> list[str]:
    return placement.fit(board, one)


# --- which slots there are


def test_a_submission_gets_the_sessions_that_it_lacks() -> None:
    slots = list(placement.slots_of([Waits("a/b"), Waits("a/c", sessions_there=1)], {}, {}))
    assert [(one.model, one.number) for one in slots] == [("a/b", 1), ("a/b", 2), ("a/c", 2)]


@pytest.mark.parametrize(
    ("done", "under_way", "there", "numbers"),
    [
        ({1}, set(), 1, [2]),
        ({2}, set(), 1, [1]),
        ({2}, {1}, 1, []),  # the driver died between the two: the one under way still comes
        (set(), {1, 2}, 0, []),
        (set(), {2}, 1, []),  # one by hand, one under way
        ({1, 2}, set(), 0, [3, 4]),  # measured, and not sound: the queue wants others
    ],
)
def test_what_is_done_or_under_way_is_not_asked_for_again(
    done: set[int], under_way: set[int], there: int, numbers: list[int]
) -> None:
    wanted = [Waits("a/b", sessions_there=there)]
    found = placement.slots_of(wanted, {who("a/b"): done}, {who("a/b"): under_way})
    assert [one.number for one in found] == numbers


def test_a_refused_model_is_not_tried_again() -> None:
    assert list(placement.slots_of([Waits("a/b")], {}, {}, {who("a/b")})) == []


def test_the_order_is_shuffled_by_the_seed_among_neighbours_only() -> None:
    slots = list(placement.slots_of([Waits(f"a/m{number:03d}") for number in range(200)], {}, {}))
    one, same, other = (list(placement.shuffled(slots, seed)[BOARD]) for seed in ("1", "1", "2"))
    assert one == same
    assert one != other
    assert sorted(one, key=lambda slot: slot.key) == sorted(slots, key=lambda slot: slot.key)
    blocks = [slot.turn // placement.SHUFFLED_TOGETHER for slot in one]
    assert blocks == sorted(blocks)
    assert [slot.turn for slot in one] != sorted(slot.turn for slot in one)


# --- which host takes them


def placed(slots: Sequence[Slot], hosts: Sequence[Host], **changes: Any) -> list[Assignment]:
    backlog = placement.shuffled(slots, "1")
    settings: dict[str, Any] = {"used": lambda _who: (), "why_not": fits, "free": hosts} | changes
    return placement.place(backlog, settings.pop("free"), hosts, **settings)


def test_a_host_takes_several_models_of_one_board_and_each_once() -> None:
    slots = list(placement.slots_of([Waits("a/b"), Waits("a/c"), Waits("a/b", OTHER)], {}, {}))
    (one,) = placed(slots, [host(1)])
    assert {slot.board for slot in one.slots} == {BOARD}
    assert sorted(slot.model for slot in one.slots) == ["a/b", "a/c"]


def test_two_sessions_of_a_submission_go_to_two_hosts() -> None:
    slots = list(placement.slots_of([Waits("a/b")], {}, {}))
    first, second = placed(slots, [host(1), host(2)])
    assert {first.host, second.host} == {"host-1", "host-2"}
    # the other host is busy: the second session waits for it
    assert [one.slots[0].number for one in placed(slots, [host(1), host(2)], free=[host(1)])] == [1]
    assert placed(slots[1:], [host(1), host(2)], free=[host(1)], used=lambda _who: {"GPU-1"}) == []


def test_where_only_one_host_fits_it_takes_both_sessions() -> None:
    slots = list(placement.slots_of([Waits("a/b")], {}, {}))
    hosts = [host(1), host(2, sku="l40s")]
    assert [one.host for one in placed(slots[1:], hosts, used=lambda _who: {"GPU-1"})] == ["host-1"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sku": "l40s"}, "it has 1 x l40s"),
        ({"count": 2}, "it has 2 x h100-sxm5-80gb"),
        ({"meter": "estimate"}, "its meter is estimate"),
        ({"driver": "550.54.15"}, "its driver is 550.54.15, and the board's runs have branch 580"),
        ({}, None),
    ],
)
def test_a_host_fits_by_device_meter_and_driver(changes: dict[str, Any], why: str | None) -> None:
    assert placement.fit(BOARD, host(1, **changes), "580") == ([why] if why else [])


def test_boards_that_no_host_fits_say_what_they_wait_for() -> None:
    backlog = placement.shuffled(placement.slots_of([Waits("a/b"), Waits("a/b", OTHER)], {}, {}), "1")
    (told,) = placement.waits(backlog, [host(1)], fits)
    assert told.startswith(f"{OTHER.name}: 2 sessions wait for a host with 1 x l40s with the meter nvml")
    assert "host-1: it has 1 x h100-sxm5-80gb" in told
    assert "no host has checked in" in next(placement.waits(backlog, [], fits))


def test_what_is_put_off_stays_in_its_order() -> None:
    slots = list(placement.slots_of([Waits(f"a/m{number}") for number in range(9)], {}, {}))
    backlog = placement.shuffled(slots, "1")
    before = list(backlog[BOARD])
    (taken,) = placement.place(backlog, [host(1)], [host(1)], lambda _who: (), fits, candidates=3)
    assert [*taken.slots, *backlog[BOARD]] == before


# --- clocks


def test_the_skew_is_that_of_the_quickest_round_trip() -> None:
    now = iter([0.0, 2.0, 10.0, 10.1, 20.0, 21.0])  # trips of 2, 0.1 and 1 s
    theirs = iter([5.0, 10.35, 99.0])
    skew, uncertain = clocks.skew(lambda: next(theirs), lambda: next(now), trips=3)
    assert skew == pytest.approx(0.3)
    assert uncertain == pytest.approx(0.05)


def test_a_clock_beyond_200_ms_is_refused_with_the_figure() -> None:
    assert clocks.why_refused(0.2) is None
    assert "312 ms ahead of" in (clocks.why_refused(0.312) or "")
    assert "1250 ms behind" in (clocks.why_refused(-1.25) or "")


# --- results


def bundle(folder: Path, model: str = "org/small", **changes: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Give a signed run as a host sends it, and whom to trust."""
    file = put(folder / "there", model=model, **changes)
    trusted = new_key(folder)
    evidence.sign_run(file, folder / "key.pem")
    there = folder / "there"
    files = {path.relative_to(there).as_posix(): path.read_bytes() for path in there.rglob("*") if path.is_file()}
    return files, by_id(trusted)


def record(key: str, files: dict[str, bytes]) -> logbook.Record:
    return logbook.Record(key, "host-1", "GPU-1", (Slot("a/b", REVISION, BOARD, 1),), {}, results.digests(files))


def test_a_session_is_kept_once_and_the_first_to_come_stays(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    assert results.keep(state, record("k", {"a/b/runs/1.json": b"first"}), {"a/b/runs/1.json": b"first"})
    assert not results.keep(state, record("k", {"a/b/runs/2.json": b"late"}), {"a/b/runs/2.json": b"late"})
    assert [one.key for one in results.publish(state, out)] == ["k"]
    assert not results.keep(state, record("k", {"a/b/runs/2.json": b"late"}), {"a/b/runs/2.json": b"late"})
    assert [path.name for path in out.rglob("*.json")] == ["1.json"]
    assert [one.key for one in logbook.records(state)] == ["k"]


def test_a_driver_that_dies_while_it_publishes_does_the_rest_when_it_starts_again(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    files = {"a/b/runs/1.json": b"one", "a/b/runs/2.json": b"two"}
    results.keep(state, record("k", files), files)
    (out / "a/b/runs").mkdir(parents=True)
    (out / "a/b/runs/1.json").write_bytes(b"one")  # as far as it came
    list(results.publish(state, out))
    assert {path.name: path.read_bytes() for path in (out / "a/b/runs").iterdir()} == {
        "1.json": b"one",
        "2.json": b"two",
    }
    assert list(results.publish(state, out)) == []


def asked_for(model: str = "org/small", board: str = site_factory.SIMILARITY) -> Assignment:
    revision = site_factory.run().model.revision
    return Assignment((Slot(model, revision, Board.parse(board), 1),), "host-1")


def test_a_bundle_must_be_signed_in_its_place_and_as_it_was_asked_for(tmp_path: Path) -> None:
    files, trusted = bundle(tmp_path)
    (run,) = results.check(files, trusted, asked_for())
    assert run.model.id == "org/small"
    with pytest.raises(Refusal, match="no trusted key"):
        results.check(files, {}, asked_for())
    with pytest.raises(Refusal, match=r"board: is .*"):
        results.check(files, trusted, asked_for(board=site_factory.GPU))
    with pytest.raises(Refusal, match="org/small: model: was not asked for"):
        results.check(files, trusted, asked_for("org/large"))
    unsigned = {name: data for name, data in files.items() if not name.endswith(".dsse.json")}
    with pytest.raises(Refusal, match="nobody vouches"):
        results.check(unsigned, trusted, asked_for())
    with pytest.raises(Refusal, match="is no place of a run"):
        results.check({"../../etc/passwd": b""}, trusted, asked_for())
    changed = {name: data + b" " if name.endswith("parquet") else data for name, data in files.items()}
    with pytest.raises(Refusal, match="is not what its name says"):
        results.check(changed, trusted, asked_for())


def test_a_bundle_holds_one_session(tmp_path: Path) -> None:
    trusted = new_key(tmp_path)
    for session in ("s1", "s2"):
        evidence.sign_run(put(tmp_path / "there", model="org/small", session=session), tmp_path / "key.pem")
    there = tmp_path / "there"
    files = {path.relative_to(there).as_posix(): path.read_bytes() for path in there.rglob("*") if path.is_file()}
    with pytest.raises(Refusal, match="session: is not one but s1, s2"):
        results.check(files, by_id(trusted), asked_for())


# --- the driver


@dataclass
class ByHand:
    """A cluster that does what a script says: `answers` gives what becomes of an assignment."""

    hosts: list[Host]
    answers: Any
    said: list[Event] = field(default_factory=list)
    asked: list[Assignment] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    begun: bool = False

    def events(self, timeout: float) -> list[Event]:
        if not self.begun:
            self.begun = True
            return [CheckedIn(one) for one in self.hosts]
        self.clock = getattr(self, "clock", 0.0) + timeout
        said, self.said = self.said[:1], self.said[1:]
        return said

    def measure(self, one: Host, assignment: Assignment, _submissions: Sequence[Any]) -> None:
        self.asked.append(assignment)
        self.said += self.answers(one, assignment)

    def prefetch(self, _host: Host, _models: object, _task: str) -> None:
        """Nothing to fetch."""

    def give_up(self, name: str) -> None:
        self.said.append(Lost(name))

    def forget(self, _host: str, key: str) -> None:
        self.forgotten.append(key)


def job(folder: Path, wanted: Sequence[Waits], **changes: Any) -> Job:
    """Give a job whose queue believes the logbook."""

    def queue(_hosts: Sequence[Host]) -> list[Waits]:
        done = Counter(slot.who for one in logbook.records(folder / "state") for slot in one.slots)
        return [replace(one, sessions_there=done[who(one.model, one.board)]) for one in wanted]

    ticks = iter(range(10**6))
    fields: dict[str, Any] = {
        "state": folder / "state",
        "out": folder / "out",
        "queue": queue,
        "find": lambda model, _revision: model,
        "trusted": {},
        "seed": "1",
        "candidates": 1,
        "loyalty_seconds": 3,
        "patience_seconds": 40,
        "clock": lambda: float(next(ticks)),
    }
    return Job(**(fields | changes))


def done(one: Host, assignment: Assignment) -> list[Event]:
    return [Measured(one.name, assignment.key, Sent({}))]


def drive(cluster: ByHand, the_job: Job) -> driving.Driver:
    driver = driving.Driver(the_job)
    driver.start([])
    driver.work(cluster)
    return driver


def slots_done(folder: Path) -> Counter[str]:
    return Counter(slot.key for one in logbook.records(folder / "state") for slot in one.slots)


def test_everything_is_measured_once_and_then_it_ends(tmp_path: Path) -> None:
    cluster = ByHand([host(1), host(2)], done)
    driver = drive(cluster, job(tmp_path, [Waits("a/b"), Waits("a/c")]))
    assert (driver.sessions, driver.waits()) == (4, [])
    assert set(slots_done(tmp_path).values()) == {1}
    assert sorted(cluster.forgotten) == sorted(one.key for one in cluster.asked)
    by_model = defaultdict(set)
    for one in cluster.asked:
        by_model[one.slots[0].model].add(one.host)
    assert by_model == {"a/b": {"host-1", "host-2"}, "a/c": {"host-1", "host-2"}}


def test_what_a_lost_host_had_is_measured_again_by_another(tmp_path: Path) -> None:
    def answers(one: Host, assignment: Assignment) -> list[Event]:
        return [Lost(one.name)] if one.name == "host-1" else done(one, assignment)

    cluster = ByHand([host(1), host(2)], answers)
    driver = drive(cluster, job(tmp_path, [Waits("a/b", sessions_wanted=1)]))
    assert set(slots_done(tmp_path).values()) == {1}
    assert driver.sessions == 1
    assert {one.key for one in cluster.asked} == {cluster.asked[0].key}


def test_a_host_that_is_silent_for_too_long_is_given_up(tmp_path: Path) -> None:
    def answers(one: Host, assignment: Assignment) -> list[Event]:
        return [] if one.name == "host-1" else done(one, assignment)

    told: list[str] = []
    cluster = ByHand([host(1), host(2)], answers)
    the_job = job(tmp_path, [Waits("a/b", sessions_wanted=1)], run_seconds=20, tell=told.append)
    assert drive(cluster, the_job).sessions == 1
    assert [one.host for one in cluster.asked] == ["host-1", "host-2"]
    assert "host-1 has not been heard of for too long: it is given up" in told


def test_a_session_that_costs_three_hosts_is_left_to_a_person(tmp_path: Path) -> None:
    cluster = ByHand([host(number) for number in range(5)], lambda one, _assignment: [Lost(one.name)])
    told: list[str] = []
    driver = drive(cluster, job(tmp_path, [Waits("a/b", sessions_wanted=1)], tell=told.append))
    assert len(cluster.asked) == driving.TRIES
    assert len(driver.given_up) == 1
    assert any("is left to a person" in words for words in told)
    assert [one.key for one in logbook.still_open(tmp_path / "state")] == list(driver.given_up)


def test_a_host_that_lacks_something_for_a_board_is_not_asked_for_it_again(tmp_path: Path) -> None:
    lacks = refuse("workload", "", "is not on the Shelf", "Build it")

    def answers(one: Host, assignment: Assignment) -> list[Event]:
        bad = one.name == "host-1"
        return [Failed(one.name, assignment.key, lacks.problems)] if bad else done(one, assignment)

    cluster = ByHand([host(1), host(2)], answers)
    driver = drive(cluster, job(tmp_path, [Waits("a/b"), Waits("a/c"), Waits("a/d")]))
    assert Counter(one.host for one in cluster.asked)["host-1"] == 1
    assert driver.sessions == 6


def test_a_model_that_cannot_be_measured_is_recorded_and_the_driver_ends(tmp_path: Path) -> None:
    def answers(one: Host, assignment: Assignment) -> list[Event]:
        who_, sent = assignment.slots[0].submission, Sent({}, {f"a/b@{REVISION}": "it has no safetensors"})
        return [Measured(one.name, assignment.key, sent if who_.startswith("a/b@") else Sent({}))]

    entered: list[Any] = []
    the_job = job(tmp_path, [Waits("a/b"), Waits("a/c")], enter=lambda *told: entered.append(told))
    cluster = ByHand([host(1)], answers)
    drive(cluster, the_job)
    found = [one.refused for one in logbook.records(tmp_path / "state") if one.refused]
    assert {why for one in found for why in one.values()} == {"it has no safetensors"}
    assert len(entered) == len(cluster.asked)


def test_a_model_that_was_refused_loses_its_other_sessions_and_others_keep_theirs() -> None:
    slots = list(placement.slots_of([Waits("a/b"), Waits("a/c"), Waits("a/b", OTHER)], {}, {}))
    backlog = placement.shuffled(slots, "1")
    placement.leave_out(backlog, {who("a/b"), who("a/b", OTHER)})
    assert {board: [slot.model for slot in line] for board, line in backlog.items()} == {BOARD: ["a/c", "a/c"]}


def test_what_was_under_way_when_the_driver_died_goes_back_to_its_host(tmp_path: Path) -> None:
    open_one = Assignment((Slot("a/b", REVISION, BOARD, 1),), "host-2")
    logbook.opened(tmp_path / "state", open_one)
    cluster = ByHand([host(1), host(2)], done)
    drive(cluster, job(tmp_path, [Waits("a/b", sessions_wanted=1)]))
    assert [(one.key, one.host) for one in cluster.asked] == [(open_one.key, "host-2")]
    assert logbook.still_open(tmp_path / "state") == []


def test_a_cluster_without_a_host_that_fits_says_what_waits_and_gives_up_in_the_end(tmp_path: Path) -> None:
    told: list[str] = []
    cluster = ByHand([host(1, sku="l40s")], done)
    driver = drive(cluster, job(tmp_path, [Waits("a/b")], tell=told.append))
    assert cluster.asked == []
    assert driver.waits() == [words for words in told if "wait for a host" in words]
    assert "1 x h100-sxm5-80gb" in driver.waits()[0]


def test_a_drained_host_takes_nothing_new_until_it_is_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    logbook.drain(state, logbook.Drained("host-1", "a fan is loud", "2026-01-01T00:00:00Z"))
    cluster = ByHand([host(1), host(2)], done)
    driver = drive(cluster, job(tmp_path, [Waits("a/b", sessions_wanted=1)]))
    assert [one.host for one in cluster.asked] == ["host-2"]
    logbook.drain(state, logbook.Drained("host-2", "its door is open", "2026-01-01T00:00:00Z"))
    told = drive(ByHand([host(1), host(2)], done), job(tmp_path, [Waits("a/c")])).waits()
    assert "it is drained: a fan is loud" in told[0]
    logbook.drain(state, logbook.Drained("host-1", None, "2026-01-02T00:00:00Z"))
    assert drive(ByHand([host(1), host(2)], done), job(tmp_path, [Waits("a/c")])).sessions == 2
    assert driver.sessions == 1


def test_a_host_that_sends_what_does_not_hold_is_drained_and_its_session_measured_elsewhere(tmp_path: Path) -> None:
    def answers(one: Host, assignment: Assignment) -> list[Event]:
        files = {"a/b/runs/evil.json": b"{}"} if one.name == "host-1" else {}
        return [Measured(one.name, assignment.key, Sent(files))]

    cluster = ByHand([host(1), host(2)], answers)
    drive(cluster, job(tmp_path, [Waits("a/b", sessions_wanted=1), Waits("a/c", sessions_wanted=1)]))
    reasons = {name: one.reason or "" for name, one in logbook.drained(tmp_path / "state").items()}
    assert list(reasons) == ["host-1"]
    assert "what it sent does not hold" in reasons["host-1"]
    assert set(slots_done(tmp_path).values()) == {1}
    assert list((tmp_path / "out").rglob("evil.json")) == []


def test_who_is_turned_away_is_said_once_with_the_reason(tmp_path: Path) -> None:
    told: list[str] = []
    away = TurnedAway("host-9", clocks.why_refused(0.5) or "")

    def answers(one: Host, assignment: Assignment) -> list[Event]:
        return [away, away, *done(one, assignment)]

    drive(ByHand([host(1)], answers), job(tmp_path, [Waits("a/b", sessions_wanted=1)], tell=told.append))
    assert [words for words in told if "turned away" in words] == [f"host-9 is turned away: {away.why}"]


def test_a_second_driver_of_the_same_logbook_is_refused(tmp_path: Path) -> None:
    assert not logbook.is_driven(tmp_path)
    with logbook.alone(tmp_path):
        assert logbook.is_driven(tmp_path)
        with pytest.raises(Refusal, match="has a driver at work already"), logbook.alone(tmp_path):
            pass
    assert not logbook.is_driven(tmp_path)
