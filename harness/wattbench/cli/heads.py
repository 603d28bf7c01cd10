"""`wattbench heads`: which revision of each model is the newest on the Hub, as a file for the site."""

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
    """Ask the Hub for the newest revision of every submitted model, for `wattboard build --heads`."""
    from wattbench import heads as known
    from wattbench import hub
    from wattbench.runs import write_whole

    names = known.models(folders)
    if not names:
        raise refuse(", ".join(map(str, folders)), "", "holds no submission", "Name a folder of submissions")
    found, problems = known.look_up(names, lambda name: hub.look_up("model", name, None).commit)
    say.problems(problems)
    if not found:
        say.err.print("Nothing was found out, and nothing written.")
        raise typer.Exit(1)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, known.to_bytes(found))
    say.out.print(f"{len(found)} of {len(names)} models: {out}", soft_wrap=True)
