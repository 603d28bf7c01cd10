"""`wattboard build` and `wattboard serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

Submissions = Annotated[
    list[Path] | None,
    typer.Option(
        "--submissions",
        exists=True,
        file_okay=False,
        help="A folder of submissions; may be given again.",
        show_default="submissions",
    ),
]
Editions = Annotated[
    list[Path] | None,
    typer.Option(
        "--editions",
        exists=True,
        file_okay=False,
        help="A folder of editions; may be given again.",
        show_default="site/editions",
    ),
]
Imported = Annotated[
    list[Path] | None,
    typer.Option(
        "--imported",
        exists=True,
        file_okay=False,
        help="A folder of imported editions, shown apart; may be given again.",
        show_default="none",
    ),
]
Ledger = Annotated[
    Path | None,
    typer.Option("--ledger", help="The ledger's folder.", show_default="the one beside the submissions"),
]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", help="The file of trusted keys.", show_default="keys/trusted.json beside the submissions"),
]
Out = Annotated[Path, typer.Option("--out", help="Where the site goes.")]
OUT = Path("build/html")
CACHE = Path("build/cache")
PNG = Path("build/png")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(build)
    app.command()(serve)


def build(
    submissions: Submissions = None,
    editions: Editions = None,
    out: Out = OUT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if any run file has to be left out.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every run file again.")] = False,
    imported: Imported = None,
    heads: Annotated[
        Path | None,
        typer.Option("--heads", help="The newest revisions on the Hub, as `wattbench heads` wrote them."),
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Draw badges as PNG too; kept ones are not drawn again.")] = False,
    ledger: Ledger = None,
    keys: Keys = None,
) -> None:
    """Rate every run and build the site. Run files that do not hold are left out, and a page says why."""
    from rich.console import Console

    from wattboard.build import build as build_site

    console = Console(stderr=True, highlight=False)
    folders = (submissions or [Path("submissions")], editions or [Path("site/editions")])
    more: dict[str, Any] = {"strict": strict, "kept_in": None if no_cache else CACHE, "imported": imported or ()}
    more |= {"heads": heads, "png": PNG if png else None}
    more |= {"ledger": ledger, "trust": keys}
    if console.is_terminal:
        with console.status("building the site") as status:
            site = build_site(*folders, out, lambda words: status.update(f"{words} ..."), **more)
    else:
        site = build_site(*folders, out, console.print, **more)
    from wattboard.cli import table
    from wattboard.gathering import left_out

    shown = Console(highlight=False)
    for listing in site.headlines:
        shown.print()
        shown.print(table.of(listing))
    typer.echo(f"\nThe site, {len(site.listings)} boards and {len(site.profiles)} models, is in {out}.")
    typer.echo(f"Open {out / 'index.html'}, or run `make serve` and go to http://127.0.0.1:8000/")
    if site.left_out:
        typer.echo(left_out.line(site.left_out, str(out / "left-out" / "index.html")))
    if not site.listings:
        typer.echo("There are no results yet: make demo measures some. The site says so too.")


def serve(
    port: Annotated[int, typer.Option("--port", help="The port to listen on.", min=0, max=65535)] = 8000, out: Out = OUT
) -> None:
    """Serve the built site on this machine; builds it first where there is none."""
    if not (out / "index.html").exists():
        build(out=out)
    with listen(out, port) as server:
        typer.echo(f"Wattstar at http://127.0.0.1:{server.server_address[1]}/ (Ctrl-C ends it)")
        server.serve_forever()


def listen(folder: Path, port: int) -> ThreadingHTTPServer:
    """Open a server for a folder on 127.0.0.1; port 0 takes a free one. Raises Refusal for a port in use."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    from wattbench.problems import refuse

    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise refuse(
            "", "--port", f"port {port} cannot be had: {error.strerror}", "Choose another with --port"
        ) from None
