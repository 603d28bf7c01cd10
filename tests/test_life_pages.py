"""What people see of the life of submissions: corrections, the queue, withdrawn models, self-reported figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import life_factory as life
import life_site as lived
import pytest
import site_factory as make
from test_queue import put

from wattbench import ledger
from wattbench.ledger.queue import Host
from wattbench.problems import Refusal
from wattbench.submissions import claims
from wattboard import api, editions, pages
from wattboard.badges import pictures
from wattboard.life import waiting

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.listings import Site

ADDRESS = "https://wattstar.example/"
NEW = "new/one"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lived.write(tmp_path)


def page(found: Site, name: str) -> str:
    return "".join(pages.render(found, ADDRESS).slots[f"{name}/index.html"].values())


def stamped(found: Site, model: str) -> str:
    rendered = pages.render(found, ADDRESS)
    return next(one.body for one in (*rendered.models, *rendered.absent) if one.id == model)


def document(found: Site, name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(api.files(found)[f"api/v1/{name}.json"])
    return told


def report(folder: Path, model: str, **changes: Any) -> Path:
    path = folder / "submissions" / model / "self-reported" / "mine.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(lived.claim(model=model, **changes)))
    return path


def test_without_any_correction_the_log_says_so(folder: Path) -> None:
    found = lived.site(folder)
    assert "No published number has been corrected so far." in page(found, "corrections")
    assert document(found, "corrections")["entries"] == []


def test_the_log_has_every_changed_number_with_both_values_cause_and_day_newest_first(folder: Path) -> None:
    run = lived.runs_of(folder)[0]
    lived.withdraw(folder, model="org/m05", at="2027-01-05T10:00:00Z", note="the <b>wrong</b> meter")
    lived.dispute(folder, model="org/m06", at="2027-01-06T10:00:00Z")
    lived.tell(
        folder,
        "corrected",
        at="2027-01-07T10:00:00Z",
        run=run,
        field="quality.value",
        old=0.5,
        new=0.61,
        cause="graded with the wrong column",
    )
    found = lived.site(folder)
    told = document(found, "corrections")["entries"]
    assert [(one["on"], one["kind"]) for one in told] == [
        ("2027-01-07", "correction"),
        ("2027-01-06", "dispute"),
        ("2027-01-05", "withdrawal"),
    ]
    assert (told[0]["old"], told[0]["new"], told[0]["cause"]) == (0.5, 0.61, "graded with the wrong column")
    shown = page(found, "corrections")
    assert shown.index("Graded with the wrong column") < shown.index("4 % apart") < shown.index("wrong&lt;/b&gt; meter")
    assert re.search(r"0\.5</td>.*0\.61</td>", shown)
    assert "<b>wrong</b>" not in shown
    feed = dict(api.everything(found, ADDRESS))["feed.json"]
    titles = [one["title"] for one in json.loads(feed)["items"]]
    assert titles[:3] == ["org/m03: correction", "org/m06: dispute", "org/m05: withdrawal"]


def test_a_withdrawn_model_keeps_its_page_with_the_public_note_and_its_badges_say_so(folder: Path) -> None:
    lived.withdraw(folder)
    found = lived.site(folder)
    shown = stamped(found, lived.MODEL)
    assert "has no result here: what was published was withdrawn, and its public note stays" in shown
    assert "A wrong meter (a fault of ours)" in shown
    drawn = dict(pictures.pictures(found))
    for place in (
        f"badges/v1/{lived.MODEL}/{make.GPU}.svg",
        f"badges/v1/{lived.MODEL}/sentence-similarity.svg",
        f"editions/2026-06/badges/{lived.MODEL}/{make.GPU}.svg",
    ):
        assert "withdrawn" in drawn[place], place
        assert "Wh per 1,000" not in drawn[place]


def test_a_model_with_one_withdrawn_run_has_its_result_and_the_note(folder: Path) -> None:
    lived.withdraw(folder, run=lived.runs_of(folder)[0])
    shown = stamped(lived.site(folder), lived.MODEL)
    assert "of 5 stars" in shown
    assert "A wrong meter (a fault of ours)" in shown
    (note,) = document(lived.site(folder), f"models/{lived.MODEL}")["notes"]
    assert note["runs"] == [lived.runs_of(folder)[0]]


def test_what_waits_what_runs_and_what_failed_is_told_with_reason_and_remedy(folder: Path) -> None:
    for model in (NEW, "new/busy", "new/bad", "new/ours", "new/out"):
        put(folder, model)

    def on_board(model: str, kind: str, **told: Any) -> None:
        revision = life.revision_of(model)
        board = "sentence-similarity-v1~h100-sxm5-80gb~fp16~single~off~nvml"
        base = {"model": model, "revision": revision, "board": board, "session": "s1"}
        lived.tell(folder, kind, **base | told)

    on_board("new/busy", "running", host="h1", lease_seconds=3600)
    words = {"code": "no-safetensors", "words": "holds <pickles> only", "remedy": "Add safetensors"}
    on_board("new/bad", "failed", whose="submission", **words)
    secret = {"code": "session-ended", "words": "disk /dev/sdb of host-7 is full", "remedy": "Free it"}
    on_board("new/ours", "failed", whose="infrastructure", **secret)
    lived.tell(folder, "opted-out", model="new/out", note="asked by its owner")
    found = lived.site(folder)
    told = {one["model"]: one for one in document(found, "queue")["submissions"]}
    assert {model: (one["state"], one["code"]) for model, one in told.items()} == {
        NEW: ("queued", "waiting"),
        "new/busy": ("running", "measuring"),
        "new/bad": ("failed", "no-safetensors"),
        "new/ours": ("queued", "again"),
        "new/out": ("withdrawn", "opted-out"),
    }
    assert {told[model]["turn"] for model in (NEW, "new/ours")} == {1, 2}
    shown = page(found, "queue")
    assert "Holds &lt;pickles&gt; only" in shown
    assert "<pickles>" not in shown
    assert "Add safetensors" in shown
    assert "which says nothing of the model: it is measured again" in shown
    for text in (shown, stamped(found, "new/ours"), json.dumps(told)):
        assert "host-7" not in text  # what went wrong with our machines is nobody's but ours
    assert "Its submission" in stamped(found, NEW)


def test_whoever_stands_on_the_list_of_opt_outs_is_told_so(folder: Path) -> None:
    put(folder, NEW)
    (folder / "ledger").mkdir()
    told = {"schema": 1, "opt_outs": [{"model": "new/*", "since": "2026-11-01", "note": "asked for in issue 12"}]}
    (folder / "ledger" / "opt-outs.json").write_text(json.dumps(told))
    (one,) = document(lived.site(folder), "queue")["submissions"]
    assert (one["state"], one["code"], one["words"]) == ("withdrawn", "opted-out", "asked for in issue 12")


def test_an_empty_queue_says_so(folder: Path) -> None:
    assert "Nothing waits" in page(lived.site(folder), "queue")


def test_the_queue_is_of_the_hosts_that_rated_editions_have_boards_for(folder: Path) -> None:
    opened = editions.read_all([folder / "e"])
    assert waiting.hosts(opened) == (Host("h100-sxm5-80gb", "nvml", 1),)
    assert waiting.hosts(()) == (Host(),)


def test_what_is_measured_to_the_end_no_longer_waits(folder: Path) -> None:
    found = lived.site(folder)
    own = [one for one in found.filed if one.model == lived.MODEL]
    (seen, *_) = waiting.seen(own)
    assert (seen.model, seen.board, seen.protocol, seen.failed) == (lived.MODEL, make.GPU, "official", ())
    asked = life.asked(lived.MODEL, model={"id": lived.MODEL, "revision": lived.REVISION})
    moved = [replace(one, board=life.BOARD) for one in own]
    (one,) = waiting.stands([asked], [], (), [Host()], found.life.as_of)
    assert (one.code, one.turn) == ("waiting", 1)
    assert waiting.stands([asked], moved, (), [Host()], found.life.as_of) == ()


def test_a_self_reported_figure_is_grey_on_its_models_page_and_in_no_ranking(folder: Path) -> None:
    before = lived.site(folder)
    report(folder, lived.MODEL, how="nvidia-smi & a stopwatch")
    report(folder, "new/claimed")
    found = lived.site(folder)
    assert found.listings == before.listings
    for model in (lived.MODEL, "new/claimed"):
        shown = stamped(found, model)
        section = shown[shown.index("self-reported") :]
        assert "Nobody here has checked it" in section
        assert "0.02" in section
        assert "RTX 4090, 24 GB" in section
    assert "has no result here" in stamped(found, "new/claimed")
    (own,) = document(found, f"models/{lived.MODEL}")["self_reported"]
    assert own["self_reported_wh_per_1000_queries"] == 0.02
    assert "stars" not in own
    assert len(document(found, "self-reported")["results"]) == 2


def test_a_claim_that_does_not_hold_is_left_out_with_its_reason(folder: Path) -> None:
    report(folder, lived.MODEL, wh_per_1000_queries=-1)
    (left,) = lived.site(folder).left_out
    assert left.file == f"{lived.MODEL}/self-reported/mine.json"
    assert left.reasons[0][0] == "wh_per_1000_queries"
    assert left.reasons[0][2]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"wh_per_1000_queries": 0}, "wh_per_1000_queries"),
        ({"wh_per_1000_queries": "0.1"}, "wh_per_1000_queries"),
        ({"stars": 5}, "stars"),
        ({"task": "poetry"}, "task"),
        ({"hardware": "<script>"}, "hardware"),
        ({"how": "a\u202eb c"}, "how"),
        ({"on": "2026-02-31"}, "on"),
        ({"model": "org/other"}, "model"),
        ({"revision": "main"}, "revision"),
        ({"precision": "fp12"}, "precision"),
        ({"github": "-x"}, "github"),
        ({"schema": 2}, "schema"),
    ],
)
def test_a_claim_is_strict_and_says_what_is_wrong(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    path = tmp_path / "submissions" / life.MODEL / "self-reported" / "mine.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(lived.claim(**changes)))
    with pytest.raises(Refusal) as refused:
        claims.load(path)
    (problem,) = refused.value.problems
    assert (problem.file, problem.field) == (str(path), field)
    assert problem.remedy


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"\xff\xfe", b"\0", b'{"schema":1,"schema":1}', b"[" * 6000, b'"' + b"x" * 9000 + b'"', b"NaN"],
)
def test_what_is_no_claim_at_all_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(data)
    with pytest.raises(Refusal) as refused:
        claims.load(path)
    assert all(problem.remedy for problem in refused.value.problems)


def test_a_link_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text(json.dumps(lived.claim()))
    (tmp_path / "link.json").symlink_to(tmp_path / "there.json")
    with pytest.raises(Refusal, match="is no regular file"):
        claims.load(tmp_path / "link.json")


def test_the_same_ledger_gives_the_same_bytes_whenever_it_is_read(folder: Path) -> None:
    put(folder, NEW)
    lived.dispute(folder)
    report(folder, lived.MODEL)
    first, second = (api.files(lived.site(folder)) for _ in range(2))
    assert first == second
    assert ledger.read(folder / "ledger")
