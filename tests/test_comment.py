"""What a pull request is told, from the check's document and the rated boards; and documents that mean harm."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import advice_factory as board
import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from wattbench import ledger
from wattbench.problems import Refusal
from wattbench.runs import write
from wattboard import comment as comments
from wattboard.cli import app
from wattboard.commenting import reading

GOLDEN = Path(__file__).with_name("golden")
NEW = "submissions/org/new/submission.yml"
WORST = (
    "@octocat please",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example a@evil.example",
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "</details>--><!-- wattstar",
    "{{ 7*7 }} ${{ secrets.GITHUB_TOKEN }} {% raw %}",
    "`` ` ``` code ```` over",
    "# heading\n\n- item\n\n::error::command",
    "a\u202egnp.exe\u200b \x1b[31mred\x00",
    "#1 GH-2 org/repo#3 0123456789abcdef0123456789abcdef01234567 :tada:",
    "| a | b |\n|---|---|",
    "*bold* _it_ ~~no~~ \\",
    "=1+1",
    "x" * 4000,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of images: big; small, which answers nearly alike; poor; and shy, of which no scores are kept."""
    folder = tmp_path_factory.mktemp("home")
    big = board.scores(0.86)
    for one in board.brackets(board.IMAGES):
        write(one, folder / "s")
    board.write(folder / "s", "org/big", 100.0, big, parameters=80_000_000)
    board.write(folder / "s", "org/small", 37.0, board.scores(0, like=big, swaps=-4), parameters=9_000_000)
    board.write(folder / "s", "org/poor", 12.0, board.scores(0, like=big, swaps=-200), parameters=2_000_000)
    board.write(folder / "s", "org/shy", 36.8, None, grade=0.857, parameters=9_100_000)
    board.frozen(folder)
    return folder


def submission(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "path": NEW,
        "good": True,
        "model": "org/new",
        "revision": "a" * 40,
        "package": None,
        "base_model": None,
        "boards": [board.IMAGES],
        "hub": {"licence": "mit", "gated": False, "parameters": 70_000_000, "weights_sha256": []},
    }
    return told | changes


def document(*submissions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"schema": 1, "ok": True, "hub": "asked", "problems": [], "notes": []}
    return told | {"submissions": list(submissions)} | changes


def problem(message: str = "is missing", **changes: str) -> dict[str, str]:
    return {"file": NEW, "field": "model.id", "message": message, "remedy": "Write it"} | changes


