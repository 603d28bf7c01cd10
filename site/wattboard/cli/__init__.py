"""The command `wattboard`: one file a group of commands. Importing it loads nothing heavy."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from wattbench.problems import Refusal
from wattboard.cli import advise, cite, comment, imports, plot, publish, rate

app = typer.Typer(
    name="wattboard",
    help="Publish what wattbench measured: freeze thresholds, rate, build the site.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
publish.register(app)
imports.register(app)
plot.register(app)
rate.register(app)
advise.register(app)
cite.register(app)
comment.register(app)

INTERRUPTED = 130


def main() -> None:
    """Run the command line. A refusal is one line a problem and exit 1; Ctrl-C is exit 130."""
    try:
        sys.exit(app(standalone_mode=False))
    except Refusal as refusal:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        for problem in refusal.problems:
            console.print(str(problem), markup=False)
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        # What the command line itself refuses (an unknown option, a folder that is not there) can show itself.
        if not hasattr(error, "show"):
            raise
        error.show()
        sys.exit(getattr(error, "exit_code", 2))
