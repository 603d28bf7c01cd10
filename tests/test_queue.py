from __future__ import annotations

import datetime as dt
import json
import subprocess
from typing import TYPE_CHECKING

import life_factory as life
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from wattbench import ledger
from wattbench.cli import app
from wattbench.ledger import queue, records
from wattbench.ledger.queue import Host
from wattbench.problems import Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.ledger.records import Asked, Records


def line(found: Records) -> list[str]:
    return [one.model for one in queue.waiting(found, Host(), life.NOON)]


def test_who_waits_is_told_with_board_sessions_and_tries() -> None:
    found = life.records(life.asked(), runs=(life.seen("s1"),), events=(life.failed("infrastructure", "s2", 1),))
    (one,) = queue.waiting(found, Host(), life.NOON)
    assert (one.model, one.revision, one.board.name) == (life.MODEL, life.REVISION, life.BOARD)
    assert (one.sessions_there, one.sessions_wanted, one.tries, one.why) == (1, 2, 1, "new")


def test_the_oldest_comes_first_and_organisations_take_turns() -> None:
    big = [life.asked(f"big/{number}", "big-bot", number) for number in range(3)]
    late = life.asked("small/late", "someone", 9)
    assert line(life.records(*big, late)) == ["big/0", "small/late", "big/1", "big/2"]


def test_neither_many_accounts_nor_many_organisations_help() -> None:
    accounts = [life.asked(f"big/{number}", f"bot-{number}", number) for number in range(3)]
    organisations = [life.asked(f"org-{number}/model", "busy", 3 + number) for number in range(3)]
    late = life.asked("small/late", "someone", 9)
    found = line(life.records(*accounts, *organisations, late))
    assert found == ["big/0", "org-0/model", "small/late", "big/1", "org-1/model", "big/2", "org-2/model"]


def test_upper_and_lower_case_make_no_other_submitter() -> None:
    found = life.records(
        life.asked("a/1", "Octocat", 0), life.asked("b/1", "octoCAT", 1), life.asked("c/1", "other", 2)
    )
    assert line(found) == ["a/1", "c/1", "b/1"]


def test_disputes_come_first_and_what_is_measured_again_takes_one_turn_of_all() -> None:
    runs = tuple(
        life.seen(session, hours, model=model)
        for model in ("org/one", "org/two", "org/three")
        for hours, session in enumerate(("s1", "s2"))
    )
    again = tuple(
        life.requeued(3).model_copy(update={"model": model, "revision": life.revision_of(model)})
        for model in ("org/two", "org/three")
    )
    found = life.records(
        life.asked("org/two", merged=0),
        life.asked("org/three", merged=1),
        life.asked("org/one", merged=2),
        life.asked("new/a", "x", 7),
        life.asked("new/b", "x", 8),
        runs=runs,
        events=(life.disputed(2), *again),
    )
    assert line(found) == ["org/one", "org/two", "new/a", "org/three", "new/b"]


def test_what_runs_failed_three_times_or_is_withdrawn_does_not_wait() -> None:
    failures = tuple(life.failed("infrastructure", f"s{number}", number) for number in range(3))
    for events in ((life.running(hours=-1),), failures, (life.withdrawn(0),), (life.failed("submission"),)):
        assert line(life.records(life.asked(), events=events)) == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25),
    st.randoms(use_true_random=False),
)
def test_the_order_does_not_hang_on_how_files_are_listed_and_nobody_is_served_twice_before_another(
    made: list[tuple[int, int]], random: object
) -> None:
    every = [life.asked(f"o{org}/m{number}", f"g{who}", number) for number, (org, who) in enumerate(made)]
    shuffled: list[Asked] = list(every)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis's random
    found = queue.waiting(life.records(*every), Host(), life.NOON)
    assert found == queue.waiting(life.records(*shuffled), Host(), life.NOON)
    assert sorted(one.model for one in found) == sorted(one.model for one in every)
    # whoever was served least comes next: no one waits while another with the same rights is served more
    served: dict[str, int] = {}
    for place, one in enumerate(found):
        parties = {f"o {one.model.split('/')[0]}", f"g {one.submitter}"}
        turn = max(served.get(party, 0) for party in parties)
        for other in found[place:]:
            theirs = {f"o {other.model.split('/')[0]}", f"g {other.submitter}"}
            assert turn <= max(served.get(party, 0) for party in theirs)
        for party in parties:
            served[party] = served.get(party, 0) + 1


def git(folder: Path, *words: str, day: int = 1) -> None:
    when = f"2026-11-{day:02d}T10:00:00+00:00"
    environment = {
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_DATE": when,
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "PATH": "/usr/bin:/bin",
    }
    named = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *named, *words], cwd=folder, env=environment, check=True, capture_output=True)


def put(root: Path, model: str, revision: str = "", notes: str = "none") -> Path:
    path = root / "submissions" / model / "submission.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'schema: 1\nmodel:\n  id: {model}\n  revision: "{revision or life.revision_of(model)}"\n'
        "tasks: [sentence-similarity]\nprecisions: [fp16]\n"
        "submitter: {github: octocat, relationship: user}\n"
        "attestations: {no_benchmark_specific_tuning: true, license_permits_publication: true}\n"
        f"notes: {notes}\n"
    )
    return path


