"""`wattbench measure`: what any command costs, in joules.

The command keeps its input and output. The report goes to standard error, as that of `perf stat` does, or to the file
given by --output; --json changes its form, not its place. The exit status is the command's own; 125 where there was
no meter to start it under, or the report could not be written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from wattbench import meters
from wattbench.boards import MeterName
from wattbench.commands import Measured, measure_command
from wattbench.gates import OFFICIAL
from wattbench.problems import Refusal
from wattbench.runs import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattbench.meters import Meter

OWN_FAILURE = 125  # as env, nohup and timeout have it


def register(app: typer.Typer) -> None:
    """Add the command to an app. What follows COMMAND is the command's, options too."""
    app.command(context_settings={"allow_interspersed_args": False})(measure)


def measure(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What to run, after --.")],
    meter: Annotated[
        str | None, typer.Option(help="nvml, rapl or estimate; by default the best that this machine has.")
    ] = None,
    gpu: Annotated[
        list[str] | None, typer.Option(help="A GPU to meter, by UUID or NVML index; may be repeated.")
    ] = None,
    watts_per_core: Annotated[
        float | None, typer.Option(help="What a busy core draws, in W: the assumption of `estimate`.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file, not to standard error.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Run COMMAND and tell what energy it used.

    The report goes to standard error. The exit status is the command's own.
    """
    try:
        opened = open_meter(meter, gpu or (), watts_per_core)
        asked = meter is not None or gpu or watts_per_core is not None
        passed_over = [] if asked else meters.passed_over(opened.name)
        measured = measure_command(command, opened)
        report = to_json(measured, passed_over) if json_ else to_text(measured, passed_over)
        if output is None:
            sys.stderr.write(report)
        else:
            write_whole(output, report.encode())
    except (meters.MeterUnavailable, Refusal) as refused:
        sys.stderr.write(f"wattbench measure: {refused}\n")
        raise typer.Exit(OWN_FAILURE) from None
    raise typer.Exit(measured.status)


def open_meter(name: str | None, gpus: Sequence[str] = (), watts_per_core: float | None = None) -> Meter:
    """Open the meter asked for, by name or by an option that only one meter has. Raises MeterUnavailable."""
    implied = "nvml" if gpus else "estimate" if watts_per_core is not None else None
    if name is not None and implied is not None and name != implied:
        option = "--gpu" if gpus else "--watts-per-core"
        raise meters.MeterUnavailable(f"{option} is for the meter {implied}, not for {name}")
    if gpus and watts_per_core is not None:
        raise meters.MeterUnavailable("--gpu is for the meter nvml and --watts-per-core for estimate: give one of them")
    chosen = name or implied
    if chosen is None:
        return meters.find()
    known: dict[str, MeterName] = {one: one for one in get_args(MeterName)}
    if chosen not in known:
        raise meters.MeterUnavailable(f"there is no meter {chosen!r}: there is {', '.join(known)}")
    options: dict[str, Any] = {"gpus": list(gpus)} if gpus else {}
    if watts_per_core is not None:
        options["watts_per_core"] = watts_per_core
    return meters.find(known[chosen], **options)


def to_json(measured: Measured, passed_over: Sequence[tuple[str, str]] = ()) -> str:
    """Report as JSON: sorted keys, absent readings null; estimated figures are called so in their very keys.

    passed_over: the better meters that this machine cannot use, each with the reason.
    """
    reading, estimated = measured.reading, measured.meter["kind"] == "estimated"
    prefix = "estimated_" if estimated else ""
    data: dict[str, Any] = {
        "schema": 1,
        "command": measured.command,
        "exit_status": measured.status,
        "kind": measured.meter["kind"],
        "meter": measured.meter,
        "passed_over": [{"meter": name, "reason": why} for name, why in passed_over],
        "seconds": reading.seconds,
        f"{prefix}joules": reading.joules,
        f"{prefix}mean_watts": reading.mean_watts,
        "reason": reading.reason,
        "notes": reading.notes,
        "limits": OFFICIAL.protocol,
        "gates": [gate.model_dump(mode="json") for gate in measured.gates],
    }
    if not estimated:
        data |= {
            "counter_joules": reading.counter_joules,
            "sampled_joules": reading.sampled_joules,
            "samples": reading.samples,
        }
    return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_text(measured: Measured, passed_over: Sequence[tuple[str, str]] = ()) -> str:
    """Report for people, without colours: it lands in logs as often as on terminals. `passed_over` as in `to_json`."""
    facts, reading = measured.meter, measured.reading
    lines = ["", f"Energy of: {' '.join(measured.command)}", "", f"  meter    {facts['name']} ({facts['kind']})"]
    lines += [f"           {facts['method']}"] if "method" in facts else []
    lines += [f"           not {name}: {why}" for name, why in passed_over]
    lines += _energy(measured)
    lines += [f"  time     {reading.seconds:.3f} s", f"  exit     {measured.status}", ""]
    lines += [f"Gates (limits of the {OFFICIAL.protocol} protocol):", ""]
    for gate in measured.gates:
        lines.append(
            f"  {gate.verdict:<5}{gate.name:<21}{gate.value or 'absent':<15}{gate.limit:<29}{gate.why}".rstrip()
        )
    return "\n".join([*lines, ""]) + "\n"


def _energy(measured: Measured) -> Iterator[str]:
    facts, reading = measured.meter, measured.reading
    if reading.joules is None:
        yield f"  energy   no valid reading: {reading.reason}"
    if facts["kind"] == "estimated":
        yield f"  watts    {facts['watts_per_core']:g} W a busy core (declared; source: {facts['source']})"
        yield f"  cpu      {reading.notes['cpu_seconds']:.3f} s"
        if reading.joules is not None:
            yield f"  energy   {_joules(reading.joules)} (estimated)"
            yield f"  power    {reading.mean_watts:.4g} W in the mean (estimated)"
        return
    if facts["name"] == "nvml":
        yield from _gpus(measured)
    if reading.joules is not None:
        for name, joules in reading.notes.get("packages", {}).items():
            yield f"  {name:<9}{_joules(joules)}"
        yield f"  energy   {_joules(reading.joules)}"
        yield f"  power    {reading.mean_watts:.4g} W in the mean"


def _gpus(measured: Measured) -> Iterator[str]:
    """Tabulate what each GPU used: the counter and the integrated power side by side."""
    rows = measured.reading.notes["gpus"]
    yield f"  {'':<9}{'counter':>14}{'sampled power':>16}{'samples':>9}"
    for gpu in measured.meter["gpus"]:
        row = rows[gpu["uuid"]]
        numbers = f"{_joules(row['counter_joules']):>14}{_joules(row['sampled_joules']):>16}{row['samples']:>9}"
        yield f"  GPU {gpu['index']:<5}{numbers}  {gpu['name']}  {gpu['uuid']}"
    reading = measured.reading
    total = f"{_joules(reading.counter_joules):>14}{_joules(reading.sampled_joules):>16}{reading.samples:>9}"
    yield f"  total    {total}"


def _joules(joules: float | None) -> str:
    if joules is None:
        return "absent"
    return f"{joules:,.2f} J" if joules >= 1 else f"{joules:.3g} J"  # little is not nothing
