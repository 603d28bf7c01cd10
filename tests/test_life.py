"""What the ledger does to what is rated: runs leave their pools, results are disputed, unsigned runs do not count."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import life_site as lived
import pytest
import site_factory as make

from wattbench import evidence
from wattbench.evidence import keys
from wattbench.problems import Refusal
from wattboard import frame, pages
from wattboard.life import counting, trust
from wattboard.life.counting import Places

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.listings import Site

ADDRESS = "https://wattstar.example/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lived.write(tmp_path)


def others(found: Site) -> dict[str, object]:
    return {one.model: one for one in found.listings[0].all if one.model != lived.MODEL}


def test_signed_runs_of_a_trusted_key_are_verified_and_rated(folder: Path) -> None:
    found = lived.site(folder)
    assert found.left_out == ()
    assert {one.trust for one in found.listings[0].all} == {"verified"}
    assert len(found.listings[0].all) == 9


def test_on_a_rated_board_a_run_that_nobody_signed_does_not_count_and_says_why(folder: Path) -> None:
    before = lived.site(folder)
    make.write(make.official("org/late", 40.0), folder / "submissions")
    found = lived.site(folder)
    assert found.listings == before.listings
    assert len(found.left_out) == 2
    for one in found.left_out:
        ((_, message, remedy),) = one.reasons
        assert one.file.startswith("org/late/runs/")
        assert "is not signed, and on a board of a rated edition only runs count that a trusted key" in message
        assert "wattbench sign" in remedy


def test_an_unsigned_run_cannot_spoil_a_signed_result(folder: Path) -> None:
    before = lived.rating(lived.site(folder))
    make.write(make.official(lived.MODEL, 900.0, sessions={"2026-07-01-z": "2026-07-01"}), folder / "submissions")
    assert lived.rating(lived.site(folder)) == before


def test_on_a_demo_board_unsigned_runs_count_and_nobody_vouches(folder: Path) -> None:
    make.write(make.demo(), folder / "submissions")
    found = lived.site(folder)
    assert {one.trust for one in found.listings[0].all} == {"unsigned"}


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        ({"valid_from": "2026-07-01"}, "counts from 2026-07-01 until further notice, not on 2026-06-0"),
        ({"valid_until": "2026-05-31"}, "counts from 2020-01-01 until 2026-05-31, not on 2026-06-0"),
    ],
)
def test_a_key_that_does_not_count_on_the_day_is_refused_with_its_dates(
    folder: Path, dates: dict[str, str], says: str
) -> None:
    file = folder / "keys" / "trusted.json"
    told = json.loads(file.read_text())
    told["keys"][0] |= dates
    file.write_text(json.dumps(told))
    found = lived.site(folder)
    assert found.listings == ()
    assert found.left_out
    assert all(says in one.reasons[0][1] for one in found.left_out)


def test_an_unknown_key_is_refused_by_its_id(folder: Path) -> None:
    stranger = keys.create(folder / "stranger.pem", "nobody", dt.date(2020, 1, 1))
    path = next((folder / "submissions" / lived.MODEL / "runs").glob("*[0-9a-f].json"))
    evidence.envelope_of(path).unlink()
    evidence.sign_run(path, folder / "stranger.pem")
    (left,) = lived.site(folder).left_out
    assert f"{stranger.keyid[:12]}... is no trusted key" in left.reasons[0][1]


def test_other_keys_can_be_named_and_where_none_are_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = folder / "elsewhere.json"
    (folder / "keys" / "trusted.json").rename(elsewhere)
    assert lived.site(folder, keys=elsewhere).left_out == ()
    monkeypatch.setattr(counting, "__file__", str(folder / "a" / "b" / "c" / "d.py"))
    monkeypatch.chdir(folder)
    with pytest.raises(Refusal, match="name it with --keys"):
        lived.site(folder)


def test_a_withdrawn_result_leaves_its_board_and_moves_nobody_else(folder: Path) -> None:
    before = lived.site(folder)
    lived.withdraw(folder)
    found = lived.site(folder)
    assert lived.rating(found) is None
    assert others(found) == others(before)
    assert found.left_out == ()
    assert {one.filed.model for one in found.life.gone} == {lived.MODEL}
    assert {one.event.kind for one in found.life.gone} == {"withdrawn"}


def test_one_withdrawn_run_leaves_the_others_in_the_pool(folder: Path) -> None:
    lived.withdraw(folder, run=lived.runs_of(folder)[0])
    left = lived.rating(lived.site(folder))
    assert left is not None
    assert left.sessions == 1


def test_withdrawn_on_another_board_or_revision_or_measured_later_stays(folder: Path) -> None:
    before = lived.rating(lived.site(folder))
    lived.withdraw(folder, board=make.GPU.replace("fp16", "fp32"))
    lived.withdraw(folder, revisions=("e" * 40,))
    lived.tell(folder, "withdrawn", at="2026-01-01T10:00:00Z", revisions=(lived.REVISION,), code="fault", note="early")
    assert lived.rating(lived.site(folder)) == before


def test_the_reference_model_can_be_withdrawn_without_taking_everybodys_sessions_along(folder: Path) -> None:
    before = lived.site(folder)
    model, revision = make.REFERENCES[make.GPU]
    lived.withdraw(folder, model=model, revisions=(revision,))
    assert others(lived.site(folder)) == others(before)


def test_a_replaced_run_leaves_its_place_to_the_one_that_replaces_it(folder: Path) -> None:
    old = lived.runs_of(folder)[0]
    day = old.split("--")[1][:10]
    session = next(one.session for one in lived.site(folder).filed if one.name == old)
    made = make.official(lived.MODEL, 20.0, sessions={session: day}, at="T23:59:00Z")
    make.seal(make.write(made, folder / "submissions"))
    (new,) = set(lived.runs_of(folder)) - set(runs_before(folder, old, made[0].measured_at))
    with pytest.raises(Refusal, match="is no run of org/m03"):
        lived.site(told(folder, "0" * 12, new))
    for path in (folder / "ledger").rglob("*.json"):
        path.unlink()
    assert lived.rating(lived.site(folder)).passes == 10  # type: ignore[union-attr] # it has a rating
    found = lived.site(told(folder, old.rsplit("-", 1)[1].removesuffix(".json"), new, day=day))
    assert {one.name for one in found.filed if one.model == lived.MODEL} == set(lived.runs_of(folder)) - {old}


def runs_before(folder: Path, old: str, measured_at: str) -> list[str]:
    """The model's runs but for the one measured at a time."""
    return [
        name
        for name in lived.runs_of(folder)
        if json.loads((folder / "submissions" / lived.MODEL / "runs" / name).read_text())["measured_at"] != measured_at
        or name == old
    ]


