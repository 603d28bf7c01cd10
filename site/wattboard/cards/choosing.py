"""Which results of a model its card shows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattboard.listings import Result, Site


def results(site: Site, model: str, tasks: Sequence[str], boards: Sequence[str]) -> tuple[Result, ...]:
    """Give a model's results on some tasks' headline boards and on some boards; with neither on all headline boards.

    Raises Refusal for a model without results, and for whatever is not found.
    """
    profile = next((one for one in site.profiles if one.id == model), None)
    if profile is None:
        alike = [one.id for one in site.profiles if one.id.casefold() == model.casefold()]
        remedy = f"It is spelt {alike[0]}" if alike else "Submit it first: its card has nothing to show yet"
        raise refuse(model, "", "has no result here", remedy)
    by_board = {one.rating.board: one for one in profile.results}
    by_task = {one.listing.task.name: one for one in profile.results if one.listing.headline}
    if not tasks and not boards:
        return tuple(by_task.values()) or profile.results[:1]
    asked = [*((name, "--task", by_task) for name in tasks), *((name, "--board", by_board) for name in boards)]
    problems = [
        Problem(model, option, f"has no result on {name}", f"There is {', '.join(known) or 'none'}")
        for name, option, known in asked
        if name not in known
    ]
    if problems:
        raise Refusal(problems)
    return tuple(dict.fromkeys(known[name] for name, _, known in asked))
