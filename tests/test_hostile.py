"""Whatever strangers send is refused in words or shown as plain text: in every form, on every page, never run."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checkouts
import fake_hub
import hostile
import plainness
import polars as pl
import pytest
import site_factory as make
from rich.console import Console

from wattbench import cli, hub, submissions
from wattbench.cli import say
from wattbench.problems import Problem, Refusal
from wattboard import api, gathering, listings, pages

if TYPE_CHECKING:
    from collections.abc import Callable

    Said = tuple[int, str]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["wattbench", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    return run


def test_there_are_many_of_them() -> None:
    assert len(hostile.FILES) >= 60
    assert len(set(hostile.FILES.values())) == len(hostile.FILES)


def test_what_they_are_made_from_is_itself_good(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(hostile.GOOD)
    assert submissions.load(tmp_path / "x.yml").model.id == "org/quick"


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_is_refused_in_words_in_every_form(tmp_path: Path, name: str) -> None:
    path = tmp_path / "submissions/org/quick/submission.yml"
    path.parent.mkdir(parents=True)
    path.write_bytes(hostile.FILES[name])
    with pytest.raises(Refusal) as refused:
        submissions.load(path)
    problems = list(refused.value.problems)
    assert len(problems) <= submissions.MOST + 1
    plainness.refusal(problems)
    plainness.every_form(problems)


@pytest.mark.parametrize("form", ["rich", "json", "github", "markdown"])
def test_all_of_them_at_once_end_with_1_and_without_a_traceback(
    call: Callable[..., Said], tmp_path: Path, form: str
) -> None:
    for number, data in enumerate(hostile.FILES.values()):
        path = tmp_path / f"submissions/org/m{number}/submission.yml"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    status, said = call("check", "--offline", "--format", form)
    assert status == 1
    assert "Traceback" not in said
    if form == "rich":
        plainness.log(said)


@pytest.mark.parametrize("words", hostile.WORDS)
def test_hostile_words_are_plain_text_in_every_form(words: str) -> None:
    plainness.every_form(
        [Problem(words, words, words, words), Problem(words, "", words, ""), Problem("", "", words, "")]
    )


@pytest.mark.parametrize("words", hostile.WORDS)
def test_hostile_words_are_plain_text_on_a_terminal(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(say, "err", Console(file=shown, force_terminal=True, highlight=False, width=200))
    say.problems([Problem(words, words, words, words)])
    told = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())  # rich's own colours
    assert told.replace("\n", "").isprintable()
    assert "##[" not in told
    assert not [line for line in told.splitlines() if line.lstrip().startswith("::")]
    assert "\x1b]8" not in shown.getvalue()


FIELDS = ("model.id", "model.revision", "model.base_model", "tasks", "precisions", "submitter.github", "notes", "free")


@pytest.mark.parametrize("field", FIELDS)
def test_hostile_words_in_a_field_are_refused_or_held_as_text(tmp_path: Path, field: str) -> None:
    for words in hostile.WORDS:
        told: Any = {
            "schema": 1,
            "model": {"id": "org/quick", "revision": "a" * 40},
            "tasks": ["sentence-similarity"],
            "precisions": ["fp32"],
            "submitter": {"github": "octocat", "relationship": "user"},
            "attestations": {"no_benchmark_specific_tuning": True, "license_permits_publication": True},
        }
        *outer, last = field.split(".")
        place = told[outer[0]] if outer else told
        if field == "free":
            place[words] = words
        else:
            place[last] = [words] if isinstance(place.get(last), list) else words
        path = tmp_path / "asked.yml"
        path.write_text(json.dumps(told))  # JSON is YAML, and writes every character out
        try:
            held = submissions.load(path)
        except Refusal as refused:
            plainness.every_form(list(refused.problems))
        else:
            assert field == "notes"
            assert held.notes == words
            assert words.isprintable()
            assert not set(words) & set("<>`|[]")


def test_links_pipes_and_folders_are_not_read(tmp_path: Path, call: Callable[..., Said]) -> None:
    folder = tmp_path / "submissions/org"
    for name in ("link", "loop", "pipe", "folder", "device"):
        (folder / name).mkdir(parents=True)
    (folder / "link/submission.yml").symlink_to("/etc/passwd")
    (folder / "loop/submission.yml").symlink_to("submission.yml")
    os.mkfifo(folder / "pipe/submission.yml")
    (folder / "folder/submission.yml").mkdir()
    (folder / "device/submission.yml").symlink_to("/dev/zero")
    status, said = call("check", "--offline")
    assert status == 1
    assert said.count("is a symbolic link, and links are not followed") == 3
    assert said.count("is no regular file") == 2
    assert "root:" not in said


@pytest.mark.parametrize("name", ["submission.yml", "x/submission.yml", "/submission.yml", "a\nb", "\udcff"])
def test_a_path_of_any_kind_is_answered_in_words(call: Callable[..., Said], name: str) -> None:
    status, said = call("check", "--offline", "--", name)
    assert status == 2
    assert "is not there" in said
    plainness.log(said)


def test_hostile_names_of_paths_in_a_branch_are_plain_text(call: Callable[..., Said], tmp_path: Path) -> None:
    checkouts.start(tmp_path)
    made = 0
    for words in hostile.WORDS:
        name = words.replace("/", "-").replace("\0", "")[:60].encode("utf-8", "replace")
        if name.strip(b"."):
            folder = os.fsencode(tmp_path / "submissions/org") + b"/" + name
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - a name that may be no text
            Path(os.fsdecode(folder + b"/submission.yml")).write_text(hostile.GOOD)
            made += 1
    raw = os.fsencode(tmp_path) + b"/\xff\xfe.yml"
    Path(os.fsdecode(raw)).write_text("x")
    checkouts.commit(tmp_path)
    assert made > 30
    for form in ("rich", "json", "github", "markdown"):
        status, said = call("check", "--base", "main", "--offline", "--format", form)
        assert status == 1
        if form == "rich":
            plainness.log(said)
        if form == "markdown":
            plainness.comment(said)
        if form == "json":
            assert all(one["file"].isprintable() for one in json.loads(said)["problems"])


FILES = {
    "config.json": b'{"model_type": "bert", "architectures": ["BertModel"]}',
    "modules.json": json.dumps([{"path": "", "type": "sentence_transformers.models.Transformer"}]).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": fake_hub.safetensors({"a.weight": ("F32", (40, 32))}),
}


def _everywhere(words: str) -> dict[str, Any]:
    """A repository of the Hub that says these words wherever it can."""
    config = {
        "model_type": words,
        "architectures": [words],
        "auto_map": {words: words},
        "quantization_config": {"quant_method": words},
    }
    bad = json.dumps(config).encode()
    name = re.sub(r"[/\0?#%]|\.\.", "", words)[:50].encode("utf-8", "ignore").decode() or "x"
    return {
        "files": FILES
        | {
            "config.json": bad,
            "modules.json": json.dumps([{"path": words, "type": words}]).encode(),
            f"{name}.py": b"print()",
            f"{name}.safetensors": b"<html>",
        },
        "licence": words or None,
        "named": words or "org/quick",
        "more": {"cardData": {"license": words, "base_model": [words]}, "pipeline_tag": words},
    }


def test_hostile_words_of_the_hub_are_plain_text(
    call: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "sleep", lambda _: None)
    path = tmp_path / "submissions/org/quick/submission.yml"
    path.parent.mkdir(parents=True)
    path.write_text(hostile.GOOD)
    with fake_hub.serve() as remote:
        monkeypatch.setenv("HF_ENDPOINT", remote.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        for words in hostile.WORDS:
            told = _everywhere(words)
            files = told.pop("files")
            remote.put("models", "org/quick", files, commit="a07cc9a04f16550a088caea529712d1d335b0ac1", **told)
            status, said = call("check", "--format", "json")
            assert status == 1, said
            found = json.loads(said)
            assert found["hub"] == "asked", said[:3000]
            plainness.every_form([Problem(**one) for one in [*found["problems"], *found["notes"]]])
            plainness.log(said)
            plainness.log(call("check")[1])


def test_hostile_words_of_a_run_are_plain_text_on_pages_and_in_tables(tmp_path: Path) -> None:
    told = [words for words in hostile.WORDS if words.strip() and "\ud800" not in words]
    many = [
        make.run(
            model=f"demo/h{number}",
            licence=words,
            base_model=words,
            revision=words,
            protocol=words,
            gates=[make.gate(name=words, value=words, limit=words, why=words)],
        )
        for number, words in enumerate(told)
    ]
    make.write([*make.demo(), *many], tmp_path)
    gathered = gathering.gather([tmp_path], None)
    assert gathered.left_out == ()
    site = listings.assemble(list(gathered.filed), [])
    rendered = pages.render(site, "https://stars.example/")
    shown = [*rendered.docs.values(), *(one.body for one in rendered.models)]
    shown += [slot for slots in rendered.slots.values() for slot in slots.values()]
    for text in shown:
        assert not re.search(r"<(script>alert|img src=x|h1>owned)", text)
        assert "62710561" not in text
        assert not re.search(r"href=\"?(javascript|https?://evil)", text)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f\u202e\u2066]", text)
    for path, text in api.files(site).items():
        if path.endswith(".csv"):
            for row in pl.read_csv(io.StringIO(text), infer_schema=False).rows():
                for cell in filter(None, row):
                    assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n")), cell
                    assert not cell.startswith("-") or re.fullmatch(r"-[\d.e-]+", cell), cell
        if path.endswith(".json"):
            json.loads(text)
