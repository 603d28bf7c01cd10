"""What a host of a fleet does, without Ray; and the commands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fleet_factory
import pytest
import shelf_factory
from evidence_factory import by_id, new_key

from wattbench import evidence, fetching, shelf
from wattbench.boards import Board
from wattbench.fleet import Assignment, Host, Slot, host, logbook, results
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_nvml.fixtures import FakeNvml

    from wattbench.evidence.keys import TrustedKey
    from wattbench.submissions import Submission

BOARD = "sentence-similarity-v1~h100-sxm5-80gb~fp16~single~off~nvml"


@pytest.fixture
def ready(nvml: FakeNvml, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrustedKey:
    """Make this machine a host with three models on its Shelf, and a key."""
    nvml.state.write_text(fleet_factory.gpu(3))
    fleet_factory.fill_shelf(tmp_path / "shelf", 3)
    fleet_factory.submit(tmp_path, 3)
    monkeypatch.setenv("WATTSTAR_HOST", "host-3")
    monkeypatch.setenv("WATTSTAR_SHELF", str(tmp_path / "shelf"))
    monkeypatch.setenv("WATTSTAR_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("WATTSTAR_KEY", str(tmp_path / "key.pem"))
    return new_key(tmp_path)


def board(folder: Path) -> Board:
    return fleet_factory.boards(fleet_factory.asked(folder)["org/m00"])[0]


def asked(folder: Path) -> list[Submission]:
    return list(fleet_factory.asked(folder).values())


def assigned(folder: Path) -> Assignment:
    return Assignment(tuple(Slot(one.model.id, one.model.key, board(folder), 1) for one in asked(folder)), "host-3")


def counting(measured: list[int]) -> host.How:
    """Measure as the factory does, and count how often."""

    def measure(*told: Any) -> Iterator[Any]:
        measured.append(1)
        return fleet_factory.measured(*told)

    return replace(fleet_factory.HOW, measure=measure)


def test_a_host_checks_in_with_what_placement_needs(ready: TrustedKey) -> None:
    told = host.check_in(fleet_factory.HOW)
    found = Host(node="n", skew_seconds=0.0, **told)
    assert (found.name, found.sku, found.count, found.meter) == ("host-3", fleet_factory.SKU, 1, "nvml")
    assert found.device == "GPU-fa4e0000-0000-0000-0000-000000000003"
    assert found.keyid == ready.keyid
    assert found.driver


def test_a_host_without_a_key_cannot_take_part(ready: TrustedKey, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready
    monkeypatch.delenv("WATTSTAR_KEY")
    with pytest.raises(Refusal, match="WATTSTAR_KEY: names no key on this host"):
        host.check_in(fleet_factory.HOW)


def test_a_session_is_measured_once_signed_and_sent_again_when_asked_again(ready: TrustedKey, tmp_path: Path) -> None:
    measured: list[int] = []
    how = counting(measured)
    first = host.measure("k1", board(tmp_path), asked(tmp_path), how)
    again = host.measure("k1", board(tmp_path), asked(tmp_path), how)
    assert (first, len(measured)) == (again, 1)
    found = results.check(first.files, by_id(ready), assigned(tmp_path))
    assert sorted(one.model.id for one in found if one.role == "candidate") == ["org/m00", "org/m01", "org/m02"]
    assert not any(b"PRIVATE KEY" in data for data in first.files.values())
    host.forget("k1")
    assert list((tmp_path / "scratch").glob("k1")) == []


def test_a_session_whose_host_dies_before_it_is_signed_is_not_measured_again(
    ready: TrustedKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    how = counting(measured)

    def dies(_file: Path, _key: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(evidence, "sign_run", dies)
        with pytest.raises(KeyboardInterrupt):
            host.measure("k1", board(tmp_path), asked(tmp_path), how)
    sent = host.measure("k1", board(tmp_path), asked(tmp_path), how)
    assert len(measured) == 1
    assert len(results.check(sent.files, by_id(ready), assigned(tmp_path))) == 5


def test_a_session_that_was_cut_off_goes_on_where_it_was(ready: TrustedKey, tmp_path: Path) -> None:
    assert ready
    begun: list[str] = []

    def cut_off(planned: Any, setting: Any) -> Iterator[Any]:
        one = fleet_factory.Within.load

        def dies_at_the_third(self: Any, order: Any) -> Any:
            begun.append(order.model.parent.name)
            if len(begun) == 3:
                raise KeyboardInterrupt
            return one(self, order)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(fleet_factory.Within, "load", dies_at_the_third)
            yield from fleet_factory.measured(planned, setting)

    how = replace(fleet_factory.HOW, measure=cut_off)
    with pytest.raises(KeyboardInterrupt):
        host.measure("k1", board(tmp_path), asked(tmp_path), how)
    host.measure("k1", board(tmp_path), asked(tmp_path), how)
    assert len(begun) == 3 + 3  # reference and first model were kept; the third of five began again
    assert begun[2] == begun[3]


def test_one_bad_model_costs_its_own_slot_only(ready: TrustedKey, tmp_path: Path) -> None:
    assert ready
    bad = shelf.model_folder(tmp_path / "shelf", "org/m01", shelf_factory.REVISION)
    (bad / "model.safetensors").write_bytes(b"other")
    sent = host.measure("k1", board(tmp_path), asked(tmp_path), fleet_factory.HOW)
    assert list(sent.refused) == [f"org/m01@{shelf_factory.REVISION}"]
    assert "the manifest says" in sent.refused[f"org/m01@{shelf_factory.REVISION}"]
    assert sum(name.endswith("json") and "dsse" not in name for name in sent.files) == 4


def test_what_the_host_lacks_is_no_fault_of_a_model(ready: TrustedKey, tmp_path: Path) -> None:
    assert ready
    shutil.rmtree(shelf.model_folder(tmp_path / "shelf", "org/m01", shelf_factory.REVISION))
    sent = host.measure("k1", board(tmp_path), asked(tmp_path), fleet_factory.HOW)
    assert (list(sent.refused), list(sent.lacking)) == ([], [f"org/m01@{shelf_factory.REVISION}"])
    shutil.rmtree(tmp_path / "shelf/workloads")
    with pytest.raises(Refusal, match="wattbench demo --fetch-only"):
        host.measure("k2", board(tmp_path), asked(tmp_path), fleet_factory.HOW)


def test_prefetch_fetches_the_models_and_what_their_task_needs(
    ready: TrustedKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready
    fetched: list[tuple[str, str]] = []

    def fetch(model: str, revision: str, folder: Path) -> bool:
        assert folder == tmp_path / "shelf"
        fetched.append((model, revision))
        return True

    monkeypatch.setattr(fetching, "prefetch_model", fetch)
    assert host.prefetch([("a/b", "b" * 40), ("a/c", "package:x==1"), ("a/b", "b" * 40)], "sentence-similarity") == []
    assert fetched == [("a/b", "b" * 40)]


# --- commands


def command(*arguments: object, without_ray: bool = False) -> subprocess.CompletedProcess[str]:
    block = "import sys; sys.modules['ray'] = None; " if without_ray else ""
    script = f"{block}from wattbench.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, "fleet", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def trusted_file(folder: Path) -> Path:
    entry = json.loads(new_key(folder).model_dump_json())
    (folder / "trusted.json").write_text(json.dumps({"schema": 1, "keys": [entry]}))
    return folder / "trusted.json"


def test_without_ray_one_line_names_the_extra(tmp_path: Path) -> None:
    done = command("run", "--state", tmp_path / "state", "--keys", trusted_file(tmp_path), without_ray=True)
    assert done.returncode == 1
    assert "needs Ray, which is not installed" in done.stderr
    assert "pip install 'wattstar[fleet]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_where_nobody_answers_is_refused_at_once(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'wattstar[fleet]'")
    state, keys = tmp_path / "state", trusted_file(tmp_path)
    done = command("run", "--address", "127.0.0.1:1", "--state", state, "--keys", keys)
    assert done.returncode == 1
    assert "127.0.0.1:1: there is no Ray cluster: Connection refused" in done.stderr
    assert "ray start --head" in done.stderr


def test_a_host_without_the_meter_that_is_asked_for_says_why(ready: TrustedKey) -> None:
    assert ready
    with pytest.raises(Refusal, match="the meter: rapl: "):
        host.check_in(replace(fleet_factory.HOW, meter="rapl"))


def test_status_and_drain_need_no_ray(tmp_path: Path) -> None:
    state, slot = tmp_path / "state", Slot("a/b", "c" * 40, Board.parse(BOARD), 1)
    logbook.checked_in(state, Host("n", "host-1", "GPU-1", "h100-sxm5-80gb", 1, "nvml", "580.1", "k", 0.01))
    logbook.opened(state, Assignment((slot,), "host-1"))
    told = command("status", "--state", state, without_ray=True)
    assert "No driver is at work" in told.stdout
    assert f"host-1: 1 x h100-sxm5-80gb, driver 580.1, 0 sessions done, was measuring 1 model on {BOARD}" in told.stdout
    assert command("drain", "host-1", "--reason", "a new fan", "--state", state, without_ray=True).returncode == 0
    assert "a new fan" in command("status", "--state", state).stdout
    assert "is taken back" in command("drain", "host-1", "--back", "--state", state).stdout
    assert "drained" not in command("status", "--state", state).stdout
    unknown = command("drain", "host-7", "--state", state)
    assert unknown.returncode == 1
    assert "host-7: is no host of this fleet" in unknown.stderr
    assert "There are: host-1" in unknown.stderr
