"""A Face: all that a badge shows of a result, and the words that say the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from wattbench.boards import Board
from wattboard import formats
from wattboard.imports import STATUS
from wattboard.ratings.reasons import REASONS

if TYPE_CHECKING:
    from wattbench.heads import Head
    from wattbench.tasks import Task
    from wattboard.editions import Edition, FrozenBoard
    from wattboard.imports import ImportedBoard, ImportedEdition, ImportedRow
    from wattboard.listings import Result, Site
    from wattboard.ratings import Rating

State = Literal[
    "confirmed",
    "borderline",
    "provisional",
    "demo",
    "superseded",
    "older-revision",
    "disputed",
    "withdrawn",
    "imported",
    "self-reported",
    "unrated",
]
Claim = Literal["disputed", "withdrawn"]
# How each state is called on a badge. Where several hold, the badge shows the first of them and its words say all.
WORDS: dict[State, str] = {
    "withdrawn": "withdrawn",
    "disputed": "disputed",
    "unrated": "not rated",
    "superseded": "superseded",
    "older-revision": "older revision",
    "demo": "demo",
    "imported": "imported",
    "self-reported": "self-reported",
    "provisional": "provisional",
    "borderline": "borderline",
    "confirmed": "confirmed",
}
COMMIT = 40  # hexadecimal digits of a revision on the Hub


@dataclass(frozen=True, slots=True)
class Face:
    """What a badge shows. Energies are in Wh per 1,000 queries; `r` is the factor that one star is.

    `hoped` are the stars at the better end of the interval, `also` all that holds of it, in words; `why` is a sentence
    where there is no star. `edition` is an id, None where the board is in no edition.
    """

    model: str
    subject: str
    state: State
    stars: int | None = None
    hoped: int | None = None
    outlined: bool = False
    wh: float | None = None
    wh_low: float | None = None
    wh_high: float | None = None
    h: float | None = None
    estimated: bool = False
    quality: str = ""
    edition: str | None = None
    demo: bool = False
    device: str = ""
    precision: str = ""
    day: str | None = None
    r: float | None = None
    thresholds: tuple[float, ...] = ()
    also: tuple[str, ...] = ()
    why: str = ""


def of(
    rating: Rating,
    task: Task,
    edition: Edition | None,
    frozen: FrozenBoard | None = None,
    *,
    head: Head | None = None,
    later: str | None = None,
    claim: Claim | None = None,
) -> Face:
    """Give the face of a rating.

    `head` is what the Hub is known to have, `later` the edition that has taken this one's place,
    `claim` what the ledger says against the result.
    """
    demo = edition is not None and edition.kind == "demo"
    older = head is not None and len(rating.revision) == COMMIT and head.passes(rating.revision)
    holds: dict[State, str] = {}
    if claim == "withdrawn":
        holds["withdrawn"] = "withdrawn"
    if claim == "disputed" or rating.disputed:
        holds["disputed"] = "disputed: a second measurement disagrees"
    if later is not None:
        holds["superseded"] = f"superseded by edition {later}"
    if older:
        holds["older-revision"] = "measured at an older revision than the Hub's"
    if demo:
        holds["demo"] = ""
    holds[rating.status] = WORDS[rating.status]
    state = next(name for name in WORDS if name in holds)
    why = f"No star: {REASONS[rating.reasons[0]]}." if rating.reasons else ""
    face = Face(
        model=rating.model,
        subject=task.title.lower(),
        state=state,
        edition=edition.id if edition else None,
        demo=demo,
        device=rating.device,
        precision=_precision(rating.board),
        day=rating.measured_at[:10],
        r=frozen.r if frozen else None,
        thresholds=frozen.thresholds_wh if frozen else (),
        also=tuple(text for name, text in holds.items() if text and name != "unrated"),
        why="Withdrawn: its page says why." if claim == "withdrawn" else why,
    )
    if claim == "withdrawn":  # a number that is taken back is not shown again
        return face
    return replace(
        face,
        stars=rating.stars,
        hoped=rating.stars_at_best if rating.borderline else None,
        outlined=rating.status == "provisional",
        wh=rating.wh,
        wh_low=rating.wh_low,
        wh_high=rating.wh_high,
        h=rating.h,
        estimated=rating.kind == "estimated",
        quality="" if rating.quality is None else f"{task.metric.name} {formats.quality(rating.quality, task.metric)}",
    )


@lru_cache(1024)
def _precision(board: str) -> str:
    return Board.parse(board).precision


def result(one: Result, site: Site) -> Face:
    """Give the face of a result where it stands today."""
    listing, head = one.listing, site.heads.get(one.rating.model)
    return of(one.rating, listing.task, listing.edition, listing.frozen, head=head)


def imported(row: ImportedRow, board: ImportedBoard, edition: ImportedEdition) -> Face:
    """Give the face of a row that others have published: outlined stars, a single value, no interval."""
    return Face(
        model=row.model,
        subject=board.title[:1].lower() + board.title[1:],
        state="imported",
        stars=row.stars,
        outlined=True,
        wh=row.wh_per_1000,
        edition=edition.id,
        device=board.gpu or "",
        day=edition.source.published,
        r=board.r,
        thresholds=board.thresholds_wh or (),
        also=(f"{STATUS} of {edition.source.name}", "not measured here"),
        why="" if row.stars is not None else f"No star: {board.why_no_stars or 'not comparable'}.",
    )


def withdrawn(model: str, task: Task, edition: str | None) -> Face:
    """Give the face of a result that was taken back: its address stays, its number does not."""
    return Face(
        model=model,
        subject=task.title.lower(),
        state="withdrawn",
        edition=edition,
        also=("withdrawn",),
        why="Withdrawn: its page says why.",
    )


def self_reported(model: str, task: Task, wh: float | None, *, device: str = "", day: str | None = None) -> Face:
    """Give the face of what people report of their own model: an energy, grey, never a star."""
    return Face(
        model=model,
        subject=task.title.lower(),
        state="self-reported",
        wh=wh,
        device=device,
        day=day,
        also=("self-reported", "not measured here"),
        why="No star: self-reported, not measured here.",
    )


def words(face: Face) -> str:
    """Say all that a badge says, for people who hear it: also the alternative text where it is embedded."""
    if face.stars is not None:
        said = f"{face.stars} of 5 stars"
    else:
        said = "not rated" if face.state == "unrated" else "no stars"
    told = [f"AI energy, {face.subject}: {said}"]
    if face.wh is not None:
        energy = f"{formats.significant(face.wh)} Wh per 1,000 queries"
        told.append(f"estimated {energy}" if face.estimated else energy)
        if face.h is not None:
            told[-1] += f" {formats.plus_minus(face.h)}"
    if face.quality:
        told.append(face.quality)
    demo = face.demo and "demo" not in (face.edition or "")
    told.append("in no edition" if face.edition is None else f"edition {face.edition}{' (a demo)' if demo else ''}")
    return ", ".join([*told, *face.also])
