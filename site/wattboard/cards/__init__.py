"""A model's card on the Hub: what would change in it, as files before and after. Pure.

README.md gets a block of badges between two markers, and nothing else of it changes: its front matter least of all.
`.eval_results/wattstar.yaml` holds the ratings in the Hub's evaluation-results format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattboard.badges import faces
from wattboard.cards import evaluation, markers
from wattboard.profiles import snippets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.listings import Result, Site

README = "README.md"
EVALUATION = ".eval_results/wattstar.yaml"
TITLE = "Show this model's Wattstar energy rating"


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after; None where it is not there."""

    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a card would become: the files that change, and what else its owner should know."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """How the card is to be: the site's address, moving badges or permanent ones, the benchmark on the Hub or none."""

    address: str
    moving: bool = False
    benchmark: str | None = None


def propose(
    site: Site, results: Sequence[Result], wish: Wish, readme: bytes | None, evaluated: bytes | None
) -> Proposal:
    """Say what would change in a card that is as given. Raises Refusal for a card that no block can be put into."""
    edited = markers.put(readme or b"", _lines(site, results, wish), wish.address, results[0].rating.model)
    changes, notes = [Change(README, readme, edited.data)], list(edited.notes)
    if wish.benchmark is not None:
        told = []
        for one in results:
            face = faces.result(one, site)
            if (why := evaluation.unfit(one, face)) is None:
                told.append(evaluation.entry(one, face, wish.benchmark, wish.address))
            else:
                notes.append(f"{one.rating.board} is not among the evaluation results: {why}.")
        changes.append(Change(EVALUATION, evaluated, "".join(told).encode() if told else None))
    return Proposal(tuple(one for one in changes if one.before != one.after), tuple(notes))


def _lines(site: Site, results: Sequence[Result], wish: Wish) -> list[str]:
    """Give the Markdown of each result's badge."""
    lines = []
    for one in results:
        face, board = faces.result(one, site), one.rating.board
        if wish.moving:
            lines.append(snippets.newest(face, board, wish.address))
        else:
            lines.append(dict(snippets.snippets(face, board, wish.address))["Markdown"])
    return lines


def describe(proposal: Proposal, model: str, address: str) -> str:
    """Say in a pull request what it does and who asked for it."""
    what = "\n".join(f"- `{one.path}`: {'removed' if one.after is None else 'written'}" for one in proposal.changes)
    page = snippets.evidence(model, address)
    return (
        f"This shows the energy rating of {model} in its card, between two markers, with a link to [the evidence]"
        f"({page}).\n\n{what}\n\nOpened on request of the model's owner by `wattboard card`. Nothing else of the card"
        " is touched. Closing this is fine: it is not opened again by itself."
    )
