from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import life_factory as life
import pytest

from wattbench.ledger import states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.ledger import Event
    from wattbench.ledger.records import Seen

WHICH = (life.MODEL, life.REVISION, life.BOARD)


def stands(runs: Sequence[Seen] = (), events: Sequence[Event] = (), hours: float = 10.0) -> tuple[str, str]:
    found = states.standing(WHICH, runs, events, life.NOON + dt.timedelta(hours=hours))
    assert found.words
    assert found.remedy
    return found.state, found.code


def test_it_waits_runs_waits_for_its_second_session_and_is_rated() -> None:
    assert stands() == ("queued", "waiting")
    assert stands(events=[life.running(hours=9)]) == ("running", "measuring")
    assert stands([life.seen("s1", 9.5)], [life.running(hours=9)]) == ("queued", "second-session")
    assert stands([life.seen("s1"), life.seen("s1", 1)]) == ("queued", "second-session")
    assert stands([life.seen("s1"), life.seen("s2", 1)]) == ("rated", "complete")


def test_a_lease_that_has_passed_counts_as_queued_again_and_as_a_fault_of_ours() -> None:
    assert stands(events=[life.running(hours=9, lease_hours=1)], hours=9.9) == ("running", "measuring")
    assert stands(events=[life.running(hours=9, lease_hours=1)], hours=10) == ("queued", "again")


def test_a_fault_of_ours_is_never_the_submitters_and_after_three_a_maintainer_looks() -> None:
    events = [life.failed("infrastructure", f"s{number}", number) for number in range(4)]
    for number in (1, 2):
        found = states.standing(WHICH, (), events[:number], life.NOON)
        assert (found.state, found.code, found.tries) == ("queued", "again", number)
        assert "says nothing of the model" in found.words
        assert found.remedy == states.OURS
    assert stands(events=events[:3]) == ("queued", "attention")
    assert stands(events=[*events, life.requeued(5)]) == ("queued", "waiting")
    # a sound session shows that our machines work
    assert stands([life.seen("s9", 3.5)], events) == ("queued", "second-session")


@pytest.mark.parametrize("gate", ["energy spread", "hardware throttling", "reference drift", "workload"])
def test_a_gate_that_the_host_fails_is_measured_again(gate: str) -> None:
    assert stands([life.seen("s1", 0, gate)]) == ("queued", "again")
    assert stands([life.seen(f"s{number}", number, gate) for number in range(3)]) == ("queued", "attention")


@pytest.mark.parametrize("gate", sorted(states.MODELS_OWN))
def test_a_gate_that_the_model_fails_is_the_submissions_with_a_remedy(gate: str) -> None:
    assert stands([life.seen("s1", 0, "energy spread", gate)]) == ("failed", f"gate-{gate.replace(' ', '-')}")


def test_what_fails_through_the_submission_stays_so_until_a_maintainer_asks_again() -> None:
    events = [life.failed("submission", code="no-safetensors")]
    assert stands(events=events) == ("failed", "no-safetensors")
    assert stands(events=[*events, life.requeued(1)]) == ("queued", "waiting")
    assert stands(events=[*events, life.requeued(1, board=None)]) == ("queued", "waiting")


def test_a_withdrawn_result_is_measured_no_more_unless_it_is_asked_again() -> None:
    runs = [life.seen("s1"), life.seen("s2", 1)]
    assert stands(runs, [life.withdrawn(2)]) == ("withdrawn", "withdrawn-fault")
    assert stands(runs, [life.withdrawn(2, board=life.BOARD)]) == ("withdrawn", "withdrawn-fault")
    assert stands(runs, [life.withdrawn(2, revisions=(life.OTHER,))]) == ("rated", "complete")
    # what was measured before stays withdrawn: both sessions are wanted anew
    assert stands(runs, [life.withdrawn(2), life.requeued(3)]) == ("queued", "waiting")
    assert stands([*runs, life.seen("s3", 4)], [life.withdrawn(2), life.requeued(3)]) == ("queued", "second-session")


def test_one_withdrawn_run_makes_room_for_another_session() -> None:
    runs = [life.seen("s1"), life.seen("s2", 1)]
    assert stands(runs, [life.withdrawn(2, run=runs[0].name)]) == ("queued", "second-session")


def test_an_owner_who_opts_out_is_left_alone_for_good() -> None:
    out = life.ledger.OptedOut(at=life.at(1), model=life.MODEL, note="asked by its owner")
    assert stands((), [out, life.requeued(2)]) == ("withdrawn", "opted-out")


def test_a_dispute_wants_a_third_session_and_then_a_decision() -> None:
    runs = [life.seen("s1"), life.seen("s2", 1)]
    assert stands(runs, [life.disputed(2)]) == ("queued", "dispute")
    assert stands([*runs, life.seen("s3", 3)], [life.disputed(2)]) == ("rated", "disputed")
    assert stands(runs, [life.disputed(2), life.resolved(3)]) == ("rated", "complete")
    assert stands(runs, [life.disputed(2), life.withdrawn(3)]) == ("withdrawn", "withdrawn-fault")


def test_asked_again_a_complete_result_wants_as_many_sessions_as_were_asked() -> None:
    runs = [life.seen("s1"), life.seen("s2", 1)]
    found = states.standing(WHICH, runs, [life.requeued(2, sessions=2)], life.NOON)
    assert (found.state, found.code, found.there, found.wanted) == ("queued", "remeasure", 2, 4)
    assert stands([*runs, life.seen("s3", 3), life.seen("s4", 4)], [life.requeued(2, sessions=2)])[0] == "rated"


def test_other_revisions_boards_models_and_protocols_change_nothing() -> None:
    runs = [
        life.seen("s1", revision=life.OTHER),
        life.seen("s2", model="org/two"),
        life.seen("s3", board=life.BOARD.replace("fp16", "fp32")),
        life.seen("s4", protocol="quick"),
    ]
    events = [life.running(hours=9, revision=life.OTHER), life.running(hours=9, model="org/two")]
    assert stands(runs, events) == ("queued", "waiting")


def test_what_no_rated_edition_accepts_is_measured_and_unrated() -> None:
    board = life.BOARD.replace("~nvml", "~estimate")
    runs = [life.seen("s1", board=board), life.seen("s2", 1, board=board)]
    found = states.standing((life.MODEL, life.REVISION, board), runs, (), life.NOON)
    assert (found.state, found.code) == ("unrated", "estimated")
    runs = [life.seen("s1", protocol="quick"), life.seen("s2", 1, protocol="quick")]
    found = states.standing(WHICH, runs, (), life.NOON, "quick")
    assert (found.state, found.code) == ("unrated", "quick-protocol")
