"""Tables, letters and examples: what spreadsheets, notebooks, language models and those who cite get."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import api_factory
import polars as pl
import pytest
import site_factory as make
import yaml

from wattboard import api, listings
from wattboard.api import tables

if TYPE_CHECKING:
    from wattboard.listings import Site

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "site" / "pages" / "api.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return api_factory.rated(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def files(site: Site) -> dict[str, bytes]:
    return dict(api.everything(site, api_factory.ADDRESS))


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_the_table_of_all_boards_has_every_rating_once_and_says_what_its_board_says(files: dict[str, bytes]) -> None:
    table = pl.read_parquet(io.BytesIO(files["api/v1/leaderboard.parquet"]))
    told = [json.loads(data) for path, data in files.items() if re.fullmatch(r"api/v1/boards/.*\.json", path)]
    every = {(one["board"], one["model"]): one for board in told for one in board["results"]}
    assert table.height == len(every) == table.select("board", "model").n_unique() == 18
    flat = ("quality", "reasons", "group", "standing")
    for row in table.iter_rows(named=True):
        one = every[row["board"], row["model"]]
        own = {name: value for name, value in one.items() if name not in flat}
        assert {name: row[name] for name in own} == own
        assert row["quality_value"] == one["quality"]["value"]
        assert row["reasons"] == " ".join(reason["name"] for reason in one["reasons"])


def test_an_estimate_has_columns_of_its_own_and_leaves_those_of_measurements_empty(files: dict[str, bytes]) -> None:
    table = pl.read_parquet(io.BytesIO(files["api/v1/leaderboard.parquet"]))
    for name in api_factory.estimated_names():
        measured = name.removeprefix("estimated_")
        estimates = pl.col("kind") == "estimated"
        assert table.filter(estimates)[measured].null_count() == 6
        assert table.filter(~estimates)[name].null_count() == 12
    assert table.filter(kind="estimated")["estimated_wh_per_1000_queries"].null_count() == 0
    assert table.filter(kind="measured")["wh_per_1000_queries"].null_count() == 0


def test_csv_and_parquet_say_the_same(files: dict[str, bytes]) -> None:
    table = pl.read_parquet(io.BytesIO(files["api/v1/leaderboard.parquet"]))
    told = rows(files["api/v1/leaderboard.csv"])
    assert list(told[0]) == table.columns
    for text, value in zip(told, table.iter_rows(named=True), strict=True):
        for name, one in value.items():
            if isinstance(one, bool):
                assert text[name] == str(one).lower()
            elif isinstance(one, (int, float)):
                assert float(text[name]) == one
            else:
                assert text[name] == (one or "")


def test_every_column_of_an_energy_or_a_time_names_its_unit() -> None:
    form = tables._columns(("measured", "estimated"))
    energies = [name for name in form if re.search(r"wh|joules|energy|led", name.removeprefix("quality"))]
    unitless = [name for name in energies if not re.search(r"wh_per_1000_queries|joules_per|percent|seconds", name)]
    assert set(unitless) == {"energy_spread", "estimated_energy_spread", "passes_without_energy"}  # ln, ln, a count
    assert [name for name in form if re.search(r"latency|seconds", name) and "seconds" not in name] == []


@pytest.mark.parametrize(
    "start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\uff1d1", "\uff0b1", "\uff0dx", "\uff20x"]
)
def test_text_that_begins_like_a_formula_is_no_formula(start: str) -> None:
    told = tables.to_csv(pl.DataFrame({"licence": [start], "number": [-1.5]}))
    cell = next(csv.DictReader(io.StringIO(told, newline="")))
    assert cell == {"licence": "'" + start, "number": "-1.5"}


@pytest.mark.parametrize(
    "text", ['a"b', "a,b", "a\nb", "a\r\nb", "<b>", "\u202egnp.exe", "\U0001f600", "{{ 1 }}", "a;=b"]
)
def test_any_text_survives_a_trip_through_csv(text: str) -> None:
    told = tables.to_csv(pl.DataFrame({"licence": [text], "model": ["x"]}))
    assert next(csv.DictReader(io.StringIO(told, newline=""))) == {"licence": text, "model": "x"}


def test_the_site_says_how_to_cite_its_data(files: dict[str, bytes], site: Site) -> None:
    told = yaml.safe_load(files["CITATION.cff"])
    checked(told)
    assert (told["type"], told["version"], told["date-released"]) == ("dataset", "2026-12", site.newest)
    none = yaml.safe_load(dict(api.everything(listings.assemble([], []), "/"))["CITATION.cff"])
    checked(none)
    assert not {"version", "date-released", "url"} & set(none)


def test_the_repository_says_how_to_cite_it_with_its_own_version_and_licence() -> None:
    told = yaml.load((ROOT / "CITATION.cff").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes strings only
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    checked(told)
    assert (told["type"], told["version"], told["license"]) == ("software", project["version"], project["license"])


def checked(told: dict[str, Any]) -> None:
    """Hold what the Citation File Format 1.2.0 requires, and the forms of what we use."""
    assert {"cff-version", "message", "title", "authors"} <= set(told)
    assert told["cff-version"] == "1.2.0"
    assert told["type"] in {"software", "dataset"}
    assert all(set(one) == {"name"} for one in told["authors"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told.get("date-released", "2026-01-01"))
    known = {"abstract", "keywords", "license", "url", "version", "date-released", "type"}
    assert set(told) - known == {"cff-version", "message", "title", "authors"}


def test_llms_txt_is_markdown_whose_links_lead_somewhere(files: dict[str, bytes]) -> None:
    told = files["llms.txt"].decode()
    assert told.startswith("# Wattstar\n\n> ")
    links = re.findall(r"\]\((https://wattstar\.example/[^)]*)\)", told)
    inside = [one.removeprefix(api_factory.ADDRESS) for one in links]
    prose = {"method/", "api/", "cite/"}
    assert prose <= set(inside)
    assert all((ROOT / "site" / "pages" / f"{one.rstrip('/')}.md").exists() for one in prose)
    assert set(inside) - prose <= set(files)
    for board in (make.GPU, make.SIMILARITY, make.IMAGES):
        assert f"api/v1/boards/{board}.json" in inside
    assert told.count("estimated energy") == 2


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def published(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("published")
    for path, data in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(data)
    return out


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_the_examples_in_python_run(published: Path, number: int) -> None:
    code = blocks("python")[number]
    local = re.sub(r'urlopen\("https://wattstar\.example/', f'urlopen("{published.as_uri()}/', code)
    local = local.replace("https://wattstar.example", str(published))
    assert local != code
    done = subprocess.run([sys.executable, "-c", local], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "org/" in done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_examples_with_curl_run(published: Path, files: dict[str, bytes]) -> None:
    (script,) = blocks("bash")
    local = script.replace("https://wattstar.example", published.as_uri())
    done = subprocess.run(["bash", "-euc", local], capture_output=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout == files["api/v1/index.json"] + files["api/v1/leaderboard.csv"]


def test_the_page_names_every_kind_of_file_and_the_sites_own_address(files: dict[str, bytes]) -> None:
    told = PAGE.read_text()
    site_url = re.search(r"^site_url: (\S+)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert site_url
    assert set(re.findall(r"https://[^/\s]+/", told)) == {site_url[1]}
    for path in files:
        known = {path, re.sub(r"[^/]+$", "*.json", path), Path(path).name}
        known |= {
            re.sub(r"boards/[^/]+$", "boards/BOARD.json", path),
            re.sub(r"switches/[^/]+$", "switches/BOARD.json", path),
            re.sub(r"models/.+$", "models/ORG/NAME.json", path),
        }
        known |= {"api/v1/editions/ID.json"} if re.fullmatch(r"api/v1/editions/[^/]+", path) else set()
        known |= {"changes/MONTH.json"} if "/changes/" in path else set()
        known |= {f"editions/ID/{path.split('/')[2]}", "boards/BOARD.json"} if path.startswith("editions/") else set()
        known |= (
            {"editions/ID/frozen/*.json"}
            if "/frozen/" in path
            else {"schemas/*.json"}
            if "/schemas/" in path
            else set()
        )
        known |= {".csv", ".parquet"} if "leaderboard" in path or path.endswith(".csv") else set()
        assert any(f"`{one}`" in told for one in known), path
