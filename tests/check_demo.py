"""Check what `make demo` left: real models rated, every page there, no broken link, an API that parses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
HTML = ROOT / "build/html"
MODELS = {
    "sentence-similarity": ("demo/all-MiniLM-L6-v2", "demo/paraphrase-MiniLM-L3-v2", "demo/sre-embedding-model"),
    "image-classification": ("demo/efficientnet-lite0", "demo/efficientnet-lite1", "demo/efficientnet-lite2"),
}


def problems() -> list[str]:
    """List everything that is wrong with the built demo."""
    found: list[str] = []
    for task, models in MODELS.items():
        boards = list((HTML / "api/v1/boards").glob(f"{task}-v0~*.json"))
        if len(boards) != 1:
            found.append(f"{task}: {len(boards)} boards in the API, expected 1")
            continue
        told = json.loads(boards[0].read_text(encoding="utf-8"))
        rows = {row["model"]: row for row in told["ratings"]}
        if set(rows) != set(models):
            found.append(f"{task}: the board holds {sorted(rows)}")
        header = next(csv.reader(boards[0].with_suffix(".csv").open(encoding="utf-8", newline="")))
        if not any(column.startswith("estimated_wh") for column in header) and "~estimate" in boards[0].name:
            found.append(f"{task}: no CSV column says estimated: {header}")
        for model in models:
            if rows.get(model, {}).get("stars") not in {1, 2, 3, 4, 5}:
                found.append(f"{task}: {model} has no star: {rows.get(model)}")
            if not (HTML / "models" / model / "index.html").is_file():
                found.append(f"{task}: {model} has no page")
            badge = HTML / "badges/v1" / model / f"{task}.svg"
            text = badge.read_text(encoding="utf-8") if badge.is_file() else ""
            if not text or ElementTree.fromstring(text).tag.rpartition("}")[2] != "svg":  # noqa: S314 - our own file
                found.append(f"{task}: {model} has no badge")
            elif "demo" not in text or ("~estimate" in boards[0].name and "estimated" not in text):
                found.append(f"{task}: the badge of {model} does not say demo and estimated")
    for name in ("index.html", "method/index.html", "about/index.html", "sitemap.xml"):
        if not (HTML / name).is_file():
            found.append(f"{name} is missing")
    for path in (HTML / "api").rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    lychee = Path(sys.executable).with_name("lychee")
    command = [
        lychee,
        "--offline",
        "--no-progress",
        "--root-dir",
        HTML,
        "--index-files",
        "index.html",
        "--include-fragments",
    ]
    done = subprocess.run([*command, HTML], capture_output=True, text=True, check=False)
    if done.returncode:
        found.append(f"broken links:\n{done.stdout[-3000:]}{done.stderr[-500:]}")
    return found


if __name__ == "__main__":
    wrong = problems()
    for line in wrong:
        print(f"WRONG {line}")
    print("The demo's site is whole." if not wrong else f"{len(wrong)} things are wrong with the demo's site.")
    sys.exit(bool(wrong))
