"""The Hub over HTTP: a small local server speaks its API (fake_hub.py), by HF_ENDPOINT."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import fake_hub
import pytest
import shelf_factory

from wattbench import cli, fetching, hub, shelf, tasks
from wattbench.hub_trouble import Gated, Unreachable
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fake_hub import FakeHub

REVISION = shelf_factory.REVISION
WEIGHTS = fake_hub.safetensors({"embeddings.word_embeddings.weight": ("F32", (40, 32))})
FILES = {
    "config.json": b'{"model_type": "bert", "architectures": ["BertModel"]}',
    "modules.json": json.dumps([{"path": "", "type": "sentence_transformers.models.Transformer"}]).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"a pickle",
    "evil.py": b"print('no')",
}
NO_WAITS = (0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the harness would have waited, instead of waiting."""
    found: list[float] = []
    monkeypatch.setattr(hub, "sleep", found.append)
    return found


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, waits: list[float]) -> Iterator[FakeHub]:
    """A Hub that has one model of the task sentence-similarity, and what is measured beside it."""
    with fake_hub.serve() as state:
        state.put("models", "org/quick", FILES)
        for identity, revision in fetching.needed("sentence-similarity"):
            state.put("models", identity, FILES, commit=revision)
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield state
    assert waits is not None


@pytest.fixture
def wattbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Call the command line in this process; its status, and all that it said."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["wattbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    return call


def kept(root: Path) -> Path:
    return root / "shelf/models/org/quick" / REVISION


def asked_again(remote: FakeHub, tmp_path: Path) -> list[str]:
    """Fetch the model; which paths were asked for."""
    remote.asked.clear()
    fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    return remote.asked


def test_a_model_is_fetched_checked_and_shelved_without_pickles_or_code(
    tmp_path: Path, remote: FakeHub, wattbench: Callable[..., tuple[int, str]]
) -> None:
    shelf_factory.submission(tmp_path)
    command = ("prefetch", tmp_path / "submissions", "--shelf", tmp_path / "shelf")
    status, said = wattbench(*command)
    assert status == 0, said
    found = shelf.find_model(tmp_path / "shelf", "org/quick", REVISION, "")
    shelf.verify(found)
    assert set(found.manifest.files) == {"config.json", "modules.json", "tokenizer.json", "model.safetensors"}
    assert found.manifest.licence == "mit"
    stored = found.manifest.files["model.safetensors"]
    assert stored.sha256_fetched == stored.sha256_stored == hashlib.sha256(WEIGHTS).hexdigest()
    assert not any("pytorch_model.bin" in path or "evil.py" in path for path in remote.asked)
    assert not list((tmp_path / "shelf/.downloads").iterdir())
    asked = len(remote.asked)
    assert "on the Shelf already" in wattbench(*command)[1]
    assert len(remote.asked) == asked


