"""The one door to Jinja: the templates of this package, filled. Touches no disk but theirs."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from markupsafe import Markup

from wattboard import charts, formats, profiles
from wattboard.advising import advice_words, grids, savings
from wattboard.badges import examples, faces
from wattboard.charts import stars
from wattboard.life import corrections, trust
from wattboard.pages import board_table, choosing
from wattboard.profiles import snippets
from wattboard.ratings.pool_gates import pool_gates
from wattboard.ratings.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from pathlib import Path

    from wattboard.charts import Band
    from wattboard.charts.curves import Curve
    from wattboard.charts.timelines import Timeline
    from wattboard.gathering.filed import Filed
    from wattboard.listings import Listing

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


def trace(timeline: Timeline) -> str:
    """Draw a trace as an SVG file that stands alone."""
    return str(_environment().get_template("trace.j2").make_module().trace(timeline, alone=True)).strip() + "\n"  # type: ignore[attr-defined] # a macro


def told(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten a run's facts for people: nested names joined by a dot, nulls left out."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(facts.items()):
        if isinstance(value, dict):
            rows += [(f"{name}.{inner}", text) for inner, text in told(value)]
        elif value is not None:
            rows.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return rows


def curve(drawn: Curve) -> str:
    """Draw a curve as an SVG file that stands alone."""
    return str(_environment().get_template("curve.j2").make_module().curve(drawn, alone=True)).strip() + "\n"  # type: ignore[attr-defined] # a macro


@lru_cache(256)
def _bands(bands: Sequence[Band], middle: float, high: int, *, names: bool) -> Markup:
    """Draw the bands of a scale: they are the same for every model of a board."""
    return Markup(_environment().get_template("bands.j2").render(bands=bands, middle=middle, high=high, names=names))  # noqa: S704 - what a template escaped


def device(listing: Listing) -> str:
    """Give the device of a board, by its marketing name."""
    return listing.all[0].device


def _newest(runs: Sequence[Filed]) -> Filed:
    return runs[-1]


def _plain(value: object) -> object:
    """Spell out characters that would turn the text around them, or that nobody sees."""
    if type(value) is str and not (value.isascii() and value.isprintable()) and _UNSEEN.search(value):
        return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    return value


def filled(template: str, **values: object) -> str:
    """Fill a template of this package."""
    return _environment().get_template(template).render(values)


def keep(folder: Path) -> None:
    """Keep compiled templates in a folder, where it can be written: Jinja holds each against its source."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            _environment().bytecode_cache = FileSystemBytecodeCache(str(folder))


class _Environment(Environment):
    """Gives all templates the same names. Jinja chains them anew for each, and compares the chains at every import."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Give the names that a template knows: ours, for none has any of its own."""
        return super().make_globals(d) if d else self.globals


@cache
def _environment() -> Environment:
    environment = _Environment(
        loader=PackageLoader("wattboard"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # else every use of a template asks the disk whether it has changed
    )
    environment.filters.update({**formats.FILTERS, "newest": _newest})
    environment.globals.update(
        REASONS=REASONS,
        TRUST=trust.WORDS,
        KINDS=corrections.KINDS,
        STAR=stars.STAR,
        earned=stars.earned,
        missing=stars.missing,
        bands_of=_bands,
        words=faces.words,
        strip=charts.strip,
        plot=charts.plot,
        pass_dots=charts.passes,
        pool_gates=pool_gates,
        snippets=snippets.snippets,
        embedded=snippets.markdown,
        rated=faces.of,
        face_of=faces.result,
        imported_face=faces.imported,
        EXAMPLES=examples.examples,
        MEANINGS=examples.MEANINGS,
        saving=profiles.saving,
        picked_place=profiles.picked_place,
        switches=profiles.switches,
        whom=savings.whom,
        less=advice_words.less,
        paired=advice_words.paired,
        described=advice_words.told,
        why_not=advice_words.why,
        told=told,
        device=device,
        pages_of=board_table.pages,
        scale_of=board_table.scale,
        licences=board_table.licences,
        organisations=board_table.organisations,
        SORTS=board_table.SORTS,
        SIZES=board_table.SIZES,
        rows_of=choosing.place,
        board_words=choosing.words,
        WORLD=grids.WORLD,
        GRIDS=grids.GRAMS_PER_KWH,
        GRID_YEAR=grids.YEAR,
        GRID_SOURCE=grids.SOURCE,
        GRID_LICENCE=grids.LICENCE,
        GRID_ADDRESS=grids.ADDRESS,
    )
    return environment
