"""Bad run files are left out, each with its reason in public, and nothing that strangers wrote leaves its place."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evidence_factory as evidence_make
import pytest
import site_factory as make

from wattbench import evidence, runs
from wattbench.evidence import keys
from wattbench.problems import Problem, Refusal
from wattboard import build, frame, gathering, listings, pages
from wattboard.gathering import left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wattbench.evidence.keys import TrustedKey
    from wattboard.gathering.left_out import LeftOut

BOARD = make.SIMILARITY
NEWER = make.run().schema_ + 1


def leave(folder: Path, trusted: Mapping[str, TrustedKey] | None = None) -> tuple[LeftOut, ...]:
    gathered = gathering.gather([folder], trusted)
    return tuple(sorted([*gathered.left_out, *left_out.part(gathered.filed)[1]]))


def rewritten(folder: Path, change: Callable[[str], str], **more: Any) -> Path:
    """Write a run file whose text was changed, under the name that its new bytes have."""
    path = runs.write(make.run(**more), folder)
    return renamed(path, change(path.read_text()))


def renamed(path: Path, text: str) -> Path:
    data = text.encode()
    path.unlink()
    new = path.with_name(f"{path.stem[:-12]}{hashlib.sha256(data).hexdigest()[:12]}.json")
    new.write_bytes(data)
    return new


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def of(text: str) -> str:
        data = json.loads(text)
        change(data)
        return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n"

    return of


BAD: dict[str, tuple[Callable[[str], str], str, str]] = {
    "a newer schema": (edited(lambda run: run.update(schema=NEWER, novelty=1)), "schema", f"none past {NEWER - 1}"),
    "no schema": (edited(lambda run: run.pop("schema")), "schema", "Field required"),
    "a truncated file": (lambda text: text[: len(text) // 2], "", "not JSON"),
    "an empty file": (lambda _text: "", "", "not JSON"),
    "no object": (lambda _text: "[]\n", "", "valid dictionary"),
    "a NaN": (edited(lambda run: run["passes"][1].update(joules=float("nan"))), "passes.1.joules", "finite"),
    "a NaN where anything goes": (
        edited(lambda run: run["environment"].update(x=float("nan"))),
        "",
        "NaN is no number",
    ),
    "an infinity": (lambda text: text.replace('"joules": 30.0', '"joules": 1e999', 1), "passes.0.joules", "finite"),
    "a negative energy": (edited(lambda run: run["passes"][0].update(joules=-3.0)), "passes.0.joules", "or equal to 0"),
    "an energy of 0": (edited(lambda run: run["passes"][0].update(joules=0.0)), "passes.0", "0 J is no reading"),
    "an unknown field": (edited(lambda run: run.update(stars=5)), "stars", "Extra inputs are not permitted"),
    "a number beyond columns": (edited(lambda run: run["passes"][0].update(queries=10**30)), "", "beyond all reason"),
    "a number of many digits": (lambda text: text.replace('"rounds": 10', '"rounds": ' + "9" * 9000), "", ""),
    "other blanks": (lambda text: text.replace('"board": ', '"board":  '), "", "it was edited"),
    "half a character": (lambda text: text.replace("50 news texts", "\\ud800"), "", ""),
    "depth without end": (lambda _text: '{"schema": ' + "[" * 100_000, "", ""),
    "a board that is none": (lambda text: text.replace("~off~", "~idle~"), "", "'idle' is none of off, on"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_left_out_with_its_reason_and_the_others_count(what: str, tmp_path: Path) -> None:
    change, field, message = BAD[what]
    bad = rewritten(tmp_path, change)
    good = make.write([make.run(model="demo/other")], tmp_path)
    (left,) = leave(tmp_path)
    assert left.file == bad.relative_to(tmp_path).as_posix()
    assert left.reasons[0][0] == field
    assert message in left.reasons[0][1]
    assert not left.wrong
    assert [one.model for one in gathering.gather([good], None).filed] == ["demo/other"]


def test_many_wrong_fields_are_not_a_page_of_their_own(tmp_path: Path) -> None:
    rewritten(tmp_path, edited(lambda run: run.update({f"x{number}": 1 for number in range(500)})))
    (left,) = leave(tmp_path)
    assert len(left.reasons) == 6
    assert left.reasons[-1][1] == "and 495 more fields are wrong"


def test_a_file_that_lies_elsewhere_than_it_belongs_is_left_out(tmp_path: Path) -> None:
    path = runs.write(make.run(), tmp_path)
    moved = tmp_path / "demo" / "another" / "runs" / path.name
    moved.parent.mkdir(parents=True)
    path.rename(moved)
    (left,) = leave(tmp_path)
    assert left.file == f"demo/another/runs/{path.name}"
    assert left.reasons == (("", "the name is not what its content says", "Put back the file as measured"),)


def test_a_file_whose_bytes_do_not_fit_the_hash_in_its_name_is_left_out(tmp_path: Path) -> None:
    path = runs.write(make.run(), tmp_path)
    path.write_text(path.read_text().replace('"joules": 30.0', '"joules": 10.0'))
    (left,) = leave(tmp_path)
    assert left.reasons[0][1] == "the name is not what its content says"


def test_the_second_run_of_a_place_is_left_out_and_the_first_counts(tmp_path: Path) -> None:
    first, second = make.run(), make.run(at="2026-11-20T11:00:00Z")
    make.write([first, second], tmp_path)
    (left,) = leave(tmp_path)
    assert left.file == runs.path_of(second, tmp_path).relative_to(tmp_path).as_posix()
    assert not left.wrong


def test_two_files_that_claim_one_place_and_one_second_end_the_build(tmp_path: Path) -> None:
    make.write([make.run(), make.run(joules=(10.0, 10.1, 10.2))], tmp_path / "s")
    (tmp_path / "e").mkdir()
    with pytest.raises(Refusal, match="claims the place and the second of another file") as refused:
        build.build([tmp_path / "s"], [tmp_path / "e"], tmp_path / "html", lambda _words: None)
    assert len({one.file for one in refused.value.problems}) == 2
    assert not (tmp_path / "html").exists()


def test_a_run_of_a_task_that_does_not_exist_is_left_out(tmp_path: Path) -> None:
    one = make.run()
    board = BOARD.replace("sentence-similarity", "mind-reading")
    workload = one.workload.model_copy(update={"task": "mind-reading"})
    runs.write(one.model_copy(update={"board": board, "workload": workload}), tmp_path)
    (left,) = leave(tmp_path)
    assert left.reasons[0][1] == "there is no task 'mind-reading'"


@pytest.mark.parametrize("what", ["trace", "missing", "link"])
def test_a_run_whose_trace_is_not_the_one_it_names_is_left_out(what: str, tmp_path: Path) -> None:
    path = evidence_make.put(tmp_path)
    assert leave(tmp_path) == ()
    trace = evidence_make.trace_of(path)
    data = trace.read_bytes()
    trace.unlink()
    if what == "trace":
        trace.write_bytes(data[:-1] + b"?")
    if what == "link":
        (tmp_path / "elsewhere").write_bytes(data)
        trace.symlink_to(tmp_path / "elsewhere")
    (left,) = leave(tmp_path)
    assert left.reasons[0][0] == trace.name
    assert "names it as its trace" in left.reasons[0][1]


def test_who_signed_a_run_stands_in_every_row_and_nobody_where_nobody_did(tmp_path: Path) -> None:
    path, key = evidence_make.signed(tmp_path)
    make.write([make.run(model="demo/unsigned")], tmp_path / "submissions")
    for kept in (None, tmp_path / "cache", tmp_path / "cache"):
        gathered = gathering.gather([tmp_path / "submissions"], evidence_make.by_id(key), kept)
        assert gathered.left_out == ()
        assert {one.model: one.signer for one in gathered.filed} == {
            "demo/paraphrase-MiniLM-L3-v2": key.keyid,
            "demo/unsigned": None,
        }
        rows = frame.frame(gathered.filed).collect()
        assert dict(rows.select("model", "signer").unique().iter_rows()) == {
            one.model: one.signer for one in gathered.filed
        }
    assert path.name in {one.name for one in gathered.filed}


@pytest.mark.parametrize("kept", [False, True])
def test_a_signature_that_does_not_hold_leaves_its_run_out(
    kept: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wattboard.gathering.cache.SETTLED_NS", 0)
    path, key = evidence_make.signed(tmp_path)
    folder, cache = tmp_path / "submissions", tmp_path / "cache" if kept else None
    trusted = evidence_make.by_id(key)
    assert gathering.gather([folder], trusted, cache).left_out == ()
    stranger = evidence_make.new_key(tmp_path, "other.pem")
    (left,) = gathering.gather([folder], evidence_make.by_id(stranger), cache).left_out
    assert "is no trusted key" in left.reasons[0][1]
    envelope = evidence.envelope_of(path)
    assert left.reasons[0][0].startswith(envelope.name)
    said = json.loads(envelope.read_text())
    sig = said["signatures"][0]["sig"]
    said["signatures"][0]["sig"] = ("A" if sig[0] != "A" else "B") + sig[1:]
    envelope.write_text(json.dumps(said, sort_keys=True, indent=1) + "\n")
    (left,) = gathering.gather([folder], trusted, cache).left_out
    assert "is no signature of bench-01" in left.reasons[0][1]
    envelope.write_text("{}")
    assert len(gathering.gather([folder], trusted, cache).left_out) == 1


def test_a_key_that_no_longer_counts_is_noticed_by_a_cached_build(tmp_path: Path) -> None:
    _, key = evidence_make.signed(tmp_path)
    folder, cache = tmp_path / "submissions", tmp_path / "cache"
    assert gathering.gather([folder], evidence_make.by_id(key), cache).left_out == ()
    ended = key.model_copy(update={"valid_until": key.valid_from})
    (left,) = gathering.gather([folder], evidence_make.by_id(ended), cache).left_out
    assert "counts from 2020-01-01 until 2020-01-01" in left.reasons[0][1]


@pytest.mark.parametrize("what", ["link", "pipe", "huge", "folder"])
def test_what_is_no_regular_file_of_a_runs_size_is_not_even_opened(what: str, tmp_path: Path) -> None:
    path = tmp_path / "org" / "name" / "runs" / "x.json"
    path.parent.mkdir(parents=True)
    if what == "link":
        path.symlink_to("/etc/passwd")
    if what == "pipe":
        os.mkfifo(path)
    if what == "folder":
        path.mkdir()
    if what == "huge":
        with path.open("wb") as file:
            file.truncate(10**12)
    (left,) = leave(tmp_path)
    assert left.file == "org/name/runs/x.json"
    assert re.search("is no regular file|more than any run", left.reasons[0][1])


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_link_to_a_folder_is_named_and_not_followed(depth: int, tmp_path: Path) -> None:
    make.write([make.run()], tmp_path / "elsewhere")
    parts = ("demo", "paraphrase-MiniLM-L3-v2", "runs")[: depth + 1]
    link = (tmp_path / "s").joinpath(*parts)
    link.parent.mkdir(parents=True)
    link.symlink_to((tmp_path / "elsewhere").joinpath(*parts))
    (left,) = leave(tmp_path / "s")
    assert left.file == "/".join(parts)


def test_a_file_that_this_machine_cannot_read_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make.write([make.run()], tmp_path)

    def fail(_file: object, _name: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("wattboard.gathering.reading.hashlib.file_digest", fail)
    with pytest.raises(Refusal, match="cannot be read: Input/output error"):
        gathering.gather([tmp_path], None)


HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    '"><img src=x onerror=alert(1)>',
    "[a](javascript:alert(1)) **b** `c`",
    "\x1b[31mred\x07\r\nline",
    "\u202egnp.exe",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "org" / name.replace("/", "-") / "runs"
    folder.mkdir(parents=True)
    (folder / f"{name.replace('/', '-')}.json").write_text(json.dumps({"schema": 1, name: name}))
    (left,) = leave(tmp_path)
    shown = slot((left,))
    assert "<script" not in shown
    assert "<img" not in shown
    assert "49" not in shown
    assert "\x1b" not in shown + left_out.line([left], "x") + "".join(str(one) for one in left.problems)
    assert "\u202e" not in shown
    assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', shown))
    assert len(re.findall(r"<tr>", shown)) == 1 + len(left.reasons)


def test_a_name_that_is_no_text_is_spelled_out(tmp_path: Path) -> None:
    folder = tmp_path / "org" / "name" / "runs"
    folder.mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.json")).write_text("{}")
    (left,) = leave(tmp_path)
    assert left.file == "org/name/runs/\\udcff.json"
    slot((left,)).encode()


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    left = left_out.of(tmp_path / "a" / "x", tmp_path, [Problem("x", "", "y" * 10_000, "z")])
    assert len(left.reasons[0][1]) < 500


def slot(left: tuple[LeftOut, ...]) -> str:
    site = listings.Site((), (), (), {}, (), None, left)
    return pages.render(site, "/").slots["left-out/index.html"]["left-out"]


def test_the_page_says_so_where_nothing_is_left_out() -> None:
    assert "No run file is left out" in slot(())


def test_no_path_of_the_machine_that_builds_is_published(tmp_path: Path) -> None:
    rewritten(tmp_path, lambda text: text[:100])
    evidence_make.trace_of(evidence_make.put(tmp_path, model="demo/two")).unlink()
    left = leave(tmp_path)
    assert len(left) == 2
    assert str(tmp_path) not in slot(left)
    assert all(str(tmp_path) in problem.file for one in left for problem in one.problems)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("left")
    make.write(make.demo(), folder / "s")
    rewritten(folder / "s", lambda text: text[:100], model="demo/cut")
    (folder / "e").mkdir()
    return folder


def command(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = ["-m", "wattboard.cli", "build", "--submissions", "s", "--editions", "e", "--out", "html", *more]
    script = f"import sys; sys.argv = ['wattboard', *{words[2:]!r}]\nfrom wattboard.cli import main\nmain()"
    return subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_says_in_one_line_how_many_and_where_to_read_why(built: Path) -> None:
    done = command(built)
    assert done.returncode == 0, done.stderr
    assert "1 run file was left out; html/left-out/index.html says which and why." in done.stdout.splitlines()
    page = (built / "html" / "left-out" / "index.html").read_text()
    assert "demo/cut/runs/" in page
    assert "not JSON" in page
    assert "left-out/" in (built / "html" / "index.html").read_text()
    assert (built / "build" / "cache" / "head.json").exists()
    assert not (built / "html" / "models" / "demo" / "cut").exists()


def test_a_strict_build_fails_on_anything_left_out_and_keeps_the_old_site(built: Path) -> None:
    done = command(built, "--strict", "--no-cache")
    assert done.returncode == 1
    assert "not JSON" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


def test_a_signed_run_is_published_with_its_envelope_and_all_that_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, key = evidence_make.signed(tmp_path)
    monkeypatch.setattr(keys, "read_trusted", lambda _file: evidence_make.by_id(key))
    (tmp_path / "e").mkdir()
    build.build([tmp_path / "submissions"], [tmp_path / "e"], tmp_path / "html", lambda _words: None)
    place = tmp_path / "html" / "runs" / path.relative_to(tmp_path / "submissions").parts[0]
    published = {one.name: one.read_bytes() for one in place.rglob("*") if one.is_file()}
    assert published == {one.name: data for one, data in evidence_make.parts(path).items()}
