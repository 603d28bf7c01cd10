"""llms.txt and CITATION.cff: what the site says of itself to language models and to those who cite it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wattboard.api import places
from wattboard.api.documents import LICENCE

if TYPE_CHECKING:
    from wattboard.listings import Listing, Site

_SAYS = """\
# Wattstar

> One to five stars for the energy that AI models use to answer a fixed set of queries, with the watt-hours beside the
> stars and the quality beside both. Thresholds are frozen before a result exists.

Read this before quoting a number:

- Name the model, the board, the Wh per 1,000 queries, the quality and the edition along with the stars.
- A board is one task, machine, precision and scenario. Numbers of two boards are never compared.
- `kind: estimated` is no measurement. Its energies are called `estimated_...`, and its stars are no ratings.
- Stars whose `status` is `provisional` are not to be quoted as ratings. Where `stars` is null, `reasons` says why.
- Absent is null, never 0. Intervals are at 95 %. 1 Wh keeps a 10 W LED alight for 6 minutes.
- Wattstar is not ENERGY STAR, a certification mark of the US Environmental Protection Agency.
"""


def llms(site: Site, address: str) -> str:
    """Give llms.txt: Markdown with links, after https://llmstxt.org."""
    parts = [
        _SAYS,
        "## Data\n",
        f"- [Index]({address}api/v1/index.json): every board, model and edition, with addresses",
        f"- [All ratings as CSV]({address}{places.CSV}), [as Parquet]({address}{places.PARQUET})",
        f"- [OpenAPI description]({address}{places.OPENAPI})",
        f"- [Changes]({address}{places.JSON_FEED})",
        "",
        "## Prose\n",
        f"- [Method]({address}method/): how energy is measured and how stars are given, limitations first",
        f"- [API]({address}api/): examples",
        f"- [Cite]({address}cite/): how to quote a rating",
        "",
    ]
    if site.headlines:
        parts += ["## Headline boards\n", *(_line(one, address) for one in site.headlines), ""]
    if optional := [one for one in site.listings if not one.headline]:
        parts += ["## Optional\n", *(_line(one, address) for one in optional), ""]
    return "\n".join(parts)


def citation(site: Site, address: str) -> str:
    """Give CITATION.cff of the published data: version and date are the data's, and left out where there is none."""
    told: dict[str, object] = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "title": "Wattstar: star ratings for the energy that AI models use",
        "message": "Name the edition, and the Wh and the quality beside the stars.",
        "authors": [{"name": "The Wattstar authors"}],
        "license": LICENCE,
        "keywords": ["energy", "AI models", "leaderboard"],
    }
    if "://" in address:
        told["url"] = address
    if site.editions:
        told["version"] = site.editions[-1].edition.id
    if site.newest:
        told["date-released"] = site.newest
    # JSON is YAML; a date stays text only in quotes, which json.dumps gives it
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in told.items())


def _line(one: Listing, address: str) -> str:
    edition = f"edition {one.edition.id}" if one.edition else "in no edition"
    models = f"{len(one.all)} model{'' if len(one.all) == 1 else 's'}"
    where = f"{address}api/v1/boards/{one.board.name}.json"
    return f"- [{one.board.name}]({where}): {one.task.title}, {one.board.kind} energy, {models}, {edition}"
