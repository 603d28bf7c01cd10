"""Ratings as tables: a CSV and a Parquet file a board, and one of all boards. Column names end in their unit.

In Parquet, and in the table of all boards, an estimate has columns of its own; where a row has none, its cell is empty.
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
    from wattboard.listings import Listing

# A spreadsheet takes a cell that begins like this for a formula; some read the wide forms of the signs alike.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_FORMULA = f"^[{re.escape(''.join(FORMULA))}]"
_TYPES = {"integer": pl.Int64, "number": pl.Float64, "string": pl.String, "boolean": pl.Boolean, "array": pl.String}
_BOARD = {"task": pl.String, "headline": pl.Boolean, "frontier": pl.Boolean}
_BOTH = ("measured", "estimated")


def board(listing: Listing, known: Known) -> Iterator[tuple[str, bytes]]:
    """Give a board as CSV and as Parquet, one row a model, in the order of its page."""
    told, name = table(listing, known), listing.board.name
    yield f"api/v1/boards/{name}.csv", to_csv(told.select(list(_columns((listing.board.kind,))))).encode()
    yield place(name), _parquet(told)


def place(board: str) -> str:
    """Name a board's Parquet file below the site."""
    return f"api/v1/boards/{board}.parquet"


def read(data: bytes) -> pl.DataFrame:
    """Read a board's Parquet file."""
    return pl.read_parquet(io.BytesIO(data))


def table(listing: Listing, known: Known) -> pl.DataFrame:
    """Give a board with the columns of the table of all boards."""
    rows, form = list(_rows(listing, known)), _columns(_BOTH)
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in form}, schema=form)


def everything(tables: Iterable[pl.DataFrame]) -> Iterator[tuple[str, bytes]]:
    """Give all boards in one table, one row a rating: as CSV, and as Parquet."""
    every = pl.concat([pl.DataFrame(schema=_columns(_BOTH)), *tables], rechunk=True)
    yield places.CSV, to_csv(every).encode()
    yield places.PARQUET, _parquet(every)


def to_csv(told: pl.DataFrame) -> str:
    """Write a table as CSV. No cell can be taken for a formula, and none leaves its place."""
    text = pl.col(pl.String)
    safe = pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text)
    return told.with_columns(safe.name.keep()).write_csv()


def _parquet(told: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    told.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


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