def said(home: Path, told: dict[str, Any]) -> str:
    file = home / "check.json"
    file.write_text(json.dumps(told))
    given = ["comment", str(file), "--submissions", str(home / "s"), "--editions", str(home / "e")]
    done = CliRunner().invoke(app, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_good_submission_is_told_its_board_its_neighbours_and_what_comes(home: Path) -> None:
    assert said(home, document(submission())) == (GOLDEN / "comment-good.md").read_text()


def test_problems_are_told_with_file_field_and_remedy_and_nothing_is_promised(home: Path) -> None:
    wrong = problem("was read as the number 7", remedy="Put the value in quotes")
    touched = problem("is not yours to touch: it is the maintainers'", file="keys/trusted.json", field="path")
    told = document(submission(good=False), ok=False, problems=[wrong, touched])
    assert said(home, told) == (GOLDEN / "comment-bad.md").read_text()


def test_a_document_that_calls_itself_fine_is_not_believed_where_it_lists_problems(home: Path) -> None:
    text = said(home, document(submission(), problems=[problem()]))
    assert "1 problem to mend" in text
    assert "A maintainer reads" not in text


def test_the_same_within_a_point_is_said_only_where_the_worse_end_of_the_difference_is_within_it(home: Path) -> None:
    big = said(home, document(submission()))
    assert "`org/small` in place of `org/big` uses 63.0 % less energy" in big
    assert "`org/poor` in place of" not in big  # 20 points worse
    assert "`org/shy` in place of" not in big  # nobody can pair its scores


def test_a_model_measured_at_an_earlier_revision_stands_first_among_its_neighbours(home: Path) -> None:
    text = said(home, document(submission(model="org/big")))
    near = re.findall(r"    - `(org/\w+)`", text)
    assert near[0] == "org/big"
    assert "measured already" in text


def test_neighbours_without_a_size_are_the_family_or_the_lowest_energy(home: Path) -> None:
    assert "of the lowest energy" in said(home, document(submission(hub=None)))
    text = said(home, document(submission(hub=None, base_model="org/small")))
    assert "of the same family" in text
    assert re.findall(r"    - `(org/\w+)`", text) == ["org/small"]


def test_a_withdrawn_model_is_nobodys_neighbour(home: Path, tmp_path: Path) -> None:
    told = {"kind": "withdrawn", "at": "2026-11-01T00:00:00Z", "model": "org/small", "revisions": ("f" * 40,)}
    shutil.copytree(home, tmp_path / "home")
    ledger.write(
        ledger.make({"schema": 1, "code": "owner", "note": "As its owner asks", **told}), tmp_path / "home/ledger"
    )
    text = said(tmp_path / "home", document(submission()))
    assert "org/small" not in text
    assert "3 models rated" in text


def test_a_board_where_nobody_is_rated_is_said_to_be_one(home: Path) -> None:
    other = "text-generation-v1~h100-sxm5-80gb~bf16~single~on~nvml"
    text = said(home, document(submission(boards=[other])))
    assert "- text generation, bf16, single, reasoning on: a board where nobody is rated yet." in text


def test_a_hub_that_did_not_answer_is_no_fault_of_the_submission(home: Path) -> None:
    assert "no fault of yours" in said(home, document(submission(hub=None), hub="unreachable"))


@pytest.mark.parametrize("text", WORST)
def test_nothing_that_strangers_wrote_is_followed(home: Path, text: str) -> None:
    note = problem(text, file=text, field=text, remedy=text)
    told = document(submission(path=text, revision=text[:200], good=False), ok=False, problems=[note], notes=[note])
    shown = said(home, told)
    bare = outside_of_code(shown.removeprefix(comments.MARKER))
    for trap in ("@", "<", "](", "![", "http", "www.", "{{", "{%", "::", "GH-", "0123456", ":tada", "~~", "|", "\x1b"):
        assert trap not in bare
    assert not {"\x1b", "\x00", "\u202e", "\u200b"} & set(shown)
    assert shown.count(comments.MARKER) == 1
    assert len(shown) < 5000


def outside_of_code(markdown: str) -> str:
    """What is left of Markdown where a CommonMark parser takes code spans out. Nothing but words may be there."""
    left = []
    for block in MarkdownIt("commonmark").parse(markdown):
        assert block.type not in {"html_block", "fence", "code_block"}, block.content
        for one in block.children or ():
            assert one.type in {"text", "code_inline", "softbreak", "strong_open", "strong_close"}, one
            left.append(one.content if one.type == "text" else "")
    return "\n".join(left)


def test_however_much_is_wrong_the_comment_stays_short(home: Path) -> None:
    many = [problem(f"{number} is wrong") for number in range(1500)]
    names = [f"{task}-v1~h100-sxm5-80gb~fp16~single~off~nvml" for task in ("summarization", "image-captioning")]
    precise = [name.replace("fp16", other) for name in names for other in ("fp32", "bf16", "fp16", "int8", "int4")]
    told = document(*[submission(boards=[board.IMAGES, *precise])] * 100, notes=[problem()] * 9)
    for one in (told | {"problems": many[:200], "ok": False}, told):
        text = said(home, one)
        assert len(text.splitlines()) <= 62
    assert "and more" not in text
    assert "98 more submissions" in text
    assert "in two sessions each: planned are 370 to 920 hours." in text


def packed(*files: tuple[str, bytes]) -> bytes:
    """An archive with files in it."""
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return store.getvalue()


def test_the_archive_that_github_makes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "check.zip"
    file.write_bytes(packed(("check.json", json.dumps(document(submission())).encode())))
    assert reading.read(file).submissions[0].asked.model == "org/new"


DEEP = b"[" * 100_000
FINE = json.dumps(document(submission())).encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(("check.json", b" " * 50_000_000)), "unpacks to more than 256 KiB"),
        (packed(("../../check.json", FINE)), "not check.json alone"),
        (packed(("check.json", FINE), ("number.txt", b"1")), "holds 2 files"),
        (packed(), "holds 0 files"),
        (b"PK\x03\x04 and no more", "cannot be unpacked"),
        (packed(("check.json", FINE))[:-30], "cannot be unpacked"),
        (b" " * 300_000, "larger than 256 KiB"),
        (b"", "Invalid JSON"),
        (DEEP, "Invalid JSON"),
        (b"\xff\xfe{}", "Invalid JSON"),
        (b"[]", "object"),
        (json.dumps(document() | {"schema": 2}).encode(), "schema"),
        (json.dumps(document(submission(model="../../etc"))).encode(), "submissions.0.model"),
        (json.dumps(document(submission(model="org/x](y)"))).encode(), "submissions.0.model"),
        (json.dumps(document(submission(boards=["x" * 500]))).encode(), "submissions.0.boards.0"),
        (json.dumps(document(submission(boards=["no-task-v1~h100~fp16~single~off~nvml"]))).encode(), "no such task"),
        (json.dumps(document(submission(boards=["@everyone"]))).encode(), "is no board"),
        (json.dumps(document(submission(hub={"parameters": 10**400}))).encode(), "parameters"),
        (json.dumps(document(problems=[problem() | {"message": 7}])).encode(), "problems.0.message"),
        (json.dumps(document(*[submission()] * 201)).encode(), "submissions"),
    ],
)
def test_a_document_that_is_none_is_refused_in_words(tmp_path: Path, data: bytes, why: str) -> None:
    file = tmp_path / "check.json"
    file.write_bytes(data)
    with pytest.raises(Refusal) as refused:
        reading.read(file)
    told = "\n".join(map(str, refused.value.problems))
    assert why in told
    assert len(told) < 10_000
    assert all(problem.remedy for problem in refused.value.problems)
