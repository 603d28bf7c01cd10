"""Which revisions are the newest on the Hub: asked once, kept as a file, read strictly."""

from __future__ import annotations

from pathlib import Path

import fake_hub
import pytest
from typer.testing import CliRunner

from wattbench import heads
from wattbench.cli import app
from wattbench.problems import Refusal


def submitted(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name / "runs").mkdir(parents=True)
    return folder


def test_every_submitted_model_is_asked_for_and_one_that_is_gone_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = submitted(tmp_path / "s", "org/a", "org/gone", "org/b", "org/..bad name")
    out = tmp_path / "heads.json"
    with fake_hub.serve() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.put("models", "org/a", {}, commit="a" * 40)
        hub.put("models", "org/b", {}, commit="b" * 40)
        done = CliRunner().invoke(app, ["heads", str(folder), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "2 of 3 models" in done.output
    assert "org/gone" in done.output
    assert heads.read(out) == {"org/a": "a" * 40, "org/b": "b" * 40}
    assert out.read_bytes() == heads.to_bytes(heads.read(out))


def test_where_nothing_was_found_out_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "heads.json"
    out.write_bytes(heads.to_bytes({"org/a": "a" * 40}))
    with fake_hub.serve() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        done = CliRunner().invoke(app, ["heads", str(submitted(tmp_path / "s", "org/gone")), "--out", str(out)])
    assert done.exit_code == 1
    assert heads.read(out) == {"org/a": "a" * 40}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"heads": {"org/a": "main"}, "schema": 1}',
        '{"heads": {"a": "%s"}, "schema": 1}' % ("a" * 40),
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
        heads.read(Path(tmp_path / "none.json"))
