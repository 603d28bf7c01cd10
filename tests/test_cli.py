from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import shelf_factory
from typer.testing import CliRunner

from wattbench.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def wattbench(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-c", "from wattbench.cli import main; main()", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_check_lists_every_problem_and_exits_with_1(tmp_path: Path) -> None:
    good = shelf_factory.submission(tmp_path)
    bad = tmp_path / "bad.yml"
    bad.write_text("schema: 2\ncolour: red\n")
    done = wattbench("check", "--offline", str(good), str(bad))
    assert done.returncode == 1
    assert "org/quick" in done.stdout
    assert f"{bad}: colour: is not a field" in done.stderr
    assert f"{bad}: schema: is 2, expected 1" in done.stderr
    assert "Write `schema: 1`" in done.stderr
    assert "problems in 1 file; 1 good." in done.stderr
    assert "Traceback" not in done.stderr


def test_check_of_good_submissions_exits_with_0(tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path)
    done = wattbench("check", "--offline", str(tmp_path / "submissions"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "The Hub was not asked" in done.stdout


def test_doctor_says_the_meter_the_board_and_the_uses(tmp_path: Path) -> None:
    done = wattbench("doctor", "--shelf", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "<- a run here would use this one" in done.stdout
    assert "TASK-vN~" in done.stdout
    assert "Not for" in done.stdout or "rated edition" in done.stdout
    told = json.loads(wattbench("doctor", "--json", "--shelf", str(tmp_path)).stdout)
    assert {one["name"] for one in told["meters"]} == {"nvml", "rapl", "estimate"}
    assert all(one["works"] or one["why_not"] for one in told["meters"])
    if told["meter"] == "estimate":
        assert any("estimated" in why for why in told["not_good_for"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--protocol", "slow"], "there is no protocol 'slow'"),
        (["--meter", "wattometer"], "wattometer"),
        (["--backend", "magic", "--workload-version", "0"], "there is no backend 'magic'"),
    ],
)
def test_a_wrong_option_of_run_is_one_clear_message(tmp_path: Path, arguments: list[str], says: str) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    path = shelf_factory.submission(tmp_path)
    out = ["--shelf", str(tmp_path / "shelf"), "--out", str(tmp_path / "out")]
    options = [] if "--meter" in arguments else ["--meter", "estimate"]
    done = wattbench("run", str(path), *out, *options, *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_run_names_the_command_that_fetches_a_missing_model(tmp_path: Path) -> None:
    path = shelf_factory.submission(tmp_path)
    done = wattbench("run", str(path), "--shelf", str(tmp_path / "empty"))
    assert done.returncode == 1
    assert "Run `wattbench prefetch submissions/org/quick`" in done.stderr


def test_run_measures_prints_gates_and_says_estimated(tmp_path: Path) -> None:
    shelf_factory.echo_shelf(tmp_path / "shelf")
    path = shelf_factory.submission(tmp_path)
    done = wattbench(
        "run", str(path), "--shelf", str(tmp_path / "shelf"), "--out", str(tmp_path / "out"), "--backend", "echo",
        "--protocol", "quick", "--workload-version", "0", "--meter", "estimate",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "estimated" in done.stdout
    assert "synthetic" in done.stdout
    assert "not signed" in done.stdout
    assert len(list((tmp_path / "out").glob("*/*/runs/*.json"))) == 3


def test_every_command_has_a_help_text() -> None:
    from typer.main import get_command

    for name in get_command(app).commands:  # type: ignore[attr-defined] # a group has commands
        shown = CliRunner().invoke(app, [name, "--help"])
        assert shown.exit_code == 0
        assert "Usage" in shown.output
