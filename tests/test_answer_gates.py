"""The gates of what was asked and answered: nobody is fooled by answers that only look like work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from simulated import World, play
from test_gates import evidence, gate, one_pass

from wattbench.answering import Answered, Clock, batches, counts
from wattbench.gates import OFFICIAL, judge_run
from wattbench.protocol import OFFICIAL as PROTOCOL
from wattbench.runs import Rung
from wattbench.tasks import Output, find


def verdict(name: str, *passes: Any, **changes: Any) -> str:
    return gate(judge_run(replace(evidence(*passes), **changes), OFFICIAL), name).verdict


def test_a_model_that_answers_every_query_alike_fails() -> None:
    assert verdict("answers", *[one_pass(distinct=1)] * 5) == "fail"
    assert verdict("answers", *[one_pass(distinct=2)] * 5) == "pass"


def test_a_model_that_says_its_input_again_fails() -> None:
    assert verdict("answers", *[one_pass(echoed=51)] * 5) == "fail"
    assert verdict("answers", *[one_pass(echoed=50)] * 5) == "pass"


def test_answers_that_nobody_looked_at_fail() -> None:
    assert verdict("answers", *[one_pass(distinct=None)] * 5) == "fail"


@pytest.mark.parametrize(("capped", "said"), [(0, "pass"), (9, "pass"), (11, "fail")])
def test_five_per_cent_of_outputs_may_be_stopped_by_the_cap(capped: int, said: str) -> None:
    assert verdict("output length", *[one_pass(capped=capped)] * 5) == said


@pytest.mark.parametrize(("truncated", "said"), [(0, "pass"), (10, "pass"), (11, "flag"), (200, "flag")])
def test_inputs_that_were_cut_make_a_result_provisional(truncated: int, said: str) -> None:
    assert verdict("inputs", *[one_pass(truncated=truncated)] * 5) == said


def test_a_workload_that_can_change_is_never_rated() -> None:
    unpinned = evidence().workload.model_copy(update={"pinned": False})
    assert verdict("workload", workload=unpinned) == "fail"


def test_a_single_query_at_a_time_is_what_single_means() -> None:
    assert verdict("batches", *[one_pass(batch=2)] * 5) == "fail"
    assert verdict("batches", options={"by_length": True}) == "fail"
    assert verdict("batches", options=None) == "fail"


def test_a_saturated_run_is_measured_at_a_batch_of_its_own_ladder() -> None:
    rungs = tuple(Rung(batch=size, window=one_pass(batch=size), exhausted=None) for size in (1, 2, 4))
    saturated = {"scenario": "saturated", "ladder": rungs, "options": {"by_length": True}}
    assert verdict("batches", *[one_pass(batch=2)] * 5, **saturated) == "pass"
    assert verdict("batches", *[one_pass(batch=8)] * 5, **saturated) == "fail"
    assert verdict("batches", *[one_pass(batch=2)] * 5, **(saturated | {"options": {"by_length": False}})) == "flag"
    broken = (*rungs[:2], Rung(batch=4, window=one_pass(None, batch=4), exhausted=None))
    assert verdict("batches", *[one_pass(batch=2)] * 5, **(saturated | {"ladder": broken})) == "flag"


@pytest.mark.parametrize(("cost", "said"), [(1.0, "pass"), (1.04, "pass"), (1.07, "fail"), (0.93, "fail")])
def test_private_rows_must_cost_as_much_as_the_published_ones(cost: float, said: str) -> None:
    parts = play(World(private_cost=cost), PROTOCOL, parts=True).parts
    workload = evidence().workload.model_copy(update={"private_rows": 10})
    assert verdict("private rows", workload=workload, parts=parts) == said
    assert verdict("private rows", workload=workload, parts={"public": parts["public"]}) == "fail"


@pytest.mark.parametrize(
    ("board", "reasoned", "said"),
    [("off", 0.0, "pass"), ("off", 0.01, "fail"), ("on", 0.9, "pass"), ("on", 0.0, "fail")],
)
def test_a_model_reasons_where_its_board_says_so_and_nowhere_else(board: str, reasoned: float, said: str) -> None:
    options = {"by_length": False, "reasoning": board}
    assert verdict("reasoning", options=options, more={"reasoned": reasoned}) == said
    assert all(one.name != "reasoning" for one in judge_run(evidence(), OFFICIAL))


def test_weights_that_look_untrained_fail_with_the_reason() -> None:
    found = gate(judge_run(replace(evidence(), synthetic="every bias is 0"), OFFICIAL), "weights")
    assert (found.value, found.verdict, found.why) == ("synthetic", "fail", "every bias is 0")


# --- what is counted ---------------------------------------------------------------------------------------------


def counted(values: list[Any], texts: list[str], **fields: Any) -> dict[str, Any]:
    rows = [{"text": text} for text in texts]
    answered = Answered([Output(value, **fields) for value in values])
    answered.marks.append((Clock(1.0, 0.5), Clock(3.0, 1.5), Clock(4.0, 1.6)))
    return counts(find("sentence-similarity"), answered, rows, len(rows))


def test_echoes_empty_answers_and_likes_are_counted() -> None:
    found = counted(["What is  the capital", "", "Paris", "Paris"], ["What is the capital of France?"] * 4)
    assert (found["echoed"], found["answered"], found["distinct"], found["queries"]) == (1, 3, 3, 4)
    assert found["input_bytes"] == 4 * 30
    assert found["output_bytes"] == len("What is  the capitalParisParis")


def test_characters_and_bytes_are_counted_so_that_tokenisers_compare() -> None:
    found = counted(["naïve"], ["a"], output_tokens=3)
    assert (found["output_characters"], found["output_bytes"], found["output_tokens"]) == (5, 6, 3)


def test_what_one_output_did_not_count_is_absent_and_not_zero() -> None:
    rows = [{"text": "a"}, {"text": "b"}]
    found = counts(find("sentence-similarity"), Answered([Output([1.0], capped=True), Output([2.0])]), rows, 2)
    assert (found["capped"], found["output_tokens"], found["prefill_seconds"]) == (None, None, None)


def test_time_and_cpu_time_split_at_the_first_token() -> None:
    found = counted(["a"], ["b"])
    assert (found["prefill_seconds"], found["decode_seconds"]) == (2.0, 1.0)
    assert (found["prefill_cpu_seconds"], found["decode_cpu_seconds"]) == (1.0, pytest.approx(0.1))
    assert found["latency_p50_seconds"] == found["latency_p95_seconds"] == 3.0


def test_rounds_that_differ_have_a_hash_of_their_own() -> None:
    rows = [{"text": "a"}, {"text": "b"}]
    task = find("sentence-similarity")
    same = counts(task, Answered([Output(x) for x in "abab"]), rows, 2)
    one = counts(task, Answered([Output(x) for x in "ab"]), rows, 2)
    other = counts(task, Answered([Output(x) for x in "abba"]), rows, 2)
    assert same["outputs_sha256"] == one["outputs_sha256"] != other["outputs_sha256"]


def test_batches_are_sorted_longest_first_only_where_asked() -> None:
    task = replace(find("sentence-similarity"), length=lambda row: len(row["text"]))
    rows = [{"text": "x" * size} for size in (1, 5, 3, 4, 2)]
    assert batches(task, rows, range(5), 2, by_length=False) == [(0, 1), (2, 3), (4,)]
    assert batches(task, rows, range(5), 2, by_length=True) == [(1, 3), (2, 4), (0,)]
