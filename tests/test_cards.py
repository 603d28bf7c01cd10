"""A badge in a model's card: the diff, the pull request, and all that keeps either from being made."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fake_hub
import pytest
import site_factory as make
import yaml
from typer.testing import CliRunner

from wattbench.problems import Refusal
from wattboard import cards, cli, frame
from wattboard.cards import diffs
from wattboard.cli import cite
from wattboard.founding import anchors, cohorts, freezing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result as Done
    from fake_hub import FakeHub

    from wattboard.listings import Site

RATE = cite._site
MODEL = "org/m05"
ADDRESS = "https://wattstar.example/"
CARD = b"---\nlicense: mit # keep me\r\nco2_eq_emissions:\n  emissions: 3.5\n---\n\n# Model\n\nText.\n"
OWNER = {"name": "somebody", "orgs": [{"name": "org"}]}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Rate a cohort of twenty in an edition, and the demo beside it."""
    folder = tmp_path_factory.mktemp("cards")
    make.seal(make.write([*make.brackets(), *make.founders(20), *make.demo()], folder / "s"))
    passes = frame.frame(frame.gather([folder / "s"]))
    found = anchors.anchors(passes)
    (folder / "e").mkdir()
    freezing.freeze(
        folder / "e", "2026-06", found, demo=False, only=make.GPU, foundings=cohorts.foundings(passes, found, "2026-06")
    )
    return folder / "s", folder / "e"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with fake_hub.serve() as state:
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        monkeypatch.setenv("HF_TOKEN", fake_hub.TOKEN)
        monkeypatch.setattr("wattbench.hub.sleep", lambda _: None)
        state.people[fake_hub.TOKEN] = OWNER
        state.put("datasets", "wattstar/energy", {"eval.yaml": b""})
        yield state


