from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from wattbench import shelf
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.shelf import Shelved

MANIFEST = {
    "kind": "model",
    "name": "org/name",
    "revision": "0" * 40,
    "weights": "real",
    "licence": None,
    "base_model": None,
    "about": "a test",
}


def filled(root: Path, files: dict[str, bytes]) -> Shelved:
    folder = shelf.model_folder(root, "org/name", "0" * 40)
    with shelf.place(folder) as temporary:
        for name, data in files.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_bytes(data)
        shelf.write_manifest(temporary, MANIFEST, {}, "a test")
    return shelf.find_model(root, "org/name", "0" * 40, "fetch it")


GOOD = {"model.safetensors": b"weights", "config.json": b"{}"}


def test_what_was_placed_is_found_and_verified(tmp_path: Path) -> None:
    found = filled(tmp_path, GOOD)
    shelf.verify(found)
    assert set(found.hashes(ending=".safetensors")) == {"model.safetensors"}


def test_a_missing_model_says_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="wattbench prefetch X"):
        shelf.find_model(tmp_path, "org/name", "0" * 40, "Run `wattbench prefetch X`")


def test_a_weight_file_whose_hash_differs_is_refused_with_both_hashes(tmp_path: Path) -> None:
    found = filled(tmp_path, GOOD)
    (found.folder / "model.safetensors").write_bytes(b"weightz")
    with pytest.raises(Refusal, match=r"model\.safetensors: sha256: is \w{12}\.\.\., the manifest says \w{12}"):
        shelf.verify(found)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("pytorch_model.bin", "pickle"),
        ("model.pth", "pickle"),
        ("optimizer.pt", "pickle"),
        ("modeling_evil.py", "remote code"),
        ("stranger.json", "not in the manifest"),
    ],
)
def test_a_file_that_came_later_is_refused_by_name(tmp_path: Path, name: str, says: str) -> None:
    found = filled(tmp_path, GOOD)
    (found.folder / name).write_bytes(b"x")
    with pytest.raises(Refusal, match=says) as refused:
        shelf.verify(found)
    assert name in str(refused.value)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "modeling_evil.py"])
def test_a_pickle_or_code_is_refused_even_where_the_manifest_lists_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match=r"pickle|code"):
        shelf.verify(filled(tmp_path, {**GOOD, name: b"x"}))


def test_a_configuration_that_asks_for_remote_code_is_refused(tmp_path: Path) -> None:
    config = json.dumps({"auto_map": {"AutoModel": "modeling_evil.Evil"}}).encode()
    with pytest.raises(Refusal, match="auto_map: asks for remote code"):
        shelf.verify(filled(tmp_path, {**GOOD, "config.json": config}))


def test_a_model_without_safetensors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="holds no safetensors"):
        shelf.verify(filled(tmp_path, {"config.json": b"{}"}))


def test_a_symbolic_link_is_no_file(tmp_path: Path) -> None:
    found = filled(tmp_path, GOOD)
    (found.folder / "config.json").unlink()
    (found.folder / "config.json").symlink_to(found.folder / "model.safetensors")
    with pytest.raises(Refusal, match="no file here"):
        shelf.verify(found)


def test_every_problem_is_listed(tmp_path: Path) -> None:
    found = filled(tmp_path, GOOD)
    (found.folder / "model.safetensors").unlink()
    (found.folder / "a.bin").write_bytes(b"x")
    with pytest.raises(Refusal) as refused:
        shelf.verify(found)
    assert len(refused.value.problems) == 2


def test_a_filling_that_fails_leaves_nothing(tmp_path: Path) -> None:
    folder = shelf.model_folder(tmp_path, "org/name", "1" * 40)

    def fail() -> None:
        with shelf.place(folder) as temporary:
            (temporary / "half").write_bytes(b"x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not folder.exists()
    assert list(folder.parent.iterdir()) == []


def test_what_a_killed_filling_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    folder = shelf.model_folder(tmp_path, "org/name", "0" * 40)
    left = folder.parent / f".filling-{folder.name}-abc"
    left.mkdir(parents=True)
    filled(tmp_path, GOOD)
    assert not left.exists()


def test_a_broken_manifest_is_refused_with_its_field(tmp_path: Path) -> None:
    found = filled(tmp_path, GOOD)
    (found.folder / shelf.MANIFEST).write_text('{"kind": "cake"}')
    with pytest.raises(Refusal, match="kind"):
        shelf.find_model(tmp_path, "org/name", "0" * 40, "")
