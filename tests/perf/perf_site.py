"""What stamping model pages into one rendered shell saves, against a Markdown page a model, in one run.

Both build the same models with the project's own mkdocs.yml and theme. What is timed is all of it: our side
rates, charts and writes API and badges too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from site_factory import IMAGES, bracket, run, spread, write

from wattboard.build import build

ROOT = Path(__file__).parents[2]
FEW, MANY = 50, 800
ROUNDS = 3


def ours(folder: Path) -> float:
    """Build a site of many models from run files, in s."""
    started = time.perf_counter()
    build([folder / "submissions"], [folder / "editions"], folder / "html", lambda _words: None)
    return time.perf_counter() - started


def markdown(folder: Path, html: Path) -> float:
    """Build a Markdown page for each of our model pages, with about their text, in s."""
    docs = folder / "pages"
    for page in (html / "models").rglob("index.html"):
        name = page.parent.name
        target = docs / "models" / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = "".join(f"| gate {i} | found | limit | pass |\n" for i in range(24))
        target.write_text(
            f"# {name}\n\nA sentence about {name}.\n\n| Gate | Found | Limit | Verdict |\n|-|-|-|-|\n{rows}"
        )
    (docs / "index.md").write_text("# Models\n")
    config = folder / "markdown.yml"
    settings = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(docs),
        "site_dir": str(folder / "markdown"),
        "theme": {"custom_dir": str(ROOT / "site/theme")},
        "nav": [{"Models": "index.md"}],
        "not_in_nav": "/models/*",
    }
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(config)]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})
    return time.perf_counter() - started


def seconds_a_model(folder: Path) -> tuple[float, float]:
    """Give what one more model costs either way, in s: the difference of a large and a small site."""
    times = []
    for models in (FEW, MANY):
        place = folder / str(models)
        many = [run(IMAGES, f"org/model-{i:04d}", spread(10 + i / 50), session="2026-11-20-a") for i in range(models)]
        write([*bracket(IMAGES, 20.0), *many], place / "submissions")
        (place / "editions").mkdir(exist_ok=True)
        times.append((ours(place), markdown(place, place / "html")))
    (ours_few, markdown_few), (ours_many, markdown_many) = times
    return (ours_many - ours_few) / (MANY - FEW), (markdown_many - markdown_few) / (MANY - FEW)


def main() -> None:
    """Alternate the two and print the ratio of the medians."""
    with tempfile.TemporaryDirectory() as name:
        pairs = [seconds_a_model(Path(name)) for _ in range(ROUNDS)]
    stamped, rendered = (1000 * statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"one more model, stamped, with rating, charts, badges and API: {stamped:.1f} ms (median of {ROUNDS})")
    print(f"one more plain Markdown page by MkDocs: {rendered:.1f} ms")
    print(f"ratio {rendered / stamped:.1f}")


if __name__ == "__main__":
    main()
