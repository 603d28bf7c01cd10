"""Commands for those who submit a model: begin a submission, fetch what submissions ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattbench.cli import say
from wattbench.problems import Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from wattbench.hub import Tell
    from wattbench.problems import Problem
    from wattbench.submissions import Submission

SHELF = Path("build/shelf")
ShelfOption = Annotated[Path, typer.Option(envvar="WATTSTAR_SHELF", help="The folder that holds models and workloads.")]
Paths = Annotated[list[Path], typer.Argument(help="Submission files, or folders that hold some.", show_default=False)]


def new(
    model: Annotated[
        str, typer.Argument(metavar="ORG/MODEL", help="The model, as the Hub spells it.", show_default=False)
    ],
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK", help="What to measure it at; by default what the Hub says it does."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder of submissions.")] = Path("submissions"),
) -> None:
    """Begin a submission: write its file from what the Hub says of a model, and say what is left to fill.

    No file is ever overwritten, and nothing is attested in your place.
    """
    from wattbench import drafts
    from wattbench.checking import known
    from wattbench.ledger import opt_outs

    one = drafts.draft(model, task or (), drafts.site_address(out))
    opted_out = opt_outs.problem(model, one.model, opt_outs.read(out.resolve().parent / "ledger"))
    problems = [*known.same_name(model, one.model, known.models(out)), *([opted_out] if opted_out else [])]
    if problems:
        raise Refusal(problems)
    path = drafts.write(one, out)
    say.out.print(f"Wrote {say.line(str(path))}. Left for you to fill:", soft_wrap=True)
    for field, what in one.left:
        say.out.print(f"  {field}: {what}", soft_wrap=True)
    if one.model != model:
        say.out.print(f"The Hub calls it {say.line(one.model)}.", soft_wrap=True)
    say.out.print(f"Then check it: wattbench check {say.line(str(path.parent))}", soft_wrap=True)


def prefetch(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Submission files, or folders that hold some.", show_default=False)
    ] = None,
    shelf: ShelfOption = SHELF,
    references: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK", help="Fetch what the sessions of a task need besides candidates."),
    ] = None,
    device_memory: Annotated[
        float | None, typer.Option(metavar="GB", help="The memory of the device, to say now which models will not fit.")
    ] = None,
) -> None:
    """Fetch the models that submissions ask for onto the Shelf, checked file by file, with their reference models.

    What would keep a model from being measured is said first, from its small files alone; such a model is not fetched.
    """
    from wattbench import fetching, submissions

    if not paths and not references:
        raise refuse("", "", "there is nothing to fetch", "Name submissions, or --references TASK")
    good, problems = submissions.check(paths) if paths else ([], [])
    beside = dict.fromkeys(model for name in references or () for model in fetching.needed(name))
    if problems:
        raise Refusal(problems)
    with say.progress(2 * len(good) + len(beside)) as step:
        wanted: list[tuple[Path, Submission]] = []
        for number, (path, submission) in enumerate(good):
            step(f"{submission.model.id}: looking at its small files", number)
            found = _look(submission, device_memory, shelf)
            say.problems(found)
            problems += found
            wanted += [] if found else [(path, submission)]
        beside |= dict.fromkeys(
            model
            for _, submission in wanted
            if submission.model.package is None
            for name in submission.tasks
            for model in fetching.needed(name)
        )
        work = [_of_submission(path, submission, shelf) for path, submission in wanted]
        work += [_of_model(identity, revision, shelf) for identity, revision in beside]
        for number, (identity, fetch) in enumerate(work):
            problems += _fetch(identity, fetch, step, len(good) + number)
    if problems:
        raise typer.Exit(1)


def _look(submission: Submission, gigabytes: float | None, shelf: Path) -> list[Problem]:
    """Everything that is wrong with a model of the Hub for the tasks and precisions that are asked of it."""
    from wattbench import fetching, tasks
    from wattbench import shelf as shelves
    from wattbench.loading import preflight

    model = submission.model
    if model.package is not None or (shelves.model_folder(shelf, model.id, model.key) / shelves.MANIFEST).is_file():
        return []
    try:
        _, outline = fetching.outline(model.id, model.key)
    except Refusal as refusal:
        return list(refusal.problems)
    room = None if gigabytes is None else int(gigabytes * 1e9)
    wishes = [
        preflight.Wish(tasks.find(name), precision, room)
        for name in submission.tasks
        for precision in submission.precisions
    ]
    return list(dict.fromkeys(problem for wish in wishes for problem in preflight.judge(outline, wish)))


def _of_submission(path: Path, submission: Submission, shelf: Path) -> tuple[str, Callable[[Tell], bool]]:
    """Give whose model it is, and what puts it on the Shelf."""
    from wattbench import demo, fetching

    if submission.model.package is None:
        return submission.model.id, lambda tell: fetching.prefetch(submission, shelf, tell)
    return submission.model.id, lambda _: demo.fill(demo.find(submission, path, shelf), shelf)


def _of_model(identity: str, revision: str, shelf: Path) -> tuple[str, Callable[[Tell], bool]]:
    from wattbench import fetching

    return identity, lambda tell: fetching.prefetch_model(identity, revision, shelf, tell=tell)


def _fetch(
    identity: str, fetch: Callable[[Tell], bool], step: Callable[[str, float], None], begun: int
) -> tuple[Problem, ...]:
    """Put one model on the Shelf and say so; what went wrong."""

    def tell(name: str, have: int, size: int) -> None:
        step(f"{identity}/{name} ({size / 1e6:.0f} MB)", begun + have / max(size, 1))

    try:
        fresh = fetch(tell)
    except Refusal as refusal:
        say.problems(refusal.problems)
        return refusal.problems
    say.out.print(f"{identity}: {'fetched' if fresh else 'on the Shelf already'}", soft_wrap=True)
    return ()
