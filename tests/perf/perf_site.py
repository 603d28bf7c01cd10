"""Sites of 1,000, 10,000 and 50,000 models beside plain MkDocs on the same content, and Zensical where it installs.

    make perf-site          1,000, 10,000 and 50,000 models, 10 GB of disk; rewrites site/pages/scale.md
    perf_site.py 500 2000   other sizes, written nowhere

Each measurement is a process of its own, whose children are counted. The runs were written and read before: what is
timed is a site from kept rows, as a build after `git pull` is, without reading run files for the first time and
without traces. MkDocs and Zensical get the text of our smallest site's model pages as Markdown, outside their
navigation, with the project's own theme; what a further page costs is the difference of two sizes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

import scale_report

ROOT = Path(__file__).parents[2]
SIZES = (1000, 10_000, 50_000)
PLAIN = 1000  # pages that the others build; FEW are a second point, for what a further page costs
FEW = 200
PAGES, JSON_AND_SVG = {".html"}, {".json", ".svg"}


def measured(arm: str, *words: object) -> dict[str, Any]:
    """Run an arm in a process of its own: seconds, CPU seconds and the largest memory of it and of any child, in MB."""
    command = [sys.executable, __file__, "--arm", arm, *map(str, words)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started  # from outside: who rebuilds a site waits for the interpreter too
    if done.returncode:
        return {"why": (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told | {"seconds": seconds}


def arm(name: str, *words: str) -> None:
    """Do one piece of work and print its CPU seconds and memory as JSON."""
    work = {"write": _write, "ours": _ours, "mkdocs": _mkdocs, "zensical": _zensical, "change": _change}[name]
    more = work(*words) or {}
    spent = {
        "cpu": sum(
            one.ru_utime + one.ru_stime
            for one in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
        ),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }
    print(json.dumps(spent | more))


def _write(place: str, models: str) -> None:
    import site_models

    from wattbench.evidence import keys
    from wattboard import gathering

    folder = site_models.write(Path(place), int(models))
    time.sleep(2.1)  # files that were written just now are not kept: they may change again unnoticed
    gathering.gather([folder / "s"], keys.read_trusted(folder / "keys/trusted.json"), folder / "cache")


def _build(place: str) -> None:
    from wattboard import build

    folder = Path(place)
    build.build([folder / "s"], [folder / "e"], folder / "html", lambda _: None, kept_in=folder / "cache")


def _ours(place: str) -> None:
    _build(place)


def _change(place: str) -> None:
    import site_models

    site_models.change(Path(place))


def _mkdocs(place: str, pages: str) -> None:
    config = _plain(Path(place), int(pages))
    _quietly([sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(config)])


def _zensical(place: str, pages: str) -> None:
    config = _plain(Path(place), int(pages))
    program = shutil.which("zensical", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        raise SystemExit("zensical is not installed")
    _quietly([program, "build", "--config-file", str(config)])


def _quietly(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    if done.returncode:
        raise SystemExit((done.stderr or done.stdout).strip().splitlines()[-1])


def _plain(place: Path, pages: int) -> Path:
    """Give a configuration for the first pages of the Markdown below a folder."""
    docs = place / f"docs-{pages}"
    config = place / f"plain-{pages}.yml"
    settings = {
        **yaml.safe_load((ROOT / "mkdocs.yml").read_text()),  # in full: Zensical knows no INHERIT
        "docs_dir": docs.name,
        "site_dir": f"plain-{pages}",
        "nav": [{"Models": "index.md"}],
        "not_in_nav": "/models/*",
        "strict": False,
    }
    shutil.copytree(ROOT / "site/theme", place / "theme", dirs_exist_ok=True)
    settings["theme"]["custom_dir"] = "theme"  # Zensical takes no absolute path
    config.write_text(json.dumps(settings))
    return config


def markdown(html: Path, place: Path, pages: int) -> None:
    """Write the text of our model pages as Markdown: headings, paragraphs and tables, without drawings."""
    docs = place / f"docs-{pages}"
    (docs / "models").mkdir(parents=True, exist_ok=True)
    (docs / "index.md").write_text("# Models\n")
    for number, page in enumerate(sorted((html / "models").glob("*/*/index.html"))[:pages]):
        (docs / "models" / f"{number:05d}.md").write_text(as_markdown(page.read_text()))


def as_markdown(page: str) -> str:
    """Turn the article of a page into Markdown, roughly: what it says, in headings, lines and tables."""
    text = page[page.index("<article") : page.index("</article>")]
    text = re.sub(r"<svg.*?</svg>|<style.*?</style>|<img[^>]*>", "", text, flags=re.DOTALL)
    for row in re.findall(r"<tr.*?</tr>", text, flags=re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL)
        line = "| " + " | ".join(_said(cell) for cell in cells) + " |\n"
        text = text.replace(row, line + ("|-" * len(cells) + "|\n" if "<th" in row else ""))
    text = re.sub(
        r"<h(\d)[^>]*>(.*?)</h\d>", lambda m: f"\n\n{'#' * int(m[1])} {_said(m[2])}\n\n", text, flags=re.DOTALL
    )
    text = re.sub(r"</(p|div|li|dd|table|summary)>", "\n\n", text)
    return re.sub(r"\n\s*\n+", "\n\n", re.sub(r"<[^>]+>", "", text))


def _said(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def weight(html: Path) -> dict[str, float]:
    """Give the bytes of a site by kind, in MB, run files and traces apart; and of a model's page."""
    told = dict.fromkeys(("pages", "json and svg", "runs", "other"), 0.0)
    models, size = 0, 0
    for path in html.rglob("*"):
        if not path.is_file():
            continue
        part, many = path.relative_to(html).parts, path.stat().st_size
        if part[0] == "models" and path.name == "index.html" and len(part) == 4:  # models/ORG/NAME/index.html
            models, size = models + 1, size + many
        kind = "pages" if path.suffix in PAGES else "json and svg" if path.suffix in JSON_AND_SVG else "other"
        told["runs" if part[0] == "runs" else kind] += many / 1e6
    return told | {"bytes a model page": size / max(models, 1)}


