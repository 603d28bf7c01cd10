from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from site_factory import run as make_run

from wattbench import runs
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path


def test_the_same_run_gives_the_same_bytes_and_reads_back() -> None:
    run = make_run()
    data = runs.to_bytes(run)
    assert data == runs.to_bytes(runs.from_bytes(data))
    assert data.endswith(b"}\n")
    keys = list(json.loads(data))
    assert keys == sorted(keys)


def test_a_run_is_found_where_its_board_date_and_digest_say(tmp_path: Path) -> None:
    run = make_run()
    path = runs.write(run, tmp_path)
    assert path.parent == tmp_path / run.model.id / "runs"
    assert path.name.startswith(f"{run.board}--{run.measured_at[:10]}-")
    assert [found for _, found in runs.read_all(tmp_path)] == [run]
    assert runs.write(run, tmp_path) == path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": 3}, "schema"),
        ({"board": "nonsense"}, ""),
        ({"measured_at": "yesterday"}, "measured_at"),
        ({"extra": 1}, "extra"),
        ({"role": "star"}, "role"),
    ],
)
def test_a_run_file_that_was_edited_is_refused_with_the_field(change: dict[str, object], field: str) -> None:
    data = json.loads(runs.to_bytes(make_run()))
    with pytest.raises(Refusal) as refused:
        runs.from_bytes(json.dumps(data | change).encode(), "some.json")
    assert field in {problem.field for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("joules", "reason"), [(0.0, None), (None, None), (1.0, "why"), (float("nan"), None), (-1.0, None)]
)
def test_a_pass_has_joules_or_a_reason_and_never_zero(joules: float | None, reason: str | None) -> None:
    good = make_run().passes[0].model_dump()
    with pytest.raises(ValueError, match=r"joules|no reading|finite|greater"):
        runs.Pass.model_validate(good | {"joules": joules, "reason": reason})


def test_passes_of_another_kind_than_the_board_are_refused() -> None:
    data = json.loads(runs.to_bytes(make_run()))
    other = {"estimated": "measured", "measured": "estimated"}
    for one in data["passes"]:
        one["kind"] = other[one["kind"]]
    with pytest.raises(Refusal, match="passes only"):
        runs.from_bytes(json.dumps(data).encode())


def test_a_full_disk_leaves_no_half_written_run_and_says_so(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    source = tmp_path / "run.json"
    source.write_bytes(runs.to_bytes(make_run()))
    script = (
        "import sys; from pathlib import Path; from wattbench import runs; from wattbench.problems import Refusal\n"
        "run = runs.from_bytes(Path(sys.argv[1]).read_bytes())\n"
        "try: runs.write(run, Path(sys.argv[2]))\n"
        "except Refusal as refusal: print(refusal); sys.exit(7)\n"
    )

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        [sys.executable, "-c", script, str(source), str(target)],
        preexec_fn=no_room,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert "cannot be written" in done.stdout
    assert [path for path in target.rglob("*") if path.is_file()] == []


def test_the_verdict_is_the_worst_of_all_gates() -> None:
    run = make_run()

    def with_verdicts(*verdicts: str) -> str:
        gates = [runs.Gate(name="g", value="1", limit="2", verdict=v, why="so") for v in verdicts]  # type: ignore[arg-type]
        return run.model_copy(update={"gates": tuple(gates)}).verdict

    assert with_verdicts("pass", "flag", "fail") == "fail"
    assert with_verdicts("pass", "flag") == "flag"
    assert with_verdicts("pass") == "pass"
