"""`wattboard import`: published results of others, as an imported edition."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from wattboard.imports import Imported, ImportedBoard, ImportedRow

OUT = Path("build/imported")


class Sources(StrEnum):
    """Whose file it is."""

    aienergyscore = "aienergyscore"
    mlenergy = "mlenergy"


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("import")(import_results)


def import_results(
    source: Annotated[Sources, typer.Argument(metavar="SOURCE", help="aienergyscore or mlenergy.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, help="The table as published.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder of imported editions.")] = OUT,
    as_json: Annotated[bool, typer.Option("--json", help="One row a model, as JSON.")] = False,
) -> None:
    """Read published results into an imported edition: single values, outlined stars, never confirmed."""
    from wattboard.imports import aienergyscore, files, mlenergy

    read = {Sources.aienergyscore: aienergyscore.read, Sources.mlenergy: mlenergy.read}[source]
    imported = read(file)
    home = files.write(imported, out)
    if as_json:
        import json

        lines = (json.dumps(row, ensure_ascii=False) for row in rows(imported))
        typer.echo("[\n" + ",\n".join(lines) + "\n]")
        return
    from rich.console import Console

    console = Console(highlight=False)
    for board in imported.boards.values():
        console.print(table(board))
    for line in told(imported):
        console.print(line, markup=False, soft_wrap=True)
    typer.echo(f"The edition {imported.edition.id} is in {home}.")


def rows(imported: Imported) -> Iterator[dict[str, Any]]:
    """Give one row a model and board, with the board's task and class as its source names them."""
    for board in imported.boards.values():
        for row in board.rows:
            one: dict[str, Any] = {
                "task": board.source_task,
                "class": board.size_class,
                "model": row.model,
                "wh_per_1000": row.wh_per_1000,
                "published_stars": row.published_stars,
                "legacy_stars": row.legacy_stars,
                "stars": row.stars,
                "status": board.status,
                "board": board.board,
                "rows": list(row.rows),
                "findings": list(row.findings),
            }
            if row.configuration:
                one |= {"gpu": board.gpu, "regime": board.regime, **row.configuration.model_dump()}
                one |= {"joules_per_token": row.joules_per_token, "output_tokens": row.output_tokens}
            yield one


def told(imported: Imported) -> Iterator[str]:
    """Say in lines what is pooled, what was found, and whether the incumbent's stars were reproduced."""
    from wattboard import formats
    from wattboard.imports.sheets import spans

    edition = imported.edition
    yield f"{edition.source.attribution}; licence of the data: {edition.source.licence or 'not stated'}"
    yield from edition.words
    yield ""
    for finding in edition.findings:
        lines = spans(finding.rows)
        then = formats.capitalize_first(finding.consequence)
        yield f"! row {lines}, {finding.field}: {finding.what}. {then}."
    published = [(board, row) for board in imported.boards.values() for row in board.rows if row.published_stars]
    if published:
        wrong = [(board, row) for board, row in published if row.legacy_stars != row.published_stars]
        yield f"Published stars reproduced by the source's own rule: {len(published) - len(wrong)} of {len(published)}."
        for board, row in wrong:
            yield f"! {board.board}, {row.model}: published {row.published_stars}, by the rule {row.legacy_stars}"


def table(board: ImportedBoard) -> Table:
    """Lay a board out: model, energy, the source's stars, the incumbent's rule, ours."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from wattboard import formats

    scale = f"one star is a factor of {board.r:.2f}" if board.r else f"no stars: {board.why_no_stars}"
    laid = Table(title=f"{escape(board.title)}: {scale}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    laid.add_column("model", overflow="fold")
    laid.add_column("Wh / 1,000", justify="right", no_wrap=True)
    laid.add_column("published", justify="right", no_wrap=True)
    laid.add_column("its rule", justify="right", no_wrap=True)
    laid.add_column("ours", no_wrap=True)
    for row in board.rows:
        stars = [str(one) if one else "-" for one in (row.published_stars, row.legacy_stars)]
        laid.add_row(escape(row.model), formats.significant(row.wh_per_1000), *stars, _outlined(row))
    return laid


def _outlined(row: ImportedRow) -> str:
    """Give stars as outlines: an imported value is never confirmed. A `!` says that something was found."""
    mark = " !" if row.findings else ""
    return ("none" if row.stars is None else "☆" * row.stars + "." * (5 - row.stars)) + mark
