"""The API: every document is of its published form, says what its page says, and is the same bytes every time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import api_factory
import jsonschema
import pytest
import site_factory as make
from openapi_spec_validator import OpenAPIV31SpecValidator

from wattbench import runs
from wattbench.problems import Problem
from wattboard import api, editions
from wattboard.api import openapi, places
from wattboard.gathering import left_out

if TYPE_CHECKING:
    from wattboard.listings import Site

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return api_factory.rated(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def files(site: Site) -> dict[str, bytes]:
    every = list(api.everything(site, api_factory.ADDRESS))
    assert len({path for path, _ in every}) == len(every)
    return dict(every)


def documents(files: dict[str, bytes]) -> dict[str, Any]:
    told = {path: json.loads(data) for path, data in files.items() if path.endswith(".json")}
    return {path: one for path, one in told.items() if isinstance(one.get("$schema"), str) and "schema" in one}


def test_every_document_is_of_the_schema_that_it_links(files: dict[str, bytes]) -> None:
    seen = set()
    for path, told in documents(files).items():
        place = (Path("/") / path).parent / told["$schema"]
        schema = json.loads(files[str(place.resolve().relative_to("/"))])
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(told)
        assert schema["$id"] == api_factory.ADDRESS + f"{places.SCHEMAS}/{place.name}"
        seen.add(place.stem)
    assert seen == {form.name for form in places.FORMS}


def test_a_document_with_an_unknown_field_or_without_a_known_one_is_not_of_its_schema(files: dict[str, bytes]) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(files["api/v1/schemas/board.json"]))
    board = json.loads(files[f"api/v1/boards/{make.SIMILARITY}.json"])
    assert schema.is_valid(board)
    one = board["results"][0]
    assert not schema.is_valid(board | {"results": [one | {"watts": 1}]})
    assert not schema.is_valid(board | {"results": [one | {"stars": 6}]})
    assert not schema.is_valid(board | {"results": [{name: one[name] for name in one if name != "stars"}]})
    measured = {name.removeprefix("estimated_"): value for name, value in one.items()}
    assert not schema.is_valid(board | {"results": [measured]})


def test_the_openapi_description_is_valid_and_knows_every_file(files: dict[str, bytes]) -> None:
    told = json.loads(files["api/v1/openapi.json"])
    OpenAPIV31SpecValidator(told).validate()
    patterns = {path: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))) for path in told["paths"]}
    met = {path: [name for name, one in patterns.items() if one.fullmatch(f"/{path}")] for path in files}
    assert [path for path, found in met.items() if not found] == []
    unmet = {name for name in patterns if not any(name in found for found in met.values())}
    elsewhere = {f"/{path}" for path, *_ in openapi.OTHERS if path.startswith("runs/") or "badges/" in path}
    assert unmet == elsewhere | {f"/{openapi.RUN}"}
    for path, one in told["paths"].items():
        named = [parameter["name"] for parameter in one.get("parameters", [])]
        assert named == re.findall(r"\{(\w+)\}", path)


def test_parameters_of_the_description_are_what_files_are_called_by(files: dict[str, bytes]) -> None:
    told = json.loads(files["api/v1/openapi.json"])
    index = json.loads(files["api/v1/index.json"])
    form = {
        one["name"]: re.compile(one["schema"]["pattern"])
        for path in told["paths"].values()
        for one in path.get("parameters", [])
    }
    assert all(form["board"].search(one["board"]) for one in index["boards"])
    assert all(form["edition"].search(one["edition"]) for one in index["editions"])
    for one in index["models"]:
        org, name = one["model"].split("/")
        assert form["org"].search(org)
        assert form["name"].search(name)


def test_the_index_leads_to_every_document(files: dict[str, bytes]) -> None:
    index = json.loads(files["api/v1/index.json"])
    told = [one["json"] for one in [*index["boards"], *index["models"], *index["editions"]]]
    told += [one[what] for one in index["boards"] for what in ("csv", "parquet", "switches")]
    told += [one["index"] for one in index["editions"]]
    named = index["files"]
    told += [*named.pop("feeds"), *named.pop("schemas"), *named.values()]
    assert set(told) <= set(files)
    changes, edition = json.loads(files["api/v1/changes.json"]), json.loads(files["editions/2026-06/index.json"])
    told += [one["json"] for one in [*changes["months"], *edition["boards"]]]
    assert set(told) <= set(files)
    left = {path for path in files if path.startswith("api/")} - set(told) - {"api/v1/index.json"}
    assert left == set()


def test_keys_are_sorted_and_a_rebuild_gives_the_same_bytes(site: Site, files: dict[str, bytes]) -> None:
    assert dict(api.everything(site, api_factory.ADDRESS)) == files
    for path, data in files.items():
        if path.endswith(".json") and "/frozen/" not in path:
            told = json.loads(data)
            assert json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" == data.decode()


def test_numbers_are_rounded_to_six_digits_and_none_is_infinite(files: dict[str, bytes]) -> None:
    checked = 0
    for told in documents(files).values():
        for name, value in api_factory.walk(told):
            if isinstance(value, float):
                assert value == float(f"{value:.6g}"), name
                checked += 1
    assert checked > 500


def test_a_rating_has_the_range_of_its_star_with_each_lineage_left_out(files: dict[str, bytes]) -> None:
    board = json.loads(files[f"api/v1/boards/{make.GPU}.json"])
    rated = [one for one in board["results"] if one["stars"] is not None]
    assert len(rated) == 11
    assert all(one["stars_least"] <= one["stars"] <= one["stars_most"] for one in rated)
    assert any(one["stars_least"] < one["stars_most"] for one in rated)
    assert {one["edition"] for one in rated} == {"2026-12"}
    assert board["frozen"]["founders"]
    assert board["counts"]["frontier"] == sum(one["frontier"] for one in board["results"])
    estimated = json.loads(files[f"api/v1/boards/{make.SIMILARITY}.json"])
    assert {one["stars_least"] for one in estimated["results"]} == {None}


def test_a_result_of_a_board_is_counted_among_the_others(files: dict[str, bytes]) -> None:
    board = json.loads(files[f"api/v1/boards/{make.GPU}.json"])
    starred = [one for one in board["results"] if one["stars"] is not None]
    for one in starred:
        told = one["standing"]
        dearer = [other for other in starred if other["wh_per_1000_queries"] > one["wh_per_1000_queries"]]
        beyond = [other for other in starred if other["wh_per_1000_queries_low"] > one["wh_per_1000_queries_high"]]
        assert (told["others"], told["use_more"], told["surely_use_more"]) == (10, len(dearer), len(beyond))
        assert (told["graded"], told["are_worse"]) == (10, 0)
    assert [one["standing"] for one in board["results"] if one["stars"] is None] == [None]


def test_an_estimate_has_no_field_that_a_measurement_has(files: dict[str, bytes]) -> None:
    estimated = json.loads(files[f"api/v1/boards/{make.SIMILARITY}.json"])["results"]
    measured = json.loads(files[f"api/v1/boards/{make.GPU}.json"])["results"]
    names = api_factory.estimated_names()
    assert all(name.startswith("estimated_") for name in names)
    assert all(set(names) <= set(one) for one in estimated)
    for one in measured:
        assert set(one) - set(estimated[0]) == {name.removeprefix("estimated_") for name in names}


def test_a_superseded_edition_keeps_its_boards_and_ratings_in_its_place(files: dict[str, bytes], site: Site) -> None:
    old, new = (json.loads(files[f"editions/{name}/index.json"]) for name in ("2026-06", "2026-12"))
    assert (old["superseded"], new["superseded"]) == (True, False)
    assert [one["superseded_by"] for one in old["boards"]] == ["2026-12"]
    told = json.loads(files[f"editions/2026-06/boards/{make.GPU}.json"])
    archived = {(one.model, one.revision): one.stars for one in site.archive["2026-06"]}
    assert {(one["model"], one["revision"]): one["stars"] for one in told["results"]} == archived
    current = json.loads(files[f"api/v1/boards/{make.GPU}.json"])
    assert told["frozen"]["edition"] == "2026-06"
    assert current["frozen"]["edition"] == "2026-12"
    assert told["frozen"]["thresholds_wh_per_1000_queries"] != current["frozen"]["thresholds_wh_per_1000_queries"]


def test_the_frozen_files_are_those_that_were_frozen_and_the_commands_read_them(
    files: dict[str, bytes], site: Site, tmp_path: Path
) -> None:
    for opened in site.editions:
        home = tmp_path / opened.edition.id
        home.mkdir()
        prefix = f"editions/{opened.edition.id}/frozen/"
        for path, data in files.items():
            if path.startswith(prefix):
                (home / path.removeprefix(prefix)).write_bytes(data)
    assert editions.read_all([tmp_path]) == site.editions


def test_a_model_names_its_runs_its_base_model_and_its_lineage(files: dict[str, bytes], site: Site) -> None:
    told = json.loads(files["api/v1/models/org/tune.json"])
    assert (told["base_model"], told["lineage"]) == ("org/m00", "org/m00")
    digests = {one.digest for one in site.filed if one.model == "org/tune"}
    own = [one for result in told["results"] for one in result["runs"]]
    assert {one["sha256"] for one in own} == digests
    assert all(one["path"].startswith("runs/org/tune/") and one["sha256"][:12] in one["path"] for one in own)
    families = json.loads(files["api/v1/lineages.json"])["lineages"]
    assert {"lineage": "org/m00", "models": ["org/m00", "org/tune"]} in families


def test_what_was_left_out_is_listed_with_its_reasons(tmp_path: Path) -> None:
    bad = Problem("s/org/<b>/runs/x.json", "model.id", "is no ORG/NAME\u202e", "Use letters")
    left = left_out.of(Path("s/org/<b>/runs/x.json"), Path("s"), [bad])
    site = api_factory.site(make.demo(), tmp_path, left=[left])
    told = json.loads(dict(api.everything(site, api_factory.ADDRESS))["api/v1/left-out.json"])
    assert told["files"] == [
        {
            "file": "org/<b>/runs/x.json",
            "reasons": [{"where": "model.id", "message": "is no ORG/NAME\\u202e", "remedy": "Use letters"}],
        }
    ]


def test_a_site_without_runs_has_all_of_the_api_and_it_is_valid() -> None:
    from wattboard import listings

    files = dict(api.everything(listings.assemble([], []), api_factory.ADDRESS))
    for path, told in documents(files).items():
        schema = json.loads(files[f"api/v1/schemas/{Path(told['$schema']).name}"])
        jsonschema.Draft202012Validator(schema).validate(told)
        assert path.startswith("api/v1/")
    assert json.loads(files["api/v1/index.json"])["newest_run"] is None
    assert json.loads(files["feed.json"])["items"] == []


def test_run_files_and_submissions_have_schemas_that_hold_for_them(files: dict[str, bytes], site: Site) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(files["api/v1/schemas/run.json"]))
    one = json.loads(runs.to_bytes(site.filed[0].run))
    schema.validate(one)
    assert not schema.is_valid(one | {"board": None})
    asked = jsonschema.Draft202012Validator(json.loads(files["api/v1/submission.schema.json"]))
    import yaml

    for path in sorted((ROOT / "submissions").glob("*/*/submission.yml")):
        asked.validate(yaml.safe_load(path.read_text()))
