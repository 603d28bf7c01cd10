"""One call measures all that a submission asks for: precisions, scenarios, and what lies beside every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import shelf_factory
from test_session import FAST, setting

from wattbench import ladder, plans, replay, runs, session, submissions, tables
from wattbench.boards import Board
from wattbench.problems import ModelRefused, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.runs import Run


def asked(folder: Path, **fields: Any) -> submissions.Submission:
    """Ask for more than the usual: `scenarios`, `precisions`."""
    path = shelf_factory.submission(folder)
    text = path.read_text()
    for name, values in fields.items():
        line = f"{name}: [{', '.join(values)}]"
        text = "\n".join([*(one for one in text.splitlines() if not one.startswith(f"{name}:")), line, ""])
    path.write_text(text)
    return submissions.load(path)


def shelf(folder: Path, **echo: Any) -> None:
    """Put an echo model on the Shelf whose batches cost something of their own."""
    shelf_factory.echo_shelf(folder / "shelf", milliseconds=0.4)
    settings = {"milliseconds_a_batch": 4.0} | echo
    shelf_factory.put_model(folder / "shelf", "org/quick", shelf_factory.REVISION, shelf_factory.echo(0.4, **settings))


def candidate(folder: Path, plan: plans.Plan) -> tuple[Path, Run]:
    (found,) = [(path, one) for path, one in session.run(plan, setting(folder)) if one.role == "candidate"]
    return found


def test_a_submission_gets_one_board_for_each_precision_and_scenario(tmp_path: Path) -> None:
    shelf(tmp_path)
    one = asked(tmp_path, precisions=("fp32", "bf16"), scenarios=("single", "saturated"))
    planned = plans.plan([one], setting(tmp_path), version=0)
    found = {(plan.board.precision, plan.board.scenario) for plan in planned}
    assert found == {("fp32", "single"), ("fp32", "saturated"), ("bf16", "single"), ("bf16", "saturated")}
    assert {plan.board.reasoning for plan in planned} == {"off"}


def test_a_saturated_run_keeps_its_whole_ladder_and_is_measured_at_its_end(tmp_path: Path) -> None:
    shelf(tmp_path)
    (plan,) = plans.plan([asked(tmp_path, scenarios=("saturated",))], setting(tmp_path), version=0)
    path, run = candidate(tmp_path, plan)
    assert Board.parse(run.board).scenario == "saturated"
    assert [rung.batch for rung in run.ladder][:2] == [1, 2]
    assert {one.batch for one in run.passes} == {ladder.batch_of(run.ladder, FAST)}
    first, second = (rung.window.joules / rung.window.queries for rung in run.ladder[:2])  # type: ignore[union-attr, operator]
    assert second < first
    assert run.backend["options"]["by_length"] is True
    verdicts = {gate.name: gate.verdict for gate in run.gates}
    assert verdicts["batches"] == "pass"
    beside = {what: (path.parent / f"{one.sha256}.parquet").read_bytes() for what, one in run.beside.items()}
    assert replay.differences(run, beside, path) == []


def test_a_batch_that_does_not_fit_ends_the_ladder_and_not_the_run(tmp_path: Path) -> None:
    shelf(tmp_path, batch_at_most=2)
    (plan,) = plans.plan([asked(tmp_path, scenarios=("saturated",))], setting(tmp_path), version=0)
    _, run = candidate(tmp_path, plan)
    assert [rung.batch for rung in run.ladder] == [1, 2, 4]
    assert run.ladder[-1].exhausted == "memory ended in a batch of 4 (MemoryError)"
    assert {one.batch for one in run.passes} == {2}
    assert run.passes[0].answered == run.passes[0].queries


def test_a_model_for_which_one_query_is_too_much_is_refused_by_name(tmp_path: Path) -> None:
    shelf(tmp_path, batch_at_most=0)
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    with pytest.raises(ModelRefused, match=r"org/quick.*memory ended in a batch of 1"):
        list(session.run(plan, setting(tmp_path)))


def test_the_scores_of_every_query_lie_beside_the_run(tmp_path: Path) -> None:
    shelf(tmp_path)
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    path, run = candidate(tmp_path, plan)
    assert run.scores is not None
    rows = tables.from_bytes((path.parent / f"{run.scores.sha256}.parquet").read_bytes(), tables.SCORES)
    assert [row["query"] for row in rows] == list(range(run.workload.rows))
    assert len({row["output_sha256"] for row in rows}) == run.passes[0].distinct
    assert all(row["score"] is None or -1 <= row["score"] <= 1 for row in rows)
    assert not any(row["private"] for row in rows)
    assert list((tmp_path / "out").rglob("*.parquet"))
    assert not (tmp_path / "out" / ".sessions").exists() or not list((tmp_path / "out" / ".sessions").iterdir())


def test_private_rows_are_measured_alone_and_judged(tmp_path: Path) -> None:
    shelf(tmp_path)
    rows = [row | {"private": number % 2 == 0} for number, row in enumerate(shelf_factory.texts())]
    shelf_factory.put_workload(tmp_path / "shelf", "sentence-similarity", rows)
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    _, run = candidate(tmp_path, plan)
    assert set(run.parts) == {"public", "private"}
    assert run.parts["private"].queries % 3 == 0
    assert run.parts["public"].queries % 2 == 0


def test_everything_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    good = asked(tmp_path)
    with pytest.raises(Refusal) as refused:
        plans.plan([good], setting(tmp_path), version=0)
    assert {problem.field for problem in refused.value.problems} == {"model", "workload"}
    assert len(refused.value.problems) == 3  # the model, the reference and the workload


def test_a_task_without_a_pinned_reference_can_be_tried_and_is_never_rated(tmp_path: Path) -> None:
    shelf(tmp_path)
    (plan,) = plans.plan([asked(tmp_path)], setting(tmp_path), version=0)
    alone = plans.Plan(plan.board, plan.workload, None, plan.candidates)
    ((_, run),) = list(session.run(alone, setting(tmp_path)))
    assert run.role == "candidate"
    drift = next(gate for gate in run.gates if gate.name == "reference drift")
    assert (drift.verdict, drift.why) == ("fail", "no reference model is pinned for this board")
    assert runs.read_all(tmp_path / "out")
