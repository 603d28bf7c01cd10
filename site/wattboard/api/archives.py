"""Documents of what was: editions in their permanent place, changes of ratings, lineages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench.boards import Board
from wattboard.api import history
from wattboard.api.places import address, document
from wattboard.api.results import checked, frozen, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wattboard.api import forms
    from wattboard.api.history import Event
    from wattboard.api.results import Known
    from wattboard.editions import Opened
    from wattboard.listings import Site
    from wattboard.ratings import Rating

NEWEST = 200  # changes in the document of the newest


def edition(opened: Opened) -> tuple[str, forms.Document]:
    """Give an edition: its rule and every threshold."""
    told = opened.edition.model_dump(mode="json", exclude={"schema_", "boards"})
    boards = {name: frozen(one, Board.parse(name).kind) for name, one in sorted(opened.boards.items())}
    return document(
        "edition", {"edition": opened.edition.id}, **told, board_sha256=opened.edition.boards, boards=boards
    )


def index(opened: Opened, site: Site) -> tuple[str, forms.Document]:
    """Give an edition in its permanent place: where its boards are, and what took their place."""
    own, archive = opened.edition, site.archive[opened.edition.id]
    newest = {name: one.edition.id for one in site.editions for name in one.boards}
    boards = [
        {
            "board": name,
            "json": address("edition-board", edition=own.id, board=name),
            "superseded_by": newest[name] if newest[name] != own.id else None,
            "results": sum(one.board == name for one in archive),
        }
        for name in sorted(opened.boards)
    ]
    return document(
        "edition-index",
        {"edition": own.id},
        edition=own.id,
        title=own.title,
        kind=own.kind,
        opened=own.opened,
        superseded=bool(boards) and all(one["superseded_by"] for one in boards),
        boards=boards,
    )


def board(name: str, opened: Opened, site: Site, known: Known) -> tuple[str, forms.Document]:
    """Give a board as the edition rates it, every revision, lowest energy first."""
    kind, frozen_board = Board.parse(name).kind, opened.boards[name]
    rated = [one for one in site.archive[opened.edition.id] if one.board == name]
    rated.sort(key=lambda one: (one.wh is None, one.wh or 0.0, one.model, one.revision))
    return document(
        "edition-board",
        {"edition": opened.edition.id, "board": name},
        board=name,
        edition=opened.edition.id,
        kind=kind,
        frozen=frozen(frozen_board, kind),
        results=[checked(one, known) for one in rated],
    )


def changed(events: Sequence[Event]) -> tuple[str, forms.Document]:
    """Give the newest changes, and where those of each month are."""
    months = [
        {"month": month, "changes": len(own), "json": address("changes-month", month=month)}
        for month, own in history.by_month(events).items()
    ]
    return document("changes", {}, newest=[change(one) for one in events[:NEWEST]], months=months)


def month(name: str, events: Iterable[Event]) -> tuple[str, forms.Document]:
    """Give the changes of a month."""
    return document("changes-month", {"month": name}, month=name, changes=[change(one) for one in events])


def change(event: Event) -> dict[str, Any]:
    """Give a change, as the fields of a Change."""
    before, after = event.before, event.after
    return {
        "id": event.id,
        "on": event.on,
        "board": after.board,
        "model": after.model,
        "cause": event.cause,
        "stars_moved": before is not None and before.stars != after.stars,
        "before": None if before is None else _state(before),
        "after": _state(after),
    }


def _state(one: Rating) -> dict[str, Any]:
    told = {"edition": one.edition, "status": one.status, "stars": one.stars, "kind": one.kind}
    return told | {"revision": history.revision(one)} | named(one.kind, {"wh_per_1000_queries": one.wh})


def families(site: Site, lineage: Mapping[str, str]) -> dict[str, Any]:
    """Give lineages of two models or more, and models whose weights are the same files."""
    families: dict[str, list[str]] = {}
    weights: dict[str, set[str]] = {}
    for profile in site.profiles:
        families.setdefault(lineage.get(profile.id, profile.id), []).append(profile.id)
        for one in profile.results:
            if one.rating.weights_digest:
                weights.setdefault(one.rating.weights_digest, set()).add(profile.id)
    return {
        "lineages": [
            {"lineage": root, "models": models}
            for root, models in sorted(families.items())
            if len(models) > 1 or models != [root]
        ],
        "identical_weights": [
            {"weights_digest": digest, "models": sorted(models)}
            for digest, models in sorted(weights.items())
            if len(models) > 1
        ],
    }
