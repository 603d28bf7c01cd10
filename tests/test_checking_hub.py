"""`wattbench check` with a Hub: what lies there, and that the Hub's trouble is nobody's fault who submits."""

from __future__ import annotations

import hashlib
import json
import sys
from importlib import util
from typing import TYPE_CHECKING, Any

import fake_hub
import pytest
import shelf_factory

from wattbench import cli, hub
from wattbench.loading import architectures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from fake_hub import FakeHub

    Check = Callable[..., dict[str, Any]]

WEIGHTS = fake_hub.safetensors({"embeddings.word_embeddings.weight": ("F32", (40, 32))})
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
FILES = {
    "config.json": b'{"model_type": "bert", "architectures": ["BertModel"]}',
    "modules.json": json.dumps([{"path": "", "type": "sentence_transformers.models.Transformer"}]).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
}


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub with one model, and nobody waits."""
    monkeypatch.setattr(hub, "sleep", lambda _: None)
    with fake_hub.serve() as state:
        state.put("models", "org/quick", FILES)
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield state


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Check:
    """Check the submissions of a folder of its own; the document."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["wattbench", "check", "--format", "json", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert (stop.value.code or 0) == (0 if found["ok"] else 1)
        return found

    return call


def messages(found: list[Mapping[str, str]]) -> list[str]:
    return [one["message"] for one in found]


def test_a_model_of_the_hub_is_looked_at_and_told(check: Check, remote: FakeHub, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path)
    found = check()
    assert (found["ok"], found["hub"], found["problems"], found["notes"]) == (True, "asked", [], [])
    told = {"licence": "mit", "gated": False, "parameters": 1280, "weights_sha256": [SHA256]}
    assert found["submissions"][0]["hub"] == told
    assert all(path.startswith("GET ") for path in remote.asked)
    assert remote.sent[f"/org/quick/resolve/{shelf_factory.REVISION}/model.safetensors"] == len(WEIGHTS)


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"commit": "b" * 40}, "model.revision", "org/quick this commit does not exist"),
        ({"private": True}, "model.id", "org/quick is private: nobody could repeat a result"),
        ({"named": "Org/Quick"}, "model.id", "the Hub calls it Org/Quick, and not org/quick"),
        ({"named": "new/quick"}, "model.id", "the Hub calls it new/quick, and not org/quick"),
        ({"without": "model.safetensors"}, "model", "org/quick holds no safetensors that could be loaded"),
        ({"without": "tokenizer.json"}, "model", "org/quick: tokenizer: holds no tokenizer"),
        (
            {"config.json": b'{"model_type": "bert", "auto_map": {"AutoModel": "m.M"}}'},
            "model",
            "org/quick: config.json: auto_map: asks for remote code, which is never run",
        ),
        (
            {"modules.json": b'[{"path": "", "type": "os.system"}]'},
            "model",
            "org/quick: modules.json: type: asks for remote code (os.system), which is never run",
        ),
        ({"config.json": b"{"}, "model", "org/quick: config.json: cannot be parsed"),
        (
            {"model.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"},
            "model",
            "org/quick: model.safetensors: is a pointer of Git LFS, not the file that it points to",
        ),
        ({"model.safetensors": b"<html>"}, "model", "org/quick: model.safetensors: is not safetensors"),
        (
            {"model.safetensors": fake_hub.safetensors({"a.weight": ("F32", (10**5, 10**6))}, body=False)},
            "precisions",
            "org/quick is too large for h100-sxm5-80gb: it needs about 400.6 GB",
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_told_of_the_submission(
    check: Check, remote: FakeHub, tmp_path: Path, change: dict[str, Any], field: str, says: str
) -> None:
    files = {name: data for name, data in FILES.items() if name != change.get("without")}
    files |= {name: data for name, data in change.items() if isinstance(data, bytes)}
    more = {name: change[name] for name in ("commit", "private", "named") if name in change}
    remote.put("models", "org/quick", files, **more)
    shelf_factory.submission(tmp_path)
    found = check()
    assert [one["field"] for one in found["problems"]] == [field], found
    assert messages(found["problems"])[0].startswith(says)
    assert found["problems"][0]["file"] == "submissions/org/quick/submission.yml"
    assert found["problems"][0]["remedy"]
    assert found["submissions"][0]["good"] is False


def test_a_model_that_is_nowhere_is_told_once(check: Check, remote: FakeHub, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path, "org/nowhere")
    found = check()
    assert messages(found["problems"]) == ["org/nowhere is not on the Hub, or private"]
    assert found["problems"][0]["field"] == "model.id"
    assert len(remote.asked) == 1


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"licence": None}, "attestations.license_permits_publication", "org/quick states no licence"),
        ({"files": {"model.py": b"print()"}}, "model", "org/quick holds code, which is neither fetched nor run"),
        (
            {"more": {"cardData": {"license": "mit", "base_model": ["org/big", 7]}}},
            "model.base_model",
            "the model card names org/big as what it was made from",
        ),
    ],
)
def test_what_is_worth_knowing_is_no_problem(
    check: Check, remote: FakeHub, tmp_path: Path, change: dict[str, Any], field: str, says: str
) -> None:
    remote.put("models", "org/quick", FILES | change.pop("files", {}), **change)
    shelf_factory.submission(tmp_path)
    found = check()
    assert found["ok"] is True
    assert [(one["field"], one["message"]) for one in found["notes"]] == [(field, says)]


