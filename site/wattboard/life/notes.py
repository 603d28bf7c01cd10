"""What a model's page says of it beside its results: withdrawals, disputes, what waits, what people measured. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattboard.life import corrections

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wattbench.submissions.claims import Claim
    from wattboard.life import Life
    from wattboard.life.corrections import Entry
    from wattboard.life.waiting import Stand


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of one model: entries of the corrections log, claims, and where its submission stands."""

    entries: tuple[Entry, ...] = ()
    claims: tuple[Claim, ...] = ()
    stands: tuple[Stand, ...] = ()


NONE = Notes()


def by_model(life: Life) -> dict[str, Notes]:
    """Give the notes of every model of which there are some, newest first."""
    entries: dict[str, list[Entry]] = defaultdict(list)
    claims: dict[str, list[Claim]] = defaultdict(list)
    stands: dict[str, list[Stand]] = defaultdict(list)
    for entry in corrections.log(life.events):
        entries[entry.model].append(entry)
    for claim in sorted(life.claims, key=lambda one: (one.on, one.task, one.github), reverse=True):
        claims[claim.model].append(claim)
    for stand in life.waiting:
        stands[stand.model].append(stand)
    return {
        model: Notes(tuple(entries[model]), tuple(claims[model]), tuple(stands[model]))
        for model in sorted({*entries, *claims, *stands})
    }


def absent(life: Life, measured: Iterable[str]) -> dict[str, Notes]:
    """Give the notes of models without any result; not of one whose name is a measured one's in another case."""
    known = {name.casefold() for name in measured}
    found: dict[str, Notes] = {}
    for model, notes in by_model(life).items():
        if model.casefold() not in known:
            known.add(model.casefold())
            found[model] = notes
    return found
