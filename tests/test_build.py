"""The build: the same bytes from the same runs, whole or not at all, with no link that leads nowhere."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import site_factory as make
import yaml

from wattbench.problems import Refusal
from wattboard import build, frame, publishing
from wattboard.founding import anchors, freezing
from wattboard.publishing import finishing, rendering, swapping

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]


def quiet(words: str) -> None:
    """Say nothing."""


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    filed = frame.gather([make.write(make.demo(), folder / "submissions")])
    freezing.freeze(folder / "editions", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    return folder


@pytest.fixture(scope="module")
def built(inputs: Path) -> Path:
    out = inputs / "first" / "html"
    build.build([inputs / "submissions"], [inputs / "editions"], out, quiet, png=inputs / "png")
    return out


def test_building_twice_gives_the_same_bytes(inputs: Path, built: Path, tmp_path: Path) -> None:
    again = tmp_path / "html"
    build.build([inputs / "submissions"], [inputs / "editions"], again, quiet, png=tmp_path / "png")
    assert digests(again) == digests(built)


def test_every_badge_has_a_png_twin(built: Path) -> None:
    badges = [path for place in ("badges", "editions", "cite") for path in (built / place).rglob("*.svg")]
    assert len(badges) == 2 * (3 * 6 + 11)
    assert all(path.with_suffix(".png").read_bytes().startswith(b"\x89PNG") for path in badges)


def test_nothing_is_left_of_the_shell_the_slots_or_the_scaffolding(built: Path) -> None:
    assert sorted(path.name for path in built.parent.iterdir()) == ["docs", "html", "mkdocs.generated.yml"]
    for page in built.rglob("*.html"):
        text = page.read_text()
        assert "data-slot" not in text, page
        assert "@@" not in text, page
        assert "_org" not in text, page
    assert not (built / "models" / "_org").exists()


@pytest.mark.skipif(not shutil.which("lychee", path=str(Path(sys.executable).parent)), reason="lychee is not installed")
def test_no_internal_link_leads_nowhere(built: Path) -> None:
    lychee = shutil.which("lychee", path=str(Path(sys.executable).parent)) or "lychee"
    command = [lychee, "--offline", "--include-fragments", "--root-dir", str(built), "--index-files", "index.html"]
    done = subprocess.run([*command, str(built)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_page_asks_another_host_for_anything(built: Path) -> None:
    for page in built.rglob("*.html"):
        loads = re.findall(
            r'<(?:script|img|iframe)[^>]*\bsrc="([^"]*)"|<link[^>]*rel="stylesheet"[^>]*href="([^"]*)"',
            page.read_text(),
        )
        assert loads
        assert not [one for pair in loads for one in pair if re.match(r"(?:https?:)?//", one)], page
    for style in (built / "assets").glob("*.css"):
        assert not re.search(r"url\(\"?(?:https?:)?//", style.read_text())


def test_every_model_has_a_page_of_its_own_address_in_sitemap_and_search(built: Path) -> None:
    model = "demo/paraphrase-MiniLM-L3-v2"
    page = (built / "models" / model / "index.html").read_text()
    assert f'<link rel="canonical" href="https://wattstar.example/models/{model}/">' in page
    assert f"<title>{model} - Wattstar</title>" in page
    assert page.count('id="top"') == 1
    sitemap = (built / "sitemap.xml").read_bytes()
    assert gzip.decompress((built / "sitemap.xml.gz").read_bytes()) == sitemap
    places = [loc.text or "" for loc in ET.fromstring(sitemap).iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]  # noqa: S314 - ours
    assert len([place for place in places if "/models/demo/" in place]) == 6
    assert len(places) == len(set(places))
    assert b"2026-11-20" in sitemap
    assert not [place for place in places if "/tasks/" in place and not place.endswith("/tasks/")]
    searched = json.loads((built / "search" / "search_index.json").read_text())
    assert not [entry for entry in searched["docs"] if entry["location"].startswith("models/demo")]
    names = json.loads((built / "search" / "names" / "p.json").read_text())
    assert model in [name for name, *_ in names]


def test_a_tasks_page_is_its_headline_board_and_names_the_boards_page_as_canonical(built: Path) -> None:
    page = (built / "tasks" / "sentence-similarity" / "index.html").read_text()
    assert f'<link rel="canonical" href="https://wattstar.example/boards/{make.SIMILARITY}/">' in page
    assert "ws-chart" in page
    board = (built / "boards" / make.SIMILARITY / "index.html").read_text()
    assert f'<link rel="canonical" href="https://wattstar.example/boards/{make.SIMILARITY}/">' in board


def test_run_files_are_published_as_they_are(inputs: Path, built: Path) -> None:
    for path in (inputs / "submissions").glob("*/*/runs/*.json"):
        model = "/".join(path.parts[-4:-2])
        assert (built / "runs" / model / path.name).read_bytes() == path.read_bytes()


def test_the_api_parses(built: Path) -> None:
    index = json.loads((built / "api" / "v1" / "index.json").read_text())
    assert len(index["boards"]) == 2
    for one in [*index["boards"], *index["models"], *index["editions"]]:
        assert json.loads((built / one["json"]).read_text())["schema"] == 1
        assert (built / one.get("page", "") / "index.html").exists()


def test_with_no_runs_and_no_editions_there_is_a_site_that_says_so(tmp_path: Path) -> None:
    build.build([tmp_path / "none"], [tmp_path / "none"], tmp_path / "html", quiet)
    home = (tmp_path / "html" / "index.html").read_text()
    assert "No results yet" in home
    assert "make demo" in home
    assert not list((tmp_path / "html" / "models").glob("*/*/index.html"))


@pytest.mark.parametrize(
    ("room", "step"),
    [(rendering, "_mkdocs"), (finishing, "filled"), (publishing, "making"), (finishing, "mapped"), (swapping, "whole")],
)
def test_a_build_killed_at_any_step_leaves_the_old_site(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: ModuleType, step: str
) -> None:
    out = tmp_path / "html"
    (out / "api" / "v1").mkdir(parents=True)
    (out / build.MARKER).write_text("{}")
    (out / "index.html").write_text("the old site")
    before = digests(out)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, step, killed)
    with pytest.raises(KeyboardInterrupt):
        build.build([inputs / "submissions"], [inputs / "editions"], out, quiet)
    assert digests(out) == before


def test_a_build_killed_between_its_two_renames_is_mended_by_the_next(
    built: Path, inputs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "html"
    shutil.copytree(built, out.with_name("html.old"))
    with pytest.raises(Refusal):
        build.build([inputs / "submissions"], [_broken(tmp_path)], out, quiet)
    assert digests(out) == digests(built)


def _broken(folder: Path) -> Path:
    (folder / "editions" / "x").mkdir(parents=True)
    (folder / "editions" / "x" / "edition.json").write_text("{")
    return folder / "editions"


def test_a_folder_that_is_no_site_is_never_replaced(inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(Refusal, match="is no site that wattboard built"):
        build.build([inputs / "submissions"], [inputs / "editions"], tmp_path, quiet)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_mkdocs_writes_below_build_and_never_into_site() -> None:
    told = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes strings only
    assert told["docs_dir"] == "build/docs"
    assert told["site_dir"] == "build/html"
    assert [list(plugin) for plugin in told["plugins"]] == [["search"]]
    assert "hooks" not in told


def wattboard(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "wattboard"
    return subprocess.run([str(program), *words], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_command_freezes_and_builds(inputs: Path, tmp_path: Path) -> None:
    given = ("--submissions", str(inputs / "submissions"), "--editions", str(tmp_path / "editions"))
    frozen = wattboard("freeze", "demo", "--demo", *given)
    assert (frozen.returncode, frozen.stdout.count("froze ")) == (0, 2)
    done = wattboard("build", *given, "--out", str(tmp_path / "html"))
    assert done.returncode == 0, done.stderr
    assert "2 boards and 6 models" in done.stdout
    again = wattboard("freeze", "demo", make.SIMILARITY, "--demo", *given)
    assert again.returncode == 1
    assert "is frozen already" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.parametrize("words", [("build", "--nope"), ("build", "--submissions", "/nowhere"), ("nope",)])
def test_a_wrong_command_line_is_said_without_a_traceback(words: tuple[str, ...]) -> None:
    done = wattboard(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_help_loads_nothing_heavy() -> None:
    heavy = "('polars', 'jinja2', 'mkdocs', 'scipy', 'torch')"
    code = f"import sys, wattboard.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
