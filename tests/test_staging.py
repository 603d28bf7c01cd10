"""Where a build puts files: once each, the same bytes under several names as one file, never over another's."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from wattboard.publishing import staging

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_same_bytes_under_two_names_are_one_file(tmp_path: Path) -> None:
    staging.write(tmp_path, None, "a/badge.svg", b"drawn")
    staging.write(tmp_path, None, "b/c/badge.svg", b"drawn", "a/badge.svg")
    assert (tmp_path / "a/badge.svg").samefile(tmp_path / "b/c/badge.svg")


def test_a_disk_without_links_has_the_bytes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "no links here")

    monkeypatch.setattr(os, "link", refused)
    staging.write(tmp_path, None, "a/badge.svg", b"drawn")
    staging.write(tmp_path, None, "b/badge.svg", b"drawn", "a/badge.svg")
    assert (tmp_path / "b/badge.svg").read_bytes() == b"drawn"
    assert not (tmp_path / "a/badge.svg").samefile(tmp_path / "b/badge.svg")


def test_a_file_that_is_written_again_leaves_its_twin_as_it_was(tmp_path: Path) -> None:
    staging.write(tmp_path, None, "a/badge.svg", b"drawn")
    staging.write(tmp_path, None, "b/badge.svg", b"drawn", "a/badge.svg")
    staging.write(tmp_path, None, "b/badge.svg", b"other")
    assert (tmp_path / "a/badge.svg").read_bytes() == b"drawn"
    assert (tmp_path / "b/badge.svg").read_bytes() == b"other"


def test_a_change_of_a_site_writes_what_differs_though_its_twin_is_kept(tmp_path: Path) -> None:
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    staging.write(old, None, "a/badge.svg", b"drawn")
    staging.write(fresh, old, "a/badge.svg", b"drawn")
    staging.write(fresh, old, "b/badge.svg", b"drawn", "a/badge.svg")
    assert [str(path.relative_to(fresh)) for path in fresh.rglob("*.svg")] == ["b/badge.svg"]
    assert (fresh / "b/badge.svg").read_bytes() == b"drawn"
