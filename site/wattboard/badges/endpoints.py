"""The same badge as JSON for shields.io's endpoint badge, which draws it in its own style. Pure.

Its reader refuses keys that it does not know: those used here are part of its list, and a test holds them there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wattboard.badges import faces, flat, looks

if TYPE_CHECKING:
    from wattboard.badges.faces import Face

CACHE_SECONDS = 3600  # how long shields.io may show an old one


def endpoint(face: Face) -> str:
    """Give the JSON of a face."""
    stars = [] if face.stars is None else [f"{face.stars}/5 stars"]
    said = [*stars, *(part for part in [flat.message(face)] if part), faces.WORDS[face.state]]
    told = {
        "cacheSeconds": CACHE_SECONDS,
        "color": looks.LOOKS[face.state].field.removeprefix("#"),
        "isError": face.state in {"disputed", "withdrawn"},  # then nobody can give it another colour
        "label": flat.LABEL,
        "labelColor": looks.INK.removeprefix("#"),
        "message": " · ".join(said),
        "schemaVersion": 1,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"