def show(name: str, told: dict[str, Any]) -> None:
    """Print one measurement."""
    if "why" in told:
        print(f"{name}: not measured: {told['why']}", flush=True)
        return
    memory = f"{told['mb']:.0f} MB, largest child {told['child_mb']:.0f} MB"
    print(f"{name}: {told['seconds']:.1f} s, {told['cpu']:.1f} s of CPU, {memory}", flush=True)


def main(sizes: tuple[int, ...]) -> None:
    """Build every size once, then the others, and say what a further page costs either way."""
    seconds: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("WATTSTAR_PERF")) as name:
        for size in sizes:
            place = Path(name) / str(size)
            show(f"{size:,} models, their runs written, read and frozen", measured("write", place, size))
            show(f"{size:,} models, the site", told := measured("ours", place))
            if "why" in told:
                continue
            seconds[size] = told
            heavy = weight(place / "html")
            print("  " + ", ".join(f"{kind} {value:,.1f}" for kind, value in heavy.items()), flush=True)
            changed = measured("change", place)
            again = changed if "why" in changed else measured("ours", place)  # else nothing would have changed
            show(f"{size:,} models, one run changed", again)
            told |= {"weight": heavy, "again": again}
            if size == sizes[0]:
                for pages in (FEW, PLAIN):
                    markdown(place / "html", Path(name), pages)
            shutil.rmtree(place)
        plain = {pages: measured("mkdocs", name, pages) for pages in (FEW, PLAIN)}
        for pages, told in plain.items():
            show(f"{pages:,} Markdown pages by MkDocs", told)
        others = {pages: measured("zensical", name, pages) for pages in (FEW, PLAIN)}
        for pages, told in others.items():
            show(f"{pages:,} Markdown pages by Zensical", told)
    said = [*scale_report.verdicts(seconds), *further(seconds, plain)]
    print("\n".join(said))
    if sizes == SIZES:
        words = scale_report.text(seconds, plain, others, said, dt.datetime.now(dt.UTC))
        scale_report.write_page(ROOT / "site" / "pages" / "scale.md", words)


def further(ours: dict[int, dict[str, Any]], plain: dict[int, dict[str, Any]]) -> list[str]:
    """Say what a further model page costs here, and a further Markdown page by MkDocs, in CPU time."""
    if len(ours) < 2 or any("why" in told for told in plain.values()):  # one point has no slope
        return []
    few, many = min(ours), sorted(ours)[1]
    own = 1000 * (ours[many]["cpu"] - ours[few]["cpu"]) / (many - few)
    other = 1000 * (plain[PLAIN]["cpu"] - plain[FEW]["cpu"]) / (PLAIN - FEW)
    held = "met" if other >= 10 * own else "NOT MET"
    said = f"{held}: ten times cheaper than MkDocs for each further model. A further model, with rating, page, badges, "
    said += f"run files and API, takes {own:.1f} ms of CPU; a further Markdown page by MkDocs {other:.1f} ms: "
    return [f"{said}{other / own:.1f} times"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--arm"]:
        arm(*sys.argv[2:])
    else:
        main(tuple(int(word) for word in sys.argv[1:]) or SIZES)