def test_the_installed_command_says_in_one_line_that_there_is_no_hub(tmp_path: Path) -> None:
    shelf_factory.submission(tmp_path)
    script = f"from wattbench import hub_trouble; hub_trouble.WAITS_SECONDS = {NO_WAITS}\n"
    done = subprocess.run(
        [sys.executable, "-c", script + "from wattbench.cli import main; main()", "prefetch", str(tmp_path)],
        env=os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert "org/quick: the Hub cannot be reached: ConnectError" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_fetched_of_a_model_that_cannot_be_measured_and_the_others_are(
    tmp_path: Path, remote: FakeHub, wattbench: Callable[..., tuple[int, str]]
) -> None:
    config = {"model_type": "bert", "architectures": ["BertForQuestionAnswering"]}
    bare = {"config.json": json.dumps(config).encode(), "model.safetensors": WEIGHTS}
    remote.put("models", "org/wrong", bare)
    for name in ("org/quick", "org/wrong"):
        shelf_factory.submission(tmp_path, name)
    status, said = wattbench("prefetch", tmp_path / "submissions", "--shelf", tmp_path / "shelf")
    assert status == 1
    assert "org/wrong: modules.json: has no modules.json" in said
    assert "org/wrong: tokenizer: holds no tokenizer" in said
    assert "org/quick: fetched" in said
    assert [path.name for path in (tmp_path / "shelf/models/org").iterdir()] == ["quick"]
    assert remote.sent["/org/wrong/resolve/" + REVISION + "/model.safetensors"] <= len(WEIGHTS)


def test_a_model_too_large_for_the_device_is_said_from_its_header_alone(
    tmp_path: Path, remote: FakeHub, wattbench: Callable[..., tuple[int, str]]
) -> None:
    huge = fake_hub.safetensors({"model.layers.0.weight": ("BF16", (100_000, 100_000))}, body=False)
    remote.put("models", "org/quick", FILES | {"model.safetensors": huge})
    shelf_factory.submission(tmp_path)
    status, said = wattbench(
        "prefetch", tmp_path / "submissions", "--shelf", tmp_path / "shelf", "--device-memory", "24"
    )
    assert status == 1
    assert "10.0 billion parameters at fp32 = 40.0 GB" in said
    assert "there are 24.0 GB" in said


def test_a_file_that_differs_from_what_the_hub_lists_is_refused_and_not_kept(tmp_path: Path, remote: FakeHub) -> None:
    remote.repositories["models", "org/quick"].claimed["model.safetensors"] = "0" * 64
    with pytest.raises(Refusal, match=r"org/quick/model.safetensors: sha256: sha256 is \w{12}"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert not kept(tmp_path).exists()
    assert not [path for path in (tmp_path / "shelf").rglob("*") if path.is_file()]


def test_bytes_that_were_damaged_on_the_way_are_fetched_once_more(tmp_path: Path, remote: FakeHub) -> None:
    remote.fail("config.json", swap=True, times=1)  # a small file, known by git's hash
    remote.fail("model.safetensors", swap=True, times=1)  # a large one, known by its sha256
    assert fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    shelf.verify(shelf.open_folder(kept(tmp_path)))
    assert sum("config.json" in path for path in remote.asked) == 2


def test_a_body_that_ends_early_goes_on_where_it_ended(tmp_path: Path, remote: FakeHub, waits: list[float]) -> None:
    remote.fail("model.safetensors", cut=3000, times=1)
    fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert (kept(tmp_path) / "model.safetensors").read_bytes() == WEIGHTS
    assert remote.sent[f"/org/quick/resolve/{REVISION}/model.safetensors"] == len(WEIGHTS)
    assert len(waits) == 1


def test_a_download_that_was_given_up_is_taken_up_by_the_next_call(
    tmp_path: Path, remote: FakeHub, waits: list[float]
) -> None:
    remote.fail("model.safetensors", cut=3000, times=1)
    remote.fail("model.safetensors", status=503)
    with pytest.raises(Refusal, match="the Hub answered 503"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert not kept(tmp_path).exists()
    remote.faults.clear()
    fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert (kept(tmp_path) / "model.safetensors").read_bytes() == WEIGHTS
    answers = 4 * len(b'{"error": "no"}')
    assert remote.sent[f"/org/quick/resolve/{REVISION}/model.safetensors"] == len(WEIGHTS) + answers


def test_what_is_transient_is_tried_again_and_waits_as_long_as_it_was_asked_to(
    tmp_path: Path, remote: FakeHub, waits: list[float]
) -> None:
    remote.fail("/api/models/", status=429, headers={"Retry-After": "7"}, times=1)
    remote.fail("/api/models/", status=500, times=1)
    remote.fail("config.json", status=429, headers={"Retry-After": "3"}, times=1)
    remote.fail("modules.json", status=429, headers={"RateLimit": '"resolvers";r=0;t=11'}, times=1)
    remote.fail("tokenizer.json", status=503, headers={"Retry-After": "Mon, 23 Nov 2026 19:00:00 GMT"}, times=1)
    assert fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert waits == [7.0, 2.0, 3.0, 11.0, 1.0]


def test_a_hub_that_asks_for_an_hour_is_not_waited_for(tmp_path: Path, remote: FakeHub, waits: list[float]) -> None:
    remote.fail("/api/models/", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(Refusal, match=r"fewer requests \(429\)\. Try again in 3600 s"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert waits == []


@pytest.mark.parametrize(
    ("status", "error", "says", "tries"),
    [
        (404, "RepoNotFound", "is not on the Hub, or private", 1),
        (404, "RevisionNotFound", "this commit does not exist", 1),
        (403, "GatedRepo", "is gated", 1),
        (401, "", r"the Hub asks who you are \(401\)", 1),
        (403, "", r"the Hub forbids it \(403\)", 1),
        (429, "", r"the Hub asks for fewer requests \(429\)", 5),
        (502, "", "the Hub answered 502", 5),
        (418, "", "the Hub answered 418", 1),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(
    tmp_path: Path, remote: FakeHub, status: int, error: str, says: str, tries: int
) -> None:
    remote.fail("", status=status, code=error)
    with pytest.raises(Refusal, match=says):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert len(remote.asked) == tries


def test_a_token_that_is_refused_is_told_from_a_model_that_is_not_there(tmp_path: Path, remote: FakeHub) -> None:
    remote.fail("", status=401, headers={"X-Error-Message": "Invalid credentials in Authorization header"})
    with pytest.raises(Refusal, match=r"the token is wrong"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")


def test_a_gated_model_is_said_before_its_weights_are_asked_for_and_a_token_opens_it(
    tmp_path: Path, remote: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.put("models", "org/quick", FILES, gated=True)
    with pytest.raises(Refusal, match="is gated"):
        fetching.outline("org/quick", REVISION)
    assert not any("safetensors" in path for path in remote.asked)
    monkeypatch.setenv("HF_TOKEN", fake_hub.TOKEN)
    assert fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")


def test_a_revision_that_the_model_does_not_have_is_said(remote: FakeHub) -> None:
    with pytest.raises(Refusal, match=r"org/quick: revision: this commit does not exist"):
        fetching.outline("org/quick", "b" * 40)
    assert len(remote.asked) == 1


def test_a_hub_that_says_nothing_is_given_up_after_the_time_limit(
    remote: FakeHub, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setattr(hub, "TIMEOUT_SECONDS", 0.05)
    remote.fail("", stall=0.3)
    with pytest.raises(Refusal, match="the Hub did not answer in time"):
        hub.look_up("model", "org/quick", REVISION)
    assert len(waits) == 4


def test_a_connection_that_is_refused_is_tried_three_times(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Refusal, match="the Hub cannot be reached"):
        hub.look_up("dataset", "org/rows", None)
    assert waits == [1.0, 2.0]


def test_an_answer_that_is_no_answer_of_a_hub_is_refused(remote: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_hub.Repository, "info", lambda _: b"<html>Log in to this network</html>")
    with pytest.raises(Refusal, match=r"cannot be reached: JSONDecodeError"):
        hub.look_up("model", "org/quick", REVISION)
    monkeypatch.setattr(fake_hub.Repository, "info", lambda _: b"{}")
    with pytest.raises(Refusal, match="the Hub's answer cannot be read"):
        hub.look_up("model", "org/quick", REVISION)
    assert remote.asked


@pytest.mark.parametrize("name", ["../../outside.json", "/outside.json", "a/../../outside.json"])
def test_a_file_name_that_leads_out_of_the_repository_is_refused(tmp_path: Path, remote: FakeHub, name: str) -> None:
    remote.put("models", "org/quick", FILES | {name: b"{}"})
    with pytest.raises(Refusal, match="no name of a file inside a repository"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")


def test_a_model_of_pickles_only_is_refused(tmp_path: Path, remote: FakeHub) -> None:
    del remote.repositories["models", "org/quick"].files["model.safetensors"]
    with pytest.raises(Refusal, match="holds no safetensors"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")


def test_copies_of_the_weights_are_not_fetched(tmp_path: Path, remote: FakeHub) -> None:
    parts = {f"model-0000{n}-of-00002.safetensors": WEIGHTS for n in (1, 2)}
    copies = {"consolidated.safetensors": WEIGHTS, "original/model.safetensors": WEIGHTS}
    files = {name: data for name, data in FILES.items() if name != "model.safetensors"}
    remote.put("models", "org/quick", files | parts | copies)
    paths = asked_again(remote, tmp_path)
    assert sum("-of-00002" in path for path in paths) == 2
    assert not any(name in path for path in paths for name in copies)


def test_the_bytes_fetched_are_told_as_they_come(tmp_path: Path, remote: FakeHub) -> None:
    big = fake_hub.safetensors({"weight": ("F32", (800, 1000))})
    remote.put("models", "org/quick", FILES | {"model.safetensors": big})
    told: list[tuple[str, int, int]] = []
    fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf", tell=lambda *one: told.append(one))
    weights = [have for name, have, size in told if name == "model.safetensors" and size == len(big)]
    assert weights == sorted(weights)
    assert len(weights) >= 3
    assert weights[-1] == len(big)


def test_the_reference_and_the_graders_of_a_task_are_fetched_with_a_candidate_and_on_their_own(
    tmp_path: Path, remote: FakeHub, wattbench: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = dataclasses.replace(
        tasks.find("sentence-similarity"),
        references={0: ("demo/x", "package:x==1"), 1: ("org/reference", "c" * 40)},
        graders={"clip": ("org/grader", "d" * 40)},
    )
    monkeypatch.setattr(tasks, "find", lambda _: task)
    remote.put("models", "org/reference", FILES, commit="c" * 40)
    remote.put("models", "org/grader", FILES, commit="d" * 40)
    shelf_factory.submission(tmp_path)
    for name, arguments in {"one": ["--references", task.name], "two": [tmp_path / "submissions"]}.items():
        status, said = wattbench("prefetch", *arguments, "--shelf", tmp_path / name)
        assert status == 0, said
        assert "org/reference: fetched" in said
        shelf.verify(shelf.find_model(tmp_path / name, "org/grader", "d" * 40, ""))
    assert not (tmp_path / "one/models/org/quick").exists()
    assert (tmp_path / "two/models/org/quick").exists()


def test_fetching_nothing_is_refused(wattbench: Callable[..., tuple[int, str]]) -> None:
    status, said = wattbench("prefetch")
    assert status == 1
    assert "there is nothing to fetch" in said


def test_a_token_is_told_to_the_hub_and_to_no_host_that_it_sends_on_to(
    tmp_path: Path, remote: FakeHub, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("HF_TOKEN", fake_hub.TOKEN)
    remote.elsewhere = True
    remote.fail("/stored/", cut=3000, times=1)
    assert fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert (kept(tmp_path) / "model.safetensors").read_bytes() == WEIGHTS
    assert remote.told_elsewhere == [None, None]
    assert len(waits) == 1
    stored = f"/org/quick/stored/{REVISION}/model.safetensors"
    assert remote.sent[stored] == len(WEIGHTS)


def test_a_pointer_of_git_lfs_where_weights_should_be_is_never_shelved(tmp_path: Path, remote: FakeHub) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    remote.put("models", "org/quick", FILES | {"model.safetensors": pointer})
    with pytest.raises(Refusal, match="is a pointer of Git LFS, not the file that it points to"):
        fetching.prefetch_model("org/quick", REVISION, tmp_path / "shelf")
    assert not kept(tmp_path).exists()


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize(
    ("status", "error", "ours"),
    [
        (404, "RepoNotFound", False),
        (404, "RevisionNotFound", False),
        (403, "GatedRepo", False),
        (401, "", True),
        (403, "", True),
        (429, "", True),
        (500, "", True),
        (503, "", True),
    ],
)
def test_whose_fault_it_is_can_be_told_from_the_refusal(
    remote: FakeHub, kind: Any, status: int, error: str, *, ours: bool
) -> None:
    remote.fail("", status=status, code=error)
    with pytest.raises(Refusal) as refused:
        hub.look_up(kind, "org/rows", None)
    assert isinstance(refused.value, Unreachable) == ours
    assert isinstance(refused.value, Gated) == (error == "GatedRepo")