def told(folder: Path, digest: str, new: str, day: str = "2026-06-01") -> Path:
    """Correct a run by another."""
    run = f"{make.GPU}--{day}-{digest}.json"
    lived.tell(folder, "corrected", run=run, replaced_by=new, field="passes.0.joules", old=1.0, new=2.0, cause="c")
    return folder


def test_a_correction_of_a_run_that_is_not_there_is_a_problem_with_field_and_remedy(folder: Path) -> None:
    with pytest.raises(Refusal) as refused:
        lived.site(told(folder, "0" * 12, lived.runs_of(folder)[0]))
    (problem,) = refused.value.problems
    assert problem.field == "run"
    assert problem.file.startswith(f"ledger/{lived.MODEL}/2027-06-01--corrected")
    assert problem.remedy


def test_a_disputed_result_says_so_wherever_it_has_a_star(folder: Path) -> None:
    lived.dispute(folder)
    found = lived.site(folder)
    assert [one.model for one in found.listings[0].all if one.disputed] == [lived.MODEL]
    rendered = pages.render(found, ADDRESS)
    for name, slots in rendered.slots.items():
        html = "".join(slots.values())
        for row in html.split("<tr")[1:]:
            if f">{lived.MODEL.split('/')[1]}<" in row and " of 5 stars" in row:
                assert "disputed</span>" in row, name
                assert ", disputed" in row, name
    (page,) = [one.body for one in rendered.models if one.id == lived.MODEL]
    assert page.count("ws-tag--disputed") >= 2
    assert "It is disputed" in page
    assert not [one for one in rendered.models if one.id != lived.MODEL and "It is disputed" in one.body]


def test_a_dispute_ends_when_it_is_resolved_or_its_result_withdrawn(folder: Path) -> None:
    lived.dispute(folder)
    lived.tell(
        folder,
        "resolved",
        at="2027-06-02T10:00:00Z",
        revision=lived.REVISION,
        board=make.GPU,
        note="the third agrees",
    )
    found = lived.site(folder)
    assert not [one for one in found.listings[0].all if one.disputed]
    assert trust.disputes(found.life.events) == frozenset()


def test_a_ledger_that_is_named_has_to_be_there(folder: Path) -> None:
    with pytest.raises(Refusal, match="is no folder"):
        counting.count(Places((folder / "submissions",), folder / "none"), ())


@pytest.mark.parametrize(("factor", "trust_of_it"), [(1.025, "reproduced"), (1.05, "verified")])
def test_two_cards_that_agree_reproduce_a_result(tmp_path: Path, factor: float, trust_of_it: str) -> None:
    sessions = list(make.SESSIONS.items())
    many = [*make.brackets(), *make.founders(8)]
    one = [
        make.official("org/twice", 40.0 * more, sessions=dict([at]))
        for more, at in zip((1, factor), sessions, strict=False)
    ]
    first, second = (
        run.model_copy(update={"device": run.device.model_copy(update={"uuid": f"GPU-{card}"})})
        for card, (run,) in enumerate(one)
    )
    make.seal(make.write([*many, first, second], tmp_path / "s"))
    found = trust.reproduced(frame.frame(frame.gather([tmp_path / "s"])))
    assert ((make.GPU, "org/twice", lived.REVISION) in found) == (trust_of_it == "reproduced")


def test_one_card_reproduces_nothing(folder: Path) -> None:
    assert trust.reproduced(frame.frame(frame.gather([folder / "submissions"]))) == frozenset()