def test_the_turn_is_that_of_the_merge_and_a_mended_note_keeps_it(tmp_path: Path) -> None:
    git(tmp_path, "init")
    put(tmp_path, "z/early")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "early")
    git(tmp_path, "checkout", "-b", "side")
    put(tmp_path, "a/side")  # written before b, merged after it
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "side", day=2)
    git(tmp_path, "checkout", "main")
    put(tmp_path, "b/main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "main", day=3)
    git(tmp_path, "merge", "--no-ff", "side", day=4)
    assert [one.model for one in by_turn(tmp_path)] == ["z/early", "b/main", "a/side"]
    put(tmp_path, "z/early", notes="mended")
    git(tmp_path, "commit", "-am", "a note", day=5)
    assert [one.model for one in by_turn(tmp_path)] == ["z/early", "b/main", "a/side"]
    put(tmp_path, "z/early", revision=life.OTHER)
    git(tmp_path, "commit", "-am", "another revision", day=6)
    put(tmp_path, "c/not-merged")
    assert [one.model for one in by_turn(tmp_path)] == ["b/main", "a/side", "z/early", "c/not-merged"]


def by_turn(root: Path) -> list[Asked]:
    found = records.read(root / "submissions", root / "ledger")
    assert not found.problems
    return sorted(found.asked, key=lambda one: one.merged)


def test_without_a_repository_the_order_is_that_of_the_names(tmp_path: Path) -> None:
    put(tmp_path, "b/one")
    put(tmp_path, "a/one")
    found = records.read(tmp_path / "submissions", tmp_path / "ledger")
    assert line(found) == ["a/one", "b/one"]


def test_a_bad_submission_and_a_bad_run_are_left_out_with_their_problems(tmp_path: Path) -> None:
    put(tmp_path, "a/one")
    put(tmp_path, "b/two").write_text("colour: red\n")
    bad = tmp_path / "submissions/a/one/runs/x.json"
    bad.parent.mkdir()
    bad.write_text("{}")
    found = records.read(tmp_path / "submissions", tmp_path / "ledger")
    assert line(found) == ["a/one"]
    assert {problem.file.rsplit("/", 1)[1] for problem in found.problems} == {"submission.yml", "x.json"}


def test_owners_on_the_list_of_those_who_opted_out_are_not_measured(tmp_path: Path) -> None:
    put(tmp_path, "a/one")
    put(tmp_path, "b/two")
    (tmp_path / "ledger").mkdir()
    told = {"schema": 1, "opt_outs": [{"model": "A/*", "since": "2026-11-01", "note": "asked for in issue 12"}]}
    (tmp_path / "ledger" / "opt-outs.json").write_text(json.dumps(told))
    found = records.read(tmp_path / "submissions", tmp_path / "ledger")
    assert line(found) == ["b/two"]
    states = {asked.model: (one.state, one.code) for asked, _, one in queue.every(found, Host(), life.NOON)}
    assert states["a/one"] == ("withdrawn", "opted-out")


def test_nothing_is_queued_by_a_ledger_that_does_not_hold(tmp_path: Path) -> None:
    put(tmp_path, "a/one")
    event = ledger.write(life.withdrawn(1), tmp_path / "ledger")
    event.write_bytes(event.read_bytes()[:-1])
    with pytest.raises(Refusal, match="not in the form"):
        records.read(tmp_path / "submissions", tmp_path / "ledger")


def cli(root: Path, *options: str) -> tuple[int, str]:
    words = ["queue", "--submissions", str(root / "submissions"), "--ledger", str(root / "ledger"), *options]
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.output


def test_the_command_lists_the_queue_as_json_and_the_next_of_it(tmp_path: Path) -> None:
    path = put(tmp_path, "a/one")
    put(tmp_path, "b/two")
    event = ledger.Running(
        at=ledger.stamp(dt.datetime.now(dt.UTC)),
        model="b/two",
        revision=life.revision_of("b/two"),
        board=life.BOARD,
        session="s",
        host="h",
        lease_seconds=3600,
    )
    ledger.write(event, tmp_path / "ledger")
    status, output = cli(tmp_path, "--json")
    told = json.loads(output)
    assert status == 0
    assert [one["model"] for one in told["waiting"]] == ["a/one"]
    assert {one["model"]: one["state"] for one in told["states"]} == {"a/one": "queued", "b/two": "running"}
    status, output = cli(tmp_path, "--next")
    assert (status, output) == (0, f"{path}  {life.BOARD}\n")
    status, output = cli(tmp_path)
    assert status == 0
    assert "1 waits for h100-sxm5-80gb (nvml)" in output
    assert "running" in output


def test_an_empty_queue_says_so_with_status_1_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "submissions").mkdir()
    assert cli(tmp_path, "--next") == (1, "Nothing waits.\n")
    assert cli(tmp_path) == (0, "Nothing waits for h100-sxm5-80gb (nvml).\n")


@pytest.mark.parametrize("options", [["--meter", "sun"], ["--sku", "H 100"], ["--protocol", "slow"]])
def test_a_host_that_no_board_can_have_is_refused(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "submissions").mkdir()
    done = CliRunner().invoke(app, ["queue", "--submissions", str(tmp_path / "submissions"), *options])
    assert isinstance(done.exception, Refusal)
