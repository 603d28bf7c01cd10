"""Ratings in the Hub's evaluation-results format: one entry a board, one number each, higher is better. Pure.

The format has one value and no word for its unit or direction, and the Hub sorts higher values first: so the value is
queries per Wh, and the note says the rest. Estimates, demos and results that do not stand are never entered.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from wattboard import formats
from wattboard.badges.faces import WORDS
from wattboard.profiles import snippets

if TYPE_CHECKING:
    from wattboard.badges.faces import Face
    from wattboard.listings import Result

SOURCE = "Wattstar"


def unfit(result: Result, face: Face) -> str | None:
    """Say why a result is not to be entered, None where it is."""
    rating, edition = result.rating, result.listing.edition
    if rating.kind == "estimated":
        return "its energy is estimated"
    if edition is None or edition.kind != "rated":
        return "it is in no rated edition"
    if face.stars is None or rating.wh is None:
        return f"it has no stars ({WORDS[face.state]})"
    if face.state == "disputed":
        return "it is disputed"
    if not re.fullmatch(r"[0-9a-f]{40}", rating.revision):
        return "its weights are of no revision on the Hub"
    return None


def entry(result: Result, face: Face, benchmark: str, address: str) -> str:
    """Give a result's entry, as YAML."""
    rating = result.rating
    assert rating.wh is not None  # noqa: S101 - for the type checker: unfit() asked already
    value = float(f"{1000 / rating.wh:.6g}")
    about = [
        f"{face.stars} of 5 stars",
        f"{formats.significant(rating.wh)} Wh per 1,000 queries {formats.plus_minus(rating.h)}".rstrip(),
        face.quality,
        f"edition {face.edition}",
        *face.also,
        f"{face.device}, {face.precision}",
        f"revision {rating.revision[:12]}",
    ]
    note = f"{'; '.join(part for part in about if part)}. The value is queries per Wh, higher is better."
    return (
        f"- dataset:\n    id: {_text(benchmark)}\n    task_id: {_text(rating.board)}\n"
        f"  value: {value!r}\n  date: {_text(rating.measured_at[:10])}\n"
        f"  source:\n    url: {_text(snippets.evidence(rating.model, address))}\n    name: {_text(SOURCE)}\n"
        f"  notes: {_text(note)}\n"
    )


def _text(text: str) -> str:
    """Quote a text: JSON is YAML, and a date stays a text."""
    return json.dumps(text, ensure_ascii=False)
