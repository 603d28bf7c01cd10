"""A card as it is: on this machine, at the head of the Hub's main branch, or in a pull request."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wattbench.problems import Refusal, refuse
from wattboard.cards import EVALUATION, README

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.heads import Head
    from wattbench.hub import Repository
    from wattbench.hub_pulls import Pull
    from wattboard.listings import Result


@dataclass(frozen=True, slots=True)
class Card:
    """The two files of a card, None where one is not there, and the repository on the Hub that they are from.

    `benchmark` is the data set to enter results for, None where it is not on the Hub: `notes` says so.
    """

    readme: bytes | None
    evaluated: bytes | None
    benchmark: str | None
    repository: Repository | None = None
    notes: tuple[str, ...] = ()


def on_disk(path: Path, benchmark: str) -> Card:
    """Read a card from a file, and the evaluation results beside it. Raises Refusal."""
    beside = path.parent / EVALUATION
    try:
        return Card(path.read_bytes(), beside.read_bytes() if beside.is_file() else None, benchmark)
    except OSError as error:
        raise refuse(path, "", f"cannot be read: {error.strerror}", "Name a README.md that can be read") from None


def on_hub(model: str, benchmark: str) -> Card:
    """Read a model's card from the Hub. Raises Refusal."""
    from wattbench import hub

    repository = hub.look_up("model", model, None)
    if repository.name not in ("", model):
        raise refuse(model, "", f"is {repository.name} on the Hub", "Use the name that the Hub has")
    readme, evaluated = (_read(repository, name) for name in (README, EVALUATION))
    try:
        hub.look_up("dataset", benchmark, None)
    except Refusal as refusal:
        if refusal.problems[0].field != "id":  # not an answer about the data set, but none at all
            raise
        note = f"No evaluation results: the data set {benchmark} {refusal.problems[0].message}."
        return Card(readme, evaluated, None, repository, (note,))
    return Card(readme, evaluated, benchmark, repository)


def heads(card: Card, results: Sequence[Result]) -> dict[str, Head]:
    """Say whether the Hub has a newer revision than the measured ones, as far as it tells: badges say so."""
    from wattbench import heads as known
    from wattbench import hub

    if card.repository is None:
        return {}
    measured = {one.rating.revision for one in results if re.fullmatch(known.COMMIT, one.rating.revision)}
    asked = {results[0].rating.model: sorted(measured)} if measured else {}
    found, _ = known.look_up(asked, lambda name, revision: hub.look_up("model", name, revision))
    return found


def in_pull(card: Card, pull: Pull) -> Card:
    """Read a card as an open pull request has it. Raises Refusal."""
    from wattbench import hub_pulls

    assert card.repository is not None  # noqa: S101 - a card on disk has no pull request
    there = hub_pulls.at(card.repository, pull)
    return replace(card, readme=_there(there, README), evaluated=_there(there, EVALUATION))


def _read(repository: Repository, name: str) -> bytes | None:
    """Read a file that the Hub lists, None where it lists none."""
    from wattbench import hub

    return hub.read(repository, name) if name in repository.files else None


def _there(repository: Repository, name: str) -> bytes | None:
    """Read a file of a pull request, whose files are not listed beforehand."""
    from wattbench import hub

    try:
        return hub.read(repository, name)
    except Refusal as refusal:
        if "no such file" not in refusal.problems[0].message:
            raise
        return None
