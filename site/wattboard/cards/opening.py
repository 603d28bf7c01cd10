"""One pull request to a model's own repository, on its owner's request: never a second one, never in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal, refuse
from wattboard import cards
from wattboard.badges import faces
from wattboard.cards import evaluation, reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.cards import Proposal, Wish
    from wattboard.cards.reading import Card
    from wattboard.listings import Result, Site


def open_pull(card: Card, proposal: Proposal, site: Site, results: Sequence[Result], wish: Wish) -> str:
    """Open the pull request of a proposal, and say what was done. Raises Refusal."""
    from wattbench import hub_pulls

    model = results[0].rating.model
    assert card.repository is not None  # noqa: S101 - the command line asks for a card on the Hub
    _check_fit(site, results)
    owners = hub_pulls.owners()
    if model.split("/", 1)[0] not in owners:
        who = ", ".join(sorted(owners))
        raise refuse(model, "HF_TOKEN", f"speaks for {who}, not for its owner", "Use a token of the model's owner")
    for pull in hub_pulls.open_pulls(model, cards.TITLE):
        there = reading.in_pull(card, pull)
        if not cards.propose(site, results, wish, there.readme, there.evaluated).changes:
            return f"{model}: nothing to do, {pull.url} is open and shows this already."
        message = f"a pull request of ours is open and shows something else: {pull.url}"
        raise refuse(model, "", message, "Merge it or close it first")
    files = {one.path: one.after for one in proposal.changes}
    url = hub_pulls.open_pull(card.repository, files, cards.TITLE, cards.describe(proposal, model, wish.address))
    return f"{model}: opened {url}"


def _check_fit(site: Site, results: Sequence[Result]) -> None:
    """Raise Refusal for results that are nothing to cite: estimates, demos, what has no stars or is disputed."""
    remedy = "Name other boards, with --task or --board"
    found = [(one, evaluation.unfit(one, faces.result(one, site))) for one in results]
    problems = [
        Problem(one.rating.model, one.rating.board, f"is nothing to cite: {why}", remedy)
        for one, why in found
        if why is not None
    ]
    if problems:
        raise Refusal(problems)
