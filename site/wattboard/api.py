"""The static API below /api/v1/: JSON and CSV. On estimated boards every energy is called `estimated_...`."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from wattboard.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattboard.editions import FrozenBoard, Opened
    from wattboard.listings import Listing, Profile, Site
    from wattboard.ratings import Rating

SCHEMA = 1
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def files(site: Site) -> dict[str, str]:
    """Give every file of the API: its path below the site, and its text."""
    root = "api/v1"
    boards = {f"{root}/boards/{one.board.name}.json": _json(_board(one)) for one in site.listings}
    tables = {f"{root}/boards/{one.board.name}.csv": _csv(one) for one in site.listings}
    models = {f"{root}/models/{one.id}.json": _json(_model(one)) for one in site.profiles}
    editions = {f"{root}/editions/{one.edition.id}.json": _json(_edition(one)) for one in site.editions}
    return {f"{root}/index.json": _json(_index(site)), **boards, **tables, **models, **editions}


def result(rating: Rating) -> dict[str, Any]:
    """Give a rating as the API has it. Numbers are rounded to 6 significant digits, absent ones are null."""
    return {
        "model": rating.model,
        "revision": rating.revision,
        "board": rating.board,
        "edition": rating.edition,
        "kind": rating.kind,
        "status": rating.status,
        "stars": rating.stars,
        "borderline": rating.borderline,
        "reasons": [{"name": name, "text": REASONS[name]} for name in rating.reasons],
        **_named(
            rating.kind,
            {
                "wh_per_1000_queries": rating.wh,
                "wh_per_1000_queries_low": rating.wh_low,
                "wh_per_1000_queries_high": rating.wh_high,
                "energy_percent_of_reference": rating.index,
                "energy_spread": _six(rating.spread),
            },
        ),
        "quality": None
        if rating.quality is None
        else {
            "metric": rating.quality_metric,
            "value": _six(rating.quality),
            "low": _six(rating.quality_low),
            "high": _six(rating.quality_high),
            "n": rating.quality_n,
            "higher_is_better": rating.higher_is_better,
        },
        "recommended_quality": rating.recommended,
        "seconds_per_query": rating.seconds_per_query,
        "parameters": rating.parameters,
        "licence": rating.licence,
        "base_model": rating.base_model,
        "device": rating.device,
        "protocol": rating.protocol,
        "gates": rating.verdict,
        "sessions": rating.sessions,
        "passes": rating.passes,
        "passes_without_energy": rating.lost,
        "measured_at": rating.measured_at,
    }


def _index(site: Site) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "newest_run": site.newest,
        "boards": [
            {
                "board": one.board.name,
                "task": one.board.task,
                "kind": one.board.kind,
                "edition": one.edition.id if one.edition else None,
                "headline": one.headline,
                "models": len(one.all),
                "json": f"api/v1/boards/{one.board.name}.json",
                "csv": f"api/v1/boards/{one.board.name}.csv",
                "page": f"boards/{one.board.name}/",
            }
            for one in site.listings
        ],
        "models": [
            {"model": one.id, "json": f"api/v1/models/{one.id}.json", "page": f"models/{one.id}/"}
            for one in site.profiles
        ],
        "editions": [
            {"edition": one.edition.id, "kind": one.edition.kind, "json": f"api/v1/editions/{one.edition.id}.json"}
            for one in site.editions
        ],
    }


def _board(listing: Listing) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "board": listing.board.name,
        "task": listing.board.task,
        "title": listing.task.title,
        "query": listing.task.query,
        "kind": listing.board.kind,
        "edition": listing.edition.id if listing.edition else None,
        "headline": listing.headline,
        "frozen": _frozen(listing.frozen, listing.board.kind) if listing.frozen else None,
        "results": [{**result(one), "frontier": one.model in listing.frontier} for one in listing.all],
    }


def _model(profile: Profile) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "model": profile.id,
        "results": [
            {
                **result(one.rating),
                "headline": one.listing.headline,
                "badge": f"badges/v1/{profile.id}/{one.rating.board}.svg",
                "runs": [
                    {"sha256": filed.digest, "role": filed.run.role, "path": f"runs/{profile.id}/{filed.name}"}
                    for filed in one.runs
                ],
            }
            for one in profile.results
        ],
        "earlier_revisions": [result(one) for one in profile.earlier],
    }


def _edition(opened: Opened) -> dict[str, Any]:
    from wattbench.boards import Board

    told = opened.edition.model_dump(mode="json", by_alias=True)
    boards = {name: _frozen(one, Board.parse(name).kind) for name, one in sorted(opened.boards.items())}
    return {**told, "schema": SCHEMA, "boards": boards}


def _frozen(board: FrozenBoard, kind: str) -> dict[str, Any]:
    told = board.model_dump(mode="json", by_alias=True)
    reference = told.pop("reference")
    thresholds = [_six(value) for value in told.pop("thresholds_wh")]
    energy = reference.pop("wh_per_1000_queries")
    return {
        **told,
        "kind": kind,
        "reference": {**reference, **_named(kind, {"wh_per_1000_queries": _six(energy)})},
        **_named(kind, {"thresholds_wh_per_1000_queries": thresholds}),
    }


def _csv(listing: Listing) -> str:
    """Give a board as CSV, one row a model. No cell can be taken for a formula."""
    out = io.StringIO()
    rows = []
    for one in listing.all:
        told = result(one)
        quality = told.pop("quality") or dict.fromkeys(("metric", "value", "low", "high", "n", "higher_is_better"))
        told["reasons"] = " ".join(one.reasons)
        rows.append({**told, **{f"quality_{name}": value for name, value in quality.items()}})
    if not rows:
        return ""
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    """Make a cell safe: text that begins like a formula gets an apostrophe, null is empty, booleans are lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value


def _named(kind: str, energies: Mapping[str, Any]) -> dict[str, Any]:
    """Call energies what they are: `estimated_...` where they were estimated."""
    return {f"estimated_{name}" if kind == "estimated" else name: value for name, value in energies.items()}


def _six(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
