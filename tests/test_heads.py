"""Whether the Hub has newer revisions of what was measured: asked once, kept as a file, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fake_hub
import pytest
import site_factory as make
from typer.testing import CliRunner

from wattbench import heads
from wattbench.cli import app
from wattbench.heads import Head
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = "a" * 40, "b" * 40, "c" * 40
WEIGHTS = {"model.safetensors": b"weights", "config.json": b"{}"}


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    many = [make.run(model="org/a", revision=A), make.run(model="org/a", revision=B, at="2026-11-21T10:00:00Z")]
    many += [make.run(model="org/gone", revision=A), make.run(model="demo/packaged")]
    return make.write(many, tmp_path / "s")


def ask(folder: Path, out: Path, hub: fake_hub.FakeHub, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    done = CliRunner().invoke(app, ["heads", str(folder), "--out", str(out)])
    return done.exit_code, done.output


def test_only_a_commit_that_changes_the_model_itself_makes_a_measured_revision_old(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "heads.json"
    with fake_hub.serve() as hub:
        head = hub.put("models", "org/a", {**WEIGHTS, "README.md": b"a badge", ".eval_results/x.yaml": b""}, commit=C)
        head.others = {
            A: {**WEIGHTS, "config.json": b'{"other": 1}', "README.md": b"no badge"},
            B: {**WEIGHTS, "README.md": b"no badge", "picture.png": b"x"},
        }
        code, said = ask(submissions, out, hub, monkeypatch)
    assert code == 0, said
    assert "1 of 2 models" in said
    assert "org/gone" in said
    told = heads.read(out)
    assert told == {"org/a": Head(revision=C, same=(B,))}
    assert (told["org/a"].passes(A), told["org/a"].passes(B), told["org/a"].passes(C)) == (True, False, False)
    assert out.read_bytes() == heads.to_bytes(told)


def test_where_nothing_was_found_out_the_old_file_stays(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "heads.json"
    out.write_bytes(heads.to_bytes({"org/a": Head(revision=A)}))
    with fake_hub.serve() as hub:
        code, _ = ask(submissions, out, hub, monkeypatch)
    assert code == 1
    assert heads.read(out) == {"org/a": Head(revision=A)}


def test_a_folder_without_runs_of_the_hub_is_told(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    done = CliRunner().invoke(app, ["heads", str(tmp_path / "s")])
    assert "holds no run of a revision on the Hub" in str(done.exception)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"heads": {"org/a": {"revision": "main"}}, "schema": 1}',
        '{"heads": {"a": {"revision": "' + A + '"}}, "schema": 1}',
        '{"heads": {"org/a": {"revision": "' + A + '", "same": ["x"]}}, "schema": 1}',
        '{"heads": {}, "schema": 2}',
        '{"heads": {}, "schema": 1, "more": 1}',
    ],
)
def test_a_file_of_another_form_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "heads.json").write_text(text)
    with pytest.raises(Refusal, match=r"heads\.json"):
        heads.read(tmp_path / "heads.json")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        heads.read(tmp_path / "none.json")
