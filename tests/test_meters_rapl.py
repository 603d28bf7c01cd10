"""The rapl meter, on a powercap tree made of files."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from wattbench.meters import MeterUnavailable
from wattbench.meters.rapl import open_meter

if TYPE_CHECKING:
    from pathlib import Path


def zone(root: Path, folder: str, name: str, microjoules: int = 900_000, largest: int = 999_999) -> Path:
    path = root / folder
    path.mkdir()
    (path / "name").write_text(f"{name}\n")
    (path / "max_energy_range_uj").write_text(f"{largest}\n")
    (path / "energy_uj").write_text(f"{microjoules}\n")
    return path


def show(path: Path, microjoules: int) -> None:
    (path / "energy_uj").write_text(f"{microjoules}\n")


def test_packages_are_summed(tmp_path: Path) -> None:
    one, two = zone(tmp_path, "intel-rapl:0", "package-0", 0), zone(tmp_path, "intel-rapl:1", "package-1", 100)
    window = open_meter(tmp_path).start(lambda: 0.0)
    show(one, 300_000)
    show(two, 400_100)
    reading = window.stop()
    assert reading.joules == pytest.approx(0.7)
    assert reading.notes["packages"] == {"package-0": pytest.approx(0.3), "package-1": pytest.approx(0.4)}


def test_a_counter_that_wraps_around_goes_on_counting(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 900_000, largest=999_999)
    window = open_meter(tmp_path).start(lambda: 0.0)
    show(package, 100_000)
    assert window.stop().joules == pytest.approx(0.2)


def test_a_counter_that_wraps_twice_is_followed(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 900_000, largest=999_999)
    meter = open_meter(tmp_path)
    window = type(meter)(meter.zones, poll_seconds=0.01).start(lambda: 0.0)
    for microjoules in (400_000, 900_000, 400_000, 900_000):
        temporary = tmp_path / "new"
        temporary.write_text(str(microjoules))
        temporary.replace(package / "energy_uj")
        time.sleep(0.1)
    assert window.stop().joules == pytest.approx(2.0)


def test_parts_of_packages_are_not_counted_twice(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0")
    zone(tmp_path, "intel-rapl:0:0", "core")
    zone(tmp_path, "intel-rapl:1", "psys")
    zone(tmp_path, "intel-rapl-mmio:0", "package-0")
    assert open_meter(tmp_path).facts()["zones"] == ["package-0"]


def test_a_counter_that_stands_still_gives_no_joules_and_never_0(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0")
    reading = open_meter(tmp_path).start(lambda: 0.0).stop()
    assert reading.joules is None
    assert "did not advance" in (reading.reason or "")


def test_a_counter_that_vanishes_gives_the_reason(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0")
    window = open_meter(tmp_path).start(lambda: 0.0)
    (package / "energy_uj").unlink()
    reading = window.stop()
    assert reading.joules is None
    assert "could not be read" in (reading.reason or "")


def test_a_machine_without_packages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeterUnavailable, match="no CPU package"):
        open_meter(tmp_path / "nothing")


def test_who_may_not_read_is_told_how_to_get_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0")
    if os.geteuid() == 0:  # root reads whatever its mode: let the file itself refuse
        read_text = type(package).read_text

        def refuse(path: Path) -> str:
            if path.name == "energy_uj":
                raise PermissionError(13, "Permission denied", str(path))
            return read_text(path)

        monkeypatch.setattr(type(package), "read_text", refuse)
    else:
        (package / "energy_uj").chmod(0)
    with pytest.raises(MeterUnavailable, match=r"as root, run `chmod a\+r"):
        open_meter(tmp_path)
