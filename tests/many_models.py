"""Boards of many models for the tests of the site: made-up names and energies, measured by nobody."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import site_factory as make

from wattboard import frame
from wattboard.founding import anchors, cohorts, freezing

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.runs import Run

ORGANISATIONS = ("northwind", "Delta-Lab", "openforge", "kestrel-ai", "aurora", "Quillon", "saltmarsh", "tern")
FAMILIES = ("electra", "distil-encoder", "mini-lm", "roberta-like", "bge-like", "gte-like", "t5-encoder", "longform")
SIZES = (
    ("tiny", 14e6, 8.0),
    ("small", 44e6, 16.0),
    ("base", 110e6, 34.0),
    ("large", 335e6, 95.0),
    ("xl", 1.5e9, 310.0),
)
LICENCES = ("apache-2.0", "mit", "cc-by-nc-4.0", "gemma", None)


def runs(n: int, seed: int = 5) -> list[Run]:
    """Give n models on the measured board, two sessions each: all states of a star, some gates flagged or failed."""
    draw = random.Random(seed)  # noqa: S311 - made-up data
    found = make.brackets(50.0)
    for index in range(n):
        size, parameters, joules = SIZES[index % len(SIZES)]
        family, organisation = draw.choice(FAMILIES), draw.choice(ORGANISATIONS)
        energy = joules * draw.lognormvariate(0, 0.28)
        grade = min(0.93, max(0.3, 0.52 + 0.055 * (index % len(SIZES)) + draw.gauss(0, 0.045)))
        verdict = "fail" if index % 17 == 11 else "flag" if index % 13 == 5 else "pass"
        more: dict[str, Any] = {
            "grade": round(grade, 4),
            "parameters": round(parameters * draw.uniform(0.8, 1.25)),
            "licence": draw.choice(LICENCES),
            "gates": [make.gate(verdict=verdict)],
        }
        found += make.official(f"{organisation}/{family}-{size}-v{index}", round(energy, 4), **more)
    return found


def write(folder: Path, n: int) -> Path:
    """Write the runs and freeze a rated edition from them, beside the demo; give the folder of `s` and `e`."""
    filed = frame.gather([make.write([*runs(n), *make.demo()], folder / "s")])
    passes = frame.frame(filed)
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, "2026-06")
    measured = {name: one for name, one in found.items() if name == make.GPU}
    freezing.freeze(folder / "e", "2026-06", measured, demo=False, foundings=founding)
    freezing.freeze(folder / "e", "demo", {k: v for k, v in found.items() if k != make.GPU}, demo=True)
    make.seal(folder / "s", {make.GPU})
    return folder