def test_a_gated_model_is_a_clear_note_with_and_without_a_token(
    check: Check, remote: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.put("models", "org/quick", FILES, gated=True)
    shelf_factory.submission(tmp_path)
    found = check()
    assert found["ok"] is True
    assert found["submissions"][0]["hub"]["gated"] is True
    assert messages(found["notes"]) == [
        "org/quick is gated: whoever measures it has to accept its owner's terms",
        "org/quick is gated: what lies in it was not looked at",
    ]
    monkeypatch.setenv("HF_TOKEN", fake_hub.TOKEN)
    assert messages(check()["notes"]) == ["org/quick is gated: whoever measures it has to accept its owner's terms"]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503, "headers": {"Retry-After": "3600"}},
        {"status": 429},
        {"status": 401, "headers": {"X-Error-Message": "Invalid credentials in Authorization header"}},
        {"status": 403},
        {"status": 418},
    ],
)
def test_trouble_with_the_hub_is_no_fault_of_a_submission(
    check: Check, remote: FakeHub, tmp_path: Path, fault: dict[str, Any]
) -> None:
    shelf_factory.submission(tmp_path)
    shelf_factory.submission(tmp_path, "org/second")
    remote.fail("", **fault)
    found = check()
    assert (found["ok"], found["hub"], found["problems"]) == (True, "unreachable", [])
    (note,) = found["notes"]
    assert "was not looked at" in note["message"]
    assert [one["good"] for one in found["submissions"]] == [True, True]
    assert not any("second" in path for path in remote.asked)


def test_without_a_network_the_rest_is_checked_and_that_is_said(
    check: Check, remote: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf_factory.submission(tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    found = check()
    assert (found["ok"], found["hub"]) == (True, "unreachable")
    assert "the Hub cannot be reached: ConnectError" in found["notes"][0]["message"]
    path.write_text(path.read_text().replace("fp32", "fp12"))
    assert check()["ok"] is False
    assert remote.asked == []


def test_trouble_in_the_middle_keeps_what_was_found_before(check: Check, remote: FakeHub, tmp_path: Path) -> None:
    for name in ("org/a", "org/quick", "org/z"):
        shelf_factory.submission(tmp_path, name)
    remote.fail("modules.json", status=502)
    found = check()
    assert messages(found["problems"]) == ["org/a is not on the Hub, or private"]
    assert found["hub"] == "unreachable"
    assert [one["good"] for one in found["submissions"]] == [False, True, True]


def test_offline_asks_nothing(check: Check, remote: FakeHub, tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path, "org/nowhere")
    found = check("--offline")
    assert (found["ok"], found["hub"]) == (True, "not asked")
    assert remote.asked == []


def test_the_very_weights_of_a_measured_model_are_noted(check: Check, remote: FakeHub, tmp_path: Path) -> None:
    assert remote.url
    shelf_factory.submission(tmp_path)
    runs = tmp_path / "submissions/other/copy/runs"
    runs.mkdir(parents=True)
    model = {"id": "other/copy", "revision": "c" * 40, "weights_sha256": {"weights.safetensors": SHA256}}
    run = {"role": "candidate", "board": "sentence-similarity-v1~h100-sxm5-80gb~fp32~single~off~nvml", "model": model}
    (runs / "one.json").write_text(json.dumps(run))
    (note,) = check()["notes"]
    assert note["message"] == "has the very weights of other/copy, which was measured already"
    model["weights_sha256"] = {"weights.safetensors": "d" * 64}
    (runs / "one.json").write_text(json.dumps(run))
    assert check()["notes"] == []


def test_a_larger_device_takes_a_larger_model(check: Check, remote: FakeHub, tmp_path: Path) -> None:
    large = fake_hub.safetensors({"a.weight": ("F32", (10**5, 250_000))}, body=False)
    remote.put("models", "org/quick", FILES | {"model.safetensors": large})
    shelf_factory.submission(tmp_path)
    assert check()["ok"] is False
    assert check("--device", "h200-sxm5-141gb")["ok"] is True
    assert check("--device", "mi300x")["ok"] is True


def test_where_transformers_is_not_installed_the_rest_is_checked_and_that_is_said(
    check: Check, remote: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf_factory.submission(tmp_path)
    find = util.find_spec
    monkeypatch.setattr(architectures, "find_spec", lambda name: None if name == "transformers" else find(name))
    found = check()
    assert messages(found["notes"]) == ["its architecture was not looked at: transformers is not installed here"]
    del remote.repositories["models", "org/quick"].files["tokenizer.json"]
    assert messages(check()["problems"]) == ["org/quick: tokenizer: holds no tokenizer"]


@pytest.mark.parametrize("name", ["../../x.safetensors", "/etc/passwd"])
def test_a_repository_that_names_files_elsewhere_is_refused(
    check: Check, remote: FakeHub, tmp_path: Path, name: str
) -> None:
    remote.put("models", "org/quick", FILES | {name: b"{}"})
    shelf_factory.submission(tmp_path)
    found = check()
    assert "is no name of a file inside a repository" in messages(found["problems"])[0]
