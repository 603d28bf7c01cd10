"""Commands for workloads: draw one from public data sets, look at one, publish one without its private rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattbench.cli import say
from wattbench.cli.submit import SHELF, ShelfOption
from wattbench.problems import refuse

if TYPE_CHECKING:
    from wattbench.shelf import Shelved
    from wattbench.tasks import Row, Task

app = typer.Typer(
    no_args_is_help=True, help="Draw the workload of a task from public data sets, look at it, publish it."
)
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="The task's name.", show_default=False)]
VersionOption = Annotated[int | None, typer.Option(help="By default the newest of the task, 1 or later.")]
SHOWN = 160  # characters of a row


@app.command()
def build(
    task: TaskName,
    version: VersionOption = None,
    shelf: ShelfOption = SHELF,
    private_tenth: Annotated[
        str, typer.Option(metavar="KEYFILE|none", help="Draw a tenth of the rows by this secret key; never publish it.")
    ] = "none",
) -> None:
    """Draw 1,000 rows of a task by a seeded hash from its public data sets, and put them on the Shelf."""
    from wattbench import building, workloads
    from wattbench import shelf as shelves

    found, number = _find(task, version)
    if number < 1:
        raise refuse("--version", "", "version 0 is the demo's", "Choose 1 or a later one")
    folder = shelves.workload_folder(shelf, found.name, number)
    if (folder / shelves.MANIFEST).is_file():
        what = f"{folder.name} is on the Shelf already; a workload is built once"
        raise refuse(folder, "", what, "Look at it with `wattbench workload show`, or choose another --version")
    key = None if private_tenth == "none" else workloads.read_key(Path(private_tenth))
    with say.progress(100) as step:
        built = building.build(found, number, shelf, key, lambda what, done: step(what, 100 * done))
    _tell(built)


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="PATH|TASK", help="A workload's folder, or a task's name.")],
    version: VersionOption = None,
    shelf: ShelfOption = SHELF,
    rows: Annotated[int, typer.Option(help="How many rows to show.")] = 3,
) -> None:
    """Show what a workload was drawn from, and its first rows; private rows are not shown."""
    from wattbench import shelf as shelves
    from wattbench import workloads

    if (Path(what) / shelves.MANIFEST).is_file():
        found = shelves.open_folder(Path(what))
    else:
        found = _on_shelf(what, version, shelf)
    open_rows = [row for row in workloads.shelved_rows(found) if not row.get(workloads.PRIVATE)]
    _tell(found)
    for row in open_rows[:rows]:
        say.out.print(_in_short(row), markup=False, soft_wrap=True)


@app.command()
def publish(
    task: TaskName,
    folder: Annotated[Path, typer.Argument(help="The folder to write.", show_default=False)],
    key: Annotated[Path, typer.Option(metavar="KEYFILE", help="The key its private rows were drawn with.")],
    version: VersionOption = None,
    shelf: ShelfOption = SHELF,
) -> None:
    """Write what may be published of a workload: a commitment in place of each private row."""
    from wattbench import workloads

    found = _on_shelf(task, version, shelf)
    withheld = workloads.publish(found, folder, workloads.read_key(key))
    say.out.print(f"{folder}: {withheld} private rows withheld, a commitment in place of each.", soft_wrap=True)


def _find(task: str, version: int | None) -> tuple[Task, int]:
    from wattbench import tasks

    found = tasks.find(task)
    return found, max(found.references, default=1) or 1 if version is None else version


def _on_shelf(task: str, version: int | None, shelf: Path) -> Shelved:
    from wattbench import shelf as shelves

    found, number = _find(task, version)
    remedy = "Run `wattbench demo --fetch-only`" if number == 0 else f"Run `wattbench workload build {found.name}`"
    return shelves.find_workload(shelf, found.name, number, remedy)


def _tell(found: Shelved) -> None:
    """Say what a workload is and where every row of it comes from."""
    from wattbench import workloads

    manifest = found.manifest
    say.out.print(f"{manifest.name}-{manifest.revision}: {manifest.about}", markup=False, soft_wrap=True)
    for one in manifest.sources:
        pinned = "pinned" if one.pinned else "not pinned"
        same = (one.licence_on_hub or one.licence).lower() == one.licence.lower()
        on_hub = "" if same else f", on the Hub {one.licence_on_hub}"
        say.out.print(
            f"  {one.dataset}@{one.revision} ({pinned}), {one.split}: {one.rows} rows, {one.licence}{on_hub}",
            soft_wrap=True,
        )
    if not manifest.pinned:
        say.out.print(
            "It can be tried, never rated: write the commits above into the task's file to pin it.", soft_wrap=True
        )
    say.out.print(f"  {found.folder / workloads.ROWS} sha256 {found.hashes()[workloads.ROWS]}", soft_wrap=True)


def _in_short(row: Row) -> str:
    """A row in one line, its media as their size."""
    text = str({name: _sized(value) for name, value in row.items()})
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _sized(value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    return f"<{len(value):,} bytes>" if isinstance(value, bytes) else value
