"""`wattbench heads`: whether the Hub has newer revisions of what was measured, as a file for the site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattbench.cli import say
from wattbench.problems import refuse


def heads(
    folders: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Folders of submissions.")],
    out: Annotated[Path, typer.Option("--out", help="Where the file goes.")] = Path("build/heads.json"),
) -> None:
    """Ask the Hub whether it has newer revisions of the models that were measured, for `wattboard build --heads`."""
    from wattbench import heads as known
    from wattbench import hub
    from wattbench.runs import write_whole

    revisions = known.measured(folders)
    if not revisions:
        where = ", ".join(map(str, folders))
        raise refuse(where, "", "holds no run of a revision on the Hub", "Name a folder of submissions with runs")
    found, problems = known.look_up(revisions, lambda name, revision: hub.look_up("model", name, revision))
    say.problems(problems)
    if not found:
        say.err.print("Nothing was found out, and nothing written.")
        raise typer.Exit(1)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, known.to_bytes(found))
    say.out.print(f"{len(found)} of {len(revisions)} models: {out}", soft_wrap=True)
