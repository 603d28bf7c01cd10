"""`wattbench new`: a submission begun from what the Hub says, to be finished by a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import fake_hub
import pytest
import yaml

from wattbench import cli, hub, submissions
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fake_hub import FakeHub

    New = Callable[..., tuple[int, str]]

WEIGHTS = fake_hub.safetensors({"a.weight": ("F32", (40, 32)), "b.weight": ("F16", (4,)), "c": ("I64", (9,))})
FILES = {"config.json": b"{}", "model.safetensors": WEIGHTS}
LEFT = {
    "submitter.github",
    "submitter.relationship",
    "attestations.no_benchmark_specific_tuning",
    "attestations.license_permits_publication",
}


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    monkeypatch.setattr(hub, "sleep", lambda _: None)
    with fake_hub.serve() as state:
        state.put("models", "org/quick", FILES, more={"pipeline_tag": "sentence-similarity"})
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        yield state


@pytest.fixture
def new(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> New:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mkdocs.yml").write_text("site_url: https://stars.example/\n")

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["wattbench", "new", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    return call


def left(path: Path) -> set[str]:
    with pytest.raises(Refusal) as refused:
        submissions.load(path)
    return {problem.field for problem in refused.value.problems}


def finish(path: Path) -> submissions.Submission:
    """Fill in what a person fills in."""
    text = path.read_text().replace("github:", "github: octocat").replace("relationship:", "relationship: user")
    path.write_text(text.replace(": false", ": true"))
    return submissions.load(path)


def test_a_draft_is_whole_but_for_what_a_person_says(new: New, remote: FakeHub, tmp_path: Path) -> None:
    status, said = new("org/quick")
    path = tmp_path / "submissions/org/quick/submission.yml"
    assert status == 0, said
    text = path.read_text()
    first = "# yaml-language-server: $schema=https://stars.example/api/v1/submission.schema.json"
    assert text.splitlines()[0] == first
    assert "# The Hub says: 1,284 parameters in F16, F32; licence mit; task sentence-similarity." in text
    assert left(path) == LEFT
    for field in LEFT:
        assert field.split(".")[0] in said
    assert "wattbench check submissions/org/quick" in said
    read = finish(path)
    assert (read.model.revision, read.tasks, read.precisions) == ("a" * 40, ("sentence-similarity",), ("fp32",))
    assert remote.asked


def test_nothing_is_attested_in_anybodys_place(new: New, remote: FakeHub, tmp_path: Path) -> None:
    new("org/quick")
    told = yaml.safe_load((tmp_path / "submissions/org/quick/submission.yml").read_text())
    assert set(told["attestations"].values()) == {False}
    assert set(told["submitter"].values()) == {None}
    assert remote.url


def test_a_file_that_is_there_is_never_overwritten(new: New, remote: FakeHub, tmp_path: Path) -> None:
    path = tmp_path / "submissions/org/quick/submission.yml"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    status, said = new("org/quick")
    assert status == 1
    assert "is there already, and is never overwritten" in said
    assert path.read_text() == "mine"
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert new("org/quick")[0] == 1
    assert not (tmp_path / "elsewhere").exists()
    assert remote.url


@pytest.mark.parametrize(
    ("tag", "task"),
    [
        ("text-generation", "text-generation"),
        ("summarization", "summarization"),
        ("question-answering", "extractive-question-answering"),
        ("text-classification", "text-classification"),
        ("feature-extraction", "sentence-similarity"),
        ("image-classification", "image-classification"),
        ("object-detection", "object-detection"),
        ("image-to-text", "image-captioning"),
        ("image-text-to-text", "image-captioning"),
        ("automatic-speech-recognition", "automatic-speech-recognition"),
        ("text-to-image", "image-generation"),
    ],
)
def test_the_hubs_tags_are_our_tasks(new: New, remote: FakeHub, tmp_path: Path, tag: str, task: str) -> None:
    remote.put("models", "org/quick", FILES, more={"pipeline_tag": tag})
    assert new("org/quick")[0] == 0
    text = (tmp_path / "submissions/org/quick/submission.yml").read_text()
    assert yaml.safe_load(text)["tasks"] == [task]
    assert ("reasoning:" in text) == (task == "text-generation")


@pytest.mark.parametrize("tag", [None, "robotics", "\u202e!!python/object:os.system\n- x"])
def test_a_task_that_is_none_of_ours_is_left_to_choose(
    new: New, remote: FakeHub, tmp_path: Path, tag: str | None
) -> None:
    remote.put("models", "org/quick", FILES, more={"pipeline_tag": tag})
    status, said = new("org/quick")
    assert status == 0
    assert "tasks: automatic-speech-recognition, " in said
    assert left(tmp_path / "submissions/org/quick/submission.yml") == LEFT | {"tasks"}


def test_tasks_that_a_person_names_are_taken(new: New, remote: FakeHub, tmp_path: Path) -> None:
    assert new("org/quick", "--task", "summarization", "--task", "text-generation")[0] == 0
    told = yaml.safe_load((tmp_path / "submissions/org/quick/submission.yml").read_text())
    assert told["tasks"] == ["summarization", "text-generation"]
    status, said = new("org/other", "--task", "poetry")
    assert (status, "there is no task 'poetry'" in said) == (1, True)
    assert not any("other" in path for path in remote.asked)


@pytest.mark.parametrize(
    ("counted", "precision"),
    [({"BF16": 10, "F32": 1}, ["bf16"]), ({"F16": 1}, ["fp16"]), ({"I8": 9, "F16": 1}, []), ({"F8_E4M3": 5}, [])],
)
def test_the_precision_is_that_of_most_parameters(
    new: New, remote: FakeHub, tmp_path: Path, counted: dict[str, int], precision: list[str]
) -> None:
    more = {"safetensors": {"parameters": counted, "total": sum(counted.values())}, "pipeline_tag": "summarization"}
    remote.put("models", "org/quick", FILES, more=more)
    status, said = new("org/quick")
    assert status == 0, said
    path = tmp_path / "submissions/org/quick/submission.yml"
    assert yaml.safe_load(path.read_text())["precisions"] == precision
    assert ("precisions" in left(path)) == ("precisions: fp32" in said) == (not precision)


HOSTILE = [
    "mit\n!!python/object/apply:os.system [id]",
    "\u202eevil",
    "a: &x [*x]",
    "]\nschema: 2",
    "'\"#{{7*7}}<script>",
    "x" * 10_000,
]


@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_a_model_card_says_stays_in_its_comment(new: New, remote: FakeHub, tmp_path: Path, words: str) -> None:
    card: dict[str, Any] = {"license": words, "base_model": words}
    more = {"cardData": card, "pipeline_tag": "summarization"}
    remote.put("models", "org/quick", FILES, more=more)
    assert new("org/quick")[0] == 0
    path = tmp_path / "submissions/org/quick/submission.yml"
    assert path.stat().st_size < 2000
    assert path.read_text().replace("\n", "").isprintable()
    assert finish(path).model.base_model is None


def test_what_it_was_made_from_is_taken_from_the_card(new: New, remote: FakeHub, tmp_path: Path) -> None:
    more = {"cardData": {"base_model": ["org/big"]}, "pipeline_tag": "summarization"}
    remote.put("models", "org/quick", FILES, more=more)
    new("org/quick")
    assert finish(tmp_path / "submissions/org/quick/submission.yml").model.base_model == "org/big"


def test_a_gated_model_is_drafted_without_what_lies_in_it(new: New, remote: FakeHub, tmp_path: Path) -> None:
    remote.put("models", "org/quick", FILES, gated=True, more={"pipeline_tag": "summarization"})
    status, said = new("org/quick")
    assert status == 0, said
    assert "gated: it waits" in (tmp_path / "submissions/org/quick/submission.yml").read_text()


def test_the_name_is_the_hubs(new: New, remote: FakeHub, tmp_path: Path) -> None:
    remote.put("models", "org/quick", FILES, named="Org/Quick", more={"pipeline_tag": "summarization"})
    status, said = new("org/quick")
    assert (status, "The Hub calls it Org/Quick." in said) == (0, True)
    assert finish(tmp_path / "submissions/Org/Quick/submission.yml").model.id == "Org/Quick"
    remote.put("models", "org/quick", FILES, more={"pipeline_tag": "summarization"})
    status, said = new("org/quick")
    assert (status, "differs in case alone from Org/Quick" in said) == (1, True)
    remote.put("models", "org/quick", FILES, named="../../etc")
    assert new("org/quick")[0] == 1


def test_an_owner_who_does_not_want_it_is_respected(new: New, remote: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger/opt-outs.json").write_text(
        '{"schema": 1, "opt_outs": [{"model": "org/*", "since": "2026-11-27", "note": "issue 12"}]}'
    )
    status, said = new("org/quick")
    assert (status, "its owner asked so on 2026-11-27" in said) == (1, True)
    assert not (tmp_path / "submissions").exists()
    assert remote.asked


@pytest.mark.parametrize("name", ["quick", "../../x", "a/b/c", "org/", "", "-x/y", "org/qu\u0456ck", "org/x\n"])
def test_what_is_no_name_of_a_model_is_never_asked_for(new: New, remote: FakeHub, name: str) -> None:
    status, said = new("--", name)
    assert (status, "is no name of a model" in said) == (1, True)
    assert remote.asked == []


def test_no_hub_is_said_in_one_line(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "sleep", lambda _: None)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    status, said = new("org/quick")
    assert (status, "the Hub cannot be reached" in said) == (1, True)
