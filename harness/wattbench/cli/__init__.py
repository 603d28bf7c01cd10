"""The command `wattbench`. One file a group of commands; nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wattbench import __version__
from wattbench.cli import amend, check, fleet, heads, life, measure, measure_command, prove, say, submit, workload
from wattbench.problems import Refusal

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure the energy that AI models use, and keep the evidence.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wattbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass


app.command(context_settings={"allow_interspersed_args": False})(measure_command.measure)
app.command()(measure.doctor)
app.command()(measure.run)
app.command()(measure.demo)
app.command()(submit.new)
app.command()(check.check)
app.command()(submit.prefetch)
app.command()(heads.heads)
app.command()(life.queue)
for command in (amend.withdraw, amend.dispute, amend.resolve, amend.correct, amend.requeue, amend.opt_out):
    app.command()(command)
app.command()(prove.keygen)
app.command()(prove.sign)
app.command()(prove.verify)
app.command()(prove.audit)
app.add_typer(workload.app, name="workload")
app.add_typer(fleet.app, name="fleet")


def main() -> None:
    """Run the command line: what is refused is said in one line each, without a traceback."""
    try:
        app()
    except Refusal as refusal:
        say.problems(refusal.problems)
        sys.exit(1)
    except SystemExit as stop:
        # typer turns Ctrl-C into an exit without a word; a measured command's own status 130 is not ours to comment
        if isinstance(getattr(stop.__context__, "__cause__", None), KeyboardInterrupt):
            say.err.print("Interrupted. Nothing half-written was left; the same command starts again.")
        raise
