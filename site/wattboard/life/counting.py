"""Folders -> what counts: the runs that are rated, those that are left out or withdrawn, and all that the ledger says.

The ledger and the trusted keys lie beside the submissions folder, as they do in the repository; where there are none
beside it, the repository's own keys count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench import ledger, submissions
from wattbench.evidence import keys
from wattbench.ledger import opt_outs, records
from wattbench.problems import Refusal, refuse
from wattbench.submissions import claims
from wattboard import gathering, life
from wattboard.gathering import left_out
from wattboard.life import Life, corrections, waiting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from wattbench.evidence.keys import TrustedKey
    from wattbench.ledger import Event
    from wattboard.editions import Opened
    from wattboard.gathering.filed import Filed
    from wattboard.gathering.left_out import LeftOut
    from wattboard.life import Gone

TRUSTED = Path("keys", "trusted.json")
LEDGER = Path("ledger")


@dataclass(frozen=True, slots=True)
class Places:
    """Where to read: submissions folders, and the ledger and the keys where they do not lie beside the first one."""

    submissions: tuple[Path, ...]
    ledger: Path | None = None
    keys: Path | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts. `gone` are withdrawn runs, `unkept` says why nothing could be kept for the next time."""

    filed: tuple[Filed, ...]
    left_out: tuple[LeftOut, ...]
    gone: tuple[Gone, ...]
    events: tuple[Event, ...]
    unkept: str | None = None


def signed_boards(opened: Iterable[Opened]) -> frozenset[str]:
    """Name the boards on which only signed runs count: those of rated editions."""
    return frozenset(name for one in opened if one.edition.kind == "rated" for name in one.boards)


def count(places: Places, signed: Collection[str] | None, kept_in: Path | None = None) -> Counted:
    """Read every run and say which ones count; on `signed` boards, on all where that is None, only signed ones.

    Raises Refusal where the ledger does not hold, or speaks of a run that is not there.
    """
    events = _events(places)
    gathered = gathering.gather(places.submissions, _trusted(places), kept_in)
    there = {(one.model, one.name) for one in gathered.filed}
    there |= {(one.file.split("/runs/")[0], Path(one.file).name) for one in gathered.left_out}
    wrong = corrections.problems(events, there)
    if wrong:
        raise Refusal(wrong)
    stay, gone = life.part(gathered.filed, events)
    boards = {one.board for one in stay} if signed is None else signed
    counting, refused = left_out.part(stay, boards)
    return Counted(counting, tuple(sorted([*gathered.left_out, *refused])), gone, events, gathered.unkept)


def lived(places: Places, counted: Counted, opened: Sequence[Opened]) -> tuple[Life, tuple[LeftOut, ...]]:
    """Give all that pages say of submissions beside their results; and the files of people that do not hold."""
    told: list[claims.Claim] = []
    left: list[LeftOut] = []
    asked: list[records.Asked] = []
    for folder in places.submissions:
        homes = submissions.homes(folder)
        good, bad = claims.read(homes)
        told += [one for _, one in good]
        left += [left_out.of(path, folder, refusal.problems) for path, refusal in bad]
        found, problems = records.read_asked(folder, homes)
        asked += [replace(one, merged=one.merged + len(asked)) for one in found]
        left += [
            left_out.of(Path(one.file), folder, [one]) for one in problems if Path(one.file).is_relative_to(folder)
        ]
    every = (*counted.filed, *(one.filed for one in counted.gone))
    opted = [one for folder in _ledgers(places) for one in opt_outs.read(folder)]
    as_of = waiting.newest(every, counted.events)
    stands = waiting.stands(asked, every, counted.events, waiting.hosts(opened), as_of, opted)
    return Life(counted.events, counted.gone, stands, tuple(told), as_of), tuple(left)


def _events(places: Places) -> tuple[Event, ...]:
    if places.ledger is not None and not places.ledger.is_dir():
        raise refuse("", "--ledger", f"{places.ledger} is no folder", "Name the ledger's folder")
    return tuple(sorted((one for folder in _ledgers(places) for one in ledger.read(folder)), key=lambda one: one.at))


def _ledgers(places: Places) -> list[Path]:
    """The ledger that is named, or those beside the submissions folders."""
    if places.ledger is not None:
        return [places.ledger]
    return list(dict.fromkeys(folder.absolute().parent / LEDGER for folder in places.submissions))


def _trusted(places: Places) -> dict[str, TrustedKey]:
    """Read the trusted keys: the file that is named, the one beside the submissions, or the repository's own."""
    beside = [folder.absolute().parent / TRUSTED for folder in places.submissions]
    checkout = [Path(__file__).parents[3] / TRUSTED, Path.cwd() / TRUSTED]
    there = [places.keys] if places.keys else [one for one in (*beside, *checkout) if one.is_file()]
    if not there:
        raise refuse(TRUSTED, "", "is not here", "Run this in a checkout of the repository, or name it with --keys")
    return keys.read_trusted(there[0])
