"""A small rated site for the tests of what the ledger does to it: nine models, signed, frozen from eight of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import life_factory as life
import site_factory as make

from wattbench import ledger
from wattboard import editions, frame, listings
from wattboard.founding import anchors, cohorts, freezing
from wattboard.life import counting
from wattboard.life.counting import Places

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.listings import Site
    from wattboard.ratings import Rating

MODEL, REVISION = "org/m03", "f" * 40


def write(folder: Path) -> Path:
    """Write signed runs to `submissions` and their edition to `e`."""
    make.write([*make.brackets(), *make.founders(8)], folder / "submissions")
    passes = frame.frame(frame.gather([make.seal(folder / "submissions")]))
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, "2026-06")
    freezing.freeze(folder / "e", "2026-06", found, demo=False, foundings=founding)
    return folder


def site(folder: Path, **changes: Any) -> Site:
    """Count, rate and sort what lies below a folder."""
    opened = editions.read_all([folder / "e"])
    places = Places((folder / "submissions",), **changes)
    counted = counting.count(places, counting.signed_boards(opened))
    lived, left = counting.lived(places, counted, opened)
    return listings.assemble(counted.filed, opened, sorted([*counted.left_out, *left]), lived)


def runs_of(folder: Path, model: str = MODEL) -> list[str]:
    """The names of a model's run files, oldest first."""
    return sorted(
        path.name
        for path in (folder / "submissions" / model / "runs").glob("*.json")
        if not path.name.endswith(".dsse.json")
    )


def tell(folder: Path, kind: str, **told: Any) -> Path:
    """Write an event of a year later into the ledger."""
    base: dict[str, Any] = {"schema": 1, "kind": kind, "at": "2027-06-01T10:00:00Z", "model": MODEL}
    return ledger.write(ledger.make(base | told), folder / "ledger")


def withdraw(folder: Path, **told: Any) -> Path:
    """Withdraw all of a model, unless told otherwise."""
    return tell(folder, "withdrawn", **{"revisions": (REVISION,), "code": "fault", "note": "a wrong meter"} | told)


def dispute(folder: Path, **told: Any) -> Path:
    """Dispute a model's result."""
    note = {"note": "4 % apart"}
    return tell(folder, "disputed", **{"revision": REVISION, "board": make.GPU} | note | told)


def rating(found: Site, model: str = MODEL) -> Rating | None:
    """A model's rating on the one board."""
    return next((one for one in found.listings[0].all if one.model == model), None)


def claim(**changes: Any) -> dict[str, Any]:
    """A self-reported result, as its file holds it."""
    told: dict[str, Any] = {
        "schema": 1,
        "model": life.MODEL,
        "revision": life.REVISION,
        "task": "sentence-similarity",
        "precision": "fp16",
        "scenario": "single",
        "wh_per_1000_queries": 0.02,
        "hardware": "RTX 4090, 24 GB",
        "how": "nvidia-smi at 10 Hz over 5 minutes",
        "on": "2026-11-01",
        "github": "octocat",
    }
    return told | changes
