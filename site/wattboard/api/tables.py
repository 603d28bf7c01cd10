"""Ratings as tables: a CSV a board, and all boards in one CSV and one Parquet file. Column names end in their unit.

In the table of all boards an estimate has columns of its own; where a row has none, its cell is empty.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from wattboard.api import places
from wattboard.api.results import result
from wattboard.api.schemas import EstimatedResult, MeasuredResult, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wattboard.api.results import Known
    from wattboard.listings import Listing, Site

# A spreadsheet takes a cell that begins like this for a formula; some read the wide forms of the signs alike.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SPECIAL = re.compile('[",\r\n]')
_TYPES = {"integer": pl.Int64, "number": pl.Float64, "string": pl.String, "boolean": pl.Boolean, "array": pl.String}
_BOARD = {"task": pl.String, "headline": pl.Boolean, "frontier": pl.Boolean}


def board(listing: Listing, known: Known) -> tuple[str, str]:
    """Give a board as CSV, one row a model, in the order of its page."""
    return _place(listing), to_csv(_columns((listing.board.kind,)), _rows(listing, known))


def everything(site: Site, known: Known) -> Iterator[tuple[str, bytes]]:
    """Give all boards in one table, one row a rating: as CSV, and as Parquet."""
    every = [row for one in site.listings for row in _rows(one, known)]
    form = _columns(("measured", "estimated"))
    yield places.CSV, to_csv(form, every).encode()
    columns = {name: [row.get(name) for row in every] for name in form}
    buffer = io.BytesIO()
    pl.DataFrame(columns, schema=form).write_parquet(buffer, compression="zstd")
    yield places.PARQUET, buffer.getvalue()


def to_csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows as CSV. No cell can be taken for a formula, and none leaves its place.

    The standard library's writer does not quote a lone carriage return where lines end in a line feed.
    """
    names = list(columns)
    lines = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    return "".join(f"{','.join(map(_quoted, line))}\n" for line in lines)


@cache
def _columns(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Name the columns of a table and their types, from the forms of the API."""
    form: dict[str, Any] = dict(_BOARD)
    for kind in kinds:
        model = EstimatedResult if kind == "estimated" else MeasuredResult
        for name, told in model.model_json_schema()["properties"].items():
            if name == "quality":
                own = Quality.model_json_schema()["properties"]
                form |= {f"quality_{part}": _type(inner) for part, inner in own.items()}
            else:
                form[name] = _type(told)
    return form


def _type(told: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a Polars type
    choices = [told, *told.get("anyOf", [])]
    return next(_TYPES[one["type"]] for one in choices if one.get("type", "null") != "null")


def _rows(listing: Listing, known: Known) -> Iterator[dict[str, object]]:
    for one in listing.all:
        row = result(one, known, task=listing.board.task, headline=listing.headline)
        quality = row.pop("quality") or {}
        row |= {f"quality_{name}": value for name, value in quality.items()}
        yield row | {"reasons": " ".join(one.reasons), "frontier": one.model in listing.frontier}


def _place(listing: Listing) -> str:
    return f"api/v1/boards/{listing.board.name}.csv"


def _cell(value: object) -> str:
    """Make a cell safe: text that begins like a formula gets an apostrophe, null is empty, booleans are lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return "" if value is None else str(value)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell
