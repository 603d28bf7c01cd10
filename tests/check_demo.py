"""Check what `make demo` left: real models rated, every page there, no broken link, an API that parses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
HTML = ROOT / "build/html"
MODELS = {
    "sentence-similarity": ("demo/all-MiniLM-L6-v2", "demo/paraphrase-MiniLM-L3-v2", "demo/sre-embedding-model"),
    "image-classification": ("demo/efficientnet-lite0", "demo/efficientnet-lite1", "demo/efficientnet-lite2"),
    "text-generation": ("demo/SmolLM2-135M-Instruct",),
    "automatic-speech-recognition": ("demo/whisper-tiny.en", "demo/whisper-base"),
}
# What a model that was converted rightly reaches with room to spare, and one of noise does not: quality, and whether
# more of it is better.
LIMITS = {
    "sentence-similarity": (0.2, True),
    "image-classification": (0.5, True),
    "text-generation": (0.4, True),
    "automatic-speech-recognition": (0.1, False),
}


def problems() -> list[str]:
    """List everything that is wrong with the built demo."""
    found = [wrong for task, models in MODELS.items() for wrong in board_problems(task, models)]
    pages = ("index.html", "method/index.html", "about/index.html", "sitemap.xml")
    found += [f"{name} is missing" for name in pages if not (HTML / name).is_file()]
    for path in (HTML / "api").rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    lychee = Path(sys.executable).with_name("lychee")
    options = ["--offline", "--no-progress", "--root-dir", HTML, "--index-files", "index.html", "--include-fragments"]
    done = subprocess.run([lychee, *options, HTML], capture_output=True, text=True, check=False)
    if done.returncode:
        found.append(f"broken links:\n{done.stdout[-3000:]}{done.stderr[-500:]}")
    return found


def board_problems(task: str, models: Sequence[str]) -> Iterator[str]:
    """List what is wrong with one board and its models."""
    boards = list((HTML / "api/v1/boards").glob(f"{task}-v0~*.json"))
    if len(boards) != 1:
        yield f"{task}: {len(boards)} boards in the API, expected 1"
        return
    (board,) = boards
    estimated = "~estimate" in board.name
    rows = {row["model"]: row for row in json.loads(board.read_text(encoding="utf-8"))["results"]}
    header = next(csv.reader(board.with_suffix(".csv").read_text(encoding="utf-8").splitlines()))
    if set(rows) != set(models):
        yield f"{task}: the board holds {sorted(rows)}"
    if estimated and not any(column.startswith("estimated_wh") for column in header):
        yield f"{task}: no CSV column says estimated: {header}"
    for model in models:
        quality = rows.get(model, {}).get("quality") or {}
        limit, higher = LIMITS[task]
        value = quality.get("value")
        if value is None or (value < limit if higher else value > limit):
            yield f"{task}: {model} does not do its task: {quality}, expected {limit} or better"
        if rows.get(model, {}).get("stars") not in {1, 2, 3, 4, 5}:
            yield f"{task}: {model} has no star: {rows.get(model)}"
        if not (HTML / "models" / model / "index.html").is_file():
            yield f"{task}: {model} has no page"
        badge = HTML / "badges/v1" / model / f"{task}.svg"
        text = badge.read_text(encoding="utf-8") if badge.is_file() else ""
        if not text or ET.fromstring(text).tag.rpartition("}")[2] != "svg":  # noqa: S314 - our own file
            yield f"{task}: {model} has no badge"
        elif "demo" not in text or (estimated and "estimated" not in text):
            yield f"{task}: the badge of {model} does not say demo and estimated"


if __name__ == "__main__":
    wrong = problems()
    for line in wrong:
        print(f"WRONG {line}")
    print("The demo's site is whole." if not wrong else f"{len(wrong)} things are wrong with the demo's site.")
    sys.exit(bool(wrong))
