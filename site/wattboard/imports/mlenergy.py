"""ML.ENERGY's leaderboard, flattened: joules of a request, an image or a video -> an imported edition."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal
from wattboard.imports import Imported, Source, pools, sheets, traps
from wattboard.imports.files import bundle
from wattboard.imports.ladders import Reading, ladders, rising
from wattboard.imports.plausible import power

if TYPE_CHECKING:
    from pathlib import Path

    from wattboard.imports.sheets import Line

# The files that we know, by their sha256, and the date of their data.
RELEASES = {"d0730a4904acc0cd24dfb4d34fb4bccf243497e0c1af579252a87f2ee72e8f1f": "2026-02-16"}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
GPU = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
AGREE = 0.02  # two columns that say the same may differ by this share

SHARED = ("task", "model_id", "gpu_model", "num_gpus", "weight_precision", "avg_power_watts")


@dataclass(frozen=True, slots=True)
class _Query:
    """Which columns a kind of query fills: energy in J, batch, rate in 1/s, and what names the layout on the GPUs.

    `rated` is the column whose energy times the rate is the mean power.
    """

    name: str
    energy: str
    rated: str
    batch: str
    rate: str
    layout: tuple[tuple[str, str], ...]


_DIFFUSION = (("Ulysses", "ulysses_degree"), ("ring", "ring_degree"))
QUERIES = (
    _Query(
        "request",
        "energy_per_request_joules",
        "energy_per_token_joules",
        "max_num_seqs",
        "output_throughput_tokens_per_sec",
        (("TP", "tensor_parallel"), ("EP", "expert_parallel"), ("DP", "data_parallel")),
    ),
    *(
        _Query(
            name,
            f"energy_per_{name}_joules",
            f"energy_per_{name}_joules",
            "batch_size",
            f"throughput_{name}s_per_sec",
            _DIFFUSION,
        )
        for name in ("image", "video")
    ),
)
COLUMNS = tuple(
    dict.fromkeys(
        (
            *SHARED,
            "avg_output_len",
            *(column for one in QUERIES for column in (one.energy, one.rated, one.batch, one.rate)),
            *(column for one in QUERIES for _, column in one.layout),
        )
    )
)


def read(path: Path) -> Imported:
    """Import a table. Raises Refusal with everything that is wrong in it, a wrong unit among it."""
    table = sheets.read(path, COLUMNS)
    problems: list[Problem] = []
    wrong: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    readings = [one for line in table.lines if (one := _reading(path, line, problems, wrong))]
    for (field, where, remedy), found in wrong.items():
        first = found[0][1]
        message = f"{where}: {first}" + (f", and {len(found) - 1} rows more" if len(found) > 1 else "")
        problems.append(Problem(str(path), f"row {sheets.spans(row for row, _ in found)}, {field}", message, remedy))
    if problems:
        raise Refusal(problems)
    source = Source(
        name="ML.ENERGY Leaderboard v3",
        url="https://ml.energy/leaderboard",
        attribution="ML.ENERGY Leaderboard v3 (ml-energy/benchmark-v3), the ML.ENERGY initiative",
        licence="Apache-2.0" if table.sha256 in RELEASES else None,
        published=RELEASES.get(table.sha256),
        file=table.name,
        sha256=table.sha256,
    )
    edition = f"mlenergy-{source.published or table.sha256[:8]}"
    many = ladders(readings)
    findings = traps.findings(table.name, many)
    boards = pools.boards(edition, many, findings, source)
    rises = ", ".join(f"{up} of {long} of {query}s" for query, (long, up) in sorted(rising(many).items()))
    words = (
        "Single values of others, without intervals: stars are outlined and never confirmed.",
        "A board is a task, a GPU model and a batch regime: the smallest batch of the ladder, or each model's best.",
        pools.why(many),
        "A model stands for its configuration with the lowest energy, which the row names; the rest is on its curves.",
        f"Energy rises somewhere with the batch on many curves of three points and more: on {rises}.",
        "What lies off its curve is told by a robust fit; at an end of a curve an odd point may pass for a bend.",
        "Which models share a base is not in the table: each name is a lineage of its own, an FP8 sibling too.",
        "The table has no quality: no model is left out for answering badly, and none is recommended.",
    )
    title = f"ML.ENERGY v3, {source.published or 'release not known'}, imported"
    return bundle(edition, title, words, boards, findings, source)


def _reading(
    path: Path, line: Line, problems: list[Problem], wrong: dict[tuple[str, str, str], list[tuple[int, str]]]
) -> Reading | None:
    before = len(problems)
    task = sheets.text(path, line, "task", problems, SLUG)
    model = sheets.text(path, line, "model_id", problems, MODEL)
    gpu = sheets.text(path, line, "gpu_model", problems, GPU)
    precision = sheets.text(path, line, "weight_precision", problems, GPU)
    gpus = sheets.whole(path, line, "num_gpus", problems)
    watts = sheets.number(path, line, "avg_power_watts", problems)
    kinds = [one for one in QUERIES if line.cells[one.energy]]
    if len(kinds) != 1:
        message = f"has {len(kinds)} of the three energies (request, image, video), not one"
        problems.append(Problem(str(path), f"row {line.row}", message, "Give the row as its source does"))
        return None
    query = kinds[0]
    joules = sheets.number(path, line, query.energy, problems)
    batch = sheets.whole(path, line, query.batch, problems)
    rate = sheets.number(path, line, query.rate, problems)
    layout = ", ".join(f"{name} {sheets.whole(path, line, column, problems)}" for name, column in query.layout)
    answers = query.rated != query.energy
    a_token = sheets.number(path, line, query.rated, problems) if answers else None
    tokens = sheets.number(path, line, "avg_output_len", problems) if answers else None
    if len(problems) > before:
        return None
    rated = a_token or joules

    def note(field: str, why: str, remedy: str) -> None:
        wrong.setdefault((field, f"{task} on {gpu}", remedy), []).append((line.row, why))

    if why := power(watts, gpus, gpu):
        note("avg_power_watts", why, "The column is the mean power of all GPUs in W: convert it")
    if not _agree(rated * rate, watts):
        why = f"{rated:.4g} J at {rate:.4g} a second are {rated * rate:,.4g} W, and the row says {watts:,.4g} W"
        note(query.rated, f"{why}, {_times(rated * rate / watts)}", "Energies are in J: convert the column")
    if a_token and tokens and not _agree(a_token * tokens, joules):
        why = f"{tokens:,.0f} tokens of {a_token:.4g} J are {a_token * tokens:,.4g} J, and the row says {joules:,.4g} J"
        note(query.energy, f"{why}, {_times(joules / a_token / tokens)}", "Energies are in J: convert the column")
    return Reading(line.row, task, gpu, model, precision, gpus, layout, batch, query.name, joules, a_token, tokens)


def _agree(one: float, other: float) -> bool:
    return abs(math.log(one / other)) <= AGREE


def _times(ratio: float) -> str:
    """Say how far off: `1,000 times too large`."""
    return f"{ratio:,.4g} times too large" if ratio > 1 else f"{1 / ratio:,.4g} times too small"
