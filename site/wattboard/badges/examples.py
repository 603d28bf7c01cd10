"""One badge of every state, with invented numbers: for the page that explains them, and for whoever looks at them."""

from __future__ import annotations

from dataclasses import replace

from wattboard.badges import endpoints
from wattboard.badges.faces import WORDS, Face, State
from wattboard.badges.flat import flat
from wattboard.badges.label import label

HOME = "cite/badges"  # where their files lie below the site
MEANINGS: dict[State, str] = {
    "confirmed": "Both ends of the 95 % interval earn these stars.",
    "borderline": "The worse end earns these stars, and the better end the outlined one too.",
    "provisional": "Outlined stars: a board with a small cohort, a single session, or a flagged gate.",
    "demo": "Outlined stars of a demo edition, from estimated energy. Not a rating, and not to be quoted as one.",
    "superseded": "A later edition has new thresholds. The stars are those of the edition that is named.",
    "older-revision": "When the site was built the Hub had a newer revision of the model, which was not measured.",
    "disputed": "A second measurement disagrees. The page says what is known.",
    "withdrawn": "Taken back, with a public note: no stars and no figure.",
    "imported": "A single value that others published, rated by our rule: outlined, never confirmed.",
    "self-reported": "What its makers say of it: grey, no star until it was measured here.",
    "unrated": "Measured, and no star; the label and the page say why.",
}
_CONFIRMED = Face(
    model="example-org/Example-3B",
    subject="text generation",
    state="confirmed",
    stars=4,
    wh=1.23,
    wh_low=1.16,
    wh_high=1.31,
    h=0.0604,
    quality="exact match 61.2 %",
    edition="2026-12",
    device="NVIDIA H100 SXM5 80 GB",
    precision="bf16",
    day="2026-11-20",
    r=1.46,
    thresholds=(0.9, 1.314, 1.91844, 2.80092),
    also=("confirmed",),
)
_BORDER: dict[str, object] = {"stars": 3, "hoped": 4, "wh": 1.3, "wh_low": 1.22, "wh_high": 1.38}
_BEST: dict[str, object] = {"outlined": True, "stars": 5, "wh": 0.71, "wh_low": 0.664, "wh_high": 0.76}
_DEMO = {"demo": True, "estimated": True, "edition": "demo", "device": "AMD EPYC 9B14, 2 threads", "precision": "fp32"}
_WIDE = {"stars": 4, "wh": 1.1, "wh_low": 0.93, "wh_high": 1.3, "h": 0.167}
_VALUE = {"outlined": True, "h": None, "wh_low": None, "wh_high": None, "quality": "", "precision": ""}
_REPORTED = {"stars": None, "edition": None, "h": None, "r": None, "thresholds": (), "quality": "", "precision": ""}
_CHANGES: dict[State, dict[str, object]] = {
    "confirmed": {},
    "borderline": _BORDER,
    "provisional": _BEST,
    "demo": {**_BEST, **_DEMO, **_WIDE, "also": ("provisional",)},
    "superseded": {"edition": "2025-12", "also": ("superseded by edition 2026-12", "confirmed")},
    "older-revision": {"also": ("measured at an older revision than the Hub's", "confirmed")},
    "disputed": {"stars": 2, "wh": 2.2, "wh_low": 2.08, "wh_high": 2.33, "also": ("disputed", "confirmed")},
    "withdrawn": {"stars": None, "wh": None, "h": None, "quality": "", "why": "Withdrawn: its page says why."},
    "imported": {**_VALUE, "edition": "others-2025-02", "also": ("imported, single value", "not measured here")},
    "self-reported": {**_REPORTED, "why": "No star: self-reported, not measured here."},
    "unrated": {"stars": None, "also": (), "why": "No star: the quality is below the board's minimum."},
}


def examples() -> tuple[Face, ...]:
    """Give one face a state, as they are explained."""
    told = {state: {"also": (WORDS[state],), **changes} for state, changes in _CHANGES.items()}
    return tuple(replace(_CONFIRMED, state=state, **changes) for state, changes in told.items())  # type: ignore[arg-type] # their own fields


def files() -> dict[str, str]:
    """Draw every example in every shape, by its path below the site."""
    drawn: dict[str, str] = {}
    for face in examples():
        drawn[f"{HOME}/{face.state}.svg"] = flat(face)
        drawn[f"{HOME}/{face.state}.label.svg"] = label(face)
        drawn[f"{HOME}/{face.state}.json"] = endpoints.endpoint(face)
    return drawn
