"""The JSON Schemas and the OpenAPI 3.1 description, both made of the strict forms."""

from __future__ import annotations

import re
from typing import Any

from pydantic.json_schema import models_json_schema

from wattbench.runs import Run
from wattbench.submissions import json_schema
from wattboard.api import places
from wattboard.api.documents import LICENCE
from wattboard.api.forms import VERSION

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_PARAMETERS = {
    "board": (r"^[a-z0-9~-]+$", "A board's name, task-vN~sku[xCOUNT]~precision~scenario~reasoning~meter"),
    "org": (_NAME, "The organisation of a model ORG/NAME"),
    "name": (_NAME, "The name of a model ORG/NAME"),
    "edition": (r"^[a-z0-9][a-z0-9.-]*$", "An edition's id"),
    "month": (r"^\d{4}-\d\d$", "A month, 2026-11"),
    "schema": (r"^[a-z-]+$", "A kind of document"),
    "task": (r"^[a-z0-9-]+$", "A task's name: its headline board"),
    "file": (r"^[A-Za-z0-9.~-]+$", "A run's file as its model's JSON names it, without its ending"),
    "sha256": (r"^[0-9a-f]{64}$", "The sha256 of a table, as the run file names it"),
}
_JSON, _SVG = "application/json", "image/svg+xml"
_PARQUET = "application/vnd.apache.parquet"
# What there is besides the documents: where, of which type, what.
OTHERS = (
    ("api/v1/boards/{board}.csv", "text/csv", "A board, one row a model"),
    ("api/v1/boards/{board}.parquet", _PARQUET, "The same, with the columns of the table of all boards"),
    (places.CSV, "text/csv", "All boards, one row a rating; units in the column names"),
    (places.PARQUET, _PARQUET, "All boards, one row a rating; units in the column names"),
    (f"{places.SCHEMAS}/{{schema}}.json", "application/schema+json", "The JSON Schema of a kind of document"),
    (places.SUBMISSION, "application/schema+json", "The JSON Schema of a submission, for editors and checks"),
    (places.OPENAPI, _JSON, "This description"),
    ("editions/{edition}/frozen/edition.json", _JSON, "An edition's file as it was written"),
    ("editions/{edition}/frozen/{board}.json", _JSON, "A frozen board's file as it was written, every digit"),
    ("editions/{edition}/badges/{org}/{name}/{board}.svg", _SVG, "A badge that names its edition, for good"),
    ("badges/v1/{org}/{name}/{board}.svg", _SVG, "The badge of a board; changes with a new edition"),
    ("badges/v1/{org}/{name}/{task}.svg", _SVG, "The badge of a task's headline board"),
    ("editions/{edition}/badges/{org}/{name}/{board}.label.svg", _SVG, "The same as a label"),
    ("badges/v1/{org}/{name}/{board}.label.svg", _SVG, "The same as a label"),
    ("badges/v1/{org}/{name}/{task}.label.svg", _SVG, "The same as a label"),
    ("badges/v1/{org}/{name}/{board}.json", _JSON, "The badge for shields.io's endpoint badge"),
    ("badges/v1/{org}/{name}/{task}.json", _JSON, "The same of a task's headline board"),
    ("runs/{org}/{name}/{file}.dsse.json", _JSON, "A run's signature, where it has one"),
    ("runs/{org}/{name}/{sha256}.parquet", _PARQUET, "A table that a run names: its trace, marks or scores"),
    (places.ATOM, "application/atom+xml", "Changes of ratings"),
    (places.JSON_FEED, "application/feed+json", "Changes of ratings"),
    (places.LLMS, "text/plain", "What a language model should know before it quotes a number"),
    (places.CITATION, "text/plain", "How to cite the data"),
)
RUN = "runs/{org}/{name}/{file}.json"


def schemas(address: str) -> dict[str, dict[str, Any]]:
    """Give every JSON Schema by where it lies below the site."""
    told = {form.name: form.model.model_json_schema(by_alias=True, mode="serialization") for form in places.FORMS}
    told["run"] = Run.model_json_schema(by_alias=True)
    found = {f"{places.SCHEMAS}/{name}.json": one for name, one in told.items()}
    found[places.SUBMISSION] = json_schema()
    return {path: {"$schema": DIALECT, "$id": f"{address}{path}"} | one for path, one in found.items()}


def description(address: str) -> dict[str, Any]:
    """Give the OpenAPI description: every path, its parameters, and what it answers."""
    forms = [(form.model, "serialization") for form in places.FORMS]
    models, defined = models_json_schema(
        [*forms, (Run, "validation")],  # type: ignore[list-item] # the modes are the two that there are
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    paths = {
        form.path: _path(form.path, _JSON, form.about, models[form.model, "serialization"]) for form in places.FORMS
    }
    paths[RUN] = _path(RUN, _JSON, "A run file, as the harness wrote it", models[Run, "validation"])
    paths |= {path: _path(path, media, about, {}) for path, media, about in OTHERS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wattstar",
            "version": str(VERSION),
            "summary": "Star ratings for the energy that AI models use, as static files.",
            "license": {"name": LICENCE, "identifier": LICENCE},
        },
        "jsonSchemaDialect": DIALECT,
        "servers": [{"url": address}],
        "paths": {f"/{path}": told for path, told in paths.items()},
        "components": {"schemas": defined["$defs"]},
    }


def _path(path: str, media: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", path)
    told: dict[str, Any] = {
        "get": {
            "operationId": re.sub(r"\W+", "_", path),
            "summary": about,
            "responses": {
                "200": {"description": about, "content": {media: {"schema": schema} if schema else {}}},
                "404": {"description": "There is no such file"},
            },
        }
    }
    if names:
        told["parameters"] = [_parameter(name) for name in names]
    return told


def _parameter(name: str) -> dict[str, Any]:
    pattern, about = _PARAMETERS[name]
    form = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "description": about, "schema": form}
