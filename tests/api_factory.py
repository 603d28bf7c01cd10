"""Sites for the tests of the API: assembled from synthetic runs, frozen as asked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import site_factory as make

from wattboard import editions, frame, listings
from wattboard.founding import anchors, cohorts, freezing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.gathering.left_out import LeftOut
    from wattboard.listings import Site

ADDRESS = "https://wattstar.example/"
LATER = {"2026-12-01-a": "2026-12-01", "2026-12-02-a": "2026-12-02"}


def site(
    many: Sequence[Run],
    folder: Path,
    freezes: Mapping[str, Sequence[Run]] | None = None,
    left: Sequence[LeftOut] = (),
) -> Site:
    """Assemble a site. `freezes` names editions and the runs that each is frozen from; `demo` is a demo edition."""
    for name, known in (freezes or {}).items():
        passes = frame.frame(frame.gather([make.write(known, folder / name)]))
        anchored = anchors.anchors(passes)
        founded = {} if name == "demo" else cohorts.foundings(passes, anchored, name)
        freezing.freeze(folder / "e", name, anchored, demo=name == "demo", foundings=founded)
    filed = frame.gather([make.write(many, folder / "s")])
    return listings.assemble(filed, editions.read_all([folder / "e"]), left)


def demo(folder: Path) -> Site:
    """Give the demo's site: two estimated boards, frozen on their reference models."""
    return site(make.demo(), folder, {"demo": make.demo()})


def rated(folder: Path, *more: Run) -> Site:
    """Give a site with a measured board, frozen from nine lineages and again half a year later, and the demo's."""
    first = [*make.brackets(), *make.founders(9), *make.official("org/tune", 60.0, base_model="org/m00")]
    again = [*first, *make.brackets(sessions=LATER), *make.official("org/later", 40.0, sessions=LATER)]
    freezes = {"demo": make.demo(), "2026-06": first, "2026-12": again}
    return site([*make.demo(), *again, *more], folder, freezes)


@cache
def estimated_names() -> tuple[str, ...]:
    """Name what an estimated rating has that a measured one calls otherwise."""
    from wattboard.api.schemas import EstimatedResult, Rated

    return tuple(sorted(set(EstimatedResult.model_fields) - set(Rated.model_fields) - {"kind"}))


def walk(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """Give every name and value of a JSON document, however deep."""
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in walk(inner, key)]
    if isinstance(value, list):
        return [pair for inner in value for pair in walk(inner, name)]
    return [(name, value)]
