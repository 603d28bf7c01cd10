"""A moment of `make fuzz`: what reads bytes of strangers refuses them in words, or takes them for what they are."""

from __future__ import annotations

import contextlib
from typing import Any

import fuzz_targets
import hostile
import pytest
from hypothesis import HealthCheck, given, settings

from wattbench import submissions
from wattbench.problems import Refusal

EXAMPLES = 60


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
def test_bytes_of_strangers_are_refused_in_words_or_taken_for_what_they_are(name: str) -> None:
    strategy, target = fuzz_targets.TARGETS[name]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def some(one: Any) -> None:
        target(one)

    some()


def test_a_target_that_fails_is_noticed() -> None:
    @settings(max_examples=200, deadline=None, database=None)
    @given(fuzz_targets.near.near([b"abc"]))
    def never_longer(data: bytes) -> None:
        assert len(data) <= 3

    with pytest.raises(AssertionError):
        never_longer()


def test_what_is_near_a_good_one_is_sometimes_good() -> None:
    """Mutants that were all refused at once would test no more than the first line of each reader."""
    taken = 0

    @settings(max_examples=500, deadline=None, database=None)
    @given(fuzz_targets.near.near([hostile.GOOD.encode()]))
    def count(data: bytes) -> None:
        nonlocal taken
        path = fuzz_targets._put("submissions/org/quick/submission.yml", data)
        with contextlib.suppress(Refusal):
            taken += submissions.load(path).model.id == "org/quick"

    count()
    assert taken >= 3