@pytest.fixture(autouse=True)
def rated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate the folders once for all tests: what the card shows is always the same."""
    monkeypatch.setattr("wattboard.cli.cite._site", rated)


@cache
def _rated(submissions: str, editions: str) -> Site:
    return RATE([Path(submissions)], [Path(editions)], None, None)


def rated(submissions: list[Path], editions: list[Path], *_: object) -> Site:
    return _rated(str(submissions[0]), str(editions[0]))


def card(folders: tuple[Path, Path], *words: str, model: str = MODEL) -> Done:
    submissions, editions = folders
    asked = ["card", model, "--submissions", str(submissions), "--editions", str(editions), *words]
    return CliRunner().invoke(cli.app, asked)


def refused(folders: tuple[Path, Path], *words: str, model: str = MODEL) -> str:
    done = card(folders, *words, model=model)
    assert isinstance(done.exception, Refusal), done.output
    return str(done.exception)


OPEN = ("--open-pr", "--i-am-the-owner")


def test_the_diff_is_what_git_applies_byte_for_byte(folders: tuple[Path, Path], hub: FakeHub, tmp_path: Path) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    done = card(folders)
    assert done.exit_code == 0, done.output
    (tmp_path / "README.md").write_bytes(CARD)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=done.stdout_bytes, check=True)
    card(folders, *OPEN)
    assert (tmp_path / "README.md").read_bytes() == hub.pulls[0].files["README.md"]
    assert (tmp_path / cards.EVALUATION).read_bytes() == hub.pulls[0].files[cards.EVALUATION]
    nothing = card(folders, "--card", str(tmp_path / "README.md"))
    assert nothing.stdout == f"{MODEL}: nothing to do, its card shows this already.\n"


def test_one_pull_request_of_one_clean_commit_is_opened_and_never_a_second(
    folders: tuple[Path, Path], hub: FakeHub
) -> None:
    hub.put("models", MODEL, {"README.md": CARD, "model.safetensors": b"x"})
    for number in range(5):  # more than one page of discussions of others
        hub.pulls.append(fake_hub.Pull(number + 1, MODEL, "Fix a typo", "", "else", None, {}))
    done = card(folders, *OPEN)
    assert done.stdout == f"{MODEL}: opened {hub.url}/{MODEL}/discussions/6\n", done.output
    pull = hub.pulls[5]
    assert set(pull.files) == {"README.md", cards.EVALUATION}
    assert pull.title == cards.TITLE
    assert pull.parent == fake_hub.COMMIT
    assert f"{ADDRESS}models/{MODEL}/" in pull.description
    again = card(folders, *OPEN)
    assert again.exit_code == 0, again.output
    assert again.stdout == (
        f"{MODEL}: nothing to do, {hub.url}/{MODEL}/discussions/6 is open and shows this already.\n"
    )
    assert (len(hub.pulls), len(hub.commits)) == (6, 1)


def test_a_card_says_so_where_the_hub_has_a_newer_model_than_the_one_measured(
    folders: tuple[Path, Path], hub: FakeHub
) -> None:
    one = hub.put("models", MODEL, {"README.md": CARD, "model.safetensors": b"newer"})
    older = "measured at an older revision than the Hub's"
    one.others = {"f" * 40: {"model.safetensors": b"older"}}
    assert older in card(folders).stdout
    one.others = {"f" * 40: {"README.md": b"another card", "model.safetensors": b"newer"}}
    assert older not in card(folders).stdout


def test_once_it_is_merged_there_is_nothing_to_do(folders: tuple[Path, Path], hub: FakeHub) -> None:
    one = hub.put("models", MODEL, {"README.md": CARD})
    card(folders, *OPEN)
    one.files.update({name: data for name, data in hub.pulls[0].files.items() if data is not None})
    hub.pulls[0].status = "merged"
    assert "nothing to do, its card shows this already" in card(folders, *OPEN).stdout
    assert len(hub.pulls) == 1


def test_the_card_is_right_byte_for_byte(folders: tuple[Path, Path], hub: FakeHub) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    card(folders, *OPEN)
    written = hub.pulls[0].files["README.md"] or b""
    start, stop = written.index(b"<!-- wattstar:begin -->"), written.index(b"<!-- wattstar:end -->\n\n") + 23
    assert written[:start] + written[stop:] == CARD
    shown = written[start:stop].decode().splitlines()[1]
    assert shown.startswith("[![AI energy, sentence similarity: ")
    picture, page = f"editions/2026-06/badges/{MODEL}/{make.GPU}.svg", f"models/{MODEL}/"
    assert shown.endswith(f", edition 2026-06, confirmed]({ADDRESS}{picture})]({ADDRESS}{page})")


def test_an_old_badge_and_an_old_block_are_replaced(folders: tuple[Path, Path], hub: FakeHub) -> None:
    old = b"# M\n\n<!-- wattstar:begin -->\n[![2 of 5 stars](x)](y)\n<!-- wattstar:end -->\n"
    hub.put("models", MODEL, {"README.md": old, cards.EVALUATION: b"- old\n"})
    lines = card(folders).stdout.splitlines()
    assert "-[![2 of 5 stars](x)](y)" in lines
    assert "-- old" in lines
    assert not [line for line in lines if line.startswith(("-<!--", "+<!--"))]


def test_without_a_card_there_is_a_new_one(folders: tuple[Path, Path], hub: FakeHub) -> None:
    hub.put("models", MODEL, {})
    said = card(folders).stdout
    assert "new file mode 100644\n--- /dev/null\n+++ b/README.md\n" in said


def test_a_moving_badge_names_no_number_that_it_would_outlive(folders: tuple[Path, Path], hub: FakeHub) -> None:
    hub.put("models", MODEL, {"README.md": b"# M\n"})
    said = card(folders, "--moving").stdout
    (line,) = [one for one in said.splitlines() if one.startswith("+[![")]
    assert f"]({ADDRESS}badges/v1/{MODEL}/{make.GPU}.svg)" in line
    assert "of 5 stars" not in line


# https://huggingface.co/docs/hub/eval-results, and the keys that huggingface_hub reads
ENTRY = {"dataset", "value", "verifyToken", "date", "source", "evaluation_framework", "notes"}


def test_evaluation_results_have_the_form_that_the_hub_documents(folders: tuple[Path, Path], hub: FakeHub) -> None:
    from huggingface_hub import parse_eval_result_entries
    from huggingface_hub._eval_results import eval_result_entries_to_yaml

    hub.put("models", MODEL, {"README.md": CARD})
    card(folders, *OPEN)
    data = hub.pulls[0].files[cards.EVALUATION] or b""
    told: list[dict[str, Any]] = yaml.safe_load(data)
    (one,) = told
    assert set(one) <= ENTRY
    assert one["dataset"] == {"id": "wattstar/energy", "task_id": make.GPU}
    assert type(one["value"]) is float
    assert one["date"] == "2026-06-02"
    assert one["source"] == {"url": f"{ADDRESS}models/{MODEL}/", "name": "Wattstar"}
    assert "of 5 stars" in one["notes"]
    assert "queries per Wh" in one["notes"]
    assert eval_result_entries_to_yaml(parse_eval_result_entries(told)) == told
    wh = 1000 / one["value"]
    assert f"{wh:.3g} Wh per 1,000 queries" in one["notes"]
    assert data == data.replace(b"\r", b"")
    assert data.endswith(b"\n")


@pytest.mark.parametrize("before", [CARD, b"---\nlicense: mit\n---\n", b"# M\n", b""])
def test_training_emissions_are_never_written(folders: tuple[Path, Path], hub: FakeHub, before: bytes) -> None:
    hub.put("models", MODEL, {"README.md": before})
    card(folders, *OPEN)
    for data in hub.pulls[0].files.values():
        for word in (b"co2", b"emissions", b"model-index"):
            assert (data or b"").count(word) == (before.count(word) if b"license" in (data or b"") else 0)


def test_where_the_benchmark_is_not_on_the_hub_only_the_card_is_changed(
    folders: tuple[Path, Path], hub: FakeHub
) -> None:
    hub.repositories.clear()
    hub.put("models", MODEL, {"README.md": CARD, cards.EVALUATION: b"- theirs\n"})
    done = card(folders, *OPEN)
    assert "No evaluation results: the data set wattstar/energy is not on the Hub, or private." in done.stderr
    assert set(hub.pulls[0].files) == {"README.md"}


def test_another_open_pull_request_of_ours_is_told_and_not_doubled(folders: tuple[Path, Path], hub: FakeHub) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    hub.pulls.append(fake_hub.Pull(1, MODEL, cards.TITLE, "", "somebody", None, {"README.md": b"older"}))
    said = refused(folders, *OPEN)
    assert f"{hub.url}/{MODEL}/discussions/1" in said
    assert "Merge it or close it first" in said
    hub.pulls[0].status = "closed"
    assert "opened" in card(folders, *OPEN).stdout


def test_only_the_owner_asks_and_says_so(folders: tuple[Path, Path], hub: FakeHub) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    assert "is for the model's owner alone" in refused(folders, "--open-pr")
    assert hub.asked == []
    hub.people[fake_hub.TOKEN] = {"name": "stranger", "orgs": [{"name": "elsewhere"}]}
    assert "speaks for elsewhere, stranger, not for its owner" in refused(folders, *OPEN)
    assert hub.pulls == []
    hub.people[fake_hub.TOKEN] = {"name": "org"}
    assert "opened" in card(folders, *OPEN).stdout


def test_one_model_a_call(folders: tuple[Path, Path], hub: FakeHub) -> None:
    assert card(folders, "org/m06").exit_code == 2
    assert hub.asked == []


def test_an_estimate_is_never_asked_for_nor_entered(folders: tuple[Path, Path], hub: FakeHub) -> None:
    model = "demo/paraphrase-MiniLM-L3-v2"
    hub.put("models", model, {"README.md": CARD})
    hub.people[fake_hub.TOKEN] = {"name": "demo"}
    assert "its energy is estimated" in refused(folders, *OPEN, model=model)
    shown = card(folders, model=model)
    assert cards.EVALUATION not in shown.stdout
    assert "is not among the evaluation results: its energy is estimated" in shown.stderr
    assert hub.pulls == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--task", "speech"), "has no result on speech. There is sentence-similarity"),
        (("--board", "x"), f"has no result on x. There is {make.GPU}"),
        (("--open-pr", "--card", __file__), "cannot be had with --card"),
    ],
)
def test_what_is_asked_wrongly_is_told(folders: tuple[Path, Path], words: tuple[str, ...], said: str) -> None:
    assert said in refused(folders, *words)


def test_a_model_without_a_result_has_no_badge(folders: tuple[Path, Path], hub: FakeHub) -> None:
    assert "has no result here. It is spelt org/m05" in refused(folders, model="Org/M05")
    assert "Submit it first" in refused(folders, model="org/none")
    hub.put("models", MODEL, {}, named="Org/m05")
    assert "is Org/m05 on the Hub" in refused(folders)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"path": "commit", "status": 401}, "does not know the token (401)"),
        ({"path": "commit", "status": 403}, "may not write, or the model takes no pull requests"),
        ({"path": "commit", "status": 404}, "is not on the Hub, or private"),
        ({"path": "commit", "status": 409}, "conflicts with what is there now (409)"),
        ({"path": "commit", "status": 412}, "has changed meanwhile (412)"),
        ({"path": "commit", "status": 500}, "the Hub answered 500"),
        ({"path": "preupload", "status": 403}, "may not write"),
        ({"path": "whoami", "status": 401}, "does not know the token (401)"),
        ({"path": "discussions", "status": 403}, "forbids it (403)"),
        ({"path": "resolve", "status": 403, "code": "GatedRepo"}, "is gated"),
        ({"path": "api/models/org/m05", "status": 401}, "asks who you are (401)"),
        ({"path": "api/models/org/m05", "status": 404, "code": "RepoNotFound"}, "is not on the Hub, or private"),
    ],
)
def test_what_the_hub_refuses_is_said_in_clear_words_and_nothing_is_opened(
    folders: tuple[Path, Path], hub: FakeHub, fault: dict[str, Any], said: str
) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    hub.fail(**fault)
    assert said in refused(folders, *OPEN)
    assert hub.pulls == []


def test_without_a_token_or_a_network_it_says_so(
    folders: tuple[Path, Path], hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    assert "HF_TOKEN: there is no token" in refused(folders, *OPEN)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "the Hub cannot be reached" in refused(folders)


def test_front_matter_that_the_hub_does_not_take_is_told_before_anything_is_sent(
    folders: tuple[Path, Path], hub: FakeHub
) -> None:
    hub.put("models", MODEL, {"README.md": CARD})
    hub.broken_cards.append('"license" must be one of a list')
    said = refused(folders, *OPEN)
    assert "README.md: front matter" in said
    assert '"license" must be one of a list' in said
    assert hub.commits == []


def test_a_file_that_goes_is_a_file_that_goes(tmp_path: Path) -> None:
    change = cards.Change("a.yaml", b"one\ntwo", None)
    (tmp_path / "a.yaml").write_bytes(b"one\ntwo")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diffs.diff([change]).encode(), check=True)
    assert not (tmp_path / "a.yaml").exists()
    assert diffs.diff([]) == ""


def test_the_words_of_a_card_are_json_in_yaml_whatever_they_hold() -> None:
    from wattboard.cards import evaluation

    hostile = 'a"b: c # d\n\u2028é{{ }}'
    assert yaml.safe_load(f"x: {evaluation._text(hostile)}")["x"] == hostile == json.loads(evaluation._text(hostile))
