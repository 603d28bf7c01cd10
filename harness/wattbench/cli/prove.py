"""Commands that prove: make a key, sign runs, verify them, compare two runs of one model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from wattbench.cli import say
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.evidence.audit import Audit
    from wattbench.runs import Run

Runs = Annotated[list[Path], typer.Argument(metavar="RUN", help="Run files, or folders that hold some.")]
KEY = Path("~/.config/wattstar/signing-key.pem")  # by default outside every repository
DIFFERS, NOT_COMPARABLE = 1, 2


def keygen(
    out: Annotated[Path, typer.Option(help="Where the private key goes; never overwritten.")] = KEY,
    holder: Annotated[str, typer.Option(help="Who signs with it; by default this host's name.")] = "",
) -> None:
    """Make a key to sign runs with, and print the entry that makes others trust it."""
    import datetime as dt
    import platform

    from wattbench.evidence import keys

    file = out.expanduser()
    entry = keys.create(file, holder or platform.node() or "unnamed", dt.datetime.now(dt.UTC).date())
    typer.echo(json.dumps(entry.model_dump(mode="json"), indent=1, ensure_ascii=False))
    say.err.print(f"The private key is {file}: keep it on this host, and out of every repository.", soft_wrap=True)
    say.err.print("Its signatures count once the entry above stands in keys/trusted.json.", soft_wrap=True)


def sign(
    paths: Runs,
    key: Annotated[Path, typer.Option(envvar="WATTSTAR_KEY", help="The private key to sign with.")] = KEY,
) -> None:
    """Sign runs and their traces; the envelope lies beside each run."""
    from wattbench import evidence

    problems: list[Problem] = []
    for file in _files(paths):
        try:
            envelope = evidence.sign_run(file, key.expanduser())
            say.out.print(f"[green]signed[/]  {escape(str(envelope))}", soft_wrap=True)
        except Refusal as refusal:
            problems += refusal.problems
    if problems:
        raise Refusal(dict.fromkeys(problems))


def verify(
    paths: Runs,
    keys: Annotated[Path, typer.Option(help="The file of trusted keys.")] = Path("keys/trusted.json"),
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Let a run pass that has no envelope.")
    ] = False,
) -> None:
    """Check runs: signature, every hash, form and place, and all figures computed again from the trace."""
    from wattbench import evidence, replay
    from wattbench.evidence import keys as trust

    trusted = trust.read_trusted(keys)
    files = _files(paths)
    problems: list[Problem] = []
    for file in files:
        found = evidence.verify(file, trusted, replay.differences, allow_unsigned=allow_unsigned)
        problems += found.problems
        say.problems(found.problems)
        if not found.problems:
            by = ", ".join(f"{key.holder} ({key.keyid[:12]})" for key in found.signers)
            told = f"signed by {by}" if by else "unsigned: the figures agree, and nobody vouches for them"
            say.out.print(f"[green]verified[/]  {escape(str(file))}  {escape(told)}", soft_wrap=True)
    orphans = list(_orphans(paths))
    say.problems(orphans)
    problems += orphans
    if problems:
        many = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
        say.err.print(f"{many} in {len(files)} run{'s' * (len(files) > 1)}.")
        raise typer.Exit(1)


def audit(
    a: Annotated[Path, typer.Argument(metavar="A.json", help="The run that was published.")],
    b: Annotated[Path, typer.Argument(metavar="B.json", help="The run that measured it again.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether one run reproduces another: the ratio of their energies, its interval, the verdict.

    The exit status is 0 where it does, 1 where it differs, 2 where the two cannot be compared.
    """
    from wattbench.evidence import audit as audits

    try:
        first, second = (a, _read(a)), (b, _read(b))
        found = audits.compare(first, second, (_bracket(*first), _bracket(*second)))
    except Refusal as refusal:
        say.problems(refusal.problems)
        raise typer.Exit(NOT_COMPARABLE) from None
    if as_json:
        typer.echo(json.dumps(audits.as_dict(found, a, b), indent=1, sort_keys=True, ensure_ascii=False))
    else:
        for line in _told(found):
            say.out.print(line, soft_wrap=True)
    if found.verdict == "differs":
        raise typer.Exit(DIFFERS)


def _told(found: Audit) -> Iterator[str]:
    card = "the same card" if found.same_card else "another card"
    by = "corrected by" if found.corrected else "not corrected by"
    yield f"ratio    {found.ratio:.4f} (joules per query, B / A), 95 % interval {found.low:.4f} - {found.high:.4f}"
    yield f"         {by} the sessions' reference model"
    yield f"limit    |ln ratio| <= {100 * found.limit:g} % on {card}; it is {100 * abs(found.log_ratio):.2f} %"
    if found.verdict == "reproduced":
        yield "verdict  [green]reproduced[/]"
        return
    yield "verdict  [bold red]differs[/]: a third run decides"
    yield "         Until then the result is disputed. If the third run sides with B, the published result is withdrawn"
    yield "         with a public note, and the corrections log keeps the old value and the cause."


def _files(paths: Sequence[Path]) -> list[Path]:
    """Every run file that is named or lies below a folder that is. Raises Refusal for what is not there."""
    files: list[Path] = []
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            below = [one for one in sorted(path.rglob("*.json")) if one.parent.name == "runs" and not _envelope(one)]
            files += below
            if not below:
                problems += [Problem(str(path), "", "holds no run", "Name run files, or folders that hold some")]
        elif _envelope(path):
            problems += [Problem(str(path), "", "is an envelope, no run", "Name the run file beside it")]
        else:
            files += [path]
    if problems:
        raise Refusal(problems)
    return list(dict.fromkeys(files))


def _envelope(path: Path) -> bool:
    return path.name.endswith(".dsse.json")


def _orphans(paths: Sequence[Path]) -> Iterator[Problem]:
    """Envelopes whose run is gone: what was signed once must not vanish unseen."""
    for path in paths:
        for envelope in sorted(path.rglob("*.dsse.json")) if path.is_dir() else ():
            run = envelope.with_name(envelope.name.replace(".dsse.json", ".json"))
            if not run.exists():
                what = f"there is no {run.name} beside it: a signed run is gone"
                yield Problem(str(envelope), "", what, "Fetch the run again, or withdraw it openly")


def _read(file: Path) -> Run:
    from wattbench import evidence, runs

    data = evidence.read_file(file)
    if data is None:
        raise refuse(file, "", "is not there", "Name two run files")
    return runs.from_bytes(data, file)


def _bracket(file: Path, run: Run) -> list[Run]:
    """The reference runs of a run's session, from the submissions folder in which its file lies."""
    above = file.absolute().parents
    folder = above[3] if len(above) > 3 else above[0]  # noqa: PLR2004 - ORG/NAME/runs/FILE
    found = (_read(path) for path in sorted(folder.glob(f"*/*/runs/{run.board}--*.json")) if not _envelope(path))
    return [one for one in found if one.session == run.session and one.role != "candidate"]
