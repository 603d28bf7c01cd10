"""Sites of thousands of models for perf_site.py: run files written straight as JSON, as nobody measured them.

One run a model in one session, which the board's reference model brackets; boards of up to 1,000 models. The form is
checked once, by the model that is copied: what is timed is the site, not the writing of runs.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import many_models
import site_factory as make

from wattbench import evidence, runs
from wattbench.boards import Board
from wattbench.evidence import dsse
from wattboard import frame
from wattboard.founding import anchors, freezing

TASKS = ("sentence-similarity-v0", "image-classification-v0", "text-generation-v0")
SKUS = ("h100-sxm5-80gb", "a100-sxm4-80gb", "l40s-48gb", "b200-192gb", "rtx-4090-24gb", "h200-141gb")
PRECISIONS = ("fp16", "bf16", "int8", "int4")
A_BOARD = 1000  # models
SESSION, DAY = "2026-06-01-a", "2026-06-01"


def boards(models: int) -> list[str]:
    """Name the boards of so many models."""
    every = [f"{task}~{sku}~{kind}~single~off~nvml" for kind in PRECISIONS for sku in SKUS for task in TASKS]
    wanted = math.ceil(models / A_BOARD)
    if wanted > len(every):
        raise ValueError(f"there are names for {len(every) * A_BOARD} models")
    return every[:wanted]


def write(folder: Path, models: int) -> Path:
    """Write submissions of so many models to `folder/s` and freeze their boards in `folder/e`."""
    from wattbench import tasks

    draw = random.Random(models)  # noqa: S311 - made-up data
    names = boards(models)
    brackets = []
    for name in names:
        board = Board.parse(name)
        make.REFERENCES[name] = tasks.find(board.task).references[board.version]
        brackets += make.bracket(name, 50.0, session=SESSION, day=DAY, protocol="official", grade=0.6)
    make.write(brackets, folder / "s")
    shape = json.loads(runs.to_bytes(make.official("org/name", 50.0, board=names[0], sessions={SESSION: DAY})[0]))
    for index in range(models):
        one = _model(shape, names[index // A_BOARD], index, draw)
        data = (json.dumps(one, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
        home = folder / "s" / one["model"]["id"] / "runs"
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{one['board']}--{DAY}-{hashlib.sha256(data).hexdigest()[:12]}.json").write_bytes(data)
    _sealed(folder)
    passes = frame.frame(frame.gather([folder / "s"]))
    freezing.freeze(folder / "e", "2026-06", anchors.anchors(passes), demo=False)
    return folder


def change(folder: Path) -> Path:
    """Measure one model anew: its run file is replaced by one of other joules. Give the new file."""
    path = min(path for path in (folder / "s").glob("org-*/*/runs/*.json") if not path.name.endswith(".dsse.json"))
    told = json.loads(path.read_bytes())
    for one in told["passes"]:
        one["joules"] = round(one["joules"] * 1.01, 4)
    data = (json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    path.unlink()
    evidence.envelope_of(path).unlink()
    fresh = path.with_name(f"{told['board']}--{DAY}-{hashlib.sha256(data).hexdigest()[:12]}.json")
    fresh.write_bytes(data)
    _sealed(folder)
    return fresh


def _sealed(folder: Path) -> None:
    """Sign what is unsigned, by the same key in every process."""
    kept = folder / "key.pem"
    if not kept.exists():
        kept.write_bytes(dsse.new_private()[0])
    make._key = lambda: dsse.read_private(kept.read_bytes())
    make.seal(folder / "s")


def _model(shape: dict[str, Any], board: str, index: int, draw: random.Random) -> dict[str, Any]:
    size, parameters, joules = many_models.SIZES[index % len(many_models.SIZES)]
    family = draw.choice(many_models.FAMILIES)
    task = board.split("-v", 1)[0]
    one = copy.deepcopy(shape)
    name = f"org-{index % 997:03d}/{family}-{size}-{index:05d}"
    one["board"] = board
    one["model"] |= {
        "id": name,
        "parameters": round(parameters * draw.uniform(0.8, 1.25)),
        "licence": draw.choice(many_models.LICENCES),
        "weights_sha256": {"model.safetensors": make.sha(name)},
    }
    one["workload"] |= {"task": task, "sha256": make.sha(task)}
    one["device"]["sku"] = board.split("~")[1]
    one["quality"] |= {"metric": make.METRICS[task]}
    grade = round(min(0.93, max(0.3, 0.52 + 0.055 * (index % 5) + draw.gauss(0, 0.045))), 4)
    one["quality"] |= {"value": grade, "low": round(grade - 0.02, 4), "high": round(grade + 0.02, 4)}
    energy = joules * draw.lognormvariate(0, 0.28)
    for window, value in zip(one["passes"], make.spread(energy, len(one["passes"])), strict=True):
        window["joules"], window["mean_watts"] = value, value / window["seconds"]
    return one
