"""Why a model has its star, in sentences that hold."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
import rating_oracle as oracle
import site_factory as make
from typer.testing import CliRunner

from wattbench.problems import Refusal
from wattboard import editions, explaining, frame
from wattboard.cli import app
from wattboard.explaining import sentences
from wattboard.founding import anchors, cohorts, freezing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Run
    from wattboard.explaining import Explanation

BASE = [*make.brackets(), *make.founders(20)]
ONE = {"2026-06-01-a": "2026-06-01"}


def explained(many: Sequence[Run], model: str, folder: Path, wanted: str = "sentence-similarity") -> Explanation:
    """Freeze from the runs of BASE, and explain a model among all runs."""
    founding = frame.frame(frame.gather([make.write(BASE, folder / "s")]))
    found = anchors.anchors(founding)
    freezing.freeze(folder / "e", "e1", found, demo=False, foundings=cohorts.foundings(founding, found, "e1"))
    filed = frame.gather([make.write(many, folder / "s")])
    return explaining.explain(filed, editions.read_all([folder / "e"]), model, wanted)


def said(told: Explanation) -> str:
    return "\n".join(sentences.sentences(told))


def test_a_confirmed_star_is_told_with_its_thresholds_and_the_way_to_the_next(tmp_path: Path) -> None:
    told = explained(BASE, "org/m07", tmp_path)
    one, frozen = told.rating, told.frozen
    assert frozen is not None
    assert one.wh_high is not None
    assert one.status == "confirmed"
    assert told.because == told.confirm == told.judged == ()
    stars = oracle.star(one.wh_high, frozen.thresholds_wh)
    assert stars is not None
    assert told.less is not None
    assert told.more is not None
    after = one.wh_high * (1 - told.less / 100)
    assert after == pytest.approx(frozen.thresholds_wh[4 - stars])
    assert oracle.star(oracle.six(after) * (1 - 1e-5), frozen.thresholds_wh) == stars + 1
    assert oracle.star(one.wh_high * (1 + told.more / 100) * 1.0001, frozen.thresholds_wh) == stars - 1
    text = said(told)
    assert f"org/m07 has {stars} stars of 5 on {make.GPU} in edition e1, confirmed." in text
    assert "from 10 passes in 2 sessions" in text
    assert "founding cohort" in text


def test_the_first_and_the_last_star_have_no_neighbour_beyond(tmp_path: Path) -> None:
    best, worst = explained(BASE, "org/m00", tmp_path), explained(BASE, "org/m19", tmp_path)
    assert (best.rating.stars, best.less, worst.rating.stars, worst.more) == (5, None, 1, None)
    assert best.more is not None
    assert worst.less is not None
    assert "One star more" not in said(best)
    assert "1 star above" in said(worst)


def test_a_flagged_gate_and_a_single_session_are_named_with_what_would_confirm(tmp_path: Path) -> None:
    flag = make.gate(verdict="flag", value="45 s", limit=">= 60 s, whole passes")
    many = make.official("one/flag", 60.0, sessions=ONE, gates=[flag])
    told = explained(many, "one/flag", tmp_path)
    assert told.because == ("a gate is flagged", "it was measured in one session")
    assert told.confirm == ("a measurement without a flag", "a second session")
    assert "The gate 'window' is flagged in session 2026-06-01-a: 45 s, the limit is >= 60 s" in said(told)


def edge(off: float, folder: Path) -> Explanation:
    """A model whose energy is a factor off the third threshold."""
    frozen = explained([], "org/m07", folder).frozen
    assert frozen is not None
    return explained(make.official("on/edge", frozen.thresholds_wh[2] * off * 500 * 3.6), "on/edge", folder)


def test_a_borderline_star_is_told_how_many_sessions_would_settle_it(tmp_path: Path) -> None:
    told = edge(0.986, tmp_path)
    one, frozen = told.rating, told.frozen
    assert frozen is not None
    assert one.y is not None
    assert one.h is not None
    assert (one.status, one.stars, one.stars_at_best) == ("borderline", 2, 3)
    assert told.because == ("the two ends of its interval earn different stars",)
    assert "would earn 3 stars" in said(told)
    found = re.fullmatch(r"some (\d+) sessions in all, if they agree as those so far do", told.confirm[0])
    assert found is not None
    needed = int(found.group(1))
    fixed = (1.96 * frozen.u_cal) ** 2

    def half_width(sessions: int) -> float:
        return math.sqrt((one.h**2 - fixed) * 2 / sessions + fixed) if one.h else 0

    distance = math.log(frozen.thresholds_wh[2]) - one.y
    assert needed > 2
    assert half_width(needed) <= distance < half_width(needed - 1)


def test_no_number_of_sessions_settles_what_lies_within_the_calibration(tmp_path: Path) -> None:
    told = edge(0.997, tmp_path)
    assert told.rating.status == "borderline"
    assert told.confirm[0].startswith("no number of sessions")
    assert told.confirm[0].endswith("is too near a threshold to tell")


def test_a_result_without_a_star_says_why_and_claims_nothing(tmp_path: Path) -> None:
    told = explained(make.official("poor/one", 60.0, grade=0.1), "poor/one", tmp_path)
    assert "has no star" in said(told)
    assert "the quality is below the board's minimum" in said(told)
    assert (told.less, told.more, told.without, told.because, told.confirm) == (None, None, {}, (), ())


def test_the_range_without_each_lineage_is_the_ratings(tmp_path: Path) -> None:
    for model in ("org/m03", "org/m07", "org/m11", "org/m12"):
        told = explained(BASE, model, tmp_path)
        assert len(told.without) == 20
        stars = (told.rating.stars_least, told.rating.stars_most)
        assert stars == (min(told.without.values()), max(told.without.values()))


def test_on_a_board_that_no_edition_has_the_energy_is_told(tmp_path: Path) -> None:
    filed = frame.gather([make.write(BASE, tmp_path / "s")])
    told = explaining.explain(filed, (), "org/m07", make.GPU)
    assert "has no star" in said(told)
    assert "this board has no frozen thresholds yet" in said(told)
    assert "1,000 queries take 0.0176 Wh" in said(told)


def test_a_demo_star_is_never_confirmed_and_its_energy_is_called_estimated(tmp_path: Path) -> None:
    filed = frame.gather([make.write(make.demo(), tmp_path / "s")])
    freezing.freeze(tmp_path / "e", "demo", anchors.anchors(frame.frame(filed)), demo=True)
    opened = editions.read_all([tmp_path / "e"])
    told = explaining.explain(filed, opened, "demo/sre-embedding", "sentence-similarity")
    assert told.because[:2] == (
        "this is a demo edition",
        "the board is anchored on its reference model, demo/all-MiniLM-L6-v2",
    )
    assert told.confirm == ("nothing: stars of a demo edition are never confirmed",)
    assert "1,000 queries take an estimated" in said(told)
    assert not [name for name in sentences.as_dict(told) if name.startswith(("wh_per", "thresholds"))]


@pytest.mark.parametrize(
    ("model", "wanted", "why"),
    [
        ("no/body", "sentence-similarity", "was not measured"),
        ("org/m07", "image-classification", "is not one board on which org/m07 was measured"),
    ],
)
def test_what_was_not_measured_is_refused_with_what_was(model: str, wanted: str, why: str, tmp_path: Path) -> None:
    filed = frame.gather([make.write(BASE, tmp_path / "s")])
    with pytest.raises(Refusal, match=why):
        explaining.explain(filed, (), model, wanted)


def test_the_command_says_it_in_words_and_as_json(tmp_path: Path) -> None:
    explained(BASE, "org/m07", tmp_path)
    make.seal(tmp_path / "s")
    given: list[Any] = ["--submissions", tmp_path / "s", "--editions", tmp_path / "e"]
    command = ["explain", "org/m07", make.GPU, *map(str, given)]
    words = CliRunner().invoke(app, command)
    assert words.exit_code == 0
    assert "org/m07 has" in words.output
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert told["status"] == "confirmed"
    assert told["sentences"] == words.output.splitlines()
    assert set(told["stars_with_each_lineage_left_out"]) == {f"org/m{k:02}" for k in range(20)}
