"""A board as the pages in the reader's browser read it: one compact JSON a board, below /api/v1/rows/.

The board's table, Compare and Right-size choose from the same rows. Columns carry their units; on estimated boards
every energy is called `estimated_...`. `left_out` is null where a model may be chosen, else it says why not, as
wattboard.advising.choices has it. A column of flags holds 0 and 1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wattboard import profiles
from wattboard.advising import choices
from wattboard.pages import board_table
from wattboard.ratings.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattboard.listings import Listing, Site
    from wattboard.profiles import Atlas
    from wattboard.ratings import Rating

    Latencies = Mapping[tuple[str, str, str], float]  # by board, model and revision

SCHEMA = 1
COLUMNS = (
    "model",
    "stars",
    "stars_at_best",
    "status",
    "reason",
    "left_out",
    "frontier",
    "recommended",
    "wh_per_1000_queries",
    "wh_per_1000_queries_low",
    "wh_per_1000_queries_high",
    "quality",
    "quality_low",
    "quality_high",
    "seconds_per_query",
    "latency_p95_seconds",
    "parameters",
    "licence",
    "measured_at",
    "trust",
)


def of_board(listing: Listing, known: Latencies, atlas: Atlas) -> dict[str, str]:
    """Give a board's rows and claims: the path below the site, and the text."""
    claims = {"schema": SCHEMA, "claims": profiles.claims(listing, atlas)}
    return {place(listing): _json(rows(listing, known)), claims_place(listing): _json(claims)}


def index(site: Site) -> dict[str, str]:
    """Give the file that names the boards."""
    boards = [
        {
            "board": one.board.name,
            "task": one.board.task,
            "title": one.task.title,
            "words": words(one),
            "headline": one.headline,
            "rows": place(one),
            "page": f"boards/{one.board.name}/",
        }
        for one in site.listings
    ]
    return {"api/v1/rows/index.json": _json({"schema": SCHEMA, "boards": boards})}


def place(listing: Listing) -> str:
    """Name a board's file."""
    return f"api/v1/rows/{listing.board.name}.json"


def claims_place(listing: Listing) -> str:
    """Name the file of a board's claims: `claims` has from a model to another what METHOD lets us say of the switch."""
    return f"api/v1/rows/{listing.board.name}.claims.json"


def words(listing: Listing) -> str:
    """Say which machine, precision and scenario a board is of."""
    board = listing.board
    parts = [listing.all[0].device if listing.all else board.sku, board.precision, board.scenario]
    if board.reasoning != "off":
        parts.append(f"reasoning {board.reasoning}")
    return ", ".join(parts)


def rows(listing: Listing, known: Latencies) -> dict[str, Any]:
    """Give a board and its rows, in the order of the page."""
    metric, frozen, kind = listing.task.metric, listing.frozen, listing.board.kind
    scale = board_table.scale(listing)
    prefix = "estimated_" if kind == "estimated" else ""
    return {
        "schema": SCHEMA,
        "board": listing.board.name,
        "task": listing.board.task,
        "title": listing.task.title,
        "words": words(listing),
        "query": listing.task.query,
        "kind": kind,
        "edition": listing.edition.id if listing.edition else None,
        "demo": listing.demo,
        "metric": {
            "name": metric.name,
            "unit": metric.unit,
            "higher_is_better": metric.higher_is_better,
            "margin": metric.margin,
        },
        "recommended_quality": frozen.quality.recommended if frozen else None,
        "reference": frozen.reference.id if frozen else None,
        "scale": [scale.low, scale.high],
        "reasons": REASONS,
        "columns": [f"{prefix}{name}" if name.startswith("wh_") else name for name in COLUMNS],
        "rows": [_row(one, listing, known) for one in listing.all],
    }


def _row(one: Rating, listing: Listing, known: Latencies) -> list[Any]:
    return [
        one.model,
        one.stars,
        one.stars_at_best,
        one.status,
        one.reasons[0] if one.reasons else None,
        choices.why_not(one) or (None if one.wh else REASONS["no-energy"]) or None,
        int(one.model in listing.frontier),
        int(one.recommended and not one.reasons),
        one.wh,
        one.wh_low,
        one.wh_high,
        _six(one.quality),
        _six(one.quality_low),
        _six(one.quality_high),
        one.seconds_per_query,
        known.get((one.board, one.model, one.revision)),
        one.parameters,
        one.licence,
        one.measured_at[:10],
        one.trust,
    ]


def _six(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _json(value: Mapping[str, Any]) -> str:
    """Write JSON with one row a line: small, and a change of one model is a change of one line."""
    told = dict(value)
    name = next(one for one in ("rows", "boards", "claims") if one in told)
    held: Any = told.pop(name)
    head = json.dumps(told, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    lines = (
        [_line(one) for one in held] if isinstance(held, list) else [f"{_line(k)}:{_line(v)}" for k, v in held.items()]
    )
    opened, closed = "[]" if isinstance(held, list) else "{}"
    return f'{head[:-1]},"{name}":{opened}\n' + ",\n".join(lines) + f"\n{closed}}}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
