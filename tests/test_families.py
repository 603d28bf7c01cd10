"""Every family of tiny models does its task on the measured process's path, and the page says so and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import families
import pytest
import torch

from wattbench import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RERUN = "run python tests/families.py --write"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("task", "family"), families.everything())
def test_a_family_answers_is_counted_graded_and_scored_and_the_page_has_its_line(
    task: str, family: str, tmp_path: Path
) -> None:
    line = families.run(task, family, tmp_path).line()
    table = families.between(families.PAGE.read_text(encoding="utf-8"), families.FAMILIES).splitlines()
    assert line in table, RERUN


def test_the_table_has_a_line_for_every_family_and_no_other() -> None:
    table = families.between(families.PAGE.read_text(encoding="utf-8"), families.FAMILIES)
    assert table.startswith(families.HEAD), RERUN
    told = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in table.splitlines()[2:]]
    names = [(task, family.partition(" (reasoning")[0].replace(" ", "_")) for task, family in told]
    assert names == families.everything(), RERUN


def test_every_task_has_two_families_and_is_run_in_every_precision() -> None:
    ran = {name: [family for task, family in families.everything() if task == name] for name in tasks.names()}
    assert all(len(found) >= 2 for found in ran.values()), ran
    for name, found in ran.items():
        precisions = {one for family in found for one in families.precisions_of(name, family)}
        assert precisions == {"fp32", "bf16", "int8", "int4"}


def test_what_the_page_says_of_the_tasks_is_what_their_files_say() -> None:
    page = families.PAGE.read_text(encoding="utf-8")
    assert families.between(page, families.TASKS) == families.tasks_text(), RERUN


def test_a_task_that_was_shortened_is_as_long_as_before() -> None:
    from wattbench import worker
    from wattbench.tasks import text_generation_fixed

    before = text_generation_fixed.TOKENS, worker.read_only
    with families.short("text-generation-fixed"):
        assert before[0] > text_generation_fixed.TOKENS
        assert worker.read_only is not before[1]
    assert before == (text_generation_fixed.TOKENS, worker.read_only)
