"""The ladder of a saturated run, on simulated time; and the windows of the public and the private rows."""

from __future__ import annotations

import pytest
from simulated import BUSY, World, play

from wattbench import ladder
from wattbench.bench import MemoryEnded
from wattbench.protocol import OFFICIAL


def halves_until(last: int) -> World:
    """A host on which a batch takes half the time of the one before, up to `last`; then nothing is gained."""
    return World(speed_up=lambda batch: 1 / min(batch, last))


def test_the_ladder_doubles_until_the_gain_is_small_and_the_last_that_gained_is_measured() -> None:
    measured = play(halves_until(8), OFFICIAL, saturated=True)
    assert [rung.batch for rung in measured.ladder] == [1, 2, 4, 8, 16]
    assert {one.batch for one in measured.passes} == {8}
    energies = [rung.window.joules / rung.window.queries for rung in measured.ladder if rung.window]  # type: ignore[operator]
    assert energies[3] == pytest.approx(energies[0] / 8, rel=0.01)
    assert energies[4] == pytest.approx(energies[3], rel=0.01)
    assert [one.name for one in measured.phases if one.name.startswith("batch")] == [
        "batch-1", "batch-2", "batch-4", "batch-8", "batch-16",
    ]  # fmt: skip


def test_every_rung_lasts_its_time_and_every_pass_a_whole_window() -> None:
    measured = play(halves_until(4), OFFICIAL, saturated=True)
    assert all(rung.window is not None and rung.window.seconds >= 20 for rung in measured.ladder)
    assert all(one.seconds >= 60 for one in measured.passes)


def test_memory_that_ends_ends_the_ladder_cleanly_and_says_so() -> None:
    world = halves_until(64)
    world.memory = 4
    measured = play(world, OFFICIAL, saturated=True)
    assert [rung.batch for rung in measured.ladder] == [1, 2, 4, 8]
    assert measured.ladder[-1].window is None
    assert "memory ended in a batch of 8" in (measured.ladder[-1].exhausted or "")
    assert {one.batch for one in measured.passes} == {4}


def test_a_model_that_does_not_fit_at_all_is_no_ladder() -> None:
    with pytest.raises(MemoryEnded):
        play(World(memory=0), OFFICIAL, saturated=True)


def test_a_ladder_ends_where_the_rows_end() -> None:
    measured = play(halves_until(64), OFFICIAL, saturated=True, largest_batch=10)
    assert [rung.batch for rung in measured.ladder] == [1, 2, 4, 8]
    assert {one.batch for one in measured.passes} == {8}


def test_a_reading_that_failed_ends_the_ladder_instead_of_choosing_a_batch() -> None:
    def fail(world: World, number: int) -> None:
        world.failure = "the counter was reset" if number == 2 else None

    world = halves_until(64)
    world.at = fail
    measured = play(world, OFFICIAL, saturated=True)
    assert [rung.batch for rung in measured.ladder] == [1, 2, 4]
    assert ladder.gain_percent(measured.ladder) is None
    assert {one.batch for one in measured.passes} == {2}


def test_only_passes_are_kept_to_be_graded() -> None:
    world = halves_until(2)
    play(world, OFFICIAL, saturated=True, parts=True)
    assert world.counted_to_keep == 5


def test_the_public_and_the_private_rows_are_measured_alone_after_the_passes() -> None:
    measured = play(World(private_cost=1.5), OFFICIAL, parts=True)
    assert sorted(measured.parts) == ["private", "public"]
    public, private = (measured.parts[name] for name in ("public", "private"))
    assert public.joules is not None
    assert private.joules is not None
    ratio = (private.joules / private.queries) / (public.joules / public.queries)
    assert ratio == pytest.approx(1.5, rel=0.01)
    assert public.seconds >= 60
    assert private.seconds >= 60
    assert public.mean_watts == pytest.approx(BUSY, rel=0.01)
